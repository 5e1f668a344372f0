"""Accumulators of first spikes and winners, of spikes or as the chip reports them, and of all other reports."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.arrays import Ints
from ..events.codec import ITEM, REPORTED
from ..events.stream import EventStream
from ..spec.registers import NEVER, NOBODY
from .accumulators import Accumulator, Extent, Table
from .probes import places_of
from .recording import Recording, Tally


class _BySample(Table):
    """What is kept of the spikes of each neuron in each sample: a table [samples, planes, N], -1 at first."""

    planes = 1

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        super().__init__(np.full((1, self.planes, extent.neurons), -1))

    def _grown(self, table: Ints, start: int, piece: EventStream) -> Ints:
        last = int(self._extent.placed(np.array([start + piece.steps - 1]))[0][0])
        exists = piece.event_index < self._extent.neurons  # `SpikeCounts` refuses the others
        sample, within = self._extent.placed(piece.event_step[exists] + start)
        grown = np.full((max(last + 1, len(table)), *table.shape[1:]), -1)
        grown[: len(table)] = table
        self._merge(grown, sample, within, piece.event_index[exists])
        return grown

    @abstractmethod
    def _merge(self, table: Ints, sample: Ints, within: Ints, neuron: Ints) -> None:
        """Take spikes by sample, step in it and neuron, rising."""

    def _rows(self, steps: int) -> Ints:
        """Return the table of the samples of these steps."""
        rows = self._extent.samples(steps)
        table = np.full((rows, *self._held[0].shape[1:]), -1)
        table[: len(self._held[0])] = self._held[0][:rows]
        return table


class FirstSteps(_BySample):
    """Step of the first spike of each neuron in each sample."""

    def __init__(self, recording: Recording, extent: Extent) -> None:
        super().__init__(extent)
        self._neurons = recording.first

    def _merge(self, table: Ints, sample: Ints, within: Ints, neuron: Ints) -> None:
        places, first = np.unique(sample * self._extent.neurons + neuron, return_index=True)
        flat = table.reshape(-1)
        new = flat[places] < 0
        flat[places[new]] = within[first[new]]

    def fields(self, steps: int) -> dict[str, Any]:
        """Return `first_items`."""
        found = np.full((self._extent.samples(steps), self._extent.neurons), -1)
        found[:, self._neurons] = self._rows(steps)[:, 0, self._neurons]
        return {"first_items": found.reshape(*self._extent.shape(steps), self._extent.neurons)}


class Winners(_BySample):
    """Neuron with most spikes in each sample: of several the one that had so many first, then the lowest number.

    The planes of the table are the number of spikes, less one, and the step of the last.
    """

    planes = 2

    def __init__(self, recording: Recording, extent: Extent) -> None:
        super().__init__(extent)
        self._neurons = recording.winner

    def _merge(self, table: Ints, sample: Ints, within: Ints, neuron: Ints) -> None:
        place = sample * self._extent.neurons + neuron
        places, last, count = np.unique(place[::-1], return_index=True, return_counts=True)
        rows, columns = np.divmod(places, self._extent.neurons)
        table[rows, 0, columns] += count
        table[rows, 1, columns] = within[::-1][last]

    def fields(self, steps: int) -> dict[str, Any]:
        """Return `winner_items`."""
        table = self._rows(steps)[:, :, self._neurons]
        count, last = table[:, 0], table[:, 1]
        most = count.max(axis=1, initial=-1)
        reached = np.where(count == most[:, np.newaxis], last, np.iinfo(np.int64).max)
        winner = np.where(most >= 0, self._neurons[reached.argmin(axis=1)], -1)
        return {"winner_items": winner.reshape(self._extent.shape(steps))}


class Reported(Accumulator):
    """Reports: those of tallies, at the end of each sample, and all others as they are."""

    def __init__(self, recording: Recording, extent: Extent) -> None:
        self._recording, self._tally, self._extent = recording, recording.tally, extent
        self._held: dict[int, tuple[Ints, Ints, Ints]] = {}
        self._is_faulty = False

    def add(self, start: int, piece: EventStream) -> None:
        """Keep the items of tallies as a row for each sample, and the columns of what else was reported."""
        step, register, value = piece.columns[6:]
        if not step.size:
            return
        if self._recording.probes is not None:
            states = places_of(start, piece, self._recording, self._recording.probes, self._extent)
            step, register, value = (np.delete(column, states.reshape(-1)) for column in (step, register, value))
        step, rest = step + start, np.ones(step.size, np.bool_)
        samples, items = np.empty(0, np.int64), np.empty((0, 0), np.int64)
        if self._tally is not None:
            samples, table = _found(self._tally, step, start, start + piece.steps)
            heads = np.array(self._tally.heads)
            registers, values = register[table], value[table]
            is_head = np.isin(np.arange(self._tally.rows), heads)
            wanted = np.where(is_head, REPORTED, ITEM)
            if (registers != wanted).any() or (values[:, heads] != np.array(self._tally.requests)).any():
                self._is_faulty = True
            rest[table.reshape(-1)] = False
            items = values[:, ~is_head]
        self._held[start] = samples, items, np.stack([step[rest], register[rest], value[rest]])

    def covers(self, steps: int) -> int:
        """Return the steps of the samples that were reported, up to the first that was not."""
        if self._tally is None:
            return steps
        samples = np.unique(np.concatenate([np.empty(0, np.int64), *(part for part, _, _ in self._held.values())]))
        return min(steps, int(np.count_nonzero(samples == np.arange(samples.size))) * self._tally.every)

    def fields(self, steps: int) -> dict[str, Any]:
        """Return `report_items`, and what was asked for of `spike_counts`, `first_items` and `winner_items`."""
        if self._is_faulty:
            raise InputError("the chip reported other things than it was asked for; the device is faulty")
        columns = np.concatenate([np.empty((3, 0), np.int64), *(each for _, _, each in self._held.values())], axis=1)
        found: dict[str, Any] = {"report_items": columns[:, columns[0] <= steps]}
        if self._tally is None:
            return found
        rows = self._extent.samples(steps)
        items = np.zeros((rows, self._tally.rows - len(self._tally.heads)), np.int64)
        has = np.zeros(rows, np.bool_)
        for samples, part, _ in self._held.values():
            items[samples[samples < rows]] = part[samples < rows]
            has[samples[samples < rows]] = True
        return found | self._tabled(items, has, self._extent.shape(steps))

    def _tabled(self, items: Ints, has: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> dict[str, Any]:
        """Return attributes by the items of each sample; a run of which nothing was reported has none in it."""
        recording, neurons = self._recording, self._extent.neurons
        found: dict[str, Any] = {}
        at = 0
        for name, chosen, blank in (("spike_counts", recording.spikes, 0), ("first_items", recording.first, -1)):
            if chosen.size:
                table = np.full((len(items), neurons), blank)
                table[:, chosen] = items[:, at + chosen - chosen[0]]
                table[~has] = blank
                if blank < 0:
                    table[table == NEVER] = blank
                found[name] = table.reshape(*shape, neurons)
                at += int(chosen[-1] - chosen[0]) + 1
        if recording.winner.size:
            winner = np.where(has & (items[:, -1] != NOBODY), items[:, -1], -1)
            found["winner_items"] = winner.reshape(shape)
        return found


def _found(tally: Tally, step: Ints, start: int, end: int) -> tuple[Ints, Ints]:
    """Return the samples that end in a piece and are reported there, and the places of what is reported."""
    edges = np.arange(max(-(-start // tally.every), 1), end // tally.every + 1) * tally.every
    at = step.searchsorted(edges)
    is_whole = at + tally.rows <= step.size
    is_whole[is_whole] = step[at[is_whole] + tally.rows - 1] == edges[is_whole]
    places: Ints = at[is_whole][:, np.newaxis] + np.arange(tally.rows)
    return edges[is_whole] // tally.every - 1, places
