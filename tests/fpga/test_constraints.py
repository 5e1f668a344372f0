"""Pin files of constraints/: equal to what the platforms of the boards emit."""

import pytest
from neurocorex.fpga.boards import BOARDS
from neurocorex_hdl.boards.constraints import constraints, file_name
from support.paths import ROOT

FOLDER = ROOT / "constraints"


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_pin_file_is_what_the_platform_emits(board) -> None:
    kept = (FOLDER / file_name(board)).read_text()
    assert kept == constraints(board), "run: python -m neurocorex_hdl.boards.constraints constraints"


def test_there_is_a_pin_file_for_every_board_and_no_other() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {file_name(board) for board in BOARDS.values()}


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_every_board_has_clock_serial_port_and_leds(board) -> None:
    text = (FOLDER / file_name(board)).read_text()
    for pin in ("clk", "uart_0__rx", "uart_0__tx", "led"):
        assert pin in text, pin
