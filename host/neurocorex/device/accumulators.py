"""Accumulators of a run: what each recorded thing keeps of the results, which are reduced as they arrive.

A recorded thing has an `Accumulator`, and `gathering.Gathering` hands it the pieces of the results in order. To record
something new, write an accumulator and name it in `accumulators_of` there. Memory grows with what is kept, not with
what a chip sends.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.arrays import Ints
from ..events.stream import EventStream
from .recording import Recording

#: Events that wait before they are reduced, so that small pieces do not cost a reduction each.
WAITING = 1 << 17
#: Events that a piece counts for besides its own, as it takes memory of its own.
PIECE = 1 << 7


@dataclass(frozen=True)
class Extent:
    """Extent of a run.

    Attributes
    ----------
    neurons : int
        Neurons of the network.
    sample_steps : int or None
        Steps of a sample; None without a sample axis.
    """

    neurons: int
    sample_steps: int | None

    def samples(self, steps: int) -> int:
        """Return how many samples are whole after so many steps of the run; 1 without a sample axis."""
        return 1 if self.sample_steps is None else steps // max(self.sample_steps, 1)

    def whole(self, steps: int) -> int:
        """Return the steps of these samples, of all in a row."""
        return steps if self.sample_steps is None else self.samples(steps) * self.sample_steps

    def placed(self, step: Ints) -> tuple[Ints, Ints]:
        """Return the sample of steps that count through the run, and the step within it."""
        if self.sample_steps is None:
            return np.zeros_like(step), step
        sample, within = np.divmod(step, max(self.sample_steps, 1))
        return sample, within

    def shape(self, steps: int) -> tuple[int, ...]:
        """Return the leading axes of an array with a row for each sample."""
        return () if self.sample_steps is None else (self.samples(steps),)


class Accumulator(ABC):
    """What one recorded thing keeps.

    Ctrl-C may come at any moment, and then `add` is called again with the same start, and the same steps or more of
    them. So it computes first, and changes what it holds in one assignment.
    """

    #: Events that should wait for this one, where a reduction costs as much as that many of them.
    waiting = WAITING

    @abstractmethod
    def add(self, start: int, piece: EventStream) -> None:
        """Add the results of the steps from `start` on."""

    def covers(self, steps: int) -> int:
        """Return how many of the first `steps` steps, which have come, it can speak of."""
        return steps

    @abstractmethod
    def fields(self, steps: int) -> dict[str, Any]:
        """Return attributes of a `ResultData`, of the first `steps` steps, which are whole samples.

        Raises
        ------
        InputError
            If the chip sent what was not recorded, or not all of it.
        """


class Table(Accumulator):
    """What is kept in a row for each sample, of which the last may not be whole.

    Parameters
    ----------
    blank : int64 array [1, ...]
        A row of which nothing is known.
    """

    def __init__(self, blank: Ints) -> None:
        self._held = (blank, 0)

    @property
    def waiting(self) -> int:  # type: ignore[override]
        """As many as the table has places, which is copied for each reduction."""
        return max(WAITING, self._held[0].size)

    def add(self, start: int, piece: EventStream) -> None:
        """Take the steps that were not taken yet."""
        table, done = self._held
        if start < done:
            start, piece = done, piece.cut(done - start, piece.steps)
        if piece.steps:
            self._held = self._grown(table, start, piece), start + piece.steps

    @abstractmethod
    def _grown(self, table: Ints, start: int, piece: EventStream) -> Ints:
        """Return a table of its own with the results of the steps from `start` on."""


class SpikeCounts(Table):
    """Number of spikes of each neuron in each sample."""

    def __init__(self, recording: Recording, extent: Extent) -> None:
        self._recorded, self._sent, self._extent = recording.spikes, recording.sent, extent
        # One more for all neurons that there are not.
        self._width = extent.neurons + 1
        super().__init__(np.zeros((1, self._width), np.int64))

    def _grown(self, table: Ints, start: int, piece: EventStream) -> Ints:
        end = start + piece.steps
        first, last = (int(self._extent.placed(np.array([step]))[0][0]) for step in (start, end - 1))
        neuron = np.minimum(piece.event_index, self._width - 1)
        if first < last:
            neuron += (self._extent.placed(piece.event_step + start)[0] - first) * self._width
        counts = np.bincount(neuron, minlength=(last + 1 - first) * self._width).reshape(-1, self._width)
        grown = np.zeros((max(last + 1, len(table)), self._width), np.int64)
        grown[: len(table)] = table
        grown[first : last + 1] += counts
        return grown

    def fields(self, steps: int) -> dict[str, Any]:
        """Return `spike_counts`, whose last row may hold more than its sample has."""
        table, neurons = self._held[0], self._extent.neurons
        others = np.ones(self._width, np.bool_)
        others[self._sent] = False
        if table[:, others].any():
            raise InputError("the results hold spikes of neurons that were not recorded; the device is faulty")
        rows = self._extent.samples(steps)
        counts = np.zeros((rows, neurons), np.int64)
        counts[: len(table), self._recorded] = table[:rows, self._recorded]
        return {"spike_counts": counts.reshape(*self._extent.shape(steps), neurons)}


class SpikeTimes(Accumulator):
    """Step and neuron of every spike."""

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._held: dict[int, tuple[Ints, Ints]] = {}

    def add(self, start: int, piece: EventStream) -> None:
        """Keep both columns."""
        if piece.event_step.size:
            self._held[start] = (_compact(piece.event_step), _compact(piece.event_index))

    def fields(self, steps: int) -> dict[str, Any]:
        """Return `spike_samples`, `spike_times` and `spike_neurons`."""
        empty = np.empty(0, np.int64)
        step = np.concatenate([empty, *(part + start for start, (part, _) in self._held.items())])
        end = int(step.searchsorted(steps))
        neuron = np.concatenate([empty, *(part for _, part in self._held.values())])[:end]
        sample, within = self._extent.placed(step[:end])
        return {"spike_samples": sample, "spike_times": within, "spike_neurons": neuron}


class Membranes(Accumulator):
    """Membranes at the end of every k-th step of a sample: of its steps 0, k, 2k and so on."""

    def __init__(self, recording: Recording, extent: Extent) -> None:
        self._neurons, self._every, self._extent = recording.membranes, recording.every, extent
        self._held: dict[int, npt.NDArray[np.int32]] = {}
        self._is_faulty = False

    def add(self, start: int, piece: EventStream) -> None:
        """Keep the rows of these steps."""
        if not np.array_equal(piece.graded_index, np.tile(self._neurons, piece.steps)):
            self._is_faulty = True
        elif self._neurons.size and piece.steps:
            rows = piece.graded_value.reshape(piece.steps, self._neurons.size)
            if self._every > 1:
                within = self._extent.placed(np.arange(start, start + piece.steps))[1]
                rows = rows[within % self._every == 0]
            self._held[start] = rows.astype(np.int32)

    def fields(self, steps: int) -> dict[str, Any]:
        """Return `v_items`."""
        if self._is_faulty:
            raise InputError("the results do not hold each recorded membrane in each step; the device is faulty")
        sample = steps if self._extent.sample_steps is None else self._extent.sample_steps
        each = -(-sample // self._every)
        rows = np.concatenate([np.empty((0, self._neurons.size), np.int32), *self._held.values()])
        whole = rows[: each * self._extent.samples(steps)]
        return {"v_items": whole.reshape(*self._extent.shape(steps), each, self._neurons.size)}


def _compact(column: Ints) -> Ints:
    """Return a column that does not hold on to a much larger array of which it is a part."""
    base = column.base
    return column.copy() if isinstance(base, np.ndarray) and base.nbytes > 4 * column.nbytes else column
