"""Extra axons: further axons with any neuron as their source, and delays of their own."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region

from ..lib.bus import RegionBus, fan_out
from ..lib.delay import stages
from ..lib.memory import block_memory
from ..neurons.equations import fired_before
from ..neurons.updated import UpdatedNeuron
from ..registers.extent import extent_member
from ..registers.region import RegionMemory, RegionPort


class LookUp(wiring.Signature):
    """Search for the extra axons that arrive, seen from the sequencer.

    Members
    -------
    start : Out(1)
        Strobe: begin.
    finished : In(1)
        Strobe: the last axon has been looked at.
    """

    def __init__(self) -> None:
        super().__init__({"start": Out(1), "finished": In(1)})


class ExtraAxons(wiring.Component):
    """Finds the extra axons that arrive in the next step, by a look at all of them, one a cycle.

    Several axons may have the same source, and any neuron may be one. So histories are read in another order than that
    of the neurons, from a copy.

    Members
    -------
    look_up : In(LookUp)
        Begin, when all neurons have been written; finished `extra_axons` + 4 cycles later.
    extent : In
        How many neurons are in use.
    updated : In(UpdatedNeuron)
        Neurons that leave their pipeline, with their histories.
    arrives, axon : Out
        An extra axon that arrives. They come rising.
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles. `Region.EXTRA_SOURCE` and `Region.EXTRA_DELAY`; writes to
        `Region.HISTORY` go to the copy, too.
    """

    #: Cycles from an axon to the history of its source, by way of the source.
    LATENCY = 2 * RegionPort.LATENCY

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "look_up": In(LookUp()),
            "extent": extent_member(config),
            "updated": In(UpdatedNeuron(config)),
            "arrives": Out(1),
            "axon": Out(max(1, (config.extra_axons - 1).bit_length())),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counter over the axons, and the memories that are read."""
        m = Module()
        m.submodules.sources = sources = RegionMemory((Region.EXTRA_SOURCE,), self._config)
        m.submodules.delays = delays = RegionMemory((Region.EXTRA_DELAY,), self._config)
        fan_out(m, self.bus, (sources.bus, delays.bus))
        running, axon = Signal(), Signal.like(self.axon)
        last = axon == self._config.extra_axons - 1
        with m.If(running):
            m.d.sync += [axon.eq(axon + 1), running.eq(~last)]
        with m.If(self.look_up.start):
            m.d.sync += [axon.eq(0), running.eq(1)]
        axons = stages(m, axon, self.LATENCY, name="axon")
        source, delay = sources.port.read_data.extra_source, delays.port.read_data.extra_delay
        delay = stages(m, delay, RegionPort.LATENCY, name="delay")[-1]
        exists = stages(m, source <= self.extent.last_neuron, RegionPort.LATENCY, name="exists")[-1]
        looking = stages(m, running, self.LATENCY, name="looking", reset_less=False)
        m.d.comb += [
            sources.port.read_index.eq(axons[0]),
            delays.port.read_index.eq(axons[0]),
            self.axon.eq(axons[-1]),
            self.arrives.eq(looking[-1] & exists & fired_before(self._history(m, source), delay)),
            self.look_up.finished.eq(looking[-1] & ~looking[-2]),
        ]
        return m

    def _history(self, m: Module, source: Signal) -> Signal:
        """Build the copy of the histories; return that of a neuron, `RegionPort.LATENCY` cycles later."""
        m.submodules.histories = histories = block_memory(self._config.max_delay, self._config.neurons)
        read, write = histories.read_port(), histories.write_port()
        bus = self.bus
        m.d.comb += [
            read.addr.eq(source),
            write.en.eq(self.updated.slot.valid),
            write.addr.eq(self.updated.slot.index),
            write.data.eq(self.updated.history),
        ]
        with m.If(bus.write & (bus.region == Region.HISTORY)):
            m.d.comb += [write.en.eq(1), write.addr.eq(bus.column), write.data.eq(bus.write_data)]
        return stages(m, read.data, RegionPort.LATENCY - 1, name="history")[-1]
