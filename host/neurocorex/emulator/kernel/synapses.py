"""Synapses: rows of the weight matrix that are added up, and weights that change, row by row.

Potentiation, too, goes through the matrix row by row, and in each row to the neurons that fired: a column at a time it
would touch a memory page for every synapse.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import clamp
from .constants import (
    CLIPS_HIGH,
    CLIPS_LOW,
    DEPRESSIONS,
    DRIFT,
    FRACTION,
    GAIN_INPUT,
    GAIN_RECURRENT,
    POTENTIATIONS,
    ROUND_UP,
    ROW_FIXED,
    ROW_PLASTIC,
    STRIDE,
)  # fmt: skip

#: An index known not to be negative: without the check for that, rows are added by vector code.
_at = np.uintp
#: Sums are kept below this after a gain: far beyond any state, so that clamping them early changes nothing.
SUM_LIMIT = 1 << 29


def add_currents(core, learner, sizes, scratch, rules, recurrent, arrivals):
    """Add up the rows of all arrivals, the `recurrent` ones first, with their gains, into `Scratch.g`.

    ``g = (sum over a < M of w[a]) << GAIN_INPUT + (sum over a >= M of w[a]) << GAIN_RECURRENT``
    """
    n, rows = sizes.neurons, scratch.rows
    drift = np.int32(0)
    if learner is not None:
        drift = np.int32(rules[DRIFT])
    for first, last, gain in ((0, recurrent, rules[GAIN_RECURRENT]), (recurrent, arrivals, rules[GAIN_INPUT])):
        if first == last:
            continue
        target = scratch.added if gain else scratch.g
        if drift == 0:
            add_rows(core.weights, n, rows, first, last, target)
        elif learner is not None:
            least, most = np.int32(-(1 << (sizes.weight_bits - 1))), np.int32((1 << (sizes.weight_bits - 1)) - 1)
            add_drifted_rows(core.weights, learner.plastic, n, rows, first, last, drift, least, most, target)
        if gain:
            _raise(scratch.g, scratch.added, gain)


def _raise(g, added, gain):
    """``g = g + (added << gain)``, and nothing is left to add."""
    for j in range(g.size):
        g[j] = np.int32(g[j] + clamp(int(added[j]) << gain, -SUM_LIMIT, SUM_LIMIT))
        added[j] = 0


def add_rows(weights, width, rows, first, last, g):
    """Add up weights as they are stored; four rows at a time, as reading and writing the sums takes longest."""
    k = first
    while k + 4 <= last:
        a, b, c, d = rows[k] * width, rows[k + 1] * width, rows[k + 2] * width, rows[k + 3] * width
        for j in range(width):
            two = np.int32(int(weights[_at(a + j)]) + int(weights[_at(b + j)]))
            g[j] = np.int32(g[j] + np.int32(two + np.int32(int(weights[_at(c + j)]) + int(weights[_at(d + j)]))))
        k += 4
    while k < last:
        a = rows[k] * width
        for j in range(width):
            g[j] = np.int32(g[j] + weights[_at(a + j)])
        k += 1


def add_drifted_rows(weights, plastic, width, rows, first, last, drift, least, most, g):
    """Add up effective weights."""
    for k in range(first, last):
        a = rows[k] * width
        for j in range(width):
            w = np.int32(weights[_at(a + j)])
            drifted = min(max(np.int32(w + drift), least), most)
            g[j] = np.int32(g[j] + (drifted if plastic[_at(a + j)] else w))


def shift_row(weights, start, change, low, high, counts):
    """Change a row of plastic synapses by whole weights, without drift."""
    below, above, ups, downs = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    for j in range(change.size):
        p = change[j]
        stored = np.int32(weights[_at(start + j)])
        w = np.int32(stored + p)
        weights[_at(start + j)] = min(max(w, low), high) if p != 0 else stored
        below = np.int32(below + ((w < low) & (p != 0)))
        above = np.int32(above + ((w > high) & (p != 0)))
        ups = np.int32(ups + (p > 0))
        downs = np.int32(downs + (p < 0))
    _count(counts, ups, downs, below, above)


def shift_mixed_row(weights, plastic, start, change, drift, least, most, low, high, counts):
    """Change a row by whole weights."""
    below, above, ups, downs = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    for j in range(change.size):
        p = np.int32(change[j] * plastic[_at(start + j)])
        stored = np.int32(weights[_at(start + j)])
        w = np.int32(min(max(np.int32(stored + drift), least), most) + p)
        bounded = np.int32(min(max(w, low), high) - drift)
        weights[_at(start + j)] = min(max(bounded, least), most) if p != 0 else stored
        below = np.int32(below + ((w < low) & (p != 0)))
        above = np.int32(above + ((w > high) & (p != 0)))
        ups = np.int32(ups + (p > 0))
        downs = np.int32(downs + (p < 0))
    _count(counts, ups, downs, below, above)


def learn(stored, p, draw, drift, least, most, low, high, scale, stochastic):
    """Change a plastic synapse by p, not rounded yet; return what is stored now, the change, and w + change."""
    w = min(max(stored + drift, least), most)
    if scale:
        p = int(p) * int(max(high - w, 0) if p > 0 else max(w - low, 0)) >> scale
    change = p + (draw if stochastic else ROUND_UP if p < 0 else 0) >> FRACTION
    if change == 0:
        return stored, change, w
    return min(max(min(max(w + change, low), high) - drift, least), most), change, w + change


def learn_row(weights, plastic, start, change, random, drift, least, most, low, high, scale, stochastic, counts):
    """Change a row, scaled by the distance to the bound if `scale` is not 0, or rounded by chance."""
    below = above = ups = downs = 0
    for j in range(change.size):
        if plastic[_at(start + j)] and change[j]:
            draw = (random + STRIDE * j & 0xFFFF) >> 8
            stored, moved, w = learn(
                weights[_at(start + j)], change[j], draw, drift, least, most, low, high, scale, stochastic
            )
            weights[_at(start + j)] = stored
            if moved:
                below, above, ups, downs = below + (w < low), above + (w > high), ups + (moved > 0), downs + (moved < 0)
    _count(counts, ups, downs, below, above)


def shift_columns(
    weights, plastic, kinds, width, change, fired, last, drift, least, most, low, high, counts
):  # fmt: skip
    """Change the synapses of all axons onto those that fired by whole weights."""
    below = above = ups = downs = 0
    for a in range(change.size):
        p = int(change[a])
        if p == 0 or kinds[a] == ROW_FIXED:
            continue
        start = a * width
        if kinds[a] == ROW_PLASTIC and drift == 0:
            for k in range(last):
                at = _at(start + fired[k])
                w = int(weights[at]) + p
                weights[at] = min(max(w, low), high)
                below += w < low
                above += w > high
            changed = last
        else:
            changed = 0
            for k in range(last):
                at = _at(start + fired[k])
                if plastic[at]:
                    w = min(max(weights[at] + drift, least), most) + p
                    weights[at] = min(max(min(max(w, low), high) - drift, least), most)
                    below += w < low
                    above += w > high
                    changed += 1
        if p > 0:
            ups += changed
        else:
            downs += changed
    _count(counts, ups, downs, below, above)


def learn_columns(
    weights, plastic, kinds, numbers, width, change, fired, randoms, last, drift, least, most, low, high, scale,
    stochastic, counts,
):  # fmt: skip
    """Change them scaled by the distance to the bound if `scale` is not 0, or rounded by chance."""
    below = above = ups = downs = 0
    for a in range(change.size):
        if change[a] == 0 or kinds[a] == ROW_FIXED:
            continue
        for k in range(last):
            at = _at(a * width + fired[k])
            if plastic[at]:
                draw = (randoms[k] + STRIDE * numbers[a] & 0xFFFF) >> 8
                stored, moved, w = learn(weights[at], change[a], draw, drift, least, most, low, high, scale, stochastic)
                weights[at] = stored
                if moved:
                    below, above = below + (w < low), above + (w > high)
                    ups, downs = ups + (moved > 0), downs + (moved < 0)
    _count(counts, ups, downs, below, above)


def _count(counts, ups, downs, below, above):
    counts[POTENTIATIONS] += ups
    counts[DEPRESSIONS] += downs
    counts[CLIPS_LOW] += below
    counts[CLIPS_HIGH] += above
