"""Rules of projections on the emulator: weights against floats by the law of each rule, from the spikes that it fired.

The floats know rules by their equations only. A weight of the chip is off by the rounding of its changes by chance, and
by what the report says of rates.
"""

import math

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.learning import errors, reward_stdp, stdp
from neurocorex.spec import Control, CoreConfig, Learning

DT_MS, INPUTS, NEURONS = 1.0, 12, 6


def faded(rule, spikes, fired, weights, modulation=None):
    """Weights [axons, N] after a run by one rule, with arrivals [steps, axons] and spikes [steps, N]."""
    weights, (low, high) = weights.astype(float).copy(), rule.bounds
    x, y = np.zeros(spikes.shape[1]), np.zeros(fired.shape[1])
    full = rule.potentiation * math.exp(DT_MS / rule.tau_pre_ms)
    changes = np.zeros_like(weights)
    for step, (arrived, spiked) in enumerate(zip(spikes, fired, strict=True)):
        after = x * math.exp(-DT_MS / rule.tau_pre_ms) + arrived
        for called, where in (
            ((rule.depression * y + rule.pre_only)[None, :], arrived[:, None]),
            ((full * (after - rule.x_target) + rule.post_only)[:, None], spiked[None, :]),
        ):
            factor = rule.modulation if modulation is None else modulation[step]
            change = np.broadcast_to(called, weights.shape) * factor
            room = np.where(change > 0, high - weights, weights - low) / (high - low) if rule.soft else 1.0
            changes += where & (change != 0)
            weights = np.where(where, np.clip(weights + change * room, low, high), weights)
        x, y = after, y * math.exp(-DT_MS / rule.tau_post_ms) + spiked
    return weights, changes


def driven(seed, steps=300):
    """Spikes of inputs, and a teacher that makes neurons fire at random."""
    rng = np.random.default_rng(seed)
    return rng.random((steps, INPUTS)) < rng.uniform(0.02, 0.2, INPUTS), rng.random((steps, NEURONS)) < 0.06


def network(first, second=None):
    """Inputs onto all neurons, and the last two neurons onto the first four; both may learn."""
    net = ncx.Network(inputs=INPUTS, neurons=NEURONS, dt_ms=DT_MS)
    net.connect(net.inputs, net.neurons, 0.3)
    net.connect(net.neurons[4:], net.neurons[:4], -0.25)
    net.neurons.set(threshold=math.inf, tau_ms=2.0)
    net.learn(first, between=(net.inputs, net.neurons))
    if second is not None:
        net.learn(second, between=(net.neurons[4:], net.neurons[:4]))
    return net


def chip(**sizes):
    needed = {"inputs": INPUTS, "neurons": NEURONS, "learning": Learning.EXPONENTIAL, "trace_bits": 16}
    return CoreConfig(**{**needed, **sizes})


def ran(net, config, seed, **options):
    """Weights before and after, arrivals at all axons, spikes, and one unit of the chip by source."""
    spikes, teacher = driven(seed)
    with ncx.open("emulator", config=config) as device:
        report = device.load(net)
        before = device.weights()
        result = device.run(spikes=spikes, teacher=teacher, **options)
        after = device.weights()
    assert (result.counts[4:] > 0).all()
    fired = result.spikes
    arrived = np.concatenate([spikes, np.vstack([np.zeros(NEURONS, bool), fired[:-1]])], axis=1)
    units = [2.0**gain / report.scale for gain in (report.gain_input, report.gain_recurrent)]
    return before, after, arrived, fired, units


def assert_close(found, wanted, start, changes, unit):
    """Within four deviations of the rounding of so many changes, a percent of what was learned, and a unit."""
    room = unit * (1 + 2 * np.sqrt(changes) + changes / 512) + 0.01 * np.abs(wanted - start).max()
    assert (np.abs(found - wanted) <= room).all(), np.abs(found - wanted).max() / unit
    # On average chance goes, so that a rule that is a little off shows.
    mean = unit * (1 + 2 * np.sqrt(changes.mean() / changes.size)) + 0.01 * np.abs(wanted - start).mean()
    assert abs((found - wanted).mean()) <= mean


DIEHL_COOK = {"x_target": 1.2, "bounds": (0.0, 1.0), "accumulate": 20}


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("weight_bits", [8, 16])
@pytest.mark.parametrize("pre_only", [0.0, -0.002])
def test_weights_follow_diehl_and_cook(soft, weight_bits, pre_only):
    rule = stdp(20.0, 20.0, 0.005, 0.0, soft=soft, pre_only=pre_only, **DIEHL_COOK)
    config = chip(weight_bits=weight_bits, terms=True, soft_bounds=soft)
    before, after, arrived, fired, units = ran(network(rule), config, seed=3)
    inputs = slice(0, INPUTS)
    wanted, changes = faded(rule, arrived[:, inputs], fired, before[inputs])
    assert (wanted < before[inputs]).any()
    assert (wanted > before[inputs]).any()
    assert_close(after[inputs], wanted, before[inputs], changes, units[0])
    assert np.array_equal(after[INPUTS:], before[INPUTS:])


@pytest.mark.parametrize("weight_bits", [8, 16])
def test_projections_follow_their_rates_and_bounds(weight_bits):
    """The second rule is faster, and meets bounds of its own."""
    first = stdp(20.0, 30.0, 0.008, -0.006, bounds=(0.0, 1.0), accumulate=20)
    second = stdp(20.0, 30.0, 0.02, -0.02, bounds=(-0.5, 0.25), post_only=-0.004, accumulate=20)
    config = chip(weight_bits=weight_bits, rules=2, terms=True)
    before, after, arrived, fired, units = ran(network(first, second), config, seed=5)
    inputs, others = slice(0, INPUTS), slice(INPUTS + 4, INPUTS + NEURONS)
    wanted, changes = faded(first, arrived[:, inputs], fired, before[inputs])
    assert_close(after[inputs], wanted, before[inputs], changes, units[0])
    targets = slice(0, 4)
    wanted, changes = faded(second, arrived[:, others], fired[:, targets], before[others, targets])
    assert (np.abs(wanted - before[others, targets]) > 0.05).any()
    assert_close(after[others, targets], wanted, before[others, targets], changes, units[1])
    assert after[others, targets].min() >= -0.5 - units[1] / 2
    assert after[others, targets].max() <= 0.25 + units[1] / 2


def test_modulation_acts_on_all_rules():
    first = reward_stdp(20.0, 30.0, 0.01, -0.006, bounds=(-1.0, 1.0), x_target=0.3, accumulate=20)
    second = reward_stdp(20.0, 30.0, -0.02, 0.02, bounds=(-1.0, 1.0), pre_only=0.003, accumulate=20)
    config = chip(weight_bits=16, rules=2, terms=True)
    modulation = np.repeat([0.0, 1.0, -0.5], 100)
    before, after, arrived, fired, units = ran(network(first, second), config, seed=7, modulation=modulation)
    inputs, others, targets = slice(0, INPUTS), slice(INPUTS + 4, INPUTS + NEURONS), slice(0, 4)
    wanted, changes = faded(first, arrived[:, inputs], fired, before[inputs], modulation)
    assert_close(after[inputs], wanted, before[inputs], changes, units[0])
    wanted, changes = faded(second, arrived[:, others], fired[:, targets], before[others, targets], modulation)
    assert_close(after[others, targets], wanted, before[others, targets], changes, units[1])


def test_lessons_take_the_target_off_the_spikes():
    rule = errors(0.0005, bounds=(-1.0, 1.0), accumulate=12, x_target=3.0)
    net = ncx.Network(inputs=INPUTS + 1, neurons=2)
    net.connect(net.inputs[:INPUTS], net.neurons, 0.1, plastic=True)
    net.feedback(net.inputs[INPUTS], net.neurons, [[5.0, -8.0]])
    net.neurons.set(threshold=math.inf, error_always=True, tau_ms=2.0)
    net.learn(rule)
    spikes = np.random.default_rng(2).random((20, INPUTS + 1)) < np.linspace(0, 0.5, INPUTS + 1)
    spikes[:, INPUTS] = np.arange(20) == 18
    with ncx.open(
        "emulator", config=chip(inputs=INPUTS + 1, neurons=2, weight_bits=16, errors=True, terms=True)
    ) as device:
        device.load(net)
        before = device.weights()[:INPUTS]
        device.run(spikes=spikes, learn=[19])
        after = device.weights()[:INPUTS]
    counts = spikes[:, :INPUTS].sum(axis=0)
    assert counts.max() <= 12
    assert (after - before) == pytest.approx(0.0005 * np.outer(counts - 3.0, [5.0, -8.0]), rel=0.02, abs=2e-4)


def test_rules_of_spikes_and_of_errors_learn_side_by_side():
    """Inputs learn from two lessons, neurons from their spikes; both by traces that fade with one time constant."""
    lessons = errors(0.002, bounds=(-1.0, 1.0), accumulate=20, tau_ms=20.0)
    spikes_rule = stdp(20.0, 30.0, 0.01, -0.008, bounds=(-1.0, 1.0), accumulate=20)
    net = ncx.Network(inputs=INPUTS + 1, neurons=NEURONS)
    pixels = net.inputs[:INPUTS]
    net.connect(pixels, net.neurons, 0.1)
    net.connect(net.neurons[4:], net.neurons[:4], -0.25)
    net.feedback(net.inputs[INPUTS], net.neurons, np.array([[3.0, -2.0, 1.0, 4.0, -4.0, 2.0]]))
    net.neurons.set(threshold=math.inf, tau_ms=2.0, error_always=True)
    net.learn(lessons, between=(pixels, net.neurons))
    net.learn(spikes_rule, between=(net.neurons[4:], net.neurons[:4]))
    spikes, teacher = driven(11, steps=100)
    told = np.isin(np.arange(100), [38, 60, 97])
    config = chip(inputs=INPUTS + 1, weight_bits=16, errors=True, rules=2)
    with ncx.open("emulator", config=config) as device:
        report = device.load(net)
        before = device.weights()
        result = device.run(spikes=np.column_stack([spikes, told]), teacher=teacher, learn=[39, 98])
        after = device.weights()
    trace, wanted = np.zeros(INPUTS), before[:INPUTS].copy()
    for step in range(100):
        trace = trace * math.exp(-1 / 20.0) + spikes[step]
        if step in (39, 98):
            error = np.array([3.0, -2.0, 1.0, 4.0, -4.0, 2.0]) * (2 if step == 98 else 1)
            wanted += 0.002 * np.outer(trace, error)
    assert after[:INPUTS] == pytest.approx(wanted, rel=0.01, abs=5e-4)
    arrived = np.vstack([np.zeros(NEURONS, bool), result.spikes[:-1]])[:, 4:]
    others = slice(INPUTS + 5, INPUTS + 1 + NEURONS)
    found, changes = faded(spikes_rule, arrived, result.spikes[:, :4], before[others, :4])
    assert_close(after[others, :4], found, before[others, :4], changes, 2.0**report.gain_recurrent / report.scale)


def test_chips_grow_to_fit_and_registers_of_rows_are_set_by_name():
    first = stdp(20.0, 30.0, 0.01, -0.006, bounds=(0.0, 1.0), accumulate=20)
    second = stdp(20.0, 30.0, 0.02, -0.02, bounds=(-0.5, 0.5), x_target=0.2)
    spikes, teacher = driven(1, steps=60)
    with ncx.open("emulator") as device:
        device.load(network(first, second))
        assert (device.config.rules, device.config.terms) == (2, True)
        before = device.weights()[INPUTS:]
        off = {0: {Control.POTENTIATION_1: 0, Control.DEPRESSION_1: 0}}
        device.run(spikes=spikes, teacher=teacher, changes=off)
        assert np.array_equal(device.weights()[INPUTS:], before)
        device.run(spikes=spikes, teacher=teacher)
        assert not np.array_equal(device.weights()[INPUTS:], before)


def test_network_that_was_given_another_rule_is_noticed():
    net = network(stdp(20.0, 30.0, 0.01, -0.006, bounds=(0.0, 1.0)))
    spikes, _ = driven(1, steps=20)
    with ncx.open("emulator") as device:
        device.load(net)
        net.learn(stdp(20.0, 30.0, 0.02, -0.006, bounds=(0.0, 1.0)), between=(net.inputs[0], net.neurons))
        with pytest.warns(UserWarning, match=r"changed since it was loaded \(rule\)"):
            device.run(spikes=spikes)
