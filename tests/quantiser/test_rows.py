"""Several rules on a chip: registers of their rows, rows of neurons, terms, the report, and what is refused."""

import json
import math

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.learning import errors, stdp, symmetric_stdp, window_stdp
from neurocorex.quantiser.comparison import Comparison
from neurocorex.quantiser.quantise import quantised as quantise
from neurocorex.quantiser.quantise import smallest_config
from neurocorex.quantiser.report import Report
from neurocorex.spec import Control, CoreConfig, Learning, LearningFlag, Region
from neurocorex.spec.registers import RULE_ROWS

A = stdp(20.0, 30.0, 0.01, -0.012, bounds=(0.0, 1.0))
B = stdp(20.0, 30.0, 0.03, 0.0, bounds=(-0.5, 0.75))


def network(*pairs, hidden=0.5):
    """Three inputs, two neurons and two more that these reach; `pairs` are (rule, source, targets)."""
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, 0.25)
    net.connect(net.neurons, net.neurons, hidden)
    net.neurons.set(threshold=1.5, tau_ms=20.0)
    for rule, source, targets in pairs:
        net.learn(rule, between=(net.inputs if source == "inputs" else net.neurons, net.neurons[targets]))
    return net


ALL, FIRST, LAST = slice(None), slice(0, 2), slice(2, 4)
TWO = ((A, "inputs", ALL), (B, "neurons", ALL))


def chip(**sizes):
    needed = {"inputs": 3, "neurons": 4, "learning": Learning.EXPONENTIAL, "rules": 4, "terms": True}
    return CoreConfig(**{**needed, **sizes})


def signed(image, register):
    value, bits = int(image.regions[Region.CONTROL][register]), register.bits(image.config)
    return value - (1 << bits) * (value >> (bits - 1)) if register.signed else value


def rows_of(image):
    """Row of the synapses from inputs and from neurons, for each neuron."""
    pairs = image.regions[Region.RULE].tolist()
    return [(pair % image.config.rules, pair // image.config.rules) for pair in pairs]


def test_each_rule_has_a_row_and_neurons_take_it():
    image = quantise(network((A, "inputs", FIRST), (B, "inputs", LAST), (A, "neurons", LAST)))[0]
    assert image.config.rules == 2
    assert not image.config.terms
    assert rows_of(image) == [(0, 0), (0, 0), (1, 0), (1, 0)]


@pytest.mark.parametrize(("count", "rules"), [(1, 1), (2, 2), (3, 4), (4, 4)])
def test_smallest_chip_has_the_rows(count, rules):
    some = [stdp(20.0, 30.0, 0.01 * place, -0.01, bounds=(0.0, 1.0)) for place in range(1, count + 1)]
    net = network(*((rule, "inputs", slice(place, place + 1)) for place, rule in enumerate(some)))
    assert smallest_config(net).rules == rules
    assert [own for own, _ in rows_of(quantise(net, chip())[0])][:count] == list(range(count))


@pytest.mark.parametrize("weight_bits", [8, 16])
def test_registers_of_a_row_are_those_of_its_rule_alone(weight_bits):
    """A network in which one of the rules learns, at the same scale, holds in row 0 what two rules hold in its row."""
    both = quantise(network(*TWO), chip(weight_bits=weight_bits), scale=4096.0)[0]
    for row, pair in enumerate(TWO):
        alone = quantise(network(pair), chip(weight_bits=weight_bits), scale=4096.0)[0]
        gain = Control.GAIN_RECURRENT if row else Control.GAIN_INPUT
        assert signed(both, gain) == signed(alone, gain)
        for here, there in zip(RULE_ROWS[row][1:], RULE_ROWS[0][1:], strict=True):
            assert signed(both, here) == pytest.approx(signed(alone, there), rel=0.01, abs=1), here


def test_rates_follow_the_law_at_the_increment_of_the_chip():
    """Change by a pair at a lag of one step, in units of the network, straight from the registers."""
    image, report = quantise(network(*TWO), chip(weight_bits=16, trace_bits=16))
    increment, left = signed(image, Control.PRE_INCREMENT), 1 - signed(image, Control.PRE_DECAY) / 65536
    for (rule, source, _), registers in zip(TWO, RULE_ROWS, strict=False):
        gain = Control.GAIN_INPUT if source == "inputs" else Control.GAIN_RECURRENT
        unit = 2.0 ** signed(image, gain) / report.scale
        up = signed(image, registers.potentiation) * increment * left / 2**16 / 256 * unit
        down = signed(image, registers.depression) * signed(image, Control.POST_INCREMENT) / 2**16 / 256 * unit
        assert up == pytest.approx(rule.potentiation, rel=0.002)
        assert down == pytest.approx(rule.depression, rel=0.002)
        assert signed(image, registers.weight_min) * unit == pytest.approx(rule.bounds[0], abs=unit)
        assert signed(image, registers.weight_max) * unit == pytest.approx(rule.bounds[1], abs=unit)


def test_terms_are_in_the_units_of_traces_and_weights():
    rule = stdp(20.0, 30.0, 0.02, -0.01, bounds=(-1.0, 1.0), x_target=0.7, pre_only=-0.004, post_only=0.008)
    image, report = quantise(network((rule, "inputs", ALL), (B, "neurons", ALL)), chip(weight_bits=16))
    assert smallest_config(network((rule, "inputs", ALL))).terms
    unit, first = 2**report.gain_input / report.scale, RULE_ROWS[0]
    assert signed(image, first.offset) == pytest.approx(0.7 * signed(image, Control.PRE_INCREMENT), abs=0.5)
    assert signed(image, first.pre_only) / 256 * unit == pytest.approx(-0.004, rel=0.001)
    assert signed(image, first.post_only) / 256 * unit == pytest.approx(0.008, rel=0.001)
    assert [signed(image, each) for each in RULE_ROWS[1][5:]] == [0, 0, 0]
    alone = report.rules[0].window.alone
    assert alone.wanted == pytest.approx((-0.004, 0.008 - 0.02 * math.exp(1 / 20) * 0.7))
    assert alone.acting == pytest.approx(alone.wanted, rel=0.005)
    assert report.rules[1].window.alone is None


@pytest.mark.parametrize("soft", [True, False])
@pytest.mark.parametrize("nearest", [True, False])
def test_terms_leave_the_window_of_pairs(soft, nearest):
    plain = stdp(20.0, 30.0, 0.05, -0.04, bounds=(-1.0, 1.0), soft=soft, nearest=nearest)
    terms = stdp(20.0, 30.0, 0.05, -0.04, bounds=(-1.0, 1.0), soft=soft, nearest=nearest, x_target=0.5, post_only=0.01)
    windows = [quantise(network((each, "inputs", ALL)), chip(soft_bounds=soft))[1].window for each in (plain, terms)]
    for side in ("potentiation", "depression"):
        first, second = (getattr(window, side) for window in windows)
        assert second.area == pytest.approx(first.area, rel=0.01)
        assert second.area_error == pytest.approx(0, abs=0.01)
    assert windows[1].alone.errors[1] == pytest.approx(0, abs=0.01)


def test_target_of_errors_is_in_spikes():
    rule = errors(0.001, bounds=(-1.0, 1.0), accumulate=10, x_target=2.5)
    net = network((rule, "inputs", FIRST))
    net.feedback(net.neurons[2:], net.neurons[:2], np.eye(2))
    image, report = quantise(net)
    assert image.config.terms
    assert signed(image, Control.OFFSET) == pytest.approx(2.5 * signed(image, Control.PRE_INCREMENT), abs=0.5)
    assert report.errors.x_target == pytest.approx(2.5, rel=0.01)
    assert abs(report.errors.error) < 0.01
    assert any("is taken off the spikes" in line for line in report.lines)


def test_rules_of_spikes_and_of_errors_share_a_chip():
    spikes = stdp(20.0, 30.0, 0.01, -0.012, bounds=(0.0, 1.0))
    lessons = errors(0.004, bounds=(-1.0, 1.0), accumulate=8, tau_ms=20.0)
    net = network((spikes, "neurons", LAST), (lessons, "inputs", FIRST))
    net.feedback(net.neurons[2:], net.neurons[:2], np.eye(2))
    image, report = quantise(net)
    flags = [int(image.regions[Region.CONTROL][row.flags]) for row in RULE_ROWS[:2]]
    assert [bool(each & LearningFlag.ERRORS) for each in flags] == [False, True]
    assert report.window is report.rules[0].window
    assert report.errors is report.rules[1].errors
    assert report.errors.room >= 8
    assert abs(report.errors.error) < 0.01
    assert report.window.potentiation.area_error == pytest.approx(0, abs=0.01)


def test_report_has_a_section_for_each_rule(tmp_path):
    coarse = stdp(20.0, 30.0, 0.03, 0.0, bounds=(-0.5, 0.75), post_only=0.0009)
    image, report = quantise(network(TWO[0], (coarse, "neurons", LAST)), chip())
    assert [(each.number, each.sources, each.neurons) for each in report.rules] == [
        (1, ["inputs"], [0, 1, 2, 3]), (2, ["neurons"], [2, 3])
    ]  # fmt: skip
    assert [each.synapses for each in report.rules] == [12, 8]
    assert sum(line.startswith("rule 2: window of") for line in report.lines) == 2
    assert any(line.startswith("rule 2: post_only became") for line in report.warnings)
    assert json.loads(json.dumps(report.to_dict()))["rules"][1]["window"]["potentiation"]["area"] > 0
    assert report.learning == [each for rule in report.rules for each in rule.learning]
    image.save(tmp_path / "two.npz")
    read = Report.of(ncx.Image.load(tmp_path / "two.npz"))
    assert [each.window.potentiation.acting for each in read.rules] == [
        each.window.potentiation.acting for each in report.rules
    ]  # fmt: skip
    drawn = report.plot_window().axes
    assert drawn[1].get_title() == "rule 2"
    assert ["without a pair" in axis.get_legend_handles_labels()[1] for axis in drawn] == [False, True]
    assert len(report.plot_window(rule=2).axes) == 1
    with pytest.raises(InputError, match="rule= must be 1 or 2, which have a learning window; got 3"):
        report.plot_window(rule=3)


def test_comparison_finds_a_row_that_is_not_that_of_its_rule():
    net = network(*TWO)
    image = quantise(net, chip(weight_bits=16))[0]
    wrong = {**image.regions, Region.RULE: np.zeros(4, np.int64)}
    found = Comparison.of(net, ncx.Image(image.config, wrong, image.scale, image.meta))
    assert "bounds of rule 2" in {each.name for each in found.differing}
    mixed = {**image.regions, Region.RULE: np.where(np.arange(4) > 1, 0, image.regions[Region.RULE])}
    found = Comparison.of(net, ncx.Image(image.config, mixed, image.scale, image.meta))
    assert "row of rule 2" in {each.name for each in found.differing}


def test_one_rule_is_as_without_rows():
    net = network((A, "inputs", ALL))
    without, report = quantise(net, chip(rules=1, terms=False))
    within, same = quantise(net, chip())
    assert all(np.array_equal(within.regions[each], without.regions[each]) for each in without.regions if each > 1)
    assert not within.regions[Region.RULE].any()
    assert same.lines == report.lines
    assert same.rules == []


def test_rules_may_have_scales_of_their_own():
    net = network((A, "inputs", FIRST), (B, "inputs", LAST), hidden=0.0)
    net.connect(net.inputs, net.neurons[2:], 3.0)
    image = quantise(net, populations=[net.neurons[:2], net.neurons[2:]])[0]
    assert len(set(image.meta["scales"])) == 2
    net.learn(A)
    report = quantise(net, populations=[net.neurons[:2], net.neurons[2:]])[1]
    assert any("2 populations share a scale, because they learn by one rule" in line for line in report.warnings)
    with pytest.raises(InputError, match="neurons that adapt, or learn by one rule, share a scale"):
        quantise(net, scale=[100.0, 100.0, 200.0, 200.0])


def rule(**changes):
    return stdp(**{"tau_pre_ms": 20.0, "tau_post_ms": 30.0, "potentiation": 0.02, "depression": -0.01,
                   "bounds": (0.0, 1.0), **changes})  # fmt: skip


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            rule(tau_post_ms=25.0),
            r"share tau_post_ms, because a neuron has one trace .* 30.0 and 25.0; give both the same",
        ),
        (rule(pairing="nearest"), "share pairing, .* 'all' and 'nearest'"),
        (rule(stochastic=False), "share stochastic"),
        (rule(seed=4), "share seed"),
        (rule(modulation=0.5), "share modulation"),
        (window_stdp([0.5], [], bounds=(0.0, 1.0)), "one is of windows, .* take that rule for all projections"),
    ],
)
def test_rules_that_differ_in_what_is_common_are_refused(second, message):
    net = network(TWO[0], (second, "neurons", ALL))
    with pytest.raises(FitError, match=message):
        smallest_config(net)
    with pytest.raises(FitError, match=message):
        quantise(net, chip())


def test_rules_of_errors_that_differ_in_what_is_common_are_refused():
    first, second = errors(0.01, bounds=(0.0, 1.0)), errors(0.02, bounds=(0.0, 1.0), deadband=0.5)
    with pytest.raises(FitError, match=r"share deadband, .* 0.0 and 0.5"):
        smallest_config(network((first, "inputs", ALL), (second, "neurons", ALL)))
    nearest = symmetric_stdp(20.0, 0.01, bounds=(0.0, 1.0), nearest=True)
    third = errors(0.01, bounds=(0.0, 1.0), tau_ms=20.0)
    with pytest.raises(FitError, match=r"a rule of errors counts them, .* take pairing='all'"):
        smallest_config(network((nearest, "inputs", ALL), (third, "neurons", ALL)))


def test_two_rules_for_one_kind_of_source_onto_a_neuron_are_refused():
    net = network((A, "inputs", ALL))
    net.learn(B, between=(net.inputs[0], net.neurons[1:3]))
    message = (
        r"synapses from inputs onto 2 neurons \(1, 2\) learn by 2 rules \(onto neuron 1: rule 1 and rule 2 .*relay"
    )
    with pytest.raises(FitError, match=message):
        smallest_config(net)


def test_more_rules_than_can_be_built_are_refused():
    some = [rule(potentiation=0.01 * place) for place in range(1, 6)]
    pairs = [(each, "inputs", slice(place, place + 1)) for place, each in enumerate(some[:4])]
    with pytest.raises(FitError, match="learns by 5 rules, at most 4 can be built; make some of them equal"):
        smallest_config(network(*pairs, (some[4], "neurons", ALL)))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"rules": 1}, r"rules 2 \(the chip has 1; build CoreConfig\(rules=2, learning=1\)"),
        ({"terms": False}, r"terms for x_target, .* \(the chip was built without; build CoreConfig\(terms=True"),
    ],
)
def test_chip_that_lacks_rows_or_terms_is_refused(sizes, message):
    net = network(TWO[0], (stdp(20.0, 30.0, 0.03, 0.0, bounds=(-0.5, 0.75), x_target=0.5), "neurons", ALL))
    with pytest.raises(FitError, match=message):
        quantise(net, chip(**sizes))


def test_target_beyond_the_traces_is_refused():
    net = network((stdp(20.0, 30.0, 0.02, 0.0, bounds=(0.0, 1.0), x_target=6.0), "inputs", ALL))
    with pytest.raises(FitError, match=r"x_target 6 is beyond what the trace of an axon can hold, 4.* accumulate="):
        quantise(net)
