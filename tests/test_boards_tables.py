"""The tables of docs/hardware.md are those that a command makes."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from neurocorex.spec.boards import BOARDS

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def command():
    """Import benchmarks/boards.py, which imports its neighbour."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        spec = importlib.util.spec_from_file_location("boards_benchmark", FOLDER / "boards.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    sys.modules.pop("planner", None)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_boards_have_the_columns_that_the_command_writes(command) -> None:
    _, lines, _ = command.section("boards")
    assert lines[:2] == command.markdown(command.HEADS, [])
    assert all(len(cells(line)) == len(command.HEADS) for line in lines)


def test_boards_are_those_that_there_are_with_their_geometry_and_the_peers(command) -> None:
    _, lines, _ = command.section("boards")
    rows = [cells(line) for line in lines[2:]]
    named = {row[0].strip("`"): row for row in rows if row[0].startswith("`")}
    assert set(named) == set(BOARDS)
    for name, row in named.items():
        config = BOARDS[name].config
        assert row[1] == f"{config.neurons}, {config.inputs}, {config.lanes}, {config.weight_bits}"
        assert row[7] == f"{BOARDS[name].clock_hz / 1e6:g}"
        assert re.fullmatch(r"[\d,]+ \(\d+%\)", row[2])
    assert [row[0] for row in rows if not row[0].startswith("`")] == [peer[0] for peer in command.PEERS]


def test_routed_boards_meet_their_clock(command) -> None:
    _, lines, _ = command.section("boards")
    for row in map(cells, lines[2:]):
        board = BOARDS.get(row[0].strip("`"))
        if board is not None and board.family.routable:
            assert float(row[6]) >= float(row[7]), row[0]


def test_scaling_has_a_row_for_each_number_of_neurons(command) -> None:
    _, lines, _ = command.section("scaling")
    assert lines[:2] == command.markdown(command.SCALING_HEADS, [])
    assert [cells(line)[0] for line in lines[2:]] == [str(config.neurons) for config in command.SCALING]


def test_luts_hardly_grow_with_neurons(command) -> None:
    _, lines, _ = command.section("scaling")
    luts = [int(cells(line)[1].replace(",", "")) for line in lines[2:]]
    assert max(luts) < 1.25 * min(luts)
