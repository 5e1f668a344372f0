"""Traces of one step, and the changes of weights that they call for."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import clamp
from .constants import DECAY_ALL, DECAY_ONE, FRACTION, MODULATION, ROUND_UP, SHORT_ENTRIES, SHORT_WINDOW


def fade(trace, decay, random, codes):
    """``x = floor((x * (65536 - decay) + draw) / 65536)``, 0 for a decay of 65535; all of it fits into 32 bits."""
    if decay == 0:
        return
    left = np.uint32(0 if decay == DECAY_ALL else DECAY_ONE - decay)
    half = np.uint32(random & 0xFFFF)
    for k in range(trace.size):
        draw = np.uint32(half ^ np.uint32(codes[k]))
        trace[k] = np.int32(np.uint32(np.uint32(np.uint32(trace[k]) * left) + draw) >> np.uint32(16))


def rise(trace, increment, cap, nearest, spikes, first, last):
    """``x = min(x + increment, cap)``, or ``increment``, where there was a spike; return how many the cap cut short."""
    full = 0
    for k in range(first, last):
        x = spikes[k]
        risen = trace[x] + increment
        full += risen > cap
        trace[x] = increment if nearest else min(risen, cap)
    return 0 if nearest else full


def update_window(trace, steps, spikes, first, last):
    """``x = (2 * x + spike) mod 2^K``."""
    mask = np.int32((1 << steps) - 1)
    for k in range(trace.size):
        trace[k] = np.int32(trace[k] << 1) & mask
    for k in range(first, last):
        trace[spikes[k]] |= 1


def bounded(change, bits):
    """``sat_C(change)``, for weights of `bits` bits."""
    limit = 1 << (bits + FRACTION - 1)
    return clamp(change, -limit, limit - 1)


def modulated(rate, rules, bits):
    """``sat_C(floor(rate * MODULATION / 256))``."""
    return bounded(rate * rules[MODULATION] >> 8, bits)


def tune_table(table, rules, bits, tuned):
    """Modulate what a window calls for."""
    for k in range(table.size):
        tuned[k] = modulated(table[k], rules, bits)


def look_up(trace, table, tuned, sizes, rules, change):
    """P of windows: entries that are modulated beforehand; of long windows sums of two, modulated here."""
    if sizes.window_steps <= SHORT_WINDOW:
        for k in range(trace.size):
            change[k] = tuned[trace[k]]
    else:
        bits = sizes.weight_bits
        for k in range(trace.size):
            x = trace[k]
            entry = table[x & (SHORT_ENTRIES - 1)] + table[SHORT_ENTRIES + (x >> SHORT_WINDOW)]
            change[k] = modulated(bounded(entry, bits), rules, bits)


def scale(trace, rate, trace_bits, change, narrow):
    """P of exponential traces: ``trace * rate / 2^T``, to nearest.

    `narrow` tells that weights are of a byte: P before the division then takes 32 bits, traces having up to 16 of them.
    """
    half = 1 << (trace_bits - 1)
    if narrow:
        factor, add, bits = np.int32(rate), np.int32(half), np.int32(trace_bits)
        for k in range(trace.size):
            change[k] = np.int32(np.int32(np.int32(trace[k]) * factor) + add) >> bits
    else:
        for k in range(trace.size):
            change[k] = np.int32((int(trace[k]) * int(rate) + half) >> trace_bits)


def round_changes(change):
    """Cut changes to whole weights, towards zero; return whether any is left."""
    any_left = np.int32(0)
    for k in range(change.size):
        p = change[k]
        change[k] = np.int32(p + (p >> 31 & ROUND_UP)) >> FRACTION
        any_left |= change[k]
    return any_left != 0


def whole_moves(change, learns, moves):
    """Cut the changes of neurons that learn to whole weights, towards zero; return how many go up, and down."""
    narrow = moves.dtype.type
    ups, downs = np.int32(0), np.int32(0)
    for k in range(change.size):
        p = np.int32(change[k] + (change[k] >> 31 & ROUND_UP)) >> FRACTION
        p = p if learns[k] else np.int32(0)
        moves[k] = narrow(p)
        ups = np.int32(ups + (p > 0))
        downs = np.int32(downs + (p < 0))
    return ups, downs


def drop_unless(learns, change):
    """Set to zero the changes of neurons that do not learn; return whether any is left."""
    any_left = np.int32(0)
    for k in range(change.size):
        change[k] = change[k] if learns[k] else np.int32(0)
        any_left |= change[k]
    return any_left != 0
