"""Synaptic scaling: the sum of the plastic weights of a column, and the factor that brings it to the target."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.fixed import FACTOR_BITS, SCALE_ROW_BITS
from neurocorex.spec.timing import sum_stages

from ..lib.arithmetic import saturate
from ..lib.delay import stages
from ..registers.control import ControlValues
from ..synapses.access import piece_layout
from ..synapses.banks import synapse_lanes
from ..synapses.matrix import WeightMatrix
from .held import GAIN_BITS

#: Bits of the quotient that a factor comes from.
QUOTIENT_BITS = 16


class Scaling(wiring.Signature):
    """Walks over columns that are scaled, seen from the sequencer.

    Members
    -------
    active : Out(1)
        Level: columns are scaled, until the changes of the last one have been written.
    start : Out(1)
        Strobe: a column begins to be added up.
    adding : Out(1)
        Level: the column that is read is added up, not changed; until its factor is there.
    divide : Out(1)
        Strobe: the last of its synapses have been wanted; the factor comes `scaling_cycles` later.
    """

    def __init__(self) -> None:
        super().__init__({"active": Out(1), "start": Out(1), "adding": Out(1), "divide": Out(1)})


def chosen_row(control: ControlValues, piece: data.View, config: CoreConfig) -> Value:
    """Whether a piece of a column has the rule row that `Control.SCALE` names."""
    return (piece.rule + 1 == control.scale[:SCALE_ROW_BITS]) if config.rules > 1 else Value.cast(1)


class ColumnFactor(wiring.Component):
    """Factor of the weights of a column, less one, with `FACTOR_BITS` behind the point.

    ::

        S = sum of the weights that are plastic, and whose rule row is the one that SCALE names
        K = min(floor(TARGET * 4096 / S) - 4096, 32767) if S > 0 else 0

    A tree of adders adds up the weights of a piece, with a register at each level, and a register those of the pieces.
    Then the quotient comes bit by bit. Its highest bits would be beyond the limit, so the division begins with all of
    the target but its lowest 4 bits: if that holds S, the factor is at its limit.

    Members
    -------
    control : In(ControlValues)
        The target, and the rule row.
    scaling : In(Scaling)
        The walks.
    piece : In
        Synapses that are wanted, at stage 0.
    synapses : In
        These synapses by lane, at stage `WeightMatrix.latency`.
    factor : Out(signed(16))
        K, from `scaling_cycles` after `divide` on, until the next column starts.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "control": In(ControlValues(config)),
            "scaling": In(Scaling()),
            "piece": In(piece_layout(config)),
            "synapses": In(synapse_lanes(config)),
            "factor": Out(signed(GAIN_BITS)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the sum; the division follows."""
        m = Module()
        config = self._config
        counts = self.piece.valid & self.scaling.adding & chosen_row(self.control, self.piece, config)
        wanted = stages(m, counts, WeightMatrix.latency(config), name="wanted", reset_less=False)[-1]
        level: list[Value] = []
        for lane in range(config.lanes):
            synapse, weight = self.synapses[lane], Signal(signed(config.weight_bits), name=f"weight_{lane}")
            m.d.sync += weight.eq(Mux(wanted & synapse.plastic, synapse.weight, 0))
            level.append(weight)
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=True)
            level = [
                stages(m, left + right, 1, name=f"sum_{len(level)}_{place}")[1]
                for place, (left, right) in enumerate(pairs)
            ]
        total = Signal(signed(config.accumulator_bits))
        m.d.sync += total.eq(Mux(self.scaling.start, 0, total + level[0]))
        added = WeightMatrix.latency(config) + sum_stages(config)
        begin = stages(m, self.scaling.divide, added, name="begin", reset_less=False)[-1]
        self._divide(m, total, begin)
        return m

    def _divide(self, m: Module, total: Signal, begin: Value) -> None:
        """Divide the target, a bit of the quotient in each cycle."""
        target, divisor = self.control.target, total[:-1]
        high = target[QUOTIENT_BITS - FACTOR_BITS :]
        rest, digits = Signal(len(divisor)), Signal(QUOTIENT_BITS - FACTOR_BITS)
        quotient, beyond, left = Signal(QUOTIENT_BITS), Signal(), Signal(range(QUOTIENT_BITS + 1))
        doubled = Cat(digits[-1], rest)
        difference = Signal(signed(len(doubled) + 1))
        m.d.comb += difference.eq(doubled - divisor)
        fits = ~difference[-1]
        with m.If(begin):
            m.d.sync += [rest.eq(high), digits.eq(target), beyond.eq(high >= divisor), left.eq(QUOTIENT_BITS)]
        with m.Elif(left.any()):
            m.d.sync += [
                rest.eq(Mux(fits, difference, doubled)),
                digits.eq(Cat(0, digits[:-1])),
                quotient.eq(Cat(fits, quotient[:-1])),
                left.eq(left - 1),
            ]
        gain = Cat(quotient, 0).as_signed() - (1 << FACTOR_BITS)
        limit = (1 << (GAIN_BITS - 1)) - 1
        positive = ~total[-1] & total.any()
        m.d.sync += self.factor.eq(Mux(positive, Mux(beyond, limit, saturate(gain, GAIN_BITS)[0]), 0))
