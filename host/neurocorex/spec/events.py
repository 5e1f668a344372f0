"""Spikes on the wire: codes of the byte stream inside `Op.RUN`, the same in both directions.

Towards the chip an event is a spike of an input axon and a graded event a current injected into a neuron;
from the chip an event is a spike of a neuron and a graded event its membrane. Within a step each kind comes in
rising order and is written as the distance from the one before, so that most spikes cost one byte, and an axon
cannot come twice. All numbers are little-endian.

====================  =========  ==========================================================
code                  followed   meaning
====================  =========  ==========================================================
0x00 to 0xEF          -          event at cursor + 1 + code; the cursor moves there
`SKIP`                -          the cursor moves on by 240
`GRADED`              u16, s24   graded event at its own cursor + 1 + u16, of value s24
`CLEAR`               u8         what these `registers.Clear` flags name goes to zero, before the next step
`FORCE`               u16, s24   as `GRADED`, and the neuron fires in this step, whatever its membrane
`SET`                 u8, u32    a `registers.Control` register changes before the next step
`REPORT`              u8, 3 u16  items of a region go into the results: region, row, column, how many items
`IDLE`                u16        the same as u16 times `END`, at least 1
`END`                 -          the step ends; both cursors go back to -1
====================  =========  ==========================================================

`CLEAR`, `FORCE` and `SET` are for the chip only. `CLEAR`, `SET` and `REPORT` stand between steps, in any order, and act
in that order; they do not begin a step. In the results `REPORT` is followed by a number of bytes, u16, and by so many
bytes: items as READ gives them. Only chips that are built with `reports` know it; to all others it is a reserved code.

This module is the plain definition, one event at a time; a host that moves many of them vectorises it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

GAP_CODES = 240
SKIP = 0xF0
GRADED = 0xF1
CLEAR = 0xF2
FORCE = 0xF3
SET = 0xF4
REPORT = 0xF5
IDLE = 0xFE
END = 0xFF
#: Arguments of a code, in bytes.
ARGUMENTS = {GRADED: 5, CLEAR: 1, FORCE: 5, SET: 5, IDLE: 2}
IDLE_MAX = 0xFFFF
#: Arguments of `REPORT` in a stimulus, and of the answer in the results ahead of its items.
REPORT_ARGUMENTS, ANSWER_ARGUMENTS = 7, 2
#: Most bytes that a report has.
REPORT_MAX = 0xFFFF


def arguments(*, reports: bool) -> dict[int, int]:
    """Return the arguments of each code, in bytes, of a stimulus for a chip with or without reports."""
    return ARGUMENTS | ({REPORT: REPORT_ARGUMENTS} if reports else {})


class Graded(NamedTuple):
    """A value for one neuron: an injected current (perhaps with a forced spike), or a membrane."""

    neuron: int
    value: int
    forced: bool = False


class Cleared(NamedTuple):
    """Something goes to zero: `registers.Clear` flags."""

    flags: int


class Set(NamedTuple):
    """A control register changes: a `registers.Control` and the bits of its new value."""

    register: int
    value: int


class Reported(NamedTuple):
    """Items of a region go into the results: the first one, and how many."""

    region: int
    row: int
    column: int
    items: int


Change = Cleared | Set | Reported


@dataclass(frozen=True, slots=True)
class Step:
    """All that happens in one time step; both lists in rising order, no index twice."""

    events: tuple[int, ...] = ()
    graded: tuple[Graded, ...] = ()
    changes: tuple[Change, ...] = ()
    """What is cleared, set and reported before the step, in this order."""


class _Cursor:
    """Place that the distances of a step are counted from."""

    def __init__(self) -> None:
        self.position = -1

    def gap(self, index: int) -> int:
        gap = index - self.position - 1
        if gap < 0:
            raise ValueError(f"indices of one step must rise, got {index} after {self.position}")
        self.position = index
        return gap

    def move(self, gap: int) -> int:
        self.position += gap + 1
        return self.position


def encode_steps(steps: Iterable[Step]) -> bytes:
    """Bytes of whole steps, silent runs as `IDLE`.

    Raises
    ------
    ValueError
        If the indices of a step do not rise.
    """
    out = bytearray()
    idle = 0
    for step in steps:
        if step == Step():
            idle += 1
            continue
        _flush_idle(out, idle)
        idle = 0
        for change in step.changes:
            out += _change(change)
        events, graded = _Cursor(), _Cursor()
        for axon in step.events:
            skips, code = divmod(events.gap(axon), GAP_CODES)
            out += bytes([SKIP]) * skips + bytes([code])
        for neuron, value, forced in step.graded:
            out.append(FORCE if forced else GRADED)
            out += graded.gap(neuron).to_bytes(2, "little") + value.to_bytes(3, "little", signed=True)
        out.append(END)
    _flush_idle(out, idle)
    return bytes(out)


def _change(change: Change) -> bytes:
    if isinstance(change, Cleared):
        return bytes([CLEAR, change.flags])
    if isinstance(change, Set):
        return bytes([SET, change.register]) + change.value.to_bytes(4, "little")
    region, *place = change
    return bytes([REPORT, region]) + b"".join(number.to_bytes(2, "little") for number in place)


def _flush_idle(out: bytearray, idle: int) -> None:
    while idle > 1:
        count = min(idle, IDLE_MAX)
        out.append(IDLE)
        out += count.to_bytes(2, "little")
        idle -= count
    out += bytes([END]) * idle


class EventDecoder:
    """Incremental inverse of `encode_steps`: bytes may arrive in pieces of any size.

    What has no meaning (a reserved code, `CLEAR`, `SET` or `REPORT` inside a step, `IDLE` of nothing) is counted in
    `refused` and skipped, as the chip does; with `reports`, one that is built with these. `open` tells that a step has
    begun and not ended.
    """

    def __init__(self, *, reports: bool = False) -> None:
        self.refused = 0
        self._arguments = arguments(reports=reports)
        self.open = False
        self._changes: list[Change] = []
        self._events: list[int] = []
        self._graded: list[Graded] = []
        self._event_cursor, self._graded_cursor = _Cursor(), _Cursor()
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Step]:
        """Take bytes; return the steps that they complete."""
        steps: list[Step] = []
        for byte in data:
            self._pending.append(byte)
            code = self._pending[0]
            if len(self._pending) <= self._arguments.get(code, 0):
                continue
            given = bytes(self._pending[1:])
            self._pending.clear()
            if code in (IDLE, END):
                count = int.from_bytes(given, "little") if code == IDLE else 1
                if count:
                    steps += [self.end(), *[Step()] * (count - 1)]
                else:
                    self.refused += 1
            else:
                self._collect(code, given)
        return steps

    def end(self) -> Step:
        """End the step here, as `END` does, and return it."""
        step = Step(tuple(self._events), tuple(self._graded), tuple(self._changes))
        self._events, self._graded, self._changes = [], [], []
        self._event_cursor, self._graded_cursor = _Cursor(), _Cursor()
        self.open = False
        return step

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
        elif code == REPORT and code in self._arguments and not self.open:
            place = (int.from_bytes(arguments[first : first + 2], "little") for first in (1, 3, 5))
            self._changes.append(Reported(arguments[0], *place))
            return
        else:
            self.refused += 1
            return
        self.open = True
