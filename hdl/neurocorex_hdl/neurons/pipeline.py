"""All neurons: their memories, and the pipeline that updates one of them in each cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, Control, CoreConfig, Flag, LearningFlag, Region
from neurocorex.spec.registers import GATE_ALL

from ..events.recorder import record_layout
from ..events.sweep import CLEAR_BITS, Sweep, slot_layout
from ..lib.bus import RegionBus
from ..lib.delay import stages
from ..lib.memory import NeuronMemory, RegionPort, has, history_tap, index_bits, packs
from ..lib.slots import holds, neuron_stages
from .equations import AdaptationUpdate, CurrentUpdate, Firing, MembraneUpdate
from .input import drive_shape


class Population(wiring.Component):
    """Neurons in series: each passes the stages below, and a memory is read just in time for the stage that needs it.

    ==========  ==================================================================
    stage       what is there, or happens
    ==========  ==================================================================
    0           the neuron
    3           v, dv, i, di enter their decays, h two stages later
    6           g; i is added up; the linear leak of v
    7, 8        v is added up, and clamped; threshold + h
    9           comparison, forced spikes
    10          reset, refractory count, history
    11          all is written back; record, arrival in the next step
    ==========  ==================================================================

    Reading late costs a number of the neuron per stage, a few bits; reading early would cost the items themselves.

    Members
    -------
    slot : In
        Neuron that enters the pipeline, at stage 0. They come in rising order; `sweep` stays until the last has left.
    end : In
        The last one of the sweep.
    cleared : In
        `Clear` flags of a sweep that clears.
    forced : In(1)
        Whether a neuron fires in any case, at stage 4.
    drive : In
        What comes to a neuron, at stage 6.
    adaptation_step, adaptation_decay : In
        Shared parameters.
    learning, gate : In
        The same, only with a learning engine.
    retired : Out
        Neuron at the last stage.
    fired, saturated : Out(1)
        It fired, or one of its values was clamped, in an update.
    learns : Out(1)
        The synapses onto it learn, if learning is enabled; only with a learning engine.
    history : Out
        When it fired.
    arrives : Out(1)
        Its axon arrives in the next step.
    recorded, record : Out
        A record of it is wanted. The last neuron of an update always has one, which ends the step.
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    """

    LATENCY = 11

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        members = {}
        if config.learning:
            shared = {control.name.lower(): In(control.bits(config)) for control in (Control.LEARNING, Control.GATE)}
            members = {"learns": Out(1), **shared}
        super().__init__({
            "slot": In(slot_layout(config)),
            "end": In(index_bits(config), init=config.neurons - 1),
            "cleared": In(CLEAR_BITS),
            "forced": In(1),
            "drive": In(drive_shape(config)),
            "adaptation_step": In(Control.ADAPTATION_STEP.bits(config)),
            "adaptation_decay": In(Control.ADAPTATION_DECAY.bits(config)),
            "retired": Out(slot_layout(config)),
            "fired": Out(1),
            "saturated": Out(1),
            "history": Out(config.max_delay),
            "arrives": Out(1),
            "recorded": Out(1),
            "record": Out(record_layout(config)),
            "bus": In(RegionBus()),
            **members,
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Place the equations at their stages."""
        m = Module()
        config = self._config
        m.submodules.memory = memory = NeuronMemory(config)
        m.submodules.currents = currents = CurrentUpdate(config)
        m.submodules.membranes = membranes = MembraneUpdate(config)
        m.submodules.firing = firing = Firing(config)
        wiring.connect(m, wiring.flipped(self.bus), memory.bus)
        pipeline = _Pipeline(m, self.slot, memory, config, self.cleared)
        flags = pipeline.read(Region.FLAGS)

        m.d.comb += [
            currents.current.eq(pipeline.read(Region.CURRENT)),
            currents.decay.eq(pipeline.read(Region.CURRENT_DECAY)),
            currents.drive.eq(self.drive),
            membranes.membrane.eq(pipeline.read(Region.MEMBRANE)),
            membranes.decay.eq(pipeline.read(Region.DECAY)),
            membranes.leak.eq(pipeline.read(Region.LEAK)),
            membranes.bias.eq(pipeline.read(Region.BIAS)),
            membranes.current.eq(currents.updated),
            firing.threshold.eq(pipeline.read(Region.THRESHOLD)),
            firing.membrane.eq(membranes.updated),
            firing.refractory.eq(pipeline.read(Region.REFRACTORY_COUNT)),
            firing.forced.eq(stages(m, self.forced, 5, name="forced")[-1]),
            firing.reset.eq(pipeline.read(Region.RESET)),
            firing.hold.eq(has(flags, Flag.REFRACTORY_HOLD)),
            firing.period.eq(pipeline.read(Region.REFRACTORY)),
        ]
        flags = pipeline.late(Region.FLAGS)
        if config.learning:
            m.d.comb += firing.quiet.eq(has(self.learning, LearningFlag.HOLD_FIRING))
            self._learn(m, pipeline, firing, flags)
        pipeline.write(Region.CURRENT, stage=7, value=currents.updated)
        adapted = self._adapt(m, pipeline, firing) if config.adaptation else Const(0, 1)
        clamped = stages(m, currents.clamped, 2, name="current_clamped")[-1] | membranes.clamped
        clamped = stages(m, clamped, 1, name="clamped")[-1] | firing.clamped | adapted
        self._finish(m, pipeline, firing, flags, clamped)
        return m

    def _adapt(self, m: Module, pipeline: "_Pipeline", firing: Firing) -> Value:
        """Build the adaptation of the thresholds; return whether it was clamped, at stage 10."""
        m.submodules.adaptations = adaptations = AdaptationUpdate(self._config)
        m.d.comb += [
            adaptations.adaptation.eq(pipeline.read(Region.ADAPTATION)),
            adaptations.decay.eq(self.adaptation_decay),
            adaptations.step.eq(self.adaptation_step),
            adaptations.fires.eq(firing.fires),
            firing.adaptation.eq(adaptations.shrunk),
        ]
        pipeline.write(Region.ADAPTATION, stage=11, value=stages(m, adaptations.updated, 1, name="adaptation")[-1])
        return adaptations.clamped

    def _learn(self, m: Module, pipeline: "_Pipeline", firing: Firing, flags: Value) -> None:
        """From stage 10 to 11: whether the synapses onto a neuron learn."""
        open_, learns = Signal(), Signal()
        m.d.comb += open_.eq((self.gate == GATE_ALL) | (self.gate == pipeline.indices[10]))
        m.d.sync += learns.eq(open_ & ~has(flags, Flag.PLASTICITY_OFF))
        m.d.comb += self.learns.eq(learns)

    def _finish(self, m: Module, pipeline: "_Pipeline", firing: Firing, flags: Value, clamped: Value) -> None:
        """From stage 10 to 11: what is written back and told to others."""
        config = self._config
        m.d.comb += firing.subtract.eq(has(flags, Flag.RESET_SUBTRACT))
        left, count = Signal.like(firing.left, reset_less=True), Signal.like(firing.count, reset_less=True)
        history, fires = Signal(config.max_delay, reset_less=True), Signal(reset_less=True)
        saturated, record_spike, record_membrane = Signal(), Signal(), Signal()
        before = pipeline.read(Region.HISTORY)
        m.d.sync += [
            left.eq(firing.left),
            count.eq(firing.count),
            history.eq(before),
            fires.eq(firing.fires),
            saturated.eq(clamped),
            record_spike.eq(has(flags, Flag.RECORD_SPIKES) & firing.fires),
            record_membrane.eq(has(flags, Flag.RECORD_MEMBRANE)),
        ]
        with m.If(pipeline.sweep == Sweep.UPDATE):
            m.d.sync += history.eq(Cat(firing.fires, before))
        with m.Elif((pipeline.sweep == Sweep.CLEAR) & has(self.cleared, Clear.STATE)):
            m.d.sync += history.eq(0)
        pipeline.write(Region.MEMBRANE, stage=11, value=left)
        pipeline.write(Region.REFRACTORY_COUNT, stage=11, value=count)
        pipeline.write(Region.HISTORY, stage=11, value=history)

        retired = self.retired
        updated = retired.valid & (pipeline.sweep == Sweep.UPDATE)
        m.d.comb += [
            retired.valid.eq(pipeline.valid[11]),
            retired.index.eq(pipeline.indices[11]),
            retired.last.eq(retired.index == self.end),
            retired.sweep.eq(pipeline.sweep),
            self.fired.eq(updated & fires),
            self.saturated.eq(updated & saturated),
            self.history.eq(history),
            self.arrives.eq(retired.valid & history_tap(history, pipeline.read(Region.DELAY))),
            self.recorded.eq(updated & (record_spike | record_membrane | retired.last)),
            self.record.neuron.eq(retired.index),
            self.record.fired.eq(record_spike),
            self.record.watched.eq(record_membrane),
            self.record.membrane.eq(left),
            self.record.last.eq(retired.last),
        ]


#: Stage at which an item of each region is wanted.
_READ_STAGE = {
    Region.MEMBRANE: 3,
    Region.CURRENT: 3,
    Region.DECAY: 3,
    Region.CURRENT_DECAY: 3,
    Region.ADAPTATION: 5,
    Region.LEAK: 6,
    Region.BIAS: 7,
    Region.THRESHOLD: 8,
    Region.RESET: 9,
    Region.REFRACTORY_COUNT: 9,
    Region.FLAGS: 9,
    Region.REFRACTORY: 10,
    Region.HISTORY: 10,
    Region.DELAY: 11,
}


#: The same where items stay: multipliers have them for two stages, and need no registers before them.
_DECAYING = {Region.MEMBRANE, Region.CURRENT, Region.DECAY, Region.CURRENT_DECAY, Region.ADAPTATION}
_HELD_STAGE = {region: stage + (region in _DECAYING) for region, stage in _READ_STAGE.items()}


class _Pipeline:
    """The neuron at each stage, and the memories that are read and written there."""

    def __init__(self, m: Module, slot: data.View, memory: NeuronMemory, config: CoreConfig, cleared: Value) -> None:
        self._m = m
        self._cleared = cleared
        self._held = holds(config)
        # A sweep has left the pipeline before the next one begins.
        self.sweep = slot.sweep
        self.valid = stages(m, slot.valid, Population.LATENCY, name="valid", reset_less=False)
        self.indices = neuron_stages(m, slot, self.valid, Population.LATENCY, config)
        self._ports = {}
        self._items = {}
        wanted = _HELD_STAGE if self._held else _READ_STAGE
        latency = 1 if self._held else RegionPort.LATENCY
        for pack in packs(config):
            port = getattr(memory, pack[0].name.lower())
            # A word is there for the first of its regions that is wanted; the items of the others wait.
            first = min(wanted[region] for region in pack)
            m.d.comb += [
                port.read.eq(self.valid[first - latency]),
                port.read_index.eq(self.indices[first - latency]),
            ]
            for region in pack:
                self._items[region] = self._wait(port.read_data[region.name.lower()], wanted[region] - first, region)
                self._ports[region] = port

    def read(self, region: Region) -> Value:
        """Item of the neuron at the stage of `_READ_STAGE`."""
        return self._items[region]

    def late(self, region: Region) -> Value:
        """Item of the neuron a stage later."""
        return self._wait(self._items[region], 1, region)

    def _wait(self, item: Value, count: int, region: Region) -> Value:
        """Item some stages after it has been read."""
        waiting = max(0, count - 1) if self._held else count
        return stages(self._m, item, waiting, name=region.name.lower())[-1]

    def write(self, region: Region, *, stage: int, value: Value) -> None:
        """Store an item of the neuron at `stage`, if the sweep updates or clears it."""
        name, port, sweep = region.name.lower(), self._ports[region], self.sweep
        clears = has(self._cleared, Clear.ADAPTATION if region is Region.ADAPTATION else Clear.STATE)
        self._m.d.comb += [
            port.write[name].eq(self.valid[stage] & ((sweep == Sweep.UPDATE) | ((sweep == Sweep.CLEAR) & clears))),
            port.write_index.eq(self.indices[stage]),
            port.write_data[name].eq(Mux(sweep == Sweep.CLEAR, 0, value)),
        ]
