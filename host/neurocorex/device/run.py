"""Run of a network: what the chip is given for it, and the result that is made of its answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DeviceError, InputError
from ..events.stream import EventStream
from ..spec import Control, Region
from . import counters as counting
from .changes import Changes, Teaching
from .chip import Look, Progress
from .contents import Contents
from .recording import Recording
from .remarks import tell_of_run
from .result import Result
from .stimulus import Stimulus
from .weights import WeightLog


class Run:
    """One run: made before, given to `Chip.run`, and finished after it.

    Parameters
    ----------
    contents : Contents
        Of the chip.
    stimulus : Stimulus
        Spikes, currents and forced spikes.
    teaching : Teaching
        What acts between its steps.
    record
        What is recorded, as `Device.run` takes it.
    snapshot_every : int, optional
        Steps between two readings of the weights.
    counters : bool
        Whether counters are read, before and after.
    progress : callable, optional
        Called with (steps done, steps of all) when a piece of the run is complete.

    Attributes
    ----------
    stream : EventStream
        Stimulus, with all changes.
    flags : array [N] or None
        Flags of all neurons to write first; None if the chip has these.
    looks : list of Look
        What is read on the way.

    Raises
    ------
    InputError
        For an argument that cannot be used.
    """

    def __init__(
        self,
        contents: Contents,
        stimulus: Stimulus,
        teaching: Teaching,
        record: Any,
        *,
        snapshot_every: int | None,
        counters: bool,
        progress: Progress | None,
    ) -> None:
        self._contents, self._stimulus = contents, stimulus
        changes = Changes(stimulus.stream.steps, contents.config, contents.geometry.neurons)
        changes.planned(contents.network.schedule)
        changes.teach(teaching, contents.learning_flags)
        self.stream, self._registers = changes.applied(stimulus.stream), changes.last
        if snapshot_every is not None and (not isinstance(snapshot_every, int) or snapshot_every < 1):
            raise InputError(f"snapshot_every must be a number of steps from 1 up, got {snapshot_every!r}")
        self._recording = Recording.of(record, contents.geometry.neurons, awake=contents.used().neurons)
        self._log = WeightLog(self.stream.steps, snapshot_every, contents.config)
        self._counters = counters
        self._before = Look(0, (Region.COUNTERS,))
        self._after = Look(self.stream.steps + 1, (Region.COUNTERS,))
        self._progress = progress
        self._results: list[EventStream] = []
        self._done = 0
        present = contents.flags()
        self._flags = self._recording.flags(present)
        self.flags = None if np.array_equal(self._flags, present) else self._flags
        self.looks = self._planned_looks()
        # Unknown, should the run not come to its end.
        if self.flags is not None:
            contents.copies.flags = None
        if Control.LEARNING in self._registers:
            contents.copies.learning = None

    def take(self, results: EventStream) -> None:
        """Take results of the chip: the next steps."""
        self._results.append(results)
        self._done += results.steps
        if self._progress is not None:
            self._progress(self._done, self.stream.steps)

    def finish(self) -> Result:
        """Return the result, once the chip has run; raises DeviceError if it does not cover all steps."""
        contents = self._contents
        if self._done != self.stream.steps:
            raise DeviceError(
                f"the results cover {self._done} of {self.stream.steps} steps; device and library do not match, "
                "update both"
            )
        contents.network.age += self._done
        copies = contents.copies
        copies.flags = self._flags
        copies.learning = self._registers.get(Control.LEARNING, copies.learning)
        if not self._counters:
            return self._result({})
        before, after = self._before.contents[Region.COUNTERS], self._after.contents[Region.COUNTERS]
        copies.counters = contents.session.exchanges, after
        added = counting.added(before, after, contents.config)
        tell_of_run(added, contents.network.image)
        return self._result(added)

    def partial(self) -> Result:
        """Return what had come when the run was interrupted: its complete steps, or samples; no counters."""
        self._contents.network.age += self._done
        return self._result({})

    def _planned_looks(self) -> list[Look]:
        """Return what is read on the way; counters that are known are not read before the run."""
        if not self._counters:
            return self._log.looks
        if (known := self._contents.counters()) is not None:
            self._before.contents[Region.COUNTERS] = known
        return [*([self._before] if known is None else []), *self._log.looks, self._after]

    def _result(self, counters: dict[str, int]) -> Result:
        network, stimulus = self._contents.network, self._stimulus
        return Result.from_stream(
            EventStream.join(self._results), neurons=self._contents.geometry.neurons, recording=self._recording,
            sample_steps=None if stimulus.samples is None else stimulus.steps,
            counters=counters, dt_ms=network.dt_ms,
            weights=self._log.over_time(network) if self._log.looks else None,
        )  # fmt: skip
