"""Network at rest: a step without stimulus that fires nothing and changes nothing repeats itself until the next one."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from .constants import H, I, R, V

#: In silence: how often, in steps, to look whether the network has come to rest.
REST_PERIOD = 16


def next_stimulus(stimulus, steps, event, graded, change):
    """Step of the next entry of the three tables from these places on, or `steps`."""
    step = steps
    if event < stimulus.event_step.size:
        step = min(step, stimulus.event_step[event])
    if graded < stimulus.graded_step.size:
        step = min(step, stimulus.graded_step[graded])
    if change < stimulus.change_step.size:
        step = min(step, stimulus.change_step[change])
    return step


def remember(neurons, learner, scratch):
    """Keep what moves by itself."""
    _copy(neurons[V], scratch.before[0])
    _copy(neurons[I], scratch.before[1])
    _copy(neurons[R], scratch.before[2])
    _copy(neurons[H], scratch.before[3])
    if learner is not None:
        _copy(learner.pre, scratch.pre_before)
        _copy(learner.post, scratch.post_before)


def is_unchanged(neurons, learner, scratch):
    """Tell whether all of it is as it was remembered."""
    before = scratch.before
    same = (
        _equal(before[0], neurons[V]) and _equal(before[1], neurons[I])
        and _equal(before[2], neurons[R]) and _equal(before[3], neurons[H])
    )  # fmt: skip
    if learner is not None:
        same = same and _equal(scratch.pre_before, learner.pre) and _equal(scratch.post_before, learner.post)
    return same


def is_zero(values):
    """Tell whether all are zero."""
    for k in range(values.size):
        if values[k] != 0:
            return False
    return True


def _copy(source, target):
    for k in range(source.size):
        target[k] = source[k]


def _equal(first, second):
    for k in range(first.size):
        if first[k] != second[k]:
            return False
    return True
