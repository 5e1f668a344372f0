"""Rules: what they mean in the units of a network, and what a chip makes of them."""

import json

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.learning import (
    TraceRule,
    WindowRule,
    rectangular_stdp,
    reward_stdp,
    stdp,
    superneuromat,
    symmetric_stdp,
    window_stdp,
)
from neurocorex.quantiser.quantise import quantise, quantised, smallest_config
from neurocorex.spec import Control, CoreConfig, Flag, Learning, LearningFlag, Region
from support.warned import warned

BOUNDS = (0.0, 1.0)
EXPONENTIAL = stdp(20.0, 10.0, 0.02, -0.03, bounds=BOUNDS, stochastic=False)


def network(rule, weight=0.5, dt_ms=1.0):
    """Return one input onto one neuron that fires only when it is forced."""
    net = ncx.Network(inputs=1, neurons=1, dt_ms=dt_ms)
    net.connect(net.inputs, net.neurons, weight, plastic=True)
    net.neurons.set(threshold=np.inf, decay=1.0)
    net.learn(rule)
    return net


def pair(rule, lag, *, weight=0.5, dt_ms=1.0, config=None):
    """Return the change of the weight, in units of the network, by an arrival and a spike `lag` steps later."""
    net = network(rule, weight, dt_ms)
    image, _ = quantised(net, config or CoreConfig(**{**smallest_config(net).to_dict(), "weight_bits": 16}))
    with ncx.open("emulator") as device:
        device.load(image)
        before = device.weights()[0, 0]
        spikes, teacher = np.zeros((30, 1), bool), np.zeros((30, 1), bool)
        spikes[12], teacher[12 + lag] = True, True
        device.run(spikes=spikes, teacher=teacher)
        return device.weights()[0, 0] - before


@pytest.mark.parametrize(
    ("lag", "change"),
    [(0, 0.02 * np.exp(1 / 20)), (1, 0.02), (5, 0.02 * np.exp(-4 / 20)), (-1, -0.03), (-6, -0.03 * np.exp(-5 / 10))],
)
def test_stdp_changes_by_the_lag(lag, change):
    assert pair(EXPONENTIAL, lag) == pytest.approx(change, rel=0.02)


def test_time_constants_are_in_milliseconds():
    assert pair(EXPONENTIAL, 10, dt_ms=0.5) == pytest.approx(0.02 * np.exp(-4.5 / 20), rel=0.02)


def test_symmetric_rule_does_not_ask_who_was_first():
    rule = symmetric_stdp(10.0, 0.05, bounds=BOUNDS, stochastic=False)
    assert pair(rule, 3) == pytest.approx(pair(rule, -3), rel=0.02)


@pytest.mark.parametrize(("lag", "change"), [(0, 0.1), (3, 0.1), (4, 0), (-1, -0.2), (-2, -0.2), (-3, 0)])
def test_rectangle_ends_with_its_window(lag, change):
    rule = rectangular_stdp(3.0, 0.1, -0.2, window_post_ms=2.0, bounds=BOUNDS, stochastic=False)
    assert pair(rule, lag) == pytest.approx(change, rel=0.01)


@pytest.mark.parametrize("lag", [-3, -2, -1, 0, 1, 2, 3])
def test_any_kernel_fits_a_window(lag):
    def wave(lags_ms):
        return 0.1 * np.cos(lags_ms)

    rule = window_stdp(wave, lambda lags_ms: -wave(lags_ms), span_ms=3.0, bounds=(-1.0, 1.0), stochastic=False)
    assert pair(rule, lag) == pytest.approx(np.sign(lag + 0.5) * 0.1 * np.cos(lag), abs=1e-3)


def test_kernel_given_as_numbers_is_one_by_step():
    rule = window_stdp([0.0, 0.25, 0.125], [-0.0625], bounds=BOUNDS, stochastic=False)
    assert [pair(rule, lag) for lag in (-2, -1, 0, 1, 2, 3)] == pytest.approx([0, -0.0625, 0, 0.25, 0.125, 0], rel=0.01)


def test_nearest_counts_the_latest_spike_only():
    rule = window_stdp([0.0, 1.0, 2.0, 4.0], [], nearest=True, bounds=(0, 100))
    net = network(rule, 10)
    table = quantise(net)[0].regions[Region.PRE_TABLE] / 256
    assert table[[0b0010, 0b0110, 0b1100, 0b1000]].tolist() == [1, 1, 2, 4]
    net.learn(window_stdp([0.0, 1.0, 2.0, 4.0], [], bounds=(0, 100)))
    assert (quantise(net)[0].regions[Region.PRE_TABLE] / 256)[[0b0010, 0b0110, 0b1110]].tolist() == [1, 3, 7]


def test_soft_changes_shrink_towards_the_bound():
    rule = stdp(20.0, 20.0, 0.1, -0.1, bounds=BOUNDS, soft=True, stochastic=False)
    assert pair(rule, 1, weight=0.25) == pytest.approx(0.075, rel=0.02)
    assert pair(rule, -1, weight=0.25) == pytest.approx(-0.025, rel=0.02)


def test_bounds_hold():
    rule = stdp(20.0, 20.0, 0.2, -0.2, bounds=BOUNDS)
    assert pair(rule, 1, weight=0.875) == pytest.approx(0.125, rel=0.01)
    assert pair(rule, -1, weight=0.125) == pytest.approx(-0.125, rel=0.01)


def test_rounding_by_chance_is_right_on_average():
    rule = stdp(20.0, 20.0, 0.3, 0.0, bounds=(0, 127), nearest=True)
    net = ncx.Network(inputs=100, neurons=1)
    net.connect(net.inputs, net.neurons, 50, plastic=True)
    net.neurons.set(threshold=20_000)
    net.learn(rule)
    with ncx.open("emulator") as device:
        device.load(net)
        spikes, teacher = np.zeros((20, 100), bool), np.zeros((20, 1), bool)
        spikes[::2], teacher[1::2] = True, True
        device.run(spikes=spikes, teacher=teacher)
        changes = device.weights()[:100, 0] - 50
    assert changes.mean() == pytest.approx(3.0, abs=0.4)
    assert changes.std() > 0.5


def test_inputs_and_neurons_that_learn_share_their_gain():
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, 0.01, plastic=True)
    net.connect(net.neurons, net.neurons, 3.0, plastic=True)
    net.learn(stdp(20.0, 20.0, 0.1, -0.1, bounds=(-1.0, 4.0)))
    report = quantise(net)[1]
    assert report.gain_input == report.gain_recurrent


def test_weights_have_room_to_grow_to_their_bound():
    image, report = quantise(network(stdp(20.0, 20.0, 0.1, -0.1, bounds=(0.0, 2.0)), 0.001))
    unit = (1 << report.gain_input) / report.scale
    high = int(image.regions[Region.CONTROL][Control.WEIGHT_MAX])
    assert high * unit == pytest.approx(2.0, rel=0.01)
    assert high > 100


def test_registers_say_what_the_rule_says():
    net = network(reward_stdp(20.0, 20.0, 0.1, -0.1, modulation=-0.5, bounds=BOUNDS, soft=True, nearest=True, seed=9))
    net.neurons.set(learns=False)
    image, _ = quantise(net)
    control = image.regions[Region.CONTROL]
    flags = LearningFlag(int(control[Control.LEARNING]))
    assert flags == LearningFlag.ENABLE | LearningFlag.STOCHASTIC | LearningFlag.SOFT | 8 | 16
    assert control[Control.MODULATION] == (1 << 16) - 128
    assert control[Control.RANDOM] != 0
    assert image.regions[Region.FLAGS][0] & Flag.PLASTICITY_OFF
    assert image.config.soft_bounds
    assert image.config.learning is Learning.EXPONENTIAL
    net.learn(reward_stdp(20.0, 20.0, 0.1, -0.1, bounds=BOUNDS, seed=10))
    assert quantise(net)[0].regions[Region.CONTROL][Control.RANDOM] != control[Control.RANDOM]


def test_report_tells_every_number_of_the_rule():
    _, report = quantise(network(stdp(20.0, 10.0, 0.02, -0.03, bounds=BOUNDS)))
    rounded = {each.name: each for each in report.learning}
    assert rounded["potentiation"].wanted == 0.02
    assert rounded["potentiation"].got == pytest.approx(0.02, rel=0.01)
    assert rounded["tau_post_ms"].got == pytest.approx(10.0, rel=0.01)
    assert report.plastic == 1
    assert "1 synapses learn, by exponential traces" in str(report)
    assert report.to_dict()["learning"][0]["name"] == "lower bound"
    assert not report.exact


@pytest.mark.parametrize(
    ("rule", "weight", "warning"),
    [
        (stdp(20.0, 20.0, 100.0, -0.1, bounds=BOUNDS), 0.5, "potentiation is clipped from 100"),
        (window_stdp([0.1, 2e-5], [], bounds=BOUNDS), 0.5, "potentiation at lag 1 became"),
        (stdp(20.0, 20.0, 0.001, -0.5, bounds=BOUNDS, stochastic=False), 0.5, "rounds to nothing: use stochastic"),
        (stdp(20.0, 20.0, 0.1, -0.1, bounds=(0, 1)), 1, "only 1 units of the chip lie between the bounds"),
        (window_stdp([90.0] * 3, [], bounds=(0, 100)), 5, "potentiation is clipped where 4 of 8 patterns"),
    ],
    ids=["clipped", "coarse", "vanishing", "no_room", "crowded"],
)
def test_report_warns(rule, weight, warning):
    net = network(rule, weight)
    config = CoreConfig(**{**smallest_config(net).to_dict(), "window_steps": 3})
    assert any(warning in line for line in warned(quantise, net, config)[1].warnings)


def test_rule_or_plastic_synapses_alone_are_pointed_out():
    net = network(None)
    assert any("there is no rule" in line for line in warned(quantise, net)[1].warnings)
    net.learn(EXPONENTIAL)
    net.plastic[:] = False
    image, report = warned(quantise, net)
    assert any("no synapse is plastic" in line for line in report.warnings)
    assert image.config.learning is Learning.NONE


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (CoreConfig(), r"learning with exponential traces \(the chip has no learning engine\)"),
        (CoreConfig(learning=Learning.WINDOW), r"exponential traces \(the chip has windows\)"),
        (CoreConfig(learning=Learning.EXPONENTIAL), r"soft_bounds \(the chip has none\)"),
    ],
)
def test_chip_without_the_engine_is_named(config, message):
    net = network(stdp(20.0, 20.0, 0.1, -0.1, bounds=BOUNDS, soft=True))
    with pytest.raises(FitError, match=message):
        quantise(net, config)


def test_window_that_is_too_long_is_named():
    config = CoreConfig(learning=Learning.WINDOW, window_steps=3)
    with pytest.raises(FitError, match=r"window_steps 5 \(the chip has 3\)"):
        quantise(network(rectangular_stdp(4, 1, -1, bounds=BOUNDS)), config)
    with pytest.raises(FitError, match="looks back over 51 steps, at most 20 can be built"):
        quantise(network(rectangular_stdp(5, 1, -1, bounds=BOUNDS), dt_ms=0.1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: stdp(0.0, 20.0, 0.1, -0.1), "tau_pre_ms of a rule must be above 0 ms, got 0.0"),
        (lambda: stdp(20.0, 20.0, np.nan, -0.1), "potentiation must be a finite number"),
        (lambda: stdp(20.0, 20.0, 0.1, -0.1, bounds=(1, 0)), r"must be \(low, high\) with low < high, got \(1, 0\)"),
        (lambda: stdp(20.0, 20.0, 0.1, -0.1, bounds=3), "bounds must be"),
        (lambda: stdp(20.0, 20.0, 0.1, -0.1, seed=-1), "seed of a rule must be an integer from 0 up"),
        (lambda: stdp(20.0, 20.0, 0.1, -0.1, accumulate=0.5), "accumulate must be 1 or more"),
        (lambda: reward_stdp(20.0, 20.0, 0.1, -0.1, modulation=200), "modulation must be -127 to 127, got 200"),
        (lambda: window_stdp("steep", []), "a kernel must be a sequence of numbers, got 'steep'"),
        (lambda: window_stdp([np.inf], []), "must hold finite numbers"),
        (lambda: superneuromat([1, 2], [0]), "equally long, got 2 and 1"),
        (lambda: window_stdp(lambda lags: [1, 2], [], span_ms=4).kernels(1.0, 5), "it must return a number for each"),
    ],
)
def test_bad_rules_say_what_is_wrong(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_floats_need_bounds():
    with pytest.raises(InputError, match="the rule needs bounds"):
        quantise(network(stdp(20.0, 20.0, 0.1, -0.1)))
    quantise(network(stdp(20.0, 20.0, 0.1, -0.1), weight=5))


def test_trace_that_never_fades_has_no_time_constant_in_json():
    report = quantise(network(stdp(np.inf, 20.0, 0.1, -0.1, bounds=BOUNDS)))[1]
    told = {each["name"]: each for each in json.loads(json.dumps(report.to_dict(), allow_nan=False))["learning"]}
    assert told["tau_pre_ms"]["got"] is None
    assert "tau_pre_ms inf" in str(report)


def test_trace_that_is_gone_at_once_is_refused():
    with pytest.raises(InputError, match="tau_pre_ms is too short"):
        quantise(network(stdp(0.01, 20.0, 0.1, -0.1, bounds=BOUNDS)))


def test_rules_are_values():
    assert stdp(20.0, 20.0, 0.1, -0.1) == TraceRule(tau_pre_ms=20, tau_post_ms=20, potentiation=0.1, depression=-0.1)
    assert rectangular_stdp(2.0, 1, -1) == rectangular_stdp(2.0, 1, -1)
    assert isinstance(superneuromat([1], [0]), WindowRule)


# Delays ------------------------------------------------------------------------------------------


def test_second_delay_arrives_by_an_extra_axon():
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.inputs, net.neurons[0], 10)
    net.connect(net.neurons[0], net.neurons[1], 10, delay_ms=2)
    net.connect(net.neurons[0], net.neurons[2], 10, delay_ms=5)
    net.neurons.set(threshold=5, tau_ms=0)
    with ncx.open("emulator") as device:
        device.load(net)
        result = device.run(10, spikes=[[1]])
        assert device.config.extra_axons == 1
        assert device.weights().shape == (5, 3)
    assert dict(zip(result.spike_neurons.tolist(), result.spike_times.tolist(), strict=True)) == {0: 0, 1: 2, 2: 5}
    assert quantise(net)[1].never_fire == []
    with pytest.raises(FitError, match=r"extra_axons 1 \(the chip has 0\)"):
        quantise(net, CoreConfig())


def test_axon_that_only_learns_is_not_silent():
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.neurons[0], net.neurons[1], 0, plastic=True)
    assert warned(quantise, net, match="no rule")[0].regions[Region.DELAY].tolist() == [0, 0]
    net.learn(stdp(20.0, 20.0, 1, -1))
    assert quantise(net)[0].regions[Region.DELAY].tolist() == [1, 0]


# SuperNeuroMAT -----------------------------------------------------------------------------------


def superneuromat_loop(weights, enabled, thresholds, inputs, apos, aneg):
    """Its tick, read aloud: integrate, spike, then STDP over the lags that exist."""
    weights, spikes = weights.copy(), []
    state = np.zeros(len(thresholds), int)
    for values in inputs:
        state = state + values + (spikes[-1] @ weights if spikes else 0)
        now = (state > thresholds).astype(int)
        state[now > 0] = 0
        spikes.append(now)
        for lag in range(1, min(len(apos), len(spikes) - 1) + 1):
            pairs = np.outer(spikes[-1 - lag], now)
            weights += enabled * (pairs * apos[lag - 1] + (1 - pairs) * aneg[lag - 1])
    return np.array(spikes), weights


@pytest.mark.parametrize("seed", range(5))
def test_superneuromat_is_met_exactly(seed):
    rng = np.random.default_rng(seed)
    count, steps = 6, 30
    apos, aneg = rng.integers(0, 9, 4).tolist(), (-rng.integers(0, 2, 4)).tolist()
    weights = rng.integers(0, 60, (count, count))
    enabled = rng.random((count, count)) < 0.6
    thresholds = rng.integers(5, 60, count)
    inputs = rng.integers(0, 80, (steps, count)) * (rng.random((steps, count)) < 0.2)
    net = ncx.Network(inputs=1, neurons=count)
    net.connect(net.neurons, net.neurons, weights)
    net.connect(net.neurons, net.neurons, [(a, j, 0) for a, j in np.argwhere(enabled).tolist()], plastic=True)
    net.neurons.set(threshold=thresholds, tau_ms=np.inf)
    net.learn(superneuromat(apos, aneg))
    config = CoreConfig(inputs=1, neurons=count, weight_bits=16, learning=Learning.WINDOW, window_steps=6)
    spikes, learned = superneuromat_loop(weights, enabled, thresholds, inputs, apos, aneg)
    with ncx.open("emulator", config=config) as device:
        device.load(net)
        first = device.run(inject=inputs[:2])  # the ramp of the first steps goes on from run to run
        rest = device.snapshot()
        device.load(rest)
        second = device.run(inject=inputs[2:])
        assert np.array_equal(np.concatenate([first.spikes, second.spikes]), spikes)
        assert np.array_equal(device.weights()[1:], learned)
    assert quantise(net, config)[1].exact


def test_fine_taps_choose_a_scale_at_which_they_are_whole():
    net = ncx.Network(inputs=1, neurons=4)
    net.connect(net.inputs, net.neurons[0], 2.0)
    net.connect(net.neurons[0], net.neurons[1], 1.0)
    net.connect(net.neurons[0:2], net.neurons[2:], 0.001, plastic=True)
    net.learn(superneuromat([1, 0.5, 0.1, 0.01, 0.001], [-0.0001] * 5))
    config = CoreConfig(neurons=4, inputs=1, weight_bits=16, learning=Learning.WINDOW)
    _, report = quantise(net, config)
    assert report.exact, report
