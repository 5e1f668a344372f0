"""Spikes on the wire: the byte stream inside `Op.RUN`, the same in both directions.

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
`CLEAR`               -          state goes to zero before this step (towards the chip only, first in a step)
`IDLE`                u16        the same as u16 times `END`, at least 1
`END`                 -          the step ends; both cursors go back to -1
====================  =========  ==========================================================

This module is the plain definition, one event at a time; a host that moves many of them vectorises it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

GAP_CODES = 240
SKIP = 0xF0
GRADED = 0xF1
CLEAR = 0xF2
IDLE = 0xFE
END = 0xFF
#: Arguments of a code, in bytes.
ARGUMENTS = {GRADED: 5, IDLE: 2}
IDLE_MAX = 0xFFFF


class Graded(NamedTuple):
    """A value for one neuron: an injected current, or a membrane."""

    neuron: int
    value: int


@dataclass(frozen=True, slots=True)
class Step:
    """All that happens in one time step; both lists in rising order, no index twice."""

    events: tuple[int, ...] = ()
    graded: tuple[Graded, ...] = ()
    clear: bool = False


@dataclass(slots=True)
class _Cursor:
    position: int = -1

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
        if step.clear:
            out.append(CLEAR)
        events, graded = _Cursor(), _Cursor()
        for axon in step.events:
            skips, code = divmod(events.gap(axon), GAP_CODES)
            out += bytes([SKIP]) * skips + bytes([code])
        for neuron, value in step.graded:
            out.append(GRADED)
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


@dataclass(slots=True)
class EventDecoder:
    """Incremental inverse of `encode_steps`: bytes may arrive in pieces of any size.

    What has no meaning (a reserved code, `CLEAR` inside a step, `IDLE` of nothing) is counted in `refused` and
    skipped, as the chip does. `open` tells that a step has begun and not ended.
    """

    refused: int = 0
    open: bool = False
    _clear: bool = False
    _events: list[int] = field(default_factory=list)
    _graded: list[Graded] = field(default_factory=list)
    _event_cursor: _Cursor = field(default_factory=_Cursor)
    _graded_cursor: _Cursor = field(default_factory=_Cursor)
    _pending: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Step]:
        """Take bytes; return the steps that they complete."""
        steps: list[Step] = []
        for byte in data:
            self._pending.append(byte)
            code = self._pending[0]
            if len(self._pending) <= ARGUMENTS.get(code, 0):
                continue
            arguments = bytes(self._pending[1:])
            self._pending.clear()
            if code in (IDLE, END):
                count = int.from_bytes(arguments, "little") if code == IDLE else 1
                if count:
                    steps += [self.end(), *[Step()] * (count - 1)]
                else:
                    self.refused += 1
            else:
                self._collect(code, arguments)
        return steps

    def end(self) -> Step:
        """End the step here, as `END` does, and return it."""
        step = Step(tuple(self._events), tuple(self._graded), self._clear)
        self._events, self._graded = [], []
        self._event_cursor, self._graded_cursor = _Cursor(), _Cursor()
        self.open = self._clear = False
        return step

    def _collect(self, code: int, arguments: bytes) -> None:
        if code < GAP_CODES:
            self._events.append(self._event_cursor.move(code))
        elif code == SKIP:
            self._event_cursor.position += GAP_CODES
        elif code == GRADED:
            neuron = self._graded_cursor.move(int.from_bytes(arguments[:2], "little"))
            self._graded.append(Graded(neuron, int.from_bytes(arguments[2:], "little", signed=True)))
        elif code == CLEAR and not self.open:
            self._clear = True
        else:
            self.refused += 1
            return
        self.open = True
