"""Run of a network: what the chip is given for it, and the result that is made of its answers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import DeviceError, InputError
from ..events.delayline import Flight, Waiting
from ..events.stream import EventStream
from ..progress import Progress
from ..spec import Region
from . import counters as counting
from .changes import Changes
from .chip import Chip, Look
from .contents import Contents
from .matrix import WeightMatrix
from .options import Options
from .recording import Recording
from .remarks import tell_of_run
from .result import Result
from .stimulus import Stimulus
from .teaching import is_integer
from .weights import WeightLog


class Run:
    """One run: made before, given to `Chip.run`, and finished after it.

    Parameters
    ----------
    contents : Contents
        Of the chip.
    stimulus : Stimulus
        Spikes, currents and forced spikes.
    options : Options
        What acts between its steps.
    record
        What is recorded, as `Device.run` takes it.
    snapshot_every : int, optional
        Steps between two readings of the weights.
    counters : bool
        Whether counters are read, before and after.
    progress : callable, optional
        Called with (steps done, steps of all) when a piece of the run is complete.
    units : str
        Units of the result, see `Result.units`, and of writes.

    Attributes
    ----------
    stream : EventStream
        Stimulus, with all changes.
    flags : array [N] or None
        Flags of all neurons to write first; None if the chip has these.
    looks : list of Look
        What is read on the way.
    puts : list of Put
        What is written on the way.
    progress : callable or None
        As given; another one may be set when a run that was cut off is resumed.

    Raises
    ------
    InputError
        For an argument that cannot be used.
    """

    def __init__(
        self,
        contents: Contents,
        stimulus: Stimulus,
        options: Options,
        record: Any,
        *,
        snapshot_every: int | None,
        counters: bool,
        units: str,
    ) -> None:
        self._contents, self._stimulus = contents, stimulus
        if contents.network.source is not None:
            contents.network.source.warn_if_changed(stimulus.stream.steps * contents.geometry.neurons)
        contents.settle()
        steps, network = stimulus.stream.steps, contents.network
        changes = Changes(steps, contents.config, contents.geometry.neurons, contents.control, network.contexts)
        changes.sums = network.sums
        changes.planned(contents.network.schedule)
        changes.fade(contents.network.fades, contents.network.age)
        changes.teach(options, stimulus.starts)
        self.stream, self._changes = changes.applied(stimulus.stream), changes
        self._flight: Flight | None = None
        if (line := contents.network.line) is not None:
            self._flight = line.carry(self.stream, contents.network.waiting)
            self.stream = self._flight.stream
        if snapshot_every is not None and (not is_integer(snapshot_every) or snapshot_every < 1):
            raise InputError(f"snapshot_every must be a number of steps from 1 up, got {snapshot_every!r}")
        self._recording = Recording.of(record, contents.geometry.neurons, awake=contents.used().neurons)
        self._log = WeightLog(self.stream.steps, snapshot_every, contents.config)
        self.puts = WeightMatrix(contents).puts(options.get("writes"), self.stream.steps, units)
        self._counters, self._units = counters, units
        self._before = Look(0, (Region.COUNTERS,))
        self._after = Look(self.stream.steps + 1, (Region.COUNTERS,))
        self.progress: Progress | None = None
        self._watch = options.get("watch")
        #: Results, and the steps that they and all before them cover: one list, so that Ctrl-C finds both or neither.
        self._taken: list[tuple[EventStream, int]] = []
        self._aged = 0
        present = contents.flags()
        self._flags = self._recording.flags(present)
        self.flags = None if np.array_equal(self._flags, present) else self._flags
        self.looks = self._planned_looks()
        if self.flags is not None:
            contents.copies.flags = None  # unknown, should the run not come to its end

    @property
    def done(self) -> int:
        """Steps whose results have come."""
        return self._taken[-1][1] if self._taken else 0

    def perform(self, chip: Chip) -> None:
        """Have a chip run it, in one exchange."""
        chip.run(self.stream, self.take, flags=self.flags, looks=self.looks, puts=self.puts)

    def take(self, results: EventStream) -> None:
        """Take results of the chip: the next steps."""
        # No function of ours is called before they are kept: see `chip.kept`.
        self._taken.append((results, results.steps + (self._taken[-1][1] if self._taken else 0)))
        if self.progress is not None:
            self.progress(self.done, self.stream.steps)
        if self._watch is not None:
            self._watch(self.done - results.steps, results)

    def finish(self) -> Result:
        """Return the result, once the chip has run; raises DeviceError if it does not cover all steps."""
        contents = self._contents
        if self.done != self.stream.steps:
            raise DeviceError(
                f"the results cover {self.done} of {self.stream.steps} steps; device and library do not match, "
                "update both"
            )
        result = self._result(self._added())
        copies = contents.copies
        copies.flags = self._flags
        if copies.control is not None:
            for register, value in self._changes.last.items():
                copies.control[register] = value
        if self._counters:
            copies.counters = contents.session.exchanges, self._after.contents[Region.COUNTERS]
        self._grow()
        contents.network.waiting = self._waiting(self.done, ended=True)
        contents.standing.owed = {}
        contents.standing.known()
        return result

    def tell(self, result: Result) -> None:
        """Tell the remarks on a run."""
        tell_of_run(result.counters, self._contents.network.image)

    def partial(self) -> Result:
        """Return what had come when the run ended early: its complete steps, or samples; no counters."""
        return self._result({})

    def end(self, error: BaseException, chip: Chip | None) -> None:
        """Note where a chip stands whose run an error has ended; registers are set back now, or by the next access."""
        contents, standing = self._contents, self._contents.standing
        contents.copies.control = None
        standing.owed = self._changes.owed(self.done)
        self._grow()
        contents.network.waiting = self._waiting(self.done)
        if isinstance(error, DeviceError):
            error.steps = self.done
        if chip is None:
            return  # nothing was sent
        if chip.cut:
            standing.cut(self)
        elif not chip.settled or type(error) is DeviceError:
            standing.torn(self)  # also if it refuses something, or its results make no sense
        else:
            standing.known()
            if not isinstance(error, DeviceError):
                with suppress(DeviceError):
                    contents.settle()

    def _waiting(self, steps: int, *, ended: bool = False) -> Waiting:
        """Return the input events that are on their way after so many steps."""
        return Waiting.none() if self._flight is None else self._flight.after(steps, ended=ended)

    def _grow(self) -> None:
        """Add the steps that came to the age of the network, once."""
        self._contents.network.age += self.done - self._aged
        self._aged = self.done

    def _added(self) -> dict[str, int]:
        """Return what the run added to the counters."""
        if not self._counters:
            return {}
        before, after = self._before.contents[Region.COUNTERS], self._after.contents[Region.COUNTERS]
        return counting.added(before, after, self._contents.config)

    def _planned_looks(self) -> list[Look]:
        """Return what is read on the way; counters that are known are not read before the run."""
        if not self._counters:
            return self._log.looks
        if (known := self._contents.counters()) is not None:
            self._before.contents[Region.COUNTERS] = known
        return [*([self._before] if known is None else []), *self._log.looks, self._after]

    def _result(self, counters: dict[str, int]) -> Result:
        network, stimulus = self._contents.network, self._stimulus
        stream = EventStream.join([results for results, _ in self._taken])
        result = Result.from_stream(
            stream,
            neurons=self._contents.geometry.neurons, recording=self._recording,
            sample_steps=None if stimulus.samples is None else stimulus.steps,
            counters=counters, dt_ms=network.dt_ms, scaling=network.units,
            weights=self._log.over_time(network, self.done) if self._log.looks else None,
        )  # fmt: skip
        thresholds, periods = map(network.of_neurons, (Region.THRESHOLD, Region.REFRACTORY))
        result = replace(result, threshold_items=thresholds, refractory_steps=periods, reports=stream.reports)
        return result.in_units(self._units)
