"""Codec of event bytes: columns of integers as bytes, without a Python loop over events.

`neurocorex.spec.events` is the definition; this module must agree with it byte for byte. `EventStream` names the
columns.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..spec.events import (
    ANSWER_ARGUMENTS,
    ARGUMENTS,
    CLEAR,
    END,
    FORCE,
    GAP_CODES,
    GENERATE,
    GRADED,
    IDLE,
    IDLE_MAX,
    PLAY,
    RATES,
    REPORT,
    REPORT_ARGUMENTS,
    SET,
    SKIP,
)
from .arrays import Ints

#: event_step, event_index, graded_step, graded_index, graded_value, graded_forced,
#: change_step, change_register, change_value
Columns = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]

#: Stands for the register in a change that clears; the value of that change holds `Clear` flags.
NO_REGISTER = -1
#: The same in a change with which steps begin whose events the chip draws; its value is ``row << 16 | steps``.
DRAWN = -2
#: The same in a change that holds a byte of the rates of row 0; the first byte has `FIRST_RATES` added.
RATED = -3
FIRST_RATES = 0x100
#: The same in a report. In a stimulus its value is the request, see `reports`; in results the number of bytes, and each
#: byte follows as the value of an `ITEM`.
REPORTED, ITEM = -4, -5

#: Largest distance that `GRADED` holds, in two bytes.
GAP_MAX = 0xFFFF


def encode(steps: int, columns: Columns, *, interleave: bool) -> bytes:
    """Bytes of a stream; the columns are sorted by step, then by index.

    Each code has a place within its step (changes, events, `END`) and a size. The codes are sorted by step and place;
    the running sum of their sizes is where the bytes of each begin. Changes behind the last step come last.
    With `interleave`, which results are, reports are answers.
    """
    event_step, event_index, graded_step, graded_index, graded_value, graded_forced, *changes = columns
    change_step, change_register, change_value = changes
    is_drawn = change_register == DRAWN
    drawn, drawn_count = change_step[is_drawn], change_value[is_drawn] & 0xFFFF
    busy = _distinct(event_step, graded_step, change_step[change_step < steps])
    if drawn.size:
        busy = np.setdiff1d(busy, drawn, assume_unique=True)
    idle_step, idle_count = _idle_runs(busy, steps, drawn, drawn_count)
    graded_gap = _gaps(graded_step, graded_index)
    if graded_gap.max(initial=0) > GAP_MAX:
        gap = graded_gap.max() + 1
        raise InputError(f"graded events of a step are at most {GAP_MAX + 1} neurons apart, got {gap}")
    skips, gap_code = np.divmod(_gaps(event_step, event_index), GAP_CODES)

    span = 1 + int(max(event_index.max(initial=0), graded_index.max(initial=0)))
    last = 2 * span + 1
    if interleave:  # by neuron, an event before a graded one
        event_place, graded_place = 1 + 2 * event_index, 2 + 2 * graded_index
    else:
        event_place, graded_place = 1 + event_index, 1 + span + graded_index
    codes = (  # step, place, size
        (idle_step, 0, np.where(idle_count > 1, 3, 1)),
        (change_step, 0, _change_sizes(change_register, change_value, answers=interleave)),
        (event_step, event_place, 1 + skips),
        (graded_step, graded_place, 1 + ARGUMENTS[GRADED]),
        (busy, last, 1),
    )
    size = np.concatenate([step * 0 + size for step, _, size in codes])
    order = np.argsort(np.concatenate([step * (last + 1) + place for step, place, _ in codes]), kind="stable")
    start = np.empty_like(size)
    start[order] = np.cumsum(size[order]) - size[order]
    ends = list(accumulate(step.size for step, _, _ in codes))
    at_idle, at_change, at_event, at_graded, at_end = (
        start[end - step.size : end] for end, (step, _, _) in zip(ends, codes, strict=True)
    )

    out = np.full(int(size.sum()), SKIP, np.uint8)
    if at_change.size:
        _put_changes(out, at_change, change_register, change_value, answers=interleave)
    out[at_event + skips] = gap_code
    if at_graded.size:
        out[at_graded] = np.where(graded_forced, FORCE, GRADED)
        _put(out, at_graded + 1, graded_gap, 2)
        _put(out, at_graded + 3, graded_value, 3)
    out[at_end] = END
    out[at_idle] = np.where(idle_count > 1, IDLE, END)
    _put(out, at_idle[idle_count > 1] + 1, idle_count[idle_count > 1], 2)
    return out.tobytes()


def _distinct(*sorted_steps: Ints) -> Ints:
    """All steps that occur in any of these, rising."""
    present = [steps for steps in sorted_steps if steps.size]
    if len(present) > 1:
        return np.unique(np.concatenate(present))
    (only,) = present or sorted_steps[:1]
    return only[np.flatnonzero(np.diff(only, prepend=-1))]


def _idle_runs(busy: Ints, steps: int, drawn: Ints, drawn_count: Ints) -> tuple[Ints, Ints]:
    """First step and length of the runs of all other steps, cut so that one `IDLE` (or one `END`) holds each."""
    begin = np.concatenate([[-1], busy, drawn, [steps]])
    end = np.concatenate([[0], busy + 1, drawn + drawn_count, [steps]])
    if drawn.size:
        order = np.argsort(begin)
        begin, end = begin[order], end[order]
    first, length = end[:-1], begin[1:] - end[:-1]
    first, length = first[length > 0], length[length > 0]
    if length.max(initial=0) <= IDLE_MAX:
        return first, length
    codes = -(-length // IDLE_MAX)
    part = np.arange(codes.sum()) - np.repeat(np.cumsum(codes) - codes, codes)
    step: Ints = np.repeat(first, codes) + part * IDLE_MAX
    return step, np.minimum(np.repeat(first + length, codes) - step, IDLE_MAX)


def _gaps(step: Ints, index: Ints) -> Ints:
    """Distance of each index from the one before it in its step, or from -1, less one."""
    gaps = index.copy()
    gaps[1:] -= np.where(step[1:] == step[:-1], index[:-1] + 1, 0)
    return gaps


def _put(out: npt.NDArray[np.uint8], at: Ints, values: Ints, size: int) -> None:
    """Store integers of `size` bytes, little-endian."""
    for byte in range(size):
        out[at + byte] = values >> 8 * byte & 0xFF


def _change_sizes(register: Ints, value: Ints, *, answers: bool) -> Ints:
    """Bytes of each change."""
    size = np.where(register == NO_REGISTER, 1 + ARGUMENTS[CLEAR], 1 + ARGUMENTS[SET])
    if register.size and register.min() < NO_REGISTER:
        size[register == DRAWN] = np.where(value[register == DRAWN] >> 16, 1 + ARGUMENTS[PLAY], 1 + ARGUMENTS[GENERATE])
        size[register == RATED] = np.where(value[register == RATED] >= FIRST_RATES, 2 + ARGUMENTS[RATES], 1)
        size[register == REPORTED] = 1 + (ANSWER_ARGUMENTS if answers else REPORT_ARGUMENTS)
        size[register == ITEM] = 1
    return size


def _put_changes(out: npt.NDArray[np.uint8], at: Ints, register: Ints, value: Ints, *, answers: bool) -> None:
    """Store `CLEAR` with its flags, `SET` with its register and value, what the chip draws, and reports."""
    clears, sets = register == NO_REGISTER, register >= 0
    out[at[clears]], out[at[clears] + 1] = CLEAR, value[clears]
    out[at[sets]], out[at[sets] + 1] = SET, register[sets]
    _put(out, at[sets] + 2, value[sets], 4)
    if register.size and register.min() < NO_REGISTER:
        _put_drawn(out, at, register, value)
        reports, items = register == REPORTED, register == ITEM
        out[at[reports]], out[at[items]] = REPORT, value[items]
        _put(out, at[reports] + 1, value[reports], ANSWER_ARGUMENTS if answers else REPORT_ARGUMENTS)


def _put_drawn(out: npt.NDArray[np.uint8], at: Ints, register: Ints, value: Ints) -> None:
    """Store `GENERATE` and `PLAY` with their steps, and `RATES` with its bytes."""
    is_drawn, row = register == DRAWN, value >> 16
    for code, chosen in ((GENERATE, is_drawn & (row == 0)), (PLAY, is_drawn & (row > 0))):
        out[at[chosen]] = code
        if code == PLAY:
            _put(out, at[chosen] + 1, row[chosen], 2)
        _put(out, at[chosen] + ARGUMENTS[code] - 1, value[chosen], 2)
    rated = register == RATED
    first = rated & (value >= FIRST_RATES)
    out[at[rated & ~first]] = value[rated & ~first]
    out[at[first]] = RATES
    edges = np.append(np.flatnonzero(first[rated]), np.count_nonzero(rated))
    _put(out, at[first] + 1, edges[1:] - edges[:-1], 2)
    out[at[first] + 1 + ARGUMENTS[RATES]] = value[first] - FIRST_RATES


def sum_within_steps(amount: npt.NDArray[Any], ended: Ints, carried: int) -> tuple[Ints, int]:
    """Sum up within each step; return the running sums and what the last step carries on.

    Parameters
    ----------
    amount : array [K]
        What each code adds; not negative, and 0 for codes that end steps.
    ended : int64 array [K]
        Steps that each code ends.
    carried : int
        Where the sum of the first step begins; that of all others begins at 0.

    Returns
    -------
    tuple of int64 array [K] and int
        The sums, each code's own amount included.
    """
    if not (carried or amount.any()):
        return np.zeros(amount.shape, np.int64), 0
    total = np.cumsum(amount, dtype=np.int64)
    base = np.maximum.accumulate(np.where(ended > 0, total, -carried))
    return total - np.append(-carried, base)[:-1], int(total[-1] - base[-1])
