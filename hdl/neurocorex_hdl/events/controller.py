"""Event controller: stimulus bytes in, result bytes out, and the schedule of the steps between them."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, CoreConfig, LearningFlag

from ..learning.scaling import Scaling
from ..lib.arithmetic import has
from ..lib.bus import RegionBus, fan_out
from ..neurons.input import Injection
from ..neurons.population import Activity, Records
from ..neurons.sweep import Phase, Sweep
from ..registers.control import ControlWrite
from ..registers.counters import ticks_layout
from ..registers.extent import in_use
from ..registers.file import Settings
from ..registers.rules import mixes
from ..synapses.access import column_layout, rewarded_layout
from ..synapses.axons import axon_layout
from ..synapses.drift import drifts
from .arrivals import ArrivalList, IndexList
from .decoder import StimulusDecoder
from .extra_axons import ExtraAxons
from .generator import Generator
from .recorder import Recorder, RecordQueue
from .reporter import Reporter
from .sequencer import Sequencer


class Run(wiring.Signature):
    """Run of a network, seen from the link.

    Members
    -------
    stimulus : Out(stream)
        Bytes of RUN requests, as `neurocorex.spec.events` defines them.
    results : In(stream)
        Bytes of the responses. The core waits while they are not taken; nothing is lost.
    flush : Out(1)
        Level: the RUN request has been taken to its last byte. Silent steps that are held back are sent.
    abort : Out(1)
        Level: stimulus is thrown away, the present step comes to its end and is the last one, silent steps are sent.
    clear : Out(Clear)
        Strobes while not `busy`, which is high until that is done: set these to zero.
    busy : In(1)
        There is work to do, or there are results to be taken. Low if nothing but the rest of an open step, or of a
        code, is missing.
    step_open : In(1)
        A step has begun and not ended; valid while not `busy`.
    """

    def __init__(self) -> None:
        super().__init__({
            "stimulus": Out(stream.Signature(8)),
            "results": In(stream.Signature(8)),
            "flush": Out(1),
            "abort": Out(1),
            "clear": Out(Clear),
            "busy": In(1),
            "step_open": In(1),
        })  # fmt: skip


class EventController(wiring.Component):
    """Events of the network, in and out.

    ::

        stimulus -> StimulusDecoder -> Generator -> Sequencer -> rows, columns, injection, phase
                                                    |      ^
                                             ExtraAxons, ArrivalList, changing <- activity
        results <- Recorder <- RecordQueue <- records

    Members
    -------
    run : In(Run)
        The host's side.
    reports : Out(RegionBus)
        Memories and registers, while `reporting`; both only with reports. The core stands still then.
    unsettled : In(1)
        Another subsystem is still at work, so the core is busy.
    settings : In(Settings)
        How much of the chip is in use, and whether learning is enabled.
    rows : Out(stream)
        Arriving axons.
    injection : Out(Injection)
        Graded and forced events.
    phase : Out(Phase)
        Sweeps of the neurons.
    activity : In(Activity)
        Neurons on their way through a sweep.
    records : In(Records)
        Records of them.
    write : Out(ControlWrite)
        A control register changes.
    ticks : Out
        Ticks of the counters.
    bus : In(RegionBus)
        Extra axons, and rates of patterns. Answers after `TARGET_LATENCY` cycles.
    columns : Out(stream)
        Neurons whose synapses change, see `Sequencer`; only with a learning engine, as `tracing`.
    tracing : In(1)
        Level: traces are still being updated or cleared.
    folding : In(1)
        Level: a drift is being folded after a step; only if weights drift.
    rewarding : Out(1)
        Level: columns are walked for a reward or a fade; only with eligibility.
    scaling : Out(Scaling)
        Walks over columns that are scaled; only with scaling.
    drawn, restarts : Out(1)
        Strobes: the state of the generator of input spikes moves on; even trains begin anew. Only with patterns.
    """

    def __init__(self, config: CoreConfig) -> None:
        learning = {"columns": Out(stream.Signature(column_layout(config))), "tracing": In(1)}
        self._config = config
        super().__init__({
            "run": In(Run()),
            "unsettled": In(1),
            "settings": In(Settings(config)),
            "rows": Out(stream.Signature(axon_layout(config))),
            "injection": Out(Injection(config)),
            "phase": Out(Phase()),
            "activity": In(Activity(config)),
            "records": In(Records(config)),
            "write": Out(ControlWrite(config)),
            "ticks": Out(ticks_layout(config)),
            "bus": In(RegionBus()),
            **(learning if config.learning else {}),
            **({"folding": In(1)} if drifts(config) else {}),
            **({"rewarding": Out(1)} if config.eligibility else {}),
            **({"scaling": Out(Scaling())} if config.scaling else {}),
            **({"drawn": Out(1), "restarts": Out(1)} if config.patterns else {}),
            **({"reports": Out(RegionBus()), "reporting": Out(1)} if config.reports else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Join decoder and sequencer, the lists between two steps, and the way of the results."""
        m = Module()
        m.submodules.decoder = decoder = StimulusDecoder(self._config)
        m.submodules.sequencer = sequencer = Sequencer(self._config)
        m.submodules.arrivals = arrivals = ArrivalList(self._config)
        m.submodules.queue = queue = RecordQueue(self._config)
        m.submodules.recorder = recorder = Recorder(self._config)
        wiring.connect(m, wiring.flipped(self.run.stimulus), decoder.bytes)
        wiring.connect(m, sequencer.arrivals, arrivals.head)
        for name in ("rows", "injection", "phase", "write"):
            wiring.connect(m, getattr(sequencer, name), wiring.flipped(getattr(self, name)))
        wiring.connect(m, wiring.flipped(self.records), queue.given)
        wiring.connect(m, queue.records, recorder.records)
        wiring.connect(m, recorder.results, wiring.flipped(self.run.results))
        targets, quiet = self._list_arrivals(m, sequencer, arrivals), ~decoder.holding
        if self._config.patterns:
            m.submodules.generator = generator = self._generator(m, decoder, sequencer)
            targets.append(generator.bus)
            quiet = quiet & ~generator.holding
        else:
            wiring.connect(m, decoder.items, sequencer.items)
        if targets:
            fan_out(m, self.bus, targets)
        if self._config.learning:
            self._list_columns(m, sequencer)
        if drifts(self._config):
            m.d.comb += sequencer.folding.eq(self.folding)
        if self._config.groups:
            contests = self.settings.control.one_fires.any()
            m.d.comb += [sequencer.contests.eq(contests), sequencer.contested.eq(self.activity.contested)]

        refused = decoder.refused
        if self._config.reports:
            refused = refused | self._report(m, sequencer, queue, recorder)
        leaving, settled = self.activity.leaving, Signal()
        m.d.comb += [
            decoder.abort.eq(self.run.abort),
            decoder.extent.eq(self.settings.extent),
            sequencer.clear.eq(self.run.clear),
            sequencer.stalled_sweep.eq(self.activity.stalled),
            sequencer.swept.eq(leaving.slot.valid & leaving.slot.last),
            settled.eq(sequencer.resting & quiet & queue.empty),
            self.run.busy.eq(~settled | ~recorder.empty | self.run.clear.any() | self.unsettled),
            self.run.step_open.eq(decoder.open),
            self.ticks.steps.eq(sequencer.step_done),
            self.ticks.input_events.eq(sequencer.input_event),
            self.ticks.recurrent_events.eq(sequencer.arrivals.taken),
            self.ticks.refused_events.eq(refused),
            self.ticks.busy_cycles.eq(sequencer.working),
            self.ticks.stall_cycles.eq(sequencer.stalled),
        ]
        m.d.sync += recorder.flush.eq((self.run.flush | self.run.abort) & settled)
        return m

    def _generator(self, m: Module, decoder: StimulusDecoder, sequencer: Sequencer) -> Generator:
        """Put a generator between decoder and sequencer."""
        generator = Generator(self._config)
        wiring.connect(m, decoder.items, generator.items)
        wiring.connect(m, generator.given, sequencer.items)
        phase, clearing = sequencer.phase, Signal()  # what is cleared is known a cycle after the start
        m.d.sync += clearing.eq(phase.start & (phase.sweep == Sweep.CLEAR))
        m.d.comb += [
            self.drawn.eq(generator.drawn),
            self.restarts.eq(clearing & has(phase.cleared, Clear.STATE)),
            generator.state.eq(self.settings.control.stimulus),
            generator.even.eq(self.settings.control.even),
            generator.extent.eq(self.settings.extent),
            generator.abort.eq(self.run.abort),
        ]
        return generator

    def _report(self, m: Module, sequencer: Sequencer, queue: RecordQueue, recorder: Recorder) -> Value:
        """Put reports among the results, when all before them are there; return whether one is refused."""
        m.submodules.reporter = reporter = Reporter(self._config)
        wiring.connect(m, reporter.bytes, recorder.report)
        wiring.connect(m, reporter.bus, wiring.flipped(self.reports))
        m.d.comb += [
            sequencer.settled.eq(queue.empty & ~self.unsettled),
            sequencer.reported.eq(reporter.done),
            reporter.request.eq(sequencer.items.payload.report),
            reporter.go.eq(sequencer.report),
            self.reporting.eq(reporter.active),
        ]
        return reporter.refused

    def _list_arrivals(self, m: Module, sequencer: Sequencer, arrivals: ArrivalList) -> list[wiring.PureInterface]:
        """Collect the axons of neurons that arrive in the next step, and the extra ones if there are any.

        Returns
        -------
        list
            What answers on the bus.
        """
        leaving, extent = self.activity.leaving, self.settings.extent
        m.d.comb += [
            # Sweeps that clear pass neurons that are not in use, too.
            arrivals.push.eq(leaving.arrives & in_use(leaving.slot.index, extent.last_neuron)),
            arrivals.push_neuron.eq(leaving.slot.index),
            # The change amounts that rows and columns read depend on registers, too.
            sequencer.changed.eq(self.bus.write | (self.write.strobe if self._config.learning else 0)),
        ]
        # Lists may be emptied late: they are filled by neurons that leave the pipeline.
        m.d.sync += arrivals.restart.eq(sequencer.phase.start)
        if self._config.extra_axons:
            m.submodules.extra_axons = extra = ExtraAxons(self._config)
            wiring.connect(m, sequencer.look_up, extra.look_up)
            wiring.connect(m, wiring.flipped(leaving), extra.updated)
            m.d.comb += [
                extra.extent.eq(extent),
                arrivals.push_extra.eq(extra.arrives),
                arrivals.push_extra_axon.eq(extra.axon),
            ]
            return [extra.bus]
        return []

    def _list_columns(self, m: Module, sequencer: Sequencer) -> None:
        """Collect the neurons that learn and fired, or whose errors call for changes: their synapses change."""
        config, leaving, control = self._config, self.activity.leaving, self.settings.control
        m.submodules.changing = changing = IndexList(config.neurons, column_layout(config), ahead=config.deep_banks)
        wiring.connect(m, sequencer.changing, changing.head)
        wiring.connect(m, sequencer.columns, wiring.flipped(self.columns))
        called: Value = leaving.fired
        if mixes(config):
            erred = leaving.errs & control.learn
            called = (leaving.fired & leaving.by_spikes) | (erred & leaving.by_errors)
            m.d.comb += [changing.push_item.fired.eq(leaving.fired), changing.push_item.erred.eq(erred)]
        elif config.errors:
            called = Mux(has(control.learning, LearningFlag.ERRORS), leaving.errs & control.learn, leaving.fired)
        if config.errors:
            m.d.comb += changing.push_item.error.eq(leaving.error)
        if config.rules > 1:
            m.d.comb += changing.push_item.rules.eq(leaving.rules)
        m.d.comb += [
            changing.push.eq(called & leaving.learns & has(control.learning, LearningFlag.ENABLE)),
            changing.push_item.neuron.eq(leaving.slot.index),
            sequencer.tracing.eq(self.tracing),
        ]
        m.d.sync += changing.restart.eq(sequencer.phase.start)
        if config.eligibility:
            m.submodules.rewarded = rewarded = self._list_learning(
                m, sequencer, control.reward.any() | control.fade.any()
            )
            wiring.connect(m, sequencer.rewarded, rewarded.head)
            m.d.comb += self.rewarding.eq(sequencer.rewarding)
        if config.scaling:
            m.submodules.scaled = scaled = self._list_learning(m, sequencer, leaving.scales)
            wiring.connect(m, sequencer.scaled, scaled.head)
            wiring.connect(m, sequencer.scaling, wiring.flipped(self.scaling))

    def _list_learning(self, m: Module, sequencer: Sequencer, walks: Value) -> IndexList:
        """Return a list of all neurons that learn and for which `walks` is there, whether they fire or not."""
        config, leaving = self._config, self.activity.leaving
        walked = IndexList(config.neurons, rewarded_layout(config), ahead=config.deep_banks)
        updated = leaving.slot.valid & (leaving.slot.sweep == Sweep.UPDATE)
        enabled = has(self.settings.control.learning, LearningFlag.ENABLE)
        m.d.comb += [
            walked.push.eq(updated & leaving.learns & enabled & walks),
            walked.push_item.neuron.eq(leaving.slot.index),
            *([walked.push_item.rules.eq(leaving.rules)] if config.rules > 1 else []),
        ]
        m.d.sync += walked.restart.eq(sequencer.phase.start)
        return walked
