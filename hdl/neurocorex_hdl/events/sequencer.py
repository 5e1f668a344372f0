"""Sequencer of a step: rows of arriving axons, sweep of the neurons, columns of neurons whose synapses change."""

from functools import reduce
from itertools import pairwise
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Clear, CoreConfig, regions

from ..learning.scaling import Scaling
from ..neurons.input import Injection
from ..neurons.sweep import Phase, Sweep
from ..registers.control import ControlWrite
from ..synapses.access import column_layout, rewarded_layout
from ..synapses.axons import AxonKind, axon_layout
from ..synapses.drift import drifts
from .arrivals import ListHead
from .columns import add_columns
from .decoder import ItemKind, item_layout
from .extra_axons import LookUp


def known_flags(config: CoreConfig) -> int:
    """Return the flags of `Clear` that name anything on a chip of geometry `config`."""
    return reduce(or_, (region.row.cleared or 0 for region in regions(config)), int(Clear.COUNTERS))


class Sequencer(wiring.Component):
    """Runs steps, and the changes between them.

    A step opens with its first item. Its arrivals become rows, recurrent and extra ones first, because they are known
    already; currents are put away for later. When `END` is there, and not before, the neurons are updated; then extra
    axons look for spikes of their sources, and neurons whose synapses change become columns: those that learn and
    fired, or have an error that calls for it. `END` is taken when that begins, so that the next item can be brought
    meanwhile.

    In the cycles of a step the core either works or, for lack of items or of room for records, is `stalled`. All work
    has a fixed duration, so that `spec.timing.busy_cycles` tells the number of these cycles exactly. Seldom a drift has
    to be folded after a step; then the core is stalled, too.

    Members
    -------
    items : In(stream)
        The stimulus.
    arrivals : Out(ListHead)
        Axons of neurons that arrive in this step.
    rows : Out(stream)
        Arriving axons.
    injection : Out(Injection)
        A graded or forced event.
    phase : Out(Phase)
        Sweeps of the neurons.
    stalled_sweep : In(1)
        The sweep waits for room for records.
    swept : In(1)
        Strobe: the last neuron of a sweep has left the pipeline.
    contests : In(1)
        Level: neurons exclude one another, so a contest comes before each update; only with groups, as `contested`.
    contested : In(1)
        Strobe: the last neuron of a contest has left the pipeline.
    look_up : Out(LookUp)
        Search for the extra axons that arrive in the next step.
    changing : Out(ListHead)
        Neurons whose synapses change; only with a learning engine, as `columns` and `tracing`.
    columns : Out(stream)
        They. Ready while no column is read, and in the last cycle of one, which takes 2 cycles at least;
        `column_drain` cycles after that its weights have been written.
    rewarded : Out(ListHead)
        Neurons whose columns are walked for a reward or a fade when those of `changing` have been written; only with
        eligibility, as `rewarding`.
    rewarding : Out(1)
        Level: these are being walked.
    scaled : Out(ListHead)
        Neurons whose columns are scaled after that; only with scaling, as `scaling`.
    scaling : Out(Scaling)
        Walks over these.
    tracing : In(1)
        Level: traces are still being updated or cleared, in the sweep or after it. Looked at from the second cycle
        after `swept` on.
    folding : In(1)
        Level, from the cycle after `step_done` on: a drift is folded. Only if weights drift.
    settled : In(1)
        Level: nothing that a step or a change has begun is under way; only with reports, as `report` and `reported`.
    report, reported : Out(1), In(1)
        Level: the item is a report, which is carried out; strobe: it has been.
    write : Out(ControlWrite)
        A control register changes.
    clear : In(Clear)
        Strobes: clear these. They come while the sequencer is at rest.
    changed : In(1)
        Strobe: something has been written, so the results of the last sweep (the list of arrivals, and changes that
        traces call for) may be wrong.
    resting : Out(1)
        There is nothing to do, in or between steps, until the next item.
    step_done : Out(1)
        Strobe: the last cycle of a step.
    input_event, working, stalled : Out(1)
        For the counters: a strobe, and in which cycles of a step the core works or waits.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        self._settling = [f"SETTLE_{stage}" for stage in range(config.bank_stages)]
        self._phases = ["SWEEP"]
        if config.extra_axons:
            self._phases += ["LOOK_UP"]
        if config.learning:
            self._phases += ["LISTED", "COLUMNS", "WRITE_BACK"]
        column = column_layout(config)
        learning = {"changing": Out(ListHead(column)), "columns": Out(stream.Signature(column)), "tracing": In(1)}
        reward = {"rewarded": Out(ListHead(rewarded_layout(config))), "rewarding": Out(1)}
        scaling = {"scaled": Out(ListHead(rewarded_layout(config))), "scaling": Out(Scaling())}
        super().__init__({
            "items": In(stream.Signature(item_layout(config))),
            "arrivals": Out(ListHead(axon_layout(config))),
            "rows": Out(stream.Signature(axon_layout(config))),
            "injection": Out(Injection(config)),
            "phase": Out(Phase()),
            "stalled_sweep": In(1),
            "swept": In(1),
            "look_up": Out(LookUp()),
            "write": Out(ControlWrite(config)),
            "clear": In(Clear),
            "changed": In(1),
            "resting": Out(1),
            "step_done": Out(1),
            "input_event": Out(1),
            "working": Out(1),
            "stalled": Out(1),
            **(learning if config.learning else {}),
            **(reward if config.eligibility else {}),
            **({"contests": In(1), "contested": In(1)} if config.groups else {}),
            **(scaling if config.scaling else {}),
            **({"settled": In(1), "report": Out(1), "reported": In(1)} if config.reports else {}),
            **({"folding": In(1)} if drifts(config) else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the state machine."""
        m = Module()
        # After a reset the memories may hold anything: histories, and sums of a step that was cut off.
        in_step, updating, stale = Signal(), Signal(), Signal(init=1)
        waiting, cleared = Signal(Clear), Signal(Clear)
        m.d.comb += [
            in_step.eq(updating),
            self.working.eq(in_step & ~self.stalled),
            self.phase.cleared.eq(cleared),
        ]
        with m.FSM() as fsm:
            reading = ["BETWEEN", "ARRIVALS", *self._settling]
            m.d.comb += self.phase.rows.eq(Cat(fsm.ongoing(state) for state in reading).any())
            with m.State("BETWEEN"):
                self._change(m, in_step, stale, waiting, cleared)
            with m.State("ARRIVALS"):
                m.d.comb += in_step.eq(1)
                self._arrive(m)
            self._settle(m, in_step)
            if self._config.reports:
                with m.State("REPORT"):
                    m.d.comb += [self.report.eq(1), self.items.ready.eq(self.reported)]
                    with m.If(self.reported):
                        m.next = "BETWEEN"
            if self._config.groups:
                with m.State("CONTEST"):
                    m.d.comb += in_step.eq(1)
                    with m.If(self.contested):
                        self._update(m)
            with m.State("SWEEP"):
                m.d.comb += self.stalled.eq(updating & self.stalled_sweep)
                with m.If(self.swept):
                    m.d.comb += self.look_up.start.eq(1)
                    self._finish(m, "SWEEP", updating)
            if "LOOK_UP" in self._phases:
                with m.State("LOOK_UP"), m.If(self.look_up.finished):
                    self._finish(m, "LOOK_UP", updating)
            if "COLUMNS" in self._phases:
                add_columns(m, self, self._config, lambda: self._finish(m, "WRITE_BACK", updating))
        # Every sweep makes the list of arrivals anew, and leaves no sum behind.
        with m.If(self.phase.start):
            m.d.sync += [stale.eq(0), updating.eq(self.phase.sweep == Sweep.UPDATE)]
        with m.If(self.changed):
            m.d.sync += stale.eq(1)
        with m.If(self.clear.any()):
            m.d.sync += waiting.eq(self.clear & known_flags(self._config))
        return m

    def _change(self, m: Module, in_step: Signal, stale: Signal, waiting: Signal, cleared: Signal) -> None:
        """Carry out changes between two steps, or open a step with the first of its items."""
        items, item = self.items, self.items.payload
        m.d.comb += [self.write.register.eq(item.index), self.write.value.eq(item.value)]
        folding = self.folding if drifts(self._config) else Const(0)
        with m.If(folding):
            m.d.comb += self.stalled.eq(1)
        with m.Elif(waiting.any()):
            self._start(m, Sweep.CLEAR)
            m.d.sync += [cleared.eq(waiting), waiting.eq(0)]
        with m.Elif(items.valid & (item.kind == ItemKind.CLEAR)):
            self._start(m, Sweep.CLEAR)
            m.d.comb += items.ready.eq(1)
            m.d.sync += cleared.eq(item.value)
        with m.Elif(items.valid & (item.kind == ItemKind.SET)):
            m.d.comb += [self.write.strobe.eq(1), items.ready.eq(1)]
        if self._config.reports:
            with m.Elif(items.valid & (item.kind == ItemKind.REPORT)), m.If(self.settled):
                m.next = "REPORT"
        with m.Elif(items.valid & stale):
            self._start(m, Sweep.RECALL)
        with m.Elif(items.valid):
            m.d.comb += in_step.eq(1)
            m.next = "ARRIVALS"
        with m.Else():
            m.d.comb += self.resting.eq(1)

    def _arrive(self, m: Module) -> None:
        """Read one row after the other, until the end of the step is there and the last row has been read."""
        items, rows, item = self.items, self.rows, self.items.payload
        arrivals, injection = self.arrivals, self.injection
        forced = item.kind == ItemKind.FORCE
        m.d.comb += [
            rows.payload.kind.eq(Mux(arrivals.pending, arrivals.item.kind, AxonKind.INPUT)),
            rows.payload.index.eq(Mux(arrivals.pending, arrivals.item.index, item.index)),
            injection.index.eq(item.index),
            injection.payload.current.eq(item.value),
            injection.payload.forced.eq(forced),
        ]
        with m.If(items.valid & ((item.kind == ItemKind.GRADED) | forced)):
            m.d.comb += [injection.strobe.eq(1), items.ready.eq(1)]
        with m.If(arrivals.pending):
            m.d.comb += [rows.valid.eq(1), arrivals.taken.eq(rows.ready)]
        with m.Elif(items.valid & (item.kind == ItemKind.EVENT)):
            m.d.comb += [rows.valid.eq(1), items.ready.eq(rows.ready), self.input_event.eq(rows.ready)]
        with m.Elif(items.valid & (item.kind == ItemKind.END)), m.If(rows.ready):
            if self._config.deep_banks:
                m.next = self._settling[0]
            else:
                self._conclude(m)
        with m.Elif(rows.ready):
            m.d.comb += [self.stalled.eq(1), self.resting.eq(~items.valid)]

    def _settle(self, m: Module, in_step: Signal) -> None:
        """Wait until the sums of the last row are there, which come later from deep banks."""
        for state, following in pairwise([*self._settling, None]):
            with m.State(state):
                m.d.comb += in_step.eq(1)
                if following is None:
                    self._conclude(m)
                else:
                    m.next = following

    def _conclude(self, m: Module) -> None:
        """Update the neurons, after a contest where they exclude one another."""
        if not self._config.groups:
            self._update(m)
            return
        with m.If(self.contests):
            m.d.comb += self.phase.contest.eq(1)
            m.next = "CONTEST"
        with m.Else():
            self._update(m)

    def _update(self, m: Module) -> None:
        """Begin the update, and take the end of the step."""
        self._start(m, Sweep.UPDATE)
        m.d.comb += self.items.ready.eq(1)

    def _start(self, m: Module, sweep: Sweep) -> None:
        m.d.comb += [self.phase.start.eq(1), self.phase.sweep.eq(sweep)]
        m.next = self._phases[0]

    def _finish(self, m: Module, phase: str, updating: Signal) -> None:
        """Go on to the next phase of a sweep, or end it, and the step if this was its update."""
        if phase != self._phases[-1]:
            m.next = self._phases[self._phases.index(phase) + 1]
            return
        m.d.comb += self.step_done.eq(updating)
        m.d.sync += updating.eq(0)
        m.next = "BETWEEN"
