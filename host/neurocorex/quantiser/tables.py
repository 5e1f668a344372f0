"""Tables of windows: the change that each pattern of recent spikes calls for, in one part or in two.

A window of K steps is K bits, the latest step the lowest bit. Up to `TABLE_STEPS` steps have one table of 2^K entries.
A longer window has one for its lowest bits and one for those above; the entries of both add up (docs/model.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..spec.config import TABLE_STEPS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def table_of(kernel: Floats, limits: tuple[int, int], *, nearest: bool = False, grain: int = 1) -> tuple[Ints, int]:
    """Return the table of a kernel, and how many patterns of spikes call for a change beyond the limits.

    Parameters
    ----------
    kernel : float64 array [K]
        Change by lag, in 1/256 of a weight.
    limits : (int, int)
        Smallest and largest change.
    nearest : bool
        Whether only the latest spike counts. A kernel longer than `TABLE_STEPS` has to be 0 beyond that then.
    grain : int
        Entries are multiples of it.
    """
    low, high = kernel[:TABLE_STEPS], kernel[TABLE_STEPS:]
    parts = [grain * np.rint(sums(part, nearest=nearest) / grain) for part in (low, high) if len(part)]
    table = np.concatenate([np.clip(part, *limits) for part in parts]).astype(np.int64)
    every = parts[0] if len(parts) == 1 else np.add.outer(*parts)
    return table, int(np.count_nonzero((every < limits[0]) | (every > limits[1])))


def sums(kernel: Floats, *, nearest: bool) -> Floats:
    """Return the change of every pattern of spikes, [2^K]: the sum over its spikes, or that of the latest."""
    patterns: NDArray[Any] = np.arange(1 << len(kernel))[:, None] >> np.arange(len(kernel)) & 1  # [pattern, lag]
    if nearest:
        patterns &= np.cumsum(patterns, axis=1) == 1
    return np.asarray(patterns @ kernel, np.float64)


def single_spikes(table: Ints, steps: int) -> Ints:
    """Return the entries of patterns with one spike, by lag, [K]; as they stand in the table, or tables."""
    lags = np.arange(steps)
    # The empty pattern of the other part adds its entry, too.
    low = table[np.where(lags < TABLE_STEPS, 1 << np.minimum(lags, TABLE_STEPS - 1), 0)]
    if steps <= TABLE_STEPS:
        return np.asarray(low)
    return np.asarray(
        low + table[(1 << TABLE_STEPS) + np.where(lags < TABLE_STEPS, 0, 1 << np.maximum(lags - TABLE_STEPS, 0))]
    )
