"""Stretch of steps that a chip runs: what it is given, what came of it, and where that leaves the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np

from ..errors import DeviceError
from ..events.arrays import Ints
from ..events.delayline import Flight, Waiting
from ..events.stream import EventStream
from ..progress import Progress
from ..spec import Region
from ..wire.traffic import Traffic
from .accumulators import Extent
from .changes import Changes
from .chip import Chip, Look, Put
from .contents import Contents
from .gathering import Gathering
from .options import Options
from .recording import Recording
from .remarks import tell_of_run
from .result import Result
from .weights import WeightTables


def changes_of(contents: Contents, steps: int, options: Options, samples: Ints) -> Changes:
    """Return what acts between so many steps: what the network does by itself, and what the options say.

    Parameters
    ----------
    contents : Contents
        Of the chip.
    steps : int
        How many.
    options : Options
        Those of `Teaching`.
    samples : int64 array
        Steps at which samples begin.

    Raises
    ------
    InputError
        For an option that cannot be used.
    """
    network = contents.network
    changes = Changes(steps, contents.config, contents.geometry.neurons, contents.control, network.contexts)
    changes.sums = network.sums
    changes.planned(network.schedule)
    changes.fade(network.fades, network.age)
    changes.teach(options, samples)
    return changes


class Stretch:
    """Steps that a chip runs in one exchange: the common part of a `Run` and of a tick of a stream.

    Parameters
    ----------
    contents : Contents
        Of the chip, which has settled.
    stream : EventStream
        Stimulus with all changes; its events name inputs.
    changes : Changes
        Those of the stream.
    recording, extent
        What is kept of the results, see `Gathering`.
    flags : array [N]
        Flags of all neurons that record this.
    units : str
        Units of a result.
    gathering : Gathering, optional
        Of the run to which these steps belong, and which may have some already; by default one of its own.

    Attributes
    ----------
    stream : EventStream
        Stimulus for the chip; its events name axons.
    flags : array [N] or None
        Flags to write first; None if the chip has these.
    looks, puts : list
        What is read and written on the way.
    progress : callable or None
        Called with (steps done, steps of all) when a piece is complete; it may be set anew when a run is resumed.
    watch : callable or None
        Called with each piece of the results, see `Options`.
    traffic : Traffic or None
        With the chip so far; None if there is no line.
    before : int
        Steps of the run that came before these.
    """

    #: Whether the results are held as they came, besides what is kept of them.
    HOLDS = False

    def __init__(
        self, contents: Contents, stream: EventStream, changes: Changes, *,
        recording: Recording, extent: Extent, flags: Ints, units: str, gathering: Gathering | None = None,
    ) -> None:  # fmt: skip
        self._contents, self._changes, self._units = contents, changes, units
        self._recording, self._flags = recording, flags
        self._gathering = Gathering(recording, extent, holds=self.HOLDS) if gathering is None else gathering
        self.before = self._gathering.done
        self._age = contents.network.age
        self._flight: Flight | None = None
        if (line := contents.network.line) is not None:
            self._flight = line.carry(stream, contents.network.waiting)
            stream = self._flight.stream
        self.stream = stream
        self.looks: list[Look] = []
        self.puts: list[Put] = []
        self.progress: Progress | None = None
        self.watch: Callable[[int, EventStream], object] | None = None
        self.traffic: Traffic | None = None
        present = contents.flags()
        self.flags = None if flags is present or np.array_equal(flags, present) else flags
        if self.flags is not None:
            contents.copies.flags = None  # unknown, should the exchange not come to its end

    @property
    def done(self) -> int:
        """Steps whose results have come."""
        return self._gathering.done - self.before

    @property
    def total(self) -> int:
        """Steps of the whole run, as far as they are known."""
        return self.stream.steps

    @property
    def reached(self) -> str:
        """How far the run has come, in words."""
        return f"{self.done} of {self.stream.steps} steps"

    def perform(self, chip: Chip) -> None:
        """Have a chip run it, in one exchange."""
        chip.run(self.stream, self.take, flags=self.flags, looks=self.looks, puts=self.puts)

    def take(self, results: EventStream) -> None:
        """Take results of the chip: the next steps."""
        # No function of ours is called before they are kept: see `chip.kept`.
        pieces = self._gathering.pieces
        pieces.append((results, results.steps + (pieces[-1][1] if pieces else 0)))
        self._gathering.reduce()
        if self.progress is not None:
            self.progress(self.before + self.done, self.total)
        if self.watch is not None:
            self.watch(self.before + self.done - results.steps, results)

    def require_whole(self) -> None:
        """Raise DeviceError if the results do not cover all steps."""
        if self.done != self.stream.steps:
            raise DeviceError(
                f"the results cover {self.done} of {self.stream.steps} steps; device and library do not match, "
                "update both"
            )

    def finish(self) -> Result:
        """Return the result, once the chip has run; raises DeviceError if it does not cover all steps."""
        self.require_whole()
        result = self.result({})
        self.ended()
        return result

    def ended(self) -> None:
        """Note that the chip has run all of it."""
        contents = self._contents
        copies = contents.copies
        copies.flags = self._flags
        if copies.control is not None:
            for register, value in self._changes.last.items():
                copies.control[register] = value
        self._grow()
        contents.network.waiting = self._waiting(self.done, ended=True)
        contents.standing.owed = {}
        contents.standing.known()

    def tell(self, result: Result) -> None:
        """Tell the remarks on a run."""
        tell_of_run(result.counters, self._contents.network.image)

    def partial(self) -> Result:
        """Return what had come when the run ended early: its complete steps, or samples; no counters."""
        return replace(self.result({}), stopped_at=self.before + self.done)

    def end(self, error: BaseException, chip: Chip | None) -> None:
        """Note where a chip stands whose run an error has ended; registers are set back now, or by the next access."""
        contents, standing = self._contents, self._contents.standing
        contents.copies.control = None
        standing.owed = self._changes.owed(self.done)
        self._grow()
        contents.network.waiting = self._waiting(self.done)
        if isinstance(error, DeviceError):
            error.steps = self.before + self.done
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

    def result(self, counters: dict[str, int], weights: WeightTables | None = None) -> Result:
        """Return the result of what has come; raises InputError if it does not fit what is recorded."""
        network = self._contents.network
        result = Result.gathered(
            self._gathering, recording=self._recording, counters=counters, dt_ms=network.dt_ms, scaling=network.units,
            weights=weights,
        )  # fmt: skip
        thresholds, periods = map(network.of_neurons, (Region.THRESHOLD, Region.REFRACTORY))
        result = replace(result, threshold_items=thresholds, refractory_steps=periods, link=self.traffic)
        return result.in_units(self._units)

    def _waiting(self, steps: int, *, ended: bool = False) -> Waiting:
        """Return the input events that are on their way after so many steps."""
        return Waiting.none() if self._flight is None else self._flight.after(steps, ended=ended)

    def _grow(self) -> None:
        """Add the steps that came to the age of the network, once, also if Ctrl-C came meanwhile."""
        self._contents.network.age = self._age + self.done


@contextmanager
def counted(stretch: Stretch, chip: Chip) -> Iterator[None]:
    """Add the traffic with a chip meanwhile to that of a stretch."""
    before = chip.traffic()
    try:
        yield
    finally:
        if before is not None and (now := chip.traffic()) is not None:
            came = now - before
            stretch.traffic = came if stretch.traffic is None else stretch.traffic + came
