"""Learning from errors through a device: lessons against floats, errors against recorded spikes, units, refusals."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.remarks import UNCOUNTED, UNPAIRED, remarks
from neurocorex.errors import DeviceError, FitError, InputError
from neurocorex.learning import errors, stdp
from neurocorex.quantiser.quantise import quantised
from neurocorex.spec import Clear, Control, CoreConfig, Learning, Region
from support.warned import warned

BOUNDS = (-1.0, 1.0)
PIXELS, LABELS, HIDDEN, OUTPUTS = 6, 2, 5, 2


def layered(rule, rng, *, delay_ms=None, recurrent=False):
    """Pixels onto hidden neurons onto outputs; outputs and labels bring errors to both."""
    net = ncx.Network(inputs=PIXELS + LABELS, neurons=HIDDEN + OUTPUTS)
    hidden, out, label = net.neurons[:HIDDEN], net.neurons[HIDDEN:], net.inputs[PIXELS:]
    net.connect(net.inputs[:PIXELS], hidden, rng.uniform(-0.2, 0.4, (PIXELS, HIDDEN)), plastic=True)
    net.connect(hidden, out, rng.uniform(-0.2, 0.4, (HIDDEN, OUTPUTS)), plastic=True)
    if recurrent:
        net.connect(out, out, -0.2 * (1 - np.eye(OUTPUTS)))
    rows = rng.uniform(-1, 1, (OUTPUTS, HIDDEN))
    net.feedback(out, out, -np.eye(OUTPUTS), delay_ms=delay_ms)
    net.feedback(out, hidden, -rows, delay_ms=delay_ms)
    net.feedback(label, out, 4 * np.eye(OUTPUTS))
    net.feedback(label, hidden, 4 * rows)
    net.neurons.set(threshold=0.5, tau_ms=4.0)
    out.set(error_always=True)
    net.learn(rule)
    return net


def gathered(image, inputs, fired):
    """Errors of all neurons after some steps from zero state, from spikes alone: the model, in NumPy."""
    config, regions = image.config, image.regions
    weights = regions[Region.WEIGHTS].astype(np.int64)
    axons = [(row, inputs[:, row], 0) for row in range(config.inputs)]
    axons += [(config.inputs + j, fired[:, j], int(regions[Region.DELAY][j])) for j in range(config.neurons)]
    for extra in range(config.extra_axons):
        row = config.inputs + config.neurons + extra
        source, delay = int(regions[Region.EXTRA_SOURCE][extra]), int(regions[Region.EXTRA_DELAY][extra])
        axons.append((row, fired[:, source], delay))
    e = np.zeros(config.neurons, np.int64)
    for step in range(len(inputs)):
        for row, spikes, delay in axons:
            silent = not delay and row >= config.inputs
            if regions[Region.FEEDBACK][row] and not silent and step >= delay and spikes[step - delay]:
                e += weights[row]
        e = np.clip(e, -32768, 32767)
    return e


@pytest.mark.parametrize("delay_ms", [None, 3.0])
@pytest.mark.parametrize("recurrent", [False, True])
def test_errors_are_those_of_the_recorded_spikes(delay_ms, recurrent):
    rng = np.random.default_rng(7)
    net = layered(errors(0.0005, bounds=BOUNDS, accumulate=40), rng, delay_ms=delay_ms, recurrent=recurrent)
    with ncx.open("emulator") as device:
        device.load(net)
        image = device.snapshot()
        assert image.config.extra_axons == (OUTPUTS if recurrent else 0)
        scale = image.meta["error_scale"]
        for lesson in range(4):
            spikes = rng.random((30, PIXELS + LABELS)) < 0.4
            result = device.run(spikes=spikes, clear=True)
            expected = gathered(image, spikes, result.spikes)
            assert result.spikes[:, HIDDEN:].any()
            assert device.read(Region.ERROR).tolist() == expected.tolist(), lesson
            assert device.errors(units="chip").tolist() == expected.tolist()
            assert np.allclose(device.errors() * scale, expected)
            before = device.weights()
            device.run(1, learn=0)
            assert not device.errors().any()
            assert (device.weights() != before).any()


def taught(rate, lessons, rng):
    """Known spikes for one layer: counts of pixels, and errors by labels and forced outputs."""
    counts = rng.integers(0, 6, (lessons, PIXELS))
    fired, label = rng.integers(0, 4, (lessons, OUTPUTS)), rng.integers(0, 2, (lessons, LABELS))
    steps = 12
    spikes = np.zeros((lessons, steps, PIXELS + LABELS), bool)
    teacher = np.zeros((lessons, steps, OUTPUTS), bool)
    for lesson in range(lessons):
        for pixel, count in enumerate(counts[lesson]):
            spikes[lesson, rng.choice(steps, count, replace=False), pixel] = True
        for output in range(OUTPUTS):
            teacher[lesson, rng.choice(steps - 1, fired[lesson, output], replace=False), output] = True
            spikes[lesson, steps - 1, PIXELS + output] = label[lesson, output]
    return spikes, teacher, rate * np.einsum("ki,kj->kij", counts, 4.0 * label - fired)


def delta(rule):
    net = ncx.Network(inputs=PIXELS + LABELS, neurons=OUTPUTS)
    net.connect(net.inputs[:PIXELS], net.neurons, np.zeros((PIXELS, OUTPUTS)), plastic=True)
    net.feedback(net.neurons, net.neurons, -np.eye(OUTPUTS))
    net.feedback(net.inputs[PIXELS:], net.neurons, 4 * np.eye(OUTPUTS))
    net.neurons.set(threshold=np.inf)
    net.learn(rule)
    return net


@pytest.mark.parametrize(
    ("rate", "sizes"),
    [(1e-3, {}), (2e-4, {"weight_bits": 16}), (1e-3, {"trace_bits": 8}), (-2e-4, {"weight_bits": 16})],
)
def test_delta_rule_in_floats_gives_the_same_weights(rate, sizes):
    lessons = 150
    net = delta(errors(rate, bounds=BOUNDS, accumulate=6))
    spikes, teacher, wanted = taught(rate, lessons, np.random.default_rng(3))
    config = CoreConfig(**{**ncx.smallest_config(net).to_dict(), **sizes})
    with ncx.open("emulator", config=config) as device:
        report = device.load(net)
        steps = spikes.shape[1]
        device.run(spikes=spikes, teacher=teacher, learn=np.arange(lessons) * steps + steps - 1)
        change = device.weights()[:PIXELS]
    assert np.abs(wanted.sum(axis=0)).max() < 1  # no bound was reached
    unit = (1 << report.gain_input) / report.scale
    # Each lesson rounds to a unit by chance, and 1/256 of a unit for sure.
    room = abs(report.errors.error) * np.abs(wanted).sum(axis=0) + unit * (4 * np.sqrt(lessons) / 2 + lessons / 512)
    assert (np.abs(change - wanted.sum(axis=0)) <= room).all()
    if config.weight_bits == 16:
        assert change == pytest.approx(wanted.sum(axis=0), rel=0.01, abs=0.001)


def test_lessons_teach():
    """Four pictures of two classes: outputs fire as often as their labels say after a few lessons."""
    net = delta(errors(1e-3, bounds=BOUNDS, accumulate=10))
    net.neurons.set(threshold=1.0, reset_mode="subtract", error_always=True)
    pictures = np.array([[1, 1, 0, 0, 1, 0], [1, 0, 1, 0, 0, 0], [0, 0, 1, 1, 0, 1], [0, 1, 0, 1, 0, 1]], bool)
    classes = np.array([0, 0, 1, 1])
    spikes = np.zeros((4, 20, PIXELS + LABELS), bool)
    spikes[:, :18:2, :PIXELS] = pictures[:, None]
    shown = spikes.copy()
    shown[np.arange(4), 18, PIXELS + classes] = True
    order = np.random.default_rng(1).permutation(np.repeat(np.arange(4), 60))
    with ncx.open("emulator") as device:
        device.load(net)
        device.run(spikes=shown[order], learn=np.tile(np.arange(20) == 19, (len(order), 1)))
        counts = device.run(spikes=spikes, learning=False).counts
    assert np.abs(counts - 4 * np.eye(2)[classes]).max() <= 1, counts


# When it happens ---------------------------------------------------------------------------------


@pytest.fixture
def device():
    with ncx.open("emulator") as device:
        device.load(delta(errors(1e-3, bounds=BOUNDS)))
        yield device


def lesson():
    """Ten steps with spikes of all pixels, and one of a label."""
    spikes = np.zeros((10, PIXELS + LABELS), bool)
    spikes[:, :PIXELS] = True
    spikes[4, PIXELS] = True
    return spikes


@pytest.mark.parametrize(
    "learn", [7, [7], (7, 7), np.array([7]), np.int64(7), np.arange(10) == 7], ids=["int", "list", "twice", "array",
    "scalar", "bool"],
)  # fmt: skip
def test_steps_of_lessons_can_be_named_in_any_way(device, learn):
    device.run(spikes=lesson(), learn=learn)
    expected = device.weights()
    device.load(delta(errors(1e-3, bounds=BOUNDS)))
    device.run(spikes=ncx.EventStream.from_dense(lesson()).learning(7))
    assert np.array_equal(device.weights(), expected)
    assert expected[:PIXELS, 0].min() > 0
    assert not expected[:PIXELS, 1].any()


def test_nothing_is_learned_before_or_without_a_lesson(device):
    before = device.weights()
    device.run(spikes=lesson(), learn=3)
    assert np.array_equal(device.weights(), before)
    device.run(spikes=lesson())
    assert np.array_equal(device.weights(), before)
    assert device.errors().tolist() == [8.0, 0.0]
    assert device.read(Region.CONTROL)[Control.LEARN] == 0
    device.run(3, learn=[1], learning=False)
    assert device.errors().tolist() == [0.0, 0.0]
    assert np.array_equal(device.weights(), before)


def test_lesson_does_not_outlast_a_run_that_fails(device, monkeypatch):
    set_register = EmulatedChip.set_register

    def run(chip, stimulus, take, **options):
        set_register(chip, Control.LEARN, 1)
        raise DeviceError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(EmulatedChip, "run", run)
        with pytest.raises(DeviceError, match="stopped"):
            device.run(spikes=lesson(), learn=3)
    device.clear()
    before = device.weights()
    device.run(spikes=lesson())
    assert np.array_equal(device.weights(), before)
    assert device.errors()[0] == 4


def test_lessons_of_a_stream_count_their_own_steps():
    stream = ncx.EventStream.from_dense(lesson()).learning([9, 2, 9])
    assert stream.change_step.tolist() == [2, 9]
    assert stream.change_register.tolist() == [Control.LEARN] * 2
    assert ncx.EventStream.decode(stream.encode()) == stream
    with pytest.raises(InputError, match="LEARN names step 10 of a stream of 10 steps"):
        stream.learning(10)


@pytest.mark.parametrize(
    ("learn", "words"),
    [
        ([10], "learn names step 10, the run has 10"), (-1, "learn names step -1"), ([0.5], "learn must be steps"),
        ([[1]], "learn must be steps"), (True, "learn must be steps"), ({3: True}, "learn must be steps"),
        (np.ones(4, bool), "learn must be steps"),
    ],
)  # fmt: skip
def test_other_lessons_are_refused(device, learn, words):
    with pytest.raises(InputError, match=words):
        device.run(spikes=lesson(), learn=learn)


def test_samples_begin_without_errors(device):
    device.run(spikes=lesson())
    device.run(spikes=np.zeros((2, 3, PIXELS + LABELS), bool))
    assert not device.errors().any()
    device.run(spikes=lesson())
    device.run(1, clear={0: Clear.TRACES})
    assert device.errors()[0] == 4
    device.clear(state=False, errors=True)
    assert not device.errors().any()
    device.run(spikes=lesson())
    device.clear()
    assert not device.errors().any()
    device.run(spikes=lesson())
    device.clear(errors=False)
    assert device.errors()[0] == 4


def test_snapshot_keeps_errors_and_counts(device):
    device.run(spikes=lesson())
    image = device.snapshot()
    device.run(1, learn=0)
    after = device.weights()
    with ncx.open("emulator") as other:
        other.restore(ncx.Image.from_bytes(image.to_bytes()))
        assert other.errors().tolist() == [4.0, 0.0]
        other.run(1, learn=0)
        assert np.array_equal(other.weights(), after)


def test_spikes_that_do_not_count_are_told(device):
    many = np.zeros((40, PIXELS + LABELS), bool)
    many[:, :PIXELS] = True
    many[30, PIXELS] = True
    warned(device.run, spikes=many, learn=39, match="traces of the rule of errors were full")
    counters = {"input_events": 100, "recurrent_events": 0, "spikes": 0, "potentiations": 3, "depressions": 0,
                "full_traces": 50}  # fmt: skip
    image = ncx.quantise(delta(errors(1e-3, bounds=BOUNDS)))[0]
    assert remarks(counters, image) == [UNCOUNTED]
    image = quantised(delta(stdp(20.0, 20.0, 0.01, -0.01, bounds=BOUNDS)))[0]
    assert remarks(counters, image) == [UNPAIRED]


def test_errors_that_do_not_fit_any_more_are_told(device):
    label = np.zeros((300, PIXELS + LABELS), bool)
    label[:, PIXELS] = True
    warned(device.run, spikes=label, match="or errors did, as too many came from one LEARN to the next")
    assert device.errors(units="chip").tolist() == [32767, 0]


# Chips -------------------------------------------------------------------------------------------


def test_chip_without_errors_refuses_the_network_and_lessons():
    plain = CoreConfig(inputs=8, neurons=8, learning=Learning.EXPONENTIAL)
    with ncx.open("emulator", config=plain) as device:
        with pytest.raises(FitError, match=r"errors .*CoreConfig\(errors=True"):
            device.load(delta(errors(1e-3, bounds=BOUNDS)))
        net = ncx.Network(inputs=8, neurons=8)
        net.connect(net.inputs, net.neurons, 0.5)
        device.load(net)
        with pytest.raises(InputError, match="learn needs a chip with errors"):
            device.run(5, learn=3)
        with pytest.raises(InputError, match="LEARN in the stimulus needs a chip with errors"):
            device.run(spikes=ncx.EventStream(5).learning(3))
        assert device.errors().tolist() == [0.0] * 8


def test_larger_chip_does_the_same(device):
    device.run(spikes=lesson(), learn=9)
    config = CoreConfig(inputs=70, neurons=40, learning=Learning.EXPONENTIAL, errors=True, extra_axons=3)
    with ncx.open("emulator", config=config) as larger:
        larger.load(delta(errors(1e-3, bounds=BOUNDS)))
        larger.run(spikes=lesson(), learn=9)
        change = device.weights()[:PIXELS] - larger.weights()[:PIXELS]
        # Draws differ, as they depend on places in the matrix; so does no change by more than a unit.
        assert np.abs(change).max() < 0.02
        assert np.array_equal(larger.weights()[PIXELS:], device.weights()[PIXELS:])


# Units -------------------------------------------------------------------------------------------


def test_feedback_weights_have_their_own_units():
    rng = np.random.default_rng(2)
    net = layered(errors(0.001, bounds=BOUNDS), rng, recurrent=True)
    assert len(net.extra_source) == OUTPUTS
    with ncx.open("emulator") as device:
        device.load(net)
        held = device.weights()
        scale = device.snapshot().meta["error_scale"]
        assert np.abs(held - net.weights)[net.is_feedback].max() <= 0.5 / scale
        assert np.abs(held - net.weights)[~net.is_feedback].max() <= 0.01
        assert device.set_weights(held).rounded == 0
        assert np.array_equal(device.weights(), held)
        place = PIXELS + LABELS + HIDDEN + OUTPUTS
        assert net.is_feedback[place]
        device.set_weights([(place, 0, -10 / scale)])
        assert device.weights(units="chip")[place, 0] == -10
        with pytest.raises(InputError, match=r"can be -4.*got 6"):
            device.set_weights([(place, 0, 200 / scale)])
        with pytest.raises(InputError, match="or feedback, whose weights are in row 15"):
            device.set_weights(0.0, net.neurons[HIDDEN], net.neurons)
        device.set_weights(2.0, net.inputs[PIXELS], net.neurons[HIDDEN])
        assert device.weights()[PIXELS, HIDDEN] == pytest.approx(2.0, abs=0.501 / scale)


def test_weights_over_time_and_their_file_have_these_units(device, tmp_path):
    result = device.run(spikes=lesson(), learn=9, snapshot_every=5)
    result.save(tmp_path / "result.npz")
    for each in (result, ncx.Result.load(tmp_path / "result.npz")):
        assert np.array_equal(each.weights_over_time[-1], device.weights())
        assert each.weights_over_time[0, PIXELS].tolist() == [4.0, 0.0]
        assert each.in_units("chip").weights_over_time[0, PIXELS, 0] == round(4 * each.error_scale)


def test_change_of_the_feedback_after_loading_is_noticed(device):
    net = delta(errors(1e-3, bounds=BOUNDS))
    device.load(net)
    net.feedback(net.neurons[0], net.neurons[1], -0.5)
    with pytest.warns(UserWarning, match="the network has changed since it was loaded"):
        device.run(spikes=lesson())
