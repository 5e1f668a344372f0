"""Synapses: rows of the weight matrix that are added up, and weights that change, row by row.

Potentiation, too, goes through the matrix row by row, and in each row to the neurons that fired: a column at a time it
would touch a memory page for every synapse.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .arithmetic import clamp
from .constants import (
    CLIPS_HIGH,
    CLIPS_LOW,
    CONTEXT,
    DEPRESSIONS,
    DRIFT_CLIPS,
    DRIFT_STEP,
    FRACTION,
    GAIN_INPUT,
    GAIN_ONE_BITS,
    GAIN_RECURRENT,
    POTENTIATIONS,
    ROUND_UP,
    ROW_FIXED,
    ROW_PLASTIC,
    STRIDE,
    WEIGHT_MAX,
    WEIGHT_MIN,
)  # fmt: skip
from .drift import pending, settle_row

#: An index known not to be negative: without the check for that, rows are added by vector code.
_at = np.uintp
#: Sums are kept below this after a gain: far beyond any state, so that clamping them early changes nothing.
SUM_LIMIT = 1 << 29


class Bounds(NamedTuple):
    """Bounds of weights, all int32: those of their width, those of the rule, and the end to which weights drift."""

    least: np.int32
    most: np.int32
    low: np.int32
    high: np.int32
    end: np.int32
    """Beyond all weights if there is no drift."""


def bounds_of(rules, weight_bits):
    """Bounds that are in force."""
    least, most = np.int32(-(1 << (weight_bits - 1))), np.int32((1 << (weight_bits - 1)) - 1)
    step = rules[DRIFT_STEP]
    end = least if step < 0 else most if step > 0 else np.int32(1 << weight_bits)
    return Bounds(least, most, np.int32(rules[WEIGHT_MIN]), np.int32(rules[WEIGHT_MAX]), end)


def add_currents(core, sizes, scratch, rules, neurons_end, inputs, inputs_end):
    """Add up the rows of arrivals with their gains, into `Scratch.g`: those of neurons up to a place, then of inputs.

    ``g = (sum over a < M of w[a]) << GAIN_INPUT + (sum over a >= M of w[a]) << GAIN_RECURRENT``, of which a context
    takes the second part times its gain.
    """
    weights, width, rows, g, added = core.weights, sizes.neurons, scratch.rows, scratch.g, scratch.added
    has_contexts = core.context_gain.size > 0
    if not has_contexts and rules[GAIN_INPUT] == 0 and rules[GAIN_RECURRENT] == 0:
        add_rows(weights, width, rows, 0, neurons_end, g)
        add_rows(weights, width, rows, inputs, inputs_end, g)
        return
    add_rows(weights, width, rows, inputs, inputs_end, g)
    add_rows(weights, width, rows, 0, neurons_end, added)
    if has_contexts:
        _raise_in_context(g, added, rules, core.context_gain[rules[CONTEXT]])
    elif inputs_end << (sizes.weight_bits - 1 + max(rules[GAIN_INPUT], rules[GAIN_RECURRENT])) < SUM_LIMIT:
        _raise_few(g, added, np.int32(1 << rules[GAIN_INPUT]), np.int32(1 << rules[GAIN_RECURRENT]))
    else:
        _raise(g, added, rules)


def _raise_few(g, added, input_factor, recurrent_factor):
    """`_raise` for so few arrivals that no sum exceeds 32 bits."""
    for j in range(g.size):
        g[j] = np.int32(np.int32(g[j] * input_factor) + np.int32(added[j] * recurrent_factor))
        added[j] = 0


def _raise(g, added, rules):
    """``g = (g << GAIN_INPUT) + (added << GAIN_RECURRENT)``, and nothing is left to add."""
    for j in range(g.size):
        exact = (int(g[j]) << rules[GAIN_INPUT]) + (int(added[j]) << rules[GAIN_RECURRENT])
        g[j] = np.int32(clamp(exact, -SUM_LIMIT, SUM_LIMIT))
        added[j] = 0


def _raise_in_context(g, added, rules, gains):
    """``g = (g << GAIN_INPUT) + floor((added << GAIN_RECURRENT) * gains / 256)``, and nothing is left to add."""
    for j in range(g.size):
        exact = (int(added[j]) << rules[GAIN_RECURRENT]) * int(gains[j]) >> GAIN_ONE_BITS
        g[j] = np.int32(clamp(exact + (int(g[j]) << rules[GAIN_INPUT]), -SUM_LIMIT, SUM_LIMIT))
        added[j] = 0


def add_rows(weights, width, rows, first, last, g):
    """Add up weights; four rows at a time, as reading and writing the sums takes longest."""
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


# Rows ------------------------------------------------------------------------------------------------


def shift_row(weights, start, moves, ups, downs, bounds, counts):
    """Change a row of plastic synapses, which do not drift, by whole weights, of which so many go up and down.

    It computes in the width of `moves`, where a row has no more synapses than that can count: most of the time of a
    network that learns goes by here, and halves with the width.
    """
    narrow = moves.dtype.type
    below, above, low, high = narrow(0), narrow(0), narrow(bounds.low), narrow(bounds.high)
    for j in range(moves.size):
        p = moves[j]
        before = narrow(weights[_at(start + j)])
        w = narrow(before + p)
        weights[_at(start + j)] = min(max(w, low), high) if p != 0 else before
        below = narrow(below + ((w < low) & (p != 0)))
        above = narrow(above + ((w > high) & (p != 0)))
    count_changes(counts, ups, downs, below, above, 0)


def shift_mixed_row(weights, plastic, start, change, bounds, counts):
    """Change a row by whole weights."""
    below, above, ups, downs, ends = np.int32(0), np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    low, high, end = bounds.low, bounds.high, bounds.end
    for j in range(change.size):
        p = np.int32(change[j] * plastic[_at(start + j)])
        before = np.int32(weights[_at(start + j)])
        w = np.int32(before + p)
        weights[_at(start + j)] = min(max(w, low), high) if p != 0 else before
        below = np.int32(below + ((w < low) & (p != 0)))
        above = np.int32(above + ((w > high) & (p != 0)))
        ups = np.int32(ups + (p > 0))
        downs = np.int32(downs + (p < 0))
        ends = np.int32(ends + ((before == end) & (p != 0)))
    count_changes(counts, ups, downs, below, above, ends)


def rounded(w, p, draw, low, high, scale, stochastic):
    """Change of a plastic synapse in whole weights that P calls for; `scale` is W with soft bounds, else 0."""
    if scale:
        room = max(high - w, 0) if p > 0 else max(w - low, 0)
        p = int(p) * int(room) + (1 << (scale - 1)) >> scale
    return p + (draw if stochastic else ROUND_UP if p < 0 else 0) >> FRACTION


def learn_row(weights, plastic, start, change, random, bounds, scale, stochastic, counts):
    """Change a row, scaled by the distance to the bound if `scale` is not 0, or rounded by chance."""
    below = above = ups = downs = ends = 0
    for j in range(change.size):
        if plastic[_at(start + j)] and change[j]:
            draw = (random + STRIDE * j & 0xFFFF) >> 8
            before = int(weights[_at(start + j)])
            moved = rounded(before, change[j], draw, bounds.low, bounds.high, scale, stochastic)
            if moved:
                w = before + moved
                weights[_at(start + j)] = min(max(w, bounds.low), bounds.high)
                below, above = below + (w < bounds.low), above + (w > bounds.high)
                ups, downs, ends = ups + (moved > 0), downs + (moved < 0), ends + (before == bounds.end)
    count_changes(counts, ups, downs, below, above, ends)


# Columns ---------------------------------------------------------------------------------------------


def _put(weights, learner, scratch, width, a, at, w, drift, bounds):
    """Store a weight of row a, less the drift that the row has not seen; return that, 0 if the row had to see it."""
    stored = w - drift
    if stored < bounds.least or stored > bounds.most:
        settle_row(weights, learner, scratch, width, a, bounds.least, bounds.most)
        weights[at] = w
        return 0
    weights[at] = stored
    return drift


def shift_columns(weights, learner, scratch, width, last, bounds, counts):
    """Change the synapses of all axons onto those that fired by whole weights."""
    plastic, kinds, change, fired = learner.plastic, learner.kinds, scratch.pre_change, scratch.fired
    low, high, end = int(bounds.low), int(bounds.high), int(bounds.end)
    drifts = bounds.end <= bounds.most or scratch.total[0] != 0
    below = above = ups = downs = ends = 0
    for place in range(_find_called(change, kinds, scratch.rows)):
        a = scratch.rows[place]
        p, start = int(change[a]), a * width
        if kinds[a] == ROW_PLASTIC and not drifts:
            under, over = _shift_fired(weights, start, fired, last, change[a], bounds.low, bounds.high)
            below += under
            above += over
            changed = last
        else:
            drift, changed = int(pending(scratch, a)), 0
            for k in range(last):
                at = _at(start + fired[k])
                if plastic[at]:
                    before = clamp(int(weights[at]) + drift, int(bounds.least), int(bounds.most))
                    w = before + p
                    drift = _put(weights, learner, scratch, width, a, at, clamp(w, low, high), drift, bounds)
                    below += w < low
                    above += w > high
                    ends += before == end
                    changed += 1
        if p > 0:
            ups += changed
        else:
            downs += changed
    count_changes(counts, ups, downs, below, above, ends)


def _find_called(change, kinds, called):
    """List the axons, rising, with a change and synapses that learn; return how many. No branch has to be guessed."""
    count = 0
    for a in range(change.size):
        called[count] = a
        count += (change[a] != 0) & (kinds[a] != ROW_FIXED)
    return count


def _shift_fired(weights, start, fired, last, p, low, high):
    """Change the synapses of a row onto those that fired by p; return how many are clamped at each bound.

    With nothing else to keep track of, all of it stays in registers of the processor.
    """
    under, over = np.int32(0), np.int32(0)
    for k in range(last):
        at = _at(start + fired[k])
        w = np.int32(weights[at] + p)
        weights[at] = min(max(w, low), high)
        under = np.int32(under + (w < low))
        over = np.int32(over + (w > high))
    return under, over


def learn_columns(weights, learner, scratch, width, last, bounds, scale, stochastic, counts):
    """Change them scaled by the distance to the bound if `scale` is not 0, or rounded by chance."""
    change, low, high = scratch.pre_change, int(bounds.low), int(bounds.high)
    below = above = ups = downs = ends = 0
    for a in range(change.size):
        if change[a] == 0 or learner.kinds[a] == ROW_FIXED:
            continue
        drift = int(pending(scratch, a))
        for k in range(last):
            at = _at(a * width + scratch.fired[k])
            if learner.plastic[at]:
                draw = (scratch.randoms[k] + STRIDE * learner.numbers[a] & 0xFFFF) >> 8
                before = clamp(int(weights[at]) + drift, int(bounds.least), int(bounds.most))
                moved = rounded(before, change[a], draw, bounds.low, bounds.high, scale, stochastic)
                if moved:
                    w = before + moved
                    drift = _put(weights, learner, scratch, width, a, at, clamp(w, low, high), drift, bounds)
                    below, above = below + (w < low), above + (w > high)
                    ups, downs, ends = ups + (moved > 0), downs + (moved < 0), ends + (before == bounds.end)
    count_changes(counts, ups, downs, below, above, ends)


def count_changes(counts, ups, downs, below, above, ends):
    """Add to the counters of changes: upwards, downwards, beyond each bound, and at the end of a drift."""
    counts[POTENTIATIONS] += ups
    counts[DEPRESSIONS] += downs
    counts[CLIPS_LOW] += below
    counts[CLIPS_HIGH] += above
    counts[DRIFT_CLIPS] += ends
