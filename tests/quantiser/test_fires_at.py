"""Neurons that fire at their threshold do so to the unit, against a loop over whole numbers."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.quantiser.inclusive import as_meant
from neurocorex.quantiser.quantise import quantised
from neurocorex.spec import Control, Region
from support.warned import warned

STEPS = 600


def reference(weights, threshold, spikes, subtract):
    """Spikes of integrate-and-fire neurons on Python integers: v >= th fires."""
    v = [0] * len(threshold)
    fired = np.zeros((len(spikes), len(threshold)), bool)
    for t, step in enumerate(spikes):
        for n, level in enumerate(threshold):
            v[n] += int(sum(int(weights[m, n]) for m in np.flatnonzero(step)))
            fired[t, n] = v[n] >= level
            if fired[t, n]:
                v[n] = v[n] - level if subtract else 0
    return fired


def ran(net, spikes, **options):
    image, report = ncx.quantise(net, **options)
    with ncx.open("emulator") as device:
        device.load(image)
        return device.run(spikes=spikes).spikes, report


def network(weights, threshold, reset_mode, **options):
    net = ncx.Network(*weights.shape)
    net.connect(net.inputs, net.neurons, weights)
    net.neurons.set(threshold=threshold, reset_mode=reset_mode, fires_at=">=", **options)
    return net


@pytest.mark.parametrize("reset_mode", ["value", "subtract"])
@pytest.mark.parametrize("factor", [1, 1 << 7], ids=["no gain", "gain"])
def test_whole_numbers_fire_at_the_threshold_for_ever(reset_mode, factor):
    rng = np.random.default_rng(5)
    weights = rng.integers(-3, 6, (7, 9)) * factor
    threshold = rng.integers(4, 12, 9) * factor
    spikes = rng.random((STEPS, 7)) < 0.5
    wanted = reference(weights, threshold, spikes, reset_mode == "subtract")
    assert wanted.sum() > 1000
    got, report = ran(network(weights, threshold, reset_mode), spikes, scale=1)
    np.testing.assert_array_equal(got, wanted)
    assert not [text for text in report.warnings if "one unit" in text]


def test_gain_of_recurrent_weights_keeps_it_exact():
    """A second layer by large weights gives recurrent weights a gain; membranes are multiples of it."""
    rng = np.random.default_rng(6)
    first, second = rng.integers(1, 4, (5, 6)) << 7, rng.integers(-2, 4, (6, 4)) << 7
    net = ncx.Network(5, 10)
    net.connect(net.inputs, net.neurons[:6], first)
    net.connect(net.neurons[:6], net.neurons[6:], second)
    thresholds = [*(np.arange(3, 9) << 7), *(np.arange(2, 6) << 7)]
    net.neurons.set(threshold=thresholds, reset_mode="subtract", fires_at=">=")
    spikes = rng.random((STEPS, 5)) < 0.4
    got, _ = ran(net, spikes, scale=1, config=ncx.CoreConfig(neurons=10, inputs=5, weight_bits=8, state_bits=20))
    layer = reference(first, thresholds[:6], spikes, True)
    np.testing.assert_array_equal(got[:, :6], layer)
    late = np.vstack([np.zeros((1, 6), bool), layer[:-1]])
    np.testing.assert_array_equal(got[:, 6:], reference(second, thresholds[6:], late, True))


def test_floats_fire_at_the_threshold_too():
    net = network(np.full((1, 1), 0.5), 1.0, "subtract")
    spikes = np.ones((8, 1), bool)
    assert np.flatnonzero(ncx.simulate_floats(net, spikes).spikes[0, :, 0]).tolist() == [1, 3, 5, 7]
    net.neurons.set(fires_at=">")
    assert np.flatnonzero(ncx.simulate_floats(net, spikes).spikes[0, :, 0]).tolist() == [2, 4, 6]


def test_missing_axon_is_a_warning():
    """The only axon of the neuron takes three steps, so nothing can take off the last unit."""
    net = ncx.Network(1, 2)
    net.connect(net.inputs, net.neurons[0], np.array([[3]]))
    net.connect(net.neurons[0], net.neurons[1], np.array([[5]]), delay_ms=3.0)
    net.neurons.set(threshold=6, reset_mode="subtract", fires_at=">=")
    _, report = warned(ncx.quantise, net, scale=1, match="neuron 0 takes off one unit of the chip less")
    assert len(report.warnings) == 1
    assert [each.name for each in report.comparison.differing] == ["threshold"]


def test_leak_is_a_warning():
    """A leak stops at zero, so the rest of the threshold would go below."""
    net = network(np.array([[3]]), 6, "subtract", leak=1)
    report = warned(ncx.quantise, net, scale=1, match="takes off one unit")[1]
    assert not report.exact


def test_no_threshold_is_never_reached():
    net = network(np.full((1, 1), 100), np.inf, "value")
    image, report = ncx.quantise(net, scale=1)
    assert report.exact
    assert image.regions[Region.THRESHOLD][0] == image.config.state_range[1]


@pytest.mark.parametrize("odd", [{}, {"step": 3}], ids=["plain", "adaptation"])
def test_gain_and_an_adaptive_threshold(odd):
    """Raised thresholds need not be multiples of the gain, so the next lower membrane is one unit away."""
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 512)
    net.connect(net.neurons, net.neurons, 512, delay_ms=1.0)
    net.neurons.set(threshold=1024, reset_mode="subtract", fires_at=">=")
    if odd:
        net.adaptation(**odd)
    image, report = quantised(net, ncx.CoreConfig(neurons=1, inputs=1, weight_bits=8), scale=1)
    assert report.exact is not bool(odd)
    assert image.regions[Region.THRESHOLD][0] == (1023 if odd else 1024 - (1 << report.gain_recurrent))


def test_what_was_asked_for_is_read_back_from_the_chip():
    """Threshold and weight onto itself are one unit lower on the chip."""
    net = network(np.array([[3, 5]]), 6, "subtract")
    net.connect(net.neurons, net.neurons, np.array([[2, 1], [0, 0]]))
    image, report = ncx.quantise(net, scale=1)
    assert report.exact
    assert not report.warnings
    assert image.regions[Region.CONTROL][Control.GAIN_RECURRENT] == 0
    assert image.regions[Region.THRESHOLD].tolist() == [5, 5]
    assert image.weights[1:].tolist() == [[1, 1], [0, -1]]
    thresholds, returned = as_meant(net, image)
    assert thresholds.tolist() == [6, 6]
    assert returned == [(1, 0), (2, 1)]


def test_other_words_are_refused():
    with pytest.raises(ncx.errors.InputError, match="fires_at must be one of '>', '>=', got '<'"):
        ncx.Network(1, 1).neurons.set(fires_at="<")
