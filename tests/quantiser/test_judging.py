"""Judgements on a chip: groups, registers of praise, blame and conscience, the report, and what is refused."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError
from neurocorex.learning import errors, stdp, window_stdp
from neurocorex.quantiser.quantise import quantised as quantise
from neurocorex.quantiser.quantise import smallest_config
from neurocorex.spec import Control, CoreConfig, Learning, Region
from neurocorex.spec.fixed import signed_range


def network(rule=None, *, feedback=None, **judgement):
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs[:2], net.neurons, 0.5, plastic=True)
    net.neurons.set(threshold=2.0, group=[1, 1, 3, 0], error_always=True, learns=[True, True, True, False])
    if feedback is not None:
        net.feedback(net.inputs[2:], net.neurons[:3], feedback)
    net.learn(errors(0.01, bounds=(-1.0, 1.0), accumulate=8) if rule is None else rule)
    if judgement:
        net.judge(**{"praise": 1.0, "blame": 1.0, **judgement})
    return net


def register(image, control):
    value, bits = int(image.regions[Region.CONTROL][control]), control.bits(image.config)
    return value - (1 << bits) * (value >> (bits - 1)) if control.signed else value


def test_groups_are_those_of_the_network():
    image, report = quantise(network(blame=1.06))
    assert image.regions[Region.GROUP].tolist() == [1, 1, 3, 0]
    assert (image.config.groups, image.config.errors) == (3, True)
    assert any(line.startswith("judge: praise 1, blame 1.06, conscience 0; 3 neurons in 2 g") for line in report.lines)
    assert report.to_dict()["errors"]["judge"].startswith("judge: ")


@pytest.mark.parametrize(("praise", "blame"), [(1.0, 1.06), (0.5, 2.0), (-1.0, 0.25), (3, 4)])
def test_praise_and_blame_share_the_scale_of_errors(praise, blame):
    image, report = quantise(network(praise=praise, blame=blame))
    scale = image.meta["error_scale"]
    assert register(image, Control.PRAISE) == pytest.approx(praise * scale, abs=0.5)
    assert register(image, Control.BLAME) == pytest.approx(blame * scale, abs=0.5)
    assert not report.warnings
    assert {each.name: each.wanted for each in report.learning}["blame"] == blame


def test_feedback_and_judgement_share_a_scale():
    image, _ = quantise(network(praise=1.0, blame=1.0, feedback=4.0))
    assert image.weights[2, 0] == 4 * register(image, Control.PRAISE)


def test_praise_that_rounds_is_warned_about():
    _, report = quantise(network(praise=0.003, blame=1.0))
    assert any("praise" in warning and "of about one size" in warning for warning in report.warnings)


def test_conscience_is_in_the_units_of_the_thresholds():
    image, _ = quantise(network(conscience=0.25))
    assert register(image, Control.CONSCIENCE) == round(0.25 * image.scale)
    with pytest.raises(FitError, match="adaptation 1"):
        quantise(network(conscience=0.25), CoreConfig(neurons=4, inputs=3, learning=Learning.EXPONENTIAL, errors=True,
                                                      groups=3, adaptation=False))  # fmt: skip


def test_a_rate_is_met_at_the_error_of_a_judgement():
    """Mean change of a weight by one spike and a praise: the model, read aloud, all draws taken."""
    image, _ = quantise(network(praise=1.0, blame=1.06))
    config, error = image.config, register(image, Control.PRAISE)
    top = signed_range(config.change_bits)[1]
    factor = min(register(image, Control.POTENTIATION) * error // 256, top)
    trace = register(image, Control.PRE_INCREMENT)
    called = (trace * factor + (1 << (config.trace_bits - 1))) >> config.trace_bits
    unit = (1 << register(image, Control.GAIN_INPUT)) / image.scale
    assert np.mean([(called + draw) // 256 for draw in range(256)]) * unit == pytest.approx(0.01, rel=0.05)


def test_what_does_nothing_is_warned_about():
    def warnings(net):
        return " ".join(quantise(net)[1].warnings)

    net = network(praise=1.0)
    net.neurons.set(group=0)
    assert "no neuron is in a group" in warnings(net)
    assert "Network.judge for neurons in groups" in warnings(network())
    net = network(praise=1.0)
    net.learn(None)
    assert "no rule learns from it" in warnings(net)


def test_chips_that_lack_groups_are_refused():
    net = network(praise=1.0)
    assert smallest_config(net).groups == 3
    lacks = CoreConfig(neurons=4, inputs=3, learning=Learning.EXPONENTIAL, errors=True, groups=2)
    with pytest.raises(FitError, match=r"groups 3 \(the chip has 2\)"):
        quantise(net, lacks)
    with pytest.raises(FitError, match="judgements and learns by windows; no chip has both"):
        quantise(network(window_stdp([0.1], [-0.1], bounds=(-1.0, 1.0)), praise=1.0))


@pytest.mark.parametrize("learning", Learning)
def test_groups_alone_need_no_errors(learning):
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.inputs, net.neurons, 0.5, plastic=learning is not Learning.NONE)
    net.neurons.set(threshold=2.0, group=[1, 0, 2])
    rules = {
        Learning.EXPONENTIAL: stdp(20.0, 20.0, 0.1, -0.1, bounds=(-1.0, 1.0)),
        Learning.WINDOW: window_stdp([0.1], [-0.1], bounds=(-1.0, 1.0)),
    }
    net.learn(rules.get(learning))
    image, _ = quantise(net)
    assert (image.config.groups, image.config.errors, image.config.learning) == (2, False, learning)
    assert image.regions[Region.GROUP].tolist() == [1, 0, 2]
    net.judge(praise=1.0, blame=0.0)
    lacks = CoreConfig(neurons=3, inputs=1, learning=learning, groups=2)
    with pytest.raises(FitError, match=r"errors \(the chip was built without"):
        quantise(net, lacks)


def test_one_fires_reaches_the_chip_and_the_report():
    net = ncx.Network(inputs=1, neurons=6)
    net.connect(net.inputs, net.neurons, 0.5)
    net.neurons.set(group=[1, 1, 2, 2, 2, 0])
    net.one_fires([2])
    image, report = quantise(net)
    assert (image.config.groups, image.config.errors) == (2, False)
    assert register(image, Control.ONE_FIRES) == 0b100
    assert "one fires: in a step at most one neuron each of group 2 (3 neurons)" in report.lines
    assert not report.warnings
    assert image.fit(CoreConfig(neurons=8, inputs=4, groups=3)).regions[Region.CONTROL][Control.ONE_FIRES] == 0b100
    with pytest.raises(FitError, match="groups"):
        image.fit(CoreConfig(neurons=8, inputs=4))


def test_neurons_of_no_group_need_a_chip_with_groups_to_exclude_one_another():
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.inputs, net.neurons, 0.5)
    net.one_fires([0])
    image, report = quantise(net)
    assert (image.config.groups, register(image, Control.ONE_FIRES)) == (1, 1)
    assert any(line.endswith("each of the neurons of no group") for line in report.lines)
    with pytest.raises(FitError, match=r"groups 1 \(the chip has 0\)"):
        quantise(net, CoreConfig(neurons=3, inputs=1))
    with pytest.raises(FitError, match="groups"):
        image.fit(CoreConfig(neurons=3, inputs=1))
    net.one_fires([0, 4])
    assert any("one_fires names group 4" in warning for warning in quantise(net)[1].warnings)
