"""Recording of a run: whose spikes and membranes the chip sends, what it reports, and the flags for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError
from ..events.arrays import Ints
from ..network.selection import indices_of
from ..spec import Flag
from ..wire.regions import Items
from .teaching import is_integer

RECORDABLE = ("spikes", "v", "counts", "first", "winner", "i")


class Tally(NamedTuple):
    """Reports of tallies that a run has at the end of each sample.

    Attributes
    ----------
    every : int
        Steps of a sample, or of a run without samples.
    requests : tuple of int
        What is reported, in this order, as `events.reports.request` has it.
    items : tuple of int
        How many items each of them has.
    """

    every: int
    requests: tuple[int, ...]
    items: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Changes that the reports of a sample are in the results."""
        return len(self.items) + sum(self.items)

    @property
    def heads(self) -> list[int]:
        """Places of the requests among these."""
        return [sum(self.items[:number]) + number for number in range(len(self.items))]


class Probes(NamedTuple):
    """Reports of states that a run has behind each step that is kept.

    Attributes
    ----------
    requests : tuple of int
        What is reported, in this order, as `events.reports.request` has it.
    sizes : tuple of int
        How many items each of them has.
    v, i : int64 array or None
        Places among these items of the membranes and currents that are kept; None: they are not reported.
    """

    requests: tuple[int, ...]
    sizes: tuple[int, ...]
    v: Ints | None
    i: Ints | None

    @property
    def rows(self) -> int:
        """Changes that the reports of a step are in the results."""
        return len(self.sizes) + sum(self.sizes)

    @property
    def heads(self) -> list[int]:
        """Places of the requests among these."""
        return [sum(self.sizes[:number]) + number for number in range(len(self.sizes))]


def _nobody() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Recording:
    """Neurons that a run records, as rising indices.

    Attributes
    ----------
    spikes, v : int64 array
        Neurons whose spikes, or how many they are, and whose membranes are kept.
    counts_only : bool
        Whether only numbers are kept of spikes, not when they were.
    every : int
        Steps from one membrane that is kept to the next; what is kept is made of the results as they arrive, see
        `neurocorex.device.accumulators`.
    first, winner : int64 array
        Neurons whose first spike is kept, and of which the one with most spikes is.
    i : int64 array
        Neurons whose currents are kept.
    probes : Probes or None
        What the chip reports of membranes and currents; None: it sends all of the former.
    tally : Tally or None
        What the chip reports, so that it sends no spikes; None: all of it is made of these.
    """

    spikes: Ints
    v: Ints
    counts_only: bool
    every: int = 1
    first: Ints = field(default_factory=_nobody)
    winner: Ints = field(default_factory=_nobody)
    tally: Tally | None = None
    i: Ints = field(default_factory=_nobody)
    probes: Probes | None = None

    @property
    def membranes(self) -> Ints:
        """Neurons whose membranes the chip sends at the end of each step."""
        return self.v if self.probes is None or self.probes.v is None else _nobody()

    @cached_property
    def sent(self) -> Ints:
        """Neurons whose spikes the chip sends."""
        if self.tally is not None:
            return _nobody()
        return np.union1d(np.union1d(self.spikes, self.first), self.winner)

    @classmethod
    def of(
        cls, record: Any, neurons: int, *, awake: int | None = None, every: Any = None, grouped: Ints | None = None
    ) -> Recording:
        """Check and convert the arguments `record` and `every` of `Device.run`; raises InputError.

        Parameters
        ----------
        record
            The argument.
        neurons, awake : int
            Neurons of the network, and how many of those of the chip are in use; by default all.
        every
            The argument; None: membranes of each step are kept.
        grouped : int64 array, optional
            Neurons of groups: of these is the winner, if there are any and no others are named.
        """
        wanted = record if isinstance(record, Mapping) else dict.fromkeys(_names(record), True)
        unknown = [name for name in wanted if name not in RECORDABLE]
        if unknown:
            raise InputError(f"cannot record {unknown[0]!r}; choose from {', '.join(map(repr, RECORDABLE))}")
        last = neurons if awake is None else min(neurons, awake)
        chosen = {name: _indices(name, wanted.get(name), neurons, last) for name in RECORDABLE}
        if wanted.get("winner") is True and grouped is not None and grouped.size:
            chosen["winner"] = grouped[grouped < last]
        spikes, membranes, counts, first, winner, currents = (chosen[name] for name in RECORDABLE)
        counts_only = spikes.size == 0 and (counts.size or first.size or winner.size) > 0
        told = np.union1d(spikes, counts)
        if told.size:  # the chip sends them anyway
            told = np.union1d(np.union1d(told, first), winner)
        return cls(told, membranes, counts_only, _checked_every(every, membranes, currents), first, winner, i=currents)

    def flags(self, present: Items) -> Ints:
        """Return the flags of all neurons: those at present, with these neurons recorded and no others."""
        flags: Ints = present.astype(np.int64) & ~int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)
        flags[self.sent] |= int(Flag.RECORD_SPIKES)
        flags[self.membranes] |= int(Flag.RECORD_MEMBRANE)
        return flags


def _names(record: Any) -> Iterable[Any]:
    if record is None or isinstance(record, str):
        return () if record is None else (record,)
    if not isinstance(record, Iterable):
        raise InputError(f"record must be names or a mapping, got {record!r}; for example record=['spikes', 'v']")
    return record


def _indices(name: str, chosen: Any, neurons: int, awake: int) -> Ints:
    index = np.arange(awake, dtype=np.int64) if chosen is True else _named(name, chosen, neurons)
    if index.size and index[-1] >= awake:
        raise InputError(f"record of {name!r} names neuron {index[-1]}, which sleeps: the first {awake} are in use")
    return index


def _named(name: str, chosen: Any, neurons: int) -> Ints:
    if chosen is None or chosen is False:
        return np.empty(0, np.int64)
    return np.unique(indices_of(chosen, neurons, f"record of {name!r}"))


def _checked_every(every: Any, *states: Ints) -> int:
    if every is None:
        return 1
    if not is_integer(every) or every < 1:
        raise InputError(f"every must be a number of steps from 1 up, got {every!r}; such as every=10")
    if not any(each.size for each in states):
        raise InputError(
            f"every={every} is of membranes and currents, and none are recorded; for example "
            "record={'v': net.neurons[0:4]}"
        )
    return int(every)
