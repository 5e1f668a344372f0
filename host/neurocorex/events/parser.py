"""Parser of event bytes: columns of integers, many codes at a time, as the bytes come."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from ..spec.events import (
    CLEAR,
    END,
    FORCE,
    GAP_CODES,
    GENERATE,
    GRADED,
    IDLE,
    PLAY,
    RATES,
    REPORT,
    SET,
    SKIP,
    arguments,
)
from .arrays import Ints
from .codec import DRAWN, FIRST_RATES, ITEM, NO_REGISTER, RATED, REPORTED, Columns, sum_within_steps
from .codes import ANSWERING, code_positions, rates_bytes
from .reports import without_items

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
    patterns : int, optional
        Rows of rates of that chip. With 0 it does not know `GENERATE`, `PLAY` and `RATES`, and rows that it lacks are
        refused: their steps are silent.
    reports : bool
        Whether the chip that the stimulus is for knows `REPORT`.
    results : bool
        Whether these are results, in which items follow a `REPORT`.

    Attributes
    ----------
    refused : int
        Codes skipped so far.
    """

    def __init__(
        self, *, inputs: int | None = None, neurons: int | None = None, patterns: int | None = None,
        reports: bool = False, results: bool = False,
    ) -> None:  # fmt: skip
        self._inputs, self._neurons, self._results = inputs, neurons, results
        self._rows = 1 << 16 if patterns is None else patterns
        self._sizes = ANSWERING if results else arguments(draws=patterns != 0, reports=reports)
        self.refused = 0
        self._start()

    def _start(self) -> None:
        """Begin a step: nothing is held of it yet, both cursors are before the first index."""
        self._rest = b""
        self._items: list[bytes] = []
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
        self._rest = b""
        if self._results and REPORT in data:
            data, self._items, self._rest = without_items(data)
        position = code_positions(data, self._sizes)
        octets = np.frombuffer(data + bytes(max(self._sizes.values())), np.uint8).astype(np.int64)
        code = octets[position]
        if position.size and self._end(int(position[-1]), data) > len(data):
            self._rest = data[position[-1] :]
            position, code = position[:-1], code[:-1]
        return self._take(code, position, octets) if position.size else (0, _NOTHING)

    def _end(self, at: int, data: bytes) -> int:
        """Return where a code with its arguments ends."""
        code = data[at]
        bytes_of_rates = rates_bytes(data, at) if code == RATES and code in self._sizes else 0
        return at + 1 + self._sizes.get(code, 0) + bytes_of_rates

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
        draws = RATES in self._sizes
        is_drawn, is_rates = ((code == GENERATE) | (code == PLAY)) & draws, (code == RATES) & draws
        is_report = (code == REPORT) & (REPORT in self._sizes)
        row = np.where(code == PLAY, number, 0)
        if is_drawn.any():
            at = position + np.where(code == PLAY, 3, 1)
            ended[is_drawn] = (octets[at] | octets[at + 1] << 8)[is_drawn]

        moves = np.where(is_event, code + 1, is_skip * GAP_CODES)
        event_index, self._event_moves = sum_within_steps(moves, ended, self._event_moves)
        moves = np.where(is_graded, number + 1, 0)
        graded_index, self._graded_moves = sum_within_steps(moves, ended, self._graded_moves)
        graded_seen, self._graded_seen = sum_within_steps(is_graded, ended, self._graded_seen)
        opened, self._opened = sum_within_steps(is_event | is_skip | is_graded, ended, self._opened)
        event_index, graded_index = event_index - 1, graded_index - 1

        is_change |= is_rates | is_report
        wrong = (code > SET) & (ended == 0) & ~is_change | is_change & (opened > 0)
        if is_drawn.any():
            within = is_drawn & (ended > 0) & (opened > 0)
            wrong |= within | is_drawn & (row >= self._rows)
            ended[within] = 1
            is_change |= is_drawn & ~wrong
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
            *self._changes(step[is_change], code[is_change], position[is_change], octets),
        )  # fmt: skip
        count = int(ended.sum())
        if was_open:
            columns = cast(Columns, tuple(map(np.append, self._held, columns)))
        self._held = _NOTHING
        if self._opened:
            columns, self._held = _split(columns, count)
        return count, columns

    def _changes(self, step: Ints, code: Ints, position: Ints, octets: Ints) -> tuple[Ints, Ints, Ints]:
        """Return steps, registers and values of `CLEAR` and `SET` codes, of reports and of those of patterns."""
        first, clears = octets[position + 1], code == CLEAR
        value = np.where(clears, first, sum(octets[position + 2 + k] << 8 * k for k in range(4)))
        register = np.where(clears, NO_REGISTER, first)
        if not (code > SET).any():
            return step, register, value
        reports = code == REPORT
        if reports.any():
            value[reports] = sum(octets[position[reports] + 1 + k] << 8 * k for k in range(self._sizes[REPORT]))
            register[reports] = REPORTED
            if self._results:
                return self._with_items(step, register, value, reports)
        return _drawn(step, register, value, code, position, octets)

    def _with_items(
        self, step: Ints, register: Ints, value: Ints, reports: npt.NDArray[np.bool_]
    ) -> tuple[Ints, Ints, Ints]:
        """Put the bytes of reports behind these."""
        sizes = np.where(reports, value, 0)
        octets = np.frombuffer(b"".join(self._items), np.uint8)
        at = np.repeat(np.flatnonzero(sizes) + 1, sizes[sizes > 0])
        return np.repeat(step, 1 + sizes), np.insert(register, at, ITEM), np.insert(value, at, octets)


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


def _drawn(
    step: Ints, register: Ints, value: Ints, code: Ints, position: Ints, octets: Ints
) -> tuple[Ints, Ints, Ints]:
    """Put what the codes of patterns say in its place among the steps, registers and values of changes."""
    for kind, swapped in ((GENERATE, False), (PLAY, True)):
        at = position[code == kind] + 1
        words = [octets[at + 2 * k] | octets[at + 2 * k + 1] << 8 for k in range(1 + swapped)]
        value[code == kind], register[code == kind] = (words[0] << 16 | words[1] if swapped else words[0]), DRAWN
    count = np.where(code == RATES, octets[position + 1] | octets[position + 2] << 8, 1)
    whole = np.repeat(np.arange(code.size), count)
    within = np.arange(whole.size) - (np.cumsum(count) - count)[whole]
    step, register, value, rates = step[whole], register[whole], value[whole], code[whole] == RATES
    value[rates] = octets[(position[whole] + 3 + within)[rates]] + FIRST_RATES * (within[rates] == 0)
    register[rates] = RATED
    return step, register, value
