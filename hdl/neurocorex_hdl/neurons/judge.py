"""Judge: praise, blame and conscience of a neuron, by the winners before the step."""

from amaranth.hdl import Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, Control, CoreConfig, JudgeFlag, Region

from ..lib.arithmetic import has
from ..lib.bus import RegionBus
from ..lib.delay import stages
from ..registers.control import ControlValues
from ..registers.extent import neuron_bits
from ..registers.region import region_shape
from .sweep import Sweep, slot_layout
from .winners import Winners, excess_shape


class Judge(wiring.Component):
    """Winners, and what follows from them in a judgement; with f the neuron that is right, and w the winner.

    ::

        change = PRAISE if j == f and (f != w or not IF_WRONG), - BLAME if j == w and f != w
        raised = CONSCIENCE if j == f

    Members
    -------
    slot, cleared : In
        The neuron that enters the pipeline, and what a sweep that clears sets to zero; stage 0 of the pipeline, as all
        that follow are.
    control : In(ControlValues)
        Shared parameters.
    judged : In
        Stage `JUDGED_STAGE`; j.
    change : Out
        A stage later; what is added to the error.
    raised : Out
        Stage `RAISED_STAGE`; what is added to h.
    passing, group : In
        Stage 9.
    fires, number, excess : In
        Stage 10.
    bus : In(RegionBus)
        `Region.FIRST`. Answers after `TARGET_LATENCY` cycles.
    """

    JUDGED_STAGE = 3
    RAISED_STAGE = 8

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "slot": In(slot_layout(config)),
            "cleared": In(Clear),
            "control": In(ControlValues(config)),
            "judged": In(neuron_bits(config)),
            "change": Out(signed(Control.PRAISE.bits(config) + 1)),
            "raised": Out(Control.CONSCIENCE.bits(config)),
            "passing": In(1),
            "group": In(region_shape(Region.GROUP, config)),
            "fires": In(1),
            "number": In(neuron_bits(config)),
            "excess": In(excess_shape(config)),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the comparisons with both neurons; one that is praised is not blamed."""
        m = Module()
        m.submodules.winners = winners = Winners(self._config)
        wiring.connect(m, wiring.flipped(self.bus), winners.bus)
        slot, control = self.slot, self.control
        m.d.comb += [
            winners.begin.eq(slot.valid & (slot.index == 0)),
            winners.clear.eq(slot.valid & (slot.sweep == Sweep.CLEAR) & has(self.cleared, Clear.WINNERS)),
            winners.label.eq(control.label),
            winners.passing.eq(self.passing),
            winners.group.eq(self.group),
            winners.fires.eq(self.fires & (slot.sweep == Sweep.UPDATE)),
            winners.number.eq(self.number),
            winners.excess.eq(self.excess),
        ]
        judges, always = has(control.judge, JudgeFlag.JUDGE), ~has(control.judge, JudgeFlag.IF_WRONG)
        is_right, is_winner = judges & (self.judged == winners.right), judges & (self.judged == winners.winner)
        wrong = winners.right != winners.winner
        praise = Mux(is_right & (wrong | always), control.praise, 0)
        m.d.sync += self.change.eq(Mux(is_winner & wrong, -control.blame, praise))
        late = stages(m, is_right, self.RAISED_STAGE - self.JUDGED_STAGE, name="is_right")[-1]
        m.d.comb += self.raised.eq(Mux(late, control.conscience, 0))
        return m
