"""The equations of one neuron, each a pipeline that takes a neuron in every cycle.

Stages are counted in cycles from the first operand of a component on. In which order the components follow each other
is the matter of `neurocorex_hdl.neurons.pipeline`.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.fixed import DECAY_BITS

from ..lib.arithmetic import Shrink, add_signed, magnitude, saturate
from ..lib.delay import stages
from ..lib.slots import holds
from .input import drive_shape


class CurrentUpdate(wiring.Component):
    """``i = sat(shrink(i, di) + g)``.

    Members
    -------
    current, decay : In
        Stage 0; or if the memories hold them, stages 1 and 2.
    drive : In
        Stage 3.
    updated, clamped : Out
        Stage 4; `clamped` tells that `sat` changed the value.
    """

    DRIVE_STAGE = Shrink.LATENCY
    LATENCY = DRIVE_STAGE + 1

    def __init__(self, config: CoreConfig) -> None:
        self._bits = config.state_bits
        self._held = holds(config)
        super().__init__({
            "current": In(signed(config.state_bits)),
            "decay": In(DECAY_BITS),
            "drive": In(drive_shape(config)),
            "updated": Out(signed(config.state_bits)),
            "clamped": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the decay and the adder."""
        m = Module()
        m.submodules.shrink = shrink = Shrink(self._bits, held=self._held)
        m.d.comb += [shrink.magnitude.eq(magnitude(self.current)), shrink.decay.eq(self.decay)]
        negative = stages(m, self.current[-1], self.DRIVE_STAGE - (2 if self._held else 0), name="negative")[-1]
        updated, clamped = saturate(add_signed(self.drive, shrink.shrunk, negative), self._bits)
        m.d.sync += [self.updated.eq(updated), self.clamped.eq(clamped)]
        return m


class MembraneUpdate(wiring.Component):
    """``v = sat(toward(shrink(v, dv), l) + i + b)``.

    Members
    -------
    membrane, decay : In
        Stage 0; or if the memories hold them, stages 1 and 2.
    leak : In
        Stage 3.
    current, bias : In
        Stage 4.
    updated, clamped : Out
        Stage 6; `clamped` tells that `sat` changed the value.
    """

    LEAK_STAGE = Shrink.LATENCY
    CURRENT_STAGE = LEAK_STAGE + 1
    LATENCY = CURRENT_STAGE + 2

    def __init__(self, config: CoreConfig) -> None:
        self._bits = config.state_bits
        self._held = holds(config)
        state = signed(config.state_bits)
        super().__init__({
            "membrane": In(state),
            "decay": In(DECAY_BITS),
            "leak": In(config.state_bits - 1),
            "current": In(state),
            "bias": In(state),
            "updated": Out(state),
            "clamped": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the two leaks and the adders. Both leaks work on the magnitude, so that one sign does for both."""
        m = Module()
        m.submodules.shrink = shrink = Shrink(self._bits, held=self._held)
        m.d.comb += [shrink.magnitude.eq(magnitude(self.membrane)), shrink.decay.eq(self.decay)]
        negative = stages(m, self.membrane[-1], self.CURRENT_STAGE - (2 if self._held else 0), name="negative")[-1]

        left = Signal(self._bits, reset_less=True)
        difference = Signal(signed(self._bits + 1))
        m.d.comb += difference.eq(shrink.shrunk - self.leak)
        m.d.sync += left.eq(Mux(difference < 0, 0, difference))

        total = Signal(signed(self._bits + 3), reset_less=True)
        m.d.sync += total.eq(add_signed(self.current + self.bias, left, negative))
        updated, clamped = saturate(total, self._bits)
        m.d.sync += [self.updated.eq(updated), self.clamped.eq(clamped)]
        return m


class AdaptationUpdate(wiring.Component):
    """``h = shrink(h, dh)``, and on firing ``h = min(h + step, 2^(S-1) - 1)``.

    Members
    -------
    decay, step : In
        Shared by all neurons.
    adaptation : In
        Stage 0; or if the memory holds it, stages 1 and 2.
    shrunk : Out
        Stage 3; what the threshold is raised by.
    fires : In
        Stage 5.
    updated, clamped : Out
        Combinational at stage 5; `clamped` tells that `min` changed the value.
    """

    FIRES_STAGE = Shrink.LATENCY + 2

    def __init__(self, config: CoreConfig) -> None:
        self._bits = config.state_bits - 1
        self._held = holds(config)
        super().__init__({
            "decay": In(DECAY_BITS),
            "step": In(self._bits),
            "adaptation": In(self._bits),
            "shrunk": Out(self._bits),
            "fires": In(1),
            "updated": Out(self._bits),
            "clamped": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the decay and the adder."""
        m = Module()
        m.submodules.shrink = shrink = Shrink(self._bits, held=self._held)
        before = stages(m, shrink.shrunk, self.FIRES_STAGE - Shrink.LATENCY, name="before")[-1]
        total = Signal(self._bits + 1)
        m.d.comb += [
            shrink.magnitude.eq(self.adaptation),
            shrink.decay.eq(self.decay),
            self.shrunk.eq(shrink.shrunk),
            total.eq(before + Mux(self.fires, self.step, 0)),
            self.clamped.eq(total[-1]),
            self.updated.eq(total | self.clamped.replicate(self._bits)),
        ]
        return m


class Firing(wiring.Component):
    """Threshold, refractoriness and reset.

    ::

        fires = forced or (r == 0 and v > th + h and not quiet)
        if r > 0:
            r = r - 1
            if hold: v = reset
        if fires:
            v = sat(v - th) if subtract else reset
            r = period

    Members
    -------
    threshold, adaptation : In
        Stage 0.
    membrane, refractory, reset, hold, forced : In
        Stage 1. What memories hold is also there at the stage after.
    period, subtract : In
        Stage 2.
    quiet : In
        Shared by all neurons: none fires by itself.
    fires : Out
        Stage 2.
    left, count : Out
        Membrane and refractory count afterwards, combinational at stage 2.
    clamped : Out
        Whether `sat` changed the membrane, combinational at stage 2.
    """

    FIRES_STAGE = 2

    def __init__(self, config: CoreConfig) -> None:
        self._bits = config.state_bits
        self._adapts = config.adaptation
        self._waits = 0 if holds(config) else 1
        state = signed(config.state_bits)
        super().__init__({
            "threshold": In(state),
            "adaptation": In(config.state_bits - 1),
            "membrane": In(state),
            "refractory": In(config.refractory_bits),
            "reset": In(state),
            "period": In(config.refractory_bits),
            "subtract": In(1),
            "hold": In(1),
            "forced": In(1),
            "quiet": In(1),
            "fires": Out(1),
            "left": Out(state),
            "count": Out(config.refractory_bits),
            "clamped": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the comparison and what follows from it."""
        m = Module()
        threshold = limit = stages(m, self.threshold, self._waits, name="threshold")[-1]
        if self._adapts:
            limit = stages(m, self.threshold + self.adaptation, 1, name="limit")[-1]

        # A neuron that is held at the reset value fires from there, if it is forced to.
        left, above = Signal(signed(self._bits)), Signal(signed(self._bits + 1), reset_less=True)
        free = self.refractory == 0
        m.d.comb += left.eq(Mux(self.hold & ~free, self.reset, self.membrane))
        m.d.sync += [
            self.fires.eq(self.forced | (free & (self.membrane > limit) & ~self.quiet)),
            above.eq(left - threshold),
        ]
        left, reset, refractory = (
            stages(m, value, waits, name=name)[-1]
            for name, value, waits in (
                ("left", left, 1),
                ("reset", self.reset, self._waits),
                ("refractory", self.refractory, self._waits),
            )
        )

        subtracted, clamped = saturate(above, self._bits)
        m.d.comb += [self.left.eq(left), self.count.eq(Mux(refractory.any(), refractory - 1, 0))]
        with m.If(self.fires):
            m.d.comb += self.left.eq(Mux(self.subtract, subtracted, reset))
            m.d.comb += [self.count.eq(self.period), self.clamped.eq(self.subtract & clamped)]
        return m
