"""Stimulus of a run: spikes, injected currents and forced spikes of a caller, checked and made into one stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.arrays import Ints, entries
from ..events.stream import EventStream
from ..network.population import Neurons, Population
from ..spec import CoreConfig
from .teaching import is_integer

#: Entries of a table that are compared at a time.
_PIECE = 1 << 22


@dataclass(frozen=True)
class Stimulus:
    """Input of a run.

    Attributes
    ----------
    stream : EventStream
        All samples, one after the other; nothing is cleared between them yet.
    samples : int or None
        How many; None if the caller gave no sample axis.
    """

    stream: EventStream
    samples: int | None

    @property
    def steps(self) -> int:
        """Steps of one sample."""
        return self.stream.steps // max(self.samples or 1, 1)

    @property
    def starts(self) -> Ints:
        """Steps at which samples begin, and everything but what was learned goes to zero."""
        return np.arange((self.samples or 0) if self.steps else 0, dtype=np.int64) * self.steps

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
        image: CoreConfig | None = None,
        inputs: int | None = None,
    ) -> Stimulus:
        """Check and convert the arguments of `Device.run`.

        Parameters
        ----------
        steps, spikes, inject, teacher
            As there.
        network, chip, image : CoreConfig
            Geometries; arrays may be as wide as any of them.
        inputs : int, optional
            Inputs of a network of which some have delays: spikes have no other width then.

        Raises
        ------
        InputError
            Naming what is wrong, what is expected, and an example.
        """
        sizes = (network, chip, image or network)
        widths = tuple(each.inputs for each in sizes) if inputs is None else (inputs,)
        neurons = tuple(each.neurons for each in sizes)
        if isinstance(spikes, EventStream):
            if inject is not None or teacher is not None:
                raise InputError("an EventStream has its own currents and forced spikes; leave out inject and teacher")
            return cls(_checked_stream(spikes, steps, max(widths), max(neurons)), None)
        table = None if spikes is None else _zeros_and_ones("spikes", spikes, widths)
        current = None if inject is None else _current_table(inject, neurons, chip.state_range)
        by_step = isinstance(teacher, Mapping)
        forced = None if teacher is None or by_step else _zeros_and_ones("teacher", teacher, neurons)
        given = [each for each in (table, current, forced) if each is not None]
        if len({each.shape[:-1] for each in given}) > 1:
            shapes = " and ".join(str(each.shape) for each in given)
            raise InputError(f"spikes, inject and teacher must agree in samples and steps, got shapes {shapes}")
        if not given and steps is None:
            raise InputError("nothing to run; give steps=100, or spikes as a bool array [steps, inputs]")
        leading = given[0].shape[:-1] if given else (0,)
        duration = leading[-1] if steps is None else _checked_steps(steps, leading[-1])
        samples = leading[0] if len(leading) == 2 else None
        length = duration * (1 if samples is None else samples)
        fires = _forced_by_step(teacher, length, neurons) if by_step else _events(forced, duration)
        stream = EventStream(length, *_events(table, duration), *_graded_events(current, fires, duration))
        return cls(stream, samples)


def _checked_steps(steps: Any, at_least: int) -> int:
    if not is_integer(steps) or steps < 0:
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
    # Looked at piece by piece: a stimulus may be as large as the memory has room for once.
    for piece, start in _pieces(table) if table.dtype != np.bool_ else ():
        wrong = (piece != 0) & (piece != 1)
        if wrong.any():
            first, *rest = np.argwhere(wrong)[0].tolist()
            at = (start + first, *rest)
            raise InputError(
                f"{name} must be 0 or 1, got {table[at]} at {list(at)}; for currents use inject, for "
                "real-valued inputs of an imported graph inject=model.currents(x)"
            )
    return table


def _current_table(inject: Any, widths: tuple[int, ...], current_range: tuple[int, int]) -> npt.NDArray[Any]:
    table = _shaped("inject", inject, widths, "np.zeros((100, {}))")
    if table.dtype.kind not in "iub":
        raise InputError(f"inject must hold integers, in units of the chip's membranes, got {table.dtype}; round it")
    low, high = current_range
    if table.size and not low <= table.min() <= table.max() <= high:
        at = tuple(np.argwhere((table < low) | (table > high))[0].tolist())
        raise InputError(f"injected currents are {low} to {high} on this chip, got {table[at]} at {list(at)}")
    return table


def _shaped(name: str, values: Any, widths: tuple[int, ...], example: str) -> npt.NDArray[Any]:
    table = _array(name, values)
    if table.dtype.kind not in "biuf":
        raise InputError(f"{name} must be an array of numbers, got {type(values).__name__} of {table.dtype}")
    if table.ndim not in (2, 3) or table.shape[-1] not in widths:
        wanted = " or ".join(str(width) for width in dict.fromkeys(widths))
        raise InputError(
            f"{name} must have shape [steps, {wanted}] or [samples, steps, {wanted}], got {table.shape}; "
            f"for example {example.format(widths[0])}"
        )
    return table


def _array(name: str, values: Any) -> npt.NDArray[Any]:
    """Return what was given as an array; raises InputError where NumPy raises anything."""
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError) as error:
        raise InputError(f"{name} must be an array of numbers, got {type(values).__name__}: {error}") from None


def _pieces(table: npt.NDArray[Any]) -> Iterator[tuple[npt.NDArray[Any], int]]:
    """Parts of a table along its first axis, and where each begins."""
    rows = max(_PIECE // max(table[:1].size, 1), 1)
    return ((table[start : start + rows], start) for start in range(0, len(table), rows))


def _events(table: npt.NDArray[Any] | None, duration: int) -> tuple[Ints, Ints]:
    """Step (counted through all samples) and index of the entries that are not 0."""
    if table is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    row, index = entries(table)
    if table.ndim == 2 or table.shape[1] == duration:
        return row, index
    sample, step = np.divmod(row, max(table.shape[1], 1))
    return sample * duration + step, index


def _forced_by_step(teacher: Mapping[Any, Any], steps: int, widths: tuple[int, ...]) -> tuple[Ints, Ints]:
    """Step and neuron of what a mapping of steps to neurons forces, sorted."""
    places = [np.empty(0, np.int64)]
    width = max(widths)
    for step, chosen in teacher.items():
        if not is_integer(step) or not 0 <= step < steps:
            raise InputError(f"teacher names step {step!r}, the run has {steps} (0 to {steps - 1})")
        index = np.atleast_1d(_array("teacher", chosen))
        if isinstance(chosen, Population) and not isinstance(chosen, Neurons):
            raise InputError(f"teacher takes neurons, got {chosen!r}")
        if index.size and (index.dtype.kind not in "iu" or index.ndim > 1 or index.min() < 0 or index.max() >= width):
            raise InputError(
                f"teacher needs neurons from 0 to {width - 1}, or a population, at each step; got {chosen!r} at {step}"
            )
        if len(np.unique(index)) != index.size:
            raise InputError(f"teacher names a neuron twice at step {step}: {chosen!r}")
        places.append(int(step) * width + index.astype(np.int64))
    place = np.sort(np.concatenate(places))
    return place // width, place % width


def _graded_events(
    current: npt.NDArray[Any] | None, fires: tuple[Ints, Ints], duration: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Step, neuron, current and whether it is forced, of all neurons that get a current or have to fire."""
    step, index = _events(current, duration)
    value = np.empty(0, np.int64) if current is None else current[current != 0].astype(np.int64, copy=False)
    if not fires[0].size:
        return step, index, value, np.zeros(value.size, np.int64)
    width = 1 + int(max(index.max(initial=0), fires[1].max()))
    given, forced = step * width + index, fires[0] * width + fires[1]
    place = np.union1d(given, forced)
    values, force = np.zeros(place.size, np.int64), np.zeros(place.size, np.int64)
    values[place.searchsorted(given)] = value
    force[place.searchsorted(forced)] = 1
    return place // width, place % width, values, force
