"""Winners: the first neuron of each group to fire, and the first of all (region FIRST)."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, Region
from neurocorex.spec.registers import NOBODY
from neurocorex.spec.rows import judges

from ..lib.bus import TARGET_LATENCY, RegionBus
from ..lib.delay import stages
from ..registers.extent import neuron_bits
from ..registers.region import region_shape


def excess_shape(config: CoreConfig) -> Shape:
    """Wide enough for ``v - (th + h)``."""
    return signed(config.state_bits + 2)


def flag_of(flags: Value, number: Value) -> Value:
    """Flag with this number; 0 for those beyond the last."""
    return Cat(flags, Const(0, max(0, (1 << len(number)) - len(flags)))).bit_select(number, 1)


class Winners(wiring.Component):
    """Latches of the first neurons to fire, and the best of a step where several fire at once.

    A candidate is compared with its group's best of the step, and with that of all: one of each is taken. The groups
    share a memory, which a candidate reads a cycle before it is compared. A bit for each item tells whether it is
    there; so all are cleared at once.

    Members
    -------
    begin : In(1)
        Strobe: a step begins, and no candidate is on its way.
    clear : In(1)
        Level: all items become none; while no candidate is on its way.
    label : In
        Group that is right; only with errors, as `winner` and `right`.
    passing, group : In
        Stage 0; a neuron comes, and its group.
    fires, number, excess : In
        Stage 1; whether it fires, its number, and how far its membrane was above the limit.
    winner, right : Out
        The first neuron of all and the first of the group that is right, or `NOBODY`, as they were before the step;
        from the cycle after `begin` on.
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        number = region_shape(Region.FIRST, config)
        judged = {"label": In(Control.LABEL.bits(config)), "winner": Out(number), "right": Out(number)}
        super().__init__({
            "begin": In(1),
            "clear": In(1),
            "passing": In(1),
            "group": In(region_shape(Region.GROUP, config)),
            "fires": In(1),
            "number": In(neuron_bits(config)),
            "excess": In(excess_shape(config)),
            "bus": In(RegionBus()),
            **(judged if judges(config) else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory of the groups, the item of all, and the comparisons."""
        m = Module()
        config, bus, count = self._config, self.bus, self._config.groups + 1
        item = data.StructLayout({"number": region_shape(Region.FIRST, config), "excess": excess_shape(config)})
        m.submodules.memory = memory = Memory(shape=item, depth=count, init=[])
        read, write = memory.read_port(), memory.write_port()
        found, best = read.data, Signal(item, reset_less=True)
        # A reset leaves them alone, as it does all memories.
        held, fresh, taken = Signal(count, reset_less=True), Signal(count, reset_less=True), Signal(count)
        group = stages(m, self.group, 1, name="group")[-1]
        writes = bus.write & (bus.region == Region.FIRST)

        # An item that was written a cycle ago was not read.
        last_group, last_excess = Signal.like(group, reset_less=True), Signal.like(self.excess, reset_less=True)
        written = Signal()
        m.d.sync += [last_group.eq(group), last_excess.eq(self.excess), written.eq(taken[1:].any())]
        before = Mux(written & (last_group == group), last_excess, found.excess)
        member = self.fires & (group != 0) & (group <= config.groups)
        over_all, over_group = self.excess > best.excess, self.excess > before
        m.d.comb += [
            taken[0].eq(member & (~held[0] | (fresh[0] & over_all))),
            *(taken[k].eq(member & (group == k) & (~held[k] | (fresh[k] & over_group))) for k in range(1, count)),
            read.addr.eq(Mux(self.passing, self.group, bus.column)),
            write.en.eq(taken[1:].any() | (writes & (bus.column != 0))),
            write.addr.eq(Mux(writes, bus.column, group)),
            write.data.number.eq(Mux(writes, bus.write_data, self.number)),
            write.data.excess.eq(self.excess),
        ]
        m.d.sync += [held.eq(held | taken), fresh.eq(fresh | taken)]
        with m.If(taken[0]):
            m.d.sync += [best.number.eq(self.number), best.excess.eq(self.excess)]
        column = bus.column[: len(read.addr)]
        with m.If(writes):
            m.d.sync += held.eq(held & ~(1 << column) | (bus.write_data[: len(found.number)] != NOBODY) << column)
            with m.If(column == 0):
                m.d.sync += best.number.eq(bus.write_data)
        with m.If(self.clear):
            m.d.sync += held.eq(0)

        with m.If(self.begin):
            m.d.sync += fresh.eq(0)
        if judges(config):
            with m.If(~self.passing & ~bus.read):
                m.d.comb += read.addr.eq(self.label)
            is_right = (self.label != 0) & flag_of(held, self.label)
            with m.If(self.begin):
                m.d.sync += [
                    self.winner.eq(Mux(held[0], best.number, NOBODY)),
                    self.right.eq(Mux(is_right, found.number, NOBODY)),
                ]
        asked = stages(m, bus.read & (bus.region == Region.FIRST), TARGET_LATENCY - 1, name="asked")[-1]
        answer = Mux(flag_of(held, column), Mux(column == 0, best.number, found.number), NOBODY)
        m.d.sync += bus.read_data.eq(Mux(asked, answer, 0))
        return m
