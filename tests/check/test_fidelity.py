"""Floats against integers: the simulation, the comparison, scales of populations, the search."""

from __future__ import annotations

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.fidelity import matches, measure_fidelity
from neurocorex.check.floating import simulate_floats
from neurocorex.check.search import search_scale
from neurocorex.errors import InputError
from neurocorex.learning import stdp
from neurocorex.quantiser.populations import scales_of
from neurocorex.quantiser.quantise import quantise, quantised
from neurocorex.spec import CoreConfig, Region
from support.warned import warned


def whole_network(rng):
    """Network of every feature but decays, whose numbers are whole."""
    inputs, neurons = (int(rng.integers(1, 6)) for _ in range(2))
    net = ncx.Network(inputs=inputs, neurons=neurons)
    net.connect(net.inputs, net.neurons, rng.integers(-5, 20, (inputs, neurons)))
    net.connect(net.neurons, net.neurons, rng.integers(-9, 9, (neurons, neurons)), delay_ms=float(rng.integers(1, 5)))
    net.connect(net.neurons[0], net.neurons, 3, delay_ms=7.0)
    net.neurons.set(
        threshold=rng.integers(1, 30, neurons), reset=rng.integers(-3, 3, neurons), bias=rng.integers(-1, 3, neurons),
        leak=rng.integers(0, 3, neurons), decay=rng.integers(0, 2, neurons).astype(float),
        refractory_ms=rng.integers(0, 4, neurons).astype(float),
        refractory=rng.choice(["hold", "integrate"], neurons).tolist(),
        reset_mode=rng.choice(["value", "subtract"], neurons).tolist(),
    )  # fmt: skip
    if rng.random() < 0.5:
        net.adaptation(step=int(rng.integers(1, 4)))
    return net


@pytest.mark.parametrize("seed", range(20))
def test_floats_do_what_the_chip_does_where_nothing_is_rounded(seed):
    rng = np.random.default_rng([seed, 12])
    net = whole_network(rng)
    if seed % 2:
        net.neurons.set(group=np.arange(net.neuron_count) % 2)
        net.one_fires([0, 1])
    spikes, inject = rng.random((3, 40, net.input_count)) < 0.4, rng.integers(-5, 9, (3, 40, net.neuron_count))
    floats = simulate_floats(net, spikes, inject.astype(float))
    with ncx.open("emulator") as device:
        device.load(quantised(net)[0])
        result = device.run(spikes=spikes, inject=inject, record=["spikes", "v"])
    assert floats.spikes.any()
    assert np.array_equal(result.spikes, floats.spikes)
    assert np.array_equal(result.v, floats.v)


def test_decays_and_currents_follow_their_time_constants():
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 1.0)
    net.neurons.set(threshold=9.0, tau_ms=10.0, tau_syn_ms=5.0)
    spikes = np.zeros((1, 30, 1), bool)
    spikes[0, 0] = True
    i, v = np.exp(-0.2 * np.arange(30)), np.zeros(30)
    for step in range(30):
        v[step] = v[step - 1] * np.exp(-0.1) + i[step]
    assert simulate_floats(net, spikes, np.zeros((1, 30, 1))).v[0, :, 0] == pytest.approx(v)


# Comparison ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "within", "matched"),
    [
        ([3, 9], [3, 9], 0, 2),
        ([3, 9], [4, 9], 0, 1),
        ([3, 9], [4, 9], 1, 2),
        ([3, 4], [4], 1, 1),
        ([3, 4], [2, 3], 1, 2),
        ([5], [1], 3, 0),
        ([], [1], 3, 0),
    ],
)
def test_no_spike_is_matched_twice(one, other, within, matched):
    rasters = np.zeros((2, 1, 12, 1), bool)
    for raster, times in zip(rasters, (one, other), strict=True):
        raster[0, times] = True
    assert matches(*rasters, within).tolist() == [matched]
    assert matches(*rasters[::-1], within).tolist() == [matched]


def test_spikes_of_different_samples_are_no_match():
    rasters = np.zeros((2, 2, 5, 1), bool)
    rasters[0, 0, 4] = rasters[1, 1, 0] = True
    assert matches(*rasters, 4).tolist() == [0]


def driven(seed=1, scale=1.0):
    rng = np.random.default_rng(seed)
    net = ncx.Network(inputs=20, neurons=8)
    net.connect(net.inputs, net.neurons, scale * rng.normal(0.2, 0.3, (20, 8)))
    net.connect(net.neurons, net.neurons, scale * rng.normal(0.0, 0.2, (8, 8)))
    net.neurons.set(threshold=scale, tau_ms=20.0, refractory_ms=2.0)
    return net, rng.random((4, 100, 20)) < 0.1


def test_report_compares_on_a_stimulus():
    net, spikes = driven()
    fidelity = measure_fidelity(quantise(net)[1], spikes)
    floats, chip = fidelity.rates
    assert 0.97 < fidelity.match < 1
    assert fidelity.steps == 400
    assert fidelity.rate_error == np.abs(floats - chip).max() > 0
    sample, step, neuron = fidelity.first_difference
    assert 0 <= sample < 4
    assert 0 <= step < 100
    assert 0 <= neuron < 8
    assert f"{fidelity.match:.2%} of spikes matched within 1 steps" in str(fidelity)
    assert fidelity.to_dict()["first_difference"] == [sample, step, neuron]


def test_a_network_is_quantised_for_the_device():
    net, spikes = driven()
    config = CoreConfig(inputs=24, neurons=9, weight_bits=4)
    with ncx.open("emulator", config=config) as device:
        fidelity = warned(measure_fidelity, net, spikes, device=device)
    assert fidelity.to_dict() == measure_fidelity(quantise(net, config)[1], spikes).to_dict()
    assert measure_fidelity(net, spikes).match > fidelity.match


def test_something_else_is_refused():
    with pytest.raises(InputError, match="expected a Report or a Network, got Image"):
        measure_fidelity(quantise(driven()[0])[0], np.zeros((5, 20)))


def test_wider_weights_match_better():
    net, spikes = driven()
    narrow, wide = (
        measure_fidelity(quantised(net, CoreConfig(inputs=20, neurons=8, weight_bits=bits, state_bits=24))[1], spikes)
        for bits in (4, 16)
    )
    assert wide.match > 0.999 > narrow.match


def test_what_is_whole_matches_exactly():
    net = whole_network(np.random.default_rng(1))
    fidelity = measure_fidelity(
        quantise(net)[1], inject=np.random.default_rng(0).integers(0, 9, (50, net.neuron_count))
    )
    assert (fidelity.match, fidelity.first_difference, fidelity.rate_error) == (1.0, None, 0.0)
    assert fidelity.lines[1:] == ["rates are equal", "no spike differs"]


def test_saturation_is_counted():
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 1.0)
    net.neurons.set(threshold=1e9)
    report = warned(quantise, net, scale=5e-4)[1]
    assert measure_fidelity(report, inject=[[9e8]] * 4).saturations > 0


def test_weights_stay_during_a_comparison():
    net, spikes = driven()
    net.learn(stdp(20.0, 20.0, 0.1, -0.1, bounds=(-1.0, 1.0)), between=(net.inputs, net.neurons))
    with ncx.open("emulator") as device:
        report = device.load(net)
        before = device.weights()
        assert measure_fidelity(report, spikes[0], device=device).match > 0.9
        assert np.array_equal(device.weights(), before)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "nothing to run"),
        ({"spikes": np.zeros((5, 3))}, r"spikes must be finite, \[steps, 20\]"),
        ({"inject": np.full((5, 8), np.nan)}, "inject must be finite"),
        ({"spikes": np.zeros((5, 20)), "inject": np.zeros((6, 8))}, "must agree"),
        ({"spikes": np.zeros((5, 20)), "within": -1}, "within must be"),
    ],
    ids=["nothing", "width", "nan", "steps", "within"],
)
def test_wrong_stimuli_are_refused(arguments, said):
    report = quantise(driven()[0])[1]
    with pytest.raises(InputError, match=said):
        measure_fidelity(report, **arguments)


def test_images_without_floats_cannot_be_compared():
    with pytest.raises(InputError, match="nothing is known of the floats"):
        measure_fidelity(ncx.Report.of(quantise(driven()[0])[0]), np.zeros((5, 20)))


# Populations -----------------------------------------------------------------------------------------


def layers(factor=1000.0):
    """Two layers, the second with numbers `factor` times as large."""
    rng = np.random.default_rng(5)
    net = ncx.Network(inputs=20, neurons=16)
    first, second = net.neurons[:8], net.neurons[8:]
    net.connect(net.inputs, first, rng.normal(0.2, 0.3, (20, 8)))
    net.connect(net.inputs, second, factor * rng.normal(0.1, 0.2, (20, 8)))
    net.connect(first, second, factor * rng.normal(0.2, 0.3, (8, 8)))
    net.neurons.set(tau_ms=20.0)
    first.set(threshold=1.0)
    second.set(threshold=factor)
    return net, [first, second], rng.random((3, 100, 20)) < 0.15


def test_populations_of_different_size_keep_their_weights():
    net, populations, spikes = layers()
    alone, together = warned(quantise, net)[1], quantise(net, populations=populations)[1]
    assert measure_fidelity(alone, spikes).match < 0.8
    assert measure_fidelity(together, spikes).match > 0.97
    assert [len(each.neurons) for each in together.populations] == [8, 8]
    assert together.populations[0].scale / together.populations[1].scale == pytest.approx(1000, rel=0.5)
    assert "scale" in str(together.populations[1])
    assert str(together.populations[1]) in together.lines


def test_scales_leave_room_and_clip_nothing():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        net = ncx.Network(inputs=6, neurons=9)
        size = 10.0 ** rng.integers(-3, 4, 3)
        groups = [net.neurons[k : k + 3] for k in (0, 3, 6)]
        for factor, group in zip(size, groups, strict=True):
            net.connect(net.inputs, group, factor * rng.normal(0.2, 1, (6, 3)))
            net.connect(net.neurons, group, factor * rng.normal(0, 0.1, (9, 3)))
            group.set(threshold=factor * rng.uniform(0.5, 2, 3))
        report = quantise(net, populations=groups)[1]
        assert report.headroom <= 1
        assert not report.can_saturate
        assert not any(loss.clipped for loss in report.weights.values())
        assert min(each.threshold_units for each in report.populations) > 50


def test_thresholds_of_few_units_and_states_without_room_are_named():
    net, populations, _ = layers(factor=30_000.0)
    warnings = warned(quantise, net)[1].warnings
    assert any(line.startswith("thresholds of 8 neurons (0, 1, 2,") for line in warnings)
    assert not any("thresholds" in line for line in quantise(net, populations=populations)[1].warnings)
    report = warned(quantise, net, scale=17.0)[1]
    assert set(report.can_saturate) <= set(range(8, 16))
    assert any("can saturate" in line for line in report.warnings)


def test_neurons_that_every_spike_saturates_are_named():
    net = ncx.Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, [[1.0, 0.001, 0.0], [-2.0, 1.0, 0.0]])
    net.neurons.set(threshold=0.001)
    report = warned(quantise, net, CoreConfig(inputs=2, neurons=3, weight_bits=16, state_bits=16), scale=40_000.0)[1]
    assert report.always_saturates == [0]
    assert "every spike saturates neuron 0: lower the scale or take more state bits" in report.warnings
    assert not warned(quantise, net)[1].always_saturates


def test_one_population_is_as_none():
    net, _ = driven()
    assert quantise(net, populations=[net.neurons])[0] == quantise(net)[0]


def test_neurons_in_no_population_are_one():
    net, populations, _ = layers()
    image, _ = quantise(net, populations=populations[:1])
    assert len(np.unique(scales_of(image))) == 2
    assert ncx.Image.from_bytes(image.to_bytes()) == image


def test_scales_of_each_neuron_can_be_given():
    net, _ = driven()
    scales = np.arange(1, 9) * 100.0
    image, _ = quantise(net, CoreConfig(inputs=20, neurons=8, weight_bits=16), scale=scales)
    assert image.regions[Region.THRESHOLD].tolist() == scales.tolist()
    assert scales_of(image).tolist() == scales.tolist()


def test_what_learns_or_adapts_shares_a_scale():
    net, populations, _ = layers(factor=2.0)
    net.learn(stdp(20.0, 20.0, 0.1, -0.1, bounds=(-1.0, 1.0)), between=(net.inputs, net.neurons))
    image, report = warned(quantise, net, populations=populations)
    assert len(np.unique(scales_of(image))) == 1
    assert "2 populations share a scale, because they learn by one rule" in report.warnings
    net.learn(None)
    net.adaptation(step=0.1)
    assert "share the adaptation step" in " ".join(warned(quantise, net, populations=populations)[1].warnings)
    with pytest.raises(InputError, match="share a scale"):
        quantise(net, scale=np.arange(1, 17))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (lambda net: {"populations": [net.inputs]}, "populations are parts of this network"),
        (lambda net: {"populations": [net.neurons[:3], net.neurons[2:]]}, "neuron 2 is in two populations"),
        (lambda net: {"scale": [1.0, 2.0]}, "one for each neuron"),
        (lambda net: {"scale": np.arange(16)}, "scale must be above 0, got 0"),
    ],
    ids=["inputs", "twice", "length", "zero"],
)
def test_wrong_populations_are_refused(options, said):
    net, _, _ = layers()
    with pytest.raises(InputError, match=said):
        quantise(net, **options(net))


# Search ----------------------------------------------------------------------------------------------


def test_search_is_never_worse_than_the_choice():
    net, spikes = driven()
    config = CoreConfig(inputs=20, neurons=8, weight_bits=8, state_bits=16)
    found = search_scale(net, config, spikes)
    assert found.fidelity.match > found.attempts[0].fidelity.match
    assert found.fidelity.match == max(attempt.fidelity.match for attempt in found.attempts)
    assert np.array_equal(found.attempts[0].scales, scales_of(quantise(net, config)[0]))
    assert measure_fidelity(found.report, spikes).match == found.fidelity.match


def test_search_tries_populations_apart():
    net, populations, spikes = layers()
    found = search_scale(net, spikes=spikes[0, :60], populations=populations)
    assert found.fidelity.match >= found.attempts[0].fidelity.match
    assert any(attempt.scales[0] / attempt.scales[8] != found.attempts[0].scales[0] / found.attempts[0].scales[8]
               for attempt in found.attempts)  # fmt: skip


def test_search_stops_where_all_is_matched():
    net = whole_network(np.random.default_rng(1))
    spikes = np.random.default_rng(2).random((30, net.input_count)) < 0.5
    found = search_scale(net, spikes=spikes)
    assert len(found.attempts) == 1
    assert found.image.scale == 1


def test_injected_currents_get_room():
    net = ncx.Network(inputs=1, neurons=2)
    net.connect(net.inputs, net.neurons, 0.5)
    net.neurons.set(threshold=1.0, decay=0.5)
    inject = np.random.default_rng(2).normal(0, 300, (40, 2))
    fidelity = measure_fidelity(net, inject=inject)
    assert fidelity.saturations == 0
    assert fidelity.match == 1
