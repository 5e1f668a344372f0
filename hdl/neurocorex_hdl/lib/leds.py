"""LEDs: a heartbeat of the clock, and activity that stays visible."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

#: Activity is shown for at least a sixteenth of a beat.
_BLINKS = 16


class Leds(wiring.Component):
    """Levels for LEDs, high while one is lit, that change slowly enough for the eye.

    Parameters
    ----------
    clock_hz : int
        Frequency of the clock.

    Members
    -------
    busy : In(1)
        The chip is working; a cycle is enough.
    heartbeat : Out(1)
        The clock runs: half a second to one second on, then as long off.
    activity : Out(1)
        The chip was `busy` in the last sixteenth of a beat.
    """

    def __init__(self, clock_hz: int) -> None:
        self._bits = max(_BLINKS.bit_length(), (clock_hz - 1).bit_length())
        super().__init__({"busy": In(1), "heartbeat": Out(1), "activity": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the counter of cycles, whose highest bits blink."""
        m = Module()
        beat, seen, before = Signal(self._bits), Signal(), Signal()
        blink = beat[self._bits - _BLINKS.bit_length()]
        m.d.sync += [beat.eq(beat + 1), before.eq(blink)]
        m.d.comb += self.heartbeat.eq(beat[-1])
        with m.If(before & ~blink):
            m.d.sync += [self.activity.eq(seen | self.busy), seen.eq(0)]
        with m.Elif(self.busy):
            m.d.sync += seen.eq(1)
        return m
