"""Song, Miller and Abbott (2000): inputs compete by STDP, and the early ones of a burst win, as in floats.

Synapses are currents here, where the paper has conductances. So are those of the reference in floats.
"""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import QuantisationWarning
from neurocorex.learning import stdp
from support.published import Competition

#: Bits of weights and of traces: those of the default chips, and wide ones.
WIDTHS = {"iCEBreaker's traces": (8, 8), "default": (8, 12), "wide": (16, 12)}


def on_chip(experiment, spikes, currents, weights, widths, **rule):
    """Return the weights in the end, as `Competition.run`, the counters, and how often each neuron fired."""
    inputs, neurons = weights.shape
    net = ncx.Network(inputs=inputs, neurons=neurons)
    net.connect(net.inputs, net.neurons, weights * experiment.largest, plastic=True)
    net.neurons.set(threshold=1.0, reset=experiment.reset, tau_ms=experiment.tau_membrane_ms)
    change = experiment.rate * experiment.largest
    first = np.exp(-1 / experiment.tau_ms)  # of the trace, a step after an arrival
    net.learn(
        stdp(
            experiment.tau_ms, experiment.tau_ms, change * first, -change * experiment.ratio,
            bounds=(0.0, experiment.largest), **rule,
        )
    )  # fmt: skip
    config = ncx.CoreConfig(
        inputs=inputs, neurons=neurons, learning=ncx.Learning.EXPONENTIAL, weight_bits=widths[0], trace_bits=widths[1],
        state_bits=24,
    )  # fmt: skip
    with ncx.open("emulator", config=config) as device:
        image, _ = ncx.quantise(net, config, inject_max=float(np.abs(currents).max()))
        device.load(image)
        result = device.run(spikes=spikes, inject=currents)
        return device.weights()[:inputs] / experiment.largest, result.counters, result.counts


def shares(weights):
    """Parts of the weights that are below 0.1, and above 0.9."""
    return (weights < 0.1).mean(), (weights > 0.9).mean()


@pytest.fixture(scope="module")
def competition():
    """Experiment of 400 Poisson inputs onto 4 neurons that are inhibited at random, and its weights in floats."""
    experiment, rng, steps = Competition(rate=0.02, largest=0.04, reset=0.6), np.random.default_rng(1), 150_000
    spikes = rng.random((steps, 400)) < 0.015
    currents = -0.04 * rng.poisson(2.0, (steps, 4))
    weights = rng.random((400, 4))
    return experiment, spikes, currents, weights, experiment.run(spikes, currents, weights)


@pytest.mark.parametrize("widths", WIDTHS.values(), ids=WIDTHS)
def test_inputs_compete_as_in_floats(competition, widths):
    experiment, *stimulus, (expected, counts) = competition
    weights, _, found_counts = on_chip(experiment, *stimulus, widths, pre_rate_hz=30, post_rate_hz=100)
    assert shares(weights) == pytest.approx(shares(expected), abs=0.05)
    assert min(shares(weights)) > 0.15  # of a tenth each at first
    assert found_counts.sum() == pytest.approx(counts.sum(), rel=0.1)


def bursts(rng, trials, inputs=300, period=250):
    """Inputs that burst for 20 ms, once in each trial, the first at once and the last 60 ms later."""
    spikes = np.zeros((trials, period, inputs), np.bool_)
    for number, start in enumerate(np.linspace(50, 110, inputs).astype(int)):
        spikes[:, start : start + 20, number] = rng.random((trials, 20)) < 0.15
    return spikes.reshape(-1, inputs)


@pytest.fixture(scope="module")
def volleys():
    """Experiment in which a neuron answers each volley of bursts with 40 to 70 spikes."""
    experiment, rng = Competition(rate=0.002, largest=0.3, tau_membrane_ms=10.0), np.random.default_rng(0)
    spikes, weights = bursts(rng, 20), rng.random((300, 1))
    currents = np.zeros((len(spikes), 1))
    expected, counts = experiment.run(spikes, currents, weights)
    assert 40 <= counts[0] / 20 <= 70
    return experiment, spikes, currents, weights, expected


def by_latency(weights):
    """Mean weight of early, middle and late inputs."""
    return weights.reshape(3, -1).mean(axis=1)


@pytest.mark.parametrize("widths", WIDTHS.values(), ids=WIDTHS)
def test_early_inputs_of_bursts_win_as_in_floats(volleys, widths):
    experiment, *stimulus, expected = volleys
    weights, _, _ = on_chip(experiment, *stimulus, widths, pre_rate_hz=100, post_rate_hz=800)
    early, middle, late = by_latency(expected)
    assert early > 0.6 > 0.1 > middle > late
    assert by_latency(weights) == pytest.approx([early, middle, late], abs=0.05)


def test_depression_that_bursts_lose_is_told(volleys):
    """With room for the spikes of a usual rate, traces are full, and weights grow that should shrink."""
    experiment, *stimulus, expected = volleys
    with pytest.warns(QuantisationWarning, match="traces of the learning rule were full"):
        weights, counters, _ = on_chip(experiment, *stimulus, (8, 12))
    assert counters["full_traces"] > 1000
    assert by_latency(weights)[1] > by_latency(expected)[1] + 0.5
