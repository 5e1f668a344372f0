"""Tick of a stream: spikes in, a few steps, spikes out, in one exchange with the chip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError, InputError
from ..events.arrays import Ints
from ..events.stream import EventStream
from ..network.population import Population
from .accumulators import Extent
from .changes import Changes
from .contents import Contents
from .recording import Recording
from .stretch import Stretch
from .teaching import is_bool, is_integer

#: Options of `Live.exchange` that may be one value for the tick, and the form that `Device.run` takes: by step.
_SCALARS = ("modulation", "reward", "judge")


@dataclass(frozen=True, eq=False, slots=True)
class TickResult:
    """What one exchange brought.

    Attributes
    ----------
    step : int
        Steps of the stream before it.
    steps, neurons : int
        Its steps, and neurons of the network.
    spikes : int64 array [E]
        Neurons that fired, by step, then by number.
    spike_steps : int64 array [E]
        Step of each of them, counted in the tick.
    v : array [steps, K]
        Membranes of the neurons `v_neurons` at the end of each step, in the units of the stream.
    v_neurons : int64 array [K]
        Neurons whose membranes were recorded.
    late_ms : float
        Milliseconds by which the tick began after it was due; 0 as fast as it goes.
    """

    step: int
    steps: int
    neurons: int
    spikes: Ints
    spike_steps: Ints
    v: npt.NDArray[Any]
    v_neurons: Ints
    late_ms: float = 0.0

    @property
    def counts(self) -> Ints:
        """Spikes of each neuron, int64 [N]."""
        return np.bincount(self.spikes, minlength=self.neurons)


class Tick(Stretch):
    """Steps of one exchange of a stream; parameters as of `Stretch`.

    Raises
    ------
    InputError
        For changes that cannot be used.
    """

    HOLDS = True

    def __init__(
        self, contents: Contents, stream: EventStream, changes: Changes, *,
        recording: Recording, flags: Ints, units: str,
    ) -> None:  # fmt: skip
        extent = Extent(contents.geometry.neurons, None)
        super().__init__(contents, stream, changes, recording=recording, extent=extent, flags=flags, units=units)

    def finished(self, step: int, late_ms: float) -> TickResult:
        """Return what came, once the chip has run; raises DeviceError if it does not fit what was asked for."""
        self.require_whole()
        stream = EventStream.join([piece for piece, _ in self._gathering.pieces])
        recording, network = self._recording, self._contents.network
        watched, steps = recording.v, self.stream.steps
        if stream.graded_step.size != watched.size * steps or not _among(stream.event_index, recording.sent):
            raise DeviceError("the chip sent other spikes or membranes than are recorded; the device is faulty")
        v: npt.NDArray[Any] = stream.graded_value.reshape(steps, watched.size)
        if watched.size and self._units == "network" and network.units is not None:
            v = network.units.states(v, watched)
        neurons = self._contents.geometry.neurons
        self.ended()
        return TickResult(step, steps, neurons, stream.event_index, stream.event_step, v, watched, late_ms)


def _among(found: Ints, recorded: Ints) -> bool:
    """Whether all that was found is recorded."""
    if not found.size:
        return True
    if not recorded.size or found.max() > recorded[-1]:
        return False
    return recorded.size == recorded[-1] + 1 or bool(np.isin(found, recorded).all())


def places_of(events: Any, steps: int, inputs: int) -> list[int]:
    """Return spikes of a tick as rising places, ``step * inputs + input``; raises InputError.

    Parameters
    ----------
    events
        None, numbers of inputs that fire in the first step, a population of inputs, a bool array [inputs] (of the first
        step) or [steps, inputs], or an EventStream without currents and changes.
    steps, inputs : int
        Those of the tick, and of the network.
    """
    if events is None:
        return []
    if isinstance(events, EventStream):
        if events.graded_step.size or events.change_step.size or events.steps > steps:
            raise InputError(f"an EventStream for a tick has spikes only, and at most {steps} steps; got {events!r}")
        if events.event_index.max(initial=0) >= inputs:
            raise InputError(f"the events name input {events.event_index.max()}, there are {inputs}")
        known: list[int] = (events.event_step * inputs + events.event_index).tolist()
        return known
    if isinstance(events, list | tuple | range) and all(type(each) is int for each in events):
        places = sorted(events)
    else:
        places = _places_of_array(events, steps, inputs)
    if places and not 0 <= places[0] <= places[-1] < steps * inputs:
        wrong = places[0] if places[0] < 0 else places[-1]
        raise InputError(f"events are inputs from 0 to {inputs - 1}, got {wrong}; for example [0, 3]")
    if len(places) != len(set(places)):
        twice = next(each for each, other in pairwise(places) if each == other)
        raise InputError(f"input {twice} is given twice; an input has one spike in a step")
    return places


def _places_of_array(events: Any, steps: int, inputs: int) -> list[int]:
    try:
        array = np.asarray(events.indices if isinstance(events, Population) else events)
    except (ValueError, TypeError, RuntimeError, LookupError):
        array = np.empty(0, np.object_)
    if array.dtype == np.bool_ and array.shape in ((inputs,), (steps, inputs)):
        places: list[int] = np.flatnonzero(array).tolist()
        return places
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(
            f"events are numbers of inputs, such as [0, 3], or a bool array [{inputs}] or [{steps}, {inputs}]; got "
            f"{array.dtype} of shape {array.shape}"
        )
    if array.size and array.max() >= inputs:
        raise InputError(f"events are inputs from 0 to {inputs - 1}, got {array.max()}; for example [0, 3]")
    return sorted(array.tolist())


def by_step(options: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """Return options of a tick in the form that a run takes; one value acts in the first step, `learn` in the last."""
    found = dict(options)
    for name in _SCALARS:
        value = found.get(name)
        if value is not None and not isinstance(value, Iterable):
            found[name] = {0: value}
    if is_bool(found.get("learn")):
        found["learn"] = [steps - 1] if found["learn"] else None
    if is_integer(found.get("gate")) or isinstance(found.get("gate"), Population):
        found["gate"] = {0: found["gate"]}
    return {name: value for name, value in found.items() if value is not None}
