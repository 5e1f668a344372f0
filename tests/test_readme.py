"""README: its example runs, its status and boards are true, and its figures name what they rest on."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from neurocorex.fpga.boards import BOARDS, Board
from support.markdown import table
from support.paths import ROOT

README = (ROOT / "README.md").read_text()


def test_python_example_is_twelve_lines_and_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) == 12
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "MPLBACKEND": "Agg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "raster.png").stat().st_size > 1000


def test_first_screen_says_what_has_not_been_tried() -> None:
    first_screen = README[: README.index("## Install")]
    routable = sum(board.family.routable for board in BOARDS.values())
    assert "not yet run on hardware" in first_screen
    assert f"The other {len(BOARDS) - routable} (Artix-7) end in Vivado" in first_screen
    assert set(re.findall(r"(\d+ of \d+) boards", README)) == {f"{routable} of {len(BOARDS)}"}


def test_table_has_every_board() -> None:
    assert [row["name"].strip("`") for row in table(README, "name", "bitstream by")] == list(BOARDS)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_board_has_its_default_chip_and_its_tools(board: Board) -> None:
    (row,) = (row for row in table(README, "name", "bitstream by") if row["name"] == f"`{board.name}`")
    assert int(row["neurons by default"]) == board.config.neurons
    assert (row["bitstream by"] == "open tools") is board.family.routable


def test_five_figures_name_what_they_rest_on_and_their_commands() -> None:
    rows = table(README, "figure", "rests on")
    assert len(rows) == 5
    for row in rows:
        assert row["rests on"]
        assert re.fullmatch(r"`(neurocorex|python|pytest|make) [^`]+`", row["command"])


def test_five_figures_are_those_of_the_page_of_figures() -> None:
    page = (ROOT / "docs/figures.md").read_text()
    for row in table(README, "figure", "rests on"):
        value = re.search(r"[\d,.]+", row["value"])
        assert value
        assert value.group() in page, row["figure"]
