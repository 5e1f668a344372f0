"""Spikes as a list, and as bars whose height and width leave gaps to their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .canvas import FAINT, Window, whole_numbers
from .recorded import Recorded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

#: Height of a bar as a part of its row, and in points at most and at least.
BAR, TALLEST, SHORTEST = 0.72, 11.0, 2.2
#: Width of a bar as a part of its step, and in points at most and at least.
WIDTH, WIDEST, THINNEST = 0.5, 1.6, 0.5


@dataclass(frozen=True)
class Spikes:
    """Spikes as a list, from a result or from an array.

    Attributes
    ----------
    sample, step, index : int arrays of one length
        Where each spike belongs; `index` is that of a neuron or an input axon.
    samples, steps, count : int
        Sizes of the three.
    """

    sample: NDArray[Any]
    step: NDArray[Any]
    index: NDArray[Any]
    samples: int
    steps: int
    count: int

    @classmethod
    def of(cls, given: Recorded | ArrayLike, name: str) -> Spikes:
        """Take a result, or an array [steps, count] or [samples, steps, count] called `name`; raises InputError."""
        if isinstance(given, Recorded):
            if not given.has_raster or not given.spikes_of.size:
                raise InputError("this result has no spikes; run with record=['spikes']")
            samples = 1 if given.samples is None else given.samples
            return cls(given.spike_samples, given.spike_times, given.spike_neurons, samples, given.steps, given.neurons)
        whole = with_samples(np.asarray(given), name)
        sample, step, index = np.nonzero(whole)
        return cls(sample, step, index, *whole.shape)

    def first(self, samples: int) -> Spikes:
        """Return the spikes of the first `samples` samples."""
        kept = self.sample < samples
        rest = (self.sample[kept], self.step[kept], self.index[kept])
        return Spikes(*rest, min(self.samples, samples), self.steps, self.count)

    def times(self, dt_ms: float) -> NDArray[np.float64]:
        """Middle of the step of each spike, the samples one after the other."""
        return np.asarray((self.sample * self.steps + self.step + 0.5) * dt_ms)


def with_samples(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Give an array an axis of samples if it has none; raises InputError if it has a wrong shape."""
    if array.ndim not in (2, 3) or array.dtype.kind not in "biuf":
        raise InputError(f"{name} have shape {array.shape}, expected [steps, neurons] or [samples, steps, neurons]")
    return array if array.ndim == 3 else array[np.newaxis]


def draw_spikes(
    axis: Axes, spikes: Spikes, members: NDArray[np.bool_], dt_ms: float, colour: str, window: Window, *,
    most_points: float = np.inf,
) -> None:  # fmt: skip
    """Draw the spikes of some rows, bool [count], within a window in milliseconds.

    The height of a bar is in rows, so bars keep their gaps in axes of any height. A row has `most_points` points at
    most, however high the axes are before they are laid out.
    """
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path
    from matplotlib.transforms import AffineDeltaTransform

    times = spikes.times(dt_ms)
    kept = members[spikes.index] & (times >= window[0]) & (times <= window[1])
    inch = 72 / axis.get_figure(root=True).dpi  # type: ignore[union-attr]
    row = min(inch * axis.bbox.height / max(spikes.count, 1), most_points)
    step = inch * axis.bbox.width * dt_ms / (window[1] - window[0])
    half = max(min(BAR, TALLEST / row), SHORTEST / row) / 2
    bars = PathCollection(
        [Path([(0, -half), (0, half)])],
        offsets=np.column_stack([times[kept], spikes.index[kept]]),
        offset_transform=axis.transData,
        edgecolors=colour,
        facecolors="none",
        linewidths=min(max(WIDTH * step, THINNEST), WIDEST),
    )
    bars.set_transform(AffineDeltaTransform(axis.transData))  # type: ignore[arg-type]
    axis.add_collection(bars, autolim=False)


def key(colour: str, name: str) -> Line2D:
    """Return the entry of a group in a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, marker="|", markersize=9, markeredgewidth=2, linestyle="none", label=name)


def frame_spikes(axis: Axes, count: int, what: str) -> None:
    """Set up the axis of a raster of `count` rows, the first on top."""
    axis.set_ylim(count - 0.5, -0.5)
    axis.set_ylabel(what)
    whole_numbers(axis.yaxis)
    axis.spines[["top", "right"]].set_visible(False)


def mark_samples(
    axes: Sequence[Axes], samples: int, length_ms: float, labels: Sequence[str] | None, window: Window
) -> None:
    """Draw a line between samples, and write a label above each whose middle is in the window."""
    for axis in axes:
        for sample in range(1, samples):
            axis.axvline(sample * length_ms, color=FAINT, linewidth=0.8)
    for sample, label in enumerate((labels or ())[:samples]):
        middle = (sample + 0.5) * length_ms
        if window[0] <= middle <= window[1]:
            place = (middle, 1.02)
            axes[0].text(
                *place, label, transform=axes[0].get_xaxis_transform(), ha="center", va="bottom", fontsize="small"
            )
