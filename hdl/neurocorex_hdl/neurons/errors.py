"""Error of a neuron: what feedback axons have brought to it since the last lesson."""

from typing import ClassVar

from amaranth.hdl import Cat, Const, Module, Value, signed
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, Region

from ..lib.arithmetic import saturate
from ..lib.delay import stages
from ..registers.region import region_shape
from ..synapses.accumulator import sum_shape
from .equations import Equation


class ErrorUpdate(Equation):
    """``E = sat_16(E + e + judgement)``; the judgement only with groups, which takes a stage more.

    Members
    -------
    error, judgement : In
        Stage 0.
    error_sum : In
        e; stage 0, or 1 with groups. What follows is counted from there.
    deadband : In
        Shared by all neurons.
    updated, clamped : Out
        Stage 1; `clamped` tells that `sat_16` changed the value.
    counts : Out
        Whether ``|E| > DEADBAND``, combinational at stage 1.
    """

    READS: ClassVar = {Region.ERROR: 0}

    def __init__(self, config: CoreConfig) -> None:
        shape = region_shape(Region.ERROR, config)
        self._judges = config.groups > 0
        super().__init__(config, {
            **({"judgement": In(signed(shape.width + 1))} if self._judges else {}),
            "error_sum": In(sum_shape(config)),
            "deadband": In(Control.DEADBAND.bits(config)),
            "updated": Out(shape),
            "clamped": Out(1),
            "counts": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the adder and the comparison."""
        m = Module()
        error: Value = self.error
        if self._judges:
            error = stages(m, self.error + self.judgement, 1, name="judged")[-1]
        updated, clamped = saturate(error + self.error_sum, len(self.error))
        m.d.sync += [self.updated.eq(updated), self.clamped.eq(clamped)]
        # The complement of a negative number is one less than its magnitude, and an extra low bit makes up for that.
        sign = self.updated[-1]
        size = Cat(sign, self.updated[:-1] ^ sign.replicate(len(self.updated) - 1))
        m.d.comb += self.counts.eq(size > Cat(Const(0, 1), self.deadband))
        return m
