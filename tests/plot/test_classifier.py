"""Learning curves and confusion: what is drawn is what was given, counted a second time."""

import io
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from neurocorex import plot
from neurocorex.errors import InputError, MissingToolError
from neurocorex.plot.canvas import new_figure


def drawn(figure) -> None:
    figure.savefig(io.BytesIO(), format="png")


# Learning curves ---------------------------------------------------------------------------------


def test_curve_has_a_point_for_each_epoch():
    figure = plot.learning_curve([0.5, 0.75, 1.0], title="digits")
    (axis,), (line,) = figure.axes, figure.axes[0].lines
    assert line.get_xdata().tolist() == [1, 2, 3]
    assert line.get_ydata().tolist() == [50, 75, 100]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("epoch", "accuracy (%)")
    assert axis.get_title("left") == "digits"
    assert axis.get_legend() is None
    drawn(figure)


def test_seeds_are_thin_and_their_median_is_thick():
    axis = plot.learning_curve([[0.1, 0.5], [0.2, 0.7], [0.6, 0.6]]).axes[0]
    *seeds, median = axis.lines
    assert [line.get_ydata().tolist() for line in seeds] == [[10, 50], [20, 70], [60, 60]]
    assert median.get_ydata().tolist() == [20, 60]
    assert median.get_linewidth() > 2 * max(line.get_linewidth() for line in seeds)
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["median of 3 seeds"]


def test_sets_have_names_colours_and_epochs_of_their_own():
    axis = plot.learning_curve({"training": [0.5, 0.9, 1.0], "test": [[0.4, 0.6], [0.6, 0.8]]}, chance=0.1).axes[0]
    texts = [text.get_text() for text in axis.get_legend().get_texts()]
    assert texts == ["training", "test, median of 2 seeds", "chance, 10%"]
    training, first, second, median, chance = axis.lines
    assert training.get_xdata().tolist() == [1, 2, 3]
    assert median.get_xdata().tolist() == [1, 2]
    assert training.get_color() != median.get_color() == first.get_color() == second.get_color()
    assert set(chance.get_ydata()) == {10}


def test_epochs_can_be_given():
    axis = plot.learning_curve([0.1, 0.5, 0.6], epochs=[0, 0.5, 2]).axes[0]
    assert axis.lines[0].get_xdata().tolist() == [0, 0.5, 2]


def test_one_epoch_is_a_visible_point_at_a_whole_number():
    figure = plot.learning_curve([0.3])
    drawn(figure)
    (axis,) = figure.axes
    assert axis.lines[0].get_marker() == "."
    low, high = axis.get_xlim()
    assert [tick for tick in axis.get_xticks() if low <= tick <= high] == [1]


# Confusion ---------------------------------------------------------------------------------------


def cells(axis) -> dict[tuple[int, int], int]:
    """Numbers as they are written, by (row, column)."""
    return {(round(y), round(x)): int(text.get_text()) for text in axis.texts for x, y in [text.get_position()]}


def names(ticks) -> list[str]:
    return [label.get_text() for label in ticks]


@pytest.mark.parametrize("unanswered", [0, 20], ids=["all answered", "some not answered"])
def test_cells_have_the_counts(unanswered):
    rng = np.random.default_rng(3)
    labels, answers = rng.integers(0, 5, 300), rng.integers(0, 5, 300)
    answers[:unanswered] = -1
    figure = plot.confusion(labels, answers)
    (axis,) = figure.axes
    columns = ["0", "1", "2", "3", "4", "none"][: 6 if unanswered else 5]
    assert names(axis.get_xticklabels()) == columns
    assert names(axis.get_yticklabels()) == ["0", "1", "2", "3", "4"]
    counted = Counter(zip(labels.tolist(), answers.tolist(), strict=True))
    expected = {
        (row, column): counted[row, -1 if name == "none" else column]
        for row in range(5) for column, name in enumerate(columns)
    }  # fmt: skip
    assert cells(axis) == expected
    assert {place: axis.images[0].get_array()[place] for place in expected} == expected
    assert sum(expected.values()) == 300
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("answer", "true class")
    drawn(figure)


def test_no_answer_is_parted_from_the_classes_and_counts_as_wrong():
    (axis,) = plot.confusion([0, 1, 2, 2], [0, -1, 2, 0], title="test").axes
    assert axis.lines[0].get_xdata() == [2.5, 2.5]
    assert axis.get_title("left") == "test: 2 of 4 right: 50.00%"
    (axis,) = plot.confusion([0, 1], [0, 1]).axes
    assert not axis.lines
    assert axis.get_title("left") == "2 of 2 right: 100.00%"


def test_classes_have_names_even_if_none_occurs():
    (axis,) = plot.confusion([0, 1], [-1, -1], classes=["bag", "shirt", "sneaker"]).axes
    assert names(axis.get_yticklabels()) == ["bag", "shirt", "sneaker"]
    assert names(axis.get_xticklabels()) == ["bag", "shirt", "sneaker", "none"]
    assert cells(axis)[2, 2] == 0
    assert {label.get_rotation() for label in axis.get_xticklabels()} == {90}


@pytest.mark.parametrize(("classes", "samples"), [(2, 10), (10, 60_000), (26, 5_000)])
def test_numbers_and_names_have_room(classes, samples):
    labels = np.arange(samples) % classes
    figure = plot.confusion(labels, np.where(labels == 1, -1, labels), title="a title")
    drawn(figure)
    (axis,) = figure.axes
    across = axis.get_window_extent().width / (classes + 1)
    for text in axis.texts:
        assert text.get_fontsize() >= 5
        assert text.get_window_extent().width <= across
    ticks = [label.get_window_extent() for label in axis.get_xticklabels()]
    assert all(first.x1 < second.x0 for first, second in pairwise(ticks))


def test_curves_and_confusion_are_drawn_into_axes_of_a_larger_picture():
    figure = new_figure(6, 3)
    left, right = figure.subplots(1, 2)
    assert plot.learning_curve([0.5], ax=left) is figure
    assert plot.confusion([0, 1], [0, 1], ax=right) is figure
    assert (len(left.lines), len(right.images)) == (1, 1)
    drawn(figure)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: plot.learning_curve([97.1]), r"accuracy holds 97.1, expected shares from 0 to 1, such as 0.97"),
        (lambda: plot.learning_curve({"test": [np.nan]}), r"accuracy of 'test' holds nan"),
        (lambda: plot.learning_curve([[0.5], [0.5, 0.6]]), "accuracy must be numbers, as many for each seed"),
        (lambda: plot.learning_curve([]), r"accuracy has shape \(0,\)"),
        (lambda: plot.learning_curve({}), "there is no accuracy to draw"),
        (lambda: plot.learning_curve([0.5, 0.6], epochs=[1]), "epochs must be 2 ascending numbers"),
        (lambda: plot.learning_curve([0.5, 0.6], epochs=[2, 1]), "epochs must be 2 ascending numbers"),
        (lambda: plot.learning_curve([0.5], chance=10), "chance is 10, expected a share from 0 to 1"),
        (lambda: plot.confusion([0, 1], [0]), r"labels have shape \(2,\), predictions \(1,\)"),
        (lambda: plot.confusion([], []), r"labels have shape \(0,\)"),
        (lambda: plot.confusion([0.0], [0]), "labels are float64"),
        (lambda: plot.confusion([-1], [0]), "labels hold -1, expected classes from 0 on"),
        (lambda: plot.confusion([0], [-2]), "predictions hold -2, expected classes from 0 on, or -1 for no answer"),
        (lambda: plot.confusion([0, 3], [0, 1], classes=["a", "b"]), r"class 3 occurs, classes names 2 \(0 to 1\)"),
        (lambda: plot.confusion([0], [10**9]), "there are 1000000001 classes, a picture holds 100 at most"),
    ],
)
def test_what_cannot_be_drawn_is_explained(action, message):
    with pytest.raises(InputError, match=message):
        action()


@pytest.mark.parametrize("draw", [lambda: plot.learning_curve([0.5]), lambda: plot.confusion([0], [0])])
def test_missing_matplotlib_names_the_extra(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[plot\]'"):
        draw()
