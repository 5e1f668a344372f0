"""Tables of docs/: they have the form that commands write, and their figures reach the targets."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.paths import ROOT

FOLDER = ROOT / "benchmarks"
MODULES = ("boards", "cycles", "demos", "instructions", "link", "page", "planner")


@pytest.fixture(scope="module")
def benchmarks():
    """Import the commands that write the tables, which import each other by short names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    for name in MODULES:
        sys.modules.pop(name, None)


def table(benchmarks, page: str, name: str, heads: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the rows of a table by column; of columns with the same name the last one counts."""
    about, *lines = benchmarks.page.section(page, name)[1]
    if about.startswith("|"):
        lines = [about, *lines]
    assert lines[:2] == benchmarks.page.markdown(heads, [])
    rows = [[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in lines[2:]]
    assert all(len(row) == len(heads) for row in rows)
    return [dict(zip(heads, row, strict=True)) for row in rows]


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_command_finds_its_imports(name: str) -> None:
    program = f"import runpy; runpy.run_path('{FOLDER / name}.py', run_name='imported')"
    done = subprocess.run([sys.executable, "-c", program], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_chips_take_the_cycles_of_the_formula_and_no_fewer_than_the_roofline(benchmarks) -> None:
    rows = table(benchmarks, "hardware.md", "cycles", benchmarks.cycles.HEADS)
    for row in rows:
        assert row["cycles"] == row["formula"]
        assert float(row["roofline"].replace(",", "")) <= float(row["cycles"].replace(",", ""))
    names = [f"{config.neurons}, {config.inputs}, {config.lanes}" for config in benchmarks.cycles.CHIPS]
    assert list(dict.fromkeys(row["N, M, L"] for row in rows)) == list(dict.fromkeys(names))


def test_the_target_of_a_learning_chip_is_reached(benchmarks) -> None:
    rows = table(benchmarks, "hardware.md", "cycles", benchmarks.cycles.HEADS)
    (found,) = (
        row
        for row in rows
        if (row["N, M, L"], row["learning"], row["activity"]) == ("256, 64, 16", "exponential", "5%")
    )
    assert float(found["cycles"]) < benchmarks.cycles.TARGET


def test_every_board_has_its_roofline(benchmarks) -> None:
    from neurocorex.fpga.boards import BOARDS

    rows = table(benchmarks, "hardware.md", "roofline", benchmarks.cycles.BOARD_HEADS)
    assert [row["board"].strip("`") for row in rows] == list(BOARDS)


def test_long_messages_fill_the_wire(benchmarks) -> None:
    rows = table(benchmarks, "hardware.md", "link", benchmarks.link.HEADS)
    shares = {row["message"]: float(row["data, of the wire"].rstrip("%")) / 100 for row in rows}
    assert min(shares["write weights"], shares["read weights"]) >= benchmarks.link.GOAL


def test_jobs_and_instructions_are_those_that_commands_count(benchmarks) -> None:
    jobs = table(benchmarks, "emulator.md", "jobs", benchmarks.demos.HEADS)
    titles = {f"`{job.title}`" for job in benchmarks.demos.jobs(Path("DIR"))}
    assert {row["command"] for row in jobs} <= titles
    counted = table(benchmarks, "emulator.md", "instructions", benchmarks.instructions.HEADS)
    assert [row["network"] for row in counted] == [network.name for network in benchmarks.instructions.STEPS]
    assert list(benchmarks.instructions.committed().values()) == [
        float(row["instructions a step"].replace(",", "")) for row in counted
    ]
