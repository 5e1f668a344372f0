"""Receptive fields: what is drawn is what was given, each weight at its pixel, and every label can be read."""

import io
import sys

import numpy as np
import pytest
from neurocorex import plot
from neurocorex.errors import InputError, MissingToolError
from neurocorex.plot.canvas import new_figure

SIZES = [(10, 8), (10, 28), (90, 8), (90, 14), (400, 8), (400, 28)]


def some(inputs: int, neurons: int, seed: int = 1):
    """Weights of 8 bits."""
    return np.random.default_rng(seed).integers(-128, 128, (inputs, neurons))


def drawn(figure) -> None:
    figure.savefig(io.BytesIO(), format="png")


def test_each_weight_is_at_its_pixel():
    weights = some(6, 5)
    images = plot.fields(weights, shape=(2, 3)).axes[0].images
    assert len(images) == 5
    for neuron, image in enumerate(images):
        pixels = image.get_array()
        assert pixels.shape == (2, 3)
        for number in range(6):
            assert pixels[number // 3, number % 3] == weights[number, neuron]


def test_first_row_of_an_image_is_its_upper_one():
    axis = plot.fields(some(6, 1), shape=(2, 3)).axes[0]
    left, right, bottom, top = axis.images[0].get_extent()
    assert (right - left, bottom - top, axis.images[0].origin) == (3, 2, "upper")
    assert axis.yaxis_inverted()


def test_neurons_follow_each_other_row_by_row():
    axis = plot.fields(some(4, 7), shape=(2, 2), columns=3).axes[0]
    lefts, _, _, tops = zip(*(image.get_extent() for image in axis.images), strict=True)
    columns, rows = sorted(set(lefts)), sorted(set(tops))
    assert [columns.index(left) for left in lefts] == [0, 1, 2, 0, 1, 2, 0]
    assert [rows.index(top) for top in tops] == [0, 0, 0, 1, 1, 1, 2]


@pytest.mark.parametrize(("neurons", "columns"), [(1, 1), (2, 2), (3, 3), (10, 5), (90, 10), (96, 12), (400, 20)])
def test_grid_is_about_a_square_without_empty_places(neurons, columns):
    axis = plot.fields(np.ones((1, neurons)), shape=(1, 1)).axes[0]
    assert len({image.get_extent()[0] for image in axis.images}) == columns


@pytest.mark.parametrize("weights", [some(4, 3), np.array([[-128, 5, 0]] * 4, np.int8), some(4, 3) / 128.0])
def test_images_share_one_scale_with_zero_in_its_middle(weights):
    axis, bar = plot.fields(weights, shape=(2, 2)).axes
    largest = max(abs(float(weight)) for weight in weights.flat)
    assert {image.get_clim() for image in axis.images} == {(-largest, largest)}
    assert {image.get_cmap().name for image in axis.images} == {"RdBu_r"}
    assert bar.get_ylim() == (-largest, largest)
    assert bar.get_ylabel() == ("weight" if weights.dtype.kind == "f" else "weight (units of the chip)")


def test_weights_of_zero_can_be_drawn():
    figure = plot.fields(np.zeros((4, 2)), shape=(2, 2))
    assert figure.axes[0].images[0].get_clim() == (-1, 1)
    drawn(figure)


def test_labels_stand_above_their_images():
    axis = plot.fields(some(4, 3), shape=(2, 2), labels=[7, -1, 0]).axes[0]
    assert [text.get_text() for text in axis.texts] == ["7", "-", "0"]
    for text, image in zip(axis.texts, axis.images, strict=True):
        left, right, _, top = image.get_extent()
        assert text.get_position()[0] == (left + right) / 2
        assert text.get_position()[1] < top
    named = plot.fields(some(4, 2), shape=(2, 2), labels=["shirt", "bag"]).axes[0]
    assert [text.get_text() for text in named.texts] == ["shirt", "bag"]
    assert not plot.fields(some(4, 3), shape=(2, 2)).axes[0].texts


def test_first_neurons_of_many_are_drawn_and_the_title_says_so():
    weights = some(4, 50)
    weights[0, 20] = 1000  # not drawn, so not on the scale
    axis = plot.fields(weights, shape=(2, 2), labels=range(50), most=20).axes[0]
    assert len(axis.images) == len(axis.texts) == 20
    assert axis.get_title("left") == "receptive fields: first 20 of 50 neurons"
    assert axis.images[0].get_clim()[1] <= 128
    titles = [
        plot.fields(some(1, neurons), shape=(1, 1), title=title).axes[0].get_title("left")
        for neurons, title in ((401, "subset"), (400, None), (1, None))
    ]
    assert titles == [
        "subset: first 400 of 401 neurons", "receptive fields: 400 neurons", "receptive fields: 1 neuron"
    ]  # fmt: skip


@pytest.mark.parametrize(("neurons", "side"), SIZES, ids=str)
def test_images_and_labels_have_room(neurons, side):
    figure = plot.fields(some(side * side, neurons), shape=(side, side), labels=np.arange(neurons) % 10)
    drawn(figure)
    axis = figure.axes[0]
    page, frame = figure.bbox, axis.get_window_extent()
    assert max(figure.get_size_inches()) <= 14
    images = [image.get_window_extent() for image in axis.images]
    assert images[0].width == pytest.approx(images[0].height, rel=0.01)
    assert images[0].width >= 1.5 * side  # a pixel of the picture for each, and more
    assert images[0].x0 >= frame.x0 - 1
    assert images[-1].y0 >= frame.y0 - 1
    for text, image in zip(axis.texts, images, strict=True):
        box = text.get_window_extent()
        assert text.get_fontsize() >= 5
        assert image.y1 <= box.y0 + 1
        assert image.x0 <= box.x0 <= box.x1 <= image.x1
        assert box.y1 <= page.y1
    columns = len({round(image.x0) for image in images})
    for text, above in zip(axis.texts[columns:], images, strict=False):
        assert text.get_window_extent().y1 <= above.y0 + 1


def test_fields_are_drawn_into_axes_of_a_larger_picture():
    figure = new_figure(6, 3)
    axis, other = figure.subplots(1, 2)
    assert plot.fields(some(4, 3), shape=(2, 2), labels=["a", "b", "c"], ax=axis) is figure
    assert (len(axis.images), len(other.images)) == (3, 0)
    drawn(figure)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: plot.fields(some(63, 4), shape=(8, 8)), r"63 rows, an image of shape \(8, 8\) has 64 pixels$"),
        (lambda: plot.fields(some(68, 4), shape=(8, 8)), r"68 rows, .* has 64 pixels; .* such as weights\[:64\]"),
        (lambda: plot.fields(some(64, 4), shape=64), r"shape is 64, expected rows and columns .* such as \(14, 14\)"),
        (lambda: plot.fields(some(64, 4), shape=(8, 8.0)), r"columns of shape is 8.0, expected a whole number"),
        (lambda: plot.fields(some(64, 4), shape=(-8, -8)), "rows of shape is -8"),
        (lambda: plot.fields(np.zeros(64), shape=(8, 8)), r"weights have shape \(64,\)"),
        (lambda: plot.fields(np.zeros((64, 0)), shape=(8, 8)), r"weights have shape \(64, 0\)"),
        (lambda: plot.fields([["a"]], shape=(1, 1)), "type <U1"),
        (lambda: plot.fields([[np.nan]], shape=(1, 1)), "weights must be finite"),
        (lambda: plot.fields(some(1, 4), shape=(1, 1), labels=[1]), r"labels have shape \(1,\), .* of 4 neurons"),
        (lambda: plot.fields(some(1, 4), shape=(1, 1), most=0), "most is 0"),
        (lambda: plot.fields(some(1, 4), shape=(1, 1), columns=True), "columns is True"),
    ],
)
def test_what_does_not_fit_is_explained(action, message):
    with pytest.raises(InputError, match=message):
        action()


def test_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[plot\]'"):
        plot.fields(some(4, 3), shape=(2, 2))
