"""Decoder of spikes on the wire, one event at a time: the plain definition, inverse of `events.encode_steps`."""

from __future__ import annotations

from dataclasses import replace

from .events import (
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
    Change,
    Cleared,
    Cursor,
    Graded,
    Rated,
    Reported,
    Set,
    Step,
    arguments,
)


class EventDecoder:
    """Incremental inverse of `encode_steps`: bytes may arrive in pieces of any size.

    What has no meaning (a reserved code, `CLEAR`, `SET` or `REPORT` inside a step, `IDLE` of nothing) is counted in
    `refused` and skipped, as the chip does. `open` tells that a step has begun and not ended.

    Parameters
    ----------
    draws : bool
        Whether the chip has patterns.
    reports : bool
        Whether it has reports.
    """

    def __init__(self, *, draws: bool = True, reports: bool = False) -> None:
        self.refused = 0
        self._arguments = arguments(draws=draws, reports=reports)
        self.open = False
        self._changes: list[Change] = []
        self._events: list[int] = []
        self._graded: list[Graded] = []
        self._event_cursor, self._graded_cursor = Cursor(), Cursor()
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Step]:
        """Take bytes; return the steps that they complete."""
        steps: list[Step] = []
        for byte in data:
            self._pending.append(byte)
            code = self._pending[0]
            missing = 1 + self._arguments.get(code, 0) - len(self._pending)
            if code == RATES and code in self._arguments and missing <= 0:
                missing += int.from_bytes(self._pending[1:3], "little")
            if missing > 0:
                continue
            given = bytes(self._pending[1:])
            self._pending.clear()
            if code in (IDLE, END):
                count = int.from_bytes(given, "little") if code == IDLE else 1
                if count:
                    steps += [self.end(), *[Step()] * (count - 1)]
                else:
                    self.refused += 1
            elif code in (GENERATE, PLAY) and code in self._arguments:
                steps += self._draw(given)
            else:
                self._collect(code, given)
        return steps

    def end(self) -> Step:
        """End the step here, as `END` does, and return it."""
        step = Step(tuple(self._events), tuple(self._graded), tuple(self._changes))
        self._events, self._graded, self._changes = [], [], []
        self._event_cursor, self._graded_cursor = Cursor(), Cursor()
        self.open = False
        return step

    def _draw(self, arguments: bytes) -> list[Step]:
        count = int.from_bytes(arguments[-2:], "little")
        self.refused += self.open or not count
        if self.open or not count:
            return [self.end()] if count else []
        row = int.from_bytes(arguments[:-2], "little")
        return [replace(self.end(), drawn=row), *[Step(drawn=row)] * (count - 1)]

    def _collect(self, code: int, arguments: bytes) -> None:
        if code < GAP_CODES:
            self._events.append(self._event_cursor.move(code))
        elif code == SKIP:
            self._event_cursor.position += GAP_CODES
        elif code in (GRADED, FORCE):
            neuron = self._graded_cursor.move(int.from_bytes(arguments[:2], "little"))
            value = int.from_bytes(arguments[2:], "little", signed=True)
            self._graded.append(Graded(neuron, value, code == FORCE))
        elif code == CLEAR and not self.open:
            self._changes.append(Cleared(arguments[0]))
            return
        elif code == SET and not self.open:
            self._changes.append(Set(arguments[0], int.from_bytes(arguments[1:], "little")))
            return
        elif code == RATES and code in self._arguments and not self.open:
            self._changes += [Rated(arguments[2:])] * (len(arguments) > 2)
            return
        elif code == REPORT and code in self._arguments and not self.open:
            place = (int.from_bytes(arguments[first : first + 2], "little") for first in (1, 3, 5))
            self._changes.append(Reported(arguments[0], *place))
            return
        else:
            self.refused += 1
            return
        self.open = True
