"""Quantiser: exact integers, the choice of a scale, what is lost, what can never fire."""

import copy
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.errors import FitError, InputError
from neurocorex.image import Image
from neurocorex.learning import stdp
from neurocorex.network.network import Network
from neurocorex.quantiser import activity
from neurocorex.quantiser.quantise import Report, quantise, smallest_config
from neurocorex.spec import Control, CoreConfig, Flag, Region
from neurocorex.spec.fixed import saturate, shrink, toward
from support.warned import warned


def integer_network():
    net = Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, np.arange(-6, 6).reshape(3, 4) * 21)
    net.connect(net.neurons[0], net.neurons[1:], -128)
    net.neurons.set(threshold=[5, 6, 7, 80000], reset=-3, bias=2, leak=1, tau_ms=8.0)
    return net


def float_network(seed=1, inputs=20, neurons=12):
    rng = np.random.default_rng(seed)
    net = Network(inputs=inputs, neurons=neurons)
    net.connect(net.inputs, net.neurons, rng.normal(0, 0.3, (inputs, neurons)))
    net.connect(net.neurons, net.neurons, rng.normal(0, 0.02, (neurons, neurons)))
    net.neurons.set(threshold=rng.uniform(0.5, 2, neurons), reset=-0.25, bias=0.01, leak=0.001, tau_ms=20.0)
    return net


def restored_weights(image):
    """Weights of an image in the units of its network."""
    control = image.regions[Region.CONTROL].astype(int)
    gains = np.full((image.config.axons, 1), 1 << control[Control.GAIN_RECURRENT])
    gains[: image.config.inputs] = 1 << control[Control.GAIN_INPUT]
    return image.weights * gains / image.scale


# Integers ------------------------------------------------------------------------------------------


def test_integers_stay_as_they_are():
    net = integer_network()
    image, report = warned(quantise, net)
    assert image.scale == 1
    assert np.array_equal(image.weights, net.weights)
    assert image.regions[Region.THRESHOLD].tolist() == [5, 6, 7, 80000]
    assert image.regions[Region.RESET].tolist() == [-3] * 4
    assert image.regions[Region.BIAS].tolist() == [2] * 4
    assert image.regions[Region.LEAK].tolist() == [1] * 4
    assert not image.regions[Region.CONTROL].any()
    assert report.weights["input"].max_error == 0


def test_network_without_rounding_is_exact():
    net = Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, [[10, 0], [0, 10]])
    net.neurons.set(threshold=15, decay=0.25)
    _, report = quantise(net)
    assert report.exact
    assert "nothing was rounded" in str(report)
    assert report.warnings == []


def test_larger_chip_is_padded_with_silence():
    net = integer_network()
    image, _ = warned(quantise, net, CoreConfig(neurons=6, inputs=5))
    assert np.array_equal(image.weights[:3, :4], net.weights[:3])
    assert np.array_equal(image.weights[5:9, :4], net.weights[3:])
    assert np.count_nonzero(image.weights) == np.count_nonzero(net.weights)
    assert image.regions[Region.THRESHOLD].tolist() == [5, 6, 7, 80000, 0, 0]


def test_wide_integers_get_a_wide_chip():
    net = Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 300)
    net.neurons.set(threshold=1_000_000)
    config = smallest_config(net)
    assert (config.weight_bits, config.state_bits) == (16, 21)
    assert quantise(net)[0].weights[0, 0] == 300


def test_wide_integers_use_the_gain_of_a_narrow_chip():
    net = Network(inputs=1, neurons=2)
    net.connect(net.inputs, net.neurons, [[300, -512]])
    image, report = quantise(net, CoreConfig(neurons=2, inputs=1))
    assert image.scale == 1
    assert image.weights[0].tolist() == [75, -128]
    assert image.regions[Region.CONTROL][Control.GAIN_INPUT] == 2
    assert report.exact
    assert report.warnings == []
    net.connect(net.inputs, net.neurons[0], 1)
    report = warned(quantise, net, CoreConfig(neurons=2, inputs=1))[1]
    assert not report.exact
    assert "lose up to 2 low bits" in report.warnings[0]


def test_integers_beyond_every_gain_are_scaled():
    net = Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 100_000)
    net.neurons.set(threshold=5)
    image, report = warned(quantise, net, CoreConfig(neurons=1, inputs=1))
    assert image.scale < 1
    assert "do not fit into 8-bit weights" in report.warnings[0]


# Floats --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_floats_are_close_after_rounding(bits):
    net = float_network()
    config = CoreConfig(neurons=12, inputs=20, weight_bits=bits)
    image, report = warned(quantise, net, config) if bits == 4 else quantise(net, config)
    for kind, rows in (("input", slice(0, 20)), ("recurrent", slice(20, None))):
        error = np.abs(restored_weights(image) - net.weights)[rows]
        assert error.max() == pytest.approx(report.weights[kind].max_error)
        finest = max(np.abs(net.weights[rows]).max() / config.weight_range[1], 0.5 / image.scale)
        assert error.max() <= finest * 1.001
    assert not report.weights["input"].clipped
    threshold = image.regions[Region.THRESHOLD] / image.scale
    assert np.abs(threshold - net.parameters["threshold"]).max() <= 0.5 / image.scale


def test_kinds_of_weights_have_gains_of_their_own():
    image, report = quantise(float_network())
    assert report.gain_input > report.gain_recurrent
    assert np.abs(image.weights[:20]).max() > 63
    assert np.abs(image.weights[20:]).max() > 63


def test_weights_on_a_grid_are_not_rounded():
    net = Network(inputs=4, neurons=3)
    net.connect(net.inputs, net.neurons, np.arange(-50, 46, 8).reshape(4, 3) / 64)
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    _, report = quantise(net)
    assert report.weights["input"].max_error == 0


def test_all_axons_at_once_do_not_saturate():
    for seed in range(5):
        image, report = quantise(float_network(seed, inputs=200))
        assert 0.25 < report.headroom <= 1
        assert image.scale == report.scale


def test_given_scale_is_used_and_clips():
    net = float_network()
    image, report = warned(quantise, net, scale=100_000.0)
    assert image.scale == 100_000
    assert report.weights["input"].clipped > 0
    row, neuron = report.weights["input"].clipped_at[0]
    assert abs(image.weights[row, neuron]) >= 127
    assert any("were clipped" in warning for warning in report.warnings)


def test_given_scale_takes_float_integers_as_they_stand():
    net = Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 7.0)
    net.neurons.set(threshold=20.0)
    image, report = quantise(net, scale=1)
    assert image.weights[0, 0] == 7
    assert report.exact


def test_network_of_zeros_has_scale_one():
    net = Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 0.0)
    net.neurons.set(threshold=0.0)
    assert quantise(net)[0].scale == 1


def test_equal_networks_give_equal_images():
    assert quantise(float_network())[0] == quantise(float_network())[0]


# Other parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decay", "units"),
    [(0.0, 0), (1 / 16, 4096), (0.5, 32768), (1 - 1 / 65536, 65535), (1.0, 65535), (1e-9, 0)],
)
def test_decay_becomes_a_16_bit_fraction(decay, units):
    net = Network(inputs=1, neurons=2)
    net.neurons.set(decay=decay, decay_syn=decay)
    image, report = warned(quantise, net) if decay == 1e-9 else quantise(net)
    assert image.regions[Region.DECAY].tolist() == [units] * 2
    assert image.regions[Region.CURRENT_DECAY].tolist() == [units] * 2
    assert any("below 1/65536" in warning for warning in report.warnings) == (decay == 1e-9)


def test_time_constant_is_the_one_of_an_exponential():
    net = Network(inputs=1, neurons=1, dt_ms=0.5)
    net.neurons.set(tau_ms=10.0)
    assert quantise(net)[0].regions[Region.DECAY][0] == round((1 - np.exp(-0.05)) * 65536)


def test_times_become_steps():
    net = Network(inputs=1, neurons=3, dt_ms=0.1)
    net.neurons.set(refractory_ms=[0.0, 0.3, 1.04], delay_ms=[0.01, 0.3, 1.2])
    image, report = quantise(net)
    assert image.regions[Region.REFRACTORY].tolist() == [0, 3, 10]
    assert image.regions[Region.DELAY].tolist() == [1, 3, 12]
    assert report.parameters["refractory_ms"] == pytest.approx(0.04)
    assert report.parameters["delay_ms"] == pytest.approx(0.09)


def test_neuron_that_drives_nothing_has_a_silent_axon():
    net = Network(inputs=1, neurons=4)
    net.connect(net.neurons[0], net.neurons[1], 5)
    net.neurons[3].set(delay_ms=2)
    assert quantise(net)[0].regions[Region.DELAY].tolist() == [1, 0, 0, 2]


def test_choices_become_flags():
    net = Network(inputs=1, neurons=2)
    net.neurons[0].set(refractory="hold")
    net.neurons[1].set(reset_mode="subtract")
    assert quantise(net)[0].regions[Region.FLAGS].tolist() == [Flag.REFRACTORY_HOLD, Flag.RESET_SUBTRACT]


def test_adaptation_is_scaled_with_the_threshold():
    net = float_network()
    net.adaptation(step=0.5, tau_ms=50.0)
    image, _ = quantise(net)
    control = image.regions[Region.CONTROL]
    assert control[Control.ADAPTATION_STEP] == round(0.5 * image.scale)
    assert control[Control.ADAPTATION_DECAY] == round((1 - np.exp(-1 / 50)) * 65536)


# What does not fit ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        pytest.param({"inputs": 2}, r"inputs 3 \(the chip has 2\)", id="inputs"),
        pytest.param({"neurons": 3}, r"neurons 4 \(the chip has 3\)", id="neurons"),
        pytest.param({"max_delay": 8}, r"max_delay 9 \(the chip has 8\)", id="delay"),
        pytest.param({"refractory_bits": 3}, r"refractory_bits 4 \(the chip has 3\)", id="refractory"),
        pytest.param({"adaptation": False}, r"adaptation 1 \(the chip has 0\)", id="adaptation"),
        pytest.param({"inputs": 1, "neurons": 1}, r"inputs 3 .*, neurons 4 ", id="several"),
    ],
)
def test_chip_that_is_too_small_is_refused_with_the_limit(geometry, message):
    net = Network(inputs=3, neurons=4)
    net.neurons.set(delay_ms=9, refractory_ms=8)
    net.adaptation(step=1)
    with pytest.raises(FitError, match=message):
        quantise(net, CoreConfig(**({"inputs": 3, "neurons": 4} | geometry)))


def test_delay_beyond_every_chip_is_refused():
    net = Network(inputs=1, neurons=1)
    net.neurons.set(delay_ms=33)
    with pytest.raises(FitError, match="max_delay 33, at most 32"):
        quantise(net)


def test_threshold_beyond_the_state_is_refused():
    with pytest.raises(FitError, match=r"threshold .* holds -524288 to 524287 \(state_bits 20\)"):
        quantise(float_network(), scale=1e6)


@pytest.mark.parametrize("scale", [0, -2.0, float("nan"), float("inf")])
def test_bad_scale_is_refused(scale):
    with pytest.raises(InputError, match="scale must be above 0"):
        quantise(float_network(), scale=scale)


# Activity ------------------------------------------------------------------------------------------


def climb(drive, decay, leak, bits):
    """Run the equation of the membrane until it stands still; the highest value on the way."""
    top, v = -(1 << bits), 0
    for _ in range(1 << 13):
        new = saturate(toward(shrink(v, decay), leak) + drive, bits)
        top = max(top, new)
        if new == v:
            break
        v = new
    return top


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    drive=st.integers(-50, 300), decay=st.one_of(st.integers(0, 65535), st.integers(200, 3000)), leak=st.integers(0, 60)
)
def test_highest_membrane_is_what_the_equation_reaches(drive, decay, leak):
    bits = 10
    given_, wanted = (np.array([value]) for value in (drive, climb(drive, decay, leak, bits)))
    reached = activity.highest(given_, np.array([decay]), np.array([leak]), (1 << (bits - 1)) - 1)
    assert reached == (wanted if drive > 0 else max(wanted, drive))


def test_neuron_under_a_leak_that_is_too_strong_never_fires():
    net = Network(inputs=2, neurons=3)
    net.connect(net.inputs, net.neurons, 4)
    net.neurons.set(threshold=[15, 16, 17], decay=0.5)  # 8 a step climbs to 15
    _, report = warned(quantise, net)
    assert report.never_fire == [0, 1, 2]
    net.neurons.set(threshold=[14, 15, 8])
    assert warned(quantise, net)[1].never_fire == [1]


def test_what_hangs_on_silent_neurons_is_silent():
    net = Network(inputs=1, neurons=4)
    net.connect(net.inputs, net.neurons[0], 5)
    for j in range(3):
        net.connect(net.neurons[j], net.neurons[j + 1], 50)
    net.neurons.set(threshold=10, decay=1.0)
    _, report = warned(quantise, net)
    assert report.never_fire == [0, 1, 2, 3]
    assert any("4 neurons (0, 1, 2, 3) can never fire" in warning for warning in report.warnings)


def test_slow_current_adds_up():
    net = Network(inputs=1, neurons=2)
    net.connect(net.inputs, net.neurons, 10)
    net.neurons.set(threshold=60, decay=1.0, decay_syn=[1.0, 1 / 8])
    assert warned(quantise, net)[1].never_fire == [0]


def test_bias_alone_may_fire():
    net = Network(inputs=1, neurons=4)
    net.connect(net.inputs, net.neurons, 100)
    net.neurons.set(threshold=[10, 10, 10, -1], bias=[1, 1, 0, 0], leak=[0, 1, 0, 0])
    _, report = quantise(net)
    assert report.never_silent == [0, 3]
    assert any("without any input" in warning for warning in report.warnings)


# Report --------------------------------------------------------------------------------------------


def test_report_fits_into_json_and_reads_as_text():
    _, report = quantise(float_network())
    values = json.loads(json.dumps(report.to_dict()))
    assert values["config"]["neurons"] == 12
    assert values["weights"]["input"]["synapses"] == 240
    text = str(report)
    assert text.startswith("network of 20 inputs, 12 neurons, 8-bit weights\nscale ")
    assert "input: 240 weights, error" in text


def test_small_integers_with_a_decay_are_pointed_out():
    net = Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 3)
    net.neurons.set(threshold=10, tau_ms=20.0)
    assert "decay of neuron 0 is faster than told" in warned(quantise, net)[1].warnings[0]


def test_report_of_an_image_that_was_not_made_just_now():
    net = integer_network()
    image, made = warned(quantise, net)
    report = Report.of(Image.from_bytes(image.to_bytes()))
    assert report.never_fire == made.never_fire
    assert report.weights == {}
    assert not report.is_snapshot


def test_vanished_weights_are_counted():
    net = Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, [[1.0, 0.001], [0.0, 0.002]])
    loss = warned(quantise, net)[1].weights["input"]
    assert (loss.synapses, loss.vanished, loss.clipped) == (3, 2, 0)
    assert "2 became 0" in str(loss)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda report: pickle.loads(pickle.dumps(report))],  # noqa: S301
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_report_can_be_copied_and_pickled(copied):
    net = Network(inputs=3, neurons=2)
    net.connect(net.inputs, net.neurons, 0.3, plastic=True)
    net.learn(stdp(20.0, 20.0, 0.01, -0.01, bounds=(0.0, 1.0)))
    image, report = quantise(net, populations=[net.neurons])
    other = copied(report)
    assert other == report
    assert other.to_dict() == report.to_dict()
    assert str(other) == str(report)
    assert other.subject[1] == image
    assert np.array_equal(other.subject[0].weights, net.weights)


def test_earlier_method_names_the_function():
    net = Network(inputs=1, neurons=1)
    with pytest.raises(AttributeError, match=r"now a function: neurocorex.measure_fidelity\(report, spikes\)"):
        quantise(net)[1].compare([[1]])
