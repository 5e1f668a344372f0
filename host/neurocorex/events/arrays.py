"""Types and helpers of NumPy arrays that all rooms share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def entries(table: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """Row and column of what is not zero in a table [..., columns]; rows count through all axes but the last.

    Several times faster than `numpy.nonzero`, which looks for every axis on its own.
    """
    columns = max(table.shape[-1], 1)
    place = np.flatnonzero(table)
    row = place // columns
    return row, place - row * columns
