"""Eligibilities: changes by spikes are gathered in them, and a reward brings them to the weights; they fade.

Only chips with exponential traces have eligibilities, so no weight of theirs drifts.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import clamp
from .constants import (
    CHOSEN,
    COLUMNS,
    ELIGIBLE,
    ENABLE,
    FADE,
    FADE_ALL,
    LEARNING,
    RANDOM,
    REWARD,
    REWARDS,
    ROW_FIXED,
    SOFT,
    STOCHASTIC,
    STRIDE,
)  # fmt: skip
from .rulerows import HIGH, LOW, SHIFT
from .synapses import Bounds, bounds_of, count_changes, rounded
from .traces import bounded

#: An index known not to be negative.
_at = np.uintp


def changed_by_spikes(core, learner, scratch, sizes, rules, counts):
    """Return what spikes change, weights or eligibilities, the bounds of these, and where changes are counted."""
    bounds = bounds_of(rules, sizes.weight_bits)
    if rules[LEARNING] & ELIGIBLE:
        whole = Bounds(bounds.least, bounds.most, bounds.least, bounds.most, bounds.end)
        return learner.eligibility, whole, scratch.uncounted
    return core.weights, bounds, counts


def softness(learning, sizes):
    """Return W if changes by spikes are scaled by the distance to the bound, else 0."""
    return sizes.weight_bits if sizes.soft_bounds and learning & (SOFT | ELIGIBLE) == SOFT else 0


def reward(core, learner, rule_rows, scratch, sizes, rules, counts):
    """In a step with a reward or a fade, walk the columns of all neurons that learn; return the synapses visited.

    It takes the room in `Scratch` that belongs to neurons that fired.
    """
    factor, fade = rules[REWARD], rules[FADE]
    if factor == 0 and fade == 0:
        return 0
    core.control[REWARD] = core.control[FADE] = rules[REWARD] = rules[FADE] = 0
    if rules[LEARNING] & ENABLE == 0:
        return 0
    last, random = 0, core.control[RANDOM] >> 16
    for j in range(sizes.neurons):
        if scratch.learns[j]:
            scratch.fired[last], scratch.randoms[last] = j, random ^ learner.neuron_codes[j]
            last += 1
    counts[COLUMNS] += last
    if last:
        counts[REWARDS] += 1
        _walk(core.weights, learner, rule_rows, scratch, sizes, rules, factor, fade, last, counts)
    return last * learner.pre.size


def _walk(weights, learner, rule_rows, scratch, sizes, rules, factor, fade, last, counts):
    """Change weights by ``sat_C(c * REWARD)``, and fade c, in these columns, row by row."""
    eligibility, bounds, width = learner.eligibility, bounds_of(rules, sizes.weight_bits), sizes.neurons
    stochastic = rules[LEARNING] & STOCHASTIC != 0
    soft = sizes.weight_bits if rules[LEARNING] & SOFT and sizes.soft_bounds else 0
    low, high, shift = bounds.low, bounds.high, soft
    below = above = ups = downs = 0
    for a in range(learner.pre.size):
        if learner.kinds[a] == ROW_FIXED:
            continue
        first = 0 if a < sizes.inputs else CHOSEN
        for k in range(last):
            j = scratch.fired[k]
            at = _at(a * width + j)
            c = np.int64(eligibility[at])  # wide enough for the size of its smallest value
            if c and learner.plastic[at]:
                if rule_rows is not None:
                    chosen = rule_rows.chosen
                    low, high, shift = chosen[first + LOW, j], chosen[first + HIGH, j], int(chosen[first + SHIFT, j])
                draw = (scratch.randoms[k] + STRIDE * learner.numbers[a] & 0xFFFF) >> 8
                before = int(weights[at])
                moved = rounded(before, bounded(c * factor, sizes.weight_bits), draw, low, high, shift, stochastic)
                if moved:
                    w = before + moved
                    weights[at] = clamp(w, int(low), int(high))
                    below, above = below + (w < low), above + (w > high)
                    ups, downs = ups + (moved > 0), downs + (moved < 0)
                eligibility[at] = faded(c, fade)
    count_changes(counts, ups, downs, below, above, 0)


def faded(c, fade):
    """``toward(c, ceil(|c| / 2^FADE))``; `FADE_ALL` takes all of it, 0 nothing."""
    if fade == 0:
        return c
    if fade == FADE_ALL:
        return 0
    loss = abs(c) + (1 << fade) - 1 >> fade
    return c - loss if c > 0 else c + loss
