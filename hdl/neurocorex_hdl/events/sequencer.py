"""The order of things: from items of the stimulus to rows and sweeps."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, controls
from neurocorex.spec.timing import column_drain

from ..lib.memory import index_bits
from ..synapses.axons import AxonKind, axon_layout
from .decoder import ItemKind, item_layout, value_bits
from .sweep import CLEAR_BITS, Sweep


class Sequencer(wiring.Component):
    """Runs steps, and what has to be done between them.

    A step opens with its first item. Its arrivals become rows, recurrent and extra ones first, because they are known
    already; currents are put away for later. When `END` is there, and not before, the neurons are updated; then extra
    axons look for spikes of their sources, and the neurons that fired and learn become columns. `END` is taken when
    that begins, so that the next item can be brought meanwhile.

    In the cycles of a step the core either works or, for lack of items or of room for records, is `stalled`. All work
    has a fixed duration, so that `spec.timing.busy_cycles` tells the number of these cycles exactly.

    Members
    -------
    items : In(stream)
        The stimulus.
    rows : Out(stream)
        Arriving axons.
    columns : Out(stream)
        Neurons that fired and learn. Ready while no column is walked, and in the last cycle of one, which takes 2
        cycles at least; `column_drain` cycles after that its weights have been written.
    walks_rows : Out(1)
        Level, from the cycle on in which the first axon, or neuron, can be taken: what is walked are rows, not columns.
    arrival, arrival_pending : In
        The next axon that arrives in this step from a neuron, if any.
    arrival_taken : Out(1)
        It has become a row.
    fired, fired_pending : In
        The next neuron that fired and learns, if any.
    fired_taken : Out(1)
        It has become a column.
    inject, force, inject_index, inject_value : Out
        A current for a neuron, which also fires if `force` is there.
    set, set_register, set_value : Out
        A control register changes.
    start, sweep, cleared : Out
        Strobe: begin a sweep. From the next cycle to its end, `cleared` are the `Clear` flags of what it clears.
    swept : In(1)
        Strobe: its last neuron has left the pipeline.
    tracing : In(1)
        Level: traces are still being updated or cleared, in the sweep or after it. Looked at from the second cycle
        after `swept` on.
    look_up : Out(1)
        Strobe: find the extra axons that arrive in the next step.
    looked_up : In(1)
        Strobe: the last one has been looked at.
    no_room : In(1)
        The sweep waits for room for records.
    clear : In
        Strobes: clear what these `Clear` flags name. They come while the sequencer is at rest.
    changed : In(1)
        Strobe: what sweeps leave behind may be wrong (the list of arrivals, and changes that traces call for), because
        something has been written.
    resting : Out(1)
        There is nothing to do, in or between steps, until the next item.
    step_done : Out(1)
        Strobe: the last cycle of a step.
    input_event, working, stalled : Out(1)
        For the counters: a strobe, and in which cycles of a step the core works or waits.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        self._phases = ["SWEEP"]
        if config.extra_axons:
            self._phases += ["LOOK_UP"]
        if config.learning:
            self._phases += ["FIRED", "COLUMNS", "WRITE_BACK"]
        super().__init__({
            "items": In(stream.Signature(item_layout(config))),
            "rows": Out(stream.Signature(axon_layout(config))),
            "columns": Out(stream.Signature(index_bits(config))),
            "walks_rows": Out(1),
            "arrival": In(axon_layout(config)),
            "arrival_pending": In(1),
            "arrival_taken": Out(1),
            "fired": In(index_bits(config)),
            "fired_pending": In(1),
            "fired_taken": Out(1),
            "inject": Out(1),
            "force": Out(1),
            "inject_index": Out(index_bits(config)),
            "inject_value": Out(signed(config.state_bits)),
            "set": Out(1),
            "set_register": Out(range(len(controls(config)))),
            "set_value": Out(value_bits(config)),
            "start": Out(1),
            "sweep": Out(Sweep),
            "cleared": Out(CLEAR_BITS),
            "swept": In(1),
            "tracing": In(1),
            "look_up": Out(1),
            "looked_up": In(1),
            "no_room": In(1),
            "clear": In(CLEAR_BITS),
            "changed": In(1),
            "resting": Out(1),
            "step_done": Out(1),
            "input_event": Out(1),
            "working": Out(1),
            "stalled": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the state machine."""
        m = Module()
        # After a reset the memories may hold anything: histories, and sums of a step that was cut off.
        in_step, updating, stale = Signal(), Signal(), Signal(init=1)
        waiting, cleared = Signal(CLEAR_BITS), Signal(CLEAR_BITS)
        m.d.comb += [
            in_step.eq(updating),
            self.working.eq(in_step & ~self.stalled),
            self.cleared.eq(cleared),
        ]
        with m.FSM() as fsm:
            m.d.comb += self.walks_rows.eq(fsm.ongoing("BETWEEN") | fsm.ongoing("ARRIVALS"))
            with m.State("BETWEEN"):
                self._change(m, in_step, stale, waiting, cleared)
            with m.State("ARRIVALS"):
                m.d.comb += in_step.eq(1)
                self._arrive(m)
            with m.State("SWEEP"):
                m.d.comb += self.stalled.eq(updating & self.no_room)
                with m.If(self.swept):
                    m.d.comb += self.look_up.eq(1)
                    self._finish(m, "SWEEP", updating)
            if "LOOK_UP" in self._phases:
                with m.State("LOOK_UP"), m.If(self.looked_up):
                    self._finish(m, "LOOK_UP", updating)
            if "COLUMNS" in self._phases:
                self._learn(m, updating)
        # Every sweep makes the list of arrivals anew, and leaves no sum behind.
        with m.If(self.start):
            m.d.sync += [stale.eq(0), updating.eq(self.sweep == Sweep.UPDATE)]
        with m.If(self.changed):
            m.d.sync += stale.eq(1)
        with m.If(self.clear.any()):
            m.d.sync += waiting.eq(self.clear)
        return m

    def _change(self, m: Module, in_step: Signal, stale: Signal, waiting: Signal, cleared: Signal) -> None:
        """Take what happens between two steps, or open a step with the first of its items."""
        items, item = self.items, self.items.payload
        m.d.comb += [self.set_register.eq(item.index), self.set_value.eq(item.value)]
        with m.If(waiting.any()):
            self._start(m, Sweep.CLEAR)
            m.d.sync += [cleared.eq(waiting), waiting.eq(0)]
        with m.Elif(items.valid & (item.kind == ItemKind.CLEAR)):
            self._start(m, Sweep.CLEAR)
            m.d.comb += items.ready.eq(1)
            m.d.sync += cleared.eq(item.value)
        with m.Elif(items.valid & (item.kind == ItemKind.SET)):
            m.d.comb += [self.set.eq(1), items.ready.eq(1)]
        with m.Elif(items.valid & stale):
            self._start(m, Sweep.RECALL)
        with m.Elif(items.valid):
            m.d.comb += in_step.eq(1)
            m.next = "ARRIVALS"
        with m.Else():
            m.d.comb += self.resting.eq(1)

    def _arrive(self, m: Module) -> None:
        """Feed one row after the other, until the end of the step is there and the last row has been walked."""
        items, rows, item = self.items, self.rows, self.items.payload
        m.d.comb += [
            rows.payload.kind.eq(Mux(self.arrival_pending, self.arrival.kind, AxonKind.INPUT)),
            rows.payload.index.eq(Mux(self.arrival_pending, self.arrival.index, item.index)),
            self.inject_index.eq(item.index),
            self.inject_value.eq(item.value),
            self.force.eq(item.kind == ItemKind.FORCE),
        ]
        with m.If(items.valid & ((item.kind == ItemKind.GRADED) | self.force)):
            m.d.comb += [self.inject.eq(1), items.ready.eq(1)]
        with m.If(self.arrival_pending):
            m.d.comb += [rows.valid.eq(1), self.arrival_taken.eq(rows.ready)]
        with m.Elif(items.valid & (item.kind == ItemKind.EVENT)):
            m.d.comb += [rows.valid.eq(1), items.ready.eq(rows.ready), self.input_event.eq(rows.ready)]
        with m.Elif(items.valid & (item.kind == ItemKind.END)), m.If(rows.ready):
            self._start(m, Sweep.UPDATE)
            m.d.comb += items.ready.eq(1)
        with m.Elif(rows.ready):
            m.d.comb += [self.stalled.eq(1), self.resting.eq(~items.valid)]

    def _learn(self, m: Module, updating: Signal) -> None:
        """Feed one column after the other, when the traces are those of this step."""
        columns, left = self.columns, Signal(range(column_drain(self._config)))
        m.d.comb += [columns.payload.eq(self.fired), self.fired_taken.eq(columns.valid & columns.ready)]
        with m.State("FIRED"):
            m.next = "COLUMNS"
        with m.State("COLUMNS"):
            m.d.comb += columns.valid.eq(self.fired_pending & ~self.tracing)
            m.d.sync += left.eq(column_drain(self._config) - 1)
            with m.If(~self.fired_pending & ~self.tracing & columns.ready):
                m.next = "WRITE_BACK"
        with m.State("WRITE_BACK"):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 0):
                self._finish(m, "WRITE_BACK", updating)

    def _start(self, m: Module, sweep: Sweep) -> None:
        m.d.comb += [self.start.eq(1), self.sweep.eq(sweep)]
        m.next = self._phases[0]

    def _finish(self, m: Module, phase: str, updating: Signal) -> None:
        """Go on to the next phase of a sweep, or end it, and the step if this was its update."""
        if phase != self._phases[-1]:
            m.next = self._phases[self._phases.index(phase) + 1]
            return
        m.d.comb += self.step_done.eq(updating)
        m.d.sync += updating.eq(0)
        m.next = "BETWEEN"
