"""Baud rate: SET_BAUD, the trial of a new rate, and the return to the old one by a timeout or a break."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Status
from neurocorex.spec.protocol import DIVISOR_MIN

from .uart import DIVISOR_BITS

#: Clock cycles within which a new rate must bring in a good frame, as a power of two.
TRIAL_BITS = 22


class BaudRate(wiring.Component):
    """Carries out SET_BAUD, and holds the divisor.

    Parameters
    ----------
    divisor : int
        Clock cycles per bit after reset.
    trial_bits : int
        See `TRIAL_BITS`; fewer in tests.

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
        For a cycle: use the new divisor. It is undone unless a good frame comes.
    good : In(1)
        For a cycle: a good frame has come.
    interrupted : In(1)
        The line is in a break: back to the divisor after reset.
    divisor : Out(16)
        Clock cycles per bit.
    """

    def __init__(self, divisor: int, trial_bits: int = TRIAL_BITS) -> None:
        self._trial_bits = trial_bits
        super().__init__({
            "go": In(1),
            "payload": In(stream.Signature(8)),
            "done": Out(1),
            "status": Out(Status),
            "switch": In(1),
            "good": In(1),
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

        trial = Signal(self._trial_bits + 1)
        proven = Signal(init=1)
        m.d.sync += trial.eq(trial + 1)
        with m.If(self.switch):
            m.d.sync += [self.divisor.eq(candidate), trial.eq(0), proven.eq(0)]
        with m.Elif(self.interrupted | (trial[-1] & ~proven)):
            m.d.sync += [self.divisor.eq(self.divisor.init), proven.eq(1)]
        with m.Elif(self.good):
            m.d.sync += proven.eq(1)
        return m
