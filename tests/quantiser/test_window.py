"""Learning window of the report: what an image does on average, against pairs that are counted one by one."""

import json
import math

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.learning import rectangular_stdp, reward_stdp, stdp, superneuromat, window_stdp
from neurocorex.quantiser.quantise import quantised as quantise
from neurocorex.quantiser.report import Report
from neurocorex.spec import Control, CoreConfig, Learning, Region

BOUNDS = (-1.0, 1.0)


def chip(**sizes):
    return CoreConfig(**{"inputs": 2, "neurons": 2, "learning": Learning.EXPONENTIAL, **sizes})


def network(rule, weight=0.0, dt_ms=1.0):
    net = ncx.Network(inputs=2, neurons=2, dt_ms=dt_ms)
    net.connect(net.inputs, net.neurons, weight, plastic=True)
    net.neurons.set(threshold=1.5, tau_ms=1.0)
    net.learn(rule)
    return net


def reported(rule, weight=0.0, dt_ms=1.0, **sizes):
    return quantise(network(rule, weight, dt_ms), chip(**sizes))


def counted(image, side, lags, trials, rng):
    """Mean change in units of a weight by one pair at each lag, every draw taken: the model, read aloud."""
    config, control = image.config, image.regions[Region.CONTROL].tolist()

    def signed(register):
        bits = register.bits(config)
        return control[register] - (1 << bits) * (control[register] >> (bits - 1))

    first = side == "potentiation"
    decay = control[Control.PRE_DECAY if first else Control.POST_DECAY]
    trace = np.full(trials, control[Control.PRE_INCREMENT if first else Control.POST_INCREMENT])
    rate = signed(Control.POTENTIATION if first else Control.DEPRESSION) * signed(Control.MODULATION) // 256
    span = signed(Control.WEIGHT_MAX) - signed(Control.WEIGHT_MIN)
    means = []
    for lag in range(max(lags) + 1):
        if lag in lags:
            p = (trace * rate + (1 << (config.trace_bits - 1))) // (1 << config.trace_bits)
            if control[Control.LEARNING] & 4:
                p = (p * span + (1 << (config.weight_bits - 1))) // (1 << config.weight_bits)
            draw = rng.integers(0, 256, trials) if control[Control.LEARNING] & 2 else np.where(p < 0, 255, 0)
            means.append(((p + draw) // 256).mean())
        trace = (trace * (65536 - decay) + rng.integers(0, 65536, trials)) // 65536
    return np.array(means)


@pytest.mark.parametrize("side", ["potentiation", "depression"])
@pytest.mark.parametrize("stochastic", [True, False])
@pytest.mark.parametrize("soft", [True, False])
@pytest.mark.parametrize("trace_bits", [4, 6, 8, 12])
def test_window_is_what_pairs_change_on_average(side, stochastic, soft, trace_bits):
    rule = stdp(10.0, 15.0, 0.05, -0.04, bounds=BOUNDS, soft=soft, stochastic=stochastic)
    image, report = reported(rule, trace_bits=trace_bits, soft_bounds=soft)
    lags = [0, 1, 4, 9, 19, 30]
    found = counted(image, side, lags, 40_000, np.random.default_rng(5))
    told = np.array(getattr(report.window, side).acting)[lags] * image.scale / (1 << report.gain_input)
    assert told == pytest.approx(found, abs=0.05)
    assert told[:4] == pytest.approx(found[:4], rel=0.03)


@pytest.mark.parametrize("tau_ms", [5.0, 20.0, 100.0, 1000.0, 16_384.0])
@pytest.mark.parametrize("trace_bits", [6, 8, 12, 16])
def test_area_is_that_of_the_law(tau_ms, trace_bits):
    report = reported(stdp(tau_ms, 20.0, 0.05, -0.05, bounds=BOUNDS), trace_bits=trace_bits, weight_bits=16)[1]
    law = 0.05 * math.exp(1 / tau_ms) / -math.expm1(-1 / tau_ms)
    assert report.window.potentiation.area == pytest.approx(law, rel=0.01)
    assert report.window.potentiation.wanted_area == pytest.approx(law, rel=0.001)
    assert report.window.potentiation.reach_ms == pytest.approx(math.log(10) * tau_ms, rel=0.02, abs=1)


def test_times_of_the_window_are_in_ms():
    side = reported(stdp(20.0, 10.0, 0.05, -0.05, bounds=BOUNDS), dt_ms=0.5, weight_bits=16)[1].window.depression
    assert side.lags_ms[:3] == (0.5, 1.0, 1.5)
    assert side.area == pytest.approx(-0.05 * 0.5 / -math.expm1(-0.05), rel=0.01)


@pytest.mark.parametrize("weight_bits", [4, 8, 16])
@pytest.mark.parametrize("trace_bits", [6, 8, 12])
def test_balance_of_unequal_sides_is_kept(trace_bits, weight_bits):
    rule = stdp(16.8, 33.7, 0.1, -0.0525, bounds=BOUNDS)
    window = reported(rule, trace_bits=trace_bits, weight_bits=weight_bits)[1].window
    assert window.balance == pytest.approx(window.wanted_balance, rel=0.01)
    law = 0.525 / math.exp(1 / 16.8) * math.expm1(-1 / 16.8) / math.expm1(-1 / 33.7)
    assert window.wanted_balance == pytest.approx(law, rel=0.001)


def test_changes_too_small_for_the_chip_are_warned_about():
    report = reported(stdp(20.0, 20.0, 1e-6, -0.1, bounds=BOUNDS), weight_bits=4)[1]
    assert any("potentiation of 1e-06 vanishes" in line for line in report.warnings)
    assert report.window.potentiation.area == 0
    rounded = reported(stdp(20.0, 20.0, 0.015, -0.015, bounds=BOUNDS, stochastic=False))[1]
    assert rounded.window.potentiation.area_error < -0.5
    assert any("learning window: the area of potentiation is -" in line for line in rounded.warnings)
    assert any("use stochastic=True" in line for line in rounded.warnings)


def test_a_window_as_asked_for_brings_no_warning():
    for trace_bits in (6, 8, 12, 16):
        report = reported(stdp(20.0, 33.7, 0.02, -0.021, bounds=BOUNDS), trace_bits=trace_bits)[1]
        assert report.warnings == []


def test_report_tells_area_reach_balance_and_room():
    report = reported(stdp(20.0, 20.0, 0.05, -0.06, bounds=BOUNDS))[1]
    text = str(report)
    assert "window of potentiation: area 1.0" in text
    assert "reach 46 ms" in text
    assert "room for 4 spikes (assumed)" in text
    assert "pairing all, depression / potentiation 1.1" in text
    assert "a single pair varies" not in text
    assert "a single pair varies by" in str(reported(stdp(20.0, 20.0, 0.05, -0.06, bounds=BOUNDS), trace_bits=6)[1])
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))["window"]
    assert told["potentiation"]["area_error"] == pytest.approx(0, abs=0.01)
    assert len(told["depression"]["acting"]) == len(told["depression"]["lags_ms"])


def test_image_from_a_file_has_a_window_too(tmp_path):
    image, report = reported(stdp(20.0, 20.0, 0.05, -0.06, bounds=BOUNDS, post_rate_hz=100.0))
    image.save(tmp_path / "net.ncx")
    window = Report.of(ncx.Image.load(tmp_path / "net.ncx")).window
    assert window.potentiation.acting == report.window.potentiation.acting
    assert window.potentiation.wanted is None
    assert window.depression.why == "by rate"
    assert window.warnings == []
    assert Report.of(ncx.Image.load(tmp_path / "net.ncx")).plot_window().axes


def test_modulation_is_in_the_window():
    half = reported(reward_stdp(20.0, 20.0, 0.05, -0.05, modulation=-0.5, bounds=BOUNDS))[1].window
    assert half.modulation == -0.5
    assert half.potentiation.area == pytest.approx(-0.5 * 0.05 * 21.5, rel=0.02)
    silent = reported(reward_stdp(20.0, 20.0, 0.05, -0.05, bounds=BOUNDS))[1].window
    assert silent.modulation == 1


def test_traces_that_never_fade_have_no_area():
    report = reported(stdp(math.inf, 20.0, 0.05, -0.05, bounds=BOUNDS))[1]
    assert "window of potentiation: 0.05" in str(report)
    assert "at every lag" in str(report)
    json.dumps(report.to_dict(), allow_nan=False)


def test_network_that_does_not_learn_has_no_window():
    net = ncx.Network(inputs=1, neurons=1)
    net.neurons.set(threshold=1.0)
    report = quantise(net)[1]
    assert report.window is None
    with pytest.raises(InputError, match="nothing learns"):
        report.plot_window()


def test_window_is_drawn_into_axes_that_are_given():
    axes = ncx.plot.canvas.new_figure(4, 3).subplots()
    report = reported(stdp(20.0, 20.0, 0.05, -0.06, bounds=BOUNDS))[1]
    assert report.plot_window(axes) is axes.get_figure()
    wanted, acting = axes.lines[1], axes.lines[0]
    assert min(acting.get_xdata()) < 0 < max(axes.lines[2].get_xdata())
    assert np.asarray(wanted.get_ydata()) == pytest.approx(np.asarray(acting.get_ydata()), abs=0.002)


# Windows with tables -----------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [3, 10, 11, 16, 20])
def test_tables_of_a_window_add_up(steps):
    rng = np.random.default_rng(steps)
    kernels = rng.normal(0, 0.05, (2, steps))
    config = chip(learning=Learning.WINDOW, window_steps=steps, weight_bits=16)
    image, report = quantise(network(window_stdp(*kernels, bounds=BOUNDS)), config)
    unit = (1 << report.gain_input) / image.scale / 256
    for region, kernel in zip((Region.PRE_TABLE, Region.POST_TABLE), kernels, strict=True):
        table = image.regions[region].astype(int)
        assert len(table) == (1 << steps if steps <= 10 else 1024 + (1 << (steps - 10)))
        for pattern in rng.integers(0, 1 << steps, 200).tolist():
            entry = table[pattern & 1023] + (table[1024 + (pattern >> 10)] if steps > 10 else 0)
            bits = pattern >> np.arange(steps) & 1
            assert entry * unit == pytest.approx(bits @ kernel, abs=1.01 * unit)
    assert np.array(report.window.potentiation.acting) == pytest.approx(kernels[0], abs=unit)
    assert np.array(report.window.depression.acting) == pytest.approx(kernels[1], abs=unit)


def test_window_of_a_rectangle_reaches_its_last_lag():
    report = quantise(network(rectangular_stdp(15.0, 0.1, -0.2, window_post_ms=12.0, bounds=BOUNDS)))[1]
    assert (report.window.potentiation.reach_ms, report.window.depression.reach_ms) == (15.0, 12.0)
    assert report.window.potentiation.area == pytest.approx(1.6, rel=0.01)
    assert {each.name for each in report.learning} >= {"potentiation at lag 15", "depression at lag 12"}


def test_nearest_needs_one_table():
    rule = rectangular_stdp(11.0, 0.1, -0.2, bounds=BOUNDS, pairing="nearest")
    with pytest.raises(FitError, match="looks back over 12 steps and pairs with the nearest spike only"):
        quantise(network(rule))
    short = rectangular_stdp(9.0, 0.1, -0.2, bounds=BOUNDS, pairing="nearest")
    image, report = quantise(network(short), chip(learning=Learning.WINDOW, window_steps=14))
    table = image.regions[Region.PRE_TABLE]
    assert table[0b11] == table[0b01] == table[0b10]
    assert not table[1024:].any()
    assert report.window.pairing == "nearest"


# Pairing -----------------------------------------------------------------------------------------


def test_pairing_is_named():
    assert stdp(20.0, 20.0, 0.1, -0.1, pairing="nearest") == stdp(20.0, 20.0, 0.1, -0.1, nearest=True)
    assert window_stdp([1.0], [], pairing="nearest").pairing == "nearest"
    assert stdp(20.0, 20.0, 0.1, -0.1).pairing == "all"
    report = reported(stdp(20.0, 20.0, 0.05, -0.06, bounds=BOUNDS, nearest=True))[1]
    assert "pairing nearest" in str(report)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairing": "once"}, "a chip keeps one trace for each axon and one for each neuron, so it cannot"),
        ({"pairing": "some"}, "pairing must be 'all' or 'nearest', got 'some'"),
        ({"pairing": "all", "nearest": True}, "contradict each other"),
    ],
)
def test_pairing_that_cannot_be_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        stdp(20.0, 20.0, 0.1, -0.1, **options)
    with pytest.raises(InputError, match=message):
        rectangular_stdp(5.0, 0.1, -0.1, **options)


# Drift -------------------------------------------------------------------------------------------


def drifting(drift, weight=0.5, bits=8):
    config = chip(learning=Learning.WINDOW, weight_bits=bits)
    return quantise(network(superneuromat([0.5, 0.25], [drift, drift], bounds=BOUNDS), weight), config, scale=64.0)


def test_drift_that_vanishes_or_is_clipped_is_warned_about():
    assert any("drift in step 1 of -0.001 vanishes" in line for line in drifting(-0.001)[1].warnings)
    assert any("drift in step 2 is clipped from -6" in line for line in drifting(-3.0)[1].warnings)
    image, report = drifting(-0.25)
    assert not any("drift" in line for line in report.warnings)
    assert image.meta["schedule"] == [[1, 17, 256 - 16], [2, 17, 256 - 32]]
