"""Rotators, saturation, update of a synapse, decay of a trace: proven for all inputs, at the widths that chips have."""

import pytest
from amaranth.hdl import Cat, Mux, Signal, signed
from neurocorex.spec import CoreConfig, Learning
from neurocorex_hdl.learning.trace import Fade
from neurocorex_hdl.lib.arithmetic import plus, saturate
from neurocorex_hdl.lib.delay import stages
from neurocorex_hdl.synapses.banks import Rotator
from neurocorex_hdl.synapses.update import SynapseUpdate
from neurocorex_hdl.synthesis.tools import ToolError
from support.formal import prove, unreset

LEARNS = {
    "hard bounds": CoreConfig(learning=Learning.EXPONENTIAL),
    "drift": CoreConfig(learning=Learning.WINDOW),
    "soft bounds": CoreConfig(learning=Learning.EXPONENTIAL, weight_bits=4, soft_bounds=True),
}


@pytest.mark.parametrize("lanes", [2, 8, 16])
def test_what_is_rotated_there_and_back_is_as_it_was(lanes, tmp_path):
    config, m, wrong = CoreConfig(lanes=lanes), unreset(), Signal(name="wrong")
    m.submodules.there = there = Rotator(config, 9)
    m.submodules.back = back = Rotator(config, 9, back=True)
    given, amount = Signal(9 * lanes, name="given"), Signal(there.amount.shape(), name="amount")
    turned = Cat(given, given).bit_select(9 * amount, 9 * lanes)
    m.d.comb += [there.given.eq(given), there.amount.eq(amount), back.amount.eq(amount), back.given.eq(there.turned)]
    m.d.comb += wrong.eq((there.turned.as_value() != turned) | (back.turned.as_value() != given))
    prove(m, wrong, [given, amount], tmp_path)


def test_sums_saturate_at_both_ends(tmp_path):
    m, wrong = unreset(), Signal(name="wrong")
    one, other, carry = Signal(signed(20), name="one"), Signal(signed(20), name="other"), Signal(name="carry")
    clamped, changed = saturate(plus(one, other, carry), 20)
    exact, low, high = one + other + carry, -(1 << 19), (1 << 19) - 1
    right = Mux(exact > high, high, Mux(exact < low, low, exact))
    m.d.comb += wrong.eq((clamped != right) | (changed != (exact != right)))
    prove(m, wrong, [one, other, carry], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("config", LEARNS.values(), ids=LEARNS)
def test_synapse_changes_as_the_model_says(config, tmp_path):
    """`SynapseUpdate` against the equations of docs/model.md, in one piece, P being rounded before anything else."""
    m, wrong, bits = unreset(), Signal(name="wrong"), config.weight_bits
    m.submodules.lane = lane = SynapseUpdate(config)
    rule, synapse = Signal.like(lane.rule.as_value(), name="rule"), Signal.like(lane.synapse.as_value(), name="synapse")
    # What is to be rounded has one bit more; the largest number has no successor, and no product gives it.
    halves, draw = Signal(signed(config.change_bits + 1), name="halves"), Signal(8, name="draw")
    m.d.comb += [lane.rule.eq(rule), lane.synapse.eq(synapse), lane.draw.eq(draw), lane.enable.eq(1)]
    m.d.comb += [lane.amount.floor.eq(halves >> 1), lane.amount.half.eq(halves[0])]
    weight, plastic = lane.synapse.weight, lane.synapse.plastic
    low, high = lane.rule.minimum, lane.rule.maximum

    amount = (halves + 1) >> 1
    if config.soft_bounds:
        distance = Mux(amount > 0, high - weight, weight - low)
        scaled = (amount * Mux(distance < 0, 0, distance) + (1 << (bits - 1))) >> bits
        amount = Mux(lane.rule.soft, scaled, amount)
    rounding = Mux(lane.rule.stochastic, draw, Mux(amount < 0, 255, 0))
    change = (amount + rounding) >> 8
    raised = weight + change
    above = Mux(raised < low, low, raised)
    bounded = Mux(above > high, high, above)
    drift = lane.rule.drift if config.learning is Learning.WINDOW else 0
    stored = Signal(signed(config.stored_weight_bits))
    m.d.comb += stored.eq(bounded - drift)
    latency, width = SynapseUpdate.latency(config), config.stored_weight_bits
    expected = stages(m, Cat(stored, plastic & (change != 0)), latency, name="expected")[-1]
    # What is the same for all synapses stays as long as one is on its way.
    before = stages(m, rule, latency, name="before")
    steady = Cat(earlier == rule for earlier in before).all()
    most = stages(m, halves == (1 << config.change_bits) - 1, latency, name="most")[-1]
    result = lane.result
    differs = (result.changed != expected[width]) | (result.changed & (result.weight.as_unsigned() != expected[:width]))
    m.d.comb += wrong.eq(steady & ~most & differs)
    prove(m, wrong, [rule, synapse, halves, draw], tmp_path, latency=latency)


@pytest.mark.parametrize("bits", [4, 12, 16])
def test_trace_fades_as_the_model_says(bits, tmp_path):
    """The sum and the shared factor of `Fade`, without its registers: for all traces, decays and draws."""
    m, wrong = unreset(), Signal(name="wrong")
    trace, decay, draw = Signal(bits, name="trace"), Signal(16, name="decay"), Signal(16, name="draw")
    left, whole = Fade.factors(decay)
    kept = Mux(whole, trace, 0)
    # The product of both factors is that of the decay, which no solver has to find out: x (65536 - d) = 65536 x - x d.
    product = Signal(bits + 16, name="product")
    m.d.comb += product.eq(Mux(whole | (decay == 65535), 0, (trace << 16) - trace * decay))
    right = Mux(decay == 65535, 0, ((trace << 16) - trace * decay + draw) >> 16)
    factor = Mux(decay == 65535, 0, 65536 - decay)
    m.d.comb += wrong.eq((Fade.total(product, draw, kept) != right) | (Cat(left, whole) != factor))
    prove(m, wrong, [trace, decay, draw], tmp_path)


@pytest.mark.parametrize("latency", [0, 2])
def test_proof_of_what_is_wrong_fails(latency, tmp_path):
    m, wrong = unreset(), Signal(name="wrong")
    one = Signal(signed(8), name="one")
    late = stages(m, one, latency, name="late")[-1]
    m.d.comb += wrong.eq(saturate(late + late, 8)[0] != late + late)
    with pytest.raises(ToolError, match="proof did fail"):
        prove(m, wrong, [one], tmp_path, latency=latency)
