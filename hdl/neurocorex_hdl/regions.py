"""The memories of the neurons: one per region, reached by the neuron pipeline and by the host."""

from collections.abc import Iterable
from enum import IntFlag
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Shape, ShapeLike, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region, layout
from neurocorex.spec.registers import PARAMETERS, STATE

from .bus import READ_LATENCY, RegionBus
from .pipeline import stages

#: Cycles from a read request to the answer of a target inside the core, which adds a register before and two behind.
TARGET_LATENCY = READ_LATENCY - 3
#: Members of a `RegionBus` that go from initiator to target.
REQUEST = ("region", "row", "column", "write", "write_data", "read")


def index_bits(config: CoreConfig) -> int:
    """Width of the number of a neuron; at least one bit, also for a single neuron."""
    return max(1, (config.neurons - 1).bit_length())


def neuron_regions(config: CoreConfig) -> tuple[Region, ...]:
    """Regions with an item per neuron that exist as memories on a chip of geometry `config`."""
    return tuple(region for region in PARAMETERS + STATE if config.adaptation or region is not Region.ADAPTATION)


def region_shape(region: Region, config: CoreConfig) -> Shape:
    """Return the number format of an item."""
    form = layout(region, config)
    return Shape(form.bits, signed=form.signed)


def has(flags: Value, flag: IntFlag) -> Value:
    """Whether a flag, of one bit, is among those of a register or item."""
    return flags[flag.bit_length() - 1]


def history_tap(history: Value, delay: Value) -> Value:
    """Whether a neuron fired `delay` steps ago, by its history; never for a delay of 0 or beyond the history."""
    return Cat(Const(0, 1), history, Const(0, (1 << len(delay)) - 1 - len(history))).bit_select(delay, 1)


def fan_out(m: Module, bus: wiring.PureInterface, targets: Iterable[wiring.PureInterface]) -> None:
    """Pass the requests of a bus on to several targets, and join their answers."""
    targets = list(targets)
    for target in targets:
        for name in REQUEST:
            m.d.comb += getattr(target, name).eq(getattr(bus, name))
    m.d.comb += bus.read_data.eq(reduce(or_, (target.read_data for target in targets)))


#: Memories that grow with the number of neurons belong into block RAM, also where they would fit elsewhere.
BLOCK_RAM = {"ram_style": "block"}
#: Words up to which a wide memory may be made of LUTs: beyond, it would need more logic with every word.
LUT_RAM_WORDS = 64


def block_memory(shape: ShapeLike, items: int) -> Memory:
    """Return a memory of so many items; two at least, because one would have an address of no bits."""
    return Memory(shape=shape, depth=max(2, items), init=[], attrs=BLOCK_RAM)


def neuron_memory(shape: ShapeLike, config: CoreConfig) -> Memory:
    """Return a memory with an item per neuron."""
    return block_memory(shape, config.neurons)


class RegionPort(wiring.Signature):
    """One read and, if it is state, one write a cycle to a region, seen from a pipeline.

    Members
    -------
    read_index : Out
        Neuron, or axon, whose item is wanted.
    read_data : In
        The item, `LATENCY` cycles later.
    write, write_index, write_data : Out
        Store an item; only for state.
    """

    #: The memory has a register behind its own, because block RAM is slow to answer.
    LATENCY = 2

    def __init__(self, region: Region, config: CoreConfig) -> None:
        shape = region_shape(region, config)
        index = Shape(max(1, (layout(region, config).columns - 1).bit_length()))
        members = {"read_index": Out(index), "read_data": In(shape)}
        if region in STATE:
            members |= {"write": Out(1), "write_index": Out(index), "write_data": Out(shape)}
        super().__init__(members)


class RegionMemory(wiring.Component):
    """The memory of one region. A request on the bus goes before the pipeline, which is at rest then.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    port : In(RegionPort)
        The pipeline's side.
    """

    def __init__(self, region: Region, config: CoreConfig) -> None:
        self._region = region
        self._config = config
        super().__init__({"bus": In(RegionBus()), "port": In(RegionPort(region, config))})

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its multiplexers."""
        m = Module()
        bus, port = self.bus, self.port
        shape = region_shape(self._region, self._config)
        m.submodules.memory = memory = block_memory(shape, layout(self._region, self._config).columns)
        read, write = memory.read_port(), memory.write_port()
        selected = Signal()
        answers = stages(m, bus.read & selected, TARGET_LATENCY, name="answers")
        data = stages(m, read.data, 1, name="data")[-1]
        m.d.comb += [
            selected.eq(bus.region == self._region),
            read.addr.eq(Mux(bus.read, bus.column, port.read_index)),
            write.en.eq(bus.write & selected),
            write.addr.eq(bus.column),
            write.data.eq(bus.write_data),
            port.read_data.eq(data),
            bus.read_data.eq(Mux(answers[-1], data, 0)),
        ]
        if self._region in STATE:
            with m.If(~bus.write):
                m.d.comb += [write.en.eq(port.write), write.addr.eq(port.write_index), write.data.eq(port.write_data)]
        return m


class NeuronMemory(wiring.Component):
    """All parameters and all state of the neurons.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    threshold, reset, ... : In(RegionPort)
        One port per region, with the region's name in lower case.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        ports = {region.name.lower(): In(RegionPort(region, config)) for region in neuron_regions(config)}
        super().__init__({"bus": In(RegionBus()), **ports})

    def elaborate(self, platform: object) -> Module:
        """Build a memory for each region."""
        m = Module()
        buses = []
        for region in neuron_regions(self._config):
            name = region.name.lower()
            m.submodules[name] = memory = RegionMemory(region, self._config)
            wiring.connect(m, wiring.flipped(getattr(self, name)), memory.port)
            buses.append(memory.bus)
        fan_out(m, self.bus, buses)
        return m
