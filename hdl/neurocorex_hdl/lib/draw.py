"""Draw of a place in a step: the state of a generator, stirred by sums and exclusive ors."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec.fixed import SPIKE_DRAW_BITS, SPIKE_DRAW_TURNS

#: Bits of the state of a generator.
WORD_BITS = 32


def _sum(word: Value, shift: int) -> Value:
    """Return a word to which itself, shifted to the left, is added."""
    return Cat(word[:shift], (word[shift:] + word[: WORD_BITS - shift])[: WORD_BITS - shift])


class SpikeDraw(wiring.Component):
    """Draw of an input axon or neuron, `neurocorex.spec.fixed.spike_draw`: adders only, one in each stage.

    Members
    -------
    word : In(32)
        State of the generator, and `AXON_STRIDE` added for each axon or neuron before.
    draw : Out
        `LATENCY` cycles later.
    """

    LATENCY = 3 * SPIKE_DRAW_TURNS

    def __init__(self) -> None:
        super().__init__({"word": In(WORD_BITS), "draw": Out(SPIKE_DRAW_BITS)})

    def elaborate(self, platform: object) -> Module:
        """Build the stages of all turns."""
        m = Module()
        word: Value = self.word
        for turn in range(SPIKE_DRAW_TURNS):
            for stage, (right, left) in enumerate(((None, 10), (6, 3), (11, 15))):
                late = Signal(WORD_BITS, name=f"word_{turn}_{stage}", reset_less=True)
                m.d.sync += late.eq(_sum(word if right is None else word ^ word[right:], left))
                word = late
        m.d.comb += self.draw.eq(word[WORD_BITS - SPIKE_DRAW_BITS :])
        return m
