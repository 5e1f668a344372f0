"""Pictures of spikes, membranes and weight matrices. They need matplotlib: ``pip install 'neurocorex[plot]'``.

Every function returns a matplotlib `Figure` that belongs to no window: ``figure.savefig("raster.png")`` needs no
display.
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
from .canvas import (
    COLOURS,
    FAINT,
    INK,
    Spikes,
    colour_limit,
    draw_spikes,
    frame_spikes,
    mark_samples,
    new_figure,
    refuse_scale,
    step_length,
    unit_name,
    whole_numbers,
    with_samples,
)  # fmt: skip
from .recorded import Recorded

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


def raster(
    spikes: Recorded | ArrayLike,
    *,
    inputs: ArrayLike | None = None,
    groups: Mapping[str, Selection] | None = None,
    labels: Sequence[str] | None = None,
    dt_ms: float | None = None,
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
        Neurons (a population, slice, list or bool array) by the name of their group, each with its own colour.
    labels : list of str, optional
        What stands above each sample.
    dt_ms : float, optional
        Length of a step; by default that of the result, or 1 ms.
    title : str, optional
        Heading.

    Raises
    ------
    InputError
        For a wrong shape, or a result without spikes.
    MissingToolError
        If matplotlib is not installed.
    """
    dt_ms = step_length(spikes, dt_ms)
    fired = Spikes.of(spikes, "spikes").first(SAMPLES)
    panels = [("neuron", fired)]
    if inputs is not None:
        driven = Spikes.of(inputs, "inputs").first(SAMPLES)
        if (driven.samples, driven.steps) != (fired.samples, fired.steps):
            sizes = f"{driven.samples} x {driven.steps}, the spikes {fired.samples} x {fired.steps}"
            raise InputError(f"inputs are of another length in samples x steps: {sizes}")
        panels.insert(0, ("input axon", driven))
    heights = [max(panel.count, fired.count / 3) for _, panel in panels]
    figure = new_figure(9, min(2.2 + 0.03 * sum(heights), 8), title)
    column = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    axes: list[Axes] = list(column)
    for axis, (what, panel) in zip(axes, panels, strict=True):
        frame_spikes(axis, panel.count, what)
        members = _groups(groups, panel.count) if panel is fired else {None: slice(None)}
        for position, (name, rows) in enumerate(members.items()):
            draw_spikes(axis, panel, rows, dt_ms, INK if name is None else COLOURS[position % len(COLOURS)], name)
    if groups:
        figure.legend(loc="outside lower left", ncols=min(len(groups), 6), frameon=False, markerscale=2)
    mark_samples(axes, fired.samples, fired.steps * dt_ms, labels)
    axes[-1].set_xlim(0, fired.samples * fired.steps * dt_ms)
    axes[-1].set_xlabel("time (ms)")
    return figure


def membranes(
    v: Recorded | ArrayLike,
    *,
    neurons: Selection | None = None,
    threshold: ArrayLike | None = None,
    scale: None = None,
    sample: int = 0,
    dt_ms: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw membranes over time, one panel each, at most 24; the spikes of a result are marked.

    Parameters
    ----------
    v : Result, or array [steps, neurons] or [samples, steps, neurons]
        Membranes at the ends of the steps. Those of a result are in units of the network, see `Result.units`.
    neurons : population, slice or sequence of int, optional
        Numbers of the neurons in `v`; of a result, which of those that it has.
    threshold : float or array [neurons], optional
        Drawn as dashed lines, in the units of `v`; for each neuron that is drawn, or for each of the network.
    scale : None
        Not needed any more; raises InputError.
    sample : int
        Which one to draw, if there are several.
    dt_ms, title
        As for `raster`.

    Raises
    ------
    InputError
        For a wrong shape, a sample that does not exist, or a result without membranes.
    MissingToolError
        If matplotlib is not installed.
    """
    refuse_scale(scale)
    dt_ms = step_length(v, dt_ms)
    traces = with_samples(np.asarray(v.v if isinstance(v, Recorded) else v), "membranes")
    if not 0 <= sample < len(traces):
        raise InputError(f"there is no sample {sample}, the membranes are of {len(traces)} (the first is 0)")
    numbers, columns = _columns(v, neurons, traces.shape[2])
    trace = traces[sample][:, columns[:TRACES]]
    limits = None if threshold is None else _limits(v, threshold, numbers)
    count = trace.shape[1]
    figure = new_figure(9, min(1.4 + 0.9 * count, 14), title or f"membranes{unit_name(v, trace)}")
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    times = (np.arange(len(trace)) + 1) * dt_ms
    for row, axis in enumerate(axes):
        axis.axhline(0, color=FAINT, linewidth=0.8)
        if limits is not None:
            axis.axhline(limits[row], color=COLOURS[1], linewidth=0.8, linestyle=(0, (4, 3)))
        axis.plot(times, trace[:, row], color=COLOURS[0], linewidth=1.1)
        for time in _spike_times(v, sample, numbers[row], dt_ms):
            axis.axvline(time, ymin=0.88, color=COLOURS[1], linewidth=1.1)
        axis.set_ylabel(f"neuron {numbers[row]}", rotation=0, ha="right", va="center")
        axis.locator_params(axis="y", nbins=3)
        axis.margins(y=0.2)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlim(0, len(trace) * dt_ms)
    axes[-1].set_xlabel("time (ms)")
    return figure


def weights(matrix: ArrayLike, *, inputs: int | None = None, title: str | None = None) -> Figure:
    """Draw a weight matrix: red excites, blue inhibits, white is none.

    Parameters
    ----------
    matrix : array [axons, neurons]
        As `Device.weights` returns it, or any other.
    inputs : int, optional
        Rows that belong to inputs; a line parts them from those of the neurons.
    title : str, optional
        Heading.

    Raises
    ------
    InputError
        If it has not two dimensions.
    MissingToolError
        If matplotlib is not installed.
    """
    values = np.asarray(matrix)
    if values.ndim != 2 or not values.size:
        raise InputError(f"weights have shape {values.shape}, expected [axons, neurons]")
    axons, neurons = values.shape
    figure = new_figure(min(2.6 + 4 * max(neurons / axons, 0.35), 9), 5, title)
    axis = figure.subplots()
    largest = colour_limit(values)
    picture = axis.imshow(values, cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto", interpolation="nearest")
    if inputs is not None and 0 < inputs < axons:
        axis.axhline(inputs - 0.5, color=INK, linewidth=0.8)
    axis.set_xlabel("to neuron")
    axis.set_ylabel("from axon" if inputs is None else f"from axon (neurons from {inputs} on)")
    whole_numbers(axis.xaxis)
    whole_numbers(axis.yaxis)
    figure.colorbar(picture, ax=axis, label=f"weight{unit_name(None, values)}")
    return figure


def _groups(groups: Mapping[str, Selection] | None, count: int) -> dict[str | None, NDArray[Any] | slice]:
    """Rows by group; all of them without a name if there are no groups."""
    chosen: dict[str | None, NDArray[Any] | slice] = {
        name: indices_of(members, count, f"group {name!r}") for name, members in (groups or {}).items()
    }
    return chosen or {None: slice(None)}


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
