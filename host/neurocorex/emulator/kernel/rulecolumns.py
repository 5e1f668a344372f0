"""Columns on chips with rule rows: synapses that change by the spike or the error of their neuron, each by its row.

Both sides of a column, see `rulerows`, are changed apart, and those of all neurons row by row of the matrix.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import clamp
from .changes import zero
from .constants import (
    CHOSEN,
    COLUMNS,
    ENABLE,
    LEARN,
    LEARNING,
    RANDOM,
    ROW_FIXED,
    ROW_PLASTIC,
    ROWS,
    STOCHASTIC,
    STRIDE,
    E,
)  # fmt: skip
from .lessons import errs
from .neurons import FIRES
from .rulerows import (
    BY_ERRORS,
    FROM,
    HIGH,
    LOW,
    PAIR_HIGH,
    PAIR_LOW,
    PAIR_SHIFT,
    PER_SPIKE,
    POTENTIATES,
    ROW,
    SHIFT,
    any_of,
    changed_by_spikes,
)  # fmt: skip
from .synapses import count_changes, rounded
from .traces import bounded, round_changes

#: An index known not to be negative.
_at = np.uintp


def walk_columns(core, learner, rule_rows, scratch, sizes, rules, firing, counts):
    """Change the columns of neurons that fired or learn from their error; return how many synapses were visited.

    A lesson ends with errors of zero.
    """
    lesson, visited = rules[LEARN] != 0, 0
    if rules[LEARNING] & ENABLE and (firing or lesson):
        walked = _find_columns(core, rule_rows, scratch, sizes, rules, firing, lesson)
        counts[COLUMNS] += walked
        visited = walked * learner.pre.size
        for side, begin, end in ((0, 0, sizes.inputs), (1, sizes.inputs, learner.pre.size)):
            if rule_rows.spikes[side]:
                _potentiate(core, learner, rule_rows, scratch, sizes, rules, side, begin, end, counts)
            if rule_rows.errors[side]:
                _correct(core, learner, rule_rows, sizes, rules, side, begin, end, counts)
    if lesson:
        zero(core.neurons[E])
        core.control[LEARN] = rules[LEARN] = 0
    return visited


def _find_columns(core, rule_rows, scratch, sizes, rules, firing, lesson):
    """List, for each side, the neurons whose synapses change by their spike, and those by their error, with F.

    Return how many columns are walked.
    """
    chosen, learns, spikes, errors = rule_rows.chosen, scratch.learns, rule_rows.spikes, rule_rows.errors
    zero(spikes)
    zero(errors)
    walked = 0
    for k in range(sizes.neurons if lesson else firing):
        j = k if lesson else scratch.fired[k]
        spiked = learns[j] and scratch.marks[j] & FIRES != 0
        erred = lesson and learns[j] and errs(core.neurons, rules, j)
        before = spikes[0] + spikes[1] + errors[0] + errors[1]
        for side in range(2):
            if chosen[side * CHOSEN + BY_ERRORS, j]:
                if erred:
                    factor = int(chosen[side * CHOSEN + POTENTIATES, j]) * int(core.neurons[E, j]) >> 8
                    rule_rows.factors[side, errors[side]] = bounded(factor, sizes.weight_bits)
                    rule_rows.erred[side, errors[side]] = j
                    errors[side] += 1
            elif spiked:
                rule_rows.spiked[side, spikes[side]] = j
                spikes[side] += 1
        walked += spikes[0] + spikes[1] + errors[0] + errors[1] > before
    return walked


def _potentiate(core, learner, rule_rows, scratch, sizes, rules, side, begin, end, counts):
    """Change the synapses of one side onto neurons that fired.

    ``P = sat_C(floor(((X - OFFSET) * mod(POTENTIATION) + 2^(T-1)) / 2^T) + mod(POST_ONLY))``, by row of the rule
    """
    called, first, half = rule_rows.called, side * CHOSEN, 1 << (sizes.trace_bits - 1)
    spiked, chosen = rule_rows.spiked[side, : rule_rows.spikes[side]], rule_rows.chosen
    stochastic = rules[LEARNING] & STOCHASTIC != 0
    whole, rows = not stochastic, 0
    for k in range(spiked.size):
        j = spiked[k]
        whole = whole and chosen[first + PAIR_SHIFT, j] == 0
        row = chosen[first + ROW, j]
        if rows >> row & 1 == 0:
            rows |= 1 << row
            rate, offset = int(chosen[first + POTENTIATES, j]), chosen[first + FROM, j]
            constant, change = chosen[first + PER_SPIKE, j], called[row]
            for a in range(begin, end):
                scaled = (int(learner.pre[a]) - int(offset)) * rate + half >> sizes.trace_bits
                change[a] = np.int32(bounded(scaled + constant, sizes.weight_bits))
    for row in range(ROWS):
        if rows >> row & 1 == 0:
            zero(called[row, begin:end])
        elif whole:
            round_changes(called[row, begin:end])
    weights, counts = changed_by_spikes(core, learner, scratch, rules, counts)
    if whole:
        _shift_columns(weights, learner, rule_rows, sizes.neurons, side, begin, end, counts)
    else:
        random = core.control[RANDOM] >> 16
        _learn_columns(
            weights, learner, rule_rows, sizes.neurons, side, begin, end, random, stochastic, counts
        )  # fmt: skip


def _shift_columns(weights, learner, rule_rows, width, side, begin, end, counts):
    """Change them by whole weights."""
    first, called, chosen = side * CHOSEN, rule_rows.called, rule_rows.chosen
    spiked, row_of = rule_rows.spiked[side, : rule_rows.spikes[side]], chosen[first + ROW]
    low, high = chosen[first + PAIR_LOW], chosen[first + PAIR_HIGH]
    below = above = ups = downs = 0
    for a in range(begin, end):
        any_called = called[0, a] | called[1, a] | called[2, a] | called[3, a]
        if any_called == 0 or learner.kinds[a] == ROW_FIXED:
            continue
        all_plastic, start = learner.kinds[a] == ROW_PLASTIC, a * width
        for k in range(spiked.size):
            j = spiked[k]
            p = int(called[row_of[j], a])
            at = _at(start + j)
            if p != 0 and (all_plastic or learner.plastic[at]):
                w = int(weights[at]) + p
                weights[at] = clamp(w, int(low[j]), int(high[j]))
                below += w < low[j]
                above += w > high[j]
                ups += p > 0
                downs += p < 0
    count_changes(counts, ups, downs, below, above, 0)


def _learn_columns(weights, learner, rule_rows, width, side, begin, end, random, stochastic, counts):
    """Change them where bounds are soft, or changes rounded by chance."""
    first, called, chosen = side * CHOSEN, rule_rows.called, rule_rows.chosen
    spiked, row_of = rule_rows.spiked[side, : rule_rows.spikes[side]], chosen[first + ROW]
    low, high, shift = chosen[first + PAIR_LOW], chosen[first + PAIR_HIGH], chosen[first + PAIR_SHIFT]
    below = above = ups = downs = 0
    for a in range(begin, end):
        any_called = called[0, a] | called[1, a] | called[2, a] | called[3, a]
        if any_called == 0 or learner.kinds[a] == ROW_FIXED:
            continue
        for k in range(spiked.size):
            j = spiked[k]
            at = _at(a * width + j)
            if learner.plastic[at]:
                p, draw = int(called[row_of[j], a]), _draw(random, learner, j, a)
                before = int(weights[at])
                moved = rounded(before, p, draw, low[j], high[j], int(shift[j]), stochastic)
                if moved:
                    w = before + moved
                    weights[at] = clamp(w, int(low[j]), int(high[j]))
                    below, above = below + (w < low[j]), above + (w > high[j])
                    ups, downs = ups + (moved > 0), downs + (moved < 0)
    count_changes(counts, ups, downs, below, above, 0)


def _draw(random, learner, j, a):
    """``weight_draw(j, a)``."""
    return ((random ^ learner.neuron_codes[j]) + STRIDE * learner.numbers[a] & 0xFFFF) >> 8


def _correct(core, learner, rule_rows, sizes, rules, side, begin, end, counts):
    """Change the synapses of one side onto neurons that learn from their error.

    ``P = sat_C(floor(((X - OFFSET) * F + 2^(T-1)) / 2^T))``
    """
    weights, first, chosen, factors = core.weights, side * CHOSEN, rule_rows.chosen, rule_rows.factors[side]
    erred, offset, half = rule_rows.erred[side], chosen[first + FROM], 1 << (sizes.trace_bits - 1)
    low, high, shift = chosen[first + LOW], chosen[first + HIGH], chosen[first + SHIFT]
    random, stochastic, silent_too = core.control[RANDOM] >> 16, rules[LEARNING] & STOCHASTIC != 0, any_of(offset)
    below = above = ups = downs = 0
    for a in range(begin, end):
        x = int(learner.pre[a])
        if learner.kinds[a] == ROW_FIXED or (x == 0 and not silent_too):
            continue
        for k in range(rule_rows.errors[side]):
            j = erred[k]
            at = _at(a * sizes.neurons + j)
            if learner.plastic[at]:
                p = bounded((x - int(offset[j])) * factors[k] + half >> sizes.trace_bits, sizes.weight_bits)
                before = int(weights[at])
                draw = _draw(random, learner, j, a)
                moved = rounded(before, p, draw, low[j], high[j], int(shift[j]), stochastic)
                if moved:
                    w = before + moved
                    weights[at] = clamp(w, int(low[j]), int(high[j]))
                    below, above = below + (w < low[j]), above + (w > high[j])
                    ups, downs = ups + (moved > 0), downs + (moved < 0)
    count_changes(counts, ups, downs, below, above, 0)
