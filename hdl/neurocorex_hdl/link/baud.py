"""Baud rate: SET_BAUD, and the return to the rate after reset, by a break or when no good frame comes."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Status
from neurocorex.spec.protocol import DIVISOR_MIN, RETURN_TICKS

from .uart import DIVISOR_BITS


class BaudRate(wiring.Component):
    """Carries out SET_BAUD, and holds the divisor.

    A tick is suspicious if no good frame has come at this rate yet, or if a byte has begun since the tick before. At
    the third suspicious tick with no good frame in between, the divisor after reset comes back. Where it is already in
    use that changes nothing. A silent line leaves a rate that is proven alone.

    Parameters
    ----------
    divisor : int
        Clock cycles per bit after reset.

    Members
    -------
    go : In(1)
        Level, until `done`: take a new divisor from the payload.
    payload : In(stream)
        Two bytes.
    done : Out(1)
        For a cycle: it has been taken, or refused.
    status : Out(Status)
        With `done`: the result.
    switch : In(1)
        For a cycle: use the new divisor.
    good : In(1)
        For a cycle: a good frame has come.
    begun : In(1)
        For a cycle: a start bit has begun, see `UartReceiver`.
    tick : In(1)
        For a cycle, regularly: see `Leds`.
    interrupted : In(1)
        The line is in a break: back to the divisor after reset.
    divisor : Out(16)
        Clock cycles per bit.
    """

    def __init__(self, divisor: int) -> None:
        super().__init__({
            "go": In(1),
            "payload": In(stream.Signature(8)),
            "done": Out(1),
            "status": Out(Status),
            "switch": In(1),
            "good": In(1),
            "begun": In(1),
            "tick": In(1),
            "interrupted": In(1),
            "divisor": Out(DIVISOR_BITS, init=divisor),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the unit."""
        m = Module()
        candidate = Signal(DIVISOR_BITS)
        second = Signal()
        m.d.comb += self.payload.ready.eq(self.go & ~self.done)
        with m.If(self.payload.ready & self.payload.valid):
            m.d.sync += [candidate.eq(Cat(candidate[8:], self.payload.payload)), second.eq(1)]
            m.d.sync += self.done.eq(second)
        with m.If(self.done):
            m.d.sync += [second.eq(0), self.done.eq(0)]
            m.d.comb += self.status.eq(Status.OK)
            with m.If(candidate < DIVISOR_MIN):
                m.d.comb += self.status.eq(Status.BAD_RANGE)

        # Not a frame that was received before the switch: no byte has begun since.
        proven, begun, ticks = Signal(init=1), Signal(), Signal(RETURN_TICKS - 1)
        proves = self.good & (proven | begun)
        suspicious = self.tick & (begun | ~proven)
        with m.If(self.begun):
            m.d.sync += begun.eq(1)
        with m.Elif(self.switch | proves | (self.tick & proven)):
            m.d.sync += begun.eq(0)
        with m.If(self.switch):
            m.d.sync += [self.divisor.eq(candidate), proven.eq(0), ticks.eq(0)]
        with m.Elif(proves):
            m.d.sync += [proven.eq(1), ticks.eq(0)]
        with m.Elif(self.interrupted | (suspicious & ticks[-1])):
            m.d.sync += [self.divisor.eq(self.divisor.init), proven.eq(1), ticks.eq(0)]
        with m.Elif(suspicious):
            m.d.sync += ticks.eq(Cat(1, ticks))
        return m
