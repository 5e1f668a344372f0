"""LEDs: a heartbeat of the clock, and activity that stays visible."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

#: Activity is shown for at least a sixteenth of a beat.
_BLINKS = 16


class Leds(wiring.Component):
    """Levels for LEDs, high while one is lit, that change slowly enough for the eye.

    Parameters
    ----------
    beat_bits : int
        A beat in clock cycles, as a power of two; see `neurocorex.spec.protocol.heartbeat_bits`.

    Members
    -------
    busy : In(1)
        The chip is working; a cycle is enough.
    heartbeat : Out(1)
        The clock runs: half a second to one second on, then as long off.
    activity : Out(1)
        The chip was `busy` in the last sixteenth of a beat.
    tick : Out(1)
        For a cycle: the heartbeat has changed.
    """

    def __init__(self, beat_bits: int) -> None:
        self._bits = max(_BLINKS.bit_length(), beat_bits)
        super().__init__({"busy": In(1), "heartbeat": Out(1), "activity": Out(1), "tick": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the counter of cycles, whose highest bits blink."""
        m = Module()
        beat, seen, before = Signal(self._bits), Signal(), Signal()
        blink, *slower, heartbeat = beat[-_BLINKS.bit_length() :]
        falls = before & ~blink
        m.d.sync += [beat.eq(beat + 1), before.eq(blink)]
        m.d.comb += [self.heartbeat.eq(heartbeat), self.tick.eq(falls & ~Cat(slower).any())]
        with m.If(falls):
            m.d.sync += [self.activity.eq(seen | self.busy), seen.eq(0)]
        with m.Elif(self.busy):
            m.d.sync += seen.eq(1)
        return m
