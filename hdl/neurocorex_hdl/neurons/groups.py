"""Groups of neurons beside the pipeline: silence, exclusion, and which neuron of each group was the first to fire."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, CoreConfig, Region
from neurocorex.spec.rows import judges

from ..lib.arithmetic import has
from ..lib.bus import RegionBus
from ..registers.control import ControlValues
from ..registers.extent import neuron_bits
from ..registers.region import region_shape
from .contest import Contest
from .sweep import Sweep, slot_layout
from .winners import Winners, excess_shape, flag_of


class Groups(wiring.Component):
    """What groups do to a neuron that passes, and what they keep of it.

    Members
    -------
    slot, cleared : In
        The neuron that enters the pipeline, and what a sweep that clears sets to zero; stage 0 of the pipeline, as all
        that follow are.
    control : In(ControlValues)
        Shared parameters.
    passing, group, forced : In
        Stage 9; a neuron comes, its group, and whether it is forced to fire.
    silent : Out(1)
        Stage 9; it fires only if it is forced to.
    fires, number, excess : In
        Stage 10; whether it fires, its number, and how far its membrane is above the limit.
    loses : Out(1)
        Stage 10; another neuron fires in its place.
    winner, right : Out
        The first neuron of all and the first of the group that is right, as they were before the step; only with
        errors.
    bus : In(RegionBus)
        `Region.FIRST`. Answers after `TARGET_LATENCY` cycles.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        first = region_shape(Region.FIRST, config)
        super().__init__({
            "slot": In(slot_layout(config)),
            "cleared": In(Clear),
            "control": In(ControlValues(config)),
            "passing": In(1),
            "group": In(region_shape(Region.GROUP, config)),
            "forced": In(1),
            "silent": Out(1),
            "fires": In(1),
            "number": In(neuron_bits(config)),
            "excess": In(excess_shape(config)),
            "loses": Out(1),
            **({"winner": Out(first), "right": Out(first)} if judges(config) else {}),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Join the winners of all steps and the contest of one."""
        m = Module()
        m.submodules.winners = winners = Winners(self._config)
        m.submodules.contest = contest = Contest(self._config)
        wiring.connect(m, wiring.flipped(self.bus), winners.bus)
        slot, control = self.slot, self.control
        begin = slot.valid & (slot.index == 0)
        m.d.comb += [
            self.silent.eq(flag_of(control.silent, self.group)),
            self.loses.eq(contest.loses),
            winners.begin.eq(begin),
            winners.clear.eq(slot.valid & (slot.sweep == Sweep.CLEAR) & has(self.cleared, Clear.WINNERS)),
            winners.passing.eq(self.passing),
            winners.group.eq(self.group),
            winners.fires.eq(self.fires & (slot.sweep == Sweep.UPDATE)),
            winners.number.eq(self.number),
            winners.excess.eq(self.excess),
            contest.begin.eq(begin),
            contest.finding.eq(slot.sweep == Sweep.CONTEST),
            contest.group.eq(self.group),
            contest.joins.eq(flag_of(control.one_fires, self.group) & ~self.forced),
            contest.able.eq(self.fires),
            contest.number.eq(self.number),
            contest.excess.eq(self.excess),
        ]
        if judges(self._config):
            m.d.comb += [
                winners.label.eq(control.label),
                self.winner.eq(winners.winner),
                self.right.eq(winners.right),
            ]
        return m
