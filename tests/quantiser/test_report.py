"""Report of the quantiser: losses by neuron with their remedy, no false warnings, injected currents, room to learn."""

from __future__ import annotations

import json
import math

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.check.floating import simulate_floats
from neurocorex.errors import InputError
from neurocorex.image import Image
from neurocorex.learning import superneuromat, window_stdp
from neurocorex.quantiser.quantise import Report, smallest_config
from neurocorex.quantiser.quantise import quantised as quantise
from neurocorex.spec import CoreConfig, Learning, Region


def outlier_network():
    """One neuron with a weight a thousand times as large as those of the others."""
    rng = np.random.default_rng(0)
    net = ncx.Network(inputs=30, neurons=20)
    weights = rng.normal(0.12, 0.08, (30, 20))
    weights[0, 0] = -64
    net.connect(net.inputs, net.neurons, weights)
    net.neurons.set(threshold=1.0, decay=0.1)
    spikes = rng.random((200, 30)) < 0.2
    spikes[:, 0] = False
    return net, spikes


# Losses --------------------------------------------------------------------------------------------


def test_neurons_that_an_outlier_silences_are_named_with_the_remedy():
    net, spikes = outlier_network()
    report = quantise(net)[1]
    silent = [line for line in report.warnings if line.startswith("all weights onto 3 neurons (5, 12, 18) became 0")]
    coarse = [line for line in report.warnings if line.startswith("weights onto 16 neurons (1, 2, 3,")]
    assert len(silent) == len(coarse) == 1
    assert "became 0, so that rates change" in coarse[0]
    assert all("a scale of their own" in line and "16-bit weights" in line for line in silent + coarse)
    assert report.weights["input"].vanished > 500
    assert report.weights["input"].worst == 1
    assert ncx.measure_fidelity(report, spikes).match < 0.4


@pytest.mark.parametrize("remedy", ["population", "width"])
def test_the_remedies_keep_the_spikes(remedy):
    net, spikes = outlier_network()
    if remedy == "population":
        report = quantise(net, populations=[net.neurons[0], net.neurons[1:]])[1]
    else:
        report = quantise(net, CoreConfig(inputs=30, neurons=20, weight_bits=16, state_bits=24))[1]
    assert not [line for line in report.warnings if line.startswith("weights onto")]
    assert ncx.measure_fidelity(report, spikes).match > 0.9


def test_a_neuron_whose_weights_all_vanish_is_named():
    net = ncx.Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, [[1.0, 0.001, 0.0], [0.7, 0.002, 0.9]])
    net.neurons[1].set(threshold=0.0001)
    report = quantise(net)[1]
    assert [line for line in report.warnings if line.startswith("all weights onto neuron 1 became 0")]
    assert report.weights["input"].worst_at in [(0, 1), (1, 1)]


def test_no_remedy_is_named_that_does_not_help():
    net = ncx.Network(inputs=40, neurons=1)  # large and small weights onto one neuron: no scale fits both
    net.connect(net.inputs, net.neurons, [[500.0], *[[1.0]] * 39])
    net.neurons.set(threshold=10.0)
    report = quantise(net, CoreConfig(inputs=40, neurons=1, weight_bits=4))[1]
    text = "\n".join(report.warnings)
    assert "scale of their own" not in text
    wide = quantise(net, CoreConfig(inputs=40, neurons=1, weight_bits=16, state_bits=24))[1]
    assert "weights onto" not in "\n".join(wide.warnings)


def test_small_weights_among_large_ones_do_not_matter():
    rng = np.random.default_rng(3)
    net = ncx.Network(inputs=60, neurons=5)
    net.connect(net.inputs, net.neurons, rng.normal(0, 1, (60, 5)))  # some round to 0, and none is missed
    net.neurons.set(threshold=3.0)
    report = quantise(net)[1]
    assert report.weights["input"].vanished > 0
    assert report.warnings == []


def test_worst_weight_is_relative_and_located():
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, [[100.0, 0.0], [1.4, -70.0]])
    loss = quantise(net, scale=1)[1].weights["input"]
    assert loss.worst == pytest.approx(0.4 / 1.4)
    assert loss.worst_at == (1, 0)
    assert "the worst weight by 29 %" in str(loss)


def test_a_loss_of_everything_is_a_hundred_percent():
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, [[100.0, 0.0], [0.3, -70.0]])
    assert "the worst weight by 100 %, 1 became 0" in str(quantise(net, scale=1)[1])


# False warnings ------------------------------------------------------------------------------------


def small_network():
    net = ncx.Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, [[3, 4, 5], [6, 7, 8]])
    net.connect(net.neurons[0], net.neurons[2], -2)
    net.neurons.set(threshold=[2, 5, 6])
    return net


LARGE = CoreConfig(inputs=40, neurons=70)


@pytest.mark.parametrize("way", ["quantised for it", "fitted", "from a file", "on a device"])
def test_neurons_that_the_network_does_not_use_are_no_mistake(way, tmp_path):
    net = small_network()
    image, report = quantise(net, LARGE if way == "quantised for it" else None)
    if way == "fitted":
        report = Report.of(image.fit(LARGE))
    elif way == "from a file":
        image.fit(LARGE).save(tmp_path / "net.npz")
        report = Report.of(Image.load(tmp_path / "net.npz"))
    elif way == "on a device":
        with ncx.open("emulator", config=LARGE) as device:
            report = device.load(net)
    assert report.never_fire == []
    assert report.undriven == []
    assert report.warnings == []
    assert [each.threshold_units for each in report.populations] == [2]


def test_neurons_in_use_are_still_named_on_a_larger_chip():
    net = small_network()
    net.neurons[1].set(threshold=5000, decay=0.5)
    for report in (quantise(net, LARGE)[1], Report.of(quantise(net)[0].fit(LARGE))):
        assert report.never_fire == [1]
        assert report.warnings[0].startswith("neuron 1 can never fire")


def readout_network(whole):
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, np.arange(1, 13).reshape(3, 4) * (1 if whole else 0.1))
    net.neurons[:3].set(threshold=8 if whole else 0.8)
    net.neurons[3].set(threshold=math.inf)
    return net


@pytest.mark.filterwarnings("ignore:states of neurons reached the end")  # the readout adds up, and nothing leaks
@pytest.mark.parametrize("whole", [True, False], ids=["integers", "floats"])
def test_a_readout_never_fires_and_is_no_mistake(whole):
    net = readout_network(whole)
    image, report = quantise(net)
    assert report.warnings == []
    assert report.never_fire == []
    assert report.headroom < 1
    assert report.exact == whole
    assert image.scale == 1 or not whole
    spikes = np.random.default_rng(1).random((50, 3)) < 0.5
    with ncx.open("emulator") as device:
        device.load(net)
        result = device.run(spikes=spikes, record=["spikes", "v"])
    floats = simulate_floats(net, spikes)
    assert not result.spikes[:, 3].any()
    assert result.spikes[:, :3].any()
    if whole:
        assert np.array_equal(result.v, floats.v[0])


def test_a_readout_stays_out_of_reach_on_another_chip():
    image = quantise(readout_network(whole=True))[0]
    wide = image.fit(CoreConfig(inputs=8, neurons=8, state_bits=24))
    assert wide.regions[Region.THRESHOLD].tolist() == [8, 8, 8, (1 << 23) - 1, 0, 0, 0, 0]
    assert Report.of(wide).warnings == []


def test_populations_take_readouts():
    net = readout_network(whole=False)
    report = quantise(net, populations=[net.neurons[:2], net.neurons[2:]])[1]
    assert not any(math.isnan(each.scale) for each in report.populations)
    assert report.warnings == []


@pytest.mark.parametrize("threshold", [-math.inf, math.nan])
def test_only_a_positive_infinity_is_a_threshold(threshold):
    with pytest.raises(InputError, match="threshold must be a finite number"):
        small_network().neurons.set(threshold=threshold)


# Injected currents ---------------------------------------------------------------------------------


def injected_network():
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.neurons[0], net.neurons[1], 0.5)
    net.connect(net.inputs, net.neurons[2], 0.1)
    net.neurons.set(threshold=1.0, decay=0.5)
    return net


def test_neurons_that_nothing_drives_are_a_line_and_no_warning():
    report = quantise(injected_network())[1]
    assert report.never_fire == [0, 1, 2]
    assert report.undriven == [0, 1]
    assert "2 neurons (0, 1): excited by nothing but injected currents" in report.lines
    assert [line[:24] for line in report.warnings] == ["neuron 2 can never fire:"]


def test_stated_currents_can_fire_and_have_room():
    net = injected_network()
    report = quantise(net, inject_max=[2.0, 0.6, 1.0])[1]
    assert report.never_fire == []
    assert report.warnings == []
    plain, roomy = quantise(net)[0], quantise(net, inject_max=50.0)[0]
    assert roomy.scale * 50 < roomy.config.state_range[1]
    assert plain.scale * 50 > plain.config.state_range[1]
    with ncx.open("emulator") as device:
        device.load(roomy)
        result = device.run(inject=np.full((5, 3), 50.0))
    assert not result.counters["saturations"]


def test_integers_get_states_that_hold_what_is_injected():
    net = small_network()
    assert smallest_config(net).state_bits == 20
    assert smallest_config(net, inject_max=1 << 21).state_bits == 23
    image, report = quantise(net, inject_max=1 << 21)
    assert image.scale == 1
    assert report.exact


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf, [1.0, 2.0], "much"])
def test_wrong_currents_are_refused(wrong):
    with pytest.raises(InputError, match="inject_max"):
        quantise(small_network(), inject_max=wrong)


# Learning near the end of the range ----------------------------------------------------------------


def strong_taps(weight, gain, *, bits, bounds=None):
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, weight, plastic=True)
    net.neurons.set(threshold=weight - 1)
    net.learn(window_stdp([gain], [0], stochastic=False, bounds=bounds))
    config = CoreConfig(inputs=1, neurons=1, weight_bits=bits, state_bits=24, learning=Learning.WINDOW, window_steps=1)
    return net, quantise(net, config)


@pytest.mark.parametrize(
    ("weight", "gain", "bits"), [(30_001, 2800, 16), (32_767, 1, 16), (101, 27, 8), (-32_767, -9, 16)]
)
def test_whole_weights_are_not_rounded_for_the_sake_of_room(weight, gain, bits):
    _, (image, report) = strong_taps(weight, gain, bits=bits)
    assert image.weights[0, 0] == weight
    assert report.exact
    warned = [line for line in report.warnings if "weights that learn can grow" in line]
    assert len(warned) == (gain > 0)
    with ncx.open("emulator", config=image.config) as device:
        device.load(image)
        assert device.run(spikes=np.ones((1, 1), bool)).spikes[0, 0]


def test_room_is_kept_where_it_costs_nothing():
    _, (image, report) = strong_taps(30_000, 2800, bits=16)
    assert report.gain_input == 1
    assert image.weights[0, 0] == 15_000
    assert report.exact
    assert report.warnings == []


def test_a_chip_that_is_chosen_has_room_to_learn():
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 101, plastic=True)
    net.learn(superneuromat([60], [0]))
    assert smallest_config(net).weight_bits == 16
    report = quantise(net)[1]
    assert report.exact
    assert report.gain_input == 0


# Text and JSON -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [small_network, injected_network, lambda: outlier_network()[0],
                                  lambda: readout_network(whole=False)])  # fmt: skip
def test_reports_are_json_and_short(make):
    report = quantise(make())[1]
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["exact"] == report.exact
    assert set(values["differences"]) == set(report.differences)
    assert len(report.lines) < 12
    assert max(map(len, report.lines)) < 320


def test_a_report_without_its_network_claims_nothing():
    report = Report.of(quantise(small_network())[0])
    assert not report.exact
    assert report.weights == report.parameters == report.differences == {}
    assert "rounded" not in str(report)
