"""Traces of many axons or neurons, updated one in each cycle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig

from .change import TraceChange
from .pipeline import stages
from .regions import block_memory
from .trace import TraceUpdate, law_layout


def trace_slot_layout(entries: int) -> data.StructLayout:
    """Return the layout of a place in a pipeline of traces: which one is in it, if any."""
    return data.StructLayout({"valid": 1, "index": range(max(2, entries))})


class TraceStore(wiring.Component):
    """Traces, each with its way from step to step and on to the change that it calls for.

    ==============================================  ======================================================
    stage                                           what is there, or happens
    ==============================================  ======================================================
    0                                               the trace's index
    2                                               the trace, and whether there was a spike
    2 + `TraceUpdate.latency`                       the trace is written back
    2 + both latencies                              the change is there
    ==============================================  ======================================================

    Parameters
    ----------
    entries : int
        How many traces there are.

    Members
    -------
    slot : In
        Trace that enters the pipeline, at stage 0.
    step, clear : In(1)
        What is done to the traces, see `TraceUpdate`.
    spike : In(1)
        Stage 2.
    law : In
        See `TraceUpdate`.
    trace : Out
        What has become of it, for a `TraceChange`.
    changed, change_index : Out
        That has found out the change of this trace.
    host_read, host_write, host_index, host_data : In
        Access to a trace, while nothing is in the pipeline.
    host_answer : Out
        What was read, two cycles before.
    """

    READ_STAGE = 2

    @classmethod
    def change_latency(cls, config: CoreConfig) -> int:
        """Cycles from a trace, at stage `READ_STAGE`, to the change that it calls for."""
        return TraceUpdate.latency(config) + TraceChange.latency(config)

    def __init__(self, config: CoreConfig, entries: int) -> None:
        self._config = config
        self._entries = entries
        index, trace = range(max(2, entries)), config.stored_trace_bits
        super().__init__({
            "slot": In(trace_slot_layout(entries)),
            "step": In(1),
            "clear": In(1),
            "spike": In(1),
            "law": In(law_layout(config)),
            "trace": Out(trace),
            "changed": Out(1),
            "change_index": Out(index),
            "host_read": In(1),
            "host_write": In(1),
            "host_index": In(index),
            "host_data": In(trace),
            "host_answer": Out(trace),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory and the way round it."""
        m = Module()
        m.submodules.memory = memory = block_memory(self._config.stored_trace_bits, self._entries)
        m.submodules.update = update = TraceUpdate(self._config)
        read, write = memory.read_port(), memory.write_port()
        write_stage = self.READ_STAGE + TraceUpdate.latency(self._config)
        change_stage = self.READ_STAGE + self.change_latency(self._config)
        slots = stages(m, self.slot, change_stage, name="slot", reset_less=False)
        leaving = slots[write_stage]
        trace = stages(m, read.data, 1, name="trace")[1]
        m.d.comb += [
            read.addr.eq(Mux(self.host_read, self.host_index, self.slot.index)),
            update.law.eq(self.law),
            update.trace.eq(trace),
            update.spike.eq(self.spike),
            update.step.eq(self.step),
            update.clear.eq(self.clear),
            write.en.eq(self.host_write | leaving.valid),
            write.addr.eq(Mux(self.host_write, self.host_index, leaving.index)),
            write.data.eq(Mux(self.host_write, self.host_data, update.updated)),
            self.trace.eq(update.updated),
            self.changed.eq(slots[change_stage].valid),
            self.change_index.eq(slots[change_stage].index),
            self.host_answer.eq(trace),
        ]
        return m


class ArrivalMarks(wiring.Component):
    """Which axons have arrived in this step: a bit for each, set when it does and taken when its trace is updated.

    Members
    -------
    mark, mark_index : In
        An axon arrives. Not while traces are updated.
    slot : In
        Trace that enters its pipeline.
    arrived : Out(1)
        Whether its axon had, `TraceStore.READ_STAGE` cycles later.
    """

    # Single bits would waste block RAM: where there is another memory, they are in that.

    def __init__(self, entries: int) -> None:
        self._entries = entries
        super().__init__({
            "mark": In(1),
            "mark_index": In(range(max(2, entries))),
            "slot": In(trace_slot_layout(entries)),
            "arrived": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        m.submodules.memory = memory = Memory(shape=1, depth=max(2, self._entries), init=[])
        read, write = memory.read_port(), memory.write_port()
        taken = stages(m, self.slot, TraceStore.READ_STAGE, name="slot", reset_less=False)[-1]
        m.d.comb += [
            read.addr.eq(self.slot.index),
            self.arrived.eq(stages(m, read.data, 1, name="arrived")[1]),
            write.en.eq(self.mark | taken.valid),
            write.addr.eq(Mux(self.mark, self.mark_index, taken.index)),
            write.data.eq(self.mark),
        ]
        return m


class AxonSweep(wiring.Component):
    """Sends the traces of input axons, then those of extra axons, into their pipeline, beside the sweep of the neurons.

    It stands still when that has to, so that both together take the same number of working cycles in every step.

    Members
    -------
    start : In(1)
        Strobe: begin with the first input axon, as `Sweeper` does with the first neuron.
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
            "stalled": In(1),
            "slot": Out(trace_slot_layout(entries)),
            "running": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counter over the axons."""
        m = Module()
        config = self._config
        walking, index = Signal(), Signal(range(max(2, self._entries)))
        left = Signal(range(self.DEPTH))
        sent = walking & ~self.stalled
        last_input, last = config.inputs - 1, self._entries - 1
        m.d.sync += [self.slot.valid.eq(sent), self.slot.index.eq(index)]
        m.d.comb += self.running.eq(walking | self.slot.valid | left.any())
        with m.If(sent):
            m.d.sync += [index.eq(index + 1), walking.eq(index != last)]
            if config.extra_axons:
                with m.If(index == last_input):
                    m.d.sync += index.eq(config.input_blocks * config.lanes)
        with m.If(self.slot.valid):
            m.d.sync += left.eq(self.DEPTH - 1)
        with m.Elif(left.any()):
            m.d.sync += left.eq(left - 1)
        with m.If(self.start):
            m.d.sync += [walking.eq(1), index.eq(0)]
        return m
