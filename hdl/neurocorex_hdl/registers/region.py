"""Region memory: a region of the address map in block RAM, shared by a pipeline and the host."""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region, layout
from neurocorex.spec.memories import region_items, region_words
from neurocorex.spec.registers import STATE

from ..lib.bus import TARGET_LATENCY, RegionBus
from ..lib.delay import stages
from ..lib.memory import PackedMemory


def region_shape(region: Region, config: CoreConfig) -> Shape:
    """Return the number format of an item."""
    form = layout(region, config)
    return Shape(form.bits, signed=form.signed)


def pack_fields(pack: Iterable[Region], config: CoreConfig) -> dict[str, Shape]:
    """Return the fields of the words of a memory: one for each region, with its name in lower case."""
    return {region.name.lower(): region_shape(region, config) for region in pack}


def column_bits(region: Region, config: CoreConfig) -> int:
    """Width of the number of a neuron, or axon."""
    return max(1, (layout(region, config).columns - 1).bit_length())


def item_index(bus: wiring.PureInterface, region: Region, config: CoreConfig) -> Value:
    """Place of the item that the bus names, in the memory of its region: banks of contexts follow each other."""
    banks = (layout(region, config).rows - 1).bit_length()
    return Cat(bus.column[: column_bits(region, config)], bus.row[:banks]) if banks else bus.column


class RegionPort(wiring.Signature):
    """One read and, if there is state, one write a cycle to a pack of regions, seen from a pipeline.

    Members
    -------
    read, read_index : Out
        Neuron, or axon, whose items are wanted; where contexts have a bank each, with the context above it.
    read_data : In
        The item of each region, `LATENCY` cycles later; of a memory that is `held`, a cycle later and until another
        one is read.
    write, write_index, write_data : Out
        Store items, of the regions with a bit in `write`; only if all of them are state.
    """

    #: The memory has a register behind its own, because block RAM is slow to answer.
    LATENCY = 2

    def __init__(self, pack: tuple[Region, ...], config: CoreConfig) -> None:
        fields = pack_fields(pack, config)
        index = Shape(column_bits(pack[0], config) + (layout(pack[0], config).rows - 1).bit_length())
        members = {"read": Out(1), "read_index": Out(index), "read_data": In(data.StructLayout(fields))}
        if pack[0] in STATE:
            members |= {
                "write": Out(data.StructLayout(dict.fromkeys(fields, 1))),
                "write_index": Out(index),
                "write_data": Out(data.StructLayout(fields)),
            }
        super().__init__(members)


class RegionMemory(wiring.Component):
    """The memory of a pack of regions. A request on the bus takes precedence over the pipeline, which is at rest then.

    Parameters
    ----------
    pack, config
        Regions, all with the same number of items.
    held : bool
        Without a register behind the memory, which itself holds an item until another one is read.

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
        config, items = self._config, region_items(self._pack[0], self._config)
        words = region_words(self._pack[0], config) if self._held else items
        power_up = {region.name.lower(): region.row.power_up(config) for region in self._pack}
        m.submodules.memory = memory = PackedMemory(fields, words, [power_up] * items)
        m.d.comb += memory.write_index.eq(item_index(bus, self._pack[0], config))
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
        """Answer by registers. Regions that the bus has not asked for are reset to zero, which is free."""
        bus, port = self.bus, self.port
        m.d.comb += [
            memory.read_index.eq(Mux(bus.read, item_index(bus, self._pack[0], self._config), port.read_index)),
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
        """Answer by the memory itself, whose upper half is zero: the bus reads that when it has asked other targets."""
        bus, port = self.bus, self.port
        index = port.read_index
        place = item_index(bus, self._pack[0], self._config)[: len(index)]
        # The address stays on the bus, so the word is read a cycle later, just in time for the answer.
        asked = stages(m, bus.read, TARGET_LATENCY - 1, name="asked", reset_less=False)[-1]
        chosen = {name: bus.region == region for region, name in zip(self._pack, fields, strict=True)}
        m.d.comb += [
            memory.read.eq(asked | port.read),
            memory.read_index.eq(Cat(Mux(asked, place, index), asked & ~Cat(chosen.values()).any())),
            port.read_data.eq(memory.read_data),
        ]
        first, *rest = fields
        m.d.comb += bus.read_data.eq(memory.read_data[first])
        for name in rest:
            with m.If(chosen[name]):
                m.d.comb += bus.read_data.eq(memory.read_data[name])
