"""Random draws of stochastic rounding: one generator, from which every lane derives its own draw."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.fixed import DRAW_STRIDE
from neurocorex.spec.timing import piece_cycles

from ..lib.arithmetic import plus
from ..lib.delay import stages
from ..registers.control import RandomUpdate
from ..synapses.access import piece_layout
from ..synapses.axons import by_kind, first_axons

_DRAW_BITS = 16


def advanced(random: Value) -> Value:
    """Return the next state of the generator, `neurocorex.spec.fixed.advance`; three exclusive ors a bit."""
    random = random ^ Cat(Const(0, 13), random[:19])
    random = random ^ random[17:]
    return random ^ Cat(Const(0, 5), random[:27])


class Draws(wiring.Component):
    """Draws that are added to the change of each synapse of a piece, ``((random >> 16) + 40503 * k mod 65536) >> 8``.

    k is the number of the neuron in a row, and that of the axon in a column: numbers of the model, whatever the lanes.
    They rise by one from lane to lane and by L from piece to piece, so that nothing is multiplied. Only where another
    kind of axons begins the sequence does so anew, because the rows of the kind before may not have filled its blocks.

    Members
    -------
    piece : In
        Synapses that are wanted, at stage 0.
    random : In(32)
        State of the generator.
    update : Out(RandomUpdate)
        Its next state, which it takes when a row or column begins.
    draws : Out
        By lane, at stage `LATENCY`.
    """

    LATENCY = 3

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "piece": In(piece_layout(config)),
            "random": In(32),
            "update": Out(RandomUpdate()),
            "draws": Out(data.ArrayLayout(8, config.lanes)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the register that moves along, and an adder for each lane."""
        m = Module()
        lanes, piece = self._config.lanes, self.piece
        base = Signal(_DRAW_BITS, reset_less=True)
        drawn = Mux(piece.first, self.update.following[16:], self.random[16:])
        origin = {kind: DRAW_STRIDE * axon % (1 << _DRAW_BITS) for kind, axon in first_axons(self._config).items()}
        skipped = Mux(piece.place.column, by_kind(piece.kind, origin, _DRAW_BITS), 0)
        step = Const(DRAW_STRIDE * lanes % (1 << _DRAW_BITS), _DRAW_BITS)
        m.d.comb += [self.update.following.eq(advanced(self.random)), self.update.advance.eq(piece.valid & piece.first)]
        with m.If(piece.valid):
            m.d.sync += base.eq(Mux(piece.begins, drawn, base) + Mux(piece.begins, skipped, step))
        # It stays for two stages where pieces come every other cycle.
        waiting = self.LATENCY - 1 - piece_cycles(self._config)
        late = stages(m, base, waiting, name="base")[-1]
        for lane in range(lanes):
            high, low = divmod(DRAW_STRIDE * lane % (1 << _DRAW_BITS), 1 << 8)
            m.d.sync += self.draws[lane].eq(plus(late[8:], Const(high, 8), _carry(late[:8], low)))
        return m


def _carry(value: Value, number: int) -> Value:
    """Whether a sum with a constant overflows. Of a low half only this is needed, two LUTs instead of an adder."""
    carry = Const(0, 1)
    for bit in range(len(value)):
        carry = (value[bit] | carry) if number >> bit & 1 else (value[bit] & carry)
    return carry
