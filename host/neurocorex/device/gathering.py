"""Gathering of results: pieces of a run as they come, and what accumulators keep of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..events.stream import EventStream
from .accumulators import PIECE, Accumulator, Extent, Membranes, SpikeCounts, SpikeTimes
from .chip import Look
from .probes import ReadCurrents, ReportedStates
from .recording import Recording
from .tallied import FirstSteps, Reported, Winners


def accumulators_of(recording: Recording, extent: Extent) -> list[Accumulator]:
    """Return what a recording keeps: one for each thing, with attributes of a result of its own."""
    kept: list[Accumulator] = [SpikeCounts(recording, extent)]
    if recording.probes is None or recording.probes.v is None:
        kept.append(Membranes(recording, extent))
    if not recording.counts_only:
        kept.append(SpikeTimes(extent))
    if recording.tally is None:
        kept += [FirstSteps(recording, extent)] * bool(recording.first.size)
        kept += [Winners(recording, extent)] * bool(recording.winner.size)
    if recording.probes is not None:
        kept.append(ReportedStates(recording, recording.probes, extent))
    return [*kept, Reported(recording, extent)]


class Gathering:
    """Results of a run: pieces as they come, and what accumulators keep of them.

    Parameters
    ----------
    recording : Recording
        What is recorded.
    extent : Extent
        Of the run.
    holds : bool
        Whether all pieces are held until `fields` is called, as a checkpoint needs them.

    Attributes
    ----------
    pieces : list of (EventStream, int)
        Pieces that wait to be reduced, and the steps that each and all before it cover: one list, so that Ctrl-C finds
        both or neither. Appending to it is all that it takes to keep a piece.
    """

    def __init__(self, recording: Recording, extent: Extent, *, holds: bool = False) -> None:
        self._recording, self._extent, self._holds = recording, extent, holds
        self._waiting = 0
        self.pieces: list[tuple[EventStream, int]] = []

    @cached_property
    def _kept(self) -> list[Accumulator]:
        """What is kept; a tick of a stream, which holds its few pieces, mostly ends without."""
        kept = accumulators_of(self._recording, self._extent)
        return kept if self._read is None else [*kept, self._read]

    @cached_property
    def _read(self) -> ReadCurrents | None:
        """Currents that are read, because the chip does not report them."""
        probes = self._recording.probes
        reports = probes is not None and probes.i is not None
        return ReadCurrents(self._recording, self._extent) if self._recording.i.size and not reports else None

    def reading(self, start: int, steps: int) -> list[Look]:
        """Return what is to be read in some steps of the run, because the chip does not report it."""
        if self._read is None:
            return []
        return self._read.looks(start, steps)

    @property
    def done(self) -> int:
        """Steps that came."""
        return self.pieces[-1][1] if self.pieces else 0

    def reduce(self) -> None:
        """Reduce the pieces, if so many events wait that it is worth it; called after each."""
        if self._holds or not self.pieces:
            return
        piece = self.pieces[-1][0]
        self._waiting += piece.event_step.size + piece.graded_step.size + piece.change_step.size + PIECE
        if self._waiting >= max(each.waiting for each in self._kept):
            self._reduce()

    def _reduce(self) -> None:
        parts = [piece for piece, _ in self.pieces if piece.steps or piece.change_step.size]
        if not parts:
            return
        start = self.pieces[0][1] - self.pieces[0][0].steps
        joined = EventStream.join(parts)
        for each in self._kept:
            each.add(start, joined)
        if not self._holds:
            self.pieces[:] = [(EventStream(0), self.done)]
            self._waiting = 0

    def fields(self) -> dict[str, Any]:
        """Return attributes of a `ResultData`: the whole samples of what came; raises as `Accumulator.fields`."""
        self._reduce()
        done = self._extent.whole(min((each.covers(self.done) for each in self._kept), default=self.done))
        found: dict[str, Any] = {"steps": done, "samples": None, "neurons": self._extent.neurons}
        if self._extent.sample_steps is not None:
            found |= {"steps": self._extent.sample_steps, "samples": self._extent.samples(done)}
        for each in self._kept:
            found |= each.fields(done)
        return found
