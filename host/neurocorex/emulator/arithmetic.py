"""The arithmetic of the model on whole arrays; `neurocorex.spec.fixed` defines it, one number at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..events.arrays import Ints
from ..spec.fixed import DECAY_ALL, DECAY_BITS


def kept(decay: Ints | np.int64) -> Ints:
    """Parts of 65536 that a decay leaves of a value; none for 65535, which clears."""
    return np.where(decay == DECAY_ALL, 0, (1 << DECAY_BITS) - decay)


def shrink(x: Ints, keep: Ints) -> Ints:
    """Apply the model's ``shrink(x, d)``, with ``keep = kept(d)``: what is left of x, rounded towards zero."""
    product = x * keep
    # An arithmetic shift rounds down; 65535 more makes it round up, which is towards zero for what is negative.
    product += (product >> 63) & DECAY_ALL
    product >>= DECAY_BITS
    return product


def toward(x: Ints, leak: Ints) -> Ints:
    """Move x towards zero by `leak` (not negative), stopping there."""
    left: Ints = x - np.minimum(np.maximum(x, -leak), leak)
    return left


def wrap(values: npt.ArrayLike, bits: npt.ArrayLike, *, signed: bool) -> Ints:
    """Keep the low `bits` bits of each value: what a memory of that width makes of a number that does not fit."""
    modulus = np.int64(1) << np.asarray(bits, np.int64)
    low = np.asarray(values, np.int64) & (modulus - 1)
    wrapped: Ints = low - modulus * (low >= modulus >> 1) if signed else low
    return wrapped
