"""Feedback flags: which axons bring errors, one bit each."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region

from ..lib.bus import RegionBus, early_latency
from ..lib.delay import stages
from ..lib.memory import block_memory
from .axons import axon_layout, by_kind, first_axons


class FeedbackFlags(wiring.Component):
    """`Region.FEEDBACK`, by the number of an axon in the model.

    Members
    -------
    axon : In
        Kind and index.
    flag : Out(1)
        Whether it is a feedback axon, a cycle later.
    bus : In(RegionBus)
        Answers after `early_latency` cycles. The bus takes precedence.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({"axon": In(axon_layout(config)), "flag": Out(1), "bus": In(RegionBus())})

    def elaborate(self, platform: object) -> Module:
        """Build the memory, and the number of the axon."""
        m = Module()
        config, bus = self._config, self.bus
        m.submodules.memory = memory = block_memory(1, config.axons)
        read, write = memory.read_port(), memory.write_port()
        number, addressed = Signal.like(read.addr), bus.region == Region.FEEDBACK
        # The address stays on the bus, so the flag is read just in time for the answer.
        asked = stages(m, bus.read & addressed, early_latency(config), name="asked", reset_less=False)
        m.d.comb += [
            number.eq(by_kind(self.axon.kind, first_axons(config), len(number)) + self.axon.index),
            read.addr.eq(Mux(asked[-2], bus.column, number)),
            self.flag.eq(read.data),
            bus.read_data.eq(Mux(asked[-1], read.data, 0)),
            write.en.eq(bus.write & addressed),
            write.addr.eq(bus.column),
            write.data.eq(bus.write_data),
        ]
        return m
