"""Pins, clock, reset and LEDs of every board: a nearly empty design is placed and routed with them."""

import pytest
from neurocorex.fpga.boards import BOARDS
from neurocorex_hdl.boards.constraints import Echo
from neurocorex_hdl.boards.flow import BITSTREAMS, TOP, Order, build, prepare
from neurocorex_hdl.boards.report import collect, missed_clocks

pytestmark = pytest.mark.slow

CASES = [(board, board.clock_hz) for board in BOARDS.values() if board.family.routable]
CASES += [(BOARDS["icebreaker"], 24_000_000), (BOARDS["hx8k-b-evn"], 48_000_000), (BOARDS["ulx3s-25f"], 25_000_000)]
#: It has the FPGA of the Tang Nano 20K, whose place and route takes longest of all.
LONG = [pytest.param(*case, marks=pytest.mark.long) for case in CASES if case[0].name == "tang-primer-20k"]
CASES = [case for case in CASES if case[0].name != "tang-primer-20k"]


@pytest.mark.parametrize(("board", "clock_hz"), [*CASES, *LONG], ids=lambda value: getattr(value, "name", value))
def test_board_makes_a_bitstream_with_its_clock(board, clock_hz, tmp_path) -> None:
    order = Order(board=board, config=board.config, clock_hz=clock_hz, baud=board.baud)
    build(order, tmp_path, lambda _: None, lambda order: prepare(board, Echo(), order.clock_hz))
    assert (tmp_path / f"{TOP}.{BITSTREAMS[board.family]}").stat().st_size > 10_000
    report = collect(order, tmp_path)
    assert report["clocks"]
    assert missed_clocks(report) == []
    assert any(clock["wanted_mhz"] == pytest.approx(clock_hz / 1e6, rel=0.01) for clock in report["clocks"].values())
