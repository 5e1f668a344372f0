"""Boards against facts of their makers: pins, IO standards, levels of LEDs and buttons, clocks, loaders, parts.

The text of each pin file and the netlist of each board are read here, and compared with `board_facts`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

import pytest
from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from fpga.board_facts import FACTS
from fpga.fact_checks import COLOURS, Built, problems
from fpga.fact_rows import Button, Led
from fpga.pin_files import read
from neurocorex.fpga.boards import BOARDS
from neurocorex_hdl.boards.constraints import constraints
from neurocorex_hdl.boards.flow import CONSTRAINTS, RTLIL, prepare

Change = Callable[[Built], Built]


class Stub(wiring.Component):
    """Ports of a chip, with a cell behind them that no tool can look into."""

    rx: In(1)
    tx: Out(1)
    heartbeat: Out(1)
    activity: Out(1)
    error: Out(1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        outputs = {f"o_{name}": getattr(self, name) for name in ("tx", *COLOURS)}
        m.submodules.stub = Instance("stub", i_clk=ClockSignal(), i_rst=ResetSignal(), i_rx=self.rx, **outputs)
        return m


@cache
def built(name: str) -> Built:
    board = BOARDS[name]
    return Built(FACTS[name], board, constraints(board), prepare(board, Stub(), board.clock_hz)[RTLIL])


@pytest.mark.parametrize("name", [*FACTS])
def test_board_agrees_with_the_facts(name) -> None:
    assert name in BOARDS, "a board with facts is missing in the table"
    assert problems(built(name)) == []


def unmatched(boards: Iterable[str], facts: Iterable[str]) -> set[str]:
    """Boards without facts, and facts about boards that are not in the table."""
    return {*boards} ^ {*facts}


def test_every_board_has_facts_and_no_board_is_missing() -> None:
    assert unmatched(BOARDS, FACTS) == set()


def test_a_missing_board_is_found_and_one_without_facts() -> None:
    fewer = [name for name in FACTS if name != "icesugar-pro"]
    assert unmatched(fewer, FACTS) == {"icesugar-pro"}
    assert unmatched(FACTS, fewer) == {"icesugar-pro"}


@pytest.mark.parametrize("name", [*FACTS])
def test_every_fact_has_a_source(name) -> None:
    facts = FACTS[name]
    assert all((facts.part_by, facts.clock.by, facts.serial.by, facts.leds_by, facts.loader.by))
    for what in ("buttons", "held", "properties", "gpio", "tell"):
        assert bool(getattr(facts, what)) == bool(getattr(facts, f"{what}_by")), what


def exchange(built: Built, one: str, other: str) -> Built:
    """Exchange two pins in the lines of the pin file that place ports."""
    swap = {one: other, other: one}
    placing = ("set_io", "LOCATE", "IO_LOC", "set_property LOC")
    lines = [
        re.sub(r"\w+", lambda word: swap.get(word[0], word[0]), line) if line.startswith(placing) else line
        for line in built.text.splitlines()
    ]
    return replace(built, text="\n".join(lines))


def rewrite(pattern: str, new: str) -> Change:
    """Replace a pattern in the pin file."""
    return lambda built: replace(built, text=re.sub(pattern, new, built.text))


def row(**fields: object) -> Change:
    """Replace fields of the row of the table."""
    return lambda built: replace(built, board=replace(built.board, **fields))


def with_inverter(built: Built, cell: str, port: str, into: bool) -> Built:
    """Put an inverter between a port of a cell and its wire; `into`: before an input."""
    wire = re.search(rf"connect \\{port} (.+)\n", cell)
    assert wire, f"no port {port}"
    ends = (wire[1], "\\turned") if into else ("\\turned", wire[1])
    gate = "  cell $not $turn\n    connect \\A {}\n    connect \\Y {}\n  end\n".format(*ends)
    turned = cell.replace(wire[0], f"connect \\{port} \\turned\n")
    return replace(built, rtlil=built.rtlil.replace(cell, turned + gate))


def inverted(port: str) -> Change:
    """Put an inverter at a port of the chip."""

    def change(built: Built) -> Built:
        stub = re.search(r"^  cell \\stub .*?^  end\n", built.rtlil, re.M | re.S)
        assert stub, "no chip"
        return with_inverter(built, stub[0], port, into=port == "rx")

    return change


def buffer_at(built: Built, pins: Iterable[str]) -> str:
    """Cell of the buffer at the first of some pins that is used."""
    placed = read(built.text, CONSTRAINTS[built.board.family]).pin
    port = next(port for port, pin in placed.items() if pin in pins)
    cells = re.findall(r"^  cell \\(?:SB_IO|OBZ|IB|IBUF) .*?^  end\n", built.rtlil, re.M | re.S)
    return next(each for each in cells if f"\\{port} [0]" in each)


def button_inverted(built: Built) -> Built:
    cell = buffer_at(built, [button.pin for button in built.facts.buttons])
    return with_inverter(built, cell, "D_IN_0" if "SB_IO" in cell else "O", into=False)


def moved(places: Iterable[Led | Button]) -> Change:
    """Move the first of some places that the board uses to a pin of which nothing is known."""

    def change(built: Built) -> Built:
        used = next(each.pin for each in places if exchange(built, each.pin, "Z99") != exchange(built, "-", "-"))
        return exchange(built, used, "Z99")

    return change


def colours_swapped(built: Built) -> Built:
    pins = {led.colour: led.pin for led in reversed(built.facts.leds)}
    return exchange(built, pins["red"], pins["green"])


def let_go(built: Built) -> Built:
    """Drive a low level at a pin that is held high."""
    cell = buffer_at(built, built.facts.held)
    low = re.sub(r"(connect \\(?:I|D_OUT_0)) .*", r"\1 1'0", cell)
    return replace(built, rtlil=built.rtlil.replace(cell, low))


CHANGES: dict[str, Change] = {
    "serial port swapped": lambda built: exchange(built, built.facts.serial.rx, built.facts.serial.tx),
    "clock moved": lambda built: exchange(built, built.facts.clock.pin, "Z99"),
    "button moved": lambda built: moved(built.facts.buttons)(built),
    "LED moved": lambda built: moved(built.facts.leds)(built),
    "colours swapped": colours_swapped,
    "another standard": rewrite(r"(IO_TYPE=|IOSTANDARD \")LVCMOS\d\d", r"\1LVCMOS25"),
    "another frequency": rewrite(r"(?<=-period )[\d.]+|[\d.]+(?= HZ;)|(?<=__io )\d+\.\d+", "20.5"),
    "no frequency": rewrite(r"(?m)^(set_frequency|FREQUENCY|create_clock) .*$", ""),
    "no pull": rewrite(r" PULLMODE=\w+", ""),
    "no property": rewrite("CFGBVS", "CFGBUS"),
    "not held": let_go,
    **{f"{port} inverted": inverted(port) for port in ("rx", "tx", *COLOURS)},
    "button inverted": button_inverted,
    "another oscillator": row(oscillator_hz=24_000_000),
    "another loader": row(loader=("-b", "gatemate")),
    "flash for SRAM": row(sram=()),
    "nothing told": row(wiring="", manual="", sram_needs="", flash_needs=""),
    "another USB device": row(usb=((0x1234, 0x5678),)),
    "another part": lambda built: row(part=replace(built.board.part, name="LFE5U-13F"))(built),
    "another IDCODE": lambda built: row(part=replace(built.board.part, idcode=0x41111044))(built),
}
EVERYWHERE = (
    "serial port swapped", "clock moved", "LED moved", "rx inverted", "tx inverted", "heartbeat inverted",
    "error inverted", "another oscillator", "another loader", "another USB device", "another part", "another IDCODE",
)  # fmt: skip
BUTTON = ("button moved", "button inverted")
ALSO = {
    "icebreaker": (*BUTTON, "colours swapped", "another frequency", "no frequency", "flash for SRAM"),
    "ulx3s-25f": (*BUTTON, "another standard", "another frequency", "no frequency", "no pull", "not held"),
    "icesugar-pro": ("colours swapped", "another standard", "another frequency", "activity inverted"),
    "tang-nano-9k": (*BUTTON, "another standard", "activity inverted"),
    "upduino-3": ("colours swapped", "not held", "nothing told"),
    "arty-a7-35t": (*BUTTON, "another standard", "another frequency", "no frequency", "no property", "nothing told"),
}


@pytest.mark.parametrize(("name", "change"), [(name, each) for name in ALSO for each in (*EVERYWHERE, *ALSO[name])])
def test_a_mistake_is_found(name, change) -> None:
    good = built(name)
    bad = CHANGES[change](good)
    assert bad != good
    assert {*problems(bad)} - {*problems(good)}
