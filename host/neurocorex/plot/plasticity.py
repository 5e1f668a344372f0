"""Pictures of plasticity: weights over time, before and after, as histograms, and the window of a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .canvas import COLOURS, FAINT, INK, colour_limit, new_figure, refuse_scale, step_length, unit_name, whole_numbers
from .recorded import Recorded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: About how many synapses get a line of their own, from the weakest to the strongest at the end.
DRAWN = 30
#: Most different weights of a chip.
MOST_STEPS = 1 << 16
#: Percentiles of the shaded band.
BAND = (5, 95)


class DrawnSide(Protocol):
    """One side of a window, see `neurocorex.quantiser.window.Side`."""

    @property
    def name(self) -> str:
        """What happens on this side."""

    @property
    def lags_ms(self) -> Sequence[float]:
        """Lags."""

    @property
    def acting(self) -> Sequence[float]:
        """Mean change at each."""

    @property
    def wanted(self) -> Sequence[float] | None:
        """Change that was asked for."""


class DrawnAlone(Protocol):
    """Changes without a pair, see `neurocorex.quantiser.window.Alone`."""

    @property
    def acting(self) -> tuple[float, float]:
        """By an arrival, and by a spike of the neuron."""


class DrawnWindow(Protocol):
    """Both sides of a window, see `neurocorex.quantiser.window.ActingWindow`."""

    @property
    def potentiation(self) -> DrawnSide:
        """When the neuron fires after an arrival."""

    @property
    def depression(self) -> DrawnSide:
        """When an arrival comes after it fired."""

    @property
    def alone(self) -> DrawnAlone | None:
        """Changes without a pair; None if there are none."""


def weights_over_time(
    weights: Recorded | ArrayLike,
    *,
    steps: ArrayLike | None = None,
    plastic: ArrayLike | None = None,
    scale: None = None,
    dt_ms: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw weights over time: lines of some synapses, and the median and spread of all that learn.

    Parameters
    ----------
    weights : Result, or array [K, axons, neurons]
        A result of ``Device.run(..., snapshot_every=n)``, in units of the network, see `Result.units`.
    steps : int array [K], optional
        Steps after which an array was read; by default 0, 1, 2, ...
    plastic : bool array [axons, neurons], optional
        Synapses that learn, as `Device.plastic` tells; by default those that changed at all.
    scale : None
        Not needed any more; raises InputError.
    dt_ms : float, optional
        Length of a step; by default that of the result, or 1 ms.
    title : str, optional
        Heading.

    Raises
    ------
    InputError
        For a wrong shape, or a result without weights.
    MissingToolError
        If matplotlib is not installed.
    """
    refuse_scale(scale)
    table = np.asarray(weights.weights_over_time if isinstance(weights, Recorded) else weights)
    if table.ndim != 3 or not table.size:
        raise InputError("there are no weights over time; run with snapshot_every=100, or give [times, axons, neurons]")
    at = weights.weight_steps if isinstance(weights, Recorded) else np.arange(len(table)) if steps is None else steps
    times = np.asarray(at) * step_length(weights, dt_ms)
    mask = (table != table[0]).any(axis=0) if plastic is None else np.asarray(plastic, np.bool_)
    if mask.shape != table.shape[1:] or times.shape != table.shape[:1]:
        raise InputError(f"weights have shape {table.shape}, plastic {mask.shape}, steps {times.shape}")
    paths = table[:, mask].astype(np.float64)
    figure = new_figure(9, 4, title or f"{paths.shape[1]} weights that learn")
    axis, side = figure.subplots(1, 2, sharey=True, width_ratios=(4, 1))
    if paths.shape[1]:
        _draw_paths(axis, times, paths)
        _draw_spread(side, {"before": paths[0], "after": paths[-1]}, horizontal=True)
        axis.legend(frameon=False)
    axis.set_xlabel("time (ms)")
    axis.set_ylabel(f"weight{unit_name(weights, table)}")
    return figure


def weight_change(
    before: ArrayLike, after: ArrayLike, *, inputs: int | None = None, title: str | None = None
) -> Figure:
    """Draw two weight matrices and their difference: red is above zero, blue below, white none.

    Parameters
    ----------
    before, after : array [axons, neurons]
        As `Device.weights` returns them.
    inputs : int, optional
        Rows that belong to inputs; a line parts them from the others.
    title : str, optional
        Heading.

    Raises
    ------
    InputError
        If they are no matrices of one shape.
    MissingToolError
        If matplotlib is not installed.
    """
    first, second = np.asarray(before).astype(np.float64), np.asarray(after).astype(np.float64)
    if first.ndim != 2 or first.shape != second.shape or not first.size:
        raise InputError(f"weights have shapes {first.shape} and {second.shape}, expected the same [axons, neurons]")
    figure = new_figure(10, 4.5, title)
    axes = figure.subplots(1, 3, sharey=True)
    shared, moved = colour_limit(np.stack([first, second])), colour_limit(second - first)
    pictures = (("before", first, shared), ("after", second, shared), ("change", second - first, moved))
    for axis, (name, matrix, limit) in zip(axes, pictures, strict=True):
        picture = axis.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
        axis.set_title(name, fontsize="medium")
        axis.set_xlabel("to neuron")
        if inputs is not None and 0 < inputs < len(matrix):
            axis.axhline(inputs - 0.5, color=INK, linewidth=0.8)
        whole_numbers(axis.xaxis)
        if name != "before":
            figure.colorbar(picture, ax=axis, label=f"weight{unit_name(None, np.asarray(before))}")
    axes[0].set_ylabel("from axon" if inputs is None else f"from axon (neurons from {inputs} on)")
    whole_numbers(axes[0].yaxis)
    return figure


def weight_histogram(weights: Mapping[str, ArrayLike] | ArrayLike, *, title: str | None = None) -> Figure:
    """Draw histograms of weights.

    Parameters
    ----------
    weights : array, or mapping of name to array
        Of any shape, such as ``{"before": first[plastic], "after": second[plastic]}``.
    title : str, optional
        Heading.

    Raises
    ------
    InputError
        If there are none.
    MissingToolError
        If matplotlib is not installed.
    """
    given = weights if isinstance(weights, Mapping) else {"weights": weights}
    named: dict[str, NDArray[Any]] = {name: np.asarray(values).reshape(-1) for name, values in given.items()}
    if not named or not all(values.size for values in named.values()):
        raise InputError("there are no weights to draw; give an array, or a mapping of name to array")
    figure = new_figure(6, 3.5, title)
    axis = figure.subplots()
    _draw_spread(axis, named, horizontal=False)
    axis.set_xlabel("weight" + unit_name(None, np.concatenate(list(named.values()))))
    axis.set_ylabel("synapses")
    if len(named) > 1:
        axis.legend(frameon=False)
    return figure


def learning_window(window: DrawnWindow, *, axis: Axes | None = None, title: str | None = None) -> Figure:
    """Draw both sides of a learning window: what was asked for as lines, what acts as points.

    What an arrival or a spike changes without a pair is a dotted line, on the side of depression or of potentiation.

    Parameters
    ----------
    window : ActingWindow
        As `Report.window`.
    axis : Axes, optional
        Where to draw; by default in a figure of its own.
    title : str, optional
        Heading of that figure.

    Raises
    ------
    MissingToolError
        If matplotlib is not installed.
    """
    figure = axis.get_figure(root=True) if axis is not None else new_figure(6, 3.5, title or "learning window")
    axis = figure.subplots() if axis is None else axis  # type: ignore[union-attr]
    for side, sign, colour in ((window.depression, -1, COLOURS[1]), (window.potentiation, 1, COLOURS[0])):
        lags = sign * np.asarray(side.lags_ms)
        axis.plot(lags, side.acting, ".", markersize=4, color=colour, label=f"{side.name}, acting")
        if side.wanted is not None:
            axis.plot(lags, side.wanted, color=INK, linewidth=0.8, label=None if sign > 0 else "wanted")
    for change, side, sign in zip(
        window.alone.acting if window.alone else (), (window.depression, window.potentiation), (-1, 1), strict=False
    ):
        label = None if sign < 0 else "without a pair"
        axis.plot([0, sign * max(side.lags_ms)], [change] * 2, ":", color=INK, linewidth=0.8, label=label)
    axis.axhline(0, color=FAINT, linewidth=0.8)
    axis.axvline(0, color=FAINT, linewidth=0.8)
    axis.set_xlabel("spike of the neuron after the arrival (ms)")
    axis.set_ylabel("change of a weight")
    axis.legend(frameon=False, fontsize="small")
    axis.spines[["top", "right"]].set_visible(False)
    return figure  # type: ignore[return-value]


def learning_windows(windows: Mapping[str, DrawnWindow], *, title: str | None = None) -> Figure:
    """Draw the learning windows of several rules side by side, each as `learning_window` does, under its name.

    Raises
    ------
    InputError
        If there are none.
    MissingToolError
        If matplotlib is not installed.
    """
    if not windows:
        raise InputError("there are no learning windows to draw; give a mapping of name to window")
    figure = new_figure(1 + 5 * len(windows), 3.5, title or "learning windows")
    axes = figure.subplots(1, len(windows), squeeze=False)[0]
    for axis, (name, window) in zip(axes, windows.items(), strict=True):
        learning_window(window, axis=axis)
        axis.set_title(name, fontsize="medium")
    return figure


def _draw_paths(axis: Axes, times: NDArray[Any], paths: NDArray[Any]) -> None:
    some = np.argsort(paths[-1], kind="stable")[:: max(1, paths.shape[1] // DRAWN)]
    axis.plot(times, paths[:, some], color=FAINT, linewidth=0.7)
    low, high = np.percentile(paths, BAND, axis=1)
    axis.fill_between(
        times, low, high, color=COLOURS[0], alpha=0.15, linewidth=0, label=f"{BAND[1] - BAND[0]} % of them"
    )
    axis.plot(times, np.median(paths, axis=1), color=COLOURS[0], linewidth=2, label="median")
    axis.margins(x=0)
    axis.spines[["top", "right"]].set_visible(False)


def _draw_spread(axis: Axes, named: Mapping[str, NDArray[Any]], *, horizontal: bool) -> None:
    """Draw histograms over each other with shared bins."""
    every = np.concatenate([values.reshape(-1) for values in named.values()]).astype(np.float64)
    edges = _edges(every, max(int(min(40, 4 + np.sqrt(every.size))), 2))
    for position, (name, values) in enumerate(named.items()):
        axis.hist(
            values, bins=edges.tolist(), histtype="step" if position else "stepfilled", label=name, linewidth=1.5,
            color=FAINT if not position and len(named) > 1 else COLOURS[position % len(COLOURS)],
            orientation="horizontal" if horizontal else "vertical",
        )  # fmt: skip
    if horizontal:
        axis.set_xlabel("synapses")
        axis.legend(frameon=False, fontsize="small")
    axis.spines[["top", "right"]].set_visible(False)


def _edges(values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Return about so many edges of bins, between the steps of the weights, so that each bin has equally many steps."""
    low, high = float(values.min()), float(values.max())
    whole = np.array_equal(values, np.rint(values))
    if low == high:
        half = 0.5 if whole else max(abs(low), 1e-6) / 20
        return np.array([low - half, low + half])
    step = 1.0 if whole else float(np.diff(np.unique(values)).min())
    count = (high - low) / step
    steps = (values - low) / step
    if count > MOST_STEPS or np.abs(steps - np.rint(steps)).max() > 0.01:  # neurons have scales of their own
        return np.linspace(low, high, bins + 1)
    width = max(int(np.ceil((count + 1) / bins)), 1)
    first = np.arange(0, round(count) + 1, width)
    return low + (np.append(first, round(count) + 1) - 0.5) * step
