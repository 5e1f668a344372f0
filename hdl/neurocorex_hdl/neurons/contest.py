"""Contest: the one neuron of each group that fires in a step, where neurons exclude one another (ONE_FIRES)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region

from ..lib.delay import stages
from ..registers.extent import neuron_bits
from ..registers.region import region_shape
from .winners import excess_shape, flag_of


class Contest(wiring.Component):
    """Best neuron of each group, found in a sweep before the update, which then lets no other one fire.

    A memory has the number and the excess of the best so far. A neuron reads it a cycle before it is compared. A bit
    for each group tells whether there was one in this sweep. What could fire in the update could do so in the sweep
    before it, so each group that matters has a best one.

    Members
    -------
    begin : In(1)
        Strobe: a sweep begins, and no neuron is on its way.
    finding : In(1)
        Level: this is the sweep that finds the best.
    group, joins : In
        Stage 0; the group of a neuron, and whether it takes part: its group is one of those, and it is not forced.
    able, number, excess : In
        Stage 1; whether it would fire, its number, and how far its membrane is above the limit.
    loses : Out(1)
        Stage 1; another one fires in its place. Not while the best is to be found.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "begin": In(1),
            "finding": In(1),
            "group": In(region_shape(Region.GROUP, config)),
            "joins": In(1),
            "able": In(1),
            "number": In(neuron_bits(config)),
            "excess": In(excess_shape(config)),
            "loses": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory of the groups, and the comparison."""
        m = Module()
        count = self._config.groups + 1
        item = data.StructLayout({"number": neuron_bits(self._config), "excess": excess_shape(self._config)})
        m.submodules.memory = memory = Memory(shape=item, depth=count, init=[])
        read, write = memory.read_port(), memory.write_port()
        best, entered, taken = read.data, Signal(count, reset_less=True), Signal()
        group = stages(m, self.group, 1, name="group")[-1]
        joins = stages(m, self.joins, 1, name="joins")[-1]

        # An item that was written a cycle ago was not read.
        last_group, last_excess = Signal.like(group, reset_less=True), Signal.like(self.excess, reset_less=True)
        written = Signal()
        m.d.sync += [last_group.eq(group), last_excess.eq(self.excess), written.eq(taken)]
        before = Mux(written & (last_group == group), last_excess, best.excess)
        better = ~flag_of(entered, group) | (self.excess > before)
        m.d.comb += [
            taken.eq(self.finding & self.able & joins & better),
            self.loses.eq(~self.finding & joins & (best.number != self.number)),
            read.addr.eq(self.group),
            write.en.eq(taken),
            write.addr.eq(group),
            write.data.number.eq(self.number),
            write.data.excess.eq(self.excess),
        ]
        # Not a shift of `taken`: behind the last neuron a group is unknown, and to Icarus so is zero shifted by it.
        with m.If(taken):
            m.d.sync += entered.eq(entered | (1 << group))
        with m.If(self.begin):
            m.d.sync += entered.eq(0)
        return m
