"""Pixels of a sensor and the input axons that they drive: crop, downsampling, polarity."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .checks import count_of

#: Polarities that are kept, and how many axons a pixel has then.
POLARITIES = {"separate": 2, "merge": 1, "on": 1, "off": 1}
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Places(NamedTuple):
    """Where events belong.

    Attributes
    ----------
    fits, wanted : bool array [E]
        Whether an event is within the crop, and of a polarity that is kept.
    axon : int64 array [E]
        Its input axon; it means something only where both are so.
    """

    fits: Bools
    wanted: Bools
    axon: Ints


class PixelMap:
    """Map from the pixels of a sensor to input axons.

    Parameters
    ----------
    sensor_size : (int, int) or (int, int, int)
        Columns and rows of the sensor; a third number is not used.
    crop : (left, top, right, bottom), optional
        Pixels that are kept, right and bottom excluded.
    downsample : int
        Side of the squares of pixels that become one, counted from the corner of the crop.
    polarity : {"separate", "merge", "on", "off"}
        "separate": axons of their own, first all that go off, then all that go on. "merge": both on the same axon.
        "on" and "off": only these.

    Attributes
    ----------
    width, height : int
        Columns and rows of the sensor.
    shape : tuple of int
        (rows, columns) of the pixels that are left, or (2, rows, columns) with "separate" polarities.
    inputs : int
        Input axons that they need.

    Raises
    ------
    InputError
        For an argument that cannot be.
    """

    def __init__(self, sensor_size: Any, crop: Any = None, downsample: Any = 1, polarity: str = "separate") -> None:
        if polarity not in POLARITIES:
            raise InputError(f"polarity is {polarity!r}, expected one of {', '.join(map(repr, POLARITIES))}")
        self.width, self.height = _size(sensor_size)
        self._box = left, top, right, bottom = _box(crop, self.width, self.height)
        self._side, self._polarity = count_of("downsample", downsample), polarity
        rows, columns = -(-(bottom - top) // self._side), -(-(right - left) // self._side)
        self._pixels, self._columns = rows * columns, columns
        self.shape = (2, rows, columns) if polarity == "separate" else (rows, columns)
        self.inputs = math.prod(self.shape)

    def on_sensor(self, x: Ints, y: Ints) -> Bools:
        """Return which events are on the sensor at all."""
        return np.asarray((x >= 0) & (x < self.width) & (y >= 0) & (y < self.height))

    def places(self, x: Ints, y: Ints, on: Bools) -> Places:
        """Return where events belong, by their columns, rows and whether they go on, [E] each."""
        left, top, right, bottom = self._box
        fits = (x >= left) & (x < right) & (y >= top) & (y < bottom)
        wanted = np.ones(len(x), np.bool_)
        axon = (y - top) // self._side * self._columns + (x - left) // self._side
        if self._polarity == "separate":
            axon = axon + on * self._pixels
        elif self._polarity != "merge":
            wanted = np.asarray(on == (self._polarity == "on"))
        return Places(fits, wanted, axon)

    def spikes(self, step: Ints, axon: Ints) -> tuple[Ints, Ints]:
        """Return steps and axons of the spikes, in order; events of the same axon in the same step are one spike."""
        found = np.unique(step * self.inputs + axon)
        return found // self.inputs, found % self.inputs


def _size(sensor_size: Any) -> tuple[int, int]:
    if not isinstance(sensor_size, tuple | list) or len(sensor_size) not in (2, 3):
        raise InputError(f"sensor_size is {sensor_size!r}, expected columns and rows, such as (34, 34)")
    return count_of("columns of sensor_size", sensor_size[0]), count_of("rows of sensor_size", sensor_size[1])


def _box(crop: Any, width: int, height: int) -> tuple[int, int, int, int]:
    if crop is None:
        return 0, 0, width, height
    try:
        left, top, right, bottom = (int(edge) for edge in crop)
    except (TypeError, ValueError):
        left = top = right = bottom = -1
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise InputError(
            f"crop is {crop!r}, expected (left, top, right, bottom) within ({width}, {height}), such as "
            f"(0, 0, {width}, {height})"
        )
    return left, top, right, bottom
