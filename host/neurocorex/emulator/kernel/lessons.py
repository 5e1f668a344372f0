"""Errors of neurons: feedback axons bring them, and at `LEARN` weights change by them.

Only chips with exponential traces have errors, so no weight of theirs drifts.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import clamp
from .changes import zero
from .constants import (
    ALWAYS,
    COLUMNS,
    DEADBAND,
    ENABLE,
    ERRORS,
    FLAGS,
    LEARN,
    LEARNING,
    POTENTIATION,
    RANDOM,
    ROW_FIXED,
    SOFT,
    STOCHASTIC,
    STRIDE,
    TH,
    E,
    V,
)  # fmt: skip
from .synapses import add_rows, bounds_of, count_changes, rounded
from .traces import bounded, modulated

#: An index known not to be negative.
_at = np.uintp
#: Largest error.
MOST = 32767


def take_feedback(core, feedback, scratch, sizes, recurrent, arrivals):
    """Add up the rows of the feedback axons among all arrivals, of which the `recurrent` ones are first.

    Both parts of `Scratch.rows` are put in order so that those rows are at their ends; return where they begin.
    """
    rows, brought = scratch.rows, feedback.brought
    neurons_end = _put_last(rows, 0, recurrent, feedback.axons)
    inputs_end = _put_last(rows, recurrent, arrivals, feedback.axons)
    add_rows(core.weights, sizes.neurons, rows, neurons_end, recurrent, brought)
    add_rows(core.weights, sizes.neurons, rows, inputs_end, arrivals, brought)
    return neurons_end, inputs_end


def _put_last(rows, first, last, marked):
    """Move rows that are marked behind the others; return where they begin."""
    end = last
    k = first
    while k < end:
        row = rows[k]
        if marked[row]:
            end -= 1
            rows[k], rows[end] = rows[end], row
        else:
            k += 1
    return end


def gather(errors, brought, marks):
    """``E = sat_16(E + e)``; e goes to zero for the next step."""
    most = np.int32(MOST)
    least = np.int32(-most - 1)
    for j in range(errors.size):
        exact = np.int32(errors[j] + brought[j])
        held = min(max(exact, least), most)
        errors[j] = held
        brought[j] = 0
        marks[j] |= (held != exact) << 1


def by_spikes(learning):
    """Tell whether spikes change weights, by the flags of the rule."""
    return learning & (ENABLE | ERRORS) == ENABLE


def teach(core, learner, feedback, scratch, sizes, rules, counts):
    """In a lesson, change columns by their errors, which end at zero; return how many synapses were visited.

    It takes the room in `Scratch` that belongs to neurons that fired.
    """
    if rules[LEARN] == 0:
        return 0
    visited = 0
    if rules[LEARNING] & ENABLE and rules[LEARNING] & ERRORS:
        last = _find_columns(core, learner, feedback.factors, scratch, sizes, rules)
        counts[COLUMNS] += last
        visited = last * learner.pre.size
        if last:
            _correct(core.weights, learner, feedback.factors, scratch, sizes, rules, last, counts)
    zero(core.neurons[E])
    core.control[LEARN] = rules[LEARN] = 0
    return visited


def errs(neurons, rules, j):
    """Tell whether the error of a neuron counts: it exceeds the deadband, and the membrane is near."""
    v, th = neurons[V, j], neurons[TH, j]
    return (neurons[FLAGS, j] & ALWAYS != 0 or -th < v < th) and abs(neurons[E, j]) > rules[DEADBAND]


def _find_columns(core, learner, factors, scratch, sizes, rules):
    """Collect the neurons that learn from their error, rising, with F and the draw of each; return their number."""
    errors = core.neurons[E]
    rate, random = modulated(rules[POTENTIATION], rules, sizes.weight_bits), core.control[RANDOM] >> 16
    last = 0
    for j in range(errors.size):
        if scratch.learns[j] and errs(core.neurons, rules, j):
            scratch.fired[last] = j
            factors[last] = bounded(rate * int(errors[j]) >> 8, sizes.weight_bits)
            scratch.randoms[last] = random ^ learner.neuron_codes[j]
            last += 1
    return last


def _correct(weights, learner, factors, scratch, sizes, rules, last, counts):
    """Change the columns that were found, row by row."""
    trace, plastic, bounds = learner.pre, learner.plastic, bounds_of(rules, sizes.weight_bits)
    low, high, half, width = int(bounds.low), int(bounds.high), 1 << (sizes.trace_bits - 1), sizes.neurons
    stochastic = rules[LEARNING] & STOCHASTIC != 0
    soft = sizes.weight_bits if rules[LEARNING] & SOFT and sizes.soft_bounds else 0
    below = above = ups = downs = 0
    for a in range(trace.size):
        x = int(trace[a])
        if x == 0 or learner.kinds[a] == ROW_FIXED:
            continue
        for k in range(last):
            at = _at(a * width + scratch.fired[k])
            if plastic[at]:
                draw = (scratch.randoms[k] + STRIDE * learner.numbers[a] & 0xFFFF) >> 8
                before = int(weights[at])
                p = x * factors[k] + half >> sizes.trace_bits
                moved = rounded(before, p, draw, bounds.low, bounds.high, soft, stochastic)
                if moved:
                    w = before + moved
                    weights[at] = clamp(w, low, high)
                    below, above = below + (w < low), above + (w > high)
                    ups, downs = ups + (moved > 0), downs + (moved < 0)
    count_changes(counts, ups, downs, below, above, 0)
