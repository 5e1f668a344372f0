"""Canvas of a picture: figure, colours, spikes as a list and as short bars. matplotlib is loaded with the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, MissingToolError
from .recorded import Recorded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#222222"
FAINT = "#c9c9c9"
#: Distinguishable without colour vision, after Okabe and Ito.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def new_figure(width: float, height: float, title: str | None = None) -> Figure:
    """Return an empty figure, sizes in inches; it belongs to no window and needs no display.

    Raises
    ------
    MissingToolError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingToolError("pictures need matplotlib; install it with: pip install 'neurocorex[plot]'") from None
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    return figure


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


def step_length(given: Any, dt_ms: float | None) -> float:
    """Length of a step: `dt_ms` if given, else that of the result, else 1 ms."""
    if dt_ms is not None:
        return dt_ms
    return given.dt_ms if isinstance(given, Recorded) else 1.0


def refuse_scale(scale: object) -> None:
    """Raise InputError for the argument `scale` of earlier versions, by which numbers were divided."""
    if scale is not None:
        raise InputError(
            "scale= is gone: results and Device.weights are in units of the network, and so are thresholds; divide "
            "an array in units of the chip by its scale before"
        )


def unit_name(given: Any, array: NDArray[Any]) -> str:
    """Return what an axis says of the units: of a result those that it has, integers of an array are of the chip."""
    chip = given.units == "chip" if isinstance(given, Recorded) else array.dtype.kind in "iu"
    return " (units of the chip)" if chip else ""


def colour_limit(values: NDArray[Any]) -> float:
    """Largest distance from zero, in float so that -128 of 8 bits has one; 1 if all are zero."""
    return float(np.abs(values.astype(np.float64)).max()) or 1.0


def points_of_unit(axis: Axes, width: float, height: float) -> float:
    """Points that one unit takes if `width` by `height` of them, equally long, have to fit; for sizes of text."""
    figure: Figure = axis.get_figure(root=True)  # type: ignore[assignment]
    return 72 / figure.dpi * min(axis.bbox.width / width, axis.bbox.height / height)


def draw_spikes(
    axis: Axes, spikes: Spikes, members: NDArray[Any] | slice, dt_ms: float, colour: str, label: str | None = None
) -> None:
    """Draw the spikes of some rows as short bars."""
    shown = np.zeros(spikes.count, np.bool_)
    shown[members] = True
    kept = shown[spikes.index]
    # A bar is as high as its row, but never too small to see nor so large that it becomes a stripe.
    points = 72 * axis.get_figure(root=True).get_figheight() / (1.6 * spikes.count)  # type: ignore[union-attr]
    size = float(np.clip(points, 2, 9)) ** 2
    axis.scatter(
        spikes.times(dt_ms)[kept], spikes.index[kept], s=size, marker="|", color=colour, linewidths=1.1, label=label
    )


def frame_spikes(axis: Axes, count: int, what: str) -> None:
    """Set up the axis of a raster of `count` rows, the first on top."""
    axis.set_ylim(count - 0.5, -0.5)
    axis.set_ylabel(what)
    whole_numbers(axis.yaxis)
    axis.spines[["top", "right"]].set_visible(False)


def mark_samples(axes: Sequence[Axes], samples: int, length_ms: float, labels: Sequence[str] | None) -> None:
    """Draw a line between samples, and write a label above each."""
    for axis in axes:
        for sample in range(1, samples):
            axis.axvline(sample * length_ms, color=FAINT, linewidth=0.8)
    for sample, label in enumerate((labels or ())[:samples]):
        place = ((sample + 0.5) * length_ms, 1.02)
        axes[0].text(*place, label, transform=axes[0].get_xaxis_transform(), ha="center", va="bottom", fontsize="small")


def whole_numbers(axis: Any) -> None:
    """Put the ticks of an axis on whole numbers alone, even if there is only one."""
    axis.get_major_locator().set_params(integer=True, min_n_ticks=1)
