"""STDP in one step: depression by arrivals, traces, potentiation of neurons that fired, and drift.

`learner`, `core`, `scratch` and `sizes` are those of `neurocorex.emulator.kernel.arguments`, `rules` the registers as
`registers.decode` reads them.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .arithmetic import clamp, kept
from .constants import (
    COLUMNS,
    DEPRESSION,
    DRIFT,
    DRIFT_STEP,
    ENABLE,
    GATE,
    LEARNING,
    NEAREST_POST,
    NEAREST_PRE,
    POST,
    POTENTIATION,
    PRE,
    ROW_FIXED,
    ROW_PLASTIC,
    SOFT,
    STOCHASTIC,
    TO_CAP,
    TO_INCREMENT,
    WEIGHT_MAX,
    WEIGHT_MIN,
)  # fmt: skip
from .registers import advance, find_learners
from .synapses import learn_columns, learn_row, shift_columns, shift_mixed_row, shift_row
from .traces import (
    call_for_changes,
    drop_unless,
    modulated,
    round_changes,
    tune_table,
    update_exponential,
    update_window,
)  # fmt: skip


def tune(learner, scratch, rules, flags, weight_bits):
    """Take note of the control registers as they are now."""
    find_learners(flags, rules[GATE], scratch.learns)
    tune_table(learner.pre_table, rules, weight_bits, scratch.pre_table)
    tune_table(learner.post_table, rules, weight_bits, scratch.post_table)


def depress(core, learner, scratch, sizes, rules, arrivals, counts):
    """Change the synapses of the axons that arrived, ruled by the traces of the step before."""
    learning = rules[LEARNING]
    if learning & ENABLE == 0 or not arrivals:
        return
    n, rows, change = sizes.neurons, scratch.rows, scratch.post_change
    weights, plastic, kinds = core.weights, learner.plastic, learner.kinds
    least, most = np.int32(-(1 << (sizes.weight_bits - 1))), np.int32((1 << (sizes.weight_bits - 1)) - 1)
    low, high, drift = np.int32(rules[WEIGHT_MIN]), np.int32(rules[WEIGHT_MAX]), np.int32(rules[DRIFT])
    stochastic = learning & STOCHASTIC != 0
    scale = sizes.weight_bits if learning & SOFT and sizes.soft_bounds else 0
    whole = not stochastic and scale == 0
    rate = modulated(rules[DEPRESSION], rules, sizes.weight_bits)
    any_change = rate != 0 or sizes.window_steps > 0
    if any_change:
        call_for_changes(learner.post, scratch.post_table, rate, sizes.trace_bits, change)
        any_change = drop_unless(scratch.learns, change)
    if any_change and whole:
        any_change = round_changes(change)
    for k in range(arrivals):
        random = advance(core.control)
        kind = kinds[rows[k]]
        if not any_change or kind == ROW_FIXED:
            continue
        start = rows[k] * n
        if not whole:
            learn_row(
                weights, plastic, start, change, random, drift, least, most, low, high, scale, stochastic, counts
            )  # fmt: skip
        elif kind == ROW_PLASTIC and drift == 0:
            shift_row(weights, start, change, low, high, counts)
        else:
            shift_mixed_row(weights, plastic, start, change, drift, least, most, low, high, counts)


def update_traces(learner, scratch, sizes, rules, arrivals, firing):
    """Bring the traces of axons and neurons to the end of the step."""
    pre, post, rows, fired = learner.pre, learner.post, scratch.rows, scratch.fired
    if sizes.window_steps:
        update_window(pre, sizes.window_steps, rows, 0, arrivals)
        update_window(post, sizes.window_steps, fired, 0, firing)
        return
    learning = rules[LEARNING]
    update_exponential(
        pre, kept(rules[PRE]), rules[PRE + TO_INCREMENT], rules[PRE + TO_CAP], learning & NEAREST_PRE != 0,
        rows, 0, arrivals,
    )  # fmt: skip
    update_exponential(
        post, kept(rules[POST]), rules[POST + TO_INCREMENT], rules[POST + TO_CAP], learning & NEAREST_POST != 0,
        fired, 0, firing,
    )  # fmt: skip


def potentiate(core, learner, scratch, sizes, rules, firing, counts):
    """Change the synapses onto the neurons that fired and learn; return how many synapses were visited."""
    learning = rules[LEARNING]
    if learning & ENABLE == 0:
        return 0
    fired, change = scratch.fired, scratch.pre_change
    last = 0
    for k in range(firing):
        if scratch.learns[fired[k]]:
            scratch.randoms[last] = advance(core.control)
            fired[last] = fired[k]
            last += 1
    counts[COLUMNS] += last
    rate = modulated(rules[POTENTIATION], rules, sizes.weight_bits)
    if last == 0 or (rate == 0 and sizes.window_steps == 0):
        return 0
    n, weights, plastic, kinds = sizes.neurons, core.weights, learner.plastic, learner.kinds
    least, most = np.int32(-(1 << (sizes.weight_bits - 1))), np.int32((1 << (sizes.weight_bits - 1)) - 1)
    low, high, drift = np.int32(rules[WEIGHT_MIN]), np.int32(rules[WEIGHT_MAX]), np.int32(rules[DRIFT])
    stochastic = learning & STOCHASTIC != 0
    scale = sizes.weight_bits if learning & SOFT and sizes.soft_bounds else 0
    call_for_changes(learner.pre, scratch.pre_table, rate, sizes.trace_bits, change)
    if stochastic or scale:
        learn_columns(
            weights, plastic, kinds, learner.numbers, n, change, fired, scratch.randoms, last, drift, least, most,
            low, high, scale, stochastic, counts,
        )  # fmt: skip
    elif round_changes(change):
        shift_columns(weights, plastic, kinds, n, change, fired, last, drift, least, most, low, high, counts)
    return last * change.size


def move_drift(core, rules, weight_bits):
    """``DRIFT = DRIFT + DRIFT_STEP``, clamped to W + 1 bits signed; return whether it moved."""
    if rules[LEARNING] & ENABLE == 0:
        return False
    limit = 1 << weight_bits
    moved = clamp(rules[DRIFT] + rules[DRIFT_STEP], -limit, limit - 1)
    moves = moved != rules[DRIFT]
    rules[DRIFT] = moved
    core.control[DRIFT] = moved & ((1 << core.control_bits[DRIFT]) - 1)
    return moves
