"""Loop over steps: changes, arrivals, depression, neurons, traces, and what else changes weights; see docs/model.md."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .changes import apply_changes, zero
from .constants import (
    ADAPTATION_STEP,
    CLEAR_STATE,
    CONSCIENCE,
    CONTESTS,
    GROUP,
    JUDGE,
    NOBODY,
    ONE_FIRES,
    RECURRENT_EVENTS,
    SATURATIONS,
    E,
    H,
    V,
)  # fmt: skip
from .learning import depress, finish, potentiate, rests, settle, settle_arrivals, tune, update_traces
from .lessons import gather, take_feedback, teach
from .neurons import CLAMPED, FIRES, FORCED, find_features, find_marked, reset_neuron, take_context, update_neurons
from .noise import add_noise, advance_noise
from .registers import decode
from .rest import REST_PERIOD, is_unchanged, next_stimulus, remember
from .rewards import reward
from .rulecolumns import walk_columns
from .rulerows import depress_rows
from .scaling import scale
from .spikes import keep_history, send, send_history, take_arrivals, take_events
from .synapses import add_currents
from .tallies import count_steps, tally
from .winners import contest, judge, keep_first, raise_threshold


def run_steps(sizes, core, learner, feedback, rule_rows, scratch, stimulus, output):
    """Run a stimulus from `Output.position` on, until it ends, or the room for spikes or the budget is used up.

    See `neurocorex.emulator.kernel.arguments`; `learner` is None for a chip without a learning engine, `feedback` for
    one without errors or groups, `rule_rows` for one with a single rule and no terms. With rule rows there is feedback.
    """
    # Fields of tuples are taken out of them here: the loop is faster so.
    position, counts, budget, steps = output.position, output.counts, sizes.budget, sizes.steps
    step, event, graded, change, spikes = position[0], position[1], position[2], position[3], position[4]
    n, inputs, delays, adapts = sizes.neurons, sizes.inputs, sizes.max_delay, sizes.adapts
    neurons, history, control = core.neurons, core.history, core.control
    axon_start, axon, axon_delay = core.axon_start, core.axon, core.axon_delay
    change_step, graded_step, graded_index = stimulus.change_step, stimulus.graded_step, stimulus.graded_index
    fired_step, fired_neuron, watched, membranes = (
        output.fired_step, output.fired_neuron, output.watched, output.membranes
    )  # fmt: skip
    rules, g, marks, fired, rows, due = (
        scratch.rules, scratch.g, scratch.marks, scratch.fired, scratch.rows, scratch.due
    )  # fmt: skip
    v = neurons[V]
    high = np.int32((1 << (sizes.state_bits - 1)) - 1)
    low = np.int32(-high - 1)
    zero(g)
    zero(scratch.added)
    for each in range(delays):
        zero(due[each])
    features, waiting = find_features(neurons, core.keep_current, scratch.held)
    adapting = features.adaptation
    decode(control, core.control_bits, rules)
    take_context(neurons, core, scratch, rules)
    if learner is not None:
        tune(core, learner, rule_rows, scratch, sizes, rules)
    slot, since, work = 0, step, 0
    last_fire = step - 1 if send_history(due, history, axon_start, axon, axon_delay) else step - 1 - delays
    while True:
        # Changes between steps
        if change < change_step.size and change_step[change] == step:
            change, cleared = apply_changes(core, learner, feedback, due, stimulus, change, step)
            if cleared & CLEAR_STATE:
                since, waiting = step, 0
            decode(control, core.control_bits, rules)
            take_context(neurons, core, scratch, rules)
            if learner is not None:
                tune(core, learner, rule_rows, scratch, sizes, rules)
        if step == steps or spikes + n > fired_step.size or work >= budget:
            break
        adapting |= adapts and (rules[ADAPTATION_STEP] != 0 or rules[CONSCIENCE] != 0)
        silent = next_stimulus(stimulus, steps, event, graded, change) - step
        looks = silent > REST_PERIOD and silent % REST_PERIOD == 0 and step - last_fire > delays and not rules[JUDGE]
        looks = looks and not core.noisy.size
        if looks:
            remember(neurons, learner, scratch)

        # Arrivals, their currents, and depression
        recurrent = take_arrivals(due, slot, inputs, rows)
        event, arrivals = take_events(stimulus.event_step, stimulus.event_index, event, step, rows, recurrent)
        counts[RECURRENT_EVENTS] += recurrent
        work += n * (1 + arrivals)
        neurons_end, inputs_end = recurrent, arrivals
        if learner is not None:
            settle_arrivals(core, learner, scratch, sizes, rules, arrivals)
        if feedback is not None:
            neurons_end, inputs_end = take_feedback(core, feedback, scratch, sizes, recurrent, arrivals)
        if arrivals:
            add_currents(core, sizes, scratch, rules, neurons_end, recurrent, inputs_end)
        if learner is not None:
            if rule_rows is None:
                depress(core, learner, scratch, sizes, rules, arrivals, counts)
            else:
                depress_rows(core, learner, rule_rows, scratch, sizes, rules, recurrent, arrivals, counts)

        # Neurons
        first_graded = graded
        while graded < graded_step.size and graded_step[graded] == step:
            j = graded_index[graded]
            g[j] = np.int32(g[j] + stimulus.graded_value[graded])
            graded += 1
        if core.noisy.size:
            add_noise(core, g, scratch.noise)
        waiting = update_neurons(neurons, core, scratch, rules, features, adapting, waiting, low, high)
        if feedback is not None:
            right = judge(feedback.first, feedback.brought, rules)
            gather(neurons[E], feedback.brought, marks)
            if adapts and right != NOBODY:
                raise_threshold(neurons[H], right, rules, high, marks)
        for k in range(first_graded, graded):
            if stimulus.graded_forced[k]:
                marks[graded_index[k]] |= FIRES | FORCED
        firing, clamped = find_marked(marks, scratch.words, fired)
        if feedback is not None and rules[ONE_FIRES] and firing > 1:
            firing = contest(feedback.best, neurons[GROUP], scratch.excess, rules, marks, fired, firing)
        for k in range(firing):
            j = fired[k]
            late = reset_neuron(neurons, j, high, adapts, rules[ADAPTATION_STEP])
            clamped += late and not marks[j] & CLAMPED
            send(due, slot, axon_start, axon, axon_delay, j, 0)
            fired_step[spikes], fired_neuron[spikes] = step, j
            spikes += 1
        if firing:
            waiting += firing if features.refractory else 0
            last_fire = step
        if feedback is not None:
            keep_first(feedback.first, neurons[GROUP], scratch.excess, fired, firing)
            if rules[JUDGE]:
                core.control[JUDGE] = rules[JUDGE] = 0
        if sizes.tally_bits and firing:
            tally(core, sizes.tally_bits, fired, firing)

        # Traces, potentiation, and what errors, rewards and scaling change
        if learner is not None:
            update_traces(core, learner, scratch, sizes, rules, recurrent, arrivals, firing, counts)
            looks = looks and rests(learner, sizes, rules)
            if rule_rows is None:
                work += potentiate(core, learner, scratch, sizes, rules, firing, counts)
                if feedback is not None:
                    work += teach(core, learner, feedback, scratch, sizes, rules, counts)
            else:
                work += walk_columns(core, learner, rule_rows, scratch, sizes, rules, firing, counts)
            work += reward(core, learner, rule_rows, scratch, sizes, rules, counts)
            work += scale(core, learner, rule_rows, scratch, sizes, rules, counts)

        after = step + 1
        if looks and not firing and is_unchanged(neurons, learner, scratch):
            after = step + silent
        if learner is not None:
            finish(core, learner, scratch, sizes, rules, after - step)
        if sizes.tally_bits:
            count_steps(core.now, after - step)
        if sizes.noise:
            advance_noise(control, after - step)
        counts[SATURATIONS] += clamped * (after - step)
        counts[CONTESTS] += (after - step) * (rules[ONE_FIRES] != 0)
        for k in range(watched.size):
            for repeated in range(step, after):
                membranes[repeated, k] = v[watched[k]]
        slot = (slot + after - step) % delays
        step = after

    if learner is not None and sizes.settles:
        settle(core, learner, scratch, sizes, rules)
    keep_history(history, delays, step - since, fired_step, fired_neuron, spikes, step)
    position[0], position[1], position[2], position[3], position[4] = step, event, graded, change, spikes
