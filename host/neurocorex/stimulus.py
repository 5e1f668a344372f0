"""What a caller wants a chip to see, checked and made into one stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .streams import EventStream

Ints = npt.NDArray[np.int64]


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
        *,
        inputs: tuple[int, ...],
        neurons: tuple[int, ...],
        current_range: tuple[int, int],
        clear: bool,
    ) -> Stimulus:
        """Check and convert the arguments of `Device.run`.

        Parameters
        ----------
        steps, spikes, inject, clear
            As there.
        inputs, neurons : tuple of int
            Widths that `spikes` and `inject` may have: that of the network, that of the chip.
        current_range : (int, int)
            Smallest and largest injected current.

        Raises
        ------
        InputError
            Naming what is wrong, what is expected, and an example.
        """
        if isinstance(spikes, EventStream):
            return cls(_checked_stream(spikes, steps, inject, max(inputs), max(neurons), clear), None)
        tables = [
            table
            for table in (_spike_table(spikes, inputs), _current_table(inject, neurons, current_range))
            if table is not None
        ]
        if len({table.shape[:-1] for table in tables}) > 1:
            shapes = " and ".join(str(table.shape) for table in tables)
            raise InputError(f"spikes and inject must agree in samples and steps, got shapes {shapes}")
        if not tables and steps is None:
            raise InputError("nothing to run; give steps=100, or spikes as a bool array [steps, inputs]")
        leading = tables[0].shape[:-1] if tables else (0,)
        duration = leading[-1] if steps is None else _checked_steps(steps, leading[-1])
        samples = leading[0] if len(leading) == 2 else None
        starts = np.arange(samples or 1, dtype=np.int64) * duration
        stream = EventStream(
            duration * (1 if samples is None else samples),
            *_events(None if spikes is None else tables[0], duration)[:2],
            *_events(None if inject is None else tables[-1], duration),
        )
        if duration and (clear if samples is None else samples):
            stream = stream.clearing(starts)
        return cls(stream, samples)


def _checked_steps(steps: Any, at_least: int) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 0:
        raise InputError(f"steps must be an integer from 0 up, got {steps!r}")
    if steps < at_least:
        raise InputError(f"the stimulus has {at_least} steps, more than steps={steps}; cut it to spikes[:{steps}]")
    return int(steps)


def _checked_stream(
    stream: EventStream, steps: int | None, inject: Any, inputs: int, neurons: int, clear: bool
) -> EventStream:
    if inject is not None or clear:
        raise InputError("an EventStream holds currents and clears of its own; leave out inject and clear")
    for what, index, limit in (("axon", stream.event_index, inputs), ("neuron", stream.graded_index, neurons)):
        if index.max(initial=-1) >= limit:
            raise InputError(f"the stimulus names {what} {index.max()}, there are {limit} (0 to {limit - 1})")
    duration = stream.steps if steps is None else _checked_steps(steps, stream.steps)
    return EventStream(duration, *stream.columns)


def _spike_table(spikes: Any, widths: tuple[int, ...]) -> npt.NDArray[Any] | None:
    if spikes is None:
        return None
    table = _shaped("spikes", spikes, widths, "np.zeros((100, {}), bool)")
    if table.dtype != np.bool_:
        wrong = (table != 0) & (table != 1)
        if wrong.any():
            at = tuple(np.argwhere(wrong)[0].tolist())
            raise InputError(f"spikes must be 0 or 1, got {table[at]} at {list(at)}; for currents use inject")
    return table


def _current_table(inject: Any, widths: tuple[int, ...], current_range: tuple[int, int]) -> npt.NDArray[Any] | None:
    if inject is None:
        return None
    table = _shaped("inject", inject, widths, "np.zeros((100, {}), int)")
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


def _events(table: npt.NDArray[Any] | None, duration: int) -> tuple[Ints, Ints, Ints]:
    """Step (counted through all samples), index and value of the nonzero entries."""
    if table is None:
        empty = np.empty(0, np.int64)
        return empty, empty, empty
    where = np.nonzero(table)
    step = where[-2] if table.ndim == 2 else where[0] * duration + where[1]
    return step, where[-1], table[where].astype(np.int64)
