"""Extra axons: each has a neuron as its source, and a delay of its own."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region

from ..lib.bus import RegionBus
from ..lib.delay import stages
from ..lib.memory import RegionMemory, RegionPort, fan_out, history_tap, index_bits, neuron_memory


class ExtraAxons(wiring.Component):
    """Finds the extra axons that arrive in the next step, by a walk over all of them, one a cycle.

    Several axons may have the same source, and any neuron may be one: so the histories are needed in another order
    than that of the neurons, and there is a copy of them here.

    Members
    -------
    start : In(1)
        Strobe: begin the walk, when all neurons have been written.
    last_neuron : In
        The last one in use.
    write, write_index, write_data : In
        The history of a neuron.
    arrives, axon : Out
        An extra axon that arrives. They come rising.
    finished : Out(1)
        Strobe: the last axon has been looked at, `extra_axons` + 4 cycles after `start`.
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles. `Region.EXTRA_SOURCE` and `Region.EXTRA_DELAY`; what is written to
        `Region.HISTORY` goes to the copy, too.
    """

    #: Cycles from an axon to the history of its source, by way of the source.
    LATENCY = 2 * RegionPort.LATENCY

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "start": In(1),
            "last_neuron": In(index_bits(config), init=config.neurons - 1),
            "write": In(1),
            "write_index": In(index_bits(config)),
            "write_data": In(config.max_delay),
            "arrives": Out(1),
            "axon": Out(max(1, (config.extra_axons - 1).bit_length())),
            "finished": Out(1),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the walk and the memories that it reads."""
        m = Module()
        m.submodules.sources = sources = RegionMemory((Region.EXTRA_SOURCE,), self._config)
        m.submodules.delays = delays = RegionMemory((Region.EXTRA_DELAY,), self._config)
        fan_out(m, self.bus, (sources.bus, delays.bus))
        walking, axon = Signal(), Signal.like(self.axon)
        last = axon == self._config.extra_axons - 1
        with m.If(walking):
            m.d.sync += [axon.eq(axon + 1), walking.eq(~last)]
        with m.If(self.start):
            m.d.sync += [axon.eq(0), walking.eq(1)]
        axons = stages(m, axon, self.LATENCY, name="axon")
        source, delay = sources.port.read_data.extra_source, delays.port.read_data.extra_delay
        delay = stages(m, delay, RegionPort.LATENCY, name="delay")[-1]
        exists = stages(m, source <= self.last_neuron, RegionPort.LATENCY, name="exists")[-1]
        looking = stages(m, walking, self.LATENCY, name="looking", reset_less=False)
        m.d.comb += [
            sources.port.read_index.eq(axons[0]),
            delays.port.read_index.eq(axons[0]),
            self.axon.eq(axons[-1]),
            self.arrives.eq(looking[-1] & exists & history_tap(self._history(m, source), delay)),
            self.finished.eq(looking[-1] & ~looking[-2]),
        ]
        return m

    def _history(self, m: Module, source: Signal) -> Signal:
        """Build the copy of the histories; return that of a neuron, `RegionPort.LATENCY` cycles later."""
        m.submodules.histories = histories = neuron_memory(self._config.max_delay, self._config)
        read, write = histories.read_port(), histories.write_port()
        bus = self.bus
        m.d.comb += [
            read.addr.eq(source),
            write.en.eq(self.write),
            write.addr.eq(self.write_index),
            write.data.eq(self.write_data),
        ]
        with m.If(bus.write & (bus.region == Region.HISTORY)):
            m.d.comb += [write.en.eq(1), write.addr.eq(bus.column), write.data.eq(bus.write_data)]
        return stages(m, read.data, RegionPort.LATENCY - 1, name="history")[-1]
