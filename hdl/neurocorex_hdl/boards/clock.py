"""Clock and reset of a board: oscillator, PLL, and the wait until memories and clock are good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Const, Elaboratable, Instance, Module, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer
from neurocorex.fpga.boards import Board
from neurocorex.fpga.parts import Family

#: The block RAM of iCE40 reads zero for some 3 us after configuration; this is five times that, for all families.
START_UP_S = 15e-6


def _ecp5(clock_in: int, clock_out: int) -> Iterator[dict[str, Any]]:
    # The oscillator of the PLL runs best in the middle of 400 to 800 MHz.
    for reference, feedback in product(range(1, 9), range(1, 81)):
        if clock_in * feedback == clock_out * reference and clock_in / reference >= 3.125e6:
            after = min(range(1, 129), key=lambda divide: abs(clock_out * divide - 600e6))
            if 400e6 <= clock_out * after <= 800e6:
                yield {
                    "p_CLKI_DIV": reference, "p_CLKFB_DIV": feedback, "p_CLKOP_DIV": after,
                    # Edges of output and input together: half a period less one cycle of the PLL's oscillator.
                    "p_CLKOP_CPHASE": after - 1, "p_CLKOP_FPHASE": 0, "p_CLKOP_ENABLE": "ENABLED",
                    "p_FEEDBK_PATH": "CLKOP",
                    "a_FREQUENCY_PIN_CLKI": f"{clock_in / 1e6:g}", "a_FREQUENCY_PIN_CLKOP": f"{clock_out / 1e6:g}",
                    "a_ICP_CURRENT": "12", "a_LPF_RESISTOR": "8", "a_MFG_ENABLE_FILTEROPAMP": "1",
                    "a_MFG_GMCREF_SEL": "2",
                }  # fmt: skip


def _ice40(clock_in: int, clock_out: int) -> Iterator[dict[str, Any]]:
    filters = ((17e6, 1), (26e6, 2), (44e6, 3), (66e6, 4), (101e6, 5), (134e6, 6))
    for reference, feedback, after in product(range(16), range(64), range(1, 7)):
        compared = clock_in / (reference + 1)
        if compared < 10e6 or not 533e6 <= compared * (feedback + 1) <= 1066e6:
            continue
        if clock_in * (feedback + 1) == clock_out * (reference + 1) << after:
            yield {
                "p_FEEDBACK_PATH": "SIMPLE", "p_DIVR": Const(reference, 4), "p_DIVF": Const(feedback, 7),
                "p_DIVQ": Const(after, 3),
                "p_FILTER_RANGE": Const(next(value for limit, value in filters if compared < limit), 3),
            }  # fmt: skip


def _xc7(clock_in: int, clock_out: int) -> Iterator[dict[str, Any]]:
    # In eighths; the oscillator of the slowest parts goes from 600 to 1,200 MHz.
    for reference, eighths in product(range(1, 11), range(16, 513)):
        inside, after = clock_in * eighths / 8 / reference, 8 * clock_in * eighths / 8 / reference / clock_out
        if 600e6 <= inside <= 1200e6 and clock_in / reference >= 10e6 and after == int(after) and 8 <= after <= 1024:
            yield {
                "p_CLKIN1_PERIOD": 1e9 / clock_in, "p_DIVCLK_DIVIDE": reference, "p_CLKFBOUT_MULT_F": eighths / 8,
                "p_CLKOUT0_DIVIDE_F": after / 8,
            }  # fmt: skip


_SETTINGS: dict[Family, Callable[[int, int], Iterable[dict[str, Any]]]] = {
    Family.ECP5: _ecp5,
    Family.ICE40: _ice40,
    Family.XC7: _xc7,
}


def pll_settings(family: Family, clock_in: int, clock_out: int) -> dict[str, Any] | None:
    """Parameters and attributes of a PLL that makes exactly `clock_out` of `clock_in`, both in Hz; or None."""
    return next(iter(_SETTINGS.get(family, lambda *_: ())(clock_in, clock_out)), None)


class ClockSource(Elaboratable):
    """Drives the domain `sync`, and holds it in reset until its clock and memories are good.

    Parameters
    ----------
    board : Board
        Family and oscillator.
    clock_hz : int
        Frequency wanted; one that `pll_settings` can make.

    Attributes
    ----------
    button : Signal
        Asynchronous reset, high while the button is pressed.
    """

    def __init__(self, board: Board, clock_hz: int) -> None:
        self._board = board
        self._clock_hz = clock_hz
        self.button = Signal()

    def elaborate(self, platform: Any) -> Module:
        """Build buffer, PLL and the counter that waits."""
        m = Module()
        m.domains.start = start = ClockDomain(reset_less=True)
        port = platform.request(platform.default_clk, dir="-")
        locked = Signal(init=1)
        if self._clock_hz == self._board.oscillator_hz:
            m.submodules.buffer = buffer = io.Buffer("i", port)
            m.d.comb += start.clk.eq(buffer.i)
        else:
            settings = pll_settings(self._board.family, self._board.oscillator_hz, self._clock_hz)
            make = {Family.ECP5: _make_ecp5, Family.ICE40: _make_ice40, Family.XC7: _make_xc7}[self._board.family]
            make(m, port, settings, start.clk, locked, at_pll=platform.clock_at_pll)
        m.d.comb += ClockSignal("sync").eq(start.clk)

        cycles = int(START_UP_S * self._clock_hz)
        waited, ready = Signal(range(cycles)), Signal()
        with m.If(waited == cycles - 1):
            m.d.start += ready.eq(1)
        with m.Else():
            m.d.start += waited.eq(waited + 1)
        m.submodules.reset = ResetSynchronizer(~ready | ~locked | self.button, domain="sync")
        return m


def _make_ecp5(m: Module, port: Any, settings: dict[str, Any], clock: Signal, locked: Signal, *, at_pll: bool) -> None:
    m.submodules.buffer = buffer = io.Buffer("i", port)
    m.submodules.pll = Instance(
        "EHXPLLL", **settings, i_CLKI=buffer.i, i_CLKFB=clock, i_RST=Const(0), i_STDBY=Const(0), i_ENCLKOP=Const(1),
        o_CLKOP=clock, o_LOCK=locked,
    )  # fmt: skip


def _make_ice40(m: Module, port: Any, settings: dict[str, Any], clock: Signal, locked: Signal, *, at_pll: bool) -> None:
    if at_pll:
        kind, given = "SB_PLL40_PAD", {"i_PACKAGEPIN": port.io}
    else:
        m.submodules.buffer = buffer = io.Buffer("i", port)
        kind, given = "SB_PLL40_CORE", {"i_REFERENCECLK": buffer.i}
    m.submodules.pll = Instance(
        kind, **settings, **given, i_RESETB=Const(1), i_BYPASS=Const(0), o_PLLOUTGLOBAL=clock, o_LOCK=locked,
    )  # fmt: skip


def _make_xc7(m: Module, port: Any, settings: dict[str, Any], clock: Signal, locked: Signal, *, at_pll: bool) -> None:
    m.submodules.buffer = buffer = io.Buffer("i", port)
    feedback, made = Signal(), Signal()
    m.submodules.pll = Instance(
        "MMCME2_BASE", **settings, i_CLKIN1=buffer.i, i_CLKFBIN=feedback, o_CLKFBOUT=feedback, i_RST=Const(0),
        i_PWRDWN=Const(0), o_CLKOUT0=made, o_LOCKED=locked,
    )  # fmt: skip
    m.submodules.tree = Instance("BUFG", i_I=made, o_O=clock)
