"""The order of things: from items of the stimulus to rows and sweeps."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig

from .regions import index_bits
from .stimulus import ItemKind, item_layout
from .sweep import Sweep
from .synapse import row_layout


class Sequencer(wiring.Component):
    """Runs steps, and what has to be done between them.

    A step opens with its first item. Its arrivals become rows, recurrent ones first, because they are known already;
    currents are put away for later. When `END` is there, and not before, the neurons are updated; it is taken when they
    are done.

    In the cycles of a step the core either works or, for lack of items or of room for records, is `stalled`. All work
    has a fixed duration, so that `spec.timing.busy_cycles` tells the number of these cycles exactly.

    Members
    -------
    items : In(stream)
        The stimulus.
    rows : Out(stream)
        Arriving axons.
    neuron, pending : In
        The next recurrent arrival of this step, if any.
    pop : Out(1)
        It has become a row.
    inject, inject_index, inject_value : Out
        A current for a neuron.
    start, sweep : Out
        Strobe: begin a sweep.
    swept : In(1)
        Strobe: its last neuron has left the pipeline.
    no_room : In(1)
        The sweep waits for room for records.
    clear : In(1)
        Strobe: clear the state. Comes while the sequencer is at rest.
    changed : In(1)
        Strobe: the list of arrivals may be wrong, because the host has written to a memory.
    resting : Out(1)
        There is nothing to do, in or between steps, until the next item.
    input_event, step_done, working, stalled : Out(1)
        For the counters: strobes, and in which cycles of a step the core works or waits.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "items": In(stream.Signature(item_layout(config))),
            "rows": Out(stream.Signature(row_layout(config))),
            "neuron": In(index_bits(config)),
            "pending": In(1),
            "pop": Out(1),
            "inject": Out(1),
            "inject_index": Out(index_bits(config)),
            "inject_value": Out(signed(config.state_bits)),
            "start": Out(1),
            "sweep": Out(Sweep),
            "swept": In(1),
            "no_room": In(1),
            "clear": In(1),
            "changed": In(1),
            "resting": Out(1),
            "input_event": Out(1),
            "step_done": Out(1),
            "working": Out(1),
            "stalled": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the state machine."""
        m = Module()
        # After a reset the memories may hold anything: histories, and sums of a step that was cut off.
        clear, stale, in_step = Signal(), Signal(init=1), Signal()
        items = self.items
        m.d.comb += self.working.eq(in_step & ~self.stalled)

        with m.FSM():
            with m.State("BETWEEN"):
                with m.If(clear):
                    self._start(m, Sweep.CLEAR)
                    m.d.sync += clear.eq(0)
                with m.Elif(items.valid & (items.payload.kind == ItemKind.CLEAR)):
                    self._start(m, Sweep.CLEAR)
                    m.d.comb += items.ready.eq(1)
                with m.Elif(items.valid & stale):
                    self._start(m, Sweep.RECALL)
                with m.Elif(items.valid):
                    m.d.comb += in_step.eq(1)
                    m.next = "ARRIVALS"
                with m.Else():
                    m.d.comb += self.resting.eq(1)
            with m.State("ARRIVALS"):
                m.d.comb += in_step.eq(1)
                self._arrive(m)
            with m.State("SWEEP"), m.If(self.swept):
                m.next = "BETWEEN"
            with m.State("UPDATE"):
                m.d.comb += [in_step.eq(1), self.stalled.eq(self.no_room)]
                with m.If(self.swept):
                    m.d.comb += [items.ready.eq(1), self.step_done.eq(1)]
                    m.next = "BETWEEN"

        # Every sweep makes the list of arrivals anew, and leaves no sum behind.
        with m.If(self.start):
            m.d.sync += stale.eq(0)
        with m.If(self.changed):
            m.d.sync += stale.eq(1)
        with m.If(self.clear):
            m.d.sync += clear.eq(1)
        return m

    def _start(self, m: Module, sweep: Sweep) -> None:
        m.d.comb += [self.start.eq(1), self.sweep.eq(sweep)]
        m.next = "UPDATE" if sweep is Sweep.UPDATE else "SWEEP"

    def _arrive(self, m: Module) -> None:
        """Feed one row after the other, until the end of the step is there and the last row has been walked."""
        items, rows, item = self.items, self.rows, self.items.payload
        m.d.comb += [
            rows.payload.recurrent.eq(self.pending),
            rows.payload.axon.eq(Mux(self.pending, self.neuron + self._config.inputs, item.index)),
            self.inject_index.eq(item.index),
            self.inject_value.eq(item.value),
        ]
        with m.If(items.valid & (item.kind == ItemKind.GRADED)):
            m.d.comb += [self.inject.eq(1), items.ready.eq(1)]
        with m.If(self.pending):
            m.d.comb += [rows.valid.eq(1), self.pop.eq(rows.ready)]
        with m.Elif(items.valid & (item.kind == ItemKind.EVENT)):
            m.d.comb += [rows.valid.eq(1), items.ready.eq(rows.ready), self.input_event.eq(rows.ready)]
        with m.Elif(items.valid & (item.kind == ItemKind.END)), m.If(rows.ready):
            self._start(m, Sweep.UPDATE)
        with m.Elif(rows.ready):
            m.d.comb += [self.stalled.eq(1), self.resting.eq(~items.valid)]
