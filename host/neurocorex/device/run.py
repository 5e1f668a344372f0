"""Run of a network: what the chip is given for it, and the result that is made of its answers."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..events.drawn import is_plain
from ..spec import Region
from . import counters as counting
from .accumulators import Extent
from .chip import Look
from .contents import Contents
from .matrix import WeightMatrix
from .options import Options
from .probes import in_order, probed, probing
from .recording import Recording
from .result import Result
from .stimulus import Stimulus
from .stretch import Stretch, changes_of
from .tallying import grouped, planned, reporting
from .teaching import is_integer
from .weights import WeightLog, WeightTables


class Run(Stretch):
    """One run: made before, given to `Chip.run`, and finished after it; the attributes of `Stretch`.

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
    units : str
        Units of the result, see `Result.units`, and of writes.

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
        self._stimulus = stimulus
        steps, neurons = stimulus.stream.steps, contents.geometry.neurons
        if contents.network.source is not None:
            contents.network.source.warn_if_changed(steps * neurons)
        contents.settle()
        changes = changes_of(contents, steps, options, stimulus.starts)
        if snapshot_every is not None and (not is_integer(snapshot_every) or snapshot_every < 1):
            raise InputError(f"snapshot_every must be a number of steps from 1 up, got {snapshot_every!r}")
        recording = Recording.of(
            record, neurons, awake=contents.used().neurons, every=options.get("every"), grouped=grouped(contents)
        )
        extent = Extent(neurons, None if stimulus.samples is None else stimulus.steps)
        if not self.HOLDS:
            watched = options.get("watch") is not None
            recording = recording if watched else planned(recording, stimulus, changes, contents)
            if is_plain(stimulus.stream.change_register):  # nothing is asked for in the middle of drawn steps
                recording = probed(recording, contents.config, has_line=contents.session.has_line, plain=watched)
        elif recording.i.size:
            raise InputError("a run with a checkpoint records no currents; leave 'i' out of record, or the checkpoint")
        stream = reporting(stimulus.stream, recording.tally)
        stream = changes.applied(probing(stream, 0, recording, extent))
        puts = WeightMatrix(contents).puts(options.get("writes"), steps, units)
        super().__init__(
            contents, stream, changes, recording=recording, extent=extent, flags=recording.flags(contents.flags()),
            units=units,
        )  # fmt: skip
        self.puts, self.watch = puts, options.get("watch")
        self._log = WeightLog(steps, snapshot_every, contents.config)
        self._counters = counters
        self._before = Look(0, (Region.COUNTERS,))
        self._after = Look(steps + 1, (Region.COUNTERS,))
        self.looks = self._planned_looks()

    def finish(self) -> Result:
        """Return the result, once the chip has run; raises DeviceError if it does not cover all steps."""
        self.require_whole()
        result = self.result(self._added())
        self.ended()
        contents = self._contents
        if self._counters:
            contents.copies.counters = contents.session.exchanges, self._after.contents[Region.COUNTERS]
        return result

    def result(self, counters: dict[str, int], weights: WeightTables | None = None) -> Result:
        """Return the result of what has come, with the weights that were read."""
        if weights is None and self._log.looks:
            weights = self._log.over_time(self._contents.network, self.done)
        return super().result(counters, weights)

    def _added(self) -> dict[str, int]:
        """Return what the run added to the counters."""
        if not self._counters:
            return {}
        before, after = self._before.contents[Region.COUNTERS], self._after.contents[Region.COUNTERS]
        return counting.added(before, after, self._contents.config)

    def _planned_looks(self) -> list[Look]:
        """Return what is read on the way; counters that are known are not read before the run."""
        states = self._gathering.reading(0, self.stream.steps)
        if not self._counters:
            return in_order([*self._log.looks, *states])
        if (known := self._contents.counters()) is not None:
            self._before.contents[Region.COUNTERS] = known
        return in_order([*([self._before] if known is None else []), *self._log.looks, *states, self._after])
