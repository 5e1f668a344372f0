"""Trace of a spike train: exponential decay or window of bits, one step of one trace in each cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.fixed import DECAY_ALL, DECAY_BITS

from ..lib.delay import stages
from ..neurons.pace import holds


def law_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of the law that exponential traces share: those of all neurons, or of a kind of axons."""
    return data.StructLayout({
        "decay": DECAY_BITS,
        "increment": config.trace_bits,
        "cap": config.trace_bits,
        "nearest": 1,
    })  # fmt: skip


class Fade(wiring.Component):
    """Decay of a trace, cut to whole units by chance: `neurocorex.spec.fixed.fade`.

    ``(trace * (65536 - decay) + draw) >> 16``, a product and one sum. Without a decay what is left of 65536 has no room
    in a factor of 16 bits: then the product is 0, and the trace itself comes into the sum, above the draw.

    Parameters
    ----------
    bits : int
        Width of the trace.
    held : bool
        The trace stays for a second stage, and is multiplied without a register before the multiplier.

    Members
    -------
    decay : In
        Stage 0; or a cycle before it, if `held`.
    trace : In
        At stage 0; and 1, if `held`.
    draw : In
        At stage ``draw_stage(held)``.
    faded : Out
        A cycle after the draw.
    """

    @staticmethod
    def draw_stage(held: bool) -> int:
        """Stage at which the draw is added."""
        return 1 if held else 2

    def __init__(self, bits: int, *, held: bool = False) -> None:
        self._bits = bits
        self._held = held
        super().__init__({
            "decay": In(DECAY_BITS),
            "trace": In(bits),
            "draw": In(DECAY_BITS),
            "faded": Out(bits),
        })  # fmt: skip

    @staticmethod
    def factors(decay: Value) -> tuple[Value, Value]:
        """Return the 16 low bits of what is left of 65536, and whether that is all."""
        # A decay of 65535 leaves nothing, and that is 1 less than its complement says.
        return (~decay + (decay != DECAY_ALL))[:DECAY_BITS], decay == 0

    @staticmethod
    def total(product: Value, draw: Value, kept: Value) -> Value:
        """Return the faded trace, where `kept` is the trace if there is no decay, and else 0."""
        return ((product + Cat(draw, kept)) >> DECAY_BITS)[: len(kept)]

    def elaborate(self, platform: object) -> Module:
        """Build the multiplier and its registers."""
        m = Module()
        left, whole = Signal(DECAY_BITS, reset_less=True), Signal(reset_less=True)
        m.d.sync += [part.eq(value) for part, value in zip((left, whole), self.factors(self.decay), strict=True)]
        trace = stages(m, self.trace, self.draw_stage(self._held) - 1, name="trace")[-1]
        product = stages(m, trace * left, 1, name="product")[-1]
        kept = Signal(self._bits, reset_less=True)
        m.d.sync += kept.eq(Mux(whole, trace, 0))
        m.d.sync += self.faded.eq(self.total(product, self.draw, kept))
        return m


class TraceUpdate(wiring.Component):
    """One step of a trace.

    ::

        exponential, T bits:   x = fade(x, decay, draw)
                               if there was a spike:
                                   x = increment if nearest else min(x + increment, cap)
        window, K bits:        x = (2 * x + spike) mod 2^K

    Parameters
    ----------
    config : CoreConfig
        Geometry of the chip.
    mixed : bool
        Whether some traces follow a law of their own.

    Members
    -------
    law : In
        Stays as long as traces are on their way; unused by windows.
    other_law, other : In
        Law of some traces, which stays, too; and whether that is the one, a cycle before stage 0. Only if `mixed`.
    step, clear : In(1)
        All traces advance by a step, or go to zero; without either they stay. Levels, until the last one has been
        updated.
    spike : In(1)
        Stage 0.
    trace : In
        Stage 0; and 1, if the memory holds it.
    draw : In
        Stage ``draw_stage(config)``; unused by windows.
    updated : Out
        Stage ``latency(config)``.
    full : Out(1)
        The same stage: the cap has cut short a rise of the trace.
    """

    @staticmethod
    def draw_stage(config: CoreConfig) -> int:
        """Stage at which the draw of an exponential trace is added."""
        return Fade.draw_stage(holds(config))

    @classmethod
    def latency(cls, config: CoreConfig) -> int:
        """Cycles from a trace to its successor."""
        if config.learning is Learning.WINDOW:
            return 1
        return cls.draw_stage(config) + 3

    def __init__(self, config: CoreConfig, *, mixed: bool = False) -> None:
        self._config = config
        self._mixed = mixed
        super().__init__({
            "law": In(law_layout(config)),
            **({"other_law": In(law_layout(config)), "other": In(1)} if mixed else {}),
            "step": In(1),
            "clear": In(1),
            "spike": In(1),
            "trace": In(config.stored_trace_bits),
            "draw": In(DECAY_BITS),
            "updated": Out(config.stored_trace_bits),
            "full": Out(1),
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
        bits, held = self._config.trace_bits, holds(self._config)
        m.submodules.fade = fade = Fade(bits, held=held)
        faded = Fade.draw_stage(held) + 1
        laws = self._laws(m, faded + 1)
        fading, raising, law = (laws[stage + 1] for stage in (-held, faded, faded + 1))
        decayed, raised = Signal(bits, reset_less=True), Signal(bits + 1, reset_less=True)
        m.d.comb += [fade.trace.eq(self.trace), fade.draw.eq(self.draw), fade.decay.eq(Mux(self.step, fading.decay, 0))]
        m.d.sync += [decayed.eq(fade.faded), raised.eq(fade.faded + raising.increment)]
        spike = stages(m, self.spike & self.step, self.latency(self._config) - 1, name="spike")[-1]
        # The highest value a jump reaches, or the only one.
        limit = Mux(law.nearest, law.increment, law.cap)
        over = raised > law.cap
        m.d.sync += self.full.eq(spike & over & ~law.nearest)
        return Mux(spike, Mux(law.nearest | over, limit, raised[:bits]), decayed)

    def _laws(self, m: Module, last: int) -> list:
        """Return the law of the trace at each stage from -1 to `last`."""
        if not self._mixed:
            return [self.law] * (last + 2)
        laws = self.other_law.as_value(), self.law.as_value()
        chosen = stages(m, self.other, last + 1, name="other")
        return [data.View(law_layout(self._config), Mux(other, *laws)) for other in chosen]
