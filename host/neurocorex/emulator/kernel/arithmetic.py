"""Arithmetic of single numbers in the kernel: bounds, decay factors, and the place of a bit."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .constants import DECAY_ALL, DECAY_ONE


def clamp(x, low, high):
    """Bound x; in the width of the arguments, as all three have the same."""
    return min(max(x, low), high)


def kept(decay):
    """Return what ``shrink(x, decay)`` leaves of x before it cuts towards zero, as a factor; exact."""
    return 0.0 if decay == DECAY_ALL else (DECAY_ONE - decay) / DECAY_ONE


def lowest_bit(bits):
    """Place of the lowest bit of an int64 that is set; of no use for 0. `build` puts one instruction in its place."""
    bits = int(bits)
    return np.int64((bits & -bits).bit_length() - 1)
