"""Tables of boards in docs/: they have the form that commands write, and agree with boards and coefficients."""

import importlib
import re
import sys
from types import SimpleNamespace

import pytest
from neurocorex.fpga.boards import BOARDS
from neurocorex.fpga.coefficients import MARGIN
from support.paths import ROOT

FOLDER = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def benchmarks():
    """Import the commands that write the tables, which import each other by short names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in ("boards", "page", "planner")})
    for name in ("boards", "page", "planner"):
        del sys.modules[name]


@pytest.fixture
def command(benchmarks):
    return benchmarks.boards


@pytest.fixture
def section(benchmarks):
    """Return a function from a page and a name to the lines of a table."""
    return lambda page, name: benchmarks.page.section(page, name)[1]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_boards_have_the_columns_that_the_command_writes(benchmarks, command, section) -> None:
    lines = section(command.PAGE, "boards")
    assert lines[:2] == benchmarks.page.markdown(command.HEADS, [])
    assert all(len(cells(line)) == len(command.HEADS) for line in lines)


def test_boards_are_those_that_there_are_with_their_geometry_and_the_peers(command, section) -> None:
    lines = section(command.PAGE, "boards")
    rows = [cells(line) for line in lines[2:]]
    named = {row[0].strip("`"): row for row in rows if row[0].startswith("`")}
    assert set(named) <= set(BOARDS)
    for name, row in named.items():
        config = BOARDS[name].config
        assert row[1] == f"{config.neurons}, {config.inputs}, {config.lanes}, {config.weight_bits}"
        assert row[command.HEADS.index("learning")] == config.learning.name.lower()
        assert row[command.HEADS.index("clock MHz")] == f"{BOARDS[name].clock_hz / 1e6:g}"
        assert re.fullmatch(r"[\d,]+ \(\d+%\)", row[command.HEADS.index("LUT")])
    assert [row[0] for row in rows if not row[0].startswith("`")] == [peer[0] for peer in command.PEERS]


def test_routed_boards_meet_their_clock(command, section) -> None:
    lines = section(command.PAGE, "boards")
    for row in map(cells, lines[2:]):
        board = BOARDS.get(row[0].strip("`"))
        if board is not None and board.family.routable:
            fmax, clock = (float(row[command.HEADS.index(head)]) for head in ("Fmax MHz", "clock MHz"))
            assert fmax >= clock, row[0]


def test_scaling_has_a_row_for_each_number_of_neurons(benchmarks, command, section) -> None:
    lines = section(command.PAGE, "scaling")
    assert lines[:2] == benchmarks.page.markdown(command.SCALING_HEADS, [])
    assert {cells(line)[0] for line in lines[2:]} <= {str(config.neurons) for config in command.SCALING}


def test_luts_hardly_grow_with_neurons(command, section) -> None:
    lines = section(command.PAGE, "scaling")
    luts = [int(cells(line)[1].replace(",", "")) for line in lines[2:]]
    assert max(luts, default=0) <= 1.25 * min(luts, default=0)


def test_estimates_stand_beside_what_they_estimate_within_the_margin(benchmarks, section) -> None:
    lines = section("boards.md", "planner")
    assert lines[:2] == benchmarks.page.markdown(benchmarks.planner.HEADS, [])
    for row in map(cells, lines[2:]):
        family = BOARDS[row[0].strip("`")].family
        assert abs(float(row[5].rstrip("%")) / 100) <= MARGIN[family] + 0.006
