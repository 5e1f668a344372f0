"""Error of a neuron: what feedback axons have brought to it since the last lesson."""

from typing import ClassVar

from amaranth.hdl import Cat, Const, Module
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig, Region

from ..lib.arithmetic import saturate
from ..registers.region import region_shape
from ..synapses.accumulator import sum_shape
from .equations import Equation


class ErrorUpdate(Equation):
    """``E = sat_16(E + e)``.

    Members
    -------
    error, error_sum : In
        Stage 0; `error_sum` is e.
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
        super().__init__(config, {
            "error_sum": In(sum_shape(config)),
            "deadband": In(Control.DEADBAND.bits(config)),
            "updated": Out(shape),
            "clamped": Out(1),
            "counts": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the adder and the comparison."""
        m = Module()
        updated, clamped = saturate(self.error + self.error_sum, len(self.error))
        m.d.sync += [self.updated.eq(updated), self.clamped.eq(clamped)]
        # The complement of a negative number is one less than its magnitude, and an extra low bit makes up for that.
        sign = self.updated[-1]
        size = Cat(sign, self.updated[:-1] ^ sign.replicate(len(self.updated) - 1))
        m.d.comb += self.counts.eq(size > Cat(Const(0, 1), self.deadband))
        return m
