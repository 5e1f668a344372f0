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
`GENERATE`            u16        so many steps, at least 1, in which the chip draws the events by row 0 of its rates
`PLAY`                u16, u16   the same by the row that comes first
`RATES`               u16, ...   rates of the input axons from 0 on go to row 0: so many bytes, packed, follow
`IDLE`                u16        the same as u16 times `END`, at least 1
`END`                 -          the step ends; both cursors go back to -1
====================  =========  ==========================================================

`CLEAR`, `FORCE`, `SET` and the four behind it are for the chip only. `CLEAR`, `SET`, `REPORT` and `RATES` stand between
steps, in any order, and act in that order; they do not begin a step. So do `GENERATE` and `PLAY`: in a step that has
begun they are refused, and end it as `END` does. Chips without patterns do not know `GENERATE`, `PLAY` and `RATES`, and
chips without reports not `REPORT`: there these are reserved codes, without arguments.
In the results `REPORT` is followed by a number of bytes, u16, and by so many bytes: items as READ gives them.

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
#: Arguments of `REPORT` in a stimulus, and of the answer in the results ahead of its items.
REPORT_ARGUMENTS, ANSWER_ARGUMENTS = 7, 2
#: Most bytes that a report has.
REPORT_MAX = 0xFFFF


def arguments(*, draws: bool = True, reports: bool = False) -> dict[int, int]:
    """Return the arguments of each code, in bytes, of a stimulus for a chip that has patterns, or reports, or not."""
    known = {code: count for code, count in ARGUMENTS.items() if draws or code not in DRAWING}
    return known | ({REPORT: REPORT_ARGUMENTS} if reports else {})


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


class Reported(NamedTuple):
    """Items of a region go into the results: the first one, and how many."""

    region: int
    row: int
    column: int
    items: int


Change = Cleared | Set | Rated | Reported


@dataclass(frozen=True, slots=True)
class Step:
    """All that happens in one time step; both lists in rising order, no index twice."""

    events: tuple[int, ...] = ()
    graded: tuple[Graded, ...] = ()
    changes: tuple[Change, ...] = ()
    """What is cleared, set and reported before the step, in this order."""
    drawn: int | None = None
    """Row of rates by which the chip draws the events; then there are neither events nor graded ones."""


class Cursor:
    """Place that the distances of a step are counted from."""

    def __init__(self) -> None:
        self.position = -1

    def gap(self, index: int) -> int:
        """Move to an index; return how many lie between it and the place before."""
        gap = index - self.position - 1
        if gap < 0:
            raise ValueError(f"indices of one step must rise, got {index} after {self.position}")
        self.position = index
        return gap

    def move(self, gap: int) -> int:
        """Move behind a gap; return the index there."""
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
        if step.drawn is not None:
            row = step.drawn.to_bytes(2, "little")
            out += (bytes([PLAY]) + row if step.drawn else bytes([GENERATE])) + bytes([1, 0])
            continue
        events, graded = Cursor(), Cursor()
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
    if isinstance(change, Rated):
        return bytes([RATES]) + len(change.packed).to_bytes(2, "little") + change.packed
    region, *place = change
    return bytes([REPORT, region]) + b"".join(number.to_bytes(2, "little") for number in place)


def _flush_idle(out: bytearray, idle: int) -> None:
    while idle > 1:
        count = min(idle, IDLE_MAX)
        out.append(IDLE)
        out += count.to_bytes(2, "little")
        idle -= count
    out += bytes([END]) * idle
