"""The steps of docs/model.md compiled by numba: the same bits as `dynamics` and `plasticity`, only faster.

Everything that is compiled stands in this one file, because the cache on disk looks at no other. Nothing is allocated
in a step; silent axons and empty traces cost next to nothing, and a network at rest is not computed at all.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ..spec import Clear, Control, Counter, Flag, Learning, LearningFlag, Region
from ..spec.fixed import DECAY_ALL, DECAY_BITS, DRAW_STRIDE
from ..spec.registers import GATE_ALL
from ..streams.codec import NO_REGISTER
from .memory import NEURON_REGIONS

#: Fields of a `CoreConfig`, in the order in which the kernel is given them.
SIZES = (
    "inputs", "neurons", "extra_axons", "weight_bits", "state_bits", "max_delay", "adaptation", "learning",
    "trace_bits", "window_steps", "soft_bounds",
)  # fmt: skip
#: Place behind the counters where neurons that fired and learned are counted.
COLUMNS = len(Counter)

# Plain integers: the compiler takes them for constants.
(
    _INPUTS, _NEURONS, _EXTRA, _WEIGHT_BITS, _STATE_BITS, _MAX_DELAY, _ADAPTATION, _LEARNING, _TRACE_BITS,
    _WINDOW_STEPS, _SOFT_BOUNDS,
) = range(len(SIZES))  # fmt: skip
_TH, _RESET, _DV, _LEAK, _DI, _BIAS, _PERIOD, _DELAY, _FLAGS, _V, _I, _R, _H, _HISTORY = (
    NEURON_REGIONS.index(region)
    for region in (
        Region.THRESHOLD, Region.RESET, Region.DECAY, Region.LEAK, Region.CURRENT_DECAY, Region.BIAS, Region.REFRACTORY,
        Region.DELAY, Region.FLAGS, Region.MEMBRANE, Region.CURRENT, Region.REFRACTORY_COUNT, Region.ADAPTATION,
        Region.HISTORY,
    )
)  # fmt: skip
_GAIN_INPUT, _GAIN_RECURRENT = int(Control.GAIN_INPUT), int(Control.GAIN_RECURRENT)
_ADAPTATION_STEP, _ADAPTATION_DECAY = int(Control.ADAPTATION_STEP), int(Control.ADAPTATION_DECAY)
_LEARNING_FLAGS, _GATE, _RANDOM = int(Control.LEARNING), int(Control.GATE), int(Control.RANDOM)
_WEIGHT_MIN, _WEIGHT_MAX = int(Control.WEIGHT_MIN), int(Control.WEIGHT_MAX)
_POTENTIATION, _DEPRESSION, _MODULATION = int(Control.POTENTIATION), int(Control.DEPRESSION), int(Control.MODULATION)
_DRIFT, _DRIFT_STEP = int(Control.DRIFT), int(Control.DRIFT_STEP)
_PRE, _POST = int(Control.PRE_DECAY), int(Control.POST_DECAY)
#: From the decay of a trace to its increment and cap; the registers of both sides stand in turn.
_TO_INCREMENT, _TO_CAP = int(Control.PRE_INCREMENT) - _PRE, int(Control.PRE_CAP) - _PRE
_SIGNED = tuple(int(control) for control in Control if control.signed)
_REGISTERS = len(Control)
_ENABLE, _STOCHASTIC, _SOFT = int(LearningFlag.ENABLE), int(LearningFlag.STOCHASTIC), int(LearningFlag.SOFT)
_NEAREST_PRE, _NEAREST_POST = int(LearningFlag.NEAREST_PRE), int(LearningFlag.NEAREST_POST)
_HOLD_FIRING = int(LearningFlag.HOLD_FIRING)
_SUBTRACT, _HOLD, _OFF = int(Flag.RESET_SUBTRACT), int(Flag.REFRACTORY_HOLD), int(Flag.PLASTICITY_OFF)
_CLEAR_STATE, _CLEAR_TRACES, _CLEAR_ADAPTATION = int(Clear.STATE), int(Clear.TRACES), int(Clear.ADAPTATION)
_RECURRENT_EVENTS, _SATURATIONS = int(Counter.RECURRENT_EVENTS), int(Counter.SATURATIONS)
_POTENTIATIONS, _DEPRESSIONS = int(Counter.POTENTIATIONS), int(Counter.DEPRESSIONS)
_CLIPS_LOW, _CLIPS_HIGH = int(Counter.CLIPS_LOW), int(Counter.CLIPS_HIGH)
_WINDOW = int(Learning.WINDOW)
_NO_REGISTER, _GATE_ALL, _DECAY_ALL, _DECAY_BITS, _STRIDE = NO_REGISTER, GATE_ALL, DECAY_ALL, DECAY_BITS, DRAW_STRIDE
_COLUMNS = COLUMNS

_compiled: Any = njit(cache=True, nogil=True)


@_compiled
def _shrink(x, decay):
    if x == 0 or decay == _DECAY_ALL:
        return 0
    product = x * ((1 << _DECAY_BITS) - decay)
    if product < 0:
        product += _DECAY_ALL
    return product >> _DECAY_BITS


@_compiled
def _clamp(x, bits):
    return min(max(x, -(1 << (bits - 1))), (1 << (bits - 1)) - 1)


# Changes -------------------------------------------------------------------------------------------


@_compiled
def _tune(sizes, control, bits, flags, rules, learns):
    """Decode the control registers, and find out which neurons learn."""
    for register in range(control.size):
        rules[register] = control[register]
    for register in _SIGNED:
        if register < control.size and control[register] >> (bits[register] - 1):
            rules[register] -= 1 << bits[register]
    for j in range(flags.size):
        learns[j] = flags[j] & _OFF == 0 and (rules[_GATE] == _GATE_ALL or rules[_GATE] == j)


@_compiled
def _clear(neurons, pre, post, what):
    if what & _CLEAR_STATE:
        for row in (_V, _I, _R, _HISTORY):
            neurons[row] = 0
    if what & _CLEAR_ADAPTATION:
        neurons[_H] = 0
    if what & _CLEAR_TRACES:
        pre[:] = 0
        post[:] = 0


@_compiled
def _make_changes(sizes, neurons, control, bits, pre, post, rules, learns, register, value, first, last):
    for k in range(first, last):
        if register[k] == _NO_REGISTER:
            _clear(neurons, pre, post, value[k])
        else:
            control[register[k]] = value[k] & ((1 << bits[register[k]]) - 1)
            _tune(sizes, control, bits, neurons[_FLAGS], rules, learns)


# Neurons -------------------------------------------------------------------------------------------


@_compiled
def _find_arrivals(sizes, neurons, extra_source, extra_delay, rows):
    """Rows at which spikes of neurons arrive; return how many."""
    count = 0
    history, delay = neurons[_HISTORY], neurons[_DELAY]
    for j in range(history.size):
        if history[j] and delay[j] and history[j] >> (delay[j] - 1) & 1:
            rows[count] = sizes[_INPUTS] + j
            count += 1
    for e in range(extra_source.size):
        source = extra_source[e]
        if source < history.size and extra_delay[e] and history[source] >> (extra_delay[e] - 1) & 1:
            rows[count] = sizes[_INPUTS] + sizes[_NEURONS] + e
            count += 1
    return count


@_compiled
def _update_neurons(sizes, neurons, rules, g, forced, fired, counts):
    """Bring all neurons to the end of the step; return how many fired, and whether anything moved."""
    high = (1 << (sizes[_STATE_BITS] - 1)) - 1
    low = -high - 1
    mask = (1 << sizes[_MAX_DELAY]) - 1
    holds_firing = rules[_LEARNING_FLAGS] & _HOLD_FIRING != 0
    v, i, r, h, history = neurons[_V], neurons[_I], neurons[_R], neurons[_H], neurons[_HISTORY]
    th, leaks, periods, flags = neurons[_TH], neurons[_LEAK], neurons[_PERIOD], neurons[_FLAGS]
    count = saturations = 0
    moved = False
    for j in range(g.size):
        exact = _shrink(i[j], neurons[_DI, j]) + g[j]
        current = min(max(exact, low), high)
        clamped = current != exact

        exact = _shrink(v[j], neurons[_DV, j])
        leak = leaks[j]
        if leak:
            exact = max(exact - leak, 0) if exact > 0 else min(exact + leak, 0)
        exact += current + neurons[_BIAS, j]
        membrane = min(max(exact, low), high)
        clamped |= membrane != exact

        adaptation = _shrink(h[j], rules[_ADAPTATION_DECAY])
        refractory = r[j]
        fires = forced[j] or (refractory == 0 and not holds_firing and membrane > th[j] + adaptation)
        if refractory > 0:
            refractory -= 1
            if flags[j] & _HOLD:
                membrane = neurons[_RESET, j]
        if fires:
            fired[count] = j
            count += 1
            if flags[j] & _SUBTRACT:
                exact = membrane - th[j]
                membrane = min(max(exact, low), high)
                clamped |= membrane != exact
            else:
                membrane = neurons[_RESET, j]
            refractory = periods[j]
            if sizes[_ADAPTATION]:
                exact = adaptation + rules[_ADAPTATION_STEP]
                adaptation = min(exact, high)
                clamped |= adaptation != exact
        past = (2 * history[j] + fires) & mask
        moved |= membrane != v[j] or current != i[j] or refractory != r[j] or adaptation != h[j] or past != history[j]
        v[j], i[j], r[j], h[j], history[j] = membrane, current, refractory, adaptation, past
        saturations += clamped
    counts[_SATURATIONS] += saturations
    return count, saturations, moved


# Learning ------------------------------------------------------------------------------------------


@_compiled
def _update_traces(sizes, rules, side, nearest, trace, spikes, first, last):
    """Bring the traces of one side to the end of the step; return whether any moved."""
    moved = False
    if sizes[_LEARNING] == _WINDOW:
        mask = (1 << sizes[_WINDOW_STEPS]) - 1
        for k in range(trace.size):
            if trace[k]:
                trace[k] = 2 * trace[k] & mask
                moved = True
        for k in range(first, last):
            trace[spikes[k]] |= 1
        return moved
    decay, increment, cap = rules[side], rules[side + _TO_INCREMENT], rules[side + _TO_CAP]
    if decay:
        for k in range(trace.size):
            if trace[k]:
                trace[k] = _shrink(trace[k], decay)
                moved = True
    for k in range(first, last):
        x = spikes[k]
        trace[x] = increment if nearest else min(trace[x] + increment, cap)
    return moved


@_compiled
def _advance(control):
    x = control[_RANDOM]
    x ^= x << 13 & 0xFFFFFFFF
    x ^= x >> 17
    x ^= x << 5 & 0xFFFFFFFF
    control[_RANDOM] = x
    return x >> 16


@_compiled
def _learn(stored, p, draw, drift, bits, low, high, soft, stochastic):
    """Change a plastic synapse by p; return what is stored now, the change, and the weight before the bounds."""
    w = _clamp(stored + drift, bits)
    if soft:
        p = p * (max(high - w, 0) if p > 0 else max(w - low, 0)) >> bits
    change = p + (draw if stochastic else 255 if p < 0 else 0) >> 8
    if change == 0:
        return stored, change, w
    return _clamp(min(max(w + change, low), high) - drift, bits), change, w + change


@_compiled
def _add_row(weights, plastic, drift, bits, gain, g):
    """Add the effective weights of one axon."""
    if drift == 0:
        for j in range(g.size):
            g[j] += weights[j] << gain
    else:
        for j in range(g.size):
            w = weights[j]
            g[j] += (_clamp(w + drift, bits) if plastic[j] else w) << gain


@_compiled
def _change_line(sizes, rules, control, weights, plastic, first, stride, where, change, count, counts):
    """Change the synapses `where` of a row or a column, whose items are `stride` apart from `first` on."""
    random = _advance(control)
    # Scalars and no arrays in the inner loop: handing over an array counts its references, which takes far longer.
    flags, bits, drift = rules[_LEARNING_FLAGS], sizes[_WEIGHT_BITS], rules[_DRIFT]
    low, high = rules[_WEIGHT_MIN], rules[_WEIGHT_MAX]
    soft, stochastic = flags & _SOFT and sizes[_SOFT_BOUNDS], flags & _STOCHASTIC != 0
    potentiations = depressions = clips_low = clips_high = 0
    for k in range(count):
        place = first + stride * where[k]
        if plastic[place]:
            draw = (random + _STRIDE * where[k] & 0xFFFF) >> 8
            stored, moved, w = _learn(weights[place], change[k], draw, drift, bits, low, high, soft, stochastic)
            if moved:
                weights[place] = stored
                potentiations += moved > 0
                depressions += moved < 0
                clips_low += w < low
                clips_high += w > high
    counts[_POTENTIATIONS] += potentiations
    counts[_DEPRESSIONS] += depressions
    counts[_CLIPS_LOW] += clips_low
    counts[_CLIPS_HIGH] += clips_high


@_compiled
def _find_changes(sizes, rules, rate, trace, table, learns, where, change):
    """Where the traces of one side call for a change, and for which; return how many. `learns` may be empty for all."""
    bits, modulation = sizes[_WEIGHT_BITS] + 8, rules[_MODULATION]
    window, trace_bits = sizes[_LEARNING] == _WINDOW, sizes[_TRACE_BITS]
    modulated = _clamp(rules[rate] * modulation >> 8, bits)
    count = 0
    for k in range(trace.size):
        x = trace[k]
        if (x or window) and (learns.size == 0 or learns[k]):
            p = _clamp(table[x] * modulation >> 8, bits) if window else x * modulated >> trace_bits
            if p:
                where[count], change[count] = k, p
                count += 1
    return count


# Time ----------------------------------------------------------------------------------------------


@_compiled
def run_steps(
    sizes, neurons, control, bits, weights, plastic, pre, post, pre_table, post_table, extra_source, extra_delay,
    event_edge, event_index, graded_edge, graded_index, graded_value, graded_forced,
    change_edge, change_register, change_value, watched, membranes, step, fired_step, fired_neuron, counts,
):  # fmt: skip
    """Run a stimulus from `step` on, as long as there is room for the spikes; return the next step and the spikes."""
    steps = event_edge.size - 2
    axons, width = weights.shape
    flat, flat_plastic = weights.reshape(-1), plastic.reshape(-1)
    rules, learns = np.zeros(_REGISTERS, np.int64), np.zeros(width, np.bool_)
    g, forced, fired = np.zeros(width, np.int64), np.zeros(width, np.bool_), np.zeros(width, np.int64)
    rows, where, change = np.zeros(axons, np.int64), np.zeros(axons, np.int64), np.zeros(axons, np.int64)
    everyone = np.zeros(0, np.bool_)
    _tune(sizes, control, bits, neurons[_FLAGS], rules, learns)
    spikes = 0
    while step < steps and spikes + width <= fired_step.size:
        _make_changes(
            sizes, neurons, control, bits, pre, post, rules, learns, change_register, change_value,
            change_edge[step], change_edge[step + 1],
        )  # fmt: skip
        enabled = rules[_LEARNING_FLAGS] & _ENABLE != 0

        # Arrivals, currents and depressions, axon by axon: each has its own row.
        recurrent = _find_arrivals(sizes, neurons, extra_source, extra_delay, rows)
        arrivals = recurrent
        for k in range(event_edge[step], event_edge[step + 1]):
            rows[arrivals] = event_index[k]
            arrivals += 1
        counts[_RECURRENT_EVENTS] += recurrent
        count = 0
        if enabled and arrivals:
            count = _find_changes(sizes, rules, _DEPRESSION, post, post_table, learns, where, change)
        g[:] = 0
        for k in range(arrivals):
            gain = rules[_GAIN_RECURRENT if k < recurrent else _GAIN_INPUT]
            row = rows[k]
            _add_row(weights[row], plastic[row], rules[_DRIFT], sizes[_WEIGHT_BITS], gain, g)
            if enabled:
                _change_line(
                    sizes, rules, control, flat, flat_plastic, rows[k] * width, 1, where, change, count, counts
                )

        for k in range(graded_edge[step], graded_edge[step + 1]):
            g[graded_index[k]] += graded_value[k]
            forced[graded_index[k]] = graded_forced[k] != 0
        firing, saturations, moved = _update_neurons(sizes, neurons, rules, g, forced, fired, counts)
        for k in range(graded_edge[step], graded_edge[step + 1]):
            forced[graded_index[k]] = False

        if sizes[_LEARNING]:
            flags = rules[_LEARNING_FLAGS]
            moved |= _update_traces(sizes, rules, _PRE, flags & _NEAREST_PRE != 0, pre, rows, 0, arrivals)
            moved |= _update_traces(sizes, rules, _POST, flags & _NEAREST_POST != 0, post, fired, 0, firing)
        if enabled:
            count = -1
            for k in range(firing):
                if learns[fired[k]]:
                    if count < 0:
                        count = _find_changes(sizes, rules, _POTENTIATION, pre, pre_table, everyone, where, change)
                    _change_line(
                        sizes, rules, control, flat, flat_plastic, fired[k], width, where, change, count, counts
                    )
                    counts[_COLUMNS] += 1
            drift = _clamp(rules[_DRIFT] + rules[_DRIFT_STEP], sizes[_WEIGHT_BITS] + 1)
            moved |= drift != rules[_DRIFT]
            rules[_DRIFT] = drift
            control[_DRIFT] = drift & ((1 << bits[_DRIFT]) - 1)

        for k in range(firing):
            fired_step[spikes], fired_neuron[spikes] = step, fired[k]
            spikes += 1
        # A step without stimulus that fires nothing and changes nothing repeats itself until the next stimulus.
        after = step + 1
        if not (moved or firing or arrivals) and graded_edge[step] == graded_edge[after]:
            while (
                after < steps
                and event_edge[after] == event_edge[after + 1]
                and graded_edge[after] == graded_edge[after + 1]
                and change_edge[after] == change_edge[after + 1]
            ):
                after += 1
        counts[_SATURATIONS] += saturations * (after - step - 1)
        for k in range(watched.size):
            membranes[step:after, k] = neurons[_V, watched[k]]
        step = after
    if step == steps:
        _make_changes(
            sizes, neurons, control, bits, pre, post, rules, learns, change_register, change_value,
            change_edge[steps], change_edge[steps + 1],
        )  # fmt: skip
    return step, spikes
