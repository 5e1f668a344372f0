"""Parts of a stimulus between its reports: the core stands still at each, and its memories can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..events.codec import REPORTED
from ..events.stream import EventStream


class Part(NamedTuple):
    """Part of a stimulus.

    Attributes
    ----------
    start : int
        Its first step in the whole.
    stimulus : EventStream
        Steps, and changes up to a report, which is none of them.
    request : int or None
        Of the report behind it; None: the stimulus ends.
    """

    start: int
    stimulus: EventStream
    request: int | None


def parts(stimulus: EventStream) -> Iterator[Part]:
    """Return the parts of a stimulus, one more than it has reports."""
    step, register, value = stimulus.columns[6:]
    places = np.flatnonzero(register == REPORTED).tolist()
    if not places:
        yield Part(0, stimulus, None)
        return
    bare = stimulus.made(stimulus.steps, *stimulus.columns[:6], *(column[:0] for column in stimulus.columns[6:]))
    start = first = 0
    for place in places:
        stop = int(step[place])
        yield Part(start, _piece(stimulus, bare, start, stop, first, place), int(value[place]))
        start, first = stop, place + 1
    yield Part(start, _piece(stimulus, bare, start, stimulus.steps, first, step.size), None)


def _piece(stimulus: EventStream, bare: EventStream, start: int, stop: int, first: int, last: int) -> EventStream:
    """Return steps with their events, cut out of those without changes, and changes by their places."""
    spikes = bare.cut(start, stop)
    step, register, value = (column[first:last] for column in stimulus.columns[6:])
    return EventStream.made(spikes.steps, *spikes.columns[:6], step - start, register, value)
