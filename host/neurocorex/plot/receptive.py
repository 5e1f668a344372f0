"""Receptive fields: the weights of each neuron as an image, in one grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .canvas import FAINT, colour_limit, one_panel, points_of_unit, unit_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most receptive fields that are drawn by default.
FIELDS = 400
#: Height of the colour bar at most, in inches.
BAR = 4
#: Gap between two of them, and room for the label above, as shares of the longer side of an image.
GAP, LABEL = 0.14, 0.26


def fields(
    weights: ArrayLike,
    *,
    shape: tuple[int, int],
    labels: ArrayLike | None = None,
    columns: int | None = None,
    most: int = FIELDS,
    ax: Axes | None = None,
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
    ax : Axes, optional
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
    values, (height, width) = _images(weights, shape)
    neurons = values.shape[1]
    names = _names(labels, neurons)
    shown = min(neurons, _count(most, "most"))
    grid = _Grid.of(height, width, shown, columns, has_labels=bool(names))
    inch = float(np.clip(9 / max(grid.size), 0.45 / grid.side, 1.2 / grid.side))
    figure, axis = one_panel(ax, max(1.4 + grid.size[0] * inch, 4), 0.4 + grid.size[1] * inch, None)
    limit = colour_limit(values[:, :shown])
    for neuron in range(shown):
        left, top = grid.corner(neuron)
        right, bottom = left + width, top + height
        image = axis.imshow(
            values[:, neuron].reshape(height, width), cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest",
            extent=(left, right, bottom, top),
        )  # fmt: skip
        axis.plot(
            [left, right, right, left, left], [top, top, bottom, bottom, top], color=FAINT, linewidth=0.6, clip_on=False
        )
    _write_labels(axis, grid, names[:shown])
    axis.set(xlim=(0, grid.size[0]), ylim=(grid.size[1], 0))
    axis.axis("off")
    drawn = f"{'' if shown == neurons else f'first {shown} of '}{neurons} neuron{'s' * (neurons > 1)}"
    axis.set_title(f"{title or 'receptive fields'}: {drawn}", loc="left", fontsize="medium")
    shrink = min(1, BAR * figure.dpi / axis.bbox.height)
    figure.colorbar(image, ax=axis, label=f"weight{unit_name(None, values)}", shrink=shrink, pad=0.02)
    return figure


@dataclass(frozen=True)
class _Grid:
    """Places of images in one set of axes, whose unit is a pixel of an image.

    Attributes
    ----------
    height, width : int
        Rows and columns of an image.
    columns, rows : int
        Images side by side, and one above the other.
    across, down : float
        From an image to the next one.
    """

    height: int
    width: int
    columns: int
    rows: int
    across: float
    down: float

    @classmethod
    def of(cls, height: int, width: int, images: int, columns: int | None, *, has_labels: bool) -> _Grid:
        """Place a number of images; without `columns` about in a square."""
        side = max(height, width)
        across, down = width + GAP * side, height + (GAP + LABEL * has_labels) * side
        if columns is None:
            # Of all grids that are a square or a little wider, the one with the fewest empty places.
            least = min(math.ceil(math.sqrt(images * height / width)), images)
            columns = min(range(least, least * 3 // 2 + 1), key=lambda number: -images % number)
        columns = min(_count(columns, "columns"), images)
        return cls(height, width, columns, math.ceil(images / columns), across, down)

    @property
    def side(self) -> int:
        """Longer side of an image."""
        return max(self.height, self.width)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of all."""
        return self.columns * self.across - self.across + self.width, self.rows * self.down

    def corner(self, image: int) -> tuple[float, float]:
        """Left and upper end of an image, below its label."""
        return image % self.columns * self.across, (image // self.columns + 1) * self.down - self.height


def _write_labels(axis: Axes, grid: _Grid, names: list[str]) -> None:
    """Write a name above each image, as large as its place allows."""
    longest = max(map(len, names), default=1)
    room = min(0.8 * LABEL * grid.side, grid.across / (0.7 * longest))
    size = min(9, room * points_of_unit(axis, *grid.size))
    for image, name in enumerate(names):
        left, top = grid.corner(image)
        axis.text(left + grid.width / 2, top - 0.03 * grid.side, name, ha="center", va="bottom", fontsize=size)


def _count(value: int, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name} is {value!r}, expected a whole number from 1 on, such as 10")
    return int(value)


def _images(weights: ArrayLike, shape: tuple[int, int]) -> tuple[NDArray[Any], tuple[int, int]]:
    """Return weights with a row for each pixel, and the checked shape of an image."""
    if not isinstance(shape, Sequence) or len(shape) != 2:
        raise InputError(f"shape is {shape!r}, expected rows and columns of an image, such as (14, 14)")
    height, width = _count(shape[0], "rows of shape"), _count(shape[1], "columns of shape")
    values = np.asarray(weights)
    if values.ndim != 2 or values.dtype.kind not in "biuf" or not values.size:
        raise InputError(f"weights have shape {values.shape} and type {values.dtype}, expected [inputs, neurons]")
    pixels = height * width
    if len(values) != pixels:
        hint = f"; take the rows of the inputs that are pixels, such as weights[:{pixels}]"
        raise InputError(
            f"weights have {len(values)} rows, an image of shape {(height, width)} has {pixels} pixels"
            f"{hint if len(values) > pixels else ''}"
        )
    if not np.isfinite(values).all():
        raise InputError("weights must be finite")
    return values, (height, width)


def _names(labels: ArrayLike | None, neurons: int) -> list[str]:
    """Texts above the images; none at all without labels."""
    if labels is None:
        return []
    given = np.asarray(labels)
    if given.shape != (neurons,):
        raise InputError(f"labels have shape {given.shape}, expected one for each of {neurons} neurons")
    return ["-" if text == "-1" else text for text in map(str, given.tolist())]
