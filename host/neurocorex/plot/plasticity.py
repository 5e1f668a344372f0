"""Pictures of plasticity: weights over time, and as histograms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .canvas import COLOURS, FAINT, INK, Window, colours, one_panel, panels, refuse, step_length, time_window, unit_name
from .recorded import Recorded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most synapses that are drawn as lines alone, and how many lines there are of more.
DRAWN, FEW = 30, 12
#: About how many heights a density has.
BINS = 60
#: Most different weights of a chip.
MOST_STEPS = 1 << 16


def weights_over_time(
    weights: Recorded | ArrayLike,
    *,
    steps: ArrayLike | None = None,
    plastic: ArrayLike | None = None,
    window: Window | None = None,
    dt_ms: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    **gone: Any,
) -> Figure:
    """Draw weights over time: how many of all that learn have which weight when, and lines of some.

    Up to 30 synapses are lines. Of more the background is dark where many weights are, so that several modes are seen
    as such; lines are a few of them, from the weakest to the strongest at the end. Beside it are the distributions at
    the beginning and at the end of what is drawn.

    Parameters
    ----------
    weights : Result, or array [K, axons, neurons]
        A result of ``Device.run(..., snapshot_every=n)``, in units of the network, see `Result.units`.
    steps : int array [K], optional
        Steps after which an array was read; by default 0, 1, 2, ...
    plastic : bool array [axons, neurons], optional
        Synapses that learn, as `Device.plastic` tells; by default those that changed at all.
    window : (float, float), optional
        Part of the time that is drawn, in milliseconds; it has to hold one of the times at least.
    dt_ms : float, optional
        Length of a step; by default that of the result, or 1 ms.
    ax : Axes, optional
        Where to draw; the two panels divide it. By default in a figure of its own.
    title : str, optional
        Heading.
    **gone
        Arguments of earlier versions; they are refused.

    Raises
    ------
    InputError
        For a wrong shape, or a result without weights.
    MissingToolError
        If matplotlib is not installed.
    """
    refuse("weights_over_time", gone)
    table = np.asarray(weights.weights_over_time if isinstance(weights, Recorded) else weights)
    if table.ndim != 3 or not table.size:
        raise InputError("there are no weights over time; run with snapshot_every=100, or give [times, axons, neurons]")
    at = weights.weight_steps if isinstance(weights, Recorded) else np.arange(len(table)) if steps is None else steps
    times = np.asarray(at) * step_length(weights, dt_ms)
    mask = (table != table[0]).any(axis=0) if plastic is None else np.asarray(plastic, np.bool_)
    if mask.shape != table.shape[1:] or times.shape != table.shape[:1]:
        raise InputError(f"weights have shape {table.shape}, plastic {mask.shape}, steps {times.shape}")
    first, last = time_window(window, float(times.max()), float(times.min()))
    kept = (times >= first) & (times <= last)
    if not kept.any():
        raise InputError(f"window is {window!r} ms, no weights were read in it; they were at {_listed(times)} ms")
    paths, times = table[kept][:, mask].astype(np.float64), times[kept]
    heading = title or f"{paths.shape[1]} weights that learn"
    figure, (axis, side), _ = panels(ax, (9, 4), heading, 2, across=True, sizes=(4, 1))
    if paths.shape[1]:
        _draw_paths(axis, times, paths)
        _draw_spread(side, {"before": paths[0], "after": paths[-1]}, horizontal=True)
    axis.set_xlabel("time (ms)")
    axis.set_ylabel(f"weight{unit_name(weights, table)}")
    return figure


def weight_histogram(
    weights: Mapping[str, ArrayLike] | ArrayLike, *, ax: Axes | None = None, title: str | None = None
) -> Figure:
    """Draw histograms of weights.

    Parameters
    ----------
    weights : array, or mapping of name to array
        Of any shape, such as ``{"before": first[plastic], "after": second[plastic]}``.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
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
    figure, axis = one_panel(ax, 6, 3.5, title)
    _draw_spread(axis, named, horizontal=False)
    axis.set_xlabel("weight" + unit_name(None, np.concatenate(list(named.values()))))
    axis.set_ylabel("synapses")
    if len(named) > 1:
        axis.legend(frameon=False)
    return figure


def _draw_paths(axis: Axes, times: NDArray[Any], paths: NDArray[Any]) -> None:
    """Draw the share of weights at each height over time, and lines of some."""
    many = paths.shape[1] > DRAWN
    if many and len(times) > 1:
        _draw_density(axis, times, paths)
    some = np.argsort(paths[-1], kind="stable")[:: max(1, paths.shape[1] // FEW)] if many else slice(None)
    style: dict[str, Any] = {"color": INK, "linewidth": 0.6, "alpha": 0.45} if many else {"linewidth": 1.0}
    if not many:
        axis.set_prop_cycle(color=colours(paths.shape[1]))
    axis.plot(times, paths[:, some], **style, marker="." if len(times) == 1 else None)
    axis.margins(x=0)
    axis.spines[["top", "right"]].set_visible(False)


def _draw_density(axis: Axes, times: NDArray[Any], paths: NDArray[Any]) -> None:
    """Draw how many weights are where at each time: the darker the more, white for none."""
    from matplotlib.colors import PowerNorm

    edges = _edges(paths.ravel(), BINS)
    counts = np.stack([np.histogram(weights, edges)[0] for weights in paths], axis=1)
    middles = (times[1:] + times[:-1]) / 2
    borders = np.concatenate([times[:1], middles, times[-1:]])
    # A root, so that a few that leave the many are seen.
    axis.pcolormesh(
        borders, edges, np.ma.masked_equal(counts, 0), cmap="Blues", norm=PowerNorm(0.5, 0, max(counts.max(), 1)),
        rasterized=True, zorder=0,
    )  # fmt: skip


def _listed(times: NDArray[Any]) -> str:
    shown = ", ".join(f"{time:g}" for time in times[:5])
    return f"{shown}{', ...' if len(times) > 5 else ''}"


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
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, fontsize="small")
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
