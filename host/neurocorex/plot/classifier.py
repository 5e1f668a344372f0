"""Pictures of a classifier that learned: receptive fields, accuracy by epoch, and confusion of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most receptive fields that are drawn by default.
FIELDS = 400


def fields(
    weights: ArrayLike,
    *,
    shape: tuple[int, int],
    labels: ArrayLike | None = None,
    columns: int | None = None,
    most: int = FIELDS,
    axis: Axes | None = None,
    title: str | None = None,
) -> Figure:
    """Draw receptive fields: the weights of each neuron as an image; red excites, blue inhibits, white is none.

    All images share one scale, which the colour bar shows. The neurons follow each other row by row.

    Parameters
    ----------
    weights : array [inputs, neurons]
        Weights of the inputs alone, such as ``Device.weights()[:196]``. Integers are taken as units of the chip.
    shape : (int, int)
        Rows and columns of an image; input ``row * columns + column`` is its pixel (row, column).
    labels : sequence [neurons] of str or int, optional
        What stands above each image, such as the class of the neuron; -1, no class, is drawn as a dash.
    columns : int, optional
        Images side by side, at least 1; by default about as many as there are rows of them.
    most : int
        Most neurons that are drawn, at least 1; the title says so if there are more.
    axis : Axes, optional
        Where to draw; by default in a figure of its own.
    title : str, optional
        Heading.

    Raises
    ------
    InputError
        If `weights` are no matrix of finite numbers with a row for each pixel of `shape`, or for another number of
        `labels` than of neurons.
    MissingToolError
        If matplotlib is not installed.
    """
    raise NotImplementedError


def learning_curve(
    accuracy: Mapping[str, ArrayLike] | ArrayLike,
    *,
    epochs: ArrayLike | None = None,
    chance: float | None = None,
    axis: Axes | None = None,
    title: str | None = None,
) -> Figure:
    """Draw accuracy by epoch; of several seeds each as a thin line, and their median as a thick one.

    Parameters
    ----------
    accuracy : array [epochs] or [seeds, epochs], or mapping of name to array
        Shares of right answers, 0 to 1; a mapping such as ``{"training": first, "test": second}`` draws several sets.
    epochs : float array [epochs], optional
        Epochs after which the accuracy was measured, ascending; by default 1, 2, 3, ...
    chance : float, optional
        Accuracy of guessing, 0 to 1, drawn as a dashed line.
    axis : Axes, optional
        Where to draw; by default in a figure of its own.
    title : str, optional
        Heading.

    Raises
    ------
    InputError
        For a wrong shape, or an accuracy that is no number from 0 to 1.
    MissingToolError
        If matplotlib is not installed.
    """
    raise NotImplementedError


def confusion(
    labels: ArrayLike,
    predictions: ArrayLike,
    *,
    classes: Sequence[str] | None = None,
    axis: Axes | None = None,
    title: str | None = None,
) -> Figure:
    """Draw how often each class got each answer, with the accuracy, of which no answer is wrong, in the heading.

    Parameters
    ----------
    labels : int array [samples]
        True classes, from 0.
    predictions : int array [samples]
        Answers; -1, no answer, has a column of its own, if there is one.
    classes : sequence of str, optional
        Names of the classes, at most 100; by default the numbers from 0 to the largest that occurs.
    axis : Axes, optional
        Where to draw; by default in a figure of its own.
    title : str, optional
        Heading, before the accuracy.

    Raises
    ------
    InputError
        If `labels` and `predictions` are not integers of one length, or not of the classes.
    MissingToolError
        If matplotlib is not installed.
    """
    raise NotImplementedError
