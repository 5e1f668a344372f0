"""Steps of a stream whose events a chip draws: what is checked of them, and how they are cut."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from .arrays import Ints
from .codec import DRAWN, FIRST_RATES, NO_REGISTER, RATED

#: Most steps of one `DRAWN`, and most bytes of rates at once.
MOST = 0xFFFF


class Drawn(NamedTuple):
    """Changes of a stream with which drawn steps begin.

    Attributes
    ----------
    place : int64 array
        Where they stand among the changes.
    step, row, length : int64 array
        First step, row of rates, and how many steps.
    """

    place: Ints
    step: Ints
    row: Ints
    length: Ints

    @classmethod
    def of(cls, step: Ints, register: Ints, value: Ints) -> Drawn:
        """Find them among the changes of a stream."""
        place = np.flatnonzero(register == DRAWN)
        return cls(place, step[place], value[place] >> 16, value[place] & MOST)


def is_plain(register: Ints) -> bool:
    """Whether a stream neither has drawn steps nor changes rates."""
    return not register.size or bool(register.min() >= NO_REGISTER)


def check(steps: int, change: tuple[Ints, Ints, Ints], *event_steps: Ints) -> None:
    """Check the drawn steps and the rates of a stream.

    Raises
    ------
    InputError
        If drawn steps overlap, reach beyond the stream, or hold events or changes of their own; if rates have no first
        byte, or too many.
    """
    step = change[0]
    _check_rates(*change)
    drawn = Drawn.of(*change)
    if not drawn.place.size:
        return
    end = drawn.step + drawn.length
    if (drawn.length == 0).any() or (end > steps).any() or (end[:-1] > drawn.step[1:]).any():
        raise InputError(
            f"drawn steps begin at {drawn.step.tolist()[:8]} and are {drawn.length.tolist()[:8]} (1 to {MOST}) of a "
            f"stream of {steps}; they must not overlap, nor reach beyond it"
        )
    for at in event_steps:
        if (_covering(drawn, at) >= 0).any():
            raise InputError("a step that the chip draws has no events, currents or forced spikes of its own")
    covering = _covering(drawn, step)
    within = (covering >= 0) & ((step > drawn.step[covering]) | (np.arange(step.size) > drawn.place[covering]))
    if within.any():
        raise InputError(f"a change at step {step[within][0]} is in the middle of steps that the chip draws")


def _check_rates(step: Ints, register: Ints, value: Ints) -> None:
    rated = np.flatnonzero(register == RATED)
    follows = value[rated] < FIRST_RATES
    before = rated[follows] - 1
    if (before < 0).any() or (register[before] != RATED).any() or (step[before] != step[before + 1]).any():
        raise InputError("rates go on that have not begun")
    if np.diff(np.append(np.flatnonzero(~follows), rated.size)).max(initial=0) > MOST:
        raise InputError(f"rates have at most {MOST} bytes at once")


def _covering(drawn: Drawn, at: Ints) -> Ints:
    """Return the number of the drawn steps in which each of these steps lies, or -1."""
    number: Ints = drawn.step.searchsorted(at, side="right") - 1
    inside = number >= 0
    inside[inside] = at[inside] < (drawn.step + drawn.length)[number[inside]]
    return np.where(inside, number, -1)


def cut(change: tuple[Ints, Ints, Ints], start: int, stop: int) -> tuple[Ints, Ints, Ints]:
    """Return the changes of a part of a stream, in its steps; drawn steps that are cut go on as such."""
    first, last = change[0].searchsorted((start, stop))
    parts = [column[first:last].copy() for column in change]
    drawn = Drawn.of(*change)
    parts[0] -= start
    edges = {int(drawn.step.searchsorted(edge)) - 1 for edge in (start, stop)} - {-1}
    for number in sorted(edges, reverse=True):  # those that begin before an edge, the last first
        place, begin, row, count = (int(column[number]) for column in drawn)
        left = min(begin + count, stop) - max(begin, start)
        if left <= 0 or left == count:
            continue
        if begin >= start:
            parts[2][place - first] = row << 16 | left
        else:
            going_on = (0, DRAWN, row << 16 | left)
            parts = [np.insert(column, 0, item) for column, item in zip(parts, going_on, strict=True)]
    return parts[0], parts[1], parts[2]


def merged(changes: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Sort changes by step: [step, register, value]; drawn steps with changes in their middle become several."""
    halts = sorted({step for step, register, _ in changes if register != DRAWN})
    found: list[tuple[int, int, int]] = []
    for step, register, value in changes:
        if register != DRAWN:
            found.append((step, register, value))
            continue
        end = step + (value & MOST)
        cuts = [step, *halts[bisect_right(halts, step) : bisect_left(halts, end)], end]
        found += [(a, DRAWN, value & ~MOST | b - a) for a, b in pairwise(cuts)]
    return sorted(found, key=lambda change: (change[0], change[1] == DRAWN))
