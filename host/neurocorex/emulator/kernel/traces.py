"""Traces of one step, and the changes of weights that they call for."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import clamp
from .constants import FRACTION, MODULATION, ROUND_UP


def update_exponential(trace, keep, increment, cap, nearest, spikes, first, last):
    """``x = shrink(x, decay)``, and where there was a spike ``min(x + increment, cap)`` or ``increment``."""
    for k in range(trace.size):
        trace[k] = np.int32(trace[k] * keep)
    for k in range(first, last):
        x = spikes[k]
        trace[x] = increment if nearest else min(trace[x] + increment, cap)


def update_window(trace, steps, spikes, first, last):
    """``x = (2 * x + spike) mod 2^K``."""
    mask = np.int32((1 << steps) - 1)
    for k in range(trace.size):
        trace[k] = np.int32(trace[k] << 1) & mask
    for k in range(first, last):
        trace[spikes[k]] |= 1


def modulated(rate, rules, bits):
    """``sat_C(floor(rate * MODULATION / 256))``, for weights of `bits` bits."""
    limit = 1 << (bits + FRACTION - 1)
    return clamp(rate * rules[MODULATION] >> 8, -limit, limit - 1)


def tune_table(table, rules, bits, tuned):
    """Modulate what a window calls for."""
    for k in range(table.size):
        tuned[k] = modulated(table[k], rules, bits)


def call_for_changes(trace, table, rate, trace_bits, change):
    """P for each trace: from a table that is not empty, or ``floor(trace * rate / 2^T)``."""
    if table.size:
        for k in range(trace.size):
            change[k] = table[trace[k]]
    else:
        for k in range(trace.size):
            change[k] = np.int32(int(trace[k]) * int(rate) >> trace_bits)


def round_changes(change):
    """Cut changes to whole weights, towards zero; return whether any is left."""
    any_left = np.int32(0)
    for k in range(change.size):
        p = change[k]
        change[k] = np.int32(p + (p >> 31 & ROUND_UP)) >> FRACTION
        any_left |= change[k]
    return any_left != 0


def drop_unless(learns, change):
    """Set to zero the changes of neurons that do not learn; return whether any is left."""
    any_left = np.int32(0)
    for k in range(change.size):
        change[k] = change[k] if learns[k] else np.int32(0)
        any_left |= change[k]
    return any_left != 0
