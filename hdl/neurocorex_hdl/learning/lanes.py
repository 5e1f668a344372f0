"""Learning lanes: L synapses change in each cycle, in rows by depression and in columns by potentiation or errors."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, LearningFlag
from neurocorex.spec.rows import has_rule_rows

from ..lib.arithmetic import has, select
from ..lib.delay import stages
from ..registers.control import ControlValues
from ..registers.counters import ticks_layout
from ..registers.rules import mixes, rule_flags, rule_values
from ..synapses.array import Plasticity
from ..synapses.drift import drifts
from ..synapses.matrix import WeightMatrix
from ..synapses.update import SynapseUpdate, rule_layout
from .random import DRAW_BITS, Draws
from .rule import amount_lanes
from .rulerows import rule_lanes
from .scaling import Scaling, chosen_row


class LearningLanes(wiring.Component):
    """A `SynapseUpdate` in each lane, and the draws of stochastic rounding.

    Members
    -------
    control : In(ControlValues)
        Registers, which stay while synapses are in the lanes.
    plasticity : In(Plasticity)
        Synapses, which come at stage `WeightMatrix.latency` and return `SynapseUpdate.latency` later.
    amounts : In
        The change amounts P that come with them, or `change_stages` later.
    rules : In
        Rule rows of these synapses, see `rule_lanes`; only where there are several, or terms. They come with the
        synapses.
    rewarding : In(1)
        Columns are walked for a reward or a fade; only with eligibility.
    scaling : In(Scaling)
        Columns that are scaled; only with scaling.
    ticks : Out
        Potentiations, depressions and clips, to be counted.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "control": In(ControlValues(config)),
            "plasticity": In(Plasticity(config)),
            "amounts": In(amount_lanes(config)),
            **({"rules": In(rule_lanes(config))} if has_rule_rows(config) else {}),
            "ticks": Out(ticks_layout(config)),
            **({"rewarding": In(1)} if config.eligibility else {}),
            **({"scaling": In(Scaling())} if config.scaling else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the lanes, and count the changes."""
        m = Module()
        control, piece, lanes = self.control, self.plasticity.reading.piece, self.plasticity.lanes
        learning = has(control.learning, LearningFlag.ENABLE)
        m.submodules.draws = draws = Draws(self._config)
        latency = WeightMatrix.latency(self._config)
        if mixes(self._config):
            reading = self.plasticity.reading
            by_errors = select(rule_flags(control, LearningFlag.ERRORS, self._config), piece.rule)
            learning &= ~piece.place.column | Mux(by_errors, reading.erred, reading.fired)
        elif self._config.errors:
            # Spikes change nothing then, and the list of columns has no neurons that fired.
            learning &= piece.place.column | ~has(control.learning, LearningFlag.ERRORS)
        scales: Value = Const(0, 1)
        if self._config.scaling:
            scales = self.scaling.active
            learning &= ~scales | (~self.scaling.adding & chosen_row(control, piece, self._config))
        enable = stages(m, piece.valid & learning, latency, name="enable", reset_less=False)[-1]
        rule = Signal(rule_layout(self._config))
        m.d.comb += [
            draws.piece.eq(piece),
            draws.random.eq(control.random[DRAW_BITS:]),
            rule.minimum.eq(Cat(rule_values(control, "weight_min", self._config))),
            rule.maximum.eq(Cat(rule_values(control, "weight_max", self._config))),
            rule.stochastic.eq(has(control.learning, LearningFlag.STOCHASTIC)),
            rule.soft.eq(Cat(flag & ~scales for flag in rule_flags(control, LearningFlag.SOFT, self._config))),
        ]
        if drifts(self._config):
            step = control.drift_step
            m.d.comb += [rule.drift.eq(lanes.drift), rule.down.eq(step < 0), rule.up.eq(step > 0)]
        if self._config.scaling:
            m.d.comb += rule.nearest.eq(scales)
        if self._config.eligibility:
            self._gather(m, rule, scales)
        tallies = []
        for lane in range(self._config.lanes):
            m.submodules[f"lane_{lane}"] = update = SynapseUpdate(self._config)
            m.d.comb += [
                update.rule.eq(rule),
                update.enable.eq(enable & self.rules[lane].acts if has_rule_rows(self._config) else enable),
                update.synapse.eq(lanes.synapses[lane]),
                update.amount.eq(self.amounts[lane]),
                update.draw.eq(draws.draws[lane]),
                update.host.eq(lanes.host),
                update.host_weight.eq(lanes.host_weight),
                lanes.changes[lane].eq(update.result),
            ]
            if self._config.rules > 1:
                m.d.comb += update.row.eq(self.rules[lane].row)
            tallies.append(update.tally)
        m.d.comb += [
            self.ticks.potentiations.eq(sum(tally.raised for tally in tallies)),
            self.ticks.depressions.eq(sum(tally.lowered for tally in tallies)),
            self.ticks.clips_low.eq(sum(tally.low for tally in tallies)),
            self.ticks.clips_high.eq(sum(tally.high for tally in tallies)),
            self.ticks.drift_clips.eq(sum(tally.drifted for tally in tallies)),
        ]
        return m

    def _gather(self, m: Module, rule: data.View, scales: Value) -> None:
        """Have spikes change eligibilities where that is the rule: with the bounds of their range, and not softly."""
        control, config = self.control, self._config
        low, high = config.weight_range
        m.d.comb += [rule.rewards.eq(self.rewarding), rule.fade.eq(control.fade)]
        for row, by_errors in enumerate(rule_flags(control, LearningFlag.ERRORS, config)):
            gathers, minimum, maximum, soft = (
                each[row] if config.rules > 1 else each
                for each in (rule.gathers, rule.minimum, rule.maximum, rule.soft)
            )
            by_spikes = ~(by_errors & config.errors)
            m.d.comb += gathers.eq(has(control.learning, LearningFlag.ELIGIBLE) & ~self.rewarding & ~scales & by_spikes)
            with m.If(gathers):
                m.d.comb += [minimum.eq(low), maximum.eq(high), soft.eq(0)]
