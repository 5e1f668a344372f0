"""Emulator of one core: memories that a host writes and reads, counters, and runs of whole streams of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..events.arrays import Ints
from ..events.reports import answer_columns, span
from ..events.stream import EventStream
from ..spec import Clear, CoreConfig, Counter, Region
from ..spec.registers import COUNTER_BITS
from ..spec.timing import busy_cycles
from . import machine_code
from .accepting import accepted
from .drawing import drawn
from .in_use import CoreInUse, Recorded, used
from .memory import Memory
from .reporting import Part, parts
from .runner import Activity, Runner

_NONE = np.empty(0, np.int64)


class _Ran(NamedTuple):
    """What the core did in a run, and the steps, requests and items of the reports in it."""

    activity: Activity
    reports: list[tuple[int, int, Ints]]


class StepResult(NamedTuple):
    """Result of one step.

    Attributes
    ----------
    spikes : int64 array
        Neurons that fired, rising, whether they are recorded or not.
    """

    spikes: Ints


class _Current(Mapping[Region, npt.NDArray[Any]]):
    """Regions as they are now: `settle` is called before weights are looked up."""

    def __init__(self, views: Mapping[Region, npt.NDArray[Any]], settle: Callable[[], None]) -> None:
        self._views, self._settle = views, settle

    def __getitem__(self, region: Region) -> npt.NDArray[Any]:
        if region is Region.WEIGHTS:
            self._settle()
        return self._views[region]

    def __iter__(self) -> Iterator[Region]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)


class Emulator:
    """Emulator of one core of a given geometry; all memories are zero at first.

    Parameters
    ----------
    config : CoreConfig
        Geometry.

    Attributes
    ----------
    regions : mapping of Region to array
        Those that the chip has, counters and description aside, as they are now: those of synapses [A, N], the others
        in one dimension. The arrays cannot be written to; `write` does that. Look them up anew after a run:
        drift is put off until somebody asks for the weights.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        self._memory = Memory(config)
        self.regions: Mapping[Region, npt.NDArray[Any]] = _Current(self._memory.views(), self._settle)
        self._counts = dict.fromkeys(Counter, 0)
        self._rebuild()

    def _rebuild(self) -> None:
        """Forget what was worked out from parameters."""
        self._in_use: CoreInUse | None = None
        self._runner: Runner | None = None
        self._recorded: Recorded | None = None

    def _settle(self) -> None:
        """Bring the weights up to date."""
        if self._runner:
            self._runner.settle()

    # Access ------------------------------------------------------------------------------------

    @property
    def counters(self) -> dict[Counter, int]:
        """All counters, wrapped to their 48 bits."""
        return {counter: value % (1 << COUNTER_BITS) for counter, value in self._counts.items()}

    @property
    def steps(self) -> int:
        """Steps that were run, as counted."""
        return self._counts[Counter.STEPS]

    def items(self, region: Region) -> Ints:
        """Return the items of a region in row-major order, counters as well, but not of `INFO`.

        Those of memories cannot be written to.
        """
        if region is Region.COUNTERS:
            counters = self.counters
            values = np.array([counters[counter] for counter in Counter], np.int64)
            return np.stack([values & 0xFFFF_FFFF, values >> 32], axis=1).reshape(-1)
        return self.regions[region].reshape(-1)

    def count(self, counter: Counter, amount: int = 1) -> None:
        """Add to a counter what the core cannot see: frames, and events that were refused while they were decoded."""
        self._counts[counter] += amount

    def write(self, region: Region, values: npt.ArrayLike, start: int = 0) -> None:
        """Store items in a region, from item `start` (in row-major order) on.

        Values are cut to the bits of the region, as the chip does.

        Raises
        ------
        InputError
            If the region cannot be written, or has no room for so many items.
        """
        self._settle()
        self._memory.write(region, values, start)
        self._rebuild()

    def clear(self, what: Clear) -> None:
        """Set to zero what the flags name."""
        self._memory.clear(what)
        if what & Clear.COUNTERS:
            self._counts = dict.fromkeys(Counter, 0)

    # Time --------------------------------------------------------------------------------------

    def step(
        self,
        events: npt.ArrayLike = (),
        graded_neurons: npt.ArrayLike = (),
        graded_values: npt.ArrayLike = (),
        graded_forced: npt.ArrayLike = (),
    ) -> StepResult:
        """Run one step.

        Parameters
        ----------
        events : int array
            Input axons with an event, rising.
        graded_neurons, graded_values : int array
            Neurons, rising, and the currents injected into them.
        graded_forced : int array, optional
            1 for those of `graded_neurons` that fire in any case.

        Raises
        ------
        InputError
            If an array is not of integers, indices are negative or do not rise, or the graded arrays differ in length.
        """
        axons, neurons = np.asarray(events), np.asarray(graded_neurons)
        here = [np.zeros(given.shape, np.int64) for given in (axons, neurons)]
        graded = (here[1], neurons, np.asarray(graded_values), np.asarray(graded_forced))
        return StepResult(self._run(EventStream(1, here[0], axons, *graded), None).activity.fired_neuron)

    def prepare(self) -> None:
        """Load the kernel ahead of the first run."""
        machine_code.load(machine_code.Kind.of(self.config))

    def run(self, stimulus: EventStream) -> EventStream:
        """Run all steps of a stimulus, or none of them if it is interrupted by an exception.

        Events that name no axon or neuron in use, or no register, are counted as refused.

        Returns
        -------
        EventStream
            As many steps: spikes of the neurons with `Flag.RECORD_SPIKES` as events, and membranes at the end of each
            step of those with `Flag.RECORD_MEMBRANE` as graded events; reports with their items, see `events.reports`.
        """
        self._recorded = self._recorded or Recorded.of(self._memory)
        watched, records = self._recorded.membranes, self._recorded.spikes
        membranes = np.empty((stimulus.steps, watched.size), np.int64)
        activity, reports = self._run(stimulus, membranes if watched.size else None)
        step, neuron = activity.fired_step, activity.fired_neuron
        if records is not None:
            recorded = records[neuron]
            step, neuron = step[recorded], neuron[recorded]
        states = [_NONE] * 4
        if membranes.size:
            times, neurons = np.repeat(np.arange(stimulus.steps), watched.size), np.tile(watched, stimulus.steps)
            states = [times, neurons, membranes.reshape(-1), np.zeros(membranes.size, np.int64)]
        return EventStream.made(stimulus.steps, step, neuron, *states, *answer_columns(reports))

    def _run(self, stimulus: EventStream, membranes: Ints | None) -> _Ran:
        """Run steps; fill a row of `membranes` for each if given."""
        before, drift = self._memory.save(), self._runner.save() if self._runner else None
        counts = dict(self._counts)
        try:
            reports, activities, starts = [], [], []
            for part in parts(stimulus) if self.config.reports else [Part(0, stimulus, None)]:
                rows = None if membranes is None else membranes[part.start : part.start + part.stimulus.steps]
                activities.append(self._run_part(part.stimulus, rows))
                starts.append(part.start)
                if part.request is not None:
                    reports.append((part.start + part.stimulus.steps, part.request, self._report(part.request)))
        except BaseException:  # Ctrl-C, most likely: a step is not left half done
            self._memory.restore(before)
            self._counts = counts
            if self._runner and drift:
                self._runner.restore(drift)
            self._rebuild()
            raise
        return _Ran(Activity.join(activities, starts), reports)

    def _run_part(self, stimulus: EventStream, membranes: Ints | None) -> Activity:
        """Run steps that hold no report."""
        refused = 0
        if self.config.patterns:
            stimulus, refused = drawn(stimulus, self._memory, used(self._memory).inputs)
        core = self._core()
        taken = accepted(stimulus, core.config)
        self._runner = self._runner or Runner(core)
        activity = self._runner.run(taken, membranes)
        if self._in_use:
            self._settle()
            self._in_use.put_back(taken)
        self._count_all(core.config, stimulus, taken, activity)
        self._counts[Counter.REFUSED_EVENTS] += refused
        return activity

    def _report(self, request: int) -> Ints:
        """Return the items that a report has now; none, and count it, if it is refused."""
        place = span(request, self.config)
        if place is None:
            self._counts[Counter.REFUSED_EVENTS] += 1
            return np.empty(0, np.int64)
        region, start, stop = place
        return self.items(region)[start:stop].astype(np.int64)

    def _core(self) -> Memory:
        """Memories of all neurons and axons that take part in steps."""
        if used(self._memory) == self.config:
            return self._memory
        if self._in_use:
            self._in_use.take_state()
        else:
            self._in_use = CoreInUse(self._memory)
        return self._in_use.memory

    def _count_all(self, config: CoreConfig, stimulus: EventStream, taken: EventStream, activity: Activity) -> None:
        """Count the activity of a run."""
        for counter, amount in zip(Counter, activity.counts.tolist(), strict=True):
            self._counts[counter] += amount
        input_events = taken.event_index.size
        arrivals = input_events + int(activity.counts[Counter.RECURRENT_EVENTS])
        cycles = busy_cycles(
            config, stimulus.steps, arrivals, activity.columns, rewards=activity.rewards, scaled=activity.scaled,
            contests=activity.contests,
            chip=self.config,
        )  # fmt: skip
        refused = sum(
            given.size - kept.size
            for given, kept in (
                (stimulus.event_index, taken.event_index),
                (stimulus.graded_index, taken.graded_index),
                (stimulus.change_step, taken.change_step),
            )
        )
        for counter, amount in (
            (Counter.STEPS, stimulus.steps),
            (Counter.INPUT_EVENTS, input_events),
            (Counter.SPIKES, activity.fired_neuron.size),
            (Counter.REFUSED_EVENTS, refused),
            (Counter.BUSY_CYCLES, cycles),
        ):
            self._counts[counter] += amount
