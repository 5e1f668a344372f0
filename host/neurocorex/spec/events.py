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
`GENERATE`            u16        so many steps, at least 1, in which the chip draws the events by row 0 of its rates
`PLAY`                u16, u16   the same by the row that comes first
`RATES`               u16, ...   rates of the input axons from 0 on go to row 0: so many bytes, packed, follow
`IDLE`                u16        the same as u16 times `END`, at least 1
`END`                 -          the step ends; both cursors go back to -1
====================  =========  ==========================================================

`CLEAR`, `FORCE`, `SET` and the three behind it are for the chip only. `CLEAR`, `SET` and `RATES` stand between steps,
in any order, and act in that order; they do not begin a step. So do `GENERATE` and `PLAY`: in a step that has begun
they are refused, and end it as `END` does. Chips without patterns do not know `GENERATE`, `PLAY` and `RATES`: there
these are reserved codes, without arguments.

This module is the plain definition, one event at a time; a host that moves many of them vectorises it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

GAP_CODES = 240
SKIP = 0xF0
GRADED = 0xF1
CLEAR = 0xF2
FORCE = 0xF3
SET = 0xF4
GENERATE = 0xF6
PLAY = 0xF7
RATES = 0xF8
IDLE = 0xFE
END = 0xFF
#: Codes of chips with patterns.
DRAWING = (GENERATE, PLAY, RATES)
#: Arguments of a code, in bytes; those of `RATES` are followed by as many bytes as they say.
ARGUMENTS = {GRADED: 5, CLEAR: 1, FORCE: 5, SET: 5, GENERATE: 2, PLAY: 4, RATES: 2, IDLE: 2}
IDLE_MAX = 0xFFFF


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


class Rated(NamedTuple):
    """Rates of row 0 change: those of the first input axons, packed."""

    packed: bytes


Change = Cleared | Set | Rated


@dataclass(frozen=True, slots=True)
class Step:
    """All that happens in one time step; both lists in rising order, no index twice."""

    events: tuple[int, ...] = ()
    graded: tuple[Graded, ...] = ()
    changes: tuple[Change, ...] = ()
    """What is cleared and set before the step, in this order."""
    drawn: int | None = None
    """Row of rates by which the chip draws the events; then there are neither events nor graded ones."""


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
            if isinstance(change, Cleared):
                out += bytes([CLEAR, change.flags])
            elif isinstance(change, Rated):
                out += bytes([RATES]) + len(change.packed).to_bytes(2, "little") + change.packed
            else:
                out += bytes([SET, change.register]) + change.value.to_bytes(4, "little")
        if step.drawn is not None:
            row = step.drawn.to_bytes(2, "little")
            out += (bytes([PLAY]) + row if step.drawn else bytes([GENERATE])) + bytes([1, 0])
            continue
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


def _flush_idle(out: bytearray, idle: int) -> None:
    while idle > 1:
        count = min(idle, IDLE_MAX)
        out.append(IDLE)
        out += count.to_bytes(2, "little")
        idle -= count
    out += bytes([END]) * idle


class EventDecoder:
    """Incremental inverse of `encode_steps`: bytes may arrive in pieces of any size.

    What has no meaning (a reserved code, `CLEAR` or `SET` inside a step, `IDLE` of nothing) is counted in `refused` and
    skipped, as the chip does. `open` tells that a step has begun and not ended.

    Parameters
    ----------
    draws : bool
        Whether the chip has patterns.
    """

    def __init__(self, *, draws: bool = True) -> None:
        self.refused = 0
        self._arguments = {code: count for code, count in ARGUMENTS.items() if draws or code not in DRAWING}
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
            missing = 1 + self._arguments.get(code, 0) - len(self._pending)
            if code == RATES and code in self._arguments and missing <= 0:
                missing += int.from_bytes(self._pending[1:3], "little")
            if missing > 0:
                continue
            arguments = bytes(self._pending[1:])
            self._pending.clear()
            if code in (IDLE, END):
                count = int.from_bytes(arguments, "little") if code == IDLE else 1
                if count:
                    steps += [self.end(), *[Step()] * (count - 1)]
                else:
                    self.refused += 1
            elif code in (GENERATE, PLAY) and code in self._arguments:
                steps += self._draw(arguments)
            else:
                self._collect(code, arguments)
        return steps

    def end(self) -> Step:
        """End the step here, as `END` does, and return it."""
        step = Step(tuple(self._events), tuple(self._graded), tuple(self._changes))
        self._events, self._graded, self._changes = [], [], []
        self._event_cursor, self._graded_cursor = _Cursor(), _Cursor()
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
        else:
            self.refused += 1
            return
        self.open = True
