"""The core: spikes in, spikes out, and a bus to everything that it remembers."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, CoreConfig, Counter, LearningFlag

from .events.arrivals import ArrivalList, IndexList
from .events.decoder import StimulusDecoder
from .events.extra_axons import ExtraAxons
from .events.recorder import Recorder, RecordQueue
from .events.sequencer import Sequencer
from .events.sweep import CLEAR_BITS, Sweeper
from .learning.engine import Tracing
from .learning.lanes import LearningLanes
from .lib.bus import RegionBus
from .lib.delay import stages
from .lib.memory import REQUEST, fan_out, has
from .neurons.input import Drive, Injection
from .neurons.pipeline import Population
from .registers.control import ControlRegisters
from .registers.counters import Counters
from .registers.extent import Extent, in_use
from .synapses.array import SynapseArray


class Core(wiring.Component):
    """One network of leaky integrate-and-fire neurons, as docs/model.md defines it.

    Members
    -------
    stimulus : In(stream)
        Bytes of RUN requests, as `neurocorex.spec.events` defines them.
    results : Out(stream)
        Bytes of the responses. If nobody takes them the core waits; nothing is lost.
    flush : In(1)
        Level: the RUN request has been taken to its last byte. Silent steps that are held back are sent.
    busy : Out(1)
        There is something to do or to be taken. Low if nothing but the rest of an open step, or of a code, is missing.
    step_open : Out(1)
        A step has begun and not ended; means something while not `busy`.
    abort : In(1)
        Level: stimulus is thrown away, the step at hand comes to its end and is the last one, silent steps are sent.
    clear : In
        Strobes while not `busy`, which is high until that is done: a bit for each of the `Clear` flags.
    frame_good, frame_bad : In(1)
        Strobes to be counted.
    bus : In(RegionBus)
        Access to all regions but INFO, only while not `busy` and no step is open.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        super().__init__({
            "stimulus": In(stream.Signature(8)),
            "results": Out(stream.Signature(8)),
            "flush": In(1),
            "busy": Out(1),
            "step_open": Out(1),
            "abort": In(1),
            "clear": In(CLEAR_BITS),
            "frame_good": In(1),
            "frame_bad": In(1),
            "bus": In(RegionBus()),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the components; what they have to do with each other follows by subject."""
        m = Module()
        config = self.config
        m.submodules.decoder = StimulusDecoder(config)
        m.submodules.sequencer = Sequencer(config)
        m.submodules.arrivals = ArrivalList(config)
        m.submodules.sweeper = Sweeper(config)
        m.submodules.synapses = SynapseArray(config)
        m.submodules.injection = Injection(config)
        m.submodules.drive = Drive(config)
        m.submodules.control = ControlRegisters(config)
        m.submodules.extent = Extent(config)
        m.submodules.population = Population(config)
        m.submodules.queue = RecordQueue(config)
        m.submodules.recorder = Recorder(config)
        m.submodules.counters = Counters(config)
        if config.extra_axons:
            m.submodules.extra = ExtraAxons(config)
            self._join_extra(m)
        if config.learning:
            m.submodules.fired = IndexList(config.neurons)
            m.submodules.tracing = Tracing(config)
            m.submodules.lanes = LearningLanes(config)
            self._join_learning(m)
            self._join_traces(m)
            self._join_lanes(m)
        self._join_stimulus(m)
        self._join_neurons(m)
        self._join_results(m)
        self._join_counters(m)
        self._join_bus(m)
        return m

    def _join_stimulus(self, m: Module) -> None:
        """Stimulus to rows, injected currents and sweeps; and the arrivals that the step before has left."""
        parts = m.submodules
        decoder, sequencer, arrivals, injection = parts.decoder, parts.sequencer, parts.arrivals, parts.injection
        wiring.connect(m, wiring.flipped(self.stimulus), decoder.bytes)
        wiring.connect(m, decoder.items, sequencer.items)
        wiring.connect(m, sequencer.rows, parts.synapses.rows)
        m.d.comb += [
            decoder.abort.eq(self.abort),
            decoder.last_input.eq(parts.extent.extent.last_input),
            decoder.last_neuron.eq(parts.extent.extent.last_neuron),
            parts.synapses.extent.eq(parts.extent.extent),
            parts.sweeper.last_neuron.eq(parts.extent.extent.last_neuron),
            sequencer.arrival.eq(arrivals.axon),
            sequencer.arrival_pending.eq(arrivals.pending),
            arrivals.pop.eq(sequencer.arrival_taken),
            injection.write.eq(sequencer.inject),
            injection.write_index.eq(sequencer.inject_index),
            injection.write_data.current.eq(sequencer.inject_value),
            injection.write_data.forced.eq(sequencer.force),
            parts.control.set.eq(sequencer.set),
            parts.control.set_register.eq(sequencer.set_register),
            parts.control.set_value.eq(sequencer.set_value),
            parts.sweeper.start.eq(sequencer.start),
            parts.sweeper.sweep.eq(sequencer.sweep),
            sequencer.no_room.eq(parts.sweeper.stalled),
            sequencer.clear.eq(self.clear),
        ]
        # Lists may be emptied late: a sweep fills them by what leaves the pipeline.
        m.d.sync += arrivals.restart.eq(sequencer.start)

    def _join_neurons(self, m: Module) -> None:
        """Sweeps past the synapses, which give each neuron its current, to the neurons."""
        parts = m.submodules
        synapses, injection, drive, control = parts.synapses, parts.injection, parts.drive, parts.control
        population, retired = parts.population, parts.population.retired
        m.d.comb += [
            synapses.slot.eq(parts.sweeper.slot),
            injection.slot.eq(parts.sweeper.slot),
            population.slot.eq(parts.sweeper.slot),
            population.end.eq(parts.sweeper.end),
            drive.input_sum.eq(synapses.input_sum),
            drive.recurrent_sum.eq(synapses.recurrent_sum),
            drive.injected.eq(injection.injected.current),
            drive.gain_input.eq(control.gain_input),
            drive.gain_recurrent.eq(control.gain_recurrent),
            population.cleared.eq(parts.sequencer.cleared),
            population.forced.eq(injection.injected.forced),
            population.drive.eq(drive.drive),
            population.adaptation_step.eq(control.adaptation_step),
            population.adaptation_decay.eq(control.adaptation_decay),
            # Sweeps that clear come by sleeping neurons, too.
            parts.arrivals.push.eq(population.arrives & in_use(retired.index, parts.extent.extent.last_neuron)),
            parts.arrivals.push_neuron.eq(retired.index),
            parts.sequencer.swept.eq(retired.valid & retired.last),
        ]

    def _join_extra(self, m: Module) -> None:
        """Histories of the neurons to the extra axons, and those that arrive to the list."""
        parts = m.submodules
        extra, population = parts.extra, parts.population
        m.d.comb += [
            extra.last_neuron.eq(parts.extent.extent.last_neuron),
            extra.start.eq(parts.sequencer.look_up),
            extra.write.eq(population.retired.valid),
            extra.write_index.eq(population.retired.index),
            extra.write_data.eq(population.history),
            parts.arrivals.push_extra.eq(extra.arrives),
            parts.arrivals.push_extra_axon.eq(extra.axon),
            parts.sequencer.looked_up.eq(extra.finished),
        ]

    def _join_learning(self, m: Module) -> None:
        """Neurons that fired to columns, and what the neurons need of the registers of learning."""
        parts = m.submodules
        sequencer, population, control, fired = parts.sequencer, parts.population, parts.control, parts.fired
        m.d.comb += [
            population.learning.eq(control.learning),
            population.gate.eq(control.gate),
            fired.push.eq(population.fired & population.learns & has(control.learning, LearningFlag.ENABLE)),
            fired.push_index.eq(population.retired.index),
            fired.pop.eq(sequencer.fired_taken),
            sequencer.fired.eq(fired.index),
            sequencer.fired_pending.eq(fired.pending),
            control.step_done.eq(sequencer.step_done),
        ]
        m.d.sync += fired.restart.eq(sequencer.start)

    def _join_traces(self, m: Module) -> None:
        """Spikes, where they arrive and where neurons fire, to traces, and on to the changes that they call for."""
        parts = m.submodules
        sequencer, population, control, tracing = parts.sequencer, parts.population, parts.control, parts.tracing
        rows = sequencer.rows
        for side in ("pre", "post"):
            law = getattr(tracing, f"{side}_law")
            m.d.comb += [
                getattr(law, name).eq(getattr(control, f"{side}_{name}")) for name in ("decay", "increment", "cap")
            ]
        m.d.comb += [
            tracing.pre_law.nearest.eq(has(control.learning, LearningFlag.NEAREST_PRE)),
            tracing.post_law.nearest.eq(has(control.learning, LearningFlag.NEAREST_POST)),
            tracing.potentiation.eq(control.potentiation),
            tracing.depression.eq(control.depression),
            tracing.modulation.eq(control.modulation),
            tracing.start.eq(sequencer.start),
            tracing.sweep.eq(sequencer.sweep),
            tracing.cleared.eq(sequencer.cleared),
            tracing.last_input.eq(parts.extent.extent.last_input),
            tracing.stalled.eq(parts.sweeper.stalled),
            sequencer.tracing.eq(tracing.running),
            tracing.walks_rows.eq(sequencer.walks_rows),
            tracing.arrives.eq(rows.valid & rows.ready),
            tracing.arrival.eq(rows.payload),
            tracing.slot.eq(parts.sweeper.slot),
            tracing.retired.eq(population.retired),
            tracing.fired.eq(population.fired),
            tracing.learns.eq(population.learns),
            tracing.piece.eq(parts.synapses.piece),
        ]

    def _join_lanes(self, m: Module) -> None:
        """Synapses to the lanes in which they change, and back."""
        parts = m.submodules
        synapses, control, lanes = parts.synapses, parts.control, parts.lanes
        wiring.connect(m, parts.sequencer.columns, synapses.columns)
        m.d.comb += [
            lanes.rule.minimum.eq(control.weight_min),
            lanes.rule.maximum.eq(control.weight_max),
            lanes.rule.drift.eq(control.drift),
            lanes.rule.stochastic.eq(has(control.learning, LearningFlag.STOCHASTIC)),
            lanes.rule.soft.eq(has(control.learning, LearningFlag.SOFT)),
            lanes.enable.eq(has(control.learning, LearningFlag.ENABLE)),
            lanes.piece.eq(synapses.piece),
            lanes.random.eq(control.random),
            control.random_next.eq(lanes.random_next),
            control.random_advance.eq(lanes.advance),
            synapses.drift.eq(control.drift),
            lanes.synapses.eq(synapses.synapses),
            lanes.amounts.eq(parts.tracing.changes),
            synapses.changes.eq(lanes.changes),
            lanes.host.eq(synapses.host),
            lanes.host_weight.eq(synapses.host_weight),
        ]

    def _join_results(self, m: Module) -> None:
        """Neurons to results; and whether all that has come has been worked off."""
        parts = m.submodules
        sequencer, queue, recorder = parts.sequencer, parts.queue, parts.recorder
        wiring.connect(m, queue.records, recorder.records)
        wiring.connect(m, recorder.results, wiring.flipped(self.results))
        settled, clearing = Signal(), Signal()
        m.d.comb += [
            parts.sweeper.room.eq(queue.room),
            queue.reserve.eq(parts.sweeper.sent),
            queue.retire.eq(parts.population.retired.valid),
            queue.push.eq(parts.population.recorded),
            queue.record.eq(parts.population.record),
            settled.eq(sequencer.resting & ~parts.decoder.holding & queue.empty),
            clearing.eq(self.clear.any() | parts.synapses.clearing),
            self.busy.eq(~settled | ~recorder.empty | ~parts.counters.settled | clearing),
            self.step_open.eq(parts.decoder.open),
        ]
        m.d.sync += recorder.flush.eq((self.flush | self.abort) & settled)

    def _join_counters(self, m: Module) -> None:
        """Everything that happens to the counter of it."""
        parts = m.submodules
        sequencer, population = parts.sequencer, parts.population
        ticks = {
            Counter.STEPS: sequencer.step_done,
            Counter.INPUT_EVENTS: sequencer.input_event,
            Counter.RECURRENT_EVENTS: sequencer.arrival_taken,
            Counter.SPIKES: population.fired,
            Counter.SATURATIONS: population.saturated,
            Counter.REFUSED_EVENTS: parts.decoder.refused,
            Counter.BUSY_CYCLES: sequencer.working,
            Counter.STALL_CYCLES: sequencer.stalled,
            Counter.FRAMES_GOOD: self.frame_good,
            Counter.FRAMES_BAD: self.frame_bad,
        }
        if self.config.learning:
            lanes = parts.lanes
            ticks |= {
                Counter.POTENTIATIONS: lanes.raised,
                Counter.DEPRESSIONS: lanes.lowered,
                Counter.CLIPS_LOW: lanes.low,
                Counter.CLIPS_HIGH: lanes.high,
            }
        m.d.comb += [parts.counters.ticks[counter.name.lower()].eq(tick) for counter, tick in ticks.items()]
        m.d.comb += parts.counters.clear.eq(has(self.clear, Clear.COUNTERS))

    def _join_bus(self, m: Module) -> None:
        """Pass requests on, later to all targets but the synapses, and answers back, registered.

        What is asked for stays, so that only the strobes have to wait: reads for as long as the synapses take.
        """
        parts = m.submodules
        request, synapses = RegionBus().create(path=("request",)), parts.synapses.bus
        for name in REQUEST:
            m.d.comb += getattr(synapses, name).eq(getattr(self.bus, name))
            if name not in ("read", "write"):
                m.d.comb += getattr(request, name).eq(getattr(self.bus, name))
        targets = [parts.control, parts.extent, parts.counters, parts.population]
        if self.config.extra_axons:
            targets.append(parts.extra)
        if self.config.learning:
            targets.append(parts.tracing)
        fan_out(m, request, (target.bus for target in targets))
        m.d.comb += request.read.eq(stages(m, self.bus.read, 2, name="read", reset_less=False)[-1])
        m.d.sync += request.write.eq(self.bus.write)
        m.d.sync += self.bus.read_data.eq(request.read_data | synapses.read_data)
        # What rows and columns need of the traces follows from registers, too.
        set_ = parts.sequencer.set if self.config.learning else 0
        m.d.comb += parts.sequencer.changed.eq(request.write | set_)
