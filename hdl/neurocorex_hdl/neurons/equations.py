"""Equations of a neuron: decay of current, membrane and adaptation, threshold, refractoriness, reset, axon delay.

Each equation is a pipeline that takes a neuron in every cycle. Its stages are counted in cycles from its first operand.
`neurocorex_hdl.neurons.pipeline` places the equations one after the other and brings them the parameters and the state
that they name in `READS`, so a new parameter needs its row in `neurocorex.spec` and the lines that use it here.
"""

from collections.abc import Mapping
from typing import ClassVar

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.fixed import DECAY_BITS
from neurocorex.spec.rows import judges

from ..lib.arithmetic import Shrink, add_signed, magnitude, saturate
from ..lib.delay import stages
from ..registers.region import region_shape
from .input import drive_shape
from .pace import holds


def fired_before(history: Value, delay: Value) -> Value:
    """Whether a neuron fired `delay` steps ago, by its history; never for a delay of 0 or beyond the history."""
    return Cat(Const(0, 1), history, Const(0, (1 << len(delay)) - 1 - len(history))).bit_select(delay, 1)


class Equation(wiring.Component):
    """An equation, and the items of the neuron that it reads: each comes by a port with the name of its region.

    Attributes
    ----------
    READS : mapping of Region to int
        Regions, and the stage at which the item is wanted.
    MULTIPLIED : tuple of Region
        Operands of a multiplier. Where memories hold items, it has no register before it and needs them for a second
        stage.
    """

    READS: ClassVar[Mapping[Region, int]]
    MULTIPLIED: ClassVar[tuple[Region, ...]] = ()

    def __init__(self, config: CoreConfig, ports: Mapping[str, wiring.Member]) -> None:
        items = {
            region.name.lower(): In(region_shape(region, config), init=region.row.power_up(config))
            for region in self.reads(config)
        }
        super().__init__({**items, **ports})

    @classmethod
    def reads(cls, config: CoreConfig) -> dict[Region, int]:
        """Return the last stage at which each item is wanted."""
        return {region: stage + (holds(config) and region in cls.MULTIPLIED) for region, stage in cls.READS.items()}


class CurrentUpdate(Equation):
    """``i = sat(shrink(i, di) + g)``.

    Members
    -------
    current, current_decay : In
        Stage 0; or if the memories hold them, stages 1 and 2.
    drive : In
        Stage 3.
    updated, clamped : Out
        Stage 4; `clamped` tells that `sat` changed the value.
    """

    READS: ClassVar = {Region.CURRENT: 0, Region.CURRENT_DECAY: 0}
    MULTIPLIED = (Region.CURRENT, Region.CURRENT_DECAY)
    DRIVE_STAGE = Shrink.LATENCY
    LATENCY = DRIVE_STAGE + 1

    def __init__(self, config: CoreConfig) -> None:
        self._bits = config.state_bits
        self._held = holds(config)
        super().__init__(config, {
            "drive": In(drive_shape(config)),
            "updated": Out(signed(config.state_bits)),
            "clamped": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the decay and the adder."""
        m = Module()
        m.submodules.shrink = shrink = Shrink(self._bits, held=self._held)
        m.d.comb += [shrink.magnitude.eq(magnitude(self.current)), shrink.decay.eq(self.current_decay)]
        negative = stages(m, self.current[-1], self.DRIVE_STAGE - (2 if self._held else 0), name="negative")[-1]
        updated, clamped = saturate(add_signed(self.drive, shrink.shrunk, negative), self._bits)
        m.d.sync += [self.updated.eq(updated), self.clamped.eq(clamped)]
        return m


class MembraneUpdate(Equation):
    """``v = sat(toward(shrink(v, dv), l) + i + b)``, with contexts ``+ cb``.

    Members
    -------
    membrane, decay : In
        Stage 0; or if the memories hold them, stages 1 and 2.
    leak : In
        Stage 3.
    current, bias : In
        Stage 4; with contexts bias and context_bias a stage earlier.
    updated, clamped : Out
        Stage 6; `clamped` tells that `sat` changed the value.
    """

    LEAK_STAGE = Shrink.LATENCY
    CURRENT_STAGE = LEAK_STAGE + 1
    LATENCY = CURRENT_STAGE + 2
    READS: ClassVar = {Region.MEMBRANE: 0, Region.DECAY: 0, Region.LEAK: LEAK_STAGE, Region.BIAS: CURRENT_STAGE}
    MULTIPLIED = (Region.MEMBRANE, Region.DECAY)

    @classmethod
    def reads(cls, config: CoreConfig) -> dict[Region, int]:
        """Return the last stage at which each item is wanted: two biases are added up ahead of the current."""
        biases = dict.fromkeys((Region.BIAS, Region.CONTEXT_BIAS), cls.CURRENT_STAGE - 1)
        return super().reads(config) | (biases if config.contexts > 1 else {})

    def __init__(self, config: CoreConfig) -> None:
        self._bits = config.state_bits
        self._held = holds(config)
        self._adds_biases = config.contexts > 1
        state = signed(config.state_bits)
        super().__init__(config, {
            "current": In(state),
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

        bias = stages(m, self.bias + self.context_bias, 1, name="bias")[1] if self._adds_biases else self.bias
        total = Signal(signed(self._bits + 3), reset_less=True)
        m.d.sync += total.eq(add_signed(self.current + bias, left, negative))
        updated, clamped = saturate(total, self._bits)
        m.d.sync += [self.updated.eq(updated), self.clamped.eq(clamped)]
        return m


class AdaptationUpdate(Equation):
    """``h = shrink(h, dh)``, and then ``h = min(h + (step if fires) + raised, 2^(S-1) - 1)``.

    Members
    -------
    decay, step : In
        Shared by all neurons.
    adaptation : In
        Stage 0; or if the memory holds it, stages 1 and 2.
    shrunk : Out
        Stage 3; what the threshold is raised by.
    raised : In
        Stage 3; what a judgement adds, only with groups and errors.
    fires : In
        Stage 5.
    updated, clamped : Out
        Combinational at stage 5; `clamped` tells that `min` changed the value.
    """

    FIRES_STAGE = Shrink.LATENCY + 2
    READS: ClassVar = {Region.ADAPTATION: 0}
    MULTIPLIED = (Region.ADAPTATION,)

    def __init__(self, config: CoreConfig) -> None:
        self._bits = config.state_bits - 1
        self._held = holds(config)
        self._judges = judges(config)
        super().__init__(config, {
            **({"raised": In(self._bits)} if self._judges else {}),
            "decay": In(DECAY_BITS),
            "step": In(self._bits),
            "shrunk": Out(self._bits),
            "fires": In(1),
            "updated": Out(self._bits),
            "clamped": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the decay and the adder."""
        m = Module()
        m.submodules.shrink = shrink = Shrink(self._bits, held=self._held)
        left = shrink.shrunk + self.raised if self._judges else shrink.shrunk
        before = stages(m, left, self.FIRES_STAGE - Shrink.LATENCY, name="before")[-1]
        total = Signal(len(before) + 1)
        m.d.comb += [
            shrink.magnitude.eq(self.adaptation),
            shrink.decay.eq(self.decay),
            self.shrunk.eq(shrink.shrunk),
            total.eq(before + Mux(self.fires, self.step, 0)),
            self.clamped.eq(total[self._bits :].any()),
            self.updated.eq(total | self.clamped.replicate(self._bits)),
        ]
        return m


class Firing(Equation):
    """Threshold, refractoriness and reset.

    ::

        fires = forced or (r == 0 and v > th + h and not quiet and not loses)
        excess = v - (th + h)
        if r > 0:
            r = r - 1
            if hold: v = reset
        if fires:
            v = sat(v - th) if subtract else reset
            r = refractory

    Members
    -------
    threshold, adaptation : In
        Stage 0.
    membrane, refractory_count, reset, hold, forced, quiet : In
        Stage 1; `refractory_count` is r, and `quiet` tells that the neuron does not fire by itself. Items that memories
        hold are also there at the stage after.
    refractory, subtract : In
        Stage 2.
    loses : In
        Stage 2; another neuron fires in the place of this one, which is not forced to; only with groups.
    fires : Out
        Stage 2.
    excess : Out
        Stage 2; only with groups.
    left, count : Out
        Membrane and refractory count afterwards, combinational at stage 2.
    clamped : Out
        Whether `sat` changed the membrane, combinational at stage 2.
    """

    FIRES_STAGE = 2
    READS: ClassVar = {Region.THRESHOLD: 0, Region.RESET: 1, Region.REFRACTORY_COUNT: 1, Region.REFRACTORY: 2}

    def __init__(self, config: CoreConfig) -> None:
        self._bits = config.state_bits
        self._adapts, self._measures = config.adaptation, config.groups > 0
        self._waits = 0 if holds(config) else 1
        state = signed(config.state_bits)
        super().__init__(config, {
            "adaptation": In(config.state_bits - 1),
            "membrane": In(state),
            "subtract": In(1),
            "hold": In(1),
            "forced": In(1),
            "quiet": In(1),
            "fires": Out(1),
            **({"loses": In(1), "excess": Out(signed(config.state_bits + 2))} if self._measures else {}),
            "left": Out(state),
            "count": Out(config.refractory_bits),
            "clamped": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the comparison, the reset and the refractory count."""
        m = Module()
        threshold = limit = stages(m, self.threshold, self._waits, name="threshold")[-1]
        if self._adapts:
            limit = stages(m, self.threshold + self.adaptation, 1, name="limit")[-1]

        # A neuron that is held at the reset value fires from there, if it is forced to.
        left, above = Signal(signed(self._bits)), Signal(signed(self._bits + 1), reset_less=True)
        free, passes = self.refractory_count == 0, Signal()
        m.d.comb += left.eq(Mux(self.hold & ~free, self.reset, self.membrane))
        m.d.sync += [
            passes.eq(self.forced | (free & (self.membrane > limit) & ~self.quiet)),
            above.eq(left - threshold),
        ]
        m.d.comb += self.fires.eq(passes & ~self.loses if self._measures else passes)
        if self._measures:
            m.d.sync += self.excess.eq(self.membrane - limit)
        left, reset, remaining = (
            stages(m, value, waits, name=name)[-1]
            for name, value, waits in (
                ("left", left, 1),
                ("reset", self.reset, self._waits),
                ("remaining", self.refractory_count, self._waits),
            )
        )

        subtracted, clamped = saturate(above, self._bits)
        m.d.comb += [self.left.eq(left), self.count.eq(Mux(remaining.any(), remaining - 1, 0))]
        with m.If(self.fires):
            m.d.comb += self.left.eq(Mux(self.subtract, subtracted, reset))
            m.d.comb += [self.count.eq(self.refractory), self.clamped.eq(self.subtract & clamped)]
        return m
