"""Parser of event bytes: columns of integers, many codes at a time, as the bytes come."""

from __future__ import annotations

from typing import cast

import numpy as np

from ..spec.events import ARGUMENTS, CLEAR, END, FORCE, GAP_CODES, GRADED, IDLE, SET, SKIP
from .arrays import Ints
from .codec import NO_REGISTER, Columns, code_positions, sum_within_steps

_EMPTY = np.empty(0, np.int64)
_NOTHING: Columns = (_EMPTY,) * 9


class ColumnParser:
    """Incremental parser of event bytes, which may arrive in pieces of any size.

    It takes what `neurocorex.spec.events.EventDecoder` takes. Told the size of a chip, it also refuses what that chip
    refuses of a stimulus.

    Parameters
    ----------
    inputs, neurons : int, optional
        Axons and neurons of the chip that the stimulus is for. With them, events that name no axon or neuron are
        refused, and events behind a graded event of their step; without them only what has no meaning.

    Attributes
    ----------
    refused : int
        Codes skipped so far.
    """

    def __init__(self, *, inputs: int | None = None, neurons: int | None = None) -> None:
        self._inputs, self._neurons = inputs, neurons
        self.refused = 0
        self._start()

    def _start(self) -> None:
        """Begin a step: nothing is held of it yet, both cursors are before the first index."""
        self._rest = b""
        self._opened = 0
        self._event_moves = self._graded_moves = self._graded_seen = 0
        self._held = _NOTHING

    @property
    def open(self) -> bool:
        """Whether a step has begun and not ended."""
        return self._opened > 0

    @property
    def partial(self) -> bool:
        """Whether the last code still lacks bytes of its arguments."""
        return bool(self._rest)

    def feed(self, data: bytes) -> tuple[int, Columns]:
        """Take bytes; return how many steps they complete, and the columns of these.

        Changes are never held back: those before a step that is not complete come behind the last step.
        """
        data = self._rest + data
        position = code_positions(data)
        octets = np.frombuffer(data + bytes(max(ARGUMENTS.values())), np.uint8).astype(np.int64)
        code = octets[position]
        self._rest = b""
        if position.size and position[-1] + ARGUMENTS.get(int(code[-1]), 0) >= len(data):
            self._rest = data[position[-1] :]
            position, code = position[:-1], code[:-1]
        return self._take(code, position, octets) if position.size else (0, _NOTHING)

    def end(self) -> Columns:
        """End the step here, as `END` does, and return its columns; a code that lacks arguments is forgotten."""
        step = self._held
        self._start()
        return step

    def _take(self, code: Ints, position: Ints, octets: Ints) -> tuple[int, Columns]:
        was_open = self.open
        number = octets[position + 1] | octets[position + 2] << 8  # first argument of the codes that have one
        ended = np.where(code == IDLE, number, code == END).astype(np.int64)
        is_event, is_skip = code < GAP_CODES, code == SKIP
        is_graded, is_change = (code == GRADED) | (code == FORCE), (code == CLEAR) | (code == SET)

        moves = np.where(is_event, code + 1, is_skip * GAP_CODES)
        event_index, self._event_moves = sum_within_steps(moves, ended, self._event_moves)
        moves = np.where(is_graded, number + 1, 0)
        graded_index, self._graded_moves = sum_within_steps(moves, ended, self._graded_moves)
        graded_seen, self._graded_seen = sum_within_steps(is_graded, ended, self._graded_seen)
        opened, self._opened = sum_within_steps(is_event | is_skip | is_graded, ended, self._opened)
        event_index, graded_index = event_index - 1, graded_index - 1

        wrong = (code > SET) & (ended == 0) | is_change & (opened > 0)
        if self._inputs is not None and self._neurons is not None:
            wrong |= (is_event | is_skip) & (graded_seen > 0)
            wrong |= is_event & (event_index >= self._inputs) | is_graded & (graded_index >= self._neurons)
        self.refused += int(np.count_nonzero(wrong))

        step = np.cumsum(ended) - ended
        is_event, is_graded, is_change = is_event & ~wrong, is_graded & ~wrong, is_change & ~wrong
        at = position[is_graded] + 3
        value = octets[at] | octets[at + 1] << 8 | (octets[at + 2] ^ 0x80) - 0x80 << 16
        columns: Columns = (
            step[is_event], event_index[is_event],
            step[is_graded], graded_index[is_graded], value, (code[is_graded] == FORCE).astype(np.int64),
            step[is_change], *_changes(code[is_change], position[is_change], octets),
        )  # fmt: skip
        count = int(ended.sum())
        if was_open:
            columns = cast(Columns, tuple(map(np.append, self._held, columns)))
        self._held = _NOTHING
        if self._opened:
            columns, self._held = _split(columns, count)
        return count, columns


def _split(columns: Columns, count: int) -> tuple[Columns, Columns]:
    """Return the columns of the first `count` steps, with all changes, and those of the step behind them."""
    event_step, event_index, graded_step, graded_index, graded_value, graded_forced, *changes = columns
    e, g = event_step.searchsorted(count), graded_step.searchsorted(count)
    whole: Columns = (
        event_step[:e], event_index[:e],
        graded_step[:g], graded_index[:g], graded_value[:g], graded_forced[:g],
        changes[0], changes[1], changes[2],
    )  # fmt: skip
    held: Columns = (
        event_step[e:] - count, event_index[e:],
        graded_step[g:] - count, graded_index[g:], graded_value[g:], graded_forced[g:],
        _EMPTY, _EMPTY, _EMPTY,
    )  # fmt: skip
    return whole, held


def _changes(code: Ints, position: Ints, octets: Ints) -> tuple[Ints, Ints]:
    """Return registers and values of `CLEAR` and `SET` codes."""
    first, clears = octets[position + 1], code == CLEAR
    value = np.where(clears, first, sum(octets[position + 2 + k] << 8 * k for k in range(4)))
    return np.where(clears, NO_REGISTER, first), value
