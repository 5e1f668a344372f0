"""Synaptic scaling: the plastic weights onto a neuron that follow one rule row are brought to a sum.

Only chips with exponential traces scale weights, so none of theirs drifts.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import clamp
from .constants import (
    CHOSEN,
    ENABLE,
    FACTOR_BITS,
    FACTOR_LIMIT,
    FRACTION,
    GROUP,
    LEARNING,
    RANDOM,
    ROW_FIXED,
    SCALE,
    SCALE_ROW_BITS,
    SCALED,
    STOCHASTIC,
    STRIDE,
    TARGET,
)  # fmt: skip
from .rulerows import HIGH, LOW, ROW
from .synapses import bounds_of, count_changes
from .traces import bounded

#: An index known not to be negative.
_at = np.uintp


def scale(core, learner, rule_rows, scratch, sizes, rules, counts):
    """In a step with `SCALE`, scale the columns of all neurons that learn, or of a group; return the synapses visited.

    It takes the room in `Scratch` that belongs to neurons that fired, and to depression.
    """
    called = rules[SCALE]
    if called == 0:
        return 0
    core.control[SCALE] = rules[SCALE] = 0
    row, group = (called & (1 << SCALE_ROW_BITS) - 1) - 1, called >> SCALE_ROW_BITS
    if rules[LEARNING] & ENABLE == 0 or row < 0 or row >> sizes.rule_bits:
        return 0
    last, random = 0, core.control[RANDOM] >> 16
    for j in range(sizes.neurons):
        if scratch.learns[j] and (group == 0 or core.neurons[GROUP, j] == group):
            scratch.fired[last], scratch.randoms[last] = j, random ^ learner.neuron_codes[j]
            last += 1
    counts[SCALED] += last
    if last:
        _find_factors(core.weights, learner, rule_rows, scratch, sizes, rules, row, last)
        _walk(core.weights, learner, rule_rows, scratch, sizes, rules, row, last, counts)
    return 2 * last * learner.pre.size


def _follows(rule_rows, sizes, a, j, row):
    """Tell whether a synapse follows a rule row."""
    return rule_rows is None or rule_rows.chosen[(0 if a < sizes.inputs else CHOSEN) + ROW, j] == row


def _find_factors(weights, learner, rule_rows, scratch, sizes, rules, row, last):
    """``K = min(floor(TARGET * 4096 / S) - 4096, 32767)`` of each column, 0 where its sum S is not above 0."""
    factors = scratch.post_change
    for k in range(last):
        factors[k] = 0
    for a in range(learner.pre.size):
        if learner.kinds[a] == ROW_FIXED:
            continue
        for k in range(last):
            j = scratch.fired[k]
            at = _at(a * sizes.neurons + j)
            if learner.plastic[at] and _follows(rule_rows, sizes, a, j, row):
                factors[k] = np.int32(int(factors[k]) + int(weights[at]))
    for k in range(last):
        total = int(factors[k])
        gain = (rules[TARGET] << FACTOR_BITS) // max(total, 1) - (1 << FACTOR_BITS)
        factors[k] = np.int32(min(gain, FACTOR_LIMIT) if total > 0 else 0)


def _walk(weights, learner, rule_rows, scratch, sizes, rules, row, last, counts):
    """Change weights by ``sat_C(floor(w * K / 16))`` in these columns, row by row; not softly, and to nearest."""
    bounds, bits, factors = bounds_of(rules, sizes.weight_bits), sizes.weight_bits, scratch.post_change
    stochastic, low, high = rules[LEARNING] & STOCHASTIC != 0, int(bounds.low), int(bounds.high)
    below = above = ups = downs = 0
    for a in range(learner.pre.size):
        if learner.kinds[a] == ROW_FIXED:
            continue
        first = 0 if a < sizes.inputs else CHOSEN
        for k in range(last):
            j = scratch.fired[k]
            at = _at(a * sizes.neurons + j)
            before = int(weights[at])
            if before == 0 or not learner.plastic[at] or not _follows(rule_rows, sizes, a, j, row):
                continue
            if rule_rows is not None:
                low, high = int(rule_rows.chosen[first + LOW, j]), int(rule_rows.chosen[first + HIGH, j])
            draw = (scratch.randoms[k] + STRIDE * learner.numbers[a] & 0xFFFF) >> 8
            change = bounded(before * int(factors[k]) >> FACTOR_BITS - FRACTION, bits)
            moved = change + (draw if stochastic else 1 << FRACTION - 1) >> FRACTION
            if moved:
                w = before + moved
                weights[at] = clamp(w, low, high)
                below, above = below + (w < low), above + (w > high)
                ups, downs = ups + (moved > 0), downs + (moved < 0)
    count_changes(counts, ups, downs, below, above, 0)
