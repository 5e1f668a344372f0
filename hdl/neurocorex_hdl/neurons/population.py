"""Population: all neurons of a core, from the sums of their synapses and injected currents to spikes and records."""

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.timing import context_stages, slot_stages

from ..lib.bus import RegionBus
from ..lib.delay import stages
from ..registers.counters import ticks_layout
from ..registers.file import Settings
from ..synapses.accumulator import Sums
from .input import Drive, Injection, InjectionMemory
from .noise import Noise
from .pipeline import NeuronPipeline
from .sweep import Phase, Sweeper, slot_layout
from .updated import UpdatedNeuron, record_layout


class Activity(wiring.Signature):
    """Neurons that enter and leave the pipeline, seen from the population.

    Members
    -------
    entering : Out
        The neuron that enters, as `slot_layout` has it.
    stalled : Out(1)
        None enters, because there is no room for a record.
    contested : Out(1)
        Strobe: the last neuron of a contest leaves, which no other member tells of; only with groups.
    leaving : Out(UpdatedNeuron)
        The neuron that leaves, and what the sweep has made of it.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "entering": Out(slot_layout(config)),
            "stalled": Out(1),
            "leaving": Out(UpdatedNeuron(config)),
            **({"contested": Out(1)} if config.groups else {}),
        })  # fmt: skip


class Records(wiring.Signature):
    """Records of neurons, and the places in a queue that are reserved for them, seen from the population.

    Members
    -------
    room : In(1)
        A place can be reserved.
    reserve : Out(1)
        A neuron is sent into the pipeline.
    retire : Out(1)
        A neuron leaves the pipeline.
    push, record : Out
        It leaves a record, see `record_layout`.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "room": In(1),
            "reserve": Out(1),
            "retire": Out(1),
            "push": Out(1),
            "record": Out(record_layout(config)),
        })  # fmt: skip


class Population(wiring.Component):
    """The neurons.

    ::

        phase -> Sweeper -> slot -> NeuronPipeline -> activity, records
                             |            ^
                             |            | drive, forced
                 sums <------+----------> Drive
            injection --> InjectionMemory --^

    With noise it is added to what InjectionMemory has kept.

    Members
    -------
    settings : In(Settings)
        Shared parameters, and how many neurons are in use.
    phase : In(Phase)
        Sweeps.
    injection : In(Injection)
        Graded and forced events.
    sums : Out(Sums)
        Sums of the weights that have arrived at a neuron.
    records : Out(Records)
        Records of spikes and membranes.
    activity : Out(Activity)
        Neurons on their way.
    ticks : Out
        Spikes and saturations, to be counted.
    bus : In(RegionBus)
        Parameters and state of the neurons. Answers after `TARGET_LATENCY` cycles.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "settings": In(Settings(config)),
            "phase": In(Phase()),
            "injection": In(Injection(config)),
            "sums": Out(Sums(config)),
            "records": Out(Records(config)),
            "activity": Out(Activity(config)),
            "ticks": Out(ticks_layout(config)),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Join sweeper, inputs and pipeline."""
        m = Module()
        config, control = self._config, self.settings.control
        m.submodules.sweeper = sweeper = Sweeper(config)
        m.submodules.injections = injections = InjectionMemory(config)
        m.submodules.drive = drive = Drive(config)
        m.submodules.pipeline = pipeline = NeuronPipeline(config)
        wiring.connect(m, wiring.flipped(self.phase), sweeper.phase)
        wiring.connect(m, wiring.flipped(self.injection), injections.injection)
        wiring.connect(m, wiring.flipped(control), pipeline.control)
        wiring.connect(m, wiring.flipped(self.bus), pipeline.bus)
        wiring.connect(m, pipeline.updated, wiring.flipped(self.activity.leaving))
        # With contexts a sum is multiplied on its way: its neuron enters the pipeline a cycle after it was taken. With
        # noise neurons wait for their draws before that.
        waits, late = context_stages(config), slot_stages(config)
        slots = stages(m, sweeper.slot, late, name="slot", reset_less=False)
        taken, slot = slots[late - waits], slots[late]
        m.d.comb += [
            sweeper.extent.eq(self.settings.extent),
            sweeper.room.eq(self.records.room),
            self.sums.take.eq(taken.valid),
            self.sums.index.eq(taken.index),
            drive.input_sum.eq(self.sums.input_sum),
            drive.recurrent_sum.eq(self.sums.recurrent_sum),
            drive.gain_input.eq(control.gain_input),
            drive.gain_recurrent.eq(control.gain_recurrent),
            pipeline.slot.eq(slot),
            pipeline.end.eq(sweeper.end),
            pipeline.cleared.eq(self.phase.cleared),
            pipeline.drive.eq(drive.drive),
            self.activity.entering.eq(taken),
            self.activity.stalled.eq(sweeper.stalled),
            self.records.reserve.eq(sweeper.sent),
            self.records.retire.eq(pipeline.updated.slot.valid),
            self.records.push.eq(pipeline.recorded),
            self.records.record.eq(pipeline.record),
            self.ticks.spikes.eq(pipeline.updated.fired),
            self.ticks.saturations.eq(pipeline.saturated),
        ]
        self._inject(m, injections, drive, pipeline, sweeper, slots)
        if config.errors:
            m.d.comb += pipeline.error_sum.eq(stages(m, self.sums.error_sum, waits, name="error_sum")[-1])
        if config.contexts > 1:
            m.d.comb += drive.context_gain.eq(pipeline.context_gain)
        if config.groups:
            m.d.comb += [
                self.sums.keep.eq(sweeper.contest),
                injections.keep.eq(sweeper.contest),
                self.activity.entering.valid.eq(taken.valid & ~sweeper.contest),
                self.activity.contested.eq(pipeline.contested),
                self.records.reserve.eq(sweeper.sent & ~sweeper.contest),
            ]
        return m

    def _inject(
        self, m: Module, injections: InjectionMemory, drive: Drive, pipeline: NeuronPipeline, sweeper: Sweeper,
        slots: list[data.View],
    ) -> None:  # fmt: skip
        """Bring to a neuron what is injected, and its noise; `slots` are of the stages before it enters."""
        injected = injections.injected
        if not self._config.noise:
            m.d.comb += [
                injections.slot.eq(slots[-1]),
                drive.injected.eq(injected.current),
                pipeline.forced.eq(injected.forced),
            ]
            return
        m.submodules.noise = noise = Noise(self._config)
        # What is injected comes a stage earlier, and waits with the noise.
        m.d.comb += [
            injections.slot.eq(slots[-2]),
            noise.start.eq(sweeper.starts),
            noise.sent.eq(sweeper.sent),
            noise.state.eq(self.settings.control.noise_state),
            noise.size.eq(pipeline.noise),
            noise.injected.eq(injected.current),
            drive.injected.eq(noise.current),
            pipeline.forced.eq(stages(m, injected.forced, 1, name="forced")[1]),
        ]
