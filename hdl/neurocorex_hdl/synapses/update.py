"""Synapse update: rounding, soft and hard bounds of one weight change, as one lane of the learning engine does it."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import Control, CoreConfig
from neurocorex.spec.config import CHANGE_FRACTION
from neurocorex.spec.fixed import FADE_ALL
from neurocorex.spec.timing import change_stages

from ..lib.arithmetic import plus, select
from ..lib.delay import stages
from .banks import synapse_layout
from .drift import drift_shape, drifts


def rule_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of what all lanes share: bounds, flags of `Control.LEARNING`, and the drift, if weights drift.

    With several rule rows, bounds and the flags `soft` and `gathers` are arrays with an item for each. `drift` is the
    pending one, see `Drift`; it has no bits on chips without. `down` and `up` tell the sign of a step. With
    eligibilities, `gathers` tells that they change instead of weights, `rewards` that columns are walked for a reward
    or a fade, and `fade` is `Control.FADE`. With scaling, `nearest` tells that changes are rounded to the nearest
    instead of to zero.
    """
    weight, flag = signed(config.weight_bits), 1
    if config.rules > 1:
        weight, flag = (data.ArrayLayout(shape, config.rules) for shape in (weight, flag))
    eligibility = {"gathers": flag, "rewards": 1, "fade": Control.FADE.bits(config)} if config.eligibility else {}
    scaling = {"nearest": 1} if config.scaling else {}
    return data.StructLayout({
        "minimum": weight,
        "maximum": weight,
        "stochastic": 1,
        "soft": flag,
        "drift": drift_shape(config) if drifts(config) else 0,
        "down": 1,
        "up": 1,
        **eligibility,
        **scaling,
    })  # fmt: skip


def amount_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a change amount P: what is below it, and whether it is one more, as it is rounded up.

    Sums have room for a carry, so P itself is seldom needed.
    """
    return data.StructLayout({"floor": signed(config.change_bits), "half": 1})


def changed_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a weight, less the pending drift, and of an eligibility, to be stored if one has changed."""
    gathered = {"eligibility": signed(config.weight_bits)} if config.eligibility else {}
    return data.StructLayout({"weight": signed(config.stored_weight_bits), "changed": 1, **gathered})


def tally_layout() -> data.StructLayout:
    """Return the layout of a tally of a change.

    Whether the synapse was raised or lowered, cut at the low or high bound, and at the end of its range before, where
    the drift leads.
    """
    return data.StructLayout({"raised": 1, "lowered": 1, "low": 1, "high": 1, "drifted": 1})


class SynapseUpdate(wiring.Component):
    """One lane of learning: a plastic synapse of weight w changes by P.

    ::

        if SOFT:  P = floor((P * d + 2^(W-1)) / 2^W),   d = max(WEIGHT_MAX - w, 0) if P > 0 else max(w - WEIGHT_MIN, 0)
        u = draw if STOCHASTIC else (255 if P < 0 else 0)        128 instead where weights are scaled
        change = floor((P + u) / 256)
        if change != 0:
            w = min(max(w + change, WEIGHT_MIN), WEIGHT_MAX)
            stored = w - pending drift, if there is one

    An eligibility c changes in place of the weight where changes are gathered, and is not counted; then `minimum` and
    `maximum` of the rule are the ends of its range. In a walk for a reward it fades:
    ``c = toward(c, ceil(|c| / 2^FADE))``. It goes beside what changes, and both are stored together.

    Members
    -------
    rule : In
        Shared by all synapses; stays as long as one is in the pipeline.
    enable : In(1)
        There is a synapse, and learning is on. Stage 0, as `synapse` and `row`.
    synapse : In
        Weight that acts, and whether it is plastic.
    row : In
        Its rule row; only with several.
    amount : In
        P, with `CHANGE_FRACTION` bits behind the point, see `amount_layout`. Stage `change_stages`, as `draw`.
    draw : In(8)
        For stochastic rounding.
    host, host_weight : In
        Strobe, and the weight that the host stores, less the pending drift: the result a cycle later.
    tally : Out
        See `tally_layout`; at the stage of bounds.
    result : Out
        What to store, at stage ``latency(config)``.
    """

    #: Stages of hard bounds: rounding, sum, bounds.
    STAGES = 3
    #: Stages before them if the distance to the bound counts: distance, product, choice.
    SOFT_STAGES = 3
    #: Stages of a fade, beside them: size, loss, difference.
    FADE_STAGES = 3

    @classmethod
    def latency(cls, config: CoreConfig) -> int:
        """Cycles from a synapse to its new value."""
        return change_stages(config) + cls.STAGES + drifts(config) + (cls.SOFT_STAGES if config.soft_bounds else 0)

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "rule": In(rule_layout(config)),
            "enable": In(1),
            "synapse": In(synapse_layout(config)),
            **({"row": In(config.rule_bits)} if config.rules > 1 else {}),
            "amount": In(amount_layout(config)),
            "draw": In(8),
            "host": In(1),
            "host_weight": In(signed(config.stored_weight_bits)),
            "tally": Out(tally_layout()),
            "result": Out(changed_layout(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the stages."""
        m = Module()
        rule, bits = self.rule, self._config.weight_bits
        changing = stages(m, self._changing(), change_stages(self._config), name="changing")[-1]
        amount = self._soften(m, changing) if self._config.soft_bounds else self.amount
        scaling = self.SOFT_STAGES if self._config.soft_bounds else 0
        before = change_stages(self._config) + scaling
        plastic = stages(m, self.enable & self.synapse.plastic, before + 1, name="plastic", reset_less=False)[-1]
        weight = stages(m, changing, scaling + 1, name="weight")[-1]
        draw = stages(m, self.draw, scaling, name="draw")[-1]
        minimum = self._of_row(m, rule.minimum, before + 2, "minimum")
        maximum = self._of_row(m, rule.maximum, before + 2, "maximum")
        # The change is never added up by itself: it is the whole part of P, or one more if the fraction is rounded up.
        # Where P is -1/2 before it is rounded, its sign does not matter, because any draw makes it a change of 0.
        floor, half = amount.floor, amount.half
        whole = stages(m, floor >> CHANGE_FRACTION, 1, name="whole")[-1]
        up, moved = Signal(reset_less=True), Signal(signed(bits + 2), reset_less=True)
        bounded, tally = Signal(signed(bits), reset_less=True), Signal(tally_layout())
        rounding = Mux(rule.stochastic, draw, self._fixed(floor[-1]))
        # The carry enters by an extra low bit.
        m.d.sync += up.eq((Cat(Const(1, 1), floor[:CHANGE_FRACTION]) + Cat(half, rounding))[CHANGE_FRACTION + 1])
        m.d.sync += moved.eq(plus(weight, whole, up))

        nothing = Mux(up, whole.all(), ~whole.any())
        acts = stages(m, plastic & ~nothing, 1, name="acts", reset_less=False)[-1]
        lowers = stages(m, whole[-1], 1, name="lowers")[-1]
        low, high, counts = moved < minimum, moved > maximum, acts
        if self._config.eligibility:
            # What has not changed is stored, too, where its eligibility fades.
            low, high = low & acts, high & acts
            gathers = self._of_row(m, rule.gathers, before + 2, "gathers")
            counts = acts & ~gathers
        # Bounds in the wrong order leave the upper one, as the equation does.
        upper, most = high | (low & (minimum > maximum)), maximum
        if not drifts(self._config):
            # A host's weight comes as another upper bound, which is chosen once for all lanes.
            upper, most = upper | self.host, Mux(self.host, self.host_weight, maximum)
        m.d.sync += [
            bounded.eq(Mux(upper, most, Mux(low, minimum, moved))),
            tally.raised.eq(counts & ~lowers),
            tally.lowered.eq(counts & lowers),
            tally.low.eq(counts & low),
            tally.high.eq(counts & high),
        ]
        m.d.comb += self.tally.eq(tally)
        changed = tally.raised | tally.lowered
        if not drifts(self._config):
            m.d.comb += [self.result.weight.eq(bounded), self.result.changed.eq(changed)]
            if self._config.eligibility:
                self._pair(m, bounded, gathers, acts, plastic)
            return m
        lowest, highest = weight[-1] & ~weight[:-1].any(), ~weight[-1] & weight[:-1].all()
        at_end = stages(m, (rule.down & lowest) | (rule.up & highest), 1, name="at_end")[-1]
        m.d.sync += [
            tally.drifted.eq(acts & at_end),
            self.result.weight.eq(Mux(self.host, self.host_weight, bounded - rule.drift)),
            self.result.changed.eq(changed),
        ]
        return m

    def _fixed(self, negative: Value) -> Value:
        """Return what is added to the fraction of P where chance has no part in it: to zero, or to the nearest."""
        to_zero = negative.replicate(CHANGE_FRACTION)
        return Mux(self.rule.nearest, 1 << (CHANGE_FRACTION - 1), to_zero) if self._config.scaling else to_zero

    def _changing(self) -> Value:
        """Return what changes, the weight or the eligibility, at stage 0."""
        weight = self.synapse.weight
        return Mux(self._gathers(), self.synapse.eligibility, weight) if self._config.eligibility else weight

    def _gathers(self) -> Value:
        """Whether the eligibility of the synapse changes in place of its weight, at stage 0."""
        rule, rows = self.rule, self._config.rules
        return rule.gathers if rows == 1 else select([rule.gathers[row] for row in range(rows)], self.row)

    def _pair(self, m: Module, bounded: Value, gathers: Value, acts: Value, plastic: Value) -> None:
        """Bring what changes and what goes beside it to the result, each to its place.

        `plastic` comes a stage before `gathers` and `acts`, and these one before `bounded`.
        """
        other = stages(m, self._fade(m), self.latency(self._config) - self.FADE_STAGES, name="beside")[-1]
        changed = stages(m, acts, 1, name="changed", reset_less=False)[-1]
        rewarded = stages(m, plastic & self.rule.rewards, 2, name="rewarded", reset_less=False)[-1]
        # A host's weight comes as if it had changed; its eligibility comes from elsewhere.
        late = gathers if self._config.rules == 1 else stages(m, gathers, 1, name="gathers_late")[-1]
        swaps = late & ~stages(m, self.host, 1, name="from_host")[-1]
        m.d.comb += [
            self.result.weight.eq(Mux(swaps, other, bounded)),
            self.result.eligibility.eq(Mux(swaps, bounded, other)),
            self.result.changed.eq(changed | rewarded),
        ]

    def _fade(self, m: Module) -> Value:
        """Return what goes beside the change at stage `FADE_STAGES`: the weight, or the eligibility, which may fade."""
        rule, bits = self.rule, self._config.weight_bits
        beside = Mux(self._gathers(), self.synapse.weight, self.synapse.eligibility)
        values = stages(m, beside, self.FADE_STAGES - 1, name="early_beside")
        # Of negative numbers a shift gives the loss, rounded up in size. It is taken off those by its complement and a
        # carry.
        size, loss = Signal(signed(bits), reset_less=True), Signal(signed(bits), reset_less=True)
        faded = Signal(signed(bits), reset_less=True)
        negative, fades = self.synapse.eligibility[-1], rule.rewards & rule.fade.any()
        lost = Mux(fades, size >> Mux(rule.fade == FADE_ALL, 0, rule.fade), 0)
        m.d.sync += [
            size.eq(Mux(negative, self.synapse.eligibility, -self.synapse.eligibility)),
            loss.eq(lost ^ values[1][-1].replicate(bits)),
            faded.eq(plus(values[-1], loss, values[-1][-1])),
        ]
        return faded

    def _soften(self, m: Module, weight: Value) -> data.View:
        """Scale the change of a weight by the distance to the bound; return it `SOFT_STAGES` later."""
        config, begun = self._config, change_stages(self._config)
        minimum = self._of_row(m, self.rule.minimum, begun, "minimum_early")
        maximum = self._of_row(m, self.rule.maximum, begun, "maximum_early")
        soft = self._of_row(m, self.rule.soft, begun + 2, "soft")
        distance, product = (
            Signal(signed(config.weight_bits + 1)),
            Signal(signed(config.change_bits + config.weight_bits)),
        )
        scaled = Signal(amount_layout(config), reset_less=True)
        whole = Signal(signed(config.change_bits))
        m.d.comb += whole.eq(self.amount.floor + self.amount.half)
        amounts = stages(m, whole, self.SOFT_STAGES - 1, name="amount")
        # Where P is 0 the distance does not matter, so that it may be chosen by the sign before rounding.
        with m.If(self.amount.floor[-1]):
            m.d.sync += distance.eq(weight - minimum)
        with m.Else():
            m.d.sync += distance.eq(maximum - weight)
        room = Mux(distance[-1], 0, distance[: config.weight_bits])
        m.d.sync += [
            product.eq(amounts[1] * room),
            scaled.floor.eq(Mux(soft, product >> config.weight_bits, amounts[2])),
            scaled.half.eq(soft & product[config.weight_bits - 1]),
        ]
        return scaled

    def _of_row(self, m: Module, values: Value | data.View, stage: int, name: str) -> Value:
        """Return a bound or flag at a stage; with several rule rows, that of the row of the synapse, in a register."""
        if self._config.rules == 1:
            return values
        chosen = Signal(values[0].shape(), name=name, reset_less=True)
        row = stages(m, self.row, stage - 1, name=f"{name}_row")[-1]
        m.d.sync += chosen.eq(select([values[each] for each in range(self._config.rules)], row))
        return chosen
