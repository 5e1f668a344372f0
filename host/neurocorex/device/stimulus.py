"""Stimulus of a run: spikes, injected currents and forced spikes of a caller, checked and made into one stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.arrays import Ints, entries
from ..events.stream import EventStream
from ..spec import CoreConfig


@dataclass(frozen=True)
class Stimulus:
    """Input of a run.

    Attributes
    ----------
    stream : EventStream
        All samples, one after the other.
    samples : int or None
        How many; None if the caller gave no sample axis.
    """

    stream: EventStream
    samples: int | None

    @property
    def steps(self) -> int:
        """Steps of one sample."""
        return self.stream.steps // max(self.samples or 1, 1)

    @classmethod
    def of(
        cls,
        steps: int | None,
        spikes: Any,
        inject: Any,
        teacher: Any,
        *,
        network: CoreConfig,
        chip: CoreConfig,
        scales: npt.NDArray[np.float64] | None = None,
    ) -> Stimulus:
        """Check and convert the arguments of `Device.run`.

        Parameters
        ----------
        steps, spikes, inject, teacher
            As there.
        network, chip : CoreConfig
            Geometries; arrays may be as wide as either.
        scales : float64 array [N], optional
            Units of the chip per unit of the network, for currents in floats.

        Raises
        ------
        InputError
            Naming what is wrong, what is expected, and an example.
        """
        inputs, neurons = (network.inputs, chip.inputs), (network.neurons, chip.neurons)
        if isinstance(spikes, EventStream):
            if inject is not None or teacher is not None:
                raise InputError("an EventStream has its own currents and forced spikes; leave out inject and teacher")
            return cls(_checked_stream(spikes, steps, max(inputs), max(neurons)), None)
        table = None if spikes is None else _zeros_and_ones("spikes", spikes, inputs)
        current = None if inject is None else _current_table(inject, neurons, chip.state_range, scales)
        forced = None if teacher is None else _zeros_and_ones("teacher", teacher, neurons)
        given = [each for each in (table, current, forced) if each is not None]
        if len({each.shape[:-1] for each in given}) > 1:
            shapes = " and ".join(str(each.shape) for each in given)
            raise InputError(f"spikes, inject and teacher must agree in samples and steps, got shapes {shapes}")
        if not given and steps is None:
            raise InputError("nothing to run; give steps=100, or spikes as a bool array [steps, inputs]")
        leading = given[0].shape[:-1] if given else (0,)
        duration = leading[-1] if steps is None else _checked_steps(steps, leading[-1])
        samples = leading[0] if len(leading) == 2 else None
        stream = EventStream(
            duration * (1 if samples is None else samples), *_events(table, duration),
            *_graded_events(current, forced, duration),
        )  # fmt: skip
        if duration and samples:
            stream = stream.clearing(np.arange(samples, dtype=np.int64) * duration)
        return cls(stream, samples)


def _checked_steps(steps: Any, at_least: int) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 0:
        raise InputError(f"steps must be an integer from 0 up, got {steps!r}")
    if steps < at_least:
        raise InputError(f"the stimulus has {at_least} steps, more than steps={steps}; cut it to spikes[:{steps}]")
    return int(steps)


def _checked_stream(stream: EventStream, steps: int | None, inputs: int, neurons: int) -> EventStream:
    for what, index, limit in (("axon", stream.event_index, inputs), ("neuron", stream.graded_index, neurons)):
        if index.max(initial=-1) >= limit:
            raise InputError(f"the stimulus names {what} {index.max()}, there are {limit} (0 to {limit - 1})")
    duration = stream.steps if steps is None else _checked_steps(steps, stream.steps)
    return EventStream(duration, *stream.columns)


def _zeros_and_ones(name: str, given: Any, widths: tuple[int, ...]) -> npt.NDArray[Any]:
    table = _shaped(name, given, widths, "np.zeros((100, {}), bool)")
    if table.dtype != np.bool_:
        wrong = (table != 0) & (table != 1)
        if wrong.any():
            at = tuple(np.argwhere(wrong)[0].tolist())
            raise InputError(
                f"{name} must be 0 or 1, got {table[at]} at {list(at)}; for currents use inject, for "
                "real-valued inputs of an imported graph inject=model.currents(x)"
            )
    return table


def _current_table(
    inject: Any,
    widths: tuple[int, ...],
    current_range: tuple[int, int],
    scales: npt.NDArray[np.float64] | None,
) -> npt.NDArray[Any]:
    table = _shaped("inject", inject, widths, "np.zeros((100, {}), int)")
    if table.dtype.kind == "f" and scales is not None:
        if not np.isfinite(table).all():
            raise InputError(f"inject must be finite, got {table[~np.isfinite(table)].flat[0]}")
        factor = np.ones(table.shape[-1])
        factor[: len(scales)] = scales[: len(factor)]
        # Beyond the range of int64 a conversion would wrap; the check below refuses such numbers.
        table = np.clip(np.rint(table * factor), -(2.0**62), 2.0**62).astype(np.int64)
    if table.dtype.kind not in "iub":
        raise InputError(f"inject must hold integers, in units of the chip's membranes, got {table.dtype}; round it")
    low, high = current_range
    if table.size and not low <= table.min() <= table.max() <= high:
        at = tuple(np.argwhere((table < low) | (table > high))[0].tolist())
        raise InputError(f"injected currents are {low} to {high} on this chip, got {table[at]} at {list(at)}")
    return table


def _shaped(name: str, values: Any, widths: tuple[int, ...], example: str) -> npt.NDArray[Any]:
    table = np.asarray(values)
    if table.dtype.kind not in "biuf":
        raise InputError(f"{name} must be an array of numbers, got {type(values).__name__} of {table.dtype}")
    if table.ndim not in (2, 3) or table.shape[-1] not in widths:
        wanted = " or ".join(str(width) for width in dict.fromkeys(widths))
        raise InputError(
            f"{name} must have shape [steps, {wanted}] or [samples, steps, {wanted}], got {table.shape}; "
            f"for example {example.format(widths[0])}"
        )
    return table


def _events(table: npt.NDArray[Any] | None, duration: int) -> tuple[Ints, Ints]:
    """Step (counted through all samples) and index of the entries that are not 0."""
    if table is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    row, index = entries(table)
    if table.ndim == 2 or table.shape[1] == duration:
        return row, index
    sample, step = np.divmod(row, max(table.shape[1], 1))
    return sample * duration + step, index


def _graded_events(
    current: npt.NDArray[Any] | None, forced: npt.NDArray[Any] | None, duration: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Step, neuron, current and whether it is forced, of all neurons that get a current or have to fire."""
    present = [table for table in (current, forced) if table is not None]
    width = max((table.shape[-1] for table in present), default=1)
    places = [step * width + index for step, index in (_events(table, duration) for table in present)]
    place = places[0] if len(places) == 1 else np.unique(np.concatenate([np.empty(0, np.int64), *places]))
    value, force = np.zeros(place.size, np.int64), np.zeros(place.size, np.int64)
    if current is not None:
        value[place.searchsorted(places[0])] = current[np.nonzero(current)]
    if forced is not None:
        force[place.searchsorted(places[-1])] = 1
    return place // width, place % width, value, force
