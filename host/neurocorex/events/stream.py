"""Event stream: the spikes, currents, membranes and changes of many steps, as columns of integers.

One class carries stimuli (spikes of input axons, injected currents, forced spikes, changes between the steps) and
results (spikes of neurons, membranes). Its bytes are exactly those that `neurocorex.spec.events` defines, one event at
a time; they may be cut anywhere, so frames need no alignment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from . import drawn
from .arrays import Ints, entries
from .changing import CLEAR_ALL as CLEAR_ALL
from .changing import Changing, integers
from .codec import ITEM, NO_REGISTER, RATED, Columns, encode
from .parser import ColumnParser
from .reports import Report, reports_of

#: Where steps stand among the columns of a stream.
_STEP_PLACES = (0, 2, 6)
#: Smallest and largest graded value: s24 on the wire.
GRADED_RANGE = (-(1 << 23), (1 << 23) - 1)


def _empty() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True, eq=False, slots=True)
class EventStream(Changing):
    """Events of many steps, sorted by step, then by index; no index twice in a step.

    Attributes
    ----------
    steps : int
        Steps of the stream, silent ones included.
    event_step, event_index : int64 array [E]
        Spikes: step (0 to ``steps - 1``) and axon, or neuron in results.
    graded_step, graded_index, graded_value : int64 array [G]
        Injected currents (or membranes): step, neuron, and a value of 24 bits signed.
    graded_forced : int64 array [G]
        1 where the neuron fires in this step whatever its membrane, else 0; may be left out if there is none.
    change_step : int64 array [K]
        Steps (0 to ``steps``: behind the last one) before which something is cleared or set, not falling; the changes
        before one step act in the order in which they stand.
    change_register, change_value : int64 array [K]
        The `Control` register and the 32 bits it is set to; or `NO_REGISTER` and the `Clear` flags of what goes to
        zero; or what `codec.DRAWN` and `codec.RATED` say of steps whose events the chip draws.

    Raises
    ------
    InputError
        Naming the first offending entry, if an array is not of integers, not sorted, or out of range.
    """

    steps: int
    event_step: Ints = field(default_factory=_empty)
    event_index: Ints = field(default_factory=_empty)
    graded_step: Ints = field(default_factory=_empty)
    graded_index: Ints = field(default_factory=_empty)
    graded_value: Ints = field(default_factory=_empty)
    graded_forced: Ints = field(default_factory=_empty)
    change_step: Ints = field(default_factory=_empty)
    change_register: Ints = field(default_factory=_empty)
    change_value: Ints = field(default_factory=_empty)

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise InputError(f"a stream has 0 steps or more, got {self.steps!r}")
        for name in EventStream.__slots__[1:]:
            object.__setattr__(self, name, integers(name, getattr(self, name)))
        if not self.graded_forced.size:
            object.__setattr__(self, "graded_forced", np.zeros_like(self.graded_step))
        self._check("event", self.event_step, self.event_index)
        self._check("graded event", self.graded_step, self.graded_index, self.graded_value, self.graded_forced)
        self._check_changes()
        low, high = GRADED_RANGE
        if self.graded_value.size and not low <= self.graded_value.min() <= self.graded_value.max() <= high:
            worst = self.graded_value[np.argmax(np.abs(self.graded_value))]
            raise InputError(f"graded values have 24 bits, {low} to {high}; got {worst}")
        if self.graded_forced.size and not 0 <= self.graded_forced.min() <= self.graded_forced.max() <= 1:
            raise InputError("graded_forced is 0 or 1, or True where a neuron has to fire")

    def _check(self, what: str, step: Ints, *columns: Ints) -> None:
        _check_lengths(what, step, *columns)
        if not step.size:
            return
        index = columns[0]
        if index.min() < 0:
            raise InputError(f"{what} of index {index.min()}; indices count from 0")
        rises = (step[1:] > step[:-1]) | ((step[1:] == step[:-1]) & (index[1:] > index[:-1]))
        if not rises.all():
            at = int(np.argmin(rises)) + 1
            again = (step[at], index[at]) == (step[at - 1], index[at - 1])
            raise InputError(
                f"{what}s must rise by step, then by index; entry {at} is step {step[at]}, {index[at]}"
                + (", which is given twice" if again else "")
            )
        if not 0 <= step[0] <= step[-1] < self.steps:
            raise InputError(f"{what} at step {step[0] if step[0] < 0 else step[-1]} of a stream of {self.steps} steps")

    def _check_changes(self) -> None:
        step, register, value = self.change_step, self.change_register, self.change_value
        _check_lengths("change", step, register, value)
        if not step.size:
            return
        if (step[1:] < step[:-1]).any() or not 0 <= step[0] <= step[-1] <= self.steps:
            raise InputError(f"steps of changes must not fall and be 0 to {self.steps}, got {step.tolist()[:8]}")
        if not ITEM <= register.min() <= register.max() <= 0xFF:
            raise InputError(f"registers are 0 to 255, or {NO_REGISTER} to clear; got {register.tolist()[:8]}")
        most = np.select([register == NO_REGISTER, register == RATED], [0xFF, 0x1FF], 0xFFFF_FFFF)
        wrong = (register >= RATED) & ((value < 0) | (value > most))  # the others are made by `reports`
        if wrong.any():
            raise InputError(f"a change has 32 bits, and flags of what to clear 8; got {value[wrong][0]}")
        if not drawn.is_plain(register):
            drawn.check(self.steps, (step, register, value), self.event_step, self.graded_step)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EventStream):
            return NotImplemented
        return self.steps == other.steps and all(map(np.array_equal, self.columns, other.columns))

    __hash__ = None  # type: ignore[assignment]

    @property
    def columns(self) -> Columns:
        """All arrays, in the order of the constructor."""
        return (
            self.event_step, self.event_index,
            self.graded_step, self.graded_index, self.graded_value, self.graded_forced,
            self.change_step, self.change_register, self.change_value,
        )  # fmt: skip

    @classmethod
    def made(cls, steps: int, *columns: Ints) -> EventStream:
        """Make a stream of arrays that are known to be right; checking costs more than most uses of them."""
        stream = object.__new__(cls)
        for name, value in zip(cls.__slots__, (steps, *columns), strict=True):
            object.__setattr__(stream, name, value)
        return stream

    @property
    def reports(self) -> list[Report]:
        """Reports in the results of a run, in order."""
        return reports_of(*self.columns[6:])

    # Making and cutting ------------------------------------------------------------------------

    @classmethod
    def from_dense(
        cls,
        spikes: npt.NDArray[np.bool_] | None = None,
        inject: npt.NDArray[np.integer] | None = None,
        clear_steps: Sequence[int] | Ints = (),
    ) -> EventStream:
        """Stream of the nonzero entries of `spikes` (bool [steps, M]) and `inject` (int [steps, N]).

        Before each of `clear_steps`, in rising order, `CLEAR_ALL` is cleared.
        """
        given = [np.asarray(table) for table in (spikes, inject) if table is not None]
        if not given or any(table.ndim != 2 or len(table) != len(given[0]) for table in given):
            shapes = ", ".join(str(table.shape) for table in given) or "nothing"
            raise InputError(f"spikes [steps, axons] and inject [steps, neurons] need equally many steps, got {shapes}")
        event_step, event_index = entries(np.asarray(spikes)) if spikes is not None else (_empty(), _empty())
        graded_step, graded_index, graded_value = _empty(), _empty(), _empty()
        if inject is not None:
            graded_step, graded_index = np.nonzero(inject)
            graded_value = integers("inject", np.asarray(inject)[graded_step, graded_index])
        stream = cls(len(given[0]), event_step, event_index, graded_step, graded_index, graded_value)
        return stream.clearing(clear_steps) if len(clear_steps) else stream

    def with_changes(self, step: Ints, register: Ints, value: Ints) -> EventStream:
        """Return the same spikes and currents with these changes in place of its own."""
        return EventStream(self.steps, *self.columns[:6], step, register, value)

    def dense(self, width: int) -> npt.NDArray[np.bool_]:
        """Events as a bool table [steps, width]; raises InputError if an index is beyond the width."""
        if self.event_index.size and self.event_index.max() >= width:
            raise InputError(f"an event has index {self.event_index.max()}, the table only {width} columns")
        table = np.zeros((self.steps, width), np.bool_)
        table[self.event_step, self.event_index] = True
        return table

    def cut(self, start: int, stop: int) -> EventStream:
        """Return the steps `start` to `stop` (exclusive) as a stream of their own.

        Changes behind the last step are in it if `stop` is greater than `steps`.
        """
        if start == 0 and (stop > self.steps or (stop == self.steps and not self.change_step.size)):
            return self
        edges = (start, stop)
        e0, e1 = self.event_step.searchsorted(edges)
        g0, g1 = self.graded_step.searchsorted(edges)
        if drawn.is_plain(self.change_register):
            c0, c1 = self.change_step.searchsorted(edges)
            changes = self.change_step[c0:c1] - start, self.change_register[c0:c1], self.change_value[c0:c1]
        else:
            changes = drawn.cut((self.change_step, self.change_register, self.change_value), start, stop)
        return self.made(
            min(stop, self.steps) - start,
            self.event_step[e0:e1] - start, self.event_index[e0:e1],
            self.graded_step[g0:g1] - start, self.graded_index[g0:g1],
            self.graded_value[g0:g1], self.graded_forced[g0:g1],
            *changes,
        )  # fmt: skip

    @classmethod
    def join(cls, streams: Sequence[EventStream]) -> EventStream:
        """One after the other in time."""
        if len(streams) == 1:
            return streams[0]
        columns = [
            [
                column + start if start and place in _STEP_PLACES else column
                for place, column in enumerate(stream.columns)
            ]
            for stream, start in zip(streams, accumulate((each.steps for each in streams), initial=0), strict=False)
        ]
        joined = (np.concatenate(parts) for parts in zip(*columns, strict=True)) if columns else cls(0).columns
        return cls.made(sum(stream.steps for stream in streams), *joined)

    # Bytes -------------------------------------------------------------------------------------

    def encode(self, *, interleave: bool = False) -> bytes:
        """Bytes of all steps, silent runs as `IDLE`.

        Parameters
        ----------
        interleave : bool
            Order of the events of one step: as a stimulus, all spikes before all graded events; or, as a chip
            sends its results, by neuron, the spike of a neuron before its membrane.
        """
        return encode(self.steps, self.columns, interleave=interleave)

    @classmethod
    def decode(cls, data: bytes, *, reports: bool = False, results: bool = False) -> EventStream:
        """Inverse of `encode`, in either order.

        With `reports` it is a stimulus that may have some, with `results` the answer of a chip that may.

        Raises
        ------
        InputError
            If the bytes end within a step, or hold codes that mean nothing.
        """
        parser = ColumnParser(reports=reports, results=results)
        steps, columns = parser.feed(data)
        if parser.refused:
            raise InputError(f"{parser.refused} code(s) without meaning in an event stream of {len(data)} bytes")
        if parser.open or parser.partial:
            raise InputError(f"an event stream of {len(data)} bytes ends within step {steps}")
        return cls.made(steps, *columns)


def _check_lengths(what: str, step: Ints, *columns: Ints) -> None:
    if any(column.shape != step.shape for column in columns):
        shapes = ", ".join(str(column.size) for column in (step, *columns))
        raise InputError(f"arrays of one kind must be equally long, got {shapes} entries for {what}s")
