"""Trace of a spike train: exponential decay or window of bits, one step of one trace in each cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.fixed import DECAY_BITS

from ..lib.arithmetic import Shrink
from ..lib.delay import stages
from ..neurons.pace import holds


def law_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of the law that all exponential traces of a side share."""
    return data.StructLayout({
        "decay": DECAY_BITS,
        "increment": config.trace_bits,
        "cap": config.trace_bits,
        "nearest": 1,
    })  # fmt: skip


class TraceUpdate(wiring.Component):
    """One step of a trace.

    ::

        exponential, T bits:   x = shrink(x, decay)
                               if there was a spike:
                                   x = increment if nearest else min(x + increment, cap)
        window, K bits:        x = (2 * x + spike) mod 2^K

    Members
    -------
    law : In
        Shared by all traces; unused by windows.
    step, clear : In(1)
        All traces advance by a step, or go to zero; without either they stay. Levels, until the last one has been
        updated.
    spike : In(1)
        Stage 0.
    trace : In
        Stage 0; and 1, if the memory holds it.
    updated : Out
        Stage ``latency(config)``.
    """

    @classmethod
    def latency(cls, config: CoreConfig) -> int:
        """Cycles from a trace to its successor."""
        if config.learning is Learning.WINDOW:
            return 1
        return Shrink.LATENCY + (1 if holds(config) else 2)

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "law": In(law_layout(config)),
            "step": In(1),
            "clear": In(1),
            "spike": In(1),
            "trace": In(config.stored_trace_bits),
            "updated": Out(config.stored_trace_bits),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the equation."""
        m = Module()
        is_window = self._config.learning is Learning.WINDOW
        after = Mux(self.step, Cat(self.spike, self.trace), self.trace) if is_window else self._decay(m)
        m.d.sync += self.updated.eq(Mux(self.clear, 0, after))
        return m

    def _decay(self, m: Module) -> Value:
        """Let the trace decay, and jump at a spike; return it a stage before the last. A decay of 0 lets it stay."""
        law, bits = self.law, self._config.trace_bits
        m.submodules.shrink = shrink = Shrink(bits, held=holds(self._config))
        decayed, raised = Signal(bits, reset_less=True), Signal(bits + 1, reset_less=True)
        m.d.comb += [shrink.magnitude.eq(self.trace), shrink.decay.eq(Mux(self.step, law.decay, 0))]
        m.d.sync += [decayed.eq(shrink.shrunk), raised.eq(shrink.shrunk + law.increment)]
        spike = stages(m, self.spike & self.step, self.latency(self._config) - 1, name="spike")[-1]
        # The highest value a jump reaches, or the only one: computed once for all traces.
        limit = Mux(law.nearest, law.increment, law.cap)
        jumped = Mux(law.nearest | (raised > law.cap), limit, raised[:bits])
        return Mux(spike, jumped, decayed)
