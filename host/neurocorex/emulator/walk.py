"""Whole streams of steps, one step after the other through `neurocorex.emulator.dynamics`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..events.arrays import Ints
from ..events.codec import NO_REGISTER
from ..events.stream import EventStream
from ..spec import Counter, Region
from .dynamics import Dynamics
from .memory import Memory

#: How often, in steps without stimulus, to look whether the network has come to rest.
REST_PERIOD = 16


class Outcome(NamedTuple):
    """What a stream brought about, beside what is in the memories now.

    Attributes
    ----------
    fired_step, fired_neuron : int64 array
        Every spike, by step, then by neuron.
    counts : int64 array [len(Counter)]
        What the steps added to `RECURRENT_EVENTS`, `SATURATIONS` and the counters of learning.
    columns : int
        Neurons that fired and learned.
    computed : int
        Steps that were worked out, not repeated.
    """

    fired_step: Ints
    fired_neuron: Ints
    counts: Ints
    columns: int
    computed: int

    @classmethod
    def join(cls, outcomes: Sequence[Outcome], starts: Sequence[int]) -> Outcome:
        """One after the other, beginning at these steps."""
        if len(outcomes) == 1:
            return outcomes[0]
        return cls(
            np.concatenate([outcome.fired_step + start for outcome, start in zip(outcomes, starts, strict=True)]),
            np.concatenate([outcome.fired_neuron for outcome in outcomes]),
            np.add.reduce([outcome.counts for outcome in outcomes]),
            sum(outcome.columns for outcome in outcomes),
            sum(outcome.computed for outcome in outcomes),
        )


def walk(dynamics: Dynamics, memory: Memory, stimulus: EventStream, membranes: Ints | None) -> Outcome:
    """Run all steps of a stimulus that names nothing which the chip lacks.

    Parameters
    ----------
    dynamics : Dynamics
        Of these memories, and not stale.
    memory : Memory
        Of the core.
    stimulus : EventStream
        All steps.
    membranes : int64 array [steps, neurons that record membranes], optional
        Filled with their membranes at the end of each step.
    """
    v = memory[Region.MEMBRANE]
    edges = np.arange(stimulus.steps + 2)
    event_edge = stimulus.event_step.searchsorted(edges).tolist()
    graded_edge = stimulus.graded_step.searchsorted(edges).tolist()
    change_edge = stimulus.change_step.searchsorted(edges).tolist()
    silent = _silent_ahead(stimulus)
    counts = np.zeros(len(Counter), np.int64)
    fired: list[Ints] = []
    step = computed = 0
    while step < stimulus.steps:
        if change_edge[step] < change_edge[step + 1]:
            _change(dynamics, memory, stimulus, change_edge[step], change_edge[step + 1])
        axons = stimulus.event_index[event_edge[step] : event_edge[step + 1]]
        graded = slice(graded_edge[step], graded_edge[step + 1])
        neurons = stimulus.graded_index[graded]
        forced = neurons[stimulus.graded_forced[graded] > 0] if neurons.size else neurons
        looks = silent[step] > REST_PERIOD and silent[step] % REST_PERIOD == 0
        before = memory.resting() if looks else None
        outcome = dynamics.step(axons, neurons, stimulus.graded_value[graded], forced)
        # A step without stimulus that fires nothing and changes nothing repeats itself until the next stimulus.
        rests = looks and not outcome.fired.size and before == memory.resting()
        repeats = silent[step] if rests else 1
        if membranes is not None:
            membranes[step : step + repeats] = v[dynamics.record_membrane]
        fired += [outcome.fired] * repeats
        counts[Counter.RECURRENT_EVENTS] += outcome.recurrent_events
        counts[Counter.SATURATIONS] += outcome.saturations * repeats
        step += repeats
        computed += 1
    _change(dynamics, memory, stimulus, change_edge[step], change_edge[step + 1])
    columns = 0
    if dynamics.plasticity:
        learned, columns = dynamics.plasticity.take_counts()
        counts += learned
    fired_step = np.repeat(np.arange(stimulus.steps), np.fromiter(map(len, fired), np.int64, len(fired)))
    return Outcome(fired_step, np.concatenate([np.empty(0, np.int64), *fired]), counts, columns, computed)


def _change(dynamics: Dynamics, memory: Memory, stimulus: EventStream, first: int, last: int) -> None:
    """Carry out the changes `first` to `last` (exclusive) of a stimulus."""
    registers = stimulus.change_register[first:last].tolist()
    for register, value in zip(registers, stimulus.change_value[first:last].tolist(), strict=True):
        memory.change(register, value)
    if any(register != NO_REGISTER for register in registers):
        dynamics.retune()


def _silent_ahead(stimulus: EventStream) -> list[int]:
    """For each step: how many steps without any stimulus follow from it on, itself included."""
    busy = np.unique(np.concatenate([stimulus.event_step, stimulus.graded_step, stimulus.change_step]))
    steps = np.arange(stimulus.steps)
    ahead: list[int] = (np.append(busy, stimulus.steps)[busy.searchsorted(steps)] - steps).tolist()
    return ahead
