"""Pictures of spikes and membranes. They need matplotlib: ``pip install 'neurocorex[plot]'``.

Every function returns a matplotlib `Figure`: one that belongs to no window, so ``figure.savefig("raster.png")`` needs
no display, or that of the axes which it was given as `ax`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..network.population import Population
from ..network.selection import indices_of
from ..spec.config import LIMITS
from .canvas import COLOURS, FAINT, INK, OTHERS, Window, colours, panels, refuse, step_length, time_window, unit_name
from .recorded import Recorded
from .spiking import Spikes, draw_spikes, frame_spikes, key, mark_samples, with_samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: What names neurons: see `neurocorex.network.selection.indices_of`.
Selection = Population | Sequence[int] | NDArray[Any] | slice | int
#: Most neurons that an array of membranes can be of.
COUNT_LIMIT = max(LIMITS["neurons"])
#: Most membranes that are drawn, one above the other.
TRACES = 24
#: Most samples that a raster shows.
SAMPLES = 12
#: Rows of a raster that are ROW inches high each; further ones get less.
ROWS, ROW = 12, 0.2
#: Thresholds of a result that are larger than its membranes by this factor are not drawn: the membranes would be flat.
FAR = 4.0


def raster(
    spikes: Recorded | ArrayLike,
    *,
    inputs: ArrayLike | None = None,
    groups: Mapping[str, Selection] | None = None,
    labels: Sequence[str] | None = None,
    window: Window | None = None,
    dt_ms: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Figure:
    """Draw a raster: which neuron fired in which step.

    Parameters
    ----------
    spikes : Result, or bool array [steps, neurons] or [samples, steps, neurons]
        Samples are drawn one after the other, at most 12 of them.
    inputs : bool array of the same steps (and samples), optional
        Input spikes, drawn in a panel above.
    groups : dict, optional
        Neurons (a population, slice, list or bool array) by the name of their group, each with its own colour; those
        in no group are grey.
    labels : list of str, optional
        What stands above each sample.
    window : (float, float), optional
        Part of the time that is drawn, in milliseconds.
    dt_ms : float, optional
        Length of a step; by default that of the result, or 1 ms.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    title : str, optional
        Heading.

    Raises
    ------
    InputError
        For a wrong shape, a window without anything in it, or a result without spikes.
    MissingToolError
        If matplotlib is not installed.
    """
    dt_ms = step_length(spikes, dt_ms)
    fired = Spikes.of(spikes, "spikes").first(SAMPLES)
    shown = [("neuron", fired)]
    if inputs is not None:
        driven = Spikes.of(inputs, "inputs").first(SAMPLES)
        if (driven.samples, driven.steps) != (fired.samples, fired.steps):
            sizes = f"{driven.samples} x {driven.steps}, the spikes {fired.samples} x {fired.steps}"
            raise InputError(f"inputs are of another length in samples x steps: {sizes}")
        shown.insert(0, ("input axon", driven))
    span = time_window(window, fired.samples * fired.steps * dt_ms)
    coloured = _groups(groups, fired)
    heights = [max(panel.count, fired.count / 3) for _, panel in shown]
    rows = sum(heights)
    height = min(0.9 + ROW * min(rows, ROWS) + 0.03 * max(rows - ROWS, 0), 8)
    figure, axes, _ = panels(ax, (9, height), title, len(shown), sizes=heights)
    most = 72 * ROW if ax is None else np.inf
    for axis, (what, panel) in zip(axes, shown, strict=True):
        frame_spikes(axis, panel.count, what)
        every = {"": (np.ones(panel.count, np.bool_), INK)}
        for members, colour in (coloured if panel is fired and coloured else every).values():
            draw_spikes(axis, panel, members, dt_ms, colour, span, most_points=most)
    if coloured:
        keys = [key(colour, name) for name, (_, colour) in coloured.items()]
        if ax is None:
            figure.legend(handles=keys, loc="outside lower left", ncols=min(len(keys), 6), frameon=False)
        else:
            axes[-1].legend(handles=keys, loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize="small")
    mark_samples(axes, fired.samples, fired.steps * dt_ms, labels, span)
    axes[-1].set_xlim(*span)
    axes[-1].set_xlabel("time (ms)")
    return figure


def membranes(
    v: Recorded | ArrayLike,
    *,
    neurons: Selection | None = None,
    threshold: ArrayLike | None = None,
    sample: int = 0,
    window: Window | None = None,
    dt_ms: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    **gone: Any,
) -> Figure:
    """Draw membranes over time, one panel each, at most 24; of a result with its spikes, thresholds, refractory times.

    Spikes are bars above, at the ends of their steps; the refractory time after each is shaded. Thresholds of a result
    are dashed lines without adaptation; those far above all membranes of their neuron are left out.

    Parameters
    ----------
    v : Result, or array [steps, neurons] or [samples, steps, neurons]
        Membranes at the ends of the steps. Those of a result are in units of the network, see `Result.units`.
    neurons : population, slice or sequence of int, optional
        Numbers of the neurons in `v`; of a result, which of those that it has.
    threshold : float or array [neurons], optional
        Drawn as dashed lines, in the units of `v`; for each neuron that is drawn, or for each of the network.
    sample : int
        Which one to draw, if there are several.
    window : (float, float), optional
        Part of the time that is drawn, in milliseconds from the start of the sample.
    ax : Axes, optional
        Where to draw; several panels divide it. By default in a figure of its own.
    dt_ms, title
        As for `raster`.
    **gone
        Arguments of earlier versions; they are refused.

    Raises
    ------
    InputError
        For a wrong shape, a sample that does not exist, or a result without membranes.
    MissingToolError
        If matplotlib is not installed.
    """
    refuse("membranes", gone)
    dt_ms = step_length(v, dt_ms)
    traces = with_samples(np.asarray(v.v if isinstance(v, Recorded) else v), "membranes")
    if not 0 <= sample < len(traces):
        raise InputError(f"there is no sample {sample}, the membranes are of {len(traces)} (the first is 0)")
    numbers, columns = _columns(v, neurons, traces.shape[2])
    trace = traces[sample][:, columns[:TRACES]]
    limits = _own_thresholds(v, numbers[:TRACES], trace) if threshold is None else _limits(v, threshold, numbers)
    count = trace.shape[1]
    steps = v.v_steps if isinstance(v, Recorded) else np.arange(len(trace))
    first, last = time_window(window, (v.steps if isinstance(v, Recorded) else len(trace)) * dt_ms)
    title = title or f"membranes{unit_name(v, trace)}"
    figure, axes, _ = panels(ax, (9, min(1.4 + 0.9 * count, 14)), title, count)
    times = (steps + 1) * dt_ms
    # A value beyond either end, so that lines reach the frame; the rest would spoil the vertical scale.
    beyond = dt_ms * (v.every if isinstance(v, Recorded) else 1)
    kept = (times >= first - beyond) & (times <= last + beyond)
    for row, axis in enumerate(axes):
        axis.axhline(0, color=FAINT, linewidth=0.8)
        if limits is not None and np.isfinite(limits[row]):
            axis.axhline(limits[row], color=COLOURS[1], linewidth=0.8, linestyle=(0, (4, 3)))
        axis.plot(times[kept], trace[kept, row], color=COLOURS[0], linewidth=1.1)
        _draw_firing(axis, v, sample, numbers[row], dt_ms)
        axis.set_ylabel(f"neuron {numbers[row]}", rotation=0, ha="right", va="center", labelpad=12)
        axis.locator_params(axis="y", nbins=3)
        axis.margins(y=0.2)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlim(first, last)
    axes[-1].set_xlabel("time (ms)")
    return figure


def _draw_firing(axis: Axes, v: Any, sample: int, neuron: int, dt_ms: float) -> None:
    """Mark the spikes of a neuron of a result above its membrane, and shade the refractory time after each."""
    times = _spike_times(v, sample, neuron, dt_ms)
    if not times.size:
        return
    periods = v.refractory_steps
    if periods.size and periods[neuron]:
        spans = [(time, float(periods[neuron]) * dt_ms) for time in times.tolist()]
        axis.broken_barh(
            spans, (0, 1), transform=axis.get_xaxis_transform(), facecolors=FAINT, alpha=0.45, linewidth=0, zorder=0
        )
    for time in times:
        axis.axvline(time, ymin=0.88, color=COLOURS[1], linewidth=1.1)


def _groups(groups: Mapping[str, Selection] | None, fired: Spikes) -> dict[str, tuple[NDArray[np.bool_], str]]:
    """Rows and colour of each group; neurons that fire and are in none are a group of their own."""
    found: dict[str, tuple[NDArray[np.bool_], str]] = {}
    left = np.ones(fired.count, np.bool_)
    for (name, members), colour in zip((groups or {}).items(), colours(len(groups or {})), strict=True):
        rows = np.zeros(fired.count, np.bool_)
        rows[indices_of(members, fired.count, f"group {name!r}")] = True
        found[name] = rows, colour
        left &= ~rows
    if found and left[fired.index].any():
        found["in no group"] = left, OTHERS
    return found


def _own_thresholds(v: Any, numbers: list[int], trace: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return the thresholds of a result, NaN for those that are far above their membranes; None without any."""
    if not isinstance(v, Recorded) or not v.thresholds.size:
        return None
    limits = np.asarray(v.thresholds, np.float64)[numbers]
    highest = np.abs(trace.astype(np.float64)).max(axis=0)
    return np.where(limits > FAR * highest, np.nan, limits)


def _columns(v: Any, neurons: Any, count: int) -> tuple[list[int], list[int]]:
    """Numbers of the neurons to draw, and their columns in the array of membranes."""
    if not count:
        raise InputError("there are no membranes to draw; run with record=['spikes', 'v']")
    if not isinstance(v, Recorded):
        numbers = list(range(count)) if neurons is None else _named(neurons, COUNT_LIMIT)
        if len(numbers) != count:
            raise InputError(f"neurons names {len(numbers)}, the membranes are of {count}")
        return numbers, list(range(count))
    own = {int(number): column for column, number in enumerate(v.v_neurons)}
    numbers = list(own) if neurons is None else _named(neurons, v.neurons)
    missing = [number for number in numbers if number not in own]
    if missing or not numbers:
        raise InputError(f"membranes of neurons {missing} were not recorded; run with record={{'v': [...]}}")
    return numbers, [own[number] for number in numbers]


def _named(neurons: Any, count: int) -> list[int]:
    numbers: list[int] = indices_of(neurons, count, "neurons").tolist()
    return numbers


def _limits(v: Any, threshold: Any, numbers: list[int]) -> NDArray[np.float64]:
    """Return a threshold for each neuron that is drawn."""
    given = np.asarray(threshold, np.float64)
    if isinstance(v, Recorded) and given.shape == (v.neurons,):
        given = given[numbers]
    if given.shape not in ((), (len(numbers),)):
        raise InputError(f"threshold has shape {given.shape}, expected a number or one for each of {len(numbers)}")
    return np.broadcast_to(given, len(numbers))


def _spike_times(v: Any, sample: int, neuron: int, dt_ms: float) -> NDArray[Any]:
    """Return the ends of the steps in which a neuron of a result fired, in one sample."""
    if not isinstance(v, Recorded):
        return np.empty(0)
    return np.asarray((v.spike_times[(v.spike_samples == sample) & (v.spike_neurons == neuron)] + 1) * dt_ms)
