"""What a chip says of itself."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from neurocorex.spec import ChipInfo, Region

from .bus import READ_LATENCY, RegionBus


class Info(wiring.Component):
    """The region `INFO`, as a table of constants.

    Members
    -------
    bus : In(RegionBus)
        Read only; other regions read zero.
    """

    def __init__(self, info: ChipInfo) -> None:
        self._words = info.to_words()
        super().__init__({"bus": In(RegionBus())})

    def elaborate(self, platform: object) -> Module:
        """Build the table."""
        m = Module()
        # The address waits rather than the word: it is narrower.
        asked = self.bus.read & (self.bus.region == Region.INFO)
        column = self.bus.column[: (len(self._words) - 1).bit_length()]
        for _ in range(READ_LATENCY - 1):
            asked_later, column_later = Signal.like(asked), Signal.like(column)
            m.d.sync += [asked_later.eq(asked), column_later.eq(column)]
            asked, column = asked_later, column_later
        m.d.sync += self.bus.read_data.eq(0)
        with m.If(asked), m.Switch(column):
            for place, word in enumerate(self._words):
                with m.Case(place):
                    m.d.sync += self.bus.read_data.eq(word)
        return m
