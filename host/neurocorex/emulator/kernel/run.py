"""The loop over steps; see docs/model.md for their order."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numba import int32, njit

from .arguments import ROW_FIXED, ROW_PLASTIC, Core, Learner, Output, Sizes, Stimulus
from .constants import (
    ADAPTATION_DECAY,
    ADAPTATION_STEP,
    BIAS,
    CLEAR_STATE,
    CLEAR_TRACES,
    COLUMNS,
    DEPRESSION,
    DRIFT,
    DRIFT_STEP,
    ENABLE,
    FLAGS,
    GAIN_INPUT,
    GAIN_RECURRENT,
    GATE,
    HOLD,
    HOLD_FIRING,
    LEAK,
    LEARNING,
    NEAREST_POST,
    NEAREST_PRE,
    NO_REGISTER,
    PERIOD,
    POST,
    POTENTIATION,
    PRE,
    RECURRENT_EVENTS,
    REGISTERS,
    RESET,
    SATURATIONS,
    SOFT,
    STOCHASTIC,
    TH,
    TO_CAP,
    TO_INCREMENT,
    WEIGHT_MAX,
    WEIGHT_MIN,
    H,
    I,
    R,
    V,
    clamp,
    helper,
)  # fmt: skip
from .control import advance, clear, decode, find_learners, keep_history, send, send_history, take_arrivals
from .sweep import (
    CLAMPED,
    FIRES,
    adapt,
    compare,
    find_marked,
    leak,
    pin,
    reset_neuron,
    update_currents,
    update_membranes,
    wait,
)  # fmt: skip
from .synapses import add_drifted_rows, add_rows, learn_columns, learn_row, shift_columns, shift_mixed_row, shift_row
from .traces import (
    call_for_changes,
    drop_unless,
    modulated,
    round_changes,
    tune_table,
    update_exponential,
    update_window,
)  # fmt: skip

#: In silence: how often, in steps, to look whether the network has come to rest.
REST_PERIOD = 16
#: Sums are kept below this after a gain: far beyond any state, so that clamping them early changes nothing.
SUM_LIMIT = 1 << 29
_DECAY_ONE, _DECAY_ALL = 1 << 16, (1 << 16) - 1


@helper
def _factor(decay):
    return 0.0 if decay == _DECAY_ALL else (_DECAY_ONE - decay) / _DECAY_ONE


@helper
def _raise(g, added, gain):
    """``g = g + (added << gain)``, and nothing is left to add."""
    for j in range(g.size):
        g[j] = int32(g[j] + clamp(int(added[j]) << gain, -SUM_LIMIT, SUM_LIMIT))
        added[j] = 0


@helper
def _sooner(step, table, place):
    """Return the lesser of a step and of the next one in a table."""
    return min(step, table[place]) if place < table.size else step


@helper
def _equal(first, second):
    for k in range(first.size):
        if first[k] != second[k]:
            return False
    return True


def _built(_sources: int) -> Any:
    """Compile the loop.

    On disk it is found again by its own file and by the variables that it closes over. The number among them is made of
    all files of this folder, so that none of them can change unnoticed.
    """

    @njit(cache=True, nogil=True)
    def run_steps(sizes, core, learner, stimulus, output, at, budget):
        """Run a stimulus from `at` on, until it ends, or the room for spikes or the budget is used up.

        Parameters
        ----------
        sizes, core, learner, stimulus, output
            See `neurocorex.emulator.kernel.arguments`; `learner` is None for a chip without a learning engine.
        at : int64 array [5]
            Step, places in the three tables of the stimulus, and spikes put out; moved on.
        budget : int
            Updates of neurons and synapses after which to return.
        """
        step, event, graded, change = at[0], at[1], at[2], at[3]
        if _sources < 0:
            return
        # Fields of tuples are taken out of them here: done in a loop, each would count references.
        n, inputs, delays, adapts = sizes.neurons, sizes.inputs, sizes.max_delay, sizes.adapts
        weight_bits, trace_bits, window_steps = sizes.weight_bits, sizes.trace_bits, sizes.window_steps
        neurons, history, control, control_bits = core.neurons, core.history, core.control, core.control_bits
        weights, keep_membrane, keep_current = core.weights, core.keep_membrane, core.keep_current
        axon_start, axon, axon_delay = core.axon_start, core.axon, core.axon_delay
        steps, event_step, event_index = stimulus.steps, stimulus.event_step, stimulus.event_index
        graded_step, graded_index = stimulus.graded_step, stimulus.graded_index
        graded_value, graded_forced = stimulus.graded_value, stimulus.graded_forced
        change_step, change_register, change_value = (
            stimulus.change_step, stimulus.change_register, stimulus.change_value
        )  # fmt: skip
        fired_step, fired_neuron, counts = output.fired_step, output.fired_neuron, output.counts
        watched, membranes = output.watched, output.membranes
        v, i, r, h = neurons[V], neurons[I], neurons[R], neurons[H]
        th, reset, bias, leaks, flags = neurons[TH], neurons[RESET], neurons[BIAS], neurons[LEAK], neurons[FLAGS]
        high = int32((1 << (sizes.state_bits - 1)) - 1)
        low = int32(-high - 1)
        kept_whole = np.ones(0)
        rules = np.zeros(REGISTERS, np.int64)
        g, added, limit = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)
        marks, fired = np.zeros((n + 7) // 8 * 8, np.uint8), np.zeros(n, np.int64)
        words = marks.view(np.int64)
        marks_here = marks[:n]
        rows = np.zeros(weights.size // n, np.int64)
        due = np.zeros((delays, (rows.size - inputs + 63) // 64), np.int64)
        before = np.zeros((4, n), np.int32)
        held = flags & HOLD
        leaking = holding = refracting = adapting = False
        waiting = 0
        for j in range(n):
            leaking |= leaks[j] != 0
            holding |= held[j] != 0
            refracting |= neurons[PERIOD, j] != 0
            adapting |= h[j] != 0
            waiting += r[j] > 0
        if leaking:
            kept_whole = np.ones(n)
        decode(control, control_bits, rules)

        if learner is not None:
            plastic, kinds, pre, post = learner.plastic, learner.kinds, learner.pre, learner.post
            base_pre_table, base_post_table = learner.pre_table, learner.post_table
            axons = pre.size
            learns = np.zeros(n, np.bool_)
            post_change, pre_change = np.zeros(n, np.int32), np.zeros(axons, np.int32)
            randoms = np.zeros(n, np.int64)
            pre_before, post_before = np.zeros(axons, np.int32), np.zeros(n, np.int32)
            pre_table, post_table = base_pre_table.copy(), base_post_table.copy()
            least, most = int32(-(1 << (weight_bits - 1))), int32((1 << (weight_bits - 1)) - 1)
            find_learners(flags, rules[GATE], learns)
            tune_table(base_pre_table, rules, weight_bits, pre_table)
            tune_table(base_post_table, rules, weight_bits, post_table)

        spikes, slot, since, work = at[4], 0, step, 0
        last_fire = step - 1 if send_history(due, history, axon_start, axon, axon_delay) else step - 1 - delays
        while True:
            # Changes between steps
            if change < change_step.size and change_step[change] == step:
                while change < change_step.size and change_step[change] == step:
                    register, value = change_register[change], change_value[change]
                    change += 1
                    if register != NO_REGISTER:
                        control[register] = value & ((1 << control_bits[register]) - 1)
                        continue
                    clear(neurons, value)
                    if value & CLEAR_STATE:
                        history[:] = 0
                        due[:] = 0
                        since, waiting = step, 0
                    if learner is not None and value & CLEAR_TRACES:
                        pre[:] = 0
                        post[:] = 0
                decode(control, control_bits, rules)
                if learner is not None:
                    find_learners(flags, rules[GATE], learns)
                    tune_table(base_pre_table, rules, weight_bits, pre_table)
                    tune_table(base_post_table, rules, weight_bits, post_table)
            if step == steps or spikes + n > fired_step.size or work >= budget:
                break
            adapting |= adapts and rules[ADAPTATION_STEP] != 0
            silent = (
                _sooner(_sooner(_sooner(steps, event_step, event), graded_step, graded), change_step, change) - step
            )
            looks = silent > REST_PERIOD and silent % REST_PERIOD == 0 and step - last_fire > delays
            if looks:
                before[0], before[1], before[2], before[3] = v, i, r, h
                if learner is not None:
                    pre_before[:], post_before[:] = pre, post

            # Arrivals and currents
            recurrent = take_arrivals(due, slot, inputs, rows)
            arrivals = recurrent
            while event < event_step.size and event_step[event] == step:
                rows[arrivals] = event_index[event]
                arrivals += 1
                event += 1
            counts[RECURRENT_EVENTS] += recurrent
            work += n * (1 + arrivals)
            gain_input, gain_recurrent = rules[GAIN_INPUT], rules[GAIN_RECURRENT]
            if arrivals:
                drift = int32(0)
                if learner is not None:
                    drift = int32(rules[DRIFT])
                for first, last, gain in ((0, recurrent, gain_recurrent), (recurrent, arrivals, gain_input)):
                    if first == last:
                        continue
                    target = added if gain else g
                    if drift == 0:
                        add_rows(weights, n, rows, first, last, target)
                    elif learner is not None:
                        add_drifted_rows(weights, plastic, n, rows, first, last, drift, least, most, target)
                    if gain:
                        _raise(g, added, gain)

            # Depressions
            if learner is not None:
                learning = rules[LEARNING]
                enabled = learning & ENABLE != 0
                stochastic = learning & STOCHASTIC != 0
                scale = weight_bits if learning & SOFT and sizes.soft_bounds else 0
                whole = not stochastic and scale == 0
                weight_min, weight_max = int32(rules[WEIGHT_MIN]), int32(rules[WEIGHT_MAX])
                if enabled and arrivals:
                    drift = int32(rules[DRIFT])
                    rate = modulated(rules[DEPRESSION], rules, weight_bits)
                    any_change = rate != 0 or window_steps > 0
                    if any_change:
                        call_for_changes(post, post_table, rate, trace_bits, post_change)
                        any_change = drop_unless(learns, post_change)
                    if any_change and whole:
                        any_change = round_changes(post_change)
                    for k in range(arrivals):
                        random = advance(control)
                        kind = kinds[rows[k]]
                        if not any_change or kind == ROW_FIXED:
                            continue
                        start = rows[k] * n
                        if not whole:
                            learn_row(
                                weights, plastic, start, post_change, random, drift, least, most,
                                weight_min, weight_max, scale, stochastic, counts,
                            )  # fmt: skip
                        elif kind == ROW_PLASTIC and drift == 0:
                            shift_row(weights, start, post_change, weight_min, weight_max, counts)
                        else:
                            shift_mixed_row(
                                weights, plastic, start, post_change, drift, least, most, weight_min,
                                weight_max, counts,
                            )  # fmt: skip

            # Neurons
            first_graded = graded
            while graded < graded_step.size and graded_step[graded] == step:
                j = graded_index[graded]
                g[j] = int32(g[j] + graded_value[graded])
                graded += 1
            update_currents(i, keep_current, g, low, high, marks_here)
            if leaking:
                leak(v, keep_membrane, leaks)
                update_membranes(v, kept_whole, i, bias, low, high, marks_here)
            else:
                update_membranes(v, keep_membrane, i, bias, low, high, marks_here)
            if adapting:
                adapt(h, _factor(rules[ADAPTATION_DECAY]), th, limit)
                compare(v, limit, marks_here)
            else:
                compare(v, th, marks_here)
            if waiting:
                if holding:
                    pin(v, r, reset, held)
                waiting = wait(r, marks_here)
            if learner is not None and rules[LEARNING] & HOLD_FIRING:
                for j in range(n):
                    marks[j] &= CLAMPED
            for k in range(first_graded, graded):
                if graded_forced[k]:
                    marks[graded_index[k]] |= FIRES
            firing, clamped = find_marked(marks, words, fired)
            if firing:
                for k in range(firing):
                    j = fired[k]
                    late = reset_neuron(neurons, j, high, adapts, rules[ADAPTATION_STEP])
                    clamped += late and not marks[j] & CLAMPED
                    send(due, slot, axon_start, axon, axon_delay, j, 0)
                    fired_step[spikes], fired_neuron[spikes] = step, j
                    spikes += 1
                waiting += firing if refracting else 0
                last_fire = step

            # Traces and potentiations
            if learner is not None:
                if window_steps:
                    update_window(pre, window_steps, rows, 0, arrivals)
                    update_window(post, window_steps, fired, 0, firing)
                else:
                    update_exponential(
                        pre, _factor(rules[PRE]), rules[PRE + TO_INCREMENT], rules[PRE + TO_CAP],
                        learning & NEAREST_PRE != 0, rows, 0, arrivals,
                    )  # fmt: skip
                    update_exponential(
                        post, _factor(rules[POST]), rules[POST + TO_INCREMENT], rules[POST + TO_CAP],
                        learning & NEAREST_POST != 0, fired, 0, firing,
                    )  # fmt: skip
                if enabled:
                    last = 0
                    for k in range(firing):
                        if learns[fired[k]]:
                            randoms[last] = advance(control)
                            fired[last] = fired[k]
                            last += 1
                    counts[COLUMNS] += last
                    rate = modulated(rules[POTENTIATION], rules, weight_bits)
                    if last and (rate != 0 or window_steps > 0):
                        work += last * axons
                        drift = int32(rules[DRIFT])
                        call_for_changes(pre, pre_table, rate, trace_bits, pre_change)
                        if not whole:
                            learn_columns(
                                weights, plastic, kinds, learner.numbers, n, pre_change, fired, randoms, last, drift,
                                least, most, weight_min, weight_max, scale, stochastic, counts,
                            )  # fmt: skip
                        elif round_changes(pre_change):
                            shift_columns(
                                weights, plastic, kinds, n, pre_change, fired, last, drift, least,
                                most, weight_min, weight_max, counts,
                            )  # fmt: skip
                    moved_drift = clamp(rules[DRIFT] + rules[DRIFT_STEP], 2 * least, 2 * most + 1)
                    looks &= moved_drift == rules[DRIFT]
                    rules[DRIFT] = moved_drift
                    control[DRIFT] = moved_drift & ((1 << control_bits[DRIFT]) - 1)

            # A step without stimulus that fires nothing and changes nothing repeats itself until the next
            after = step + 1
            if looks and not firing:
                rests = (
                    _equal(before[0], v) and _equal(before[1], i) and _equal(before[2], r) and _equal(before[3], h)
                )  # fmt: skip
                if learner is not None:
                    rests = rests and _equal(pre_before, pre) and _equal(post_before, post)
                if rests:
                    after = step + silent
            counts[SATURATIONS] += clamped * (after - step)
            for k in range(watched.size):
                for repeated in range(step, after):
                    membranes[repeated, k] = v[watched[k]]
            slot = (slot + after - step) % delays
            step = after

        keep_history(history, delays, step - since, fired_step, fired_neuron, spikes, step)
        at[0], at[1], at[2], at[3], at[4] = step, event, graded, change, spikes

    return run_steps


run_steps: Any = _built(crc32(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))))

__all__ = ["Core", "Learner", "Output", "Sizes", "Stimulus", "run_steps"]
