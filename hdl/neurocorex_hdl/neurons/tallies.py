"""Tallies beside the pipeline: spikes of each neuron, the step of its first one, and which of a group has most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, CoreConfig, Region
from neurocorex.spec.registers import LAST_STEP, NEVER, NOBODY
from neurocorex.spec.rows import has_most

from ..lib.arithmetic import has
from ..lib.bus import TARGET_LATENCY, RegionBus, fan_out
from ..lib.delay import stages
from ..registers.extent import neuron_bits
from ..registers.region import region_shape
from .sweep import Sweep
from .winners import flag_of

if TYPE_CHECKING:
    from .items import StagedItems


class Most(wiring.Component):
    """Neurons that were the first to have most spikes: of all groups, and of each (regions MOST, MOST_COUNT).

    Groups share two memories, which a neuron reads a cycle before it is compared. A bit for each item tells whether it
    is there; so all are cleared at once.

    Members
    -------
    clear : In(1)
        Level: all items become none; while no neuron is on its way.
    passing, group : In
        Stage 0; a neuron comes, and its group.
    rises, number, count : In
        Stage 1; whether its count has risen, its number, and its count now.
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "clear": In(1),
            "passing": In(1),
            "group": In(region_shape(Region.GROUP, config)),
            "rises": In(1),
            "number": In(neuron_bits(config)),
            "count": In(config.tallies),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memories of the groups, the item of all, and the comparisons."""
        m = Module()
        config, bus, items = self._config, self.bus, self._config.groups + 1
        m.submodules.numbers = numbers = Memory(shape=16, depth=items, init=[])
        m.submodules.counts = counts = Memory(shape=config.tallies, depth=items, init=[])
        number, count = numbers.read_port(), counts.read_port()
        best_number, best_count = Signal(16, reset_less=True), Signal(config.tallies, reset_less=True)
        # A reset leaves them alone, as it does all memories.
        held, taken = Signal(items, reset_less=True), Signal(items)
        group, column = stages(m, self.group, 1, name="group")[-1], bus.column[: len(number.addr)]

        # An item that was written a cycle ago was not read.
        last_group, last_count = Signal.like(group, reset_less=True), Signal.like(self.count, reset_less=True)
        written = Signal()
        m.d.sync += [last_group.eq(group), last_count.eq(self.count), written.eq(taken[1:].any())]
        before = Mux(written & (last_group == group), last_count, Mux(flag_of(held, group), count.data, 0))
        member = self.rises & (group != 0) & (group <= config.groups)
        m.d.comb += [
            taken[0].eq(member & (self.count > Mux(held[0], best_count, 0))),
            *(taken[k].eq(member & (group == k) & (self.count > before)) for k in range(1, items)),
        ]
        # A host writes one of both; the other becomes what it is for none, if there was none.
        fresh, writes = ~flag_of(held, column), Signal(2)
        m.d.comb += writes.eq(Cat(bus.write & (bus.region == region) for region in (Region.MOST, Region.MOST_COUNT)))
        for memory, best, mine, none, asks in (
            (numbers, best_number, self.number, NOBODY, writes[0]),
            (counts, best_count, self.count, 0, writes[1]),
        ):
            put, given = memory.write_port(), Mux(asks, bus.write_data, none)
            stores = writes.any() & (asks | fresh)
            m.d.comb += [
                put.en.eq(taken[1:].any() | (stores & (column != 0))),
                put.addr.eq(Mux(stores, column, group)),
                put.data.eq(Mux(stores, given, mine)),
            ]
            with m.If(stores & (column == 0)):
                m.d.sync += best.eq(given)
            with m.Elif(taken[0]):
                m.d.sync += best.eq(mine)
        m.d.sync += held.eq(held | taken)
        with m.If(writes.any()):
            m.d.sync += held.eq(held | (1 << column))
        with m.If(self.clear):
            m.d.sync += held.eq(0)
        address = Mux(self.passing, self.group, column)
        m.d.comb += [number.addr.eq(address), count.addr.eq(address)]
        self._answer(m, fresh, Mux(column == 0, best_number, number.data), Mux(column == 0, best_count, count.data))
        return m

    def _answer(self, m: Module, fresh: Value, number: Value, count: Value) -> None:
        """Answer to the bus."""
        bus = self.bus
        is_number, is_count = (
            stages(m, bus.read & (bus.region == region), TARGET_LATENCY - 1, name="asked")[-1]
            for region in (Region.MOST, Region.MOST_COUNT)
        )
        m.d.sync += bus.read_data.eq(0)
        with m.If(is_number):
            m.d.sync += bus.read_data.eq(Mux(fresh, NOBODY, number))
        with m.Elif(is_count):
            m.d.sync += bus.read_data.eq(Mux(fresh, 0, count))


class Tallies(wiring.Component):
    """Counts of spikes as neurons pass, and the number of the step.

    Members
    -------
    clear : In(1)
        Level: forget the number of the step and who has most; while no neuron is on its way.
    passing, group : In
        Stage 9; a neuron comes, and its group; only with groups.
    fires, number, count, first_step : In
        Stage 10; whether it fires in an update, its number, and its tallies.
    counted, stepped : Out
        Stage 11; its tallies now.
    ended : In(1)
        Strobe: an update has come to its last neuron; stage 11.
    bus : In(RegionBus)
        Those tallies that are none of a neuron's. Answers after `TARGET_LATENCY` cycles.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        count, step = region_shape(Region.COUNT, config), region_shape(Region.FIRST_STEP, config)
        super().__init__({
            "clear": In(1),
            "fires": In(1),
            "number": In(neuron_bits(config)),
            "count": In(count),
            "first_step": In(step),
            "counted": Out(count),
            "stepped": Out(step),
            "ended": In(1),
            "bus": In(RegionBus()),
            **({"passing": In(1), "group": In(region_shape(Region.GROUP, config))} if has_most(config) else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counts, and the number of the step."""
        m = Module()
        now, here = Signal(16, reset_less=True), RegionBus().create(path=("here",))
        rises, count = Signal(), Signal.like(self.count)
        m.d.comb += [rises.eq(self.fires & ~self.count.all()), count.eq(self.count + rises)]
        m.d.sync += [
            self.counted.eq(count),
            self.stepped.eq(Mux(self.fires & (self.first_step == NEVER), now, self.first_step)),
        ]
        targets = [here]
        if has_most(self._config):
            m.submodules.most = most = Most(self._config)
            targets.append(most.bus)
            m.d.comb += [
                most.clear.eq(self.clear),
                most.passing.eq(self.passing),
                most.group.eq(self.group),
                most.rises.eq(rises),
                most.number.eq(self.number),
                most.count.eq(count),
            ]
        fan_out(m, self.bus, targets)
        named = here.region == Region.TALLY_STEP
        with m.If(self.clear):
            m.d.sync += now.eq(0)
        with m.Elif(here.write & named):
            m.d.sync += now.eq(here.write_data)
        with m.Elif(self.ended & (now < LAST_STEP)):
            m.d.sync += now.eq(now + 1)
        asked = stages(m, here.read & named, TARGET_LATENCY - 1, name="asked")[-1]
        m.d.sync += here.read_data.eq(Mux(asked, now, 0))
        return m


def add_tallies(
    m: Module, config: CoreConfig, slot: data.View, end: Value, cleared: Value, items: StagedItems, fires: Value
) -> Tallies:
    """Add tallies to the pipeline, whose members these are; `fires` is that of the neuron at stage 10."""
    m.submodules.tallies = tallies = Tallies(config)
    clears = has(cleared, Clear.TALLIES)
    updates = slot.sweep == Sweep.UPDATE
    m.d.comb += [
        tallies.clear.eq(slot.valid & (slot.sweep == Sweep.CLEAR) & clears),
        tallies.fires.eq(items.valid[10] & fires & updates),
        tallies.number.eq(items.indices[10]),
        tallies.count.eq(items.read(Region.COUNT)),
        tallies.first_step.eq(items.read(Region.FIRST_STEP)),
        tallies.ended.eq(items.valid[11] & updates & (items.indices[11] == end)),
    ]
    if has_most(config):
        m.d.comb += [tallies.passing.eq(items.valid[9]), tallies.group.eq(items.read(Region.GROUP))]
    items.write(Region.COUNT, 11, tallies.counted, clears)
    items.write(Region.FIRST_STEP, 11, tallies.stepped, clears)
    return tallies
