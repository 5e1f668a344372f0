"""Probes of neurons: membranes and currents at the end of every k-th step, as a chip reports them or as they are read.

A chip with reports and a line is asked for them by the stimulus, so that only what is kept crosses the line. On others
the currents are read between two steps, a region each time. Both are the numbers that the neurons hold at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.arrays import Ints
from ..events.codec import ITEM, REPORTED
from ..events.reports import request, span
from ..events.stream import EventStream
from ..spec import CoreConfig, Region
from ..wire.regions import Items
from .accumulators import Accumulator, Extent
from .chip import Look
from .recording import Probes, Recording

#: Neurons between two others that are reported with them: a report of their own would have more bytes.
GAP = 4
#: Bytes of a membrane among the results, and of the head of a report, there and in the stimulus.
MEMBRANE, HEAD = 5, 11


def probed(recording: Recording, config: CoreConfig, *, has_line: bool, plain: bool = False) -> Recording:
    """Return the recording with what the chip reports for membranes and currents, where that is worth it.

    Parameters
    ----------
    recording : Recording
    config : CoreConfig
        Geometry of the chip.
    has_line : bool
        Whether there is a line to it.
    plain : bool
        Whether membranes have to come as graded events, because somebody watches them.
    """
    if not (config.reports and has_line):
        return recording
    membranes = recording.v if not plain and _is_shorter(recording, config) else recording.v[:0]
    requests: list[int] = []
    places: dict[str, Ints] = {}
    at = 0
    for name, region, chosen in (("v", Region.MEMBRANE, membranes), ("i", Region.CURRENT, recording.i)):
        found, count = _spans(region, chosen)
        if not chosen.size or any(span(word, config) is None for word in found):
            continue
        columns = np.concatenate([np.arange(first, first + length) for first, length in count])
        places[name] = at + columns.searchsorted(chosen)
        at += columns.size
        requests += found
    if not requests:
        return recording
    sizes = tuple(word >> 40 & 0xFFFF for word in requests)
    return replace(recording, probes=Probes(tuple(requests), sizes, places.get("v"), places.get("i")))


def _is_shorter(recording: Recording, config: CoreConfig) -> bool:
    """Whether reports of the membranes have fewer bytes than the membranes of all steps."""
    _, found = _spans(Region.MEMBRANE, recording.v)
    width = -(-config.state_bits // 8)
    reported = sum(HEAD + width * length for _, length in found)
    return bool(found) and reported < MEMBRANE * recording.v.size * recording.every


def _spans(region: Region, neurons: Ints) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the requests for some neurons, and the first neuron and the length of each."""
    if not neurons.size:
        return [], []
    cuts = np.flatnonzero(np.diff(neurons) > GAP) + 1
    parts = np.split(neurons, cuts)
    found = [(int(part[0]), int(part[-1] - part[0]) + 1) for part in parts]
    return [request(region, 0, first, length) for first, length in found], found


def kept_steps(start: int, steps: int, every: int, extent: Extent) -> Ints:
    """Return the steps of these, counted from the first of them, whose states are kept."""
    if every == 1:
        return np.arange(steps)
    return np.flatnonzero(extent.placed(np.arange(start, start + steps))[1] % every == 0)


def probing(stream: EventStream, start: int, recording: Recording, extent: Extent) -> EventStream:
    """Return a stream in which probes are reported behind the steps that are kept, before all else there."""
    probes = recording.probes
    if probes is None:
        return stream
    at = kept_steps(start, stream.steps, recording.every, extent) + 1
    count = len(probes.requests)
    step = np.concatenate([np.repeat(at, count), stream.change_step])
    register = np.concatenate([np.full(at.size * count, REPORTED), stream.change_register])
    value = np.concatenate([np.tile(probes.requests, at.size), stream.change_value])
    order = np.argsort(step, kind="stable")
    return stream.with_changes(step[order], register[order], value[order])


def places_of(start: int, piece: EventStream, recording: Recording, probes: Probes, extent: Extent) -> Ints:
    """Return where the probes of some steps stand among the changes of these results, [steps, rows].

    What is behind the last step of a piece may come with the next; they are first among what comes there.
    """
    first = max(start - 1, 0)
    kept = first + kept_steps(first, start - first + piece.steps, recording.every, extent) + 1 - start
    step = piece.change_step
    at = step.searchsorted(kept)
    is_whole = at + probes.rows <= step.size
    is_whole[is_whole] = (step[at[is_whole] + probes.rows - 1] == kept[is_whole]) & (
        step[at[is_whole]] == kept[is_whole]
    )
    places: Ints = at[is_whole][:, np.newaxis] + np.arange(probes.rows)
    return places


@dataclass(frozen=True)
class _Rows:
    """Rows of states that are kept, as a result has them."""

    every: int
    extent: Extent

    def covers(self, rows: int, steps: int) -> int:
        """Return the steps that so many rows speak of."""
        sample = self.extent.sample_steps
        if sample is None:
            return min(steps, rows * self.every)
        each = -(-sample // self.every)
        return min(steps, rows // max(each, 1) * sample + min(rows % max(each, 1) * self.every, sample))

    def shaped(self, table: npt.NDArray[Any], steps: int) -> npt.NDArray[np.int32]:
        """Return the rows of so many steps, with an axis of samples if there are any."""
        sample = steps if self.extent.sample_steps is None else self.extent.sample_steps
        each = -(-sample // self.every)
        whole = table[: each * self.extent.samples(steps)].astype(np.int32)
        return whole.reshape(*self.extent.shape(steps), each, table.shape[1])


class ReportedStates(Accumulator):
    """Membranes and currents that the chip reports: a row for each step that is kept."""

    def __init__(self, recording: Recording, probes: Probes, extent: Extent) -> None:
        self._recording, self._probes, self._extent = recording, probes, extent
        self._rows = _Rows(recording.every, extent)
        self._held: dict[int, npt.NDArray[np.int32]] = {}
        self._is_faulty = False

    def add(self, start: int, piece: EventStream) -> None:
        """Keep the items of these steps."""
        probes, (_, register, value) = self._probes, piece.columns[6:]
        places = places_of(start, piece, self._recording, probes, self._extent)
        is_head = np.isin(np.arange(probes.rows), probes.heads)
        registers, values = register[places], value[places]
        if (registers != np.where(is_head, REPORTED, ITEM)).any() or (
            values[:, is_head] != np.array(probes.requests)
        ).any():
            self._is_faulty = True
        self._held[start] = values[:, ~is_head].astype(np.int32)

    def covers(self, steps: int) -> int:
        """Return the steps up to the first whose report has not come."""
        return self._rows.covers(sum(len(rows) for rows in self._held.values()), steps)

    def fields(self, steps: int) -> dict[str, Any]:
        """Return `v_items` and `i_items`."""
        if self._is_faulty:
            raise InputError("the chip reported other states than it was asked for; the device is faulty")
        width = self._probes.rows - len(self._probes.requests)
        table = np.concatenate([np.empty((0, width), np.int32), *self._held.values()])
        chosen = {"v_items": self._probes.v, "i_items": self._probes.i}
        return {name: self._rows.shaped(table[:, own], steps) for name, own in chosen.items() if own is not None}


class _Kept(dict[Region, Items]):
    """Contents of a look, of which the currents of some neurons are kept."""

    def __init__(self, neurons: Ints) -> None:
        super().__init__()
        self._neurons = neurons

    def __setitem__(self, region: Region, items: Items) -> None:
        super().__setitem__(region, items[self._neurons])

    def update(self, contents: Mapping[Region, Items]) -> None:  # type: ignore[override]
        for region, items in contents.items():
            self[region] = items


class ReadCurrents(Accumulator):
    """Currents that are read between two steps: a row for each step that is kept."""

    def __init__(self, recording: Recording, extent: Extent) -> None:
        self._recording, self._extent = recording, extent
        self._rows = _Rows(recording.every, extent)
        self._looks: list[Look] = []

    def looks(self, start: int, steps: int) -> list[Look]:
        """Return what is read in some steps of the run."""
        at = kept_steps(start, steps, self._recording.every, self._extent) + 1
        found = [Look(step, (Region.CURRENT,), _Kept(self._recording.i)) for step in at.tolist()]
        self._looks += found
        return found

    def add(self, start: int, piece: EventStream) -> None:
        """Do nothing: they are not among the results."""

    def covers(self, steps: int) -> int:
        """Return the steps up to the first whose currents were not read."""
        read = np.array([bool(look.contents) for look in self._looks], np.bool_)
        return self._rows.covers(int(read.argmin()) if not read.all() else read.size, steps)

    def fields(self, steps: int) -> dict[str, Any]:
        """Return `i_items`."""
        rows = [look.contents[Region.CURRENT] for look in self._looks if look.contents]
        table = np.array(rows, np.int32).reshape(-1, self._recording.i.size)
        return {"i_items": self._rows.shaped(table, steps)}


def in_order(looks: Iterable[Look]) -> list[Look]:
    """Return looks by rising steps, as a chip takes them."""
    return sorted(looks, key=lambda look: look.step)
