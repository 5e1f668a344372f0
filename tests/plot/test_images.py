"""Pictures beside files that somebody has looked at, within a tolerance; and what makes them easy to read."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.testing.compare import compare_images
from neurocorex import plot
from neurocorex.errors import InputError
from neurocorex.plot.canvas import COLOURS, new_figure
from neurocorex.plot.picture import Picture
from support import plotted

#: Root mean square of the differences, of 255; a curve of another colour makes 3 and more.
TOLERANCE = 2.0


def pixels(figure) -> np.ndarray:
    """Red, green and blue, [rows, columns, 3], 0 to 1."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


@pytest.mark.parametrize("name", plotted.PICTURES)
def test_picture_looks_as_it_did(name, tmp_path):
    plotted.draw(name, tmp_path / f"{name}.png")
    told = compare_images(str(plotted.FOLDER / f"{name}.png"), str(tmp_path / f"{name}.png"), TOLERANCE)
    assert told is None, told


def test_comparison_finds_another_picture(tmp_path):
    plot.raster(plotted.result(), groups={"first": [0, 1], "second": [2]}).savefig(
        tmp_path / "raster.png", dpi=plotted.DPI
    )
    assert compare_images(str(plotted.FOLDER / "raster.png"), str(tmp_path / "raster.png"), TOLERANCE)


# Rasters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("neurons", [1, 3, 10, 40])
def test_bars_of_a_raster_leave_gaps_above_and_beside_them(neurons):
    fired = np.zeros((50, neurons), bool)
    fired[::5] = True
    figure = plot.raster(fired, groups={"all": slice(None)})
    shown = pixels(figure)
    (axis,) = figure.axes
    box = axis.get_window_extent()
    top, bottom = len(shown) - round(box.y1) + 2, len(shown) - round(box.y0) - 2
    left, right = round(box.x0) + 3, round(box.x1) - 3
    blue = np.abs(shown[top:bottom, left:right] - np.array(to_rgb(COLOURS[0]))).sum(axis=2) < 0.3
    inside = blue[:, blue.any(axis=0)].mean()
    assert 0.25 < inside < 0.85  # of the height of its rows
    assert blue.any(axis=0).mean() < 0.2  # of the width


def test_few_neurons_make_a_low_picture():
    heights = [plot.raster(np.ones((5, count), bool)).get_figheight() for count in (1, 4, 12, 100)]
    assert heights == sorted(heights)
    assert heights[0] < 1.5


def test_neurons_in_no_group_are_grey_and_named():
    figure = plot.raster(plotted.result(), groups={"first": [0]})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["first", "in no group"]
    counts = [len(part.get_offsets()) for part in figure.axes[0].collections]
    assert counts == [5, 15]


def test_every_group_has_a_colour_of_its_own():
    figure = plot.raster(np.ones((3, 40), bool), groups={f"group {number}": [number] for number in range(40)})
    colours = [tuple(part.get_edgecolor()[0]) for part in figure.axes[0].collections]
    assert len(set(colours)) == 40


# Windows of time ---------------------------------------------------------------------------------


def test_window_shows_its_part_of_the_time():
    figure = plot.raster(plotted.result(), window=(20, 45))
    (axis,) = figure.axes
    assert axis.get_xlim() == (20, 45)
    times = [time for part in axis.collections for time, _ in part.get_offsets()]
    expected = plotted.result().spike_times + 0.5
    assert sorted(times) == sorted(expected[(expected >= 20) & (expected <= 45)])


def test_window_of_membranes_sets_the_vertical_scale():
    v = np.zeros((100, 1))
    v[10], v[50] = 1000.0, 1.0
    axis = plot.membranes(v, window=(40, 60)).axes[0]
    assert axis.get_ylim()[1] < 2
    assert axis.get_xlim() == (40, 60)


def test_window_of_weights_counts_from_its_own_ends():
    table = plotted.history()
    figure = plot.weights_over_time(table[:, :2, :2], steps=np.arange(30), window=(5.0, 9.0))
    lines = figure.axes[0].lines
    assert all(line.get_xdata().tolist() == [5, 6, 7, 8, 9] for line in lines)
    assert sorted(line.get_ydata()[-1] for line in lines) == sorted(table[9, :2, :2].ravel())


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ((50, 20), r"window is \(50, 20\), expected two ascending times in milliseconds"),
        ((100, 120), r"window is \(100, 120\) ms, there is something to draw from 0 to 100 ms only"),
        (30, "window is 30, expected two ascending times"),
        ((0, np.inf), "expected two ascending times"),
    ],
)
@pytest.mark.parametrize("draw", [plot.raster, plot.membranes])
def test_window_without_anything_in_it_is_refused(draw, window, message):
    with pytest.raises(InputError, match=message):
        draw(plotted.result(), window=window)


def test_window_between_two_readings_of_the_weights_says_when_they_were():
    with pytest.raises(InputError, match=r"no weights were read in it; they were at 0, 100, 200 ms"):
        plot.weights_over_time(plotted.history()[:3], steps=[0, 100, 200], window=(120, 130))


# Membranes, weights ------------------------------------------------------------------------------


def test_refractory_time_is_shaded_after_each_spike():
    axis = plot.membranes(plotted.result(), neurons=[1]).axes[0]
    (shade,) = axis.collections
    spans = sorted((path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in shade.get_paths())
    assert spans == [(time + 1, time + 7) for time in (13, 33, 53, 73, 93)]


def test_thresholds_of_a_result_are_drawn_unless_they_are_far_away():
    def dashed(result):
        axis = plot.membranes(result, neurons=[0]).axes[0]
        return [line.get_ydata()[0] for line in axis.lines if line.get_linestyle() == "--"]

    result = plotted.result()
    assert dashed(result) == [1.0]
    far = replace(result, threshold_items=np.full(4, 9000))
    assert dashed(far) == []


def test_two_modes_of_weights_are_two_dark_bands():
    axis = plot.weights_over_time(plotted.history()).axes[0]
    (image,) = axis.collections
    last = image.get_array()[:, -1].filled(0)
    third = len(last) // 3
    assert last[:third].sum() > 40
    assert last[-third:].sum() > 40
    assert last[third:-third].sum() == 0
    assert last.sum() == 120


def test_strong_inhibition_leaves_excitation_its_colours():
    matrix = plotted.inhibited()
    figure = plot.weights(matrix, inputs=8)
    (image,) = figure.axes[0].images
    low, high = image.get_clim()
    assert (low, high) == (-8.0, matrix.max())
    shades = image.cmap(image.norm(matrix[:8]))[:, :, 1]
    assert np.ptp(shades) > 0.5  # not all nearly white
    assert "red and blue on scales of their own" in figure.axes[1].get_ylabel()


def test_outlier_is_clipped_and_counted():
    matrix = np.random.default_rng(1).normal(0, 0.1, (40, 40))
    matrix[3, 4] = 5.0
    figure = plot.weights(matrix)
    high = figure.axes[0].images[0].get_clim()[1]
    assert high < 0.5
    beyond = np.count_nonzero(np.abs(matrix) > high)
    assert f"{beyond} beyond the colours" in figure.axes[1].get_ylabel()


def test_weights_of_similar_size_share_a_scale_and_need_no_remark():
    figure = plot.weights(np.array([[0.5, -1.0], [1.2, 0.0]]))
    assert figure.axes[0].images[0].get_clim() == (-1.2, 1.2)
    assert figure.axes[1].get_ylabel() == "weight"


# Notebooks, axes ---------------------------------------------------------------------------------


def test_every_picture_shows_itself_in_a_notebook_and_pyplot_does_not_know_it():
    figure = plot.raster(plotted.result())
    assert isinstance(figure, Picture)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


EVERY = {
    "raster": lambda ax: plot.raster(plotted.result(), inputs=plotted.result().spikes, ax=ax),
    "membranes": lambda ax: plot.membranes(plotted.result(), ax=ax),
    "weights": lambda ax: plot.weights(plotted.inhibited(), ax=ax),
    "weights_over_time": lambda ax: plot.weights_over_time(plotted.history(), ax=ax),
    "weight_change": lambda ax: plot.weight_change(*plotted.history()[:2], ax=ax),
    "weight_histogram": lambda ax: plot.weight_histogram([1.0, 2.0], ax=ax),
    "learning_curve": lambda ax: plot.learning_curve([0.5, 0.6], ax=ax),
    "confusion": lambda ax: plot.confusion([0, 1], [0, 1], ax=ax),
    "fields": lambda ax: plot.fields(np.ones((4, 2)), shape=(2, 2), ax=ax),
}


@pytest.mark.parametrize("name", EVERY)
def test_picture_is_drawn_into_the_axes_of_a_user_and_nowhere_else(name):
    figure = new_figure(6, 3)
    left, right = figure.subplots(1, 2)
    assert EVERY[name](left) is figure
    assert not right.has_data()
    inside = [*left.child_axes, left]
    assert any(axis.has_data() or axis.images or axis.collections for axis in inside)
    figure.draw_without_rendering()


@pytest.mark.parametrize("name", EVERY)
def test_something_else_than_axes_is_refused(name):
    with pytest.raises(InputError, match="ax is Picture, expected one of matplotlib's axes"):
        EVERY[name](new_figure(1, 1))
