"""Neuron pipeline: places the equations at their stages and brings them parameters and state, a neuron a cycle."""

from typing import ClassVar

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, CoreConfig, Flag, LearningFlag, Region
from neurocorex.spec.registers import GATE_ALL
from neurocorex.spec.rows import judges

from ..lib.arithmetic import has, select
from ..lib.bus import RegionBus, fan_out
from ..lib.delay import stages
from ..registers.control import ControlValues
from ..registers.extent import neuron_bits
from ..registers.region import region_shape
from ..registers.rules import mixes, rule_flags, rules_layout
from ..synapses.accumulator import sum_shape
from .equations import AdaptationUpdate, CurrentUpdate, Firing, MembraneUpdate, fired_before
from .errors import ErrorUpdate
from .groups import Groups
from .input import drive_shape
from .items import StagedItems
from .judge import add_judge
from .noise import SIZE_STAGE
from .parameters import NeuronMemory
from .scaled import called_to_scale
from .sweep import Sweep, slot_layout
from .tallies import add_tallies
from .updated import UpdatedNeuron, record_layout


class NeuronPipeline(wiring.Component):
    """Neurons in series: each passes the stages below, and a memory is read just in time for the stage that needs it.

    ==========  ==================================================================
    stage       operation
    ==========  ==================================================================
    0           the neuron
    3           v, dv, i, di enter their decays, h two stages later; with contexts: the gain
    3, 4        with groups and errors: the judgement
    5           the error is added up
    6           g; i is added up; the linear leak of v
    7, 8        v is added up, and clamped; threshold + h
    9           comparison, forced spikes
    10          reset, refractory count, history, tallies; with groups: the first to fire, the only one to fire
    11          all is written back; record, arrival in the next step
    ==========  ==================================================================

    Reading late costs a number of the neuron per stage, a few bits; reading early would cost the items themselves.

    Members
    -------
    slot : In
        Neuron that enters the pipeline, at stage 0. They come in rising order; `sweep` stays until the last has left.
    end : In
        The last one of the sweep.
    cleared : In(Clear)
        What a sweep that clears sets to zero.
    forced : In(1)
        The neuron fires in any case; at stage 4.
    drive : In
        Sum of all that arrives at a neuron, at stage 6.
    context_gain : Out
        Gain of what arrives at it from neurons, at stage 3; only with contexts.
    noise : Out
        Size of its noise, at `noise.SIZE_STAGE`; only with noise.
    error_sum : In
        Sum of the errors that arrive at it, at stage 5; only with errors.
    control : In(ControlValues)
        Shared parameters.
    updated : Out(UpdatedNeuron)
        Neuron at the last stage.
    saturated : Out(1)
        One of its values was clamped, in an update.
    contested : Out(1)
        Strobe: the last neuron of a contest is at the last stage; only with groups. `updated` tells of none of them.
    recorded, record : Out
        A record of it is wanted. The last neuron of an update always has one, which ends the step.
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    """

    LATENCY = 11
    #: Stages at which the equations begin.
    CURRENT_STAGE = MEMBRANE_STAGE = 3
    ADAPTATION_STAGE = ERROR_STAGE = 5
    FIRING_STAGE = 8
    #: What the pipeline itself reads, at its end.
    READS: ClassVar = {Region.FLAGS: 9, Region.GROUP: 9, Region.HISTORY: 10, Region.DELAY: 11}

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "slot": In(slot_layout(config)),
            "end": In(neuron_bits(config), init=config.neurons - 1),
            "cleared": In(Clear),
            "forced": In(1),
            "drive": In(drive_shape(config)),
            **({"context_gain": Out(region_shape(Region.CONTEXT_GAIN, config))} if config.contexts > 1 else {}),
            **({"noise": Out(region_shape(Region.NOISE, config))} if config.noise else {}),
            **({"error_sum": In(sum_shape(config))} if config.errors else {}),
            "control": In(ControlValues(config)),
            "updated": Out(UpdatedNeuron(config)),
            "saturated": Out(1),
            **({"contested": Out(1)} if config.groups else {}),
            "recorded": Out(1),
            "record": Out(record_layout(config)),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Place the equations at their stages."""
        m, config = Module(), self._config
        m.submodules.memory = memory = NeuronMemory(config)
        m.submodules.currents = currents = CurrentUpdate(config)
        m.submodules.membranes = membranes = MembraneUpdate(config)
        m.submodules.firing = firing = Firing(config)
        placed = [(currents, self.CURRENT_STAGE), (membranes, self.MEMBRANE_STAGE), (firing, self.FIRING_STAGE)]
        if config.adaptation:
            m.submodules.adaptations = adaptations = AdaptationUpdate(config)
            placed.append((adaptations, self.ADAPTATION_STAGE))
        if config.errors:
            m.submodules.errors = errors = ErrorUpdate(config)
            placed.append((errors, self.ERROR_STAGE - judges(config)))
        wanted = {region: start + stage for unit, start in placed for region, stage in unit.reads(config).items()}
        wanted |= self.READS | ({Region.RULE: 10} if config.rules > 1 else {})
        wanted |= {Region.CONTEXT_GAIN: 3} if config.contexts > 1 else {}
        wanted |= {Region.NOISE: SIZE_STAGE} if config.noise else {}
        wanted |= {Region.COUNT: 10, Region.FIRST_STEP: 10} if config.tallies else {}
        context = self.control.context if config.contexts > 1 else Const(0, 0)
        items = StagedItems(m, self.slot, memory, wanted, self.LATENCY, config, context)
        handed = [region for region in (Region.CONTEXT_GAIN, Region.NOISE) if region in wanted]
        m.d.comb += [getattr(self, region.name.lower()).eq(items.read(region)) for region in handed]
        for unit, _ in placed:
            m.d.comb += [getattr(unit, region.name.lower()).eq(items.read(region)) for region in unit.reads(config)]

        forced = stages(m, self.forced, 5, name="forced")[-1]
        m.d.comb += [
            currents.drive.eq(self.drive),
            membranes.current.eq(currents.updated),
            firing.membrane.eq(membranes.updated),
            firing.forced.eq(forced),
            firing.hold.eq(has(items.read(Region.FLAGS), Flag.REFRACTORY_HOLD)),
        ]
        items.write(Region.CURRENT, 7, currents.updated, has(self.cleared, Clear.STATE))
        adapted = self._adapt(m, items, adaptations, firing) if config.adaptation else Const(0, 1)
        quiet = has(self.control.learning, LearningFlag.HOLD_FIRING) if config.learning else Const(0, 1)
        buses = [memory.bus]
        if config.groups:
            m.submodules.groups = groups = Groups(config)
            self._group(m, items, firing, forced, groups)
            buses.append(groups.bus)
            quiet = quiet | groups.silent
        if config.tallies:
            buses.append(add_tallies(m, config, self.slot, self.end, self.cleared, items, firing.fires).bus)
        if judges(config):
            judge = add_judge(m, config, self.control, items, groups)
            m.d.comb += errors.judgement.eq(judge.change)
            if config.adaptation:
                m.d.comb += adaptations.raised.eq(judge.raised)
        fan_out(m, self.bus, buses)
        m.d.comb += firing.quiet.eq(quiet)
        early = stages(m, currents.clamped, 2, name="current_clamped")[-1] | membranes.clamped
        clamped = stages(m, early, 1, name="clamped")[-1] | firing.clamped | adapted
        flags = items.late(Region.FLAGS)
        if config.errors:
            clamped = clamped | self._err(m, items, errors, flags)
        if config.learning:
            self._learn(m, items, flags)
        self._finish(m, items, firing, flags, clamped)
        return m

    def _adapt(self, m: Module, items: StagedItems, adaptations: AdaptationUpdate, firing: Firing) -> Value:
        """Join adaptation and threshold; return whether the adaptation was clamped, at stage 10."""
        m.d.comb += [
            adaptations.decay.eq(self.control.adaptation_decay),
            adaptations.step.eq(self.control.adaptation_step),
            adaptations.fires.eq(firing.fires),
            firing.adaptation.eq(adaptations.shrunk),
        ]
        updated = stages(m, adaptations.updated, 1, name="adaptation")[-1]
        items.write(Region.ADAPTATION, 11, updated, has(self.cleared, Clear.ADAPTATION))
        return adaptations.clamped

    def _learn(self, m: Module, items: StagedItems, flags: Value) -> None:
        """From stage 10 to 11: whether the synapses onto a neuron learn."""
        gate, open_, learns = self.control.gate, Signal(), Signal()
        m.d.comb += open_.eq((gate == GATE_ALL) | (gate == items.indices[10]))
        m.d.sync += learns.eq(open_ & ~has(flags, Flag.PLASTICITY_OFF))
        m.d.comb += self.updated.learns.eq(learns)
        if self._config.scaling:
            m.d.comb += self.updated.scales.eq(called_to_scale(m, items, self.control, self._config))
        if self._config.rules > 1:
            self._choose(m, data.View(rules_layout(self._config), items.read(Region.RULE)))

    def _choose(self, m: Module, rules: data.View) -> None:
        """From stage 10 to 11: the rule rows of the synapses onto a neuron, and what they go by."""
        m.d.comb += self.updated.rules.eq(stages(m, rules, 1, name="rules")[1])
        if mixes(self._config):
            errors = rule_flags(self.control, LearningFlag.ERRORS, self._config)
            both = Cat(select(errors, rule) for rule in (rules.inputs, rules.others))
            m.d.comb += [
                self.updated.by_spikes.eq(stages(m, ~both.all(), 1, name="by_spikes")[1]),
                self.updated.by_errors.eq(stages(m, both.any(), 1, name="by_errors")[1]),
            ]

    def _err(self, m: Module, items: StagedItems, errors: ErrorUpdate, flags: Value) -> Value:
        """From stage 5 to 11: the error, and whether it calls for changes; return whether it was clamped, at stage 10.

        Changes follow the step, so the error may be forgotten as soon as it has been passed on.
        """
        m.d.comb += [errors.error_sum.eq(self.error_sum), errors.deadband.eq(self.control.deadband)]
        begun, slot = self.ERROR_STAGE + 1, self.updated.slot
        kept = Mux(self.control.learn, 0, errors.updated)
        items.write(Region.ERROR, begun, kept, has(self.cleared, Clear.ERRORS))
        counts = stages(m, errors.counts, self.LATENCY - begun, name="counts")[-1]
        always = stages(m, has(flags, Flag.ERROR_ALWAYS), 1, name="error_always")[-1]
        read = self.FIRING_STAGE + Firing.READS[Region.THRESHOLD]
        threshold = stages(m, items.read(Region.THRESHOLD), self.LATENCY - read, name="threshold")[-1]
        membrane = self.record.membrane
        near = (membrane < threshold) & (membrane + threshold > 0)
        m.d.comb += [
            self.updated.error.eq(stages(m, errors.updated, self.LATENCY - begun, name="error")[-1]),
            self.updated.errs.eq(slot.valid & (slot.sweep == Sweep.UPDATE) & counts & (always | near)),
        ]
        return stages(m, errors.clamped, self.LATENCY - 1 - begun, name="error_clamped")[-1]

    def _group(self, m: Module, items: StagedItems, firing: Firing, forced: Value, groups: Groups) -> None:
        """From stage 0 to 10: what groups do to a neuron, and which is the first to fire."""
        wiring.connect(m, wiring.flipped(self.control), groups.control)
        m.d.comb += [
            groups.slot.eq(self.slot),
            groups.cleared.eq(self.cleared),
            groups.passing.eq(items.valid[9]),
            groups.group.eq(items.read(Region.GROUP)),
            groups.forced.eq(forced),
            groups.fires.eq(items.valid[10] & firing.fires),
            groups.number.eq(items.indices[10]),
            groups.excess.eq(firing.excess),
            firing.loses.eq(groups.loses),
        ]

    def _finish(self, m: Module, items: StagedItems, firing: Firing, flags: Value, clamped: Value) -> None:
        """From stage 10 to 11: state, spike, arrival and record of the neuron."""
        config = self._config
        m.d.comb += firing.subtract.eq(has(flags, Flag.RESET_SUBTRACT))
        left, count = Signal.like(firing.left, reset_less=True), Signal.like(firing.count, reset_less=True)
        history, fires = Signal(config.max_delay, reset_less=True), Signal(reset_less=True)
        saturated, record_spike, record_membrane = Signal(), Signal(), Signal()
        before = items.read(Region.HISTORY)
        m.d.sync += [
            left.eq(firing.left),
            count.eq(firing.count),
            history.eq(before),
            fires.eq(firing.fires),
            saturated.eq(clamped),
            record_spike.eq(has(flags, Flag.RECORD_SPIKES) & firing.fires),
            record_membrane.eq(has(flags, Flag.RECORD_MEMBRANE)),
        ]
        # A sweep has left the pipeline before the next one begins.
        sweep, cleared = self.slot.sweep, has(self.cleared, Clear.STATE)
        with m.If(sweep == Sweep.UPDATE):
            m.d.sync += history.eq(Cat(firing.fires, before))
        with m.Elif((sweep == Sweep.CLEAR) & cleared):
            m.d.sync += history.eq(0)
        for region, value in ((Region.MEMBRANE, left), (Region.REFRACTORY_COUNT, count), (Region.HISTORY, history)):
            items.write(region, 11, value, cleared)

        updated, slot, record = self.updated, self.updated.slot, self.record
        in_update = slot.valid & (sweep == Sweep.UPDATE)
        leaves: Value = items.valid[11]
        if config.groups:
            contest = sweep == Sweep.CONTEST
            m.d.comb += self.contested.eq(leaves & contest & (slot.index == self.end))
            leaves = leaves & ~contest
        m.d.comb += [
            slot.valid.eq(leaves),
            slot.index.eq(items.indices[11]),
            slot.last.eq(slot.index == self.end),
            slot.sweep.eq(sweep),
            updated.fired.eq(in_update & fires),
            self.saturated.eq(in_update & saturated),
            updated.history.eq(history),
            updated.arrives.eq(slot.valid & fired_before(history, items.read(Region.DELAY))),
            self.recorded.eq(in_update & (record_spike | record_membrane | slot.last)),
            record.neuron.eq(slot.index),
            record.fired.eq(record_spike),
            record.watched.eq(record_membrane),
            record.membrane.eq(left),
            record.last.eq(slot.last),
        ]
