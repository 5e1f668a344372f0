"""The memories of the neurons: some for one region, some for several, reached by neuron pipeline and host."""

from collections.abc import Iterable
from enum import IntFlag
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Shape, ShapeLike, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region, layout
from neurocorex.spec.memories import PACKS, region_words
from neurocorex.spec.registers import PARAMETERS, STATE

from .bus import READ_LATENCY, RegionBus
from .delay import stages
from .packing import BLOCK_RAM, PackedMemory
from .slots import holds

#: Cycles from a read request to the answer of a target inside the core, which adds two registers before and one behind.
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


def block_memory(shape: ShapeLike, items: int) -> Memory:
    """Return a memory of so many items; two at least, because one would have an address of no bits."""
    return Memory(shape=shape, depth=max(2, items), init=[], attrs=BLOCK_RAM)


def neuron_memory(shape: ShapeLike, config: CoreConfig) -> Memory:
    """Return a memory with an item per neuron."""
    return block_memory(shape, config.neurons)


def packs(config: CoreConfig) -> tuple[tuple[Region, ...], ...]:
    """Return the regions that `neuron_regions` names, by memory."""
    packed = {region for pack in PACKS for region in pack}
    return PACKS + tuple((region,) for region in neuron_regions(config) if region not in packed)


def pack_fields(pack: Iterable[Region], config: CoreConfig) -> dict[str, Shape]:
    """Return the fields of the words of a memory: one for each region, with its name in lower case."""
    return {region.name.lower(): region_shape(region, config) for region in pack}


class RegionPort(wiring.Signature):
    """One read and, if there is state, one write a cycle to a pack of regions, seen from a pipeline.

    Members
    -------
    read, read_index : Out
        Neuron, or axon, whose items are wanted.
    read_data : In
        The item of each region, `LATENCY` cycles later; a cycle later and until another one is read, if it `holds`.
    write, write_index, write_data : Out
        Store items, of the regions with a bit in `write`; only if all of them are state.
    """

    #: The memory has a register behind its own, because block RAM is slow to answer.
    LATENCY = 2

    def __init__(self, pack: tuple[Region, ...], config: CoreConfig) -> None:
        fields = pack_fields(pack, config)
        index = Shape(max(1, (layout(pack[0], config).columns - 1).bit_length()))
        members = {"read": Out(1), "read_index": Out(index), "read_data": In(data.StructLayout(fields))}
        if pack[0] in STATE:
            members |= {
                "write": Out(data.StructLayout(dict.fromkeys(fields, 1))),
                "write_index": Out(index),
                "write_data": Out(data.StructLayout(fields)),
            }
        super().__init__(members)


class RegionMemory(wiring.Component):
    """The memory of a pack of regions. A request on the bus goes before the pipeline, which is at rest then.

    Parameters
    ----------
    pack, config
        Regions, all with the same number of items.
    held : bool
        Without a register behind the memory, see `slots.holds`.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    port : In(RegionPort)
        The pipeline's side.
    """

    def __init__(self, pack: tuple[Region, ...], config: CoreConfig, *, held: bool = False) -> None:
        self._pack = pack
        self._config = config
        self._held = held
        super().__init__({"bus": In(RegionBus()), "port": In(RegionPort(pack, config))})

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its multiplexers."""
        m = Module()
        bus, port = self.bus, self.port
        fields = pack_fields(self._pack, self._config)
        items = region_words(self._pack[0], self._config) if self._held else layout(self._pack[0], self._config).columns
        m.submodules.memory = memory = PackedMemory(fields, items)
        m.d.comb += memory.write_index.eq(bus.column)
        for region, name in zip(self._pack, fields, strict=True):
            m.d.comb += [
                memory.write[name].eq(bus.write & (bus.region == region)),
                memory.write_data[name].eq(bus.write_data),
            ]
        (self._hold if self._held else self._register)(m, memory, fields)
        if self._pack[0] in STATE:
            with m.If(~bus.write):
                m.d.comb += [
                    memory.write.eq(port.write),
                    memory.write_index.eq(port.write_index),
                    memory.write_data.eq(port.write_data),
                ]
        return m

    def _register(self, m: Module, memory: PackedMemory, fields: dict[str, Shape]) -> None:
        """Answer by registers. What the bus has not asked for is zero: a reset is free, a mask would not be."""
        bus, port = self.bus, self.port
        m.d.comb += [
            memory.read_index.eq(Mux(bus.read, bus.column, port.read_index)),
            bus.read_data.eq(reduce(or_, (port.read_data[name] for name in fields))),
        ]
        others = stages(m, Cat(bus.read & (bus.region != region) for region in self._pack), 1, name="others")[1]
        for name, other in zip(fields, others, strict=True):
            found = Signal(fields[name], name=f"found_{name}", reset_less=True)
            m.d.sync += found.eq(memory.read_data[name])
            with m.If(other):
                m.d.sync += found.eq(0)
            m.d.comb += port.read_data[name].eq(found)

    def _hold(self, m: Module, memory: PackedMemory, fields: dict[str, Shape]) -> None:
        """Answer by the memory itself, whose upper half is zero: that is what the bus reads if it has asked others."""
        bus, port = self.bus, self.port
        index = port.read_index
        # What the bus asks for stays, so that it can be read a cycle later, to be there when it is wanted.
        asked = stages(m, bus.read, TARGET_LATENCY - 1, name="asked", reset_less=False)[-1]
        chosen = {name: bus.region == region for region, name in zip(self._pack, fields, strict=True)}
        m.d.comb += [
            memory.read.eq(asked | port.read),
            memory.read_index.eq(Cat(Mux(asked, bus.column[: len(index)], index), asked & ~Cat(chosen.values()).any())),
            port.read_data.eq(memory.read_data),
        ]
        first, *rest = fields
        m.d.comb += bus.read_data.eq(memory.read_data[first])
        for name in rest:
            with m.If(chosen[name]):
                m.d.comb += bus.read_data.eq(memory.read_data[name])


class NeuronMemory(wiring.Component):
    """All parameters and all state of the neurons.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    threshold, refractory, ... : In(RegionPort)
        One port per pack, with the name of its first region in lower case.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        ports = {pack[0].name.lower(): In(RegionPort(pack, config)) for pack in packs(config)}
        super().__init__({"bus": In(RegionBus()), **ports})

    def elaborate(self, platform: object) -> Module:
        """Build a memory for each pack."""
        m = Module()
        buses = []
        for pack in packs(self._config):
            name = pack[0].name.lower()
            m.submodules[name] = memory = RegionMemory(pack, self._config, held=holds(self._config))
            wiring.connect(m, wiring.flipped(getattr(self, name)), memory.port)
            buses.append(memory.bus)
        fan_out(m, self.bus, buses)
        return m
