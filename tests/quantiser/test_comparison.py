"""Exactness follows from the image: a network in floats does the same, and no register may change."""

from __future__ import annotations

import json

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.floating import simulate_floats
from neurocorex.errors import InputError
from neurocorex.image import Image
from neurocorex.learning import stdp, superneuromat, window_stdp
from neurocorex.quantiser.comparison import Comparison
from neurocorex.quantiser.difference import Difference
from neurocorex.quantiser.populations import scales_of
from neurocorex.quantiser.quantise import quantised as quantise
from neurocorex.spec import Control, CoreConfig, Learning, Region
from support.floatlearning import simulate_learning

#: Largest weights of the networks: near the ends of 4, 8 and 16 bits, and beyond 16.
TOPS = (7, 8, 60, 127, 128, 200, 1000, 32767, 32768, 40_000)
SEEDS = range(150)


def drawn_network(seed, *, decays=False, tops=TOPS):
    """Network of numbers that floats hold exactly: integers near the ends of a range, or multiples of 1/2 to 1/64."""
    rng = np.random.default_rng([seed, 77])
    inputs, neurons = (int(rng.integers(2, 5)) for _ in range(2))
    top, part = int(rng.choice(tops)), 2.0 ** -int(rng.integers(0, 7))
    unit = 1 if seed % 3 else part
    size = unit * np.where(rng.random(neurons) < 0.7, 1, 4.0 ** (seed % 2)).astype(type(unit))

    def near(shape, share=1.0):
        numbers = np.where(rng.random(shape) < 0.3, top - rng.integers(0, 3, shape), rng.integers(-top, top, shape))
        return (numbers * (rng.random(shape) < share)).astype(np.int64) * size

    net = ncx.Network(inputs=inputs, neurons=neurons)
    net.connect(net.inputs, net.neurons, near((inputs, neurons)))
    net.connect(net.neurons, net.neurons, near((neurons, neurons), 0.4), delay_ms=float(rng.integers(1, 5)))
    if rng.random() < 0.5:
        net.connect(net.neurons[0], net.neurons, near((1, neurons)), delay_ms=7.0)
    levels = np.abs(near(neurons)) + size
    net.neurons.set(
        threshold=levels, reset=near(neurons) // 4 if unit == 1 else 0, bias=rng.integers(-1, 2, neurons) * size,
        leak=rng.integers(0, 2, neurons) * size, refractory_ms=rng.integers(0, 4, neurons).astype(float),
        refractory=rng.choice(["hold", "integrate"], neurons).tolist(),
        reset_mode=rng.choice(["value", "subtract"], neurons).tolist(),
        decay=rng.integers(0, 2, neurons) * (0.25 if decays else 1.0),
    )  # fmt: skip
    if rng.random() < 0.4 and len(set(size.tolist())) == 1:
        net.adaptation(step=2 * unit)
    if rng.random() < 0.2:
        net.neurons[0].set(threshold=np.inf)
    return net, rng


def quantised(net, seed):
    """Quantise for a chip of 4, 8 or 16 bits, with a scale for each neuron now and then."""
    bits = (4, 8, 16)[seed % 3 if seed % 2 else 2]
    learning = Learning.WINDOW if net.learns else Learning.NONE
    config = CoreConfig(
        inputs=net.input_count + 1, neurons=net.neuron_count + 2, weight_bits=bits, state_bits=24, learning=learning,
        extra_axons=len(net.extra_source), window_steps=5,
    )  # fmt: skip
    alone = [net.neurons[j] for j in range(net.neuron_count)] if seed % 5 == 0 and not net.adaptation_step else None
    return quantise(net, config, populations=alone)


def runs_equal(net, image, rng):
    """Whether a run on the chip is that of the network in floats; None if a state saturated."""
    spikes = rng.random((2, 30, net.input_count)) < 0.5
    floats = simulate_floats(net, spikes)
    with ncx.open("emulator", config=image.config) as device:
        device.load(image)
        result = device.run(spikes=spikes, record=["spikes", "v"])
    if result.counters["saturations"]:
        return None
    # What is left of the threshold of a neuron that fires at it comes off, or is lost, one step after the spike.
    late = net.parameters["inclusive"] & net.parameters["subtract"] & np.isfinite(net.parameters["threshold"])
    level = image.regions[Region.THRESHOLD][: net.neuron_count] / scales_of(image)[: net.neuron_count]
    rest = np.subtract(net.parameters["threshold"], level, out=np.zeros_like(level), where=late)
    membranes = result.v - rest * result.spikes
    return np.array_equal(result.spikes, floats.spikes) and np.array_equal(membranes, floats.v)


@pytest.mark.filterwarnings("ignore:states of neurons reached the end")  # counted, and left out below
@pytest.mark.parametrize("fires_at", [">", ">="])
def test_what_is_exact_runs_as_in_floats(fires_at):
    equal = rounded = 0
    for seed in SEEDS:
        net, rng = drawn_network(seed)
        net.neurons.set(fires_at=fires_at)
        image, report = quantised(net, seed)
        assert report.decaying == []
        rounded += not report.exact
        if report.exact:
            outcome = runs_equal(net, image, rng)
            assert outcome is not False, seed
            equal += outcome is True
    assert equal > 30
    assert rounded > 30


def test_what_fades_is_named():
    found = []
    for seed in range(30):
        net, _ = drawn_network(seed, decays=True)
        report = quantised(net, seed)[1]
        assert report.decaying == np.flatnonzero(net.parameters["decay"]).tolist()
        found.append(report.exact and bool(report.decaying) and "fade, and are rounded" in str(report))
    assert any(found)


@pytest.mark.filterwarnings("ignore:states of neurons reached the end")  # counted, and left out below
def test_a_network_that_learns_and_is_exact_learns_as_in_floats():
    outcomes = [learns_equal(seed) for seed in range(60)]
    assert outcomes.count(True) > 20
    assert False not in outcomes, outcomes.index(False)


def learns_equal(seed):
    """Whether a network learns as in floats; None where it is not exact, or something saturated."""
    rng = np.random.default_rng([seed, 5])
    top, unit = int(rng.choice([100, 126, 20_000, 32_000])), (1, 0.25)[seed % 2]
    count = 5
    net = ncx.Network(inputs=3, neurons=count)
    net.connect(net.inputs, net.neurons, rng.integers(top // 2, top, (3, count)) * unit, plastic=bool(seed % 3))
    net.connect(net.neurons, net.neurons, rng.integers(-top, top, (count, count)) * unit, plastic=True)
    net.neurons.set(threshold=rng.integers(top // 2, top, count) * unit)
    taps = rng.integers(-9, 9, (2, 4)) * unit
    if seed % 4:
        net.learn(window_stdp(taps[0], taps[1], stochastic=False, bounds=None if seed % 8 else (-4 * top * unit, 0.0)))
    else:
        net.learn(superneuromat(np.abs(taps[0]), -np.abs(taps[1])))
    image, report = quantise(net, scale=None if unit == 1 else 4)
    spikes = rng.random((40, 3)) < 0.4
    floats, weights = simulate_learning(net, spikes)
    with ncx.open("emulator", config=image.config) as device:
        device.load(image)
        result = device.run(spikes=spikes)
        held = device.weights()
    low, high = (bound * (1 << report.gain_input) / image.scale for bound in image.config.weight_range)
    roomy = low <= weights.min() and weights.max() <= high and report.gain_input == report.gain_recurrent
    if not report.exact or not roomy or result.counters["saturations"]:
        return None
    return np.array_equal(result.spikes, floats) and np.array_equal(held, weights)


def changes(net, image):
    """Every register that a number of the network stands in: (region, index)."""
    rows = [*range(net.input_count), *(image.config.inputs + k for k in range(net.neuron_count))]
    rows += [image.config.inputs + image.config.neurons + k for k in range(len(net.extra_source))]
    for row in rows:
        for column in range(net.neuron_count):
            yield Region.WEIGHTS, (row, column)
            if net.learns:
                yield Region.PLASTIC, (row, column)
    leads = net.weights[net.input_count :][: net.neuron_count].any(axis=1)
    for region in (Region.THRESHOLD, Region.RESET, Region.DECAY, Region.LEAK, Region.CURRENT_DECAY, Region.BIAS,
                   Region.REFRACTORY, Region.FLAGS, Region.DELAY):  # fmt: skip
        stated = leads | ~np.isnan(net.parameters["delay_ms"]) if region is Region.DELAY else np.ones_like(leads)
        yield from ((region, (int(neuron),)) for neuron in np.flatnonzero(stated))
    for axon in range(len(net.extra_source)):
        yield Region.EXTRA_DELAY, (axon,)
        yield Region.EXTRA_SOURCE, (axon,)
    registers = [Control.GAIN_INPUT, Control.GAIN_RECURRENT, Control.ADAPTATION_STEP]
    if net.learns:
        registers += [Control.WEIGHT_MIN, Control.WEIGHT_MAX, Control.MODULATION, Control.DRIFT_STEP, Control.GATE,
                      Control.RANDOM, Control.LEARNING]  # fmt: skip
        for region in (Region.PRE_TABLE, Region.POST_TABLE):
            yield from ((region, (entry,)) for entry in range(image.regions[region].size))
    yield from ((Region.CONTROL, (int(register),)) for register in registers)


def changed(image, region, index):
    """Image with one register one unit off, up or down as its range allows."""
    for step in (1, -1):
        array = image.regions[region].astype(np.int64)
        array[index] += step
        try:
            return Image(image.config, {**image.regions, region: array}, image.scale, image.meta)
        except InputError:
            continue
    raise AssertionError(f"{region.name} can hold one number only")


@pytest.mark.parametrize("fires_at", [">", ">="])
@pytest.mark.parametrize("seed", range(12))
def test_no_register_of_an_exact_image_may_change(seed, fires_at):
    net, rng = drawn_network(3 * seed + 1, tops=(100, 7_000))
    if seed % 2:
        net.adaptation(step=0)
        net.plastic |= net.connected
        net.learn(window_stdp(rng.integers(-9, 9, 5), rng.integers(-9, 9, 5), stochastic=False))
    net.weights[net.weights == 0] = 3  # else a gain may change what is 0, to no effect
    net.neurons.set(fires_at=fires_at)
    if fires_at == ">=":  # at resets by subtraction see test_what_is_exact_runs_as_in_floats
        net.neurons.set(reset_mode="value")
    image = quantise(net, CoreConfig(
        inputs=net.input_count + 1, neurons=net.neuron_count + 2, weight_bits=16, state_bits=24, window_steps=5,
        extra_axons=len(net.extra_source), learning=Learning.WINDOW if net.learns else Learning.NONE,
    ), scale=1)[0]  # fmt: skip
    assert Comparison.of(net, image).exact
    places = list(changes(net, image))
    unseen = [place for place in places if Comparison.of(net, changed(image, *place)).exact]
    assert not unseen
    assert len(places) > 30


def test_weights_outside_of_the_network_are_seen():
    net, _ = drawn_network(1)
    image = quantised(net, 1)[0]
    weights = image.weights.copy()
    weights[net.input_count, 0] = 1  # of an input that the network does not have
    other = Image(image.config, {**image.regions, Region.WEIGHTS: weights}, image.scale, image.meta)
    assert [each.name for each in Comparison.of(net, other).differing if each.numbers == 3] == [
        "what is not of the network"
    ]


def test_neurons_that_sleep_are_seen():
    net = ncx.Network(inputs=40, neurons=40)
    net.connect(net.inputs, net.neurons, 2)
    image, report = quantise(net)
    assert report.exact
    asleep = Image(image.config, {**image.regions, Region.IN_USE: np.array([1, 0])}, image.scale, image.meta)
    assert not Comparison.of(net, asleep).exact


def test_an_image_of_another_size_is_refused():
    net, _ = drawn_network(1)
    small = quantise(ncx.Network(inputs=1, neurons=1))[0]
    with pytest.raises(InputError, match="too small"):
        Comparison.of(net, small)


# Kinds of numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda net: net.connect(net.inputs[0], net.neurons[0], 1), "input weights"),
        (lambda net: net.neurons.set(threshold=10_000_001), "threshold"),
        (lambda net: net.neurons.set(refractory_ms=1.5), "refractory_ms"),
        (lambda net: net.neurons[0].set(delay_ms=1.3), "delay_ms"),
        (lambda net: net.connect(net.neurons[0], net.neurons[1], 2, delay_ms=2.5), "delay_ms"),
        (lambda net: net.neurons.set(tau_ms=20.0), "decay"),
        (lambda net: net.neurons.set(tau_syn_ms=5.0), "decay_syn"),
        (lambda net: net.adaptation(step=2, tau_ms=30.0), "adaptation_decay"),
    ],
    ids=["odd weight", "threshold", "refractory", "delay", "extra delay", "tau", "tau_syn", "adaptation"],
)
def test_each_kind_of_number_makes_it_inexact(change, name):
    net = ncx.Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, 300)
    net.connect(net.neurons[0], net.neurons[1], 4)
    net.neurons.set(threshold=500)
    config = CoreConfig(inputs=2, neurons=3, extra_axons=1, state_bits=20)
    assert quantise(net, config)[1].exact
    change(net)
    report = quantise(net, config)[1]
    assert not report.exact
    assert name in [each.name for each in report.comparison.differing]
    assert report.differences[name].absolute > 0
    assert "nothing was rounded" not in str(report)


def test_a_rule_in_floats_is_compared_number_by_number():
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, 0.5, plastic=True)
    net.learn(stdp(20.0, 30.0, 0.01, -0.012, bounds=(0.0, 1.0)))
    report = quantise(net)[1]
    assert not report.exact
    names = {each.name for each in report.comparison.differing}
    assert {"tau_pre_ms", "tau_post_ms", "potentiation", "depression"} <= names
    assert report.differences["tau_pre_ms"].relative < 0.01
    json.dumps(report.to_dict(), allow_nan=False)


def test_drift_is_compared_in_every_step():
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.inputs, net.neurons, 50, plastic=True)
    net.learn(superneuromat([3, 2], [-1, -2]))
    image = quantise(net)[0]
    assert Comparison.of(net, image).exact
    meta = dict(image.meta)
    meta["schedule"] = meta["schedule"][:-1]
    assert not Comparison.of(net, Image(image.config, image.regions, image.scale, meta)).exact


def test_decimal_fractions_are_exact_at_a_scale_of_ten():
    net = ncx.Network(inputs=3, neurons=1)
    net.connect(net.inputs, net.neurons, [[0.1], [0.3], [-0.7]])
    net.neurons.set(threshold=0.9)
    assert quantise(net, scale=10)[1].exact
    assert not quantise(net, scale=8)[1].exact


@pytest.mark.parametrize(
    ("wanted", "held", "absolute", "relative"),
    [([1.0, 4.0], [1.5, 4.0], 0.5, 0.5), ([0.0], [0.25], 0.25, np.inf), ([np.nan], [3.0], 0, 0),
     ([0.3], [0.1 * 3], 0, 0), ([np.inf], [np.inf], 0, 0), ([np.inf], [5.0], np.inf, np.inf), ([], [], 0, 0)],
    ids=["half", "of zero", "not set", "last bits", "endless", "ends", "none"],
)  # fmt: skip
def test_differences_of_numbers(wanted, held, absolute, relative):
    found = Difference.of("x", np.array(wanted), np.array(held))
    assert (found.absolute, found.relative) == (absolute, relative)
    assert bool(found.differing) == (absolute > 0)
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("seed", range(8))
def test_no_register_of_a_completed_reset_may_change(seed):
    """Neurons that fire at their threshold, whose own axons take off the rest of it."""
    rng = np.random.default_rng([seed, 9])
    factor, delay = 1 << 3 * (seed % 2), (1.0, 2.0)[seed % 4 // 2]
    net = ncx.Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, rng.integers(1, 8, (2, 3)) * factor)
    net.connect(net.neurons, net.neurons, rng.integers(-7, 0, (3, 3)) * factor, delay_ms=delay)
    if delay != 1:
        net.connect(net.neurons, net.neurons, rng.integers(1, 8, (3, 3)) * factor, delay_ms=1.0)
    net.neurons.set(threshold=rng.integers(5, 30, 3) * factor, reset_mode="subtract", fires_at=">=")
    config = CoreConfig(inputs=2, neurons=3, extra_axons=len(net.extra_source), weight_bits=4)
    image, report = quantise(net, config, scale=1)
    assert report.exact
    assert bool(report.gain_recurrent) == (factor > 1)
    assert runs_equal(net, image, rng)
    gains = {(Region.CONTROL, (int(gain),)) for gain in (Control.GAIN_INPUT, Control.GAIN_RECURRENT)}
    places = [place for place in changes(net, image) if place[0] is not Region.CONTROL or place in gains]
    assert not [place for place in places if Comparison.of(net, changed(image, *place)).exact]
