"""A scale at which every number that moves a state is whole, if there is one.

Numbers that people write are decimal fractions or simple ratios, and floats of a computer are whole at some power of
two. At the smallest common scale the chip's integers lose nothing, however the states add up, and a threshold between
two of them does the same as the integer below it, because a neuron fires strictly above.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from .reader import Floats, Ints

#: No scale of a chip with states of 24 bits is larger.
SCALE_LIMIT = 1 << 23
#: Denominators that a number is taken for, if it is so close to a ratio.
DENOMINATOR_LIMIT = 100_000
TOLERANCE = 1e-12


def whole_scale(values: Floats) -> int | None:
    """Return the smallest scale at which all of some values are whole, None if there is none up to `SCALE_LIMIT`.

    A value counts as a ratio of small integers if it differs from that only in its last bits.
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
    """Return the largest difference of values to whole numbers at a scale, in units of the values; not rounded."""
    exact = Fraction(scale)
    return max((float(abs(Fraction(v) - round(v * scale) / exact)) for v in np.unique(values).tolist()), default=0.0)


def below(values: Floats, scale: float) -> Ints:
    """Return the largest whole numbers that are not above some values at a scale; last bits do not count."""
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
