"""Hidden layer and delta rule learned by errors: lessons against NumPy in floats, and what the demonstration tells."""

from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.demos import hidden, latency
from neurocorex.demos.digits import classify, load_data
from neurocorex.demos.hidden import DELTA, DIGITS, DIGITS_ONCE, Lessons, Settings, lessons, questions
from neurocorex.demos.hidden_effort import Effort
from neurocorex.demos.hidden_picture import draw
from neurocorex.demos.samples import Samples

CLASSES = 10
PIXELS = 64


@pytest.fixture
def device():
    with ncx.open("emulator") as opened:
        yield opened


@pytest.fixture(scope="module")
def samples(request):
    """A few digits, to learn and to test, by the code "rate" or the one that a test asks for."""
    train_x, train_y, test_x, test_y = load_data()
    once = getattr(request, "param", "rate") == "latency"
    return Samples(
        train=latency.encoded(train_x[:300], hidden.SPIKES, once=once), train_labels=train_y[:300],
        test=latency.encoded(test_x[:200], hidden.SPIKES, once=once), test_labels=test_y[:200],
    )  # fmt: skip


def rise_of(device):
    """Rise of traces of axons that a network was loaded with."""
    return int(device.read(ncx.Region.CONTROL)[ncx.Control.PRE_INCREMENT])


def counted(came, settings):
    """What spikes [steps, axons] that came count: all alike, or by the steps that are left, up to four of the first."""
    if settings.code == "rate":
        return came.sum(axis=0)
    steps = np.arange(len(came))
    return np.minimum(np.clip((18 - steps) / 18, 0, 1) @ came, 4)


class Floats:
    """The same network and lessons in floats, one layer after the other, without bounds and rounding."""

    def __init__(self, net, settings, levels):
        neurons = PIXELS + CLASSES
        self.settings, self.levels = settings, levels
        self.first = net.weights[:PIXELS, : settings.hidden].astype(float)
        rows = slice(neurons, neurons + settings.hidden) if settings.hidden else slice(0, PIXELS)
        self.second = net.weights[rows, settings.hidden :].astype(float)
        # A row for each class: the error that a spike of its output takes from each neuron.
        self.taken = -net.weights[neurons + settings.hidden :].astype(float)

    def show(self, image):
        """Return what came to each layer, and its spikes and last membranes; of one step after the other."""
        silent = np.zeros((self.settings.steps - len(image), PIXELS))
        came, layers = np.concatenate([image, silent]).astype(float), []
        weights = [self.first, self.second] if self.settings.hidden else [self.second]
        for each, level in zip(weights, self.levels[-len(weights) :], strict=True):
            # With one spike a pixel, what a hidden neuron gets stays on.
            stays = self.settings.code == "latency" and each is self.first
            membrane, spikes, current = np.zeros(each.shape[1]), np.zeros((len(came), each.shape[1])), 0
            for step, now in enumerate(came):
                current = stays * current + now @ each
                membrane = membrane + current
                spikes[step] = membrane > level
                membrane = membrane - level * spikes[step]
            layers.append((came, spikes, membrane))
            came = np.concatenate([np.zeros((1, each.shape[1])), spikes[:-1]])  # a step later
        return layers

    def errors(self, counts, label):
        """Return the error of each neuron, from the spikes that outputs fired until the step before the last."""
        wanted = self.settings.target * (np.arange(CLASSES) == label)
        return (wanted - counts) @ self.taken

    def learn(self, image, label, share):
        """Give one lesson; return the answer before it."""
        layers, size = self.show(image), self.settings.hidden
        spikes = layers[-1][1]
        error = self.errors(spikes[:-1].sum(axis=0), label)
        rate = share * self.settings.rate / self.settings.way.unit
        came, _, _ = layers[-1]
        self.second += rate * np.outer(counted(came, self.settings), error[size:])
        if size:
            came, _, membrane = layers[0]
            slope = np.abs(membrane) < self.levels[0]
            self.first += rate * np.outer(counted(came, self.settings), error[:size] * slope)
        return int(classify(spikes[np.newaxis] > 0)[0])

    def answer(self, image):
        return int(classify(self.show(image)[-1][1][np.newaxis] > 0)[0])


SIZES = pytest.mark.parametrize(
    ("settings", "samples"),
    [(DELTA, "rate"), (DIGITS, "rate"), (DIGITS_ONCE, "latency")],
    ids=["delta", "hidden", "latency"],
    indirect=["samples"],
)


@SIZES
def test_spikes_are_those_of_floats(settings, device, samples):
    levels = hidden.thresholds(settings, samples.train)
    net = hidden.build(settings, levels, seed=2)
    device.load(net)
    result = device.run(spikes=questions(samples.train[:20], settings))
    spikes = result.spikes.reshape(20, settings.steps, -1)
    model = Floats(net, settings, levels)
    for image, found in zip(samples.train, spikes, strict=False):
        assert np.array_equal(found, np.concatenate([layer[1] for layer in model.show(image)], axis=1))


@SIZES
def test_error_before_learn_is_what_recorded_spikes_say(settings, device, samples):
    of_hidden, of_outputs = hidden.thresholds(settings, samples.train)
    levels = (of_hidden, of_outputs // 4)  # outputs that fire much, untrained as they are
    net = hidden.build(settings, levels, seed=1)
    device.load(net)
    model = Floats(net, settings, levels)
    last, fired = settings.steps - 1, 0
    for image, label in zip(samples.train[:20, np.newaxis], samples.train_labels, strict=False):
        lesson = lessons(image, np.array([label]), settings)
        result = device.run(spikes=lesson.cut(0, last))
        counts = result.spikes[: last - 1, settings.hidden :].sum(axis=0)  # the last ones are still on their way
        assert np.array_equal(device.errors(units="chip"), model.errors(counts, label))
        device.run(spikes=lesson.cut(last, last + 1))
        assert not device.errors().any()
        fired += counts.sum()
    assert fired > 20


@SIZES
def test_lesson_changes_weights_by_spikes_times_error(settings, device, samples):
    if settings.code == "rate":  # otherwise large errors would be cut
        settings = replace(settings, rate=2 * settings.rate)
    levels = hidden.thresholds(settings, samples.train)
    net = hidden.build(settings, levels, seed=1)
    device.load(net)
    before = device.weights().astype(float)
    image, label = samples.train[:1], samples.train_labels[:1]
    lesson = lessons(image, label, settings, share=0.5, rise=rise_of(device))
    result = device.run(spikes=lesson, record=["spikes", "v"])
    changed = device.weights() - before
    spikes, last = result.spikes, settings.steps - 1
    error = Floats(net, settings, levels).errors(spikes[:last, settings.hidden :].sum(axis=0), label[0])
    of_hidden = np.arange(settings.neurons) < settings.hidden
    error[of_hidden & (np.abs(result.v[-1]) >= levels[0])] = 0
    came = np.zeros((settings.steps, PIXELS + CLASSES + settings.neurons))
    came[: hidden.SPIKES, :PIXELS] = image[0]
    came[1:, PIXELS + CLASSES :] = spikes[:last]  # a step later
    counts = counted(came, settings)
    expected = 0.5 * settings.rate / settings.way.unit * np.outer(counts, error)
    expected *= net.plastic
    expected = np.clip(before + expected, -127, 127) - before
    # Rounding by chance: each change is one of the two whole numbers beside, and right on average.
    assert np.count_nonzero(expected) > 100
    assert (np.abs(changed - expected) < 1 + 0.01 * np.abs(expected)).all()
    assert (changed[expected == 0] == 0).all()
    off = (changed - expected)[expected != 0]
    assert abs(off.mean()) < 4 * off.std() / off.size**0.5


class TestRightAnswers:
    @pytest.fixture
    def fires(self, device):
        """A delta network on a device: its first pixel lets output 3 fire as often as it should, and no other."""
        net = hidden.build(DELTA, (1, 160), seed=1)
        net.weights[:PIXELS] = 0
        net.weights[0, 3] = 121
        device.load(net)
        device.clear(counters=True)
        image = np.zeros((1, hidden.SPIKES, PIXELS), bool)
        image[0, :, 0] = True
        return device, image

    def test_change_nothing(self, fires):
        device, image = fires
        before = device.weights()
        result = device.run(spikes=lessons(np.repeat(image, 3, axis=0), np.array([3, 3, 3]), DELTA))
        assert result.counts.tolist() == [0, 0, 0, 3 * DELTA.target, 0, 0, 0, 0, 0, 0]
        assert np.array_equal(device.weights(), before)
        counters = device.counters()
        assert counters["potentiations"] == counters["depressions"] == 0
        assert Effort.of(device, lessons=3).walks == 0

    def test_wrong_label_changes_two_outputs(self, fires):
        device, image = fires
        before = device.weights()
        device.run(spikes=lessons(image, np.array([4]), DELTA))
        changed = device.weights() - before
        assert np.flatnonzero(changed.any(axis=0)).tolist() == [3, 4]
        assert np.flatnonzero(changed.any(axis=1)).tolist() == [0]
        assert changed[0, 3] < 0 < changed[0, 4]
        effort = Effort.of(device, lessons=1)
        # Pixels, the label, and spikes of output 3, which come back.
        assert (effort.steps, effort.arrivals, effort.walks) == (17, 16 + 1 + 12, 2)

    def test_questions_change_nothing(self, fires):
        device, image = fires
        before = device.weights()
        device.run(spikes=questions(image, DELTA))
        assert np.array_equal(device.weights(), before)


def test_pixel_fires_once_the_brighter_the_earlier():
    shades = np.arange(17)
    spikes = latency.encoded(shades[np.newaxis], hidden.SPIKES, once=True)[0]
    assert spikes.sum(axis=0).tolist() == [0] + [1] * 16
    steps = spikes[:, 1:].argmax(axis=0)
    assert (steps[0], steps[-1]) == (14, 0)
    assert (np.diff(steps) <= 0).all()
    # A shade of less than half a sixteenth is black.
    assert not latency.encoded([[0.03]], hidden.SPIKES, white=1, once=True).any()


@pytest.mark.parametrize(("size", "code"), [(0, "latency"), (20, "burst")])
def test_code_that_cannot_be_is_refused(size, code):
    with pytest.raises(ncx.errors.InputError, match=f"got '{code}'"):
        Settings(inputs=64, hidden=size, epochs=1, target=8, rate=0.04, code=code)


def test_deadband_leaves_small_errors_alone(device, samples):
    settings = replace(DELTA, deadband=16.0, epochs=1)
    outcome = hidden.learn(device, samples, settings)
    assert outcome.facts["walks_per_image"] == 0


def test_rate_falls_by_epoch():
    shares = [DIGITS.share(epoch) for epoch in range(DIGITS.epochs)]
    assert shares == [1.0] * 12 + [0.5] * 6 + [0.25] * 4 + [0.125] * 2
    assert replace(DIGITS, epochs=1).share(0) == 1.0


@SIZES
def test_accuracy_is_that_of_floats(settings, device, samples):
    settings = replace(settings, epochs=9 if settings.code == "latency" else 3)  # it begins slowly
    outcome = hidden.learn(device, samples, settings, seed=7, curve=True)
    levels = hidden.thresholds(settings, samples.train)
    model = Floats(hidden.build(settings, levels, seed=7), settings, levels)
    order, curve = np.random.default_rng([7, 1]), []
    for epoch in range(settings.epochs):
        right = [
            model.learn(samples.train[one], samples.train_labels[one], settings.share(epoch))
            == samples.train_labels[one]
            for one in order.permutation(len(samples.train))
        ]
        curve.append(np.mean(right))
    answers = [model.answer(image) for image in samples.test]
    assert outcome.accuracy == pytest.approx(np.mean(answers == samples.test_labels), abs=0.06)
    assert outcome.curve == pytest.approx(curve, abs=0.06)
    assert outcome.accuracy > 0.75


def test_frozen_hidden_layer_keeps_its_weights(device, samples):
    settings = replace(DIGITS, epochs=1)
    still, learned = (hidden.learn(device, samples, settings, frozen=frozen).weights for frozen in (True, False))
    net = hidden.build(settings, hidden.thresholds(settings, samples.train))
    to_hidden, to_outputs = np.s_[:, : settings.hidden], np.s_[:, settings.hidden :]
    assert np.array_equal(still[to_hidden], net.weights[to_hidden])
    assert not np.array_equal(learned[to_hidden], net.weights[to_hidden])
    assert not np.array_equal(still[to_outputs], net.weights[to_outputs])
    # Feedback stays what it was in both.
    rows = PIXELS + CLASSES + settings.hidden
    assert np.array_equal(learned[PIXELS : PIXELS + CLASSES], net.weights[PIXELS : PIXELS + CLASSES])
    assert np.array_equal(learned[rows:], net.weights[rows:])


def test_watching_changes_no_bit(samples):
    outcomes = []
    for curve in (True, False):
        with ncx.open("emulator") as device:
            outcomes.append(hidden.learn(device, samples, replace(DIGITS, epochs=2), curve=curve))
    watched, unwatched = outcomes
    assert np.array_equal(watched.weights, unwatched.weights)
    assert (len(watched.curve), unwatched.curve) == (2, [])


def test_lessons_in_several_runs_are_those_of_one(samples, monkeypatch):
    weights = []
    for block in (hidden.BLOCK, 70):
        monkeypatch.setattr(hidden, "BLOCK", block)
        with ncx.open("emulator") as device:
            device.load(hidden.build(DELTA, (1, 300)))
            answers = Lessons(device, DELTA).teach(samples.train, samples.train_labels, 1.0, watched=True)
            weights.append((device.weights(), answers))
    assert np.array_equal(weights[0][0], weights[1][0])
    assert np.array_equal(weights[0][1], weights[1][1])


def test_same_seed_gives_same_weights(samples):
    weights = []
    for seed in (0, 0, 1):
        with ncx.open("emulator") as device:
            weights.append(hidden.learn(device, samples, replace(DIGITS, epochs=1), seed=seed).weights)
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_progress_is_told(device, samples):
    seen = []
    hidden.learn(device, samples, replace(DELTA, epochs=2), progress=lambda *at: seen.append(at))
    assert seen == [(1, 2), (2, 2)]


def test_picture_shows_fields_curves_and_confusion(device, samples):
    settings = replace(DIGITS, epochs=2)
    still, learned = (hidden.learn(device, samples, settings, frozen=frozen, curve=True) for frozen in (True, False))
    axes = draw(hidden.Beside(learned=learned, frozen=still)).axes
    (fields,) = (axis for axis in axes if len(axis.images) == settings.hidden)
    assert np.array_equal([each.get_array().ravel() for each in fields.images], learned.weights[:PIXELS, :20].T)
    (curves,) = (axis for axis in axes if axis.get_xlabel() == "epoch")
    assert np.allclose(curves.lines[0].get_ydata(), np.multiply(100, learned.curve))
    assert curves.get_legend_handles_labels()[1][:2] == ["all layers learn", "hidden layer frozen"]
    assert any(axis.get_ylabel() == "true class" for axis in axes)


def test_all_digits_are_learned(device):
    samples = Samples.of(load_data(), hidden.SPIKES)
    outcome = hidden.learn(device, samples, DELTA)
    assert outcome.accuracy >= 0.95
    assert (len(outcome.labels), outcome.trained, outcome.neurons) == (594, 1203, 10)
    assert (device.config.weight_bits, device.config.errors) == (8, True)
    assert outcome.counters["saturations"] == outcome.counters["full_traces"] == 0


def test_hidden_layer_that_learns_is_better_than_a_frozen_one(device):
    samples = Samples.of(load_data(), hidden.SPIKES)
    still, learned = (
        hidden.learn(device, samples, replace(DIGITS, epochs=6), frozen=frozen) for frozen in (True, False)
    )
    assert learned.accuracy >= 0.94
    assert still.accuracy <= 0.85


def test_one_spike_a_pixel_is_enough(device):
    samples = Samples.of(load_data(), hidden.SPIKES, once=True)
    assert samples.train.sum(axis=1).max() == 1
    outcome = hidden.learn(device, samples, replace(DIGITS_ONCE, epochs=6))
    assert outcome.accuracy >= 0.92
    assert outcome.counters["saturations"] == 0
    often = latency.encoded(load_data()[0], hidden.SPIKES)
    assert samples.train.sum() < often.sum() / 8
