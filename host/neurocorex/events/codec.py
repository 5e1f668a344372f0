"""Codec of event bytes: columns of integers encoded, and codes found among bytes, without a Python loop over events.

`neurocorex.spec.events` is the definition; this module must agree with it byte for byte. `EventStream` names the
columns.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..spec.events import (
    ARGUMENTS,
    CLEAR,
    DRAWING,
    END,
    FORCE,
    GAP_CODES,
    GENERATE,
    GRADED,
    IDLE,
    IDLE_MAX,
    PLAY,
    RATES,
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

#: Largest distance that `GRADED` holds, in two bytes.
GAP_MAX = 0xFFFF


def encode(steps: int, columns: Columns, *, interleave: bool) -> bytes:
    """Bytes of a stream; the columns are sorted by step, then by index.

    Each code has a place within its step (changes, events, `END`) and a size. The codes are sorted by step and place;
    the running sum of their sizes is where the bytes of each begin. Changes behind the last step come last.
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
        (change_step, 0, _change_sizes(change_register, change_value)),
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
        _put_changes(out, at_change, change_register, change_value)
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


def _change_sizes(register: Ints, value: Ints) -> Ints:
    """Bytes of each change."""
    size = np.where(register == NO_REGISTER, 1 + ARGUMENTS[CLEAR], 1 + ARGUMENTS[SET])
    if register.size and register.min() < NO_REGISTER:
        size[register == DRAWN] = np.where(value[register == DRAWN] >> 16, 1 + ARGUMENTS[PLAY], 1 + ARGUMENTS[GENERATE])
        size[register == RATED] = np.where(value[register == RATED] >= FIRST_RATES, 2 + ARGUMENTS[RATES], 1)
    return size


def _put_changes(out: npt.NDArray[np.uint8], at: Ints, register: Ints, value: Ints) -> None:
    """Store `CLEAR` with its flags, `SET` with its register and value, and what the chip draws."""
    clears, sets = register == NO_REGISTER, register >= 0
    out[at[clears]], out[at[clears] + 1] = CLEAR, value[clears]
    out[at[sets]], out[at[sets] + 1] = SET, register[sets]
    _put(out, at[sets] + 2, value[sets], 4)
    if register.size and register.min() < NO_REGISTER:
        _put_drawn(out, at, register, value)


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


def _long_codes(*, draws: bool) -> bytes:
    """Pattern of a code with its arguments, if it has any; of `RATES` without its bytes."""
    known = (pair for pair in ARGUMENTS.items() if draws or pair[0] not in DRAWING)
    return b"|".join(rb"\x%02x.{%d}" % pair for pair in known)


_LONG_CODES = {draws: re.compile(b"(" + _long_codes(draws=draws) + b")", re.DOTALL) for draws in (False, True)}
_SHORT_CODE = b"[^" + b"".join(rb"\x%02x" % code for code in ARGUMENTS) + b"]"
#: All before the next `RATES`, or before a last code that lacks arguments.
_BEFORE_RATES = re.compile(
    b"(?:" + _SHORT_CODE + b"+|" + b"|".join(
        rb"\x%02x.{%d}" % pair for pair in ARGUMENTS.items() if pair[0] != RATES
    ) + b")*", re.DOTALL
)  # fmt: skip
_LONGEST = max(ARGUMENTS.values())


def code_positions(data: bytes, *, draws: bool = True) -> Ints:
    """Positions of the codes among their arguments, including a last one that lacks arguments.

    Arguments may hold any byte, so codes can be told only by reading from the start of the stream; the regular
    expression engine does that without a Python loop, but for one over `RATES`.

    Parameters
    ----------
    data : bytes
    draws : bool
        Whether it is for a chip with patterns; on others `GENERATE`, `PLAY` and `RATES` have no arguments.
    """
    if not draws or RATES not in data:
        return _positions(data, draws=draws)
    found, start = [], 0
    while start < len(data):
        before = _BEFORE_RATES.match(data, start)
        end = before.end() if before else start
        found += [start + _positions(data[start:end], draws=True), np.arange(end, min(end + 1, len(data)))]
        is_whole = data[end : end + 1] == bytes([RATES]) and end + ARGUMENTS[RATES] < len(data)
        start = end + 1 + ARGUMENTS[RATES] + rates_bytes(data, end) if is_whole else len(data)
    return np.concatenate(found)


def rates_bytes(data: bytes, at: int) -> int:
    """Return how many bytes follow the arguments of the `RATES` there."""
    return int.from_bytes(data[at + 1 : at + 3], "little")


def _positions(data: bytes, *, draws: bool) -> Ints:
    """Positions of codes where there is no `RATES`."""
    padded = data + bytes(_LONGEST)  # so that a last code without all its arguments is one, too
    parts = _LONG_CODES[draws].split(padded)  # runs of short codes at even places, one long code at odd ones
    length = np.fromiter(map(len, parts), np.int64, len(parts))
    start = np.cumsum(length) - length
    is_code = np.ones(len(padded), np.bool_)
    for offset in range(1, 1 + _LONGEST):
        is_code[start[1::2][length[1::2] > offset] + offset] = False
    return np.flatnonzero(is_code[: len(data)]).astype(np.int64)


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
