"""Pictures of a classifier: accuracy by epoch, and answers by true class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .canvas import COLOURS, FAINT, INK, one_panel, points_of_unit, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most classes of a table.
CLASSES = 100


def learning_curve(
    accuracy: Mapping[str, ArrayLike] | ArrayLike,
    *,
    epochs: ArrayLike | None = None,
    chance: float | None = None,
    ax: Axes | None = None,
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
    ax : Axes, optional
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
    sets = accuracy if isinstance(accuracy, Mapping) else {"": accuracy}
    if not sets:
        raise InputError("there is no accuracy to draw; give an array [epochs], or a mapping of name to array")
    curves = {name: _shares(values, name) for name, values in sets.items()}
    at = {name: _epochs(epochs, seeds.shape[1]) for name, seeds in curves.items()}
    if chance is not None and not 0 <= chance <= 1:
        raise InputError(f"chance is {chance!r}, expected a share from 0 to 1, such as 0.1")
    figure, axis = one_panel(ax, 6, 3.5, None)
    for position, (name, seeds) in enumerate(curves.items()):
        _draw_seeds(axis, at[name], 100 * seeds, COLOURS[position % len(COLOURS)], name)
    if chance is not None:
        axis.axhline(
            100 * chance, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), label=f"chance, {100 * chance:.3g}%"
        )
    axis.set_xlim(min(each[0] for each in at.values()) - 0.5, max(each[-1] for each in at.values()) + 0.5)
    axis.set_xlabel("epoch")
    axis.set_ylabel("accuracy (%)")
    whole_numbers(axis.xaxis)
    axis.spines[["top", "right"]].set_visible(False)
    if axis.get_legend_handles_labels()[1]:
        axis.legend(frameon=False)
    if title:
        axis.set_title(title, loc="left", fontsize="medium")
    return figure


def confusion(
    labels: ArrayLike,
    predictions: ArrayLike,
    *,
    classes: Sequence[str] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Figure:
    """Draw how many samples of each class got each answer; the heading says the accuracy.

    Parameters
    ----------
    labels : int array [samples]
        True classes, from 0.
    predictions : int array [samples]
        Answers; -1 is no answer, which counts as wrong. If there are any, they have a column of their own.
    classes : sequence of str, optional
        Names of the classes, at most 100; by default the numbers from 0 to the largest that occurs.
    ax : Axes, optional
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
    truth, answers = _answers(labels, predictions)
    names = _class_names(int(max(truth.max(), answers.max())), classes)
    count = len(names)
    unanswered = answers < 0
    columns = [*names, "none"] if unanswered.any() else names
    table = np.zeros((count, len(columns)), np.int64)
    np.add.at(table, (truth, np.where(unanswered, count, answers)), 1)
    inch = min(0.5, 14 / count)
    figure, axis = one_panel(ax, max(1.2 + len(columns) * inch, 4), 1.2 + count * inch, None)
    axis.imshow(table, cmap="Blues", vmin=0, vmax=table.max(), interpolation="nearest")
    _write_counts(axis, table)
    if unanswered.any():
        axis.axvline(count - 0.5, color=INK, linewidth=0.8)
    axis.set_xticks(range(len(columns)), columns, rotation=90 if max(map(len, columns)) > 5 else 0)
    axis.set_yticks(range(count), names)
    axis.set_xlabel("answer")
    axis.set_ylabel("true class")
    right = np.count_nonzero(truth == answers)
    heading = f"{right} of {len(truth)} right: {right / len(truth):.2%}"
    axis.set_title(f"{title}: {heading}" if title else heading, loc="left", fontsize="medium")
    return figure


def _draw_seeds(axis: Axes, at: NDArray[Any], seeds: NDArray[Any], colour: str, name: str) -> None:
    """Draw the curves [seeds, epochs] of a set, which may have no name."""
    parts = [name] if name else []
    if len(seeds) > 1:
        axis.plot(at, seeds.T, color=colour, linewidth=0.7, alpha=0.6)
        parts.append(f"median of {len(seeds)} seeds")
    label = ", ".join(parts) or None
    axis.plot(at, np.median(seeds, axis=0), ".-", color=colour, linewidth=1.6, markersize=6, label=label)


def _write_counts(axis: Axes, table: NDArray[np.int64]) -> None:
    """Write each count into its cell, zeros faintly."""
    most = int(table.max())
    rows, columns = table.shape
    size = min(9, points_of_unit(axis, columns, rows) / (0.7 * max(len(str(most)), 2)))
    for (row, column), count in np.ndenumerate(table):
        colour = "white" if count > 0.65 * most else INK if count else FAINT
        axis.text(column, row, str(count), color=colour, ha="center", va="center", fontsize=size)


def _shares(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return accuracies [seeds, epochs]."""
    what = f"accuracy of {name!r}" if name else "accuracy"
    try:
        shares = np.atleast_1d(np.asarray(values, np.float64))
    except (TypeError, ValueError):
        raise InputError(f"{what} must be numbers, as many for each seed; got {values!r}") from None
    if shares.ndim > 2 or not shares.size:
        raise InputError(f"{what} has shape {shares.shape}, expected [epochs] or [seeds, epochs]")
    outside = shares[~((shares >= 0) & (shares <= 1))]
    if outside.size:
        raise InputError(f"{what} holds {outside[0]:g}, expected shares from 0 to 1, such as 0.97")
    return np.atleast_2d(shares)


def _epochs(epochs: ArrayLike | None, count: int) -> NDArray[np.float64]:
    if epochs is None:
        return np.arange(1.0, count + 1)
    at = np.asarray(epochs, np.float64)
    if at.shape != (count,) or not np.isfinite(at).all() or (np.diff(at) <= 0).any():
        raise InputError(f"epochs must be {count} ascending numbers, one for each accuracy, got {epochs!r}")
    return at


def _answers(labels: ArrayLike, predictions: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    truth, answers = np.asarray(labels), np.asarray(predictions)
    if truth.ndim != 1 or truth.shape != answers.shape or not truth.size:
        raise InputError(
            f"labels have shape {truth.shape}, predictions {answers.shape}, expected one of each for every sample"
        )
    if truth.dtype.kind not in "iu" or answers.dtype.kind not in "iu":
        raise InputError(f"labels are {truth.dtype}, predictions {answers.dtype}, expected classes as integers")
    if truth.min() < 0:
        raise InputError(f"labels hold {truth.min()}, expected classes from 0 on")
    if answers.min() < -1:
        raise InputError(f"predictions hold {answers.min()}, expected classes from 0 on, or -1 for no answer")
    return truth.astype(np.int64), answers.astype(np.int64)


def _class_names(largest: int, classes: Sequence[str] | None) -> list[str]:
    names = [str(number) for number in range(min(largest, CLASSES) + 1)] if classes is None else list(map(str, classes))
    if len(names) > CLASSES:
        raise InputError(f"there are {max(len(names), largest + 1)} classes, a picture holds {CLASSES} at most")
    if largest >= len(names):
        raise InputError(f"class {largest} occurs, classes names {len(names)} (0 to {len(names) - 1})")
    return names
