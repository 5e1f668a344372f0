"""The core: spikes in, spikes out, and a bus to everything that it remembers."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Counter

from .arrivals import ArrivalList
from .bus import RegionBus
from .control import ControlRegisters
from .counters import Counters
from .drive import Drive, Injection
from .population import Population
from .recorder import Recorder, RecordQueue
from .regions import REQUEST, fan_out
from .sequencer import Sequencer
from .stimulus import StimulusDecoder
from .sweep import Sweeper
from .synapse import SynapseArray


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
    clear_state, clear_counters : In(1)
        Strobes while not `busy`, which is high until that is done.
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
            "clear_state": In(1),
            "clear_counters": In(1),
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
        m.submodules.population = Population(config)
        m.submodules.queue = RecordQueue(config)
        m.submodules.recorder = Recorder(config)
        m.submodules.counters = Counters()
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
            sequencer.neuron.eq(arrivals.neuron),
            sequencer.pending.eq(arrivals.pending),
            arrivals.pop.eq(sequencer.pop),
            arrivals.restart.eq(sequencer.start),
            injection.write.eq(sequencer.inject),
            injection.write_index.eq(sequencer.inject_index),
            injection.write_data.eq(sequencer.inject_value),
            parts.sweeper.start.eq(sequencer.start),
            parts.sweeper.sweep.eq(sequencer.sweep),
            sequencer.no_room.eq(parts.sweeper.stalled),
            sequencer.clear.eq(self.clear_state),
        ]

    def _join_neurons(self, m: Module) -> None:
        """Sweeps past the synapses, which give each neuron its current, to the neurons."""
        parts = m.submodules
        synapses, injection, drive, control = parts.synapses, parts.injection, parts.drive, parts.control
        population, retired = parts.population, parts.population.retired
        m.d.comb += [
            synapses.slot.eq(parts.sweeper.slot),
            injection.slot.eq(parts.sweeper.slot),
            population.slot.eq(parts.sweeper.slot),
            drive.input_sum.eq(synapses.input_sum),
            drive.recurrent_sum.eq(synapses.recurrent_sum),
            drive.injected.eq(injection.current),
            drive.gain_input.eq(control.gain_input),
            drive.gain_recurrent.eq(control.gain_recurrent),
            population.drive.eq(drive.drive),
            population.adaptation_step.eq(control.adaptation_step),
            population.adaptation_decay.eq(control.adaptation_decay),
            parts.arrivals.push.eq(population.arrives),
            parts.arrivals.push_neuron.eq(retired.index),
            parts.sequencer.swept.eq(retired.valid & retired.last),
        ]

    def _join_results(self, m: Module) -> None:
        """Neurons to results; and whether all that has come has been worked off."""
        parts = m.submodules
        sequencer, queue, recorder = parts.sequencer, parts.queue, parts.recorder
        wiring.connect(m, queue.records, recorder.records)
        wiring.connect(m, recorder.results, wiring.flipped(self.results))
        settled = Signal()
        m.d.comb += [
            parts.sweeper.room.eq(queue.room),
            queue.reserve.eq(parts.sweeper.sent),
            queue.retire.eq(parts.population.retired.valid),
            queue.push.eq(parts.population.recorded),
            queue.record.eq(parts.population.record),
            settled.eq(sequencer.resting & ~parts.decoder.holding & queue.empty),
            self.busy.eq(~settled | ~recorder.empty | ~parts.counters.settled | self.clear_state | self.clear_counters),
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
            Counter.RECURRENT_EVENTS: sequencer.pop,
            Counter.SPIKES: population.fired,
            Counter.SATURATIONS: population.saturated,
            Counter.REFUSED_EVENTS: parts.decoder.refused,
            Counter.BUSY_CYCLES: sequencer.working,
            Counter.STALL_CYCLES: sequencer.stalled,
            Counter.FRAMES_GOOD: self.frame_good,
            Counter.FRAMES_BAD: self.frame_bad,
        }
        m.d.comb += parts.counters.ticks.eq(Cat(ticks[counter] for counter in Counter))
        m.d.comb += parts.counters.clear.eq(self.clear_counters)

    def _join_bus(self, m: Module) -> None:
        """Pass requests on, a cycle later to all targets but the synapses; and answers back, registered."""
        parts = m.submodules
        request, synapses = RegionBus().create(path=("request",)), parts.synapses.bus
        for name in REQUEST:
            m.d.comb += getattr(synapses, name).eq(getattr(self.bus, name))
            m.d.sync += getattr(request, name).eq(getattr(self.bus, name))
        fan_out(m, request, [parts.control.bus, parts.counters.bus, parts.population.bus])
        m.d.sync += self.bus.read_data.eq(request.read_data | synapses.read_data)
        m.d.comb += parts.sequencer.changed.eq(request.write)
