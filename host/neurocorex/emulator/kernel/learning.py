"""STDP in one step: depression by arrivals, traces, potentiation of neurons that fired, drift, and the generator.

`learner`, `core`, `scratch` and `sizes` are those of `neurocorex.emulator.kernel.arguments`, `rules` the registers as
`registers.decode` reads them.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from .constants import (
    COLUMNS,
    DEPRESSION,
    DRIFT_STEP,
    FLAGS,
    FULL_TRACES,
    GATE,
    LEARNING,
    NEAREST_POST,
    NEAREST_PRE,
    OTHERS,
    POST,
    POTENTIATION,
    PRE,
    RANDOM,
    ROW_FIXED,
    ROW_PLASTIC,
    RULE,
    SHORT_WINDOW,
    STOCHASTIC,
)  # fmt: skip
from .drift import move, settle_all, settle_rows
from .lessons import by_spikes
from .registers import advance, find_learners
from .rest import is_zero
from .rewards import changed_by_spikes, softness
from .rulerows import choose
from .synapses import bounds_of, learn_columns, learn_row, shift_columns, shift_mixed_row, shift_row
from .traces import (
    drop_unless,
    fade,
    look_up,
    modulated,
    rise,
    round_changes,
    scale,
    tune_table,
    update_window,
    whole_moves,
)


def tune(core, learner, rule_rows, scratch, sizes, rules):
    """Take note of the control registers as they are now."""
    find_learners(core.neurons[FLAGS], rules[GATE], scratch.learns)
    if rule_rows is not None:
        choose(rule_rows, sizes, rules, core.neurons[RULE])
    if sizes.window_steps <= SHORT_WINDOW:
        tune_table(learner.pre_table, rules, sizes.weight_bits, scratch.pre_table)
        tune_table(learner.post_table, rules, sizes.weight_bits, scratch.post_table)


def depress(core, learner, scratch, sizes, rules, arrivals, counts):
    """Change the synapses of the axons that arrived, ruled by the traces of the step before."""
    learning = rules[LEARNING]
    if not by_spikes(learning) or not arrivals:
        return
    n, rows, change = sizes.neurons, scratch.rows, scratch.post_change
    if sizes.window_steps:
        look_up(learner.post, learner.post_table, scratch.post_table, sizes, rules, change)
    else:
        rate = modulated(rules[DEPRESSION], rules, sizes.weight_bits)
        if rate == 0:
            return
        scale(learner.post, rate, sizes.trace_bits, change, sizes.weight_bits <= 8)
    stochastic = learning & STOCHASTIC != 0
    soft = softness(learning, sizes)
    weights, bounds, counts = changed_by_spikes(core, learner, scratch, sizes, rules, counts)
    if stochastic or soft:
        random = core.control[RANDOM] >> 16
        for k in range(arrivals * drop_unless(scratch.learns, change)):
            a = rows[k]
            if learner.kinds[a] != ROW_FIXED:
                code = random ^ learner.axon_codes[a]
                learn_row(weights, learner.plastic, a * n, change, code, bounds, soft, stochastic, counts)
        return
    moves = scratch.moves
    ups, downs = whole_moves(change, scratch.learns, moves)
    for k in range(arrivals * (ups + downs > 0)):
        a = rows[k]
        if learner.kinds[a] == ROW_PLASTIC and rules[DRIFT_STEP] == 0:
            shift_row(weights, a * n, moves, ups, downs, bounds, counts)
        elif learner.kinds[a] != ROW_FIXED:
            shift_mixed_row(weights, learner.plastic, a * n, moves, bounds, counts)


def update_traces(core, learner, scratch, sizes, rules, recurrent, arrivals, firing, counts):
    """Bring the traces of axons, of which the `recurrent` ones arrived first, and of neurons to the end of the step."""
    pre, post, rows, fired, m = learner.pre, learner.post, scratch.rows, scratch.fired, sizes.inputs
    if sizes.window_steps:
        update_window(pre, sizes.window_steps, rows, 0, arrivals)
        update_window(post, sizes.window_steps, fired, 0, firing)
        return
    learning, random = rules[LEARNING], core.control[RANDOM]
    fade(pre[:m], rules[PRE[0]], random, learner.axon_codes[:m])
    fade(pre[m:], rules[OTHERS[0]], random, learner.axon_codes[m:])
    fade(post, rules[POST[0]], random, learner.neuron_codes)
    nearest = learning & NEAREST_PRE != 0
    full = rise(pre, rules[OTHERS[1]], rules[OTHERS[2]], nearest, rows, 0, recurrent)
    full += rise(pre, rules[PRE[1]], rules[PRE[2]], nearest, rows, recurrent, arrivals)
    full += rise(post, rules[POST[1]], rules[POST[2]], learning & NEAREST_POST != 0, fired, 0, firing)
    counts[FULL_TRACES] += full


def potentiate(core, learner, scratch, sizes, rules, firing, counts):
    """Change the synapses onto the neurons that fired and learn; return how many synapses were visited."""
    learning = rules[LEARNING]
    if not by_spikes(learning):
        return 0
    fired, change, random = scratch.fired, scratch.pre_change, core.control[RANDOM] >> 16
    last = 0
    for k in range(firing):
        if scratch.learns[fired[k]]:
            scratch.randoms[last] = random ^ learner.neuron_codes[fired[k]]
            fired[last] = fired[k]
            last += 1
    counts[COLUMNS] += last
    if last == 0:
        return 0
    if sizes.window_steps:
        look_up(learner.pre, learner.pre_table, scratch.pre_table, sizes, rules, change)
    else:
        rate = modulated(rules[POTENTIATION], rules, sizes.weight_bits)
        if rate == 0:
            return 0
        scale(learner.pre, rate, sizes.trace_bits, change, sizes.weight_bits <= 8)
    weights, bounds, counts = changed_by_spikes(core, learner, scratch, sizes, rules, counts)
    stochastic = learning & STOCHASTIC != 0
    soft = softness(learning, sizes)
    if stochastic or soft:
        learn_columns(weights, learner, scratch, sizes.neurons, last, bounds, soft, stochastic, counts)
    elif round_changes(change):
        shift_columns(weights, learner, scratch, sizes.neurons, last, bounds, counts)
    return last * change.size


def settle_arrivals(core, learner, scratch, sizes, rules, arrivals):
    """Bring the rows that arrived up to date, before they are added up."""
    bounds = bounds_of(rules, sizes.weight_bits)
    settle_rows(core.weights, learner, scratch, sizes.neurons, arrivals, bounds.least, bounds.most)


def settle(core, learner, scratch, sizes, rules):
    """Bring all weights up to date, before anything outside reads them."""
    bounds = bounds_of(rules, sizes.weight_bits)
    settle_all(core.weights, learner, scratch, sizes.neurons, bounds.least, bounds.most)


def finish(core, learner, scratch, sizes, rules, steps):
    """End so many steps: weights drift, and the generator advances."""
    bounds = bounds_of(rules, sizes.weight_bits)
    move(core.weights, learner, scratch, rules, sizes.neurons, steps, bounds.least, bounds.most)
    advance(core.control, steps)


def rests(learner, sizes, rules):
    """Tell whether traces that have not changed in a step without spikes never will."""
    if sizes.window_steps:
        return True
    stays = rules[PRE[0]] == 0 and rules[OTHERS[0]] == 0
    return (stays or is_zero(learner.pre)) and (rules[POST[0]] == 0 or is_zero(learner.post))
