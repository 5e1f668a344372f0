"""Scaling as a network states it and a device runs it: sums of weights, steps, rules, groups and refusals."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.quantiser.quantise import quantise
from neurocorex.spec import Control, CoreConfig, Learning
from support.warned import warned

RULE = {"bounds": (0.0, 1.0), "accumulate": 1.0}


def stdp(**options):
    return ncx.learning.stdp(20.0, 20.0, 0.01, -0.012, **RULE | options)


def network(rule=None, others=None):
    """Twenty inputs onto six neurons, weights that learn by a rule; and those among the neurons by another one."""
    net, rng = ncx.Network(inputs=20, neurons=6), np.random.default_rng(2)
    net.connect(net.inputs, net.neurons, rng.uniform(0.1, 0.9, (20, 6)), plastic=True)
    net.learn(rule or stdp(weight_sum=6.0), between=(net.inputs, net.neurons))
    net.neurons.set(threshold=8.0, tau_ms=10.0)
    if others is not None:
        net.connect(net.neurons, net.neurons, rng.uniform(0.1, 0.9, (6, 6)), plastic=True)
        net.learn(others, between=(net.neurons, net.neurons))
    return net


def sums(device, inputs=True):
    weights = device.weights()
    return (weights[:20] if inputs else weights[20:26]).sum(axis=0)


@pytest.fixture
def device():
    with ncx.open("emulator") as opened:
        yield opened


@pytest.mark.parametrize("scale", [3, [3], np.arange(8) == 3, {3: 0}], ids=["step", "steps", "bools", "mapping"])
def test_run_brings_weights_to_their_sum(device, scale):
    report = device.load(network())
    assert "scaling: brings the weights that learn of each neuron to a sum of 762 units of the chip" in report.remarks
    assert next(each for each in report.learning if each.name == "weight_sum").error == 0
    before = device.weights()
    result = device.run(8, scale=scale, snapshot_every=1)
    over_time = result.weights_over_time[:, :20].sum(axis=1)
    assert np.array_equal(over_time[3], before[:20].sum(axis=0))  # before step 3; it acts at its end
    assert np.abs(sums(device) - 6.0).max() < 20 / 127
    assert np.abs(device.weights()[:20] - before[:20] * 6.0 / before[:20].sum(axis=0)).max() < 1.2 / 127
    control = device.read(ncx.Region.CONTROL)
    assert control[Control.SCALE] == 0
    assert control[Control.TARGET] == 762


def test_stream_scales_as_the_argument_does(device):
    device.load(network(others=stdp(weight_sum=2.0)))
    device.run(9, scale=[2, 5])
    wanted = device.weights()
    device.load(network(others=stdp(weight_sum=2.0)))
    device.run(spikes=ncx.EventStream(9).scaling([5, 2]))
    assert np.array_equal(device.weights(), wanted)


def test_rules_follow_one_another_and_those_without_a_sum_stay(device):
    report = device.load(network(others=stdp(weight_sum=2.0, bounds=(0.0, 0.9))))
    assert any("762 units of the chip by rule 1 and" in line for line in report.remarks)
    result = device.run(6, scale=[2], snapshot_every=1)
    weights = result.weights_over_time
    inputs, others = weights[:, :20].sum(axis=1), weights[:, 20:26].sum(axis=1)
    assert np.abs(inputs[3] - 6.0).max() < 0.2
    assert np.array_equal(others[3], others[0])
    assert np.abs(others[4] - 2.0).max() < 0.1
    assert np.array_equal(inputs[4], inputs[3])
    device.load(network(others=stdp(bounds=(0.0, 0.9))))
    before = sums(device, inputs=False)
    device.run(6, scale=[5])
    assert np.array_equal(sums(device, inputs=False), before)
    assert np.abs(sums(device) - 6.0).max() < 0.2


def test_group_is_scaled_alone():
    net = network()
    net.neurons[:2].set(group=1)
    net.neurons[2:5].set(group=2)
    with ncx.open("emulator") as device:
        device.load(net)
        before = sums(device)
        device.run(4, scale={1: 2})
        found = sums(device)
        assert np.array_equal(found[[0, 1, 5]], before[[0, 1, 5]])
        assert np.abs(found[2:5] - 6.0).max() < 0.2
        with pytest.raises(InputError, match="group from 1 to"):
            device.run(4, scale={1: device.config.groups + 1})


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ([7], "step 7 of 8"), ([2, 3], "2 rules"), ([9], "names step 9"), (1.5, "must be steps"),
        ({1: 2}, "no groups"), ({1: True}, "no groups"),
    ],
    ids=str,
)  # fmt: skip
def test_scale_that_cannot_be_is_refused_and_nothing_runs(device, scale, message):
    device.load(network(others=stdp(weight_sum=2.0)))
    before = device.weights()
    with pytest.raises(InputError, match=message):
        device.run(8, scale=scale)
    assert np.array_equal(device.weights(), before)
    assert device.counters()["steps"] == 0


def test_network_and_chip_have_to_know_of_sums(device):
    device.load(network(stdp()))
    for options in ({"scale": [1]}, {"spikes": ncx.EventStream(4).scaling(1)}):
        with pytest.raises(InputError, match=r"needs a chip with scaling.*CoreConfig\(scaling=True"):
            device.run(4, **options)
    with ncx.open("emulator", config=CoreConfig(learning=Learning.EXPONENTIAL, scaling=True)) as scaling:
        scaling.load(network(stdp()))
        with pytest.raises(InputError, match="states a sum"):
            scaling.run(4, scale=[1])
    plain = CoreConfig(learning=Learning.EXPONENTIAL)
    with pytest.raises(FitError, match=r"scaling for weight_sum .*build CoreConfig\(scaling=True"):
        quantise(network(), plain)
    with pytest.raises(FitError, match="scaling"):
        quantise(network())[0].fit(plain)


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf, "2", True])
def test_sum_that_cannot_be_is_refused(wrong):
    with pytest.raises(InputError, match="weight_sum must be above 0"):
        stdp(weight_sum=wrong)
    with pytest.raises(InputError, match="weight_sum"):
        ncx.learning.window_stdp([0.5], [-0.5], weight_sum=1.0)


def test_sum_out_of_reach_and_beyond_the_chip_are_told():
    assert not [line for line in quantise(network())[1].warnings if "weight_sum" in line]
    reach = "weight_sum 30 is out of reach of 6 neurons .* are 20 or less"
    warned(quantise, network(stdp(weight_sum=30.0)), match=reach)
    image, report = warned(quantise, network(stdp(weight_sum=5000.0)))
    assert any("weight_sum is clipped from 5000 to 4128" in line for line in report.warnings)
    assert image.regions[ncx.Region.CONTROL][Control.TARGET] == (1 << 19) - 1


def test_sums_stay_in_files_and_snapshots(device, tmp_path):
    image, _ = quantise(network())
    image.save(tmp_path / "net.npz")
    device.load(ncx.Image.load(tmp_path / "net.npz"))
    device.run(3, scale=[0])
    snapshot = device.snapshot()
    device.load(snapshot)
    weights = device.weights()
    weights[:20] = 0.5
    device.set_weights(weights)
    device.run(3, scale=[0])
    assert np.abs(sums(device) - 6.0).max() < 0.2


def test_errors_have_sums_too(device):
    net = ncx.Network(inputs=20, neurons=3)
    rule = ncx.learning.errors(0.01, bounds=(-1.0, 1.0), accumulate=4.0, weight_sum=5.0)
    net.connect(net.inputs, net.neurons, np.random.default_rng(1).uniform(0.1, 0.9, (20, 3)), plastic=True)
    net.learn(rule)
    net.neurons.set(threshold=4.0)
    warned(device.load, net, match="no axon brings any")
    device.run(3, scale=[1])
    assert np.abs(sums(device) - 5.0).max() < 0.2
