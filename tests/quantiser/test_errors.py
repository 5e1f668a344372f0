"""Rules of errors on a chip: registers, the scale of feedback weights, what the report says, and what is refused."""

import json
import re

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.learning import errors, stdp, window_stdp
from neurocorex.quantiser.comparison import Comparison
from neurocorex.quantiser.quantise import quantised as quantise
from neurocorex.quantiser.quantise import smallest_config
from neurocorex.quantiser.report import Report
from neurocorex.spec import Clear, Control, CoreConfig, Flag, Learning, LearningFlag, Region

BOUNDS = (-1.0, 1.0)


def network(rule, *, feedback=None, weight=0.25, hidden=None, threshold=1.5):
    """Four inputs onto two outputs, which take off what they fire; two labels add what is wanted."""
    net = ncx.Network(inputs=6, neurons=2 if hidden is None else 2 + len(hidden[0]))
    out = net.neurons[:2]
    net.connect(net.inputs[:4], net.neurons, weight, plastic=True)
    spike, label = (-1.0, 8.0) if feedback is None else feedback
    net.feedback(out, out, [(0, 0, spike), (1, 1, spike)])
    net.feedback(net.inputs[4:], out, [(0, 0, label), (1, 1, label)])
    if hidden is not None:
        net.feedback(out, net.neurons[2:], np.multiply(spike, hidden))
        net.feedback(net.inputs[4:], net.neurons[2:], np.multiply(label, hidden))
    net.neurons.set(threshold=threshold)
    out.set(error_always=True)
    net.learn(rule)
    return net


def chip(**sizes):
    return CoreConfig(**{"inputs": 6, "neurons": 2, "learning": Learning.EXPONENTIAL, "errors": True, **sizes})


def registers(image):
    """All registers as the numbers that they stand for."""
    found = {}
    for register in Control:
        bits = register.bits(image.config)
        if bits:
            value = int(image.regions[Region.CONTROL][register])
            found[register] = value - (1 << bits) * (value >> (bits - 1)) if register.signed else value
    return found


def slope(image, sign, unit):
    """Mean change by a spike and an error of 1 in units of the network: the model, read aloud, all draws taken."""
    config, control, scale = image.config, registers(image), image.meta["error_scale"]
    weights = image.regions[Region.WEIGHTS][image.regions[Region.FEEDBACK] == 1]
    sizes = sorted(abs(weight) for weight in weights.ravel().tolist() if weight)
    error = sign * sizes[(len(sizes) - 1) // 2]
    top = (1 << (config.change_bits - 1)) - 1
    modulated = control[Control.POTENTIATION] * control[Control.MODULATION] // 256
    factor = max(min(modulated * error // 256, top), -top - 1)
    cap, increment = control[Control.PRE_CAP], control[Control.PRE_INCREMENT]
    total = spikes = 0.0
    for count in range(1, cap // increment + 1):
        trace = min(count * increment, cap)
        p = (trace * factor + (1 << (config.trace_bits - 1))) // (1 << config.trace_bits)
        if control[Control.LEARNING] & LearningFlag.SOFT:
            span = control[Control.WEIGHT_MAX] - control[Control.WEIGHT_MIN]
            p = (p * span + (1 << (config.weight_bits - 1))) // (1 << config.weight_bits)
        draws = range(256) if control[Control.LEARNING] & LearningFlag.STOCHASTIC else [255 if p < 0 else 0]
        total += sum((p + draw) // 256 for draw in draws) / len(draws)
        spikes += count
    return total / (spikes * error / scale) * unit


def unit_of(report):
    return (1 << report.gain_input) / report.scale


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"rate": 0.002}, {}),
        ({"rate": -0.002}, {}),
        ({"rate": 0.002, "accumulate": 3}, {}),
        ({"rate": 0.001, "accumulate": 40, "modulation": 0.5}, {}),
        ({"rate": 0.002, "soft": True}, {"soft_bounds": True}),
        ({"rate": 0.003, "stochastic": False}, {}),
        ({"rate": 0.0005}, {"trace_bits": 8}),
        ({"rate": 0.00002}, {"weight_bits": 16, "trace_bits": 16}),
        ({"rate": 0.0002}, {"weight_bits": 4}),
        ({"rate": 0.002, "tau_ms": 20.0}, {}),
    ],
)
def test_change_of_the_report_is_that_of_the_integers(options, sizes):
    image, report = quantise(network(errors(bounds=BOUNDS, **options)), chip(**sizes))
    unit = unit_of(report)
    expected = [slope(image, sign, unit) for sign in (1, -1)]
    assert report.errors.acting == pytest.approx(expected, rel=1e-12)
    wanted = options["rate"] * options.get("modulation", 1.0)
    assert report.errors.wanted == pytest.approx(wanted)
    assert report.errors.error == pytest.approx(max((each / wanted - 1 for each in expected), key=abs))
    told = [line for line in report.warnings if "one spike and an error of 1 change a weight" in line]
    assert bool(told) == (abs(report.errors.error) > 0.01)


@pytest.mark.parametrize("seed", range(6))
def test_rate_is_kept_within_a_percent(seed):
    rng = np.random.default_rng(seed)
    rate = 10 ** rng.uniform(-3.5, -2.8)
    hidden = rng.uniform(-1, 1, (2, 5))
    rule = errors(rate, bounds=BOUNDS, accumulate=float(rng.uniform(4, 30)))
    report = quantise(network(rule, hidden=hidden), chip(neurons=7))[1]
    assert abs(report.errors.error) < 0.01, report
    assert not [line for line in report.warnings if "error" in line], report


def test_floats_get_a_scale_at_which_nothing_is_lost():
    image, report = quantise(network(errors(0.002, bounds=BOUNDS)))
    assert report.weights["feedback"].max_error == 0
    scale = image.meta["error_scale"]
    held = image.regions[Region.WEIGHTS][image.regions[Region.FEEDBACK] == 1] / scale
    assert sorted(held[held != 0].tolist()) == [-1.0, -1.0, 8.0, 8.0]
    assert 64 <= 8 * scale <= 127


def test_integers_stay_what_they_are_if_the_rate_fits():
    def held(rate):
        rule = errors(rate, bounds=(-100, 100), accumulate=16)
        net = network(rule, feedback=(-10, 40), weight=20, threshold=60)
        image = quantise(net)[0]
        assert image.scale == 1
        return image.meta["error_scale"]

    assert held(0.002) == 1.0
    assert held(0.06) == 2.0


def test_numbers_that_are_whole_on_the_chip_are_exact():
    rule = errors(1 / 64, bounds=(-100, 100), accumulate=15.9, deadband=0.5)
    net = network(rule, feedback=(-16, 64), weight=20, threshold=60)
    image, report = quantise(net, chip(trace_bits=8))
    assert report.exact, report.differences
    assert "nothing was rounded" in str(report)
    values = registers(image)
    assert (values[Control.POTENTIATION], values[Control.PRE_INCREMENT]) == (16384, 16)
    assert values[Control.DEADBAND] == 0
    net.learn(errors(1 / 63, bounds=(-100, 100), accumulate=15.9))
    report = quantise(net, chip(trace_bits=8))[1]
    assert not report.exact
    assert report.differences["rate"].differing == 1


def test_what_an_image_holds_wrong_is_no_longer_exact():
    rule = errors(1 / 64, bounds=(-100, 100), accumulate=15.9)
    net = network(rule, feedback=(-16, 64), weight=20, threshold=60)
    image, _ = quantise(net, chip(trace_bits=8))
    for region, place in ((Region.FEEDBACK, 0), (Region.FEEDBACK, 4), (Region.FLAGS, 1), (Region.WEIGHTS, (4, 0))):
        regions = {each: values.copy() for each, values in image.regions.items()}
        regions[region][place] ^= int(Flag.ERROR_ALWAYS) if region is Region.FLAGS else 1
        broken = ncx.Image(image.config, regions, image.scale, image.meta)
        assert Comparison.of(net, image).exact
        assert not Comparison.of(net, broken).exact


@pytest.mark.parametrize("deadband", [0.0, 0.3, 1.0, 1.5])
def test_deadband_separates_the_same_errors(deadband):
    image, report = quantise(network(errors(0.002, deadband=deadband, bounds=BOUNDS)))
    scale, held = image.meta["error_scale"], registers(image)[Control.DEADBAND]
    every = np.arange(0, 400)
    assert np.array_equal(every > held, every / scale > deadband)
    assert report.differences["deadband"].differing == 0


def test_flags_of_neurons_and_rule():
    image, _ = quantise(network(errors(0.002, bounds=BOUNDS), hidden=[[0.5, 0.25]] * 2))
    always = image.regions[Region.FLAGS] & int(Flag.ERROR_ALWAYS) != 0
    assert always.tolist() == [True, True, False, False]
    flags = LearningFlag(registers(image)[Control.LEARNING])
    assert flags == LearningFlag.ENABLE | LearningFlag.STOCHASTIC | LearningFlag.ERRORS
    assert registers(image)[Control.PRE_DECAY] == 0


def test_feedback_takes_no_room_from_currents():
    alone = network(errors(0.002, bounds=BOUNDS))
    loud = network(errors(2e-6, bounds=BOUNDS), feedback=(-1000.0, 8000.0))
    first, second = quantise(alone)[0], quantise(loud)[0]
    assert first.scale == second.scale
    assert np.array_equal(first.regions[Region.WEIGHTS][:4], second.regions[Region.WEIGHTS][:4])
    report = quantise(loud)[1]
    assert report.headroom == quantise(alone)[1].headroom


def test_default_chip_has_errors_only_if_they_are_needed():
    rule = errors(0.002, bounds=BOUNDS)
    assert smallest_config(network(rule)).errors
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, 0.5, plastic=True)
    assert not smallest_config(net).errors
    net.learn(rule)
    assert smallest_config(net).errors
    net.learn(None)
    net.feedback(net.neurons, net.neurons, 1.0)
    config = smallest_config(net)
    assert (config.errors, config.learning) == (True, Learning.EXPONENTIAL)


# Room of the counts ------------------------------------------------------------------------------


def test_room_is_stated_assumed_or_that_of_a_stimulus():
    def room(rule, stimulus=None):
        found = quantise(network(rule), stimulus=stimulus)[1].errors
        return round(found.room), found.why

    spikes = np.zeros((100, 6), bool)
    spikes[::4, 1] = True  # 25 times
    spikes[:, 4] = True  # of a label, whose count does not matter
    assert room(errors(0.002, bounds=BOUNDS)) == (16, "assumed")
    assert room(errors(0.002, bounds=BOUNDS, accumulate=5)) == (5, "stated")
    assert room(errors(0.002, bounds=BOUNDS), spikes) == (25, "by stimulus")
    assert room(errors(0.002, bounds=BOUNDS), spikes.reshape(5, 20, 6)) == (5, "by stimulus")
    stream = ncx.EventStream.from_dense(spikes).clearing([50], Clear.TRACES)
    assert room(errors(0.002, bounds=BOUNDS), stream) == (13, "by stimulus")
    assert room(errors(0.002, bounds=BOUNDS), stream.clearing([20], Clear.STATE)) == (13, "by stimulus")


def test_report_says_what_resets_the_counts():
    text = str(quantise(network(errors(0.002, deadband=1.0, bounds=BOUNDS)))[1])
    assert "8 synapses learn, by errors" in text
    assert "errors: at LEARN one spike and an error of 1 change a weight by 0.00" in text
    assert "16 spikes of an axon count (assumed); traces go on counting until Clear.TRACES" in text
    assert re.search(r"errors: steps of 0\.0\d+, up to \S+, those up to 1 change nothing", text)
    assert "window of" not in text


def test_report_of_a_file_has_the_same_numbers(tmp_path):
    image, report = quantise(network(errors(0.002, bounds=BOUNDS)))
    image.save(tmp_path / "image.npz")
    read = Report.of(ncx.Image.load(tmp_path / "image.npz"))
    assert read.errors.acting == report.errors.acting
    assert read.errors.wanted is None
    assert read.errors.error is None
    assert read.errors.room == report.errors.room
    for each in (read, report):
        plain = json.loads(json.dumps(each.to_dict()))
        assert plain["errors"]["acting"] == list(report.errors.acting)
        assert plain["window"] is None
    with pytest.raises(InputError, match="nothing learns by spikes"):
        report.plot_window()


# What is warned about and refused ----------------------------------------------------------------


def told(net, config=None):
    return "\n".join(quantise(net, config)[1].warnings)


def test_what_cannot_learn_is_told():
    rule = errors(0.002, bounds=BOUNDS)
    net = network(rule, hidden=[[0.5, 0.0]] * 2)
    assert "plastic synapses onto neuron 3 never change, because no feedback axon brings an error" in told(net)
    net.neurons[3].set(learns=False)
    assert "never change" not in told(net)
    net.neurons.set(threshold=-1.0)
    assert "onto neuron 2 never change, because no membrane is closer to rest than a threshold of 0" in told(net)
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, 0.5, plastic=True)
    net.learn(rule)
    assert "no axon brings any, so nothing learns: call Network.feedback" in told(net)


@pytest.mark.parametrize("rule", [None, stdp(20.0, 20.0, 0.01, -0.01, bounds=BOUNDS)])
def test_feedback_that_no_rule_learns_from_is_legal_and_told(rule):
    net = network(rule)
    assert "axons bring errors, but no rule learns from them" in told(net)
    image, report = quantise(net)
    assert report.errors is None
    assert image.regions[Region.FEEDBACK].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert image.meta["error_scale"] == 15.0


def test_coarse_feedback_is_told():
    rng = np.random.default_rng(3)
    net = network(errors(0.0002, bounds=BOUNDS), hidden=rng.uniform(-1, 1, (2, 4)))
    assert re.search(r"feedback weights lost \d\.\d% by rounding", told(net, chip(neurons=6, weight_bits=4)))
    assert "feedback weights lost" not in told(net, chip(neurons=6))


def test_errors_that_do_not_fit_are_told():
    rule = errors(0.001, bounds=(-100, 100), accumulate=2)
    net = network(rule, feedback=(-10000, 30000), weight=20, threshold=60)
    text = told(net, chip(weight_bits=16))
    assert "beyond 3.277e+04 are cut, and one spike of each feedback axon brings up to 4e+04: give feedback" in text
    net = network(errors(0.0038, bounds=BOUNDS))
    assert "are cut" not in told(net)
    net.feedback(net.neurons[:1], net.neurons[1:], -8.0)
    assert re.search(r"errors beyond 16\.\d+ are cut, .* 17\.\d+: take a smaller rate", told(net))


def test_chip_without_errors_refuses_by_name():
    net = network(errors(0.002, bounds=BOUNDS))
    with pytest.raises(FitError, match=r"errors .*built without.*CoreConfig\(errors=True, learning=1\).*4 lanes"):
        quantise(net, chip(errors=False))
    with pytest.raises(FitError, match=r"learning with exponential traces .*errors"):
        quantise(net, chip(errors=False, learning=Learning.NONE))


def test_windows_and_feedback_are_refused():
    net = network(window_stdp([0.1], [], bounds=BOUNDS))
    with pytest.raises(FitError, match="feedback axons and learns by windows; no chip has both"):
        quantise(net)


def test_rate_that_does_not_fit_is_refused_with_what_does():
    with pytest.raises(FitError, match="a rate of 1 is too large for this chip") as caught:
        quantise(network(errors(1.0, bounds=BOUNDS)))
    most = float(re.search(r"take one of (\S+) or less", str(caught.value))[1])
    assert quantise(network(errors(0.99 * most, bounds=BOUNDS)))[1].errors
    with pytest.raises(FitError):
        quantise(network(errors(1.01 * most, bounds=BOUNDS)))
    with pytest.raises(FitError, match=r"accumulate=\S+ or less") as caught:
        quantise(network(errors(2 * most, bounds=BOUNDS)))
    fewer = float(re.search(r"accumulate=(\S+) or less", str(caught.value))[1])
    assert quantise(network(errors(2 * most, bounds=BOUNDS, accumulate=0.97 * fewer)))[1].errors


@pytest.mark.parametrize(
    ("rule", "sizes", "words"),
    [
        ({"deadband": 1e5}, {}, "a deadband of 1e.05 is beyond the largest error"),
        ({"accumulate": 100}, {"trace_bits": 4}, "traces of 4 bits count up to 15 spikes, not 100"),
    ],
)
def test_other_numbers_that_do_not_fit_are_refused(rule, sizes, words):
    with pytest.raises(FitError, match=words):
        quantise(network(errors(0.002, bounds=BOUNDS, **rule)), chip(**sizes))


def test_floats_need_bounds_and_feedback_does_not_learn():
    with pytest.raises(InputError, match="the rule needs bounds"):
        quantise(network(errors(0.002)))
    net = network(errors(0.002, bounds=BOUNDS))
    net.plastic[4] = True
    with pytest.raises(InputError, match="weights of feedback axons do not learn"):
        quantise(net)


@pytest.mark.parametrize("inclusive", [">", ">="])
def test_reset_is_not_completed_by_a_feedback_axon(inclusive):
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 3)
    net.feedback(net.neurons, net.neurons, -5)
    net.neurons.set(threshold=9, reset_mode="subtract", fires_at=inclusive)
    image = quantise(net)[0]
    assert image.regions[Region.WEIGHTS][1, 0] == -5
    assert image.regions[Region.THRESHOLD][0] == (9 if inclusive == ">" else 8)


def test_images_fit_chips_with_errors_only():
    image, _ = quantise(network(errors(0.002, bounds=BOUNDS)))
    larger = image.fit(chip(inputs=40, neurons=33, extra_axons=2))
    assert np.flatnonzero(larger.regions[Region.FEEDBACK]).tolist() == [4, 5, 40, 41]
    with pytest.raises(FitError, match=r"errors \(the chip was built without"):
        image.fit(chip(errors=False))
    net = ncx.Network(inputs=2, neurons=2)
    net.connect(net.inputs, net.neurons, 0.5, plastic=True)
    net.learn(errors(0.002, bounds=BOUNDS))
    by_rule = quantise(net)[0]
    with pytest.raises(FitError, match=r"errors \(the chip was built without"):
        by_rule.fit(chip(errors=False))
    net.learn(stdp(20.0, 20.0, 0.01, -0.01, bounds=BOUNDS))
    plain = quantise(net, chip(inputs=2))[0]
    assert not plain.fit(chip(errors=False)).config.errors


def test_nir_refuses_feedback():
    net = network(None)
    with pytest.raises(InputError, match="NIR has no axons that bring errors"):
        ncx.to_nir(net)
    with pytest.raises(InputError, match="NIR has no axons that bring errors"):
        ncx.to_nir(quantise(net)[0])
