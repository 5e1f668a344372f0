"""Random draws: functions of one state of a generator, which stays for a step, and of the place that is drawn for."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.fixed import DRAW_STRIDE, Place
from neurocorex.spec.timing import piece_cycles

from ..lib.arithmetic import plus
from ..lib.delay import stages
from ..synapses.access import piece_layout
from ..synapses.axons import AxonKind, by_kind, first_axons
from ..synapses.matrix import WeightMatrix
from ..synapses.update import SynapseUpdate

DRAW_BITS = 16
_AXONS = {AxonKind.INPUT: Place.INPUT, AxonKind.RECURRENT: Place.RECURRENT, AxonKind.EXTRA: Place.EXTRA}


def reverse(number: Value) -> Value:
    """Return the 16 bits of a number in the opposite order; wires only."""
    return Cat(Const(0, DRAW_BITS - len(number)), reversed(number))


class Draws(wiring.Component):
    """Draws that are added to the change of each synapse of a piece, `neurocorex.spec.fixed.weight_draw`.

    A row or column begins with a base, and goes on by 40503 from neuron to neuron, or from axon to axon: numbers of the
    model, whatever the lanes. They rise by one from lane to lane and by L from piece to piece, so that nothing is
    multiplied. Only where another kind of axons begins the sequence does so anew, because the rows of the kind before
    may not have filled its blocks.

    Members
    -------
    piece : In
        Synapses that are wanted, at stage 0.
    random : In(16)
        Upper half of the state of the generator.
    draws : Out
        By lane, at stage ``latency(config)``, when their changes come.
    """

    @staticmethod
    def latency(config: CoreConfig) -> int:
        """Cycles from a piece to its draws."""
        return WeightMatrix.latency(config) + SynapseUpdate.amount_stage(config)

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "piece": In(piece_layout(config)),
            "random": In(DRAW_BITS),
            "draws": Out(data.ArrayLayout(8, config.lanes)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the register that moves along, and an adder for each lane."""
        m = Module()
        lanes, piece = self._config.lanes, self.piece
        column, base = piece.place.column, Signal(DRAW_BITS, reset_less=True)
        kind = Mux(column, Const(Place.NEURON, DRAW_BITS), by_kind(piece.kind, _AXONS, DRAW_BITS))
        drawn = self.random ^ reverse(piece.index) ^ kind
        origin = {kind: DRAW_STRIDE * axon % (1 << DRAW_BITS) for kind, axon in first_axons(self._config).items()}
        skipped = Mux(column, by_kind(piece.kind, origin, DRAW_BITS), 0)
        step = Const(DRAW_STRIDE * lanes % (1 << DRAW_BITS), DRAW_BITS)
        with m.If(piece.valid):
            m.d.sync += base.eq(Mux(piece.begins, drawn, base) + Mux(piece.begins, skipped, step))
        # It stays for two stages where pieces come every other cycle.
        waiting = self.latency(self._config) - 1 - piece_cycles(self._config)
        late = stages(m, base, waiting, name="base")[-1]
        for lane in range(lanes):
            high, low = divmod(DRAW_STRIDE * lane % (1 << DRAW_BITS), 1 << 8)
            m.d.sync += self.draws[lane].eq(plus(late[8:], Const(high, 8), _carry(late[:8], low)))
        return m


def _carry(value: Value, number: int) -> Value:
    """Whether a sum with a constant overflows. Of a low half only this is needed, two LUTs instead of an adder."""
    carry = Const(0, 1)
    for bit in range(len(value)):
        carry = (value[bit] | carry) if number >> bit & 1 else (value[bit] & carry)
    return carry
