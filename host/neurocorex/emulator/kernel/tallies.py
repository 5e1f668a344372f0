"""Tallies: spikes of each neuron, the step of its first one, and which neuron of a group has most."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from .constants import COUNT, FIRST_STEP, GROUP, LAST_STEP, NEVER, NOBODY


def tally(core, bits, fired, firing):
    """Count the spikes of a step, of neurons in rising order."""
    neurons, most, most_count = core.neurons, core.most, core.most_count
    counts, first, groups = neurons[COUNT], neurons[FIRST_STEP], neurons[GROUP]
    now, full = core.now[0], (1 << bits) - 1
    for k in range(firing):
        j = fired[k]
        if first[j] == NEVER:
            first[j] = np.int32(now)
        if counts[j] < full:
            counts[j] = np.int32(counts[j] + 1)
            if 0 < groups[j] < most.size:
                _offer(most, most_count, 0, j, counts[j])
                _offer(most, most_count, groups[j], j, counts[j])


def _offer(most, most_count, item, j, count):
    """Enter neuron j if no other one has had so many spikes."""
    if count > most_count[item]:
        most[item] = j
        most_count[item] = count


def count_steps(now, steps):
    """Go on by so many steps."""
    if now[0] < LAST_STEP:
        now[0] = min(now[0] + steps, LAST_STEP)


def clear_tallies(core):
    """Forget all of it."""
    counts, first = core.neurons[COUNT], core.neurons[FIRST_STEP]
    for j in range(counts.size):
        counts[j] = 0
        first[j] = NEVER
    for item in range(core.most.size):
        core.most[item] = NOBODY
        core.most_count[item] = 0
    core.now[0] = 0
