"""Trace of a chip after a single spike: the chance of each value at each lag, from the integers of the chip.

A trace fades by ``x = floor((x * (65536 - d) + u) / 65536)`` with a draw u of 16 bits (docs/model.md), that is to one
of two neighbouring integers, so that it is right on average. What a pair of spikes changes on average follows from all
values that the trace may have, because changes are rounded as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import DECAY_ALL, DECAY_BITS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Part of a trace that is left at the last lag that counts.
REST = 1e-4
#: Most lags at which a trace is followed; a longer one takes several steps at once.
POINTS = 1024
#: Chance below which a value does not count.
RARE = 1e-12


@dataclass(frozen=True, eq=False)
class Fading:
    """Values of a trace after one spike, and their chances.

    Attributes
    ----------
    lags : int64 array [K]
        Steps since the spike.
    share : float
        How many lags each of them stands for; 1 unless the trace is longer than `POINTS` steps.
    values : int64 array
        Values of the trace at the first lag, then at the second, and so on.
    chances : float64 array
        Chance of each.
    starts : int64 array [K]
        Where the values of each lag begin.
    endless : bool
        Whether the trace never fades. Then there is one lag.
    """

    lags: Ints
    share: float
    values: Ints
    chances: Floats
    starts: Ints
    endless: bool

    def mean(self, amounts: NDArray[Any]) -> Floats:
        """Return the mean of an amount for each value, at each lag, [K]."""
        return np.asarray(np.add.reduceat(self.chances * amounts, self.starts), np.float64)

    def times(self) -> Floats:
        """Return how often a trace has each value, summed over all lags, [largest value + 1]."""
        return np.bincount(self.values, self.chances * self.share).astype(np.float64)


def steps_of(decay: int) -> int:
    """Return after how many steps less than `REST` of a trace is left; 1 for a decay of 0, which keeps all."""
    if decay in (0, DECAY_ALL):
        return 1
    return math.ceil(math.log(REST) / math.log1p(-decay / (1 << DECAY_BITS)))


@lru_cache(maxsize=32)
def fading(increment: int, decay: int) -> Fading:
    """Follow a trace that a spike has taken from 0 to `increment`, with a decay of 1/65536 a step."""
    steps = steps_of(decay)
    stride = -(-steps // POINTS)
    kept = 1 - decay / (1 << DECAY_BITS)
    first, chances = increment, np.ones(1)
    values, every = [np.array([increment])], [chances]
    for _ in range(0 if decay in (0, DECAY_ALL) else steps // stride):
        first, chances = _faded(first, chances, kept**stride)
        values.append(first + np.arange(len(chances)))
        every.append(chances)
    sizes = np.array([len(each) for each in every])
    share = (1 - kept**stride) / (1 - kept) if 0 < kept < 1 else 1.0
    return Fading(
        np.arange(len(sizes)) * stride, share, np.concatenate(values), np.concatenate(every),
        np.cumsum(sizes) - sizes, decay == 0,
    )  # fmt: skip


def _faded(first: int, chances: Floats, kept: float) -> tuple[int, Floats]:
    """Let a trace fade once: each value goes to the integer below the exact result, or to the one above it."""
    exact = (first + np.arange(len(chances))) * kept
    below = np.floor(exact)
    above = chances * (exact - below)
    lowest = int(below[0])
    places = below.astype(np.int64) - lowest
    after = np.bincount(places, chances - above, minlength=places[-1] + 2)
    after[1:] += np.bincount(places, above, minlength=places[-1] + 1)
    common = np.flatnonzero(after > RARE)
    after = after[common[0] : common[-1] + 1]
    return lowest + int(common[0]), after / after.sum()


def called_for(values: Ints, rate: int, trace_bits: int) -> Ints:
    """Return what traces call for: ``floor((trace * rate + 2^(T-1)) / 2^T)``, in 1/256 of a weight."""
    return np.asarray((values * rate + (1 << (trace_bits - 1))) >> trace_bits)


def rate_for(trace: Fading, wanted: float, trace_bits: int, limits: tuple[int, int]) -> tuple[int, bool]:
    """Return the rate at which all lags together call for a change of `wanted`, in 1/256 of a weight.

    The sum over the lags counts, not a single lag: it is what many pairs change. Small changes are rounded to nothing
    at long lags, which a somewhat larger rate makes up for.

    Returns
    -------
    rate : int
        Within `limits`.
    clipped : bool
        Whether a rate beyond the limits would be needed.
    """
    times = trace.times()
    values = np.arange(len(times))
    rate = wanted * (1 << trace_bits) / float(times @ values)
    found: dict[int, float] = {}
    for _ in range(16):
        whole = min(max(round(rate), limits[0]), limits[1])
        if whole in found:
            break
        got = float(times @ called_for(values, whole, trace_bits))
        found[whole] = abs(got - wanted)
        rate = rate * wanted / got if got else 2 * rate
    best = min(found, key=lambda each: (found[each], abs(each)))
    return best, not limits[0] <= round(rate) <= limits[1]


def applied(called: Ints, *, stochastic: bool) -> tuple[Floats, Floats]:
    """Return the mean change of a weight, and the mean of its square, if traces call for something in 1/256 of it."""
    whole, rest = called >> CHANGE_FRACTION, called & ((1 << CHANGE_FRACTION) - 1)
    if stochastic:
        chance = rest / (1 << CHANGE_FRACTION)
        return whole + chance, np.asarray(whole**2 * (1 - chance) + (whole + 1) ** 2 * chance)
    change = (whole + ((called < 0) & (rest > 0))).astype(np.float64)
    return change, change**2
