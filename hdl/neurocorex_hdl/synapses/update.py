"""Synapse update: rounding, soft and hard bounds of one weight change, as one lane of the learning engine does it."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.config import CHANGE_FRACTION

from ..lib.arithmetic import plus, saturate
from ..lib.delay import stages
from .banks import synapse_layout


def rule_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of what all lanes share: bounds, drift, and flags of `Control.LEARNING`."""
    weight = signed(config.weight_bits)
    return data.StructLayout({
        "minimum": weight,
        "maximum": weight,
        "drift": signed(config.weight_bits + 1),
        "stochastic": 1,
        "soft": 1,
    })  # fmt: skip


def changed_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a weight to be stored, if it has changed."""
    return data.StructLayout({"weight": signed(config.weight_bits), "changed": 1})


def tally_layout() -> data.StructLayout:
    """Return the layout of a tally: whether a synapse was raised or lowered, and cut at the low or high bound."""
    return data.StructLayout({"raised": 1, "lowered": 1, "low": 1, "high": 1})


class SynapseUpdate(wiring.Component):
    """One lane of learning: a plastic synapse of weight w changes by P.

    ::

        if SOFT:  P = floor(P * d / 2^W),   d = max(WEIGHT_MAX - w, 0) if P > 0 else max(w - WEIGHT_MIN, 0)
        u = draw if STOCHASTIC else (255 if P < 0 else 0)
        change = floor((P + u) / 256)
        if change != 0:
            w = min(max(w + change, WEIGHT_MIN), WEIGHT_MAX)
            stored = sat_W(w - DRIFT)

    Members
    -------
    rule : In
        Shared by all synapses; stays as long as one is in the pipeline.
    enable : In(1)
        There is a synapse, and learning is on. Stage 0, as `synapse`, `amount` and `draw`.
    synapse : In
        Effective weight, and whether it is plastic.
    amount : In
        P, with `CHANGE_FRACTION` bits behind the point.
    draw : In(8)
        For stochastic rounding.
    host, host_weight : In
        Level, and the weight that the host stores: it takes the place of the result, from the last stage but one.
    tally : Out
        See `tally_layout`; one stage before the last.
    result : Out
        What to store, at stage ``latency(config)``.
    """

    #: Stages of hard bounds: rounding, sum, bounds, drift.
    STAGES = 4
    #: Stages before them if the distance to the bound counts: distance, product, choice.
    SOFT_STAGES = 3

    @classmethod
    def latency(cls, config: CoreConfig) -> int:
        """Cycles from a synapse to its new value."""
        return cls.STAGES + (cls.SOFT_STAGES if config.soft_bounds else 0)

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "rule": In(rule_layout(config)),
            "enable": In(1),
            "synapse": In(synapse_layout(config)),
            "amount": In(signed(config.change_bits)),
            "draw": In(8),
            "host": In(1),
            "host_weight": In(signed(config.weight_bits)),
            "tally": Out(tally_layout()),
            "result": Out(changed_layout(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the stages."""
        m = Module()
        rule, bits = self.rule, self._config.weight_bits
        amount = self._soften(m) if self._config.soft_bounds else self.amount
        before = self.SOFT_STAGES if self._config.soft_bounds else 0
        plastic = stages(m, self.enable & self.synapse.plastic, before + 1, name="plastic", reset_less=False)[-1]
        weight = stages(m, self.synapse.weight, before + 1, name="weight")[-1]
        draw = stages(m, self.draw, before, name="draw")[-1]
        # The change is never added up by itself: it is the whole part of P, or one more if the fraction is rounded up.
        whole = stages(m, amount >> CHANGE_FRACTION, 1, name="whole")[-1]
        up, moved = Signal(reset_less=True), Signal(signed(bits + 2), reset_less=True)
        bounded, tally = Signal(signed(bits), reset_less=True), Signal(tally_layout())
        rounding = Mux(rule.stochastic, draw, amount[-1].replicate(CHANGE_FRACTION))
        m.d.sync += up.eq((amount[:CHANGE_FRACTION] + rounding)[CHANGE_FRACTION])
        m.d.sync += moved.eq(plus(weight, whole, up))

        nothing = Mux(up, whole.all(), ~whole.any())
        acts = stages(m, plastic & ~nothing, 1, name="acts", reset_less=False)[-1]
        lowers = stages(m, whole[-1], 1, name="lowers")[-1]
        low, high = moved < rule.minimum, moved > rule.maximum
        # Bounds in the wrong order leave the upper one, as the equation does.
        upper = high | (low & (rule.minimum > rule.maximum))
        m.d.sync += [
            bounded.eq(Mux(upper, rule.maximum, Mux(low, rule.minimum, moved))),
            tally.raised.eq(acts & ~lowers),
            tally.lowered.eq(acts & lowers),
            tally.low.eq(acts & low),
            tally.high.eq(acts & high),
            # A multiplexer here is part of the LUTs of the saturation; at the banks it would take LUTs of its own.
            self.result.weight.eq(Mux(self.host, self.host_weight, saturate(bounded - rule.drift, bits)[0])),
            self.result.changed.eq(tally.raised | tally.lowered),
        ]
        m.d.comb += self.tally.eq(tally)
        return m

    def _soften(self, m: Module) -> Value:
        """Scale the change by the distance to the bound; return it at stage `SOFT_STAGES`."""
        config, weight = self._config, self.synapse.weight
        upwards = (self.amount > 0) & ~self.amount[-1]
        distance, product = (
            Signal(signed(config.weight_bits + 1)),
            Signal(signed(config.change_bits + config.weight_bits)),
        )
        scaled = Signal(signed(config.change_bits), reset_less=True)
        amounts = stages(m, self.amount, self.SOFT_STAGES - 1, name="amount")
        with m.If(upwards):
            m.d.sync += distance.eq(self.rule.maximum - weight)
        with m.Else():
            m.d.sync += distance.eq(weight - self.rule.minimum)
        room = Mux(distance[-1], 0, distance[: config.weight_bits])
        m.d.sync += [
            product.eq(amounts[1] * room),
            scaled.eq(Mux(self.rule.soft, product >> config.weight_bits, amounts[2])),
        ]
        return scaled
