"""The core in software: its memories and counters, and whole streams of steps through `neurocorex.dynamics`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .arithmetic import Ints, wrap
from .dynamics import Dynamics
from .errors import InputError
from .spec import Clear, Control, CoreConfig, Counter, Region, layout
from .spec.registers import COUNTER_BITS, PARAMETERS, STATE
from .spec.timing import busy_cycles
from .streams import EventStream

#: How often, in steps without stimulus, to look whether the network has come to rest.
REST_PERIOD = 16


class StepResult(NamedTuple):
    """What one step brought about.

    Attributes
    ----------
    spikes : int64 array
        Neurons that fired, rising, whether they are recorded or not.
    """

    spikes: Ints


class Emulator:
    """One core of a given geometry; all memories are zero at first.

    Parameters
    ----------
    config : CoreConfig
        Geometry.

    Attributes
    ----------
    regions : mapping of Region to array
        `CONTROL` (int64 [4]), `WEIGHTS` (int32 [A, N]), all parameters and all state (int64 [N]) as they are now. The
        arrays cannot be written to; `write` does that.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        self._layouts = {
            region: layout(region, config) for region in (Region.CONTROL, Region.WEIGHTS, *PARAMETERS, *STATE)
        }
        self._memory: dict[Region, npt.NDArray[Any]] = {
            region: np.zeros(shape.items, np.int64) for region, shape in self._layouts.items()
        }
        self._memory[Region.WEIGHTS] = np.zeros((config.axons, config.neurons), np.int32)
        self.regions: Mapping[Region, npt.NDArray[np.signedinteger[Any]]] = MappingProxyType(
            {region: _read_only(memory) for region, memory in self._memory.items()}
        )
        self._counts = dict.fromkeys(Counter, 0)
        self._dynamics: Dynamics | None = None

    # Access ------------------------------------------------------------------------------------

    @property
    def counters(self) -> dict[Counter, int]:
        """All counters, wrapped to their 48 bits."""
        return {counter: value % (1 << COUNTER_BITS) for counter, value in self._counts.items()}

    def count(self, counter: Counter, amount: int = 1) -> None:
        """Add to a counter what the core cannot see: frames, and events refused while they were decoded."""
        self._counts[counter] += amount

    def write(self, region: Region, values: npt.ArrayLike, start: int = 0) -> None:
        """Store items in a region, from item `start` (in row-major order) on.

        Values are cut to the bits of the region, as the chip does.

        Raises
        ------
        InputError
            If the region cannot be written, or has no room for so many items.
        """
        shape = self._layouts.get(region)
        if shape is None or not shape.writable:
            raise InputError(f"region {region.name} is read-only on this chip")
        items = np.asarray(values, np.int64).reshape(-1)
        stop = start + items.size
        if not 0 <= start <= stop <= shape.items:
            raise InputError(f"region {region.name} has {shape.items} items, got {items.size} from item {start} on")
        bits: npt.ArrayLike = shape.bits
        if region is Region.CONTROL:
            bits = [control.bits(self.config) for control in Control][start:stop]
        self._memory[region].reshape(-1)[start:stop] = wrap(items, bits, signed=shape.signed)
        self._dynamics = None

    def clear(self, what: Clear) -> None:
        """Set the state of all neurons, or all counters, to zero."""
        if Clear.STATE in what:
            for region in STATE:
                self._memory[region].fill(0)
        if Clear.COUNTERS in what:
            self._counts = dict.fromkeys(Counter, 0)

    # Time --------------------------------------------------------------------------------------

    def step(
        self, events: npt.ArrayLike = (), graded_neurons: npt.ArrayLike = (), graded_values: npt.ArrayLike = ()
    ) -> StepResult:
        """Run one step.

        Parameters
        ----------
        events : int array
            Input axons with an event, rising.
        graded_neurons, graded_values : int array
            Neurons, rising, and the currents injected into them.

        Raises
        ------
        InputError
            If an array is not of integers, indices are negative or do not rise, or the graded arrays differ in length.
        """
        axons, neurons = np.asarray(events), np.asarray(graded_neurons)
        here = [np.zeros(given.shape, np.int64) for given in (axons, neurons)]
        stimulus = EventStream(1, here[0], axons, here[1], neurons, np.asarray(graded_values))
        return StepResult(self._walk(stimulus, None)[0])

    def run(self, stimulus: EventStream) -> EventStream:
        """Run all steps of a stimulus, or none of them if it is interrupted by an exception.

        Events that name no axon or neuron are counted as refused.

        Returns
        -------
        EventStream
            As many steps: spikes of the neurons with `Flag.RECORD_SPIKES` as events, and membranes at the end of each
            step of those with `Flag.RECORD_MEMBRANE` as graded events.
        """
        dynamics = self._current_dynamics()
        watched = dynamics.record_membrane
        membranes = np.empty((stimulus.steps, watched.size), np.int64)
        fired = self._walk(stimulus, membranes if watched.size else None)
        steps = np.arange(stimulus.steps)
        step = np.repeat(steps, np.fromiter(map(len, fired), np.int64, len(fired)))
        index = np.concatenate([np.empty(0, np.int64), *fired])
        recorded = dynamics.record_spikes[index]
        return EventStream(
            stimulus.steps, step[recorded], index[recorded],
            np.repeat(steps, watched.size), np.tile(watched, stimulus.steps), membranes.reshape(-1),
        )  # fmt: skip

    def _current_dynamics(self) -> Dynamics:
        if self._dynamics is None:
            self._dynamics = Dynamics(self.config, self._memory)
        return self._dynamics

    def _walk(self, stimulus: EventStream, membranes: Ints | None) -> list[Ints]:
        """Run steps; return the neurons that fired in each, and fill a row of `membranes` for each if given."""
        accepted = self._accepted(stimulus)
        before = {region: self._memory[region].copy() for region in STATE}
        try:
            fired, recurrent_events, saturations = self._follow(accepted, membranes)
        except BaseException:  # Ctrl-C, most likely: a step is not left half done
            for region, memory in before.items():
                self._memory[region][:] = memory
            raise
        self._tally(stimulus, accepted, fired, recurrent_events, saturations)
        return fired

    def _follow(self, stimulus: EventStream, membranes: Ints | None) -> tuple[list[Ints], int, int]:
        """Run steps; return who fired in each, and how many recurrent events and saturations there were."""
        dynamics, v = self._current_dynamics(), self._memory[Region.MEMBRANE]
        edges = np.arange(stimulus.steps + 1)
        event_edge = stimulus.event_step.searchsorted(edges).tolist()
        graded_edge = stimulus.graded_step.searchsorted(edges).tolist()
        clears = set(stimulus.clear_steps.tolist())
        silent = _silent_ahead(stimulus)
        fired: list[Ints] = []
        recurrent_events = saturations = step = 0
        while step < stimulus.steps:
            if step in clears:
                self.clear(Clear.STATE)
            axons = stimulus.event_index[event_edge[step] : event_edge[step + 1]]
            graded = slice(graded_edge[step], graded_edge[step + 1])
            looks = silent[step] > REST_PERIOD and silent[step] % REST_PERIOD == 0
            before = self._state() if looks else None
            outcome = dynamics.step(axons, stimulus.graded_index[graded], stimulus.graded_value[graded])
            # A step without stimulus that fires nothing and changes nothing repeats itself until the next stimulus.
            rests = looks and not outcome.fired.size and before == self._state()
            repeats = silent[step] if rests else 1
            if membranes is not None:
                membranes[step : step + repeats] = v[dynamics.record_membrane]
            fired += [outcome.fired] * repeats
            recurrent_events += outcome.recurrent_events
            saturations += outcome.saturations * repeats
            step += repeats
        return fired, recurrent_events, saturations

    def _tally(
        self, stimulus: EventStream, accepted: EventStream, fired: list[Ints], recurrent_events: int, saturations: int
    ) -> None:
        """Count what a run brought about."""
        input_events = accepted.event_index.size
        given = stimulus.event_index.size + stimulus.graded_index.size
        for counter, amount in (
            (Counter.STEPS, stimulus.steps),
            (Counter.INPUT_EVENTS, input_events),
            (Counter.RECURRENT_EVENTS, recurrent_events),
            (Counter.SPIKES, sum(map(len, fired))),
            (Counter.SATURATIONS, saturations),
            (Counter.REFUSED_EVENTS, given - input_events - accepted.graded_index.size),
            (Counter.BUSY_CYCLES, busy_cycles(self.config, stimulus.steps, input_events + recurrent_events)),
        ):
            self._counts[counter] += amount

    def _state(self) -> list[bytes]:
        return [self._memory[region].tobytes() for region in STATE]

    def _accepted(self, stimulus: EventStream) -> EventStream:
        """Drop what names no axon or neuron; cut injected currents to the bits of the state."""
        event = stimulus.event_index < self.config.inputs
        graded = stimulus.graded_index < self.config.neurons
        return EventStream(
            stimulus.steps, stimulus.event_step[event], stimulus.event_index[event],
            stimulus.graded_step[graded], stimulus.graded_index[graded],
            wrap(stimulus.graded_value[graded], self.config.state_bits, signed=True), stimulus.clear_steps,
        )  # fmt: skip


def _silent_ahead(stimulus: EventStream) -> list[int]:
    """For each step: how many steps without any stimulus follow from it on, itself included."""
    busy = np.unique(np.concatenate([stimulus.event_step, stimulus.graded_step, stimulus.clear_steps]))
    steps = np.arange(stimulus.steps)
    ahead: list[int] = (np.append(busy, stimulus.steps)[busy.searchsorted(steps)] - steps).tolist()
    return ahead


def _read_only(memory: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = memory.view()
    view.flags.writeable = False
    return view
