"""Changes between two steps: control registers that are set, and all kinds of state that are cleared."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from .constants import (
    CLEAR_ADAPTATION,
    CLEAR_ERRORS,
    CLEAR_STATE,
    CLEAR_TALLIES,
    CLEAR_TRACES,
    CLEAR_WINNERS,
    NO_REGISTER,
    NOBODY,
    E,
    H,
    I,
    R,
    V,
)  # fmt: skip
from .tallies import clear_tallies


def apply_changes(core, learner, feedback, due, stimulus, change, step):
    """Carry out the changes before a step; return the place behind them, and all flags that were cleared."""
    control, cleared = core.control, 0
    while change < stimulus.change_step.size and stimulus.change_step[change] == step:
        register, value = stimulus.change_register[change], stimulus.change_value[change]
        change += 1
        if register != NO_REGISTER:
            control[register] = value & ((1 << core.control_bits[register]) - 1)
            continue
        cleared |= value
        if value & CLEAR_STATE:
            for row in (V, I, R):
                zero(core.neurons[row])
            zero(core.history)
            for slot in range(due.shape[0]):
                zero(due[slot])
        if value & CLEAR_ADAPTATION:
            zero(core.neurons[H])
        if value & CLEAR_ERRORS:
            zero(core.neurons[E])
        if learner is not None and value & CLEAR_TRACES:
            zero(learner.pre)
            zero(learner.post)
        if value & CLEAR_TALLIES and core.now.size:
            clear_tallies(core)
        if feedback is not None and value & CLEAR_WINNERS:
            for item in range(feedback.first.size):
                feedback.first[item] = NOBODY
    return change, cleared


def zero(values):
    """Set all to zero."""
    for k in range(values.size):
        values[k] = 0
