"""Chip description: the region INFO, a table of constants."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from neurocorex.spec import ChipInfo, Region

from ..lib.bus import RegionBus, read_latency
from ..lib.delay import stages


class Info(wiring.Component):
    """`Region.INFO`, see `neurocorex.spec.ChipInfo`.

    Members
    -------
    bus : In(RegionBus)
        Read only; other regions read zero.
    """

    def __init__(self, info: ChipInfo) -> None:
        self._words = info.to_words()
        self._latency = read_latency(info.config)
        super().__init__({"bus": In(RegionBus())})

    def elaborate(self, platform: object) -> Module:
        """Build the table."""
        m = Module()
        # The address stays on the bus until the answer is due.
        asked = stages(m, self.bus.read & (self.bus.region == Region.INFO), self._latency - 1, name="asked")[-1]
        m.d.sync += self.bus.read_data.eq(0)
        with m.If(asked), m.Switch(self.bus.column[: (len(self._words) - 1).bit_length()]):
            for place, word in enumerate(self._words):
                with m.Case(place):
                    m.d.sync += self.bus.read_data.eq(word)
        return m
