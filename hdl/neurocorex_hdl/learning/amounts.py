"""Change amounts: P of docs/model.md for each synapse that is read, from the traces of its axon or neuron."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, CoreConfig, Learning, LearningFlag
from neurocorex.spec.fixed import Place
from neurocorex.spec.rows import has_rule_rows, has_rules
from neurocorex.spec.timing import change_stages

from ..lib.arithmetic import has
from ..lib.bus import RegionBus
from ..lib.delay import stages
from ..neurons.population import Activity
from ..neurons.sweep import Phase, Sweep
from ..registers.counters import ticks_layout
from ..registers.file import Settings
from ..synapses.access import column_members
from ..synapses.array import Reading
from ..synapses.axons import AxonKind
from ..synapses.matrix import WeightMatrix
from .held import held_members
from .random import reverse
from .rates import ModulatedRates
from .rule import (
    CauseBlocks,
    ErrorRate,
    LaneChange,
    Modulation,
    TableChange,
    amount_lanes,
    cause_lanes,
)
from .rulerows import RuleRowChange, kept_layout, rule_lanes
from .store import TraceStore, TraceSweeper, is_extra, outer_after, outer_code, outer_entries, outer_index
from .traceaccess import serve


class ChangeAmounts(wiring.Component):
    """Three stores of traces: of input and extra axons (`outer`), recurrent axons (`inner`), and neurons (`post`).

    They are updated side by side, one trace of each in a cycle, and so are the changes that follow from them. When a
    row or column is read, its changes are read with it, L at a time. A sweep that is no update leaves the traces, and
    finds the changes anew, in case something that they depend on has been written.

    Members
    -------
    settings : In(Settings)
        Time constants, rates, modulation; the last axon in use.
    phase, activity : In(Phase), In(Activity)
        The sweep of the neurons, which neurons fire, and whether their synapses learn.
    reading : In(Reading)
        Axons that arrive, and synapses that are wanted, at stage 0.
    running : Out(1)
        Traces of axons are still being updated.
    amounts : Out
        P of each synapse, at stage ``due(config)``.
    rules : Out
        Rule rows of these synapses, see `rule_lanes`, at stage `WeightMatrix.latency`; only where there are several, or
        terms.
    held, factor, multiplies, scales : In
        What synapses hold, at stage `WeightMatrix.latency`, its factor, and whether their product is P, see
        `held_members`.
    ticks : Out
        Traces at their caps, to be counted.
    bus : In(RegionBus)
        Traces and tables. Answers after `TARGET_LATENCY` cycles. Strobes come at least a cycle later than the address.
    """

    @staticmethod
    def due(config: CoreConfig) -> int:
        """Cycles from a piece to its changes."""
        return WeightMatrix.latency(config) + change_stages(config)

    @classmethod
    def _caused(cls, config: CoreConfig) -> int:
        """Cycles from a piece to what its changes follow from."""
        if config.learning is Learning.WINDOW:
            return WeightMatrix.latency(config)
        return RuleRowChange.ready(config) if has_rule_rows(config) else cls.due(config) - LaneChange.latency(config)

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "settings": In(Settings(config)),
            "phase": In(Phase()),
            "activity": In(Activity(config)),
            "reading": In(Reading(config)),
            "running": Out(1),
            "amounts": Out(amount_lanes(config)),
            **({"rules": Out(rule_lanes(config))} if has_rule_rows(config) else {}),
            "ticks": Out(ticks_layout(config)),
            "bus": In(RegionBus()),
            **held_members(config),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the stores; their inputs and outputs follow."""
        m = Module()
        config, phase = self._config, self.phase
        neurons = config.neurons
        step, clearing, last_input = Signal(), Signal(), Signal.like(self.settings.extent.last_input)
        m.d.comb += last_input.eq(Mux(clearing, config.inputs - 1, self.settings.extent.last_input))
        counts = {"after": lambda index: index + 1}
        inner = TraceStore(config, neurons, marked=True, **counts, code=lambda index: reverse(index) ^ Place.RECURRENT)
        post = TraceStore(config, neurons, marked=False, **counts, code=lambda index: reverse(index) ^ Place.NEURON)
        outer = TraceStore(
            config,
            outer_entries(config),
            marked=True,
            after=lambda index: outer_after(index, last_input, config),
            code=lambda index: outer_code(index, config),
            other=(lambda index: is_extra(index, config)) if has_rules(config) and config.extra_axons else None,
        )
        m.submodules.outer, m.submodules.inner, m.submodules.post = outer, inner, post
        with m.If(phase.start):
            m.d.sync += [step.eq(phase.sweep == Sweep.UPDATE), clearing.eq(phase.sweep == Sweep.CLEAR)]
        clear = clearing & has(phase.cleared, Clear.TRACES)
        for store in (outer, inner, post):
            m.d.comb += [
                store.start.eq(phase.start),
                store.step.eq(step),
                store.clear.eq(clear),
                store.random.eq(self.settings.control.random),
            ]
        self._govern(m, outer, inner, post)
        self._feed(m, last_input, outer, inner, post)
        causes = {
            "outer": self._keep(m, "outer", outer, config.input_blocks + config.extra_blocks),
            "inner": self._keep(m, "inner", inner, config.neuron_blocks),
            "post": self._keep(m, "post", post, config.neuron_blocks),
        }
        if config.learning is Learning.EXPONENTIAL:
            m.d.comb += self.ticks.full_traces.eq(outer.full + inner.full + post.full)
        serve(m, self.bus, {"outer": outer, "inner": inner, "post": post}, config)
        self._select(m, causes)
        return m

    def _govern(self, m: Module, outer: TraceStore, inner: TraceStore, post: TraceStore) -> None:
        """Give each store the control registers of its traces: with several rules, two of axons."""
        control, config = self.settings.control, self._config
        others = "_others" if has_rules(config) else ""
        laws = [(outer.law, "pre", ""), (inner.law, "pre", others), (post.law, "post", "")]
        if others and config.extra_axons:
            laws.append((outer.other_law, "pre", others))
        for law, side, kind in laws:
            m.d.comb += law.nearest.eq(has(control.learning, LearningFlag[f"NEAREST_{side.upper()}"]))
            for name in ("decay", "increment", "cap"):
                m.d.comb += getattr(law, name).eq(getattr(control, f"{side}_{name}{kind}"))

    def _feed(self, m: Module, last_input: Value, outer: TraceStore, inner: TraceStore, post: TraceStore) -> None:
        """Send traces into the pipelines, with the spikes of this step."""
        reading, entering, leaving = self.reading, self.activity.entering, self.activity.leaving
        m.submodules.sweeper = sweeper = TraceSweeper(self._config, outer_entries(self._config))
        # An arrival comes from a memory, and traces are not updated soon after it.
        arrives = stages(m, reading.arrives, 1, name="arrives", reset_less=False)[1]
        arrival = stages(m, reading.axon, 1, name="arrival")[1]
        recurrent = arrival.kind == AxonKind.RECURRENT
        m.d.comb += [
            sweeper.start.eq(self.phase.start),
            sweeper.last_input.eq(last_input),
            sweeper.stalled.eq(self.activity.stalled),
            self.running.eq(sweeper.running),
            outer.slot.eq(sweeper.slot),
            outer.mark.eq(arrives & ~recurrent),
            outer.mark_index.eq(outer_index(arrival, self._config)),
            inner.mark.eq(arrives & recurrent),
            inner.mark_index.eq(arrival.index),
            post.spike.eq(stages(m, leaving.fired, TraceStore.read_stage(self._config), name="fired")[-1]),
        ]
        for store, slot in ((inner, entering), (post, leaving.slot)):
            m.d.comb += [store.slot.valid.eq(slot.valid), store.slot.index.eq(slot.index)]

    def _keep(self, m: Module, name: str, store: TraceStore, blocks: int) -> CauseBlocks:
        """Keep the traces of a store, or the changes that a table gives for them, where rows and columns read them."""
        config = self._config
        # A 7-series part with 50 block RAMs has room for one of the three, and LUTs for the other two.
        shape = kept_layout(config) if name == "post" and has_rule_rows(config) else None
        m.submodules[f"{name}_blocks"] = kept = CauseBlocks(config, blocks, block_ram=name == "post", shape=shape)
        cause, latency = store.trace, 0
        if config.learning is Learning.WINDOW:
            m.submodules[f"{name}_table"] = table = TableChange(config)
            m.d.comb += [table.trace.eq(store.trace), table.modulation.eq(self.settings.control.modulation)]
            cause, latency = table.change, TableChange.latency(config)
        slot = stages(m, store.updated, latency, name=f"{name}_updated", reset_less=False)[-1]
        m.d.comb += [
            kept.write.eq(slot.valid),
            kept.write_index.eq(slot.index),
            kept.write_data.eq(cause),
        ]
        if name == "post":
            leaving, late = self.activity.leaving, TraceStore.updated_stage(config) + latency
            learns = stages(m, leaving.learns, late, name="learns")[-1]
            if shape is None:
                # Synapses onto a neuron that does not learn change by nothing.
                m.d.comb += kept.write_data.eq(Mux(learns, cause, 0))
                return kept
            rules = stages(m, leaving.rules, late, name="rules")[-1] if config.rules > 1 else Const(0, 0)
            m.d.comb += kept.write_data.eq(Cat(cause, learns, rules))
        return kept

    def _select(self, m: Module, blocks: dict[str, CauseBlocks]) -> None:
        """Read the causes of a piece, those of neurons for a row, those of axons for a column; find the changes."""
        config = self._config
        last = self._caused(config) - 1
        pieces = stages(m, self.reading.piece, last, name="piece")
        wanted, there = pieces[last - 1 : last + 1]
        skipped = Mux(wanted.kind == AxonKind.EXTRA, config.input_blocks, 0)
        m.d.comb += [
            blocks["outer"].block.eq(wanted.block + skipped),
            blocks["inner"].block.eq(wanted.block),
            blocks["post"].block.eq(wanted.block),
        ]
        neurons = blocks["post"].causes
        axons = Mux(there.kind == AxonKind.RECURRENT, *(blocks[name].causes.as_value() for name in ("inner", "outer")))
        chosen = Signal(cause_lanes(config), reset_less=True)
        if has_rule_rows(config):
            self._change_by_rows(m, Cat(each.mark for each in neurons), chosen)
            neurons = Cat(each.trace for each in neurons)
        m.d.sync += chosen.eq(Mux(there.place.column, axons, Value.cast(neurons)))
        if config.learning is Learning.WINDOW:
            m.d.comb += [self.amounts[lane].floor.eq(chosen[lane]) for lane in range(config.lanes)]
            return
        if not has_rule_rows(config):
            self._change_alike(m, chosen)

    def _change_alike(self, m: Module, traces: data.View) -> None:
        """Find the changes where one rule holds for all synapses."""
        config = self._config
        m.submodules.lanes = lanes = LaneChange(config)
        m.submodules.modulation = modulation = Modulation(config)
        # One multiplier modulates both rates, since rows and columns do not come together.
        control = self.settings.control
        rate = Signal.like(control.potentiation, reset_less=True)
        m.d.sync += rate.eq(Mux(self.phase.rows, control.depression, control.potentiation))
        m.d.comb += [
            modulation.value.eq(rate),
            modulation.modulation.eq(control.modulation),
            lanes.traces.eq(traces),
            lanes.rate.eq(self._by_error(m, modulation.modulated) if config.errors else modulation.modulated),
            self.amounts.eq(lanes.amounts),
        ]
        self._multiply(m, lanes)

    def _change_by_rows(self, m: Module, marks: Value, traces: data.View) -> None:
        """Find the changes where each synapse has a rule row, or there are terms."""
        control, reading, config = self.settings.control, self.reading, self._config
        m.submodules.rates = rates = ModulatedRates(config)
        m.submodules.changes = changes = RuleRowChange(config)
        wiring.connect(m, wiring.flipped(self.settings.scan), rates.scan)
        wiring.connect(m, wiring.flipped(control), changes.control)
        m.d.comb += [
            rates.modulation.eq(control.modulation),
            changes.rates.eq(rates.rates),
            changes.piece.eq(reading.piece),
            *(getattr(changes, name).eq(getattr(reading, name)) for name in column_members(config)),
            changes.marks.eq(marks),
            changes.traces.eq(traces),
            self.rules.eq(changes.rules),
            self.amounts.eq(changes.amounts),
        ]
        self._multiply(m, changes)

    def _multiply(self, m: Module, changes: LaneChange | RuleRowChange) -> None:
        """Tell what finds the changes of what synapses hold, and of its factor."""
        m.d.comb += [getattr(changes, name).eq(getattr(self, name)) for name in held_members(self._config)]

    def _by_error(self, m: Module, rate: Value) -> Value:
        """Multiply the rate by the error of a column if errors are the rule; return it when its synapses need it."""
        m.submodules.error_rate = error_rate = ErrorRate(self._config)
        waiting = self.due(self._config) - LaneChange.latency(self._config) - ErrorRate.LATENCY
        m.d.comb += [
            error_rate.rate.eq(rate),
            error_rate.teaches.eq(has(self.settings.control.learning, LearningFlag.ERRORS)),
            error_rate.error.eq(stages(m, self.reading.error, waiting, name="error")[-1]),
        ]
        return error_rate.scaled
