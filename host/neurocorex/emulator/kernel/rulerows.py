"""Rule rows: learning on chips with several rules, or with terms, where each synapse follows a row of its neuron.

A neuron takes two rows: one for its synapses from input axons (side 0), one for those from all others (side 1). What
they hold stands in `RuleRows.chosen` for each side and neuron, so that no loop looks up a register. Only chips with
exponential traces have rows, so no weight of theirs drifts.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .constants import (
    CHOSEN,
    DEPRESSION,
    DEPRESSION_1,
    ELIGIBLE,
    ENABLE,
    ERRORS,
    LEARNING,
    OFFSET,
    OFFSET_1,
    POST_ONLY,
    POST_ONLY_1,
    POTENTIATION,
    POTENTIATION_1,
    PRE_ONLY,
    PRE_ONLY_1,
    RANDOM,
    ROW_FIXED,
    ROW_STRIDE,
    RULE_1,
    SOFT,
    STOCHASTIC,
    STRIDE,
    WEIGHT_MAX,
    WEIGHT_MAX_1,
    WEIGHT_MIN,
    WEIGHT_MIN_1,
)  # fmt: skip
from .synapses import count_changes, rounded
from .traces import bounded, drop_unless, modulated, round_changes

#: An index known not to be negative.
_at = np.uintp
#: Lines of one side of `RuleRows.chosen`: number of the rule row, bounds, W with soft bounds or else 0, whether errors
#: rule, and what an arrival and a spike call for, modulated.
ROW, LOW, HIGH, SHIFT, BY_ERRORS, DEPRESSES, PER_ARRIVAL, POTENTIATES, FROM, PER_SPIKE, *_PAIRS = range(CHOSEN)
#: Bounds and shift of what spikes change, weights or eligibilities.
PAIR_LOW, PAIR_HIGH, PAIR_SHIFT = _PAIRS


def choose(rule_rows, sizes, rules, pairs):
    """Look up the registers that each neuron's synapses follow, by `Region.RULE`."""
    found, bits = rule_rows.chosen, sizes.weight_bits
    for j in range(sizes.neurons):
        for side in range(2):
            first = side * CHOSEN
            row = pairs[j] >> sizes.rule_bits if side else pairs[j] & ((1 << sizes.rule_bits) - 1)
            flags = _held(rules, row, LEARNING, RULE_1)
            found[first + ROW, j] = row
            found[first + LOW, j] = _held(rules, row, WEIGHT_MIN, WEIGHT_MIN_1)
            found[first + HIGH, j] = _held(rules, row, WEIGHT_MAX, WEIGHT_MAX_1)
            found[first + SHIFT, j] = bits if flags & SOFT and sizes.soft_bounds else 0
            found[first + BY_ERRORS, j] = flags & ERRORS != 0
            found[first + DEPRESSES, j] = modulated(_held(rules, row, DEPRESSION, DEPRESSION_1), rules, bits)
            found[first + PER_ARRIVAL, j] = modulated(_held(rules, row, PRE_ONLY, PRE_ONLY_1), rules, bits)
            found[first + POTENTIATES, j] = modulated(_held(rules, row, POTENTIATION, POTENTIATION_1), rules, bits)
            found[first + FROM, j] = _held(rules, row, OFFSET, OFFSET_1)
            found[first + PER_SPIKE, j] = modulated(_held(rules, row, POST_ONLY, POST_ONLY_1), rules, bits)
            gathers = rules[LEARNING] & ELIGIBLE != 0
            found[first + PAIR_LOW, j] = -(1 << bits - 1) if gathers else found[first + LOW, j]
            found[first + PAIR_HIGH, j] = (1 << bits - 1) - 1 if gathers else found[first + HIGH, j]
            found[first + PAIR_SHIFT, j] = 0 if gathers else found[first + SHIFT, j]


def _held(rules, row, of_first, of_second):
    """Register of a row, by those of rows 0 and 1."""
    return rules[of_first if row == 0 else of_second + (row - 1) * ROW_STRIDE]


def changed_by_spikes(core, learner, scratch, rules, counts):
    """Return what spikes change, weights or eligibilities, and where that is counted."""
    if rules[LEARNING] & ELIGIBLE:
        return learner.eligibility, scratch.uncounted
    return core.weights, counts


def any_of(values):
    """Tell whether any is not zero."""
    found = np.int32(0)
    for k in range(values.size):
        found |= values[k]
    return found != 0


def depress_rows(core, learner, rule_rows, scratch, sizes, rules, recurrent, arrivals, counts):
    """Change the synapses of the axons that arrived, of which the `recurrent` ones are first."""
    if rules[LEARNING] & ENABLE == 0:
        return
    chosen, change, rows, n = rule_rows.chosen, scratch.post_change, scratch.rows, sizes.neurons
    random, stochastic = core.control[RANDOM] >> 16, rules[LEARNING] & STOCHASTIC != 0
    weights, counts = changed_by_spikes(core, learner, scratch, rules, counts)
    for side, begin, end in ((1, 0, recurrent), (0, recurrent, arrivals)):
        first = side * CHOSEN
        if begin == end or not _call(learner, chosen, scratch, sizes, first):
            continue
        low, high, shift = chosen[first + PAIR_LOW], chosen[first + PAIR_HIGH], chosen[first + PAIR_SHIFT]
        whole = not stochastic and not any_of(shift)
        if whole and not round_changes(change):
            continue
        for k in range(begin, end):
            a = rows[k]
            if learner.kinds[a] == ROW_FIXED:
                continue
            if whole:
                _shift_row(weights, learner.plastic, a * n, change, low, high, counts)
            else:
                code = random ^ learner.axon_codes[a]
                _learn_row(weights, learner.plastic, a * n, change, code, low, high, shift, stochastic, counts)


def _call(learner, chosen, scratch, sizes, first):
    """P of an arrival at an axon of one side, by neuron; return whether there is any.

    ``P = sat_C(floor((Y * mod(DEPRESSION) + 2^(T-1)) / 2^T) + mod(PRE_ONLY))``
    """
    y, change, half = learner.post, scratch.post_change, 1 << (sizes.trace_bits - 1)
    rate, constant, by_errors = chosen[first + DEPRESSES], chosen[first + PER_ARRIVAL], chosen[first + BY_ERRORS]
    for j in range(change.size):
        scaled = int(y[j]) * int(rate[j]) + half >> sizes.trace_bits
        change[j] = np.int32(0 if by_errors[j] else bounded(scaled + constant[j], sizes.weight_bits))
    return drop_unless(scratch.learns, change)


def _shift_row(weights, plastic, start, change, low, high, counts):
    """Change a row by whole weights, within the bounds of each neuron."""
    below, above, ups, downs = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    for j in range(change.size):
        p = np.int32(change[j] * plastic[_at(start + j)])
        before = np.int32(weights[_at(start + j)])
        w = np.int32(before + p)
        weights[_at(start + j)] = min(max(w, low[j]), high[j]) if p != 0 else before
        below = np.int32(below + ((w < low[j]) & (p != 0)))
        above = np.int32(above + ((w > high[j]) & (p != 0)))
        ups = np.int32(ups + (p > 0))
        downs = np.int32(downs + (p < 0))
    count_changes(counts, ups, downs, below, above, 0)


def _learn_row(weights, plastic, start, change, random, low, high, shift, stochastic, counts):
    """Change a row where bounds are soft, or changes rounded by chance."""
    below = above = ups = downs = 0
    for j in range(change.size):
        if plastic[_at(start + j)] and change[j]:
            draw = (random + STRIDE * j & 0xFFFF) >> 8
            before = int(weights[_at(start + j)])
            moved = rounded(before, change[j], draw, low[j], high[j], int(shift[j]), stochastic)
            if moved:
                w = before + moved
                weights[_at(start + j)] = min(max(w, low[j]), high[j])
                below, above = below + (w < low[j]), above + (w > high[j])
                ups, downs = ups + (moved > 0), downs + (moved < 0)
    count_changes(counts, ups, downs, below, above, 0)
