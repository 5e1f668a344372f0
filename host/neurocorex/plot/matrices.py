"""Pictures of weight matrices: one, or two and their difference; white is zero, and neither sign hides the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .canvas import BAR_GAP, INK, colour_bar, panels, unit_name, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Percentile of the sizes of one sign that ends its colours, if the largest is OUTLIER times as large or more.
PERCENTILE, OUTLIER = 98.0, 2.0
#: How much larger than the other sign one may be before each gets a scale of its own.
APART = 4.0


def weights(
    matrix: ArrayLike, *, inputs: int | None = None, ax: Axes | None = None, title: str | None = None
) -> Figure:
    """Draw a weight matrix: red excites, blue inhibits, white is none.

    A few weights that are much larger than the others of their sign get the last colour; the colour bar ends in an
    arrow then, and says how many they are. If one sign is more than four times as large as the other, each has a scale
    of its own, which the colour bar says, too.

    Parameters
    ----------
    matrix : array [axons, neurons]
        As `Device.weights` returns it, or any other.
    inputs : int, optional
        Rows that belong to inputs; a line parts them from those of the neurons.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
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
    figure, (axis,), _ = panels(ax, (min(2.6 + 4 * max(neurons / axons, 0.35), 9), 5), title, 1)
    colours = Colours.of(values)
    _draw(axis, values, colours, inputs, f"weight{unit_name(None, values)}", within=False)
    axis.set_ylabel(_rows(inputs))
    whole_numbers(axis.yaxis)
    return figure


def weight_change(
    before: ArrayLike, after: ArrayLike, *, inputs: int | None = None, ax: Axes | None = None, title: str | None = None
) -> Figure:
    """Draw two weight matrices and their difference: red is above zero, blue below, white none.

    Colours are those of `weights`; both matrices share them.

    Parameters
    ----------
    before, after : array [axons, neurons]
        As `Device.weights` returns them.
    inputs : int, optional
        Rows that belong to inputs; a line parts them from the others.
    ax : Axes, optional
        Where to draw all three; by default in a figure of its own.
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
    figure, axes, within = panels(ax, (10, 4.5), title, 3, across=True, gap=BAR_GAP)
    shared, moved = Colours.of(np.stack([first, second])), Colours.of(second - first)
    unit = unit_name(None, np.asarray(before))
    pictures = (("before", first, shared, None), ("after", second, shared, f"weight{unit}"))
    for axis, (name, matrix, colours, label) in zip(
        axes, (*pictures, ("change", second - first, moved, f"change{unit}")), strict=True
    ):
        _draw(axis, matrix, colours, inputs, label, within=within)
        axis.set_title(name, fontsize="medium")
    axes[0].set_ylabel(_rows(inputs))
    whole_numbers(axes[0].yaxis)
    return figure


@dataclass(frozen=True)
class Colours:
    """Scale of colours around zero.

    Attributes
    ----------
    low, high : float
        Values of the last blue and the last red, below and above 0.
    beyond_low, beyond_high : int
        How many values lie beyond them.
    """

    low: float
    high: float
    beyond_low: int
    beyond_high: int

    @classmethod
    def of(cls, values: NDArray[Any]) -> Colours:
        """Choose the scale for values, of which those that are much larger than the others do not count."""
        given = values.astype(np.float64).ravel()
        high, low = _end(given[given > 0]), _end(-given[given < 0])
        larger = max(low, high) or 1.0
        if not (low and high) or larger <= APART * min(low, high):
            low = high = larger
        return cls(-low, high, int(np.count_nonzero(given < -low)), int(np.count_nonzero(given > high)))

    @property
    def extend(self) -> str:
        """Ends of the colour bar that are arrows."""
        return ("both" if self.beyond_high else "min") if self.beyond_low else "max" if self.beyond_high else "neither"

    @property
    def ticks(self) -> list[float] | None:
        """Where the colour bar has numbers, if both signs have scales of their own; None for the usual places."""
        return None if self.low == -self.high else [self.low, self.low / 2, 0.0, self.high / 2, self.high]

    @property
    def remarks(self) -> str:
        """What the label of the colour bar has to say beside the unit."""
        beyond = self.beyond_low + self.beyond_high
        told = [f"{beyond} beyond the colours"] if beyond else []
        told += ["red and blue on scales of their own"] if self.low != -self.high else []
        return f"\n{', '.join(told)}" if told else ""


def _end(sizes: NDArray[np.float64]) -> float:
    """Size at which the colours of a sign end: the largest, or a percentile without the few that are much larger."""
    if not sizes.size:
        return 0.0
    largest, most = float(sizes.max()), float(np.percentile(sizes, PERCENTILE))
    return most if largest >= OUTLIER * most else largest


def _rows(inputs: int | None) -> str:
    return "from axon" if inputs is None else f"from axon (neurons from {inputs} on)"


def _draw(
    axis: Axes, values: NDArray[Any], colours: Colours, inputs: int | None, label: str | None, *, within: bool
) -> None:
    """Draw a matrix, with a colour bar if it has a label."""
    from matplotlib.colors import TwoSlopeNorm

    norm = TwoSlopeNorm(0.0, colours.low, colours.high)
    picture = axis.imshow(values, cmap="RdBu_r", norm=norm, aspect="auto", interpolation="nearest")
    if inputs is not None and 0 < inputs < len(values):
        axis.axhline(inputs - 0.5, color=INK, linewidth=0.8)
    axis.set_xlabel("to neuron")
    whole_numbers(axis.xaxis)
    if label is not None:
        colour_bar(picture, axis, label + colours.remarks, within=within, extend=colours.extend, ticks=colours.ticks)
