"""Trace store: the traces of many axons or neurons in one memory, updated one a cycle beside the neurons."""

from collections.abc import Callable

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.fixed import Place
from neurocorex.spec.timing import neuron_spacing

from ..lib.delay import sparse_stages, stages
from ..lib.memory import PackedMemory
from ..neurons.pace import holds
from ..registers.extent import input_bits
from ..synapses.axons import AxonKind
from .random import DRAW_BITS, reverse
from .trace import TraceUpdate, law_layout


def trace_slot_layout(entries: int) -> data.StructLayout:
    """Return the layout of a place in the pipeline of traces: which trace is in it, if any."""
    return data.StructLayout({"valid": 1, "index": range(max(2, entries))})


def outer_entries(config: CoreConfig) -> int:
    """Return how many places the traces of input and extra axons take; extra ones begin with a block of L."""
    return config.input_blocks * config.lanes + config.extra_axons if config.extra_axons else config.inputs


def outer_after(index: Signal, last_input: Value, config: CoreConfig) -> Value:
    """Return the place that follows one of an input or extra axon, where `last_input` is the last one of the former."""
    if not config.extra_axons:
        return index + 1
    return Mux(index == last_input, config.input_blocks * config.lanes, index + 1)


def outer_code(index: Value, config: CoreConfig) -> Value:
    """Return the code of a trace of an input or extra axon, which counts from the first one of its kind."""
    first = config.input_blocks * config.lanes
    if not config.extra_axons:
        return reverse(index) ^ Place.INPUT
    return Mux(index < first, reverse(index) ^ Place.INPUT, reverse((index - first)[: len(index)]) ^ Place.EXTRA)


def is_extra(index: Value, config: CoreConfig) -> Value:
    """Return whether a place of the traces of input and extra axons is one of an extra axon."""
    return index >= config.input_blocks * config.lanes


def outer_index(axon: Value, config: CoreConfig) -> Value:
    """Return the place of the trace of an input or extra axon."""
    return axon.index + Mux(axon.kind == AxonKind.EXTRA, config.input_blocks * config.lanes, 0)


class TraceStore(wiring.Component):
    """Traces in a memory, and the pipeline that updates them.

    ==============================================  ======================================================
    stage                                           operation
    ==============================================  ======================================================
    0                                               the trace's index
    ``read_stage(config)``                          the trace, and whether there was a spike
    ``updated_stage(config)``                       the trace is written back
    ==============================================  ======================================================

    Parameters
    ----------
    entries : int
        How many traces there are.
    marked : bool
        Whether spikes come before the traces are updated, and wait as a bit beside each.
    after : callable
        From the index of a trace to that of the next one.
    code : callable
        From the index of a trace to its code, `neurocorex.spec.fixed.place_code`.
    other : callable, optional
        From the index of a trace to whether it follows a law of its own.

    Members
    -------
    start : In(1)
        Strobe: a sweep begins, and the last one has left the pipeline.
    slot : In
        Trace that enters the pipeline, at stage 0. They come from the first on, in the order of `after`.
    step, clear : In(1)
        See `TraceUpdate`.
    law, other_law : In
        See `TraceUpdate`; the second only where some traces follow it.
    random : In(16)
        Lower half of the state of the generator.
    spike : In(1)
        Stage ``read_stage(config)``; unless `marked`.
    mark, mark_index : In
        There is a spike; only if `marked`. Not while a trace is in the pipeline, which takes the mark away.
    updated, trace, full : Out
        This trace has been updated, its new value, and whether its cap has cut short a rise.
    host_read, host_write, host_index, host_data : In
        Access to a trace, while nothing is in the pipeline.
    host_answer : Out
        The trace, two cycles after `host_read`.
    """

    @staticmethod
    def read_stage(config: CoreConfig) -> int:
        """Stage at which a trace has been read: there is a register behind the memory, unless that holds it."""
        return 1 if holds(config) else 2

    @classmethod
    def updated_stage(cls, config: CoreConfig) -> int:
        """Stage at which a trace has been updated."""
        return cls.read_stage(config) + TraceUpdate.latency(config)

    def __init__(
        self,
        config: CoreConfig,
        entries: int,
        *,
        marked: bool,
        after: Callable[[Signal], Value],
        code: Callable[[Value], Value],
        other: Callable[[Value], Value] | None = None,
    ) -> None:
        self._config = config
        self._entries = entries
        self._marked = marked
        self._after = after
        self._code = code
        self._other = other
        index, trace = range(max(2, entries)), config.stored_trace_bits
        super().__init__({
            "start": In(1),
            "slot": In(trace_slot_layout(entries)),
            "step": In(1),
            "clear": In(1),
            "law": In(law_layout(config)),
            **({"other_law": In(law_layout(config))} if other else {}),
            "random": In(DRAW_BITS),
            **({"mark": In(1), "mark_index": In(index)} if marked else {"spike": In(1)}),
            "updated": Out(trace_slot_layout(entries)),
            "trace": Out(trace),
            "full": Out(1),
            "host_read": In(1),
            "host_write": In(1),
            "host_index": In(index),
            "host_data": In(trace),
            "host_answer": Out(trace),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory, and the pipeline from it and back."""
        m = Module()
        fields = {"trace": self._config.stored_trace_bits, **({"mark": 1} if self._marked else {})}
        m.submodules.memory = memory = PackedMemory(fields, self._entries)
        m.submodules.update = update = TraceUpdate(self._config, mixed=self._other is not None)
        # Traces leave in the order in which they came: a counter takes less than a delay line of their numbers.
        valid = stages(m, self.slot.valid, self.updated_stage(self._config), name="valid", reset_less=False)[-1]
        index = Signal.like(self.slot.index)
        with m.If(valid):
            m.d.sync += index.eq(self._after(index))
        with m.If(self.start):
            m.d.sync += index.eq(0)
        found = stages(m, memory.read_data, self.read_stage(self._config) - 1, name="found")[-1]
        m.d.comb += [
            memory.read.eq(self.host_read | self.slot.valid),
            memory.read_index.eq(Mux(self.host_read, self.host_index, self.slot.index)),
            update.law.eq(self.law),
            update.trace.eq(found.trace),
            update.spike.eq(found.mark if self._marked else self.spike),
            update.step.eq(self.step),
            update.clear.eq(self.clear),
            update.draw.eq(self.random ^ self._code(self._drawing(m))),
            memory.write.trace.eq(self.host_write | valid),
            memory.write_index.eq(Mux(self.host_write, self.host_index, index)),
            memory.write_data.trace.eq(Mux(self.host_write, self.host_data, update.updated)),
            self.trace.eq(update.updated),
            self.full.eq(update.full & valid),
            self.updated.valid.eq(valid),
            self.updated.index.eq(index),
            self.host_answer.eq(found.trace),
        ]
        if self._other is not None:
            other = stages(m, self._other(self.slot.index), self.read_stage(self._config) - 1, name="other")[-1]
            m.d.comb += [update.other_law.eq(self.other_law), update.other.eq(other)]
        if self._marked:
            m.d.comb += [memory.write.mark.eq(self.mark | valid), memory.write_data.mark.eq(self.mark)]
            with m.If(self.mark):
                m.d.comb += memory.write_index.eq(self.mark_index)
        return m

    def _drawing(self, m: Module) -> Value:
        """Return the index of the trace to which a draw is being added."""
        slot, stage = self.slot, self.read_stage(self._config) + TraceUpdate.draw_stage(self._config)
        if not holds(self._config):
            return stages(m, slot.index, stage, name="drawing")[-1]
        valid = stages(m, slot.valid, stage, name="entered", reset_less=False)
        return sparse_stages(m, slot.index, valid, stage, name="drawing")[-1]


class TraceSweeper(wiring.Component):
    """Sends the traces of input axons, then those of extra axons, into their pipeline, beside the sweep of the neurons.

    It goes at the same pace, and stands still when that has to, so that both together take the same number of working
    cycles in every step.

    Members
    -------
    start : In(1)
        Strobe: begin with the first input axon, as `Sweeper` does with the first neuron.
    last_input : In
        The last input axon to be sent.
    stalled : In(1)
        The sweep of the neurons has no room.
    slot : Out
        The trace that enters its pipeline. Extra axons begin with a block of L.
    running : Out(1)
        The last trace, and its change, are not written yet.
    """

    #: Stages until the change has been written, and the sequencer may look at it.
    DEPTH = 13

    def __init__(self, config: CoreConfig, entries: int) -> None:
        self._config = config
        self._entries = entries
        super().__init__({
            "start": In(1),
            "last_input": In(input_bits(config), init=config.inputs - 1),
            "stalled": In(1),
            "slot": Out(trace_slot_layout(entries)),
            "running": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counter over the axons."""
        m = Module()
        config = self._config
        sweeping, index = Signal(), Signal(range(max(2, self._entries)))
        left, due = Signal(range(self.DEPTH)), Signal(range(neuron_spacing(config)))
        moves = sweeping & ~self.stalled
        sent = moves & (due == neuron_spacing(config) - 1)
        last = self._entries - 1 if config.extra_axons else self.last_input
        m.d.sync += [self.slot.valid.eq(sent), self.slot.index.eq(index)]
        m.d.comb += self.running.eq(sweeping | self.slot.valid | left.any())
        with m.If(moves):
            m.d.sync += due.eq(due + 1)
        with m.If(sent):
            m.d.sync += [index.eq(outer_after(index, self.last_input, config)), sweeping.eq(index != last)]
        with m.If(self.slot.valid):
            m.d.sync += left.eq(self.DEPTH - 1)
        with m.Elif(left.any()):
            m.d.sync += left.eq(left - 1)
        with m.If(self.start):
            m.d.sync += [sweeping.eq(1), index.eq(0), due.eq(0)]
        return m
