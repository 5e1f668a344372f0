"""Digits demonstration: data, encoding, training, the shipped network, and its outcome."""

import json
import sys

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.demos import digits, training
from neurocorex.demos.warping import warped
from neurocorex.errors import InputError, MissingToolError
from neurocorex.quantiser.quantise import quantise
from neurocorex.quantiser.report import Report
from neurocorex.spec import CoreConfig

SHORT = training.Settings(epochs=2)


@pytest.fixture(scope="module")
def outcome():
    """Outcome of all test images on the emulator, with the shipped network."""
    with ncx.open("emulator") as device:
        device.load(digits.image())
        yield digits.evaluate(device)


def test_data_are_the_usual_split():
    train_x, train_y, test_x, test_y = digits.load_data()
    assert (train_x.shape, test_x.shape) == ((1203, 64), (594, 64))
    assert (train_x.min(), train_x.max()) == (0, 16)
    assert test_y[:10].tolist() == [6, 9, 3, 7, 2, 1, 5, 2, 5, 2]
    assert (len(train_y), len(test_y)) == (1203, 594)


def test_missing_scikit_learn_names_the_extra(monkeypatch):
    digits.load_data.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[examples\]'"):
        digits.load_data()


# Spikes --------------------------------------------------------------------------------------------


def test_brighter_pixels_fire_more_and_earlier():
    image = np.zeros((1, 64), int)
    image[0, :4] = [0, 5, 11, 16]
    raster = digits.encode(image)[0]
    assert raster.shape == (20, 64)
    assert raster.sum(axis=0)[:5].tolist() == [0, 1, 2, 3, 0]
    first = np.argmax(raster, axis=0)[1:4].tolist()
    assert first == sorted(first, reverse=True)
    assert not raster[-1].any()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        pytest.param(np.zeros((2, 63), int), r"images must be integers \[samples, 64\]", id="size"),
        pytest.param(np.zeros((2, 64)), "got float64", id="floats"),
        pytest.param(np.full((2, 64), 17), "pixels must be from 0 to 16, got 17 to 17", id="white"),
    ],
)
def test_other_images_are_refused(images, message):
    with pytest.raises(InputError, match=message):
        digits.encode(images)


def test_class_is_the_output_with_most_spikes():
    spikes = np.zeros((4, 6, 10), bool)
    spikes[0, 2, 7] = True
    spikes[1, [1, 2], 3] = spikes[1, [0, 5], 2] = True  # 3 is the first to reach two
    spikes[2, [1, 4], 8] = spikes[2, [2, 4], 6] = True  # both reach two in the same step
    assert digits.classify(spikes).tolist() == [7, 3, 6, 0]


# Training ------------------------------------------------------------------------------------------


def test_warps_keep_the_range_and_follow_the_seed():
    images = digits.load_data()[0][:50]
    result = warped(images, np.random.default_rng(1), 0.6)
    assert (result.min(), result.max()) == (0, 16)
    assert 0.5 < np.abs(result - images).mean() < 3
    assert np.array_equal(result, warped(images, np.random.default_rng(1), 0.6))


def test_warp_of_no_strength_changes_nothing():
    images = digits.load_data()[0][:50]
    assert np.array_equal(warped(images, np.random.default_rng(1), 0.0), images)


def test_same_seed_gives_the_same_bytes():
    images, labels = (part[:200] for part in digits.load_data()[:2])
    first, again, other = (
        training.train_network(images, labels, seed=seed, settings=SHORT).to_bytes() for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_training_learns_and_tells_its_progress():
    images, labels = (part[:300] for part in digits.load_data()[:2])
    seen = []
    settings = training.Settings(epochs=8)
    model = training.train_model(images, labels, seed=0, settings=settings, progress=lambda *at: seen.append(at))
    outputs = model.run(digits.encode(images)).output.spikes > 0
    assert np.mean(digits.classify(outputs.transpose(1, 0, 2)) == labels) > 0.6
    assert seen == [(epoch, 8) for epoch in range(1, 9)]


def test_gradient_of_the_last_layer_is_that_of_the_surrogate():
    """The change of the linearised loss, computed apart, is the gradient."""
    model = training.Model(np.random.default_rng(2))
    images, labels = digits.load_data()[0][:20], digits.load_data()[1][:20]
    settings = training.Settings(price=0.0)
    passed = model.run(digits.encode(images))
    _, slope = passed.gradients(labels, model.integers[1], settings)
    counts = passed.output.spikes.sum(axis=0)
    odds = np.exp(settings.gain * counts)
    wrong = settings.gain / 20 * (odds / odds.sum(axis=1, keepdims=True) - np.eye(10)[labels])
    sigmoid = 1 / (64 * (1 + settings.sharpness * np.abs(passed.output.membranes / 64 - 1)) ** 2)
    heard = np.cumsum(passed.delayed, axis=0)  # membranes keep all that they ever got
    expected = np.einsum("tsh,tso,so->ho", heard, sigmoid, wrong)
    assert slope == pytest.approx(expected, abs=1e-6)


def test_training_computes_what_the_chip_computes():
    images, labels = (part[:200] for part in digits.load_data()[:2])
    model = training.train_model(images, labels, seed=0, settings=SHORT)
    passed = model.run(digits.encode(images))
    with ncx.open("emulator") as device:
        device.load(training.train_network(images, labels, seed=0, settings=SHORT))
        result = device.run(spikes=digits.encode(images))
    assert np.array_equal(result.spikes[:, :, : digits.HIDDEN], passed.hidden.spikes.transpose(1, 0, 2) > 0)
    assert np.array_equal(result.spikes[:, :, digits.OUTPUTS], passed.output.spikes.transpose(1, 0, 2) > 0)


# The shipped network -------------------------------------------------------------------------------


def test_shipped_network_is_exact_and_without_warnings():
    image = digits.image()
    assert image.config == CoreConfig(neurons=96, inputs=64)
    assert len(image.to_bytes()) < 50_000
    assert Report.of(image).warnings == []


def test_shipped_network_can_be_built_again():
    image, report = quantise(digits.network())
    assert report.exact
    assert image.scale == 1
    for region, values in digits.image().regions.items():
        np.testing.assert_array_equal(image.regions[region], values, err_msg=region.name)


def test_outputs_have_silent_axons():
    delays = digits.image().regions[ncx.Region.DELAY]
    assert set(delays[: digits.HIDDEN].tolist()) == {1}
    assert set(delays[digits.OUTPUTS].tolist()) == {0}


def test_shipped_network_reads_the_test_images(outcome):
    assert len(outcome.labels) == 594
    assert outcome.accuracy >= 0.975
    assert outcome.counters["steps"] == 594 * 20
    assert outcome.counters["saturations"] == 0
    assert outcome.arrivals_per_step < 7.5


def test_table_of_classes_adds_up(outcome):
    assert sum(row["images"] for row in outcome.per_class) == 594
    assert sum(row["correct"] for row in outcome.per_class) == round(outcome.accuracy * 594)
    assert outcome.confusion.sum() == 594
    assert json.dumps(outcome.per_class)


def test_outcome_reads_as_text(outcome):
    lines = str(outcome).splitlines()
    assert lines[0] == "digit  images  correct  accuracy  mistaken for"
    assert len(lines) == 14
    assert f"of 594 images right: {outcome.accuracy:.2%}" in lines[12]


def test_raster_shows_the_first_images(outcome):
    figure = outcome.raster(images=3)
    assert [axis.get_ylabel() for axis in figure.axes] == ["input axon", "neuron"]
    assert len(figure.axes[0].texts) == 3
    assert figure.axes[1].get_xlim() == (0, 60)


def test_larger_chip_gives_the_same_answers(outcome):
    with ncx.open("emulator", config=CoreConfig(neurons=128, inputs=70, lanes=4)) as device:
        device.load(digits.image())
        part = digits.evaluate(device, images=40, membranes=False)
    assert part.predictions.tolist() == outcome.predictions[:40].tolist()
    assert part.result.v.size == 0
    assert part.neurons == 96


def test_progress_is_told():
    seen = []
    with ncx.open("emulator") as device:
        device.load(digits.image())
        digits.evaluate(device, images=5, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (100, 100)


@pytest.mark.parametrize("images", [0, 595])
def test_images_that_there_are_not_are_refused(images):
    with ncx.open("emulator") as device:
        device.load(digits.image())
        with pytest.raises(InputError, match="images must be from 1 to 594"):
            digits.evaluate(device, images=images)


def test_device_without_the_network_is_refused():
    with (
        ncx.open("emulator", config=CoreConfig(neurons=8, inputs=64)) as device,
        pytest.raises(InputError, match="the digits need 64 inputs and 96 neurons, the device has 64 and 8"),
    ):
        digits.evaluate(device)


def test_data_are_split_as_usual() -> None:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data = load_digits()
    expected = train_test_split(data.data.astype(np.int64), data.target, test_size=0.33, random_state=42)
    train_x, train_y, test_x, test_y = digits.load_data()
    for mine, theirs in zip((train_x, test_x, train_y, test_y), expected, strict=True):
        assert np.array_equal(mine, theirs)
