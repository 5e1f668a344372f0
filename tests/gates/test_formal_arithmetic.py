"""Rotators, saturation and the update of a synapse, proven for all inputs at the widths that chips have."""

import pytest
from amaranth.hdl import Cat, Mux, Signal, signed
from neurocorex.spec import CoreConfig, Learning
from neurocorex_hdl.lib.arithmetic import plus, saturate
from neurocorex_hdl.lib.delay import stages
from neurocorex_hdl.synapses.banks import Rotator
from neurocorex_hdl.synapses.update import SynapseUpdate
from neurocorex_hdl.synthesis.tools import ToolError
from support.formal import prove, unreset

LEARNS = CoreConfig(learning=Learning.EXPONENTIAL)


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
def test_synapse_changes_as_the_model_says(tmp_path):
    """`SynapseUpdate` with hard bounds, against the equations of docs/model.md, in one piece."""
    m, wrong, bits = unreset(), Signal(name="wrong"), LEARNS.weight_bits
    m.submodules.lane = lane = SynapseUpdate(LEARNS)
    rule, synapse = Signal.like(lane.rule.as_value(), name="rule"), Signal.like(lane.synapse.as_value(), name="synapse")
    amount, draw = Signal(signed(LEARNS.change_bits), name="amount"), Signal(8, name="draw")
    m.d.comb += [lane.rule.eq(rule), lane.synapse.eq(synapse), lane.amount.eq(amount), lane.draw.eq(draw)]
    m.d.comb += lane.enable.eq(1)
    weight, plastic = lane.synapse.weight, lane.synapse.plastic
    low, high = lane.rule.minimum, lane.rule.maximum

    rounding = Mux(lane.rule.stochastic, draw, Mux(amount < 0, 255, 0))
    change = (amount + rounding) >> 8
    raised = weight + change
    above = Mux(raised < low, low, raised)
    bounded = Mux(above > high, high, above)
    stored, _ = saturate(bounded - lane.rule.drift, bits)
    latency = SynapseUpdate.latency(LEARNS)
    expected = stages(m, Cat(stored, plastic & (change != 0)), latency, name="expected")[-1]
    # What is the same for all synapses stays as long as one is on its way.
    before = stages(m, rule, latency, name="before")
    steady = Cat(earlier == rule for earlier in before).all()
    result = lane.result
    differs = (result.changed != expected[bits]) | (result.changed & (result.weight.as_unsigned() != expected[:bits]))
    m.d.comb += wrong.eq(steady & differs)
    prove(m, wrong, [rule, synapse, amount, draw], tmp_path, latency=latency)


@pytest.mark.parametrize("latency", [0, 2])
def test_proof_of_what_is_wrong_fails(latency, tmp_path):
    m, wrong = unreset(), Signal(name="wrong")
    one = Signal(signed(8), name="one")
    late = stages(m, one, latency, name="late")[-1]
    m.d.comb += wrong.eq(saturate(late + late, 8)[0] != late + late)
    with pytest.raises(ToolError, match="proof did fail"):
        prove(m, wrong, [one], tmp_path, latency=latency)
