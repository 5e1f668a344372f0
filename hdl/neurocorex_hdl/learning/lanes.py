"""Learning lanes: L synapses change in each cycle, in rows by depression and in columns by potentiation or errors."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, LearningFlag

from ..lib.arithmetic import has
from ..lib.delay import stages
from ..registers.control import ControlValues
from ..registers.counters import ticks_layout
from ..synapses.array import Plasticity
from ..synapses.drift import drifts
from ..synapses.matrix import WeightMatrix
from ..synapses.update import SynapseUpdate, rule_layout
from .random import DRAW_BITS, Draws
from .rule import amount_lanes


class LearningLanes(wiring.Component):
    """A `SynapseUpdate` in each lane, and the draws of stochastic rounding.

    Members
    -------
    control : In(ControlValues)
        Registers, which stay while synapses are in the lanes.
    plasticity : In(Plasticity)
        Synapses, which come at stage `WeightMatrix.latency` and return `SynapseUpdate.latency` later.
    amounts : In
        The change amounts P that come with them, or `SynapseUpdate.amount_stage` later.
    rewarding : In(1)
        Columns are walked for a reward or a fade; only with eligibility.
    ticks : Out
        Potentiations, depressions and clips, to be counted.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "control": In(ControlValues(config)),
            "plasticity": In(Plasticity(config)),
            "amounts": In(amount_lanes(config)),
            "ticks": Out(ticks_layout(config)),
            **({"rewarding": In(1)} if config.eligibility else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the lanes, and count the changes."""
        m = Module()
        control, piece, lanes = self.control, self.plasticity.reading.piece, self.plasticity.lanes
        learning = has(control.learning, LearningFlag.ENABLE)
        m.submodules.draws = draws = Draws(self._config)
        latency = WeightMatrix.latency(self._config)
        if self._config.errors:
            # Spikes change nothing then, and the list of columns has no neurons that fired.
            learning &= piece.place.column | ~has(control.learning, LearningFlag.ERRORS)
        enable = stages(m, piece.valid & learning, latency, name="enable", reset_less=False)[-1]
        rule = Signal(rule_layout(self._config))
        m.d.comb += [
            draws.piece.eq(piece),
            draws.random.eq(control.random[DRAW_BITS:]),
            rule.minimum.eq(control.weight_min),
            rule.maximum.eq(control.weight_max),
            rule.stochastic.eq(has(control.learning, LearningFlag.STOCHASTIC)),
            rule.soft.eq(has(control.learning, LearningFlag.SOFT)),
        ]
        if drifts(self._config):
            step = control.drift_step
            m.d.comb += [rule.drift.eq(lanes.drift), rule.down.eq(step < 0), rule.up.eq(step > 0)]
        counted = self._gather(m, rule) if self._config.eligibility else None
        tallies = []
        for lane in range(self._config.lanes):
            m.submodules[f"lane_{lane}"] = update = SynapseUpdate(self._config)
            m.d.comb += [
                update.rule.eq(rule),
                update.enable.eq(enable),
                update.synapse.eq(lanes.synapses[lane]),
                update.amount.eq(self.amounts[lane]),
                update.draw.eq(draws.draws[lane]),
                update.host.eq(lanes.host),
                update.host_weight.eq(lanes.host_weight),
                lanes.changes[lane].eq(update.result),
            ]
            tallies.append(update.tally)
        m.d.comb += [
            self.ticks.potentiations.eq(sum(tally.raised for tally in tallies)),
            self.ticks.depressions.eq(sum(tally.lowered for tally in tallies)),
            self.ticks.clips_low.eq(sum(tally.low for tally in tallies)),
            self.ticks.clips_high.eq(sum(tally.high for tally in tallies)),
            self.ticks.drift_clips.eq(sum(tally.drifted for tally in tallies)),
        ]
        if counted is not None:
            with m.If(~counted):
                m.d.comb += self.ticks.eq(0)
        return m

    def _gather(self, m: Module, rule: data.View) -> Value:
        """Have spikes change eligibilities if that is the rule; return whether changes are those of weights."""
        control, (low, high) = self.control, self._config.weight_range
        gathers = has(control.learning, LearningFlag.ELIGIBLE) & ~self.rewarding
        if self._config.errors:
            gathers &= ~has(control.learning, LearningFlag.ERRORS)
        m.d.comb += [rule.gathers.eq(gathers), rule.rewards.eq(self.rewarding), rule.fade.eq(control.fade)]
        with m.If(gathers):
            m.d.comb += [rule.minimum.eq(low), rule.maximum.eq(high), rule.soft.eq(0)]
        return ~gathers
