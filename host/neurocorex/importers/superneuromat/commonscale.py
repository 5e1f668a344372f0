"""Common scale: the smallest at which all numbers of a model are whole, if there is one.

Numbers in models are decimal fractions or simple ratios, and every float is whole at some power of two. At the smallest
common scale the integers of the chip lose nothing, however states add up. A threshold between two integers does the
same as the integer below it, because a neuron fires strictly above its threshold.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from .reader import Floats, Ints

#: Largest scale of a chip with states of 24 bits.
SCALE_LIMIT = 1 << 23
#: A number counts as a ratio with a denominator up to this, if the two differ by less than the tolerance.
DENOMINATOR_LIMIT = 100_000
TOLERANCE = 1e-12


def whole_scale(values: Floats) -> int | None:
    """Return the smallest scale at which all values are whole; None if there is none up to `SCALE_LIMIT`.

    A value that differs from a ratio of small integers only in its last bits counts as that ratio.
    """
    scale = 1
    for value in np.unique(np.abs(values)).tolist():
        scaled = value * scale
        if scaled == round(scaled):
            continue
        ratio = _ratio(value)
        if ratio is None:
            return None
        scale = math.lcm(scale, ratio.denominator)
        if scale > SCALE_LIMIT:
            return None
    return scale


def distance(values: Floats, scale: float) -> float:
    """Return the largest distance of values from whole numbers at a scale, in units of the values; exact."""
    exact = Fraction(scale)
    return max((float(abs(Fraction(v) - round(v * scale) / exact)) for v in np.unique(values).tolist()), default=0.0)


def below(values: Floats, scale: float) -> Ints:
    """Return the largest whole numbers that are not above values at a scale, give or take last bits."""
    scaled = values * scale
    nearest = np.rint(scaled)
    close = np.abs(scaled - nearest) <= TOLERANCE * np.maximum(np.abs(values), 1) * scale
    return np.asarray(np.where(close, nearest, np.floor(scaled)).astype(np.int64))


def _ratio(value: float) -> Fraction | None:
    exact = Fraction(value)
    if exact.denominator <= SCALE_LIMIT:  # a power of two
        return exact
    ratio = exact.limit_denominator(DENOMINATOR_LIMIT)
    return ratio if abs(ratio - exact) <= TOLERANCE * max(abs(value), 1) else None
