"""Judge: praise, blame and conscience of a neuron, by the winners before the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amaranth.hdl import Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, JudgeFlag, Region

from ..lib.arithmetic import has
from ..lib.delay import stages
from ..registers.control import ControlValues
from ..registers.extent import neuron_bits
from ..registers.region import region_shape

if TYPE_CHECKING:
    from .groups import Groups
    from .items import StagedItems


class Judge(wiring.Component):
    """What follows from winners in a judgement; with f the neuron that is right, and w the winner.

    ::

        change = PRAISE if j == f and (f != w or not IF_WRONG), - BLAME if j == w and f != w
        raised = CONSCIENCE if j == f

    Members
    -------
    control : In(ControlValues)
        Shared parameters.
    winner, right : In
        w and f.
    judged : In
        Stage `JUDGED_STAGE` of the pipeline; j.
    change : Out
        A stage later; what is added to the error.
    raised : Out
        Stage `RAISED_STAGE`; what is added to h.
    """

    JUDGED_STAGE = 3
    RAISED_STAGE = 8

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "control": In(ControlValues(config)),
            "winner": In(region_shape(Region.FIRST, config)),
            "right": In(region_shape(Region.FIRST, config)),
            "judged": In(neuron_bits(config)),
            "change": Out(signed(Control.PRAISE.bits(config) + 1)),
            "raised": Out(Control.CONSCIENCE.bits(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the comparisons with both neurons; one that is praised is not blamed."""
        m = Module()
        control = self.control
        judges, always = has(control.judge, JudgeFlag.JUDGE), ~has(control.judge, JudgeFlag.IF_WRONG)
        is_right, is_winner = judges & (self.judged == self.right), judges & (self.judged == self.winner)
        wrong = self.right != self.winner
        praise = Mux(is_right & (wrong | always), control.praise, 0)
        m.d.sync += self.change.eq(Mux(is_winner & wrong, -control.blame, praise))
        late = stages(m, is_right, self.RAISED_STAGE - self.JUDGED_STAGE, name="is_right")[-1]
        m.d.comb += self.raised.eq(Mux(late, control.conscience, 0))
        return m


def add_judge(
    m: Module, config: CoreConfig, control: wiring.PureInterface, items: StagedItems, groups: Groups
) -> Judge:
    """Add the judgement, by the first to fire before this step, to the pipeline, whose members these are."""
    m.submodules.judge = judge = Judge(config)
    wiring.connect(m, wiring.flipped(control), judge.control)
    m.d.comb += [
        judge.winner.eq(groups.winner),
        judge.right.eq(groups.right),
        judge.judged.eq(items.indices[judge.JUDGED_STAGE]),
    ]
    return judge
