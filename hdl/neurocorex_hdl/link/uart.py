"""UART: serial receiver and transmitter, 8 data bits, no parity, 1 stop bit, low bit first."""

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out
from neurocorex.spec.protocol import SET_BAUD_ARGUMENTS

DIVISOR_BITS = 8 * SET_BAUD_ARGUMENTS.size


class UartReceiver(wiring.Component):
    """Receives bytes from a line.

    The line is sampled in the middle of each bit, counted from the falling edge of the start bit. A start bit
    that is over by its middle was a glitch. A byte whose stop bit is low is dropped, and no start bit is
    recognised before the line has been high again: every byte that comes out was framed properly.

    Parameters
    ----------
    break_cycles : int
        Clock cycles for which the line has to be low to count as a break.

    Members
    -------
    rx : In(1)
        The line, not synchronised, high when idle.
    divisor : In(16)
        Clock cycles per bit, at least `spec.protocol.DIVISOR_MIN`.
    bytes : Out(stream)
        Bytes, a cycle after the middle of their stop bits. They cannot wait.
    begun : Out(1)
        For a cycle: a start bit has begun, or a glitch, whatever becomes of the byte.
    interrupted : Out(1)
        The line is in a break. A byte of zeros at a rate far below the one after reset does not count.
    """

    rx: In(1, init=1)
    divisor: In(DIVISOR_BITS)
    bytes: Out(stream.Signature(8, always_ready=True))
    begun: Out(1)
    interrupted: Out(1)

    def __init__(self, break_cycles: int) -> None:
        self._break_cycles = break_cycles
        super().__init__()

    def elaborate(self, platform: object) -> Module:
        """Build the receiver."""
        m = Module()
        line = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.rx, line, init=1)
        timer = Signal(DIVISOR_BITS)
        # Bits come in at the top. The one that a start bit puts there has reached the bottom when eight are in.
        shift = Signal(9)
        due = timer == 1
        m.d.sync += timer.eq(timer - 1)
        m.d.comb += self.bytes.payload.eq(shift[1:])
        m.d.sync += self.bytes.valid.eq(0)

        with m.FSM() as state:
            with m.State("IDLE"):
                m.d.sync += timer.eq(self.divisor >> 1)
                with m.If(~line):
                    m.d.comb += self.begun.eq(1)
                    m.next = "START"
            with m.State("START"), m.If(due):
                m.d.sync += [timer.eq(self.divisor), shift.eq(1 << 8)]
                with m.If(line):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "DATA"
            with m.State("DATA"), m.If(due):
                m.d.sync += timer.eq(self.divisor)
                with m.If(~shift[0]):
                    m.d.sync += shift.eq(Cat(shift[1:], line))
                with m.Elif(line):
                    m.d.sync += self.bytes.valid.eq(1)
                    m.next = "IDLE"
                with m.Else():
                    m.next = "LOW"
            with m.State("LOW"), m.If(line):
                m.next = "IDLE"

        low_for = Signal(range(self._break_cycles + 1))
        with m.If(line):
            m.d.sync += low_for.eq(0)
        with m.Elif(low_for != self._break_cycles):
            m.d.sync += low_for.eq(low_for + 1)
        m.d.comb += self.interrupted.eq(state.ongoing("LOW") & (low_for == self._break_cycles))
        return m


class UartTransmitter(wiring.Component):
    """Sends bytes on a line.

    The next byte is taken in the last cycle of a stop bit, so that bytes which are there in time take exactly ten bit
    times each. One cycle more would overrun a receiver with the same clock on the other side.

    Members
    -------
    divisor : In(16)
        Clock cycles per bit, at least 2.
    bytes : In(stream)
        Bytes to send.
    tx : Out(1)
        The line, from a register.
    idle : Out(1)
        The stop bit of the last byte has been sent.
    """

    divisor: In(DIVISOR_BITS)
    bytes: In(stream.Signature(8))
    tx: Out(1, init=1)
    idle: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Build the transmitter."""
        m = Module()
        # It ends below zero: a sign bit needs no comparison.
        timer, period = Signal(signed(DIVISOR_BITS + 1)), self.divisor - 2
        shift = Signal(9, init=0x1FF)
        bits = Signal(range(11))
        last_cycle = timer[-1]
        m.d.comb += [
            self.tx.eq(shift[0]),
            self.idle.eq(bits == 0),
            self.bytes.ready.eq(self.idle | (last_cycle & (bits == 1))),
        ]
        with m.If(self.bytes.ready & self.bytes.valid):
            m.d.sync += [shift.eq(Cat(Const(0, 1), self.bytes.payload)), bits.eq(10), timer.eq(period)]
        with m.Elif(last_cycle):
            m.d.sync += [shift.eq(Cat(shift[1:], Const(1, 1))), timer.eq(period)]
            with m.If(~self.idle):
                m.d.sync += bits.eq(bits - 1)
        with m.Else():
            m.d.sync += timer.eq(timer - 1)
        return m
