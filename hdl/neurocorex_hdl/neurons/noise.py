"""Noise of neurons: a draw for each neuron of a sweep, times its size, and the injected current on top."""

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.fixed import AXON_STRIDE, NOISE_CODE, SPIKE_DRAW_BITS
from neurocorex.spec.timing import NOISE_STAGES

from ..lib.arithmetic import plus
from ..lib.delay import stages
from ..lib.draw import WORD_BITS, SpikeDraw
from ..registers.region import region_shape

#: Stage of the pipeline at which the size of the noise is wanted.
SIZE_STAGE = SpikeDraw.LATENCY - 1 - NOISE_STAGES


class Noise(wiring.Component):
    """Noise of one neuron after the other: ``x + draw * NOISE / 65536``, to the nearest.

    The draw of a neuron begins when it is sent, `NOISE_STAGES` ahead of stage 0 of the pipeline. It is symmetric: the
    complement of a draw is its negative, so a size is multiplied, and added or subtracted.

    Members
    -------
    start : In(1)
        Strobe: a sweep begins, with neuron 0.
    sent : In(1)
        A neuron is sent, the cycle before it is in the slot of the sweeper.
    state : In
        `Control.NOISE_STATE`.
    size : In
        `Region.NOISE`, at `SIZE_STAGE`.
    injected : In
        x, a stage later.
    current : Out
        Another stage later.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        state = config.state_bits
        super().__init__({
            "start": In(1),
            "sent": In(1),
            "state": In(WORD_BITS),
            "size": In(region_shape(Region.NOISE, config)),
            "injected": In(signed(state)),
            "current": Out(signed(state + 1)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the counter of the words, the draw, the multiplier and the adder."""
        m = Module()
        m.submodules.draw = draw = SpikeDraw()
        word = Signal(WORD_BITS, reset_less=True)
        m.d.comb += draw.word.eq(word)
        with m.If(self.sent):
            m.d.sync += word.eq(word + AXON_STRIDE)
        with m.If(self.start):
            m.d.sync += word.eq(self.state ^ NOISE_CODE)
        drawn, half = draw.draw, SPIKE_DRAW_BITS - 1
        below = ~drawn[half]
        odd = Cat(Const(1, 1), drawn[:half] ^ below.replicate(half))
        product = stages(m, odd * self.size, 1, name="product")[1]
        negative = stages(m, below, 1, name="negative")[1]
        # Subtracting is adding the complement and one; what rounds, too, comes as the carry.
        whole, rounds = product[SPIKE_DRAW_BITS:], product[SPIKE_DRAW_BITS - 1]
        addend = Cat(whole ^ negative.replicate(len(whole)), negative).as_signed()
        m.d.sync += self.current.eq(plus(self.injected, addend, rounds ^ negative))
        return m
