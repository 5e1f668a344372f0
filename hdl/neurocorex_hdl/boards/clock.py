"""Clock and reset of a board: oscillator, PLL, and the wait until memories and clock are good."""

from __future__ import annotations

from math import ceil
from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, ResetSignal, Signal
from amaranth.lib import io
from neurocorex.fpga.boards import Board

from .pll import Pll, pll_settings

#: The block RAM of iCE40 reads zero for some 3 us after configuration; this is five times that, for all families.
START_UP_S = 15e-6


class ClockSource(Elaboratable):
    """Drives the domain `sync`, and holds it in reset until its clock and memories are good.

    The reset begins at once, without a clock, and ends at an edge of the clock, `START_UP_S` to twice that after the
    button has been let go and the PLL has locked.

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
        m.domains.start = start = ClockDomain(async_reset=True)
        port = platform.request(platform.default_clk, dir="-")
        if self._clock_hz == self._board.oscillator_hz:
            m.submodules.buffer = buffer = io.Buffer("i", port)
            m.d.comb += [start.clk.eq(buffer.i), start.rst.eq(self.button)]
        else:
            settings = pll_settings(self._board.family, self._board.oscillator_hz, self._clock_hz)
            m.submodules.pll = pll = Pll(self._board.family, port, settings)
            m.d.comb += [
                pll.reset.eq(self.button),
                start.clk.eq(pll.clock),
                start.rst.eq(self.button | ~pll.locked),
            ]

        # The asynchronous reset can end at any time, even at an edge of the clock. That unsettles the lowest bit of
        # the counter alone, long before the highest changes, so no synchroniser is needed.
        waited, held = Signal(ceil(START_UP_S * self._clock_hz).bit_length() + 1), Signal(init=1)
        m.d.start += [waited.eq(waited + ~waited[-1]), held.eq(~waited[-1])]
        m.d.comb += [ClockSignal("sync").eq(start.clk), ResetSignal("sync").eq(held)]
        return m
