"""Encoders of spikes: Poisson processes, even rates, latencies, and spikes at given steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..events.stream import EventStream
from .checks import Raster, array_of, count_of, generator_of, indices_of, probabilities, values_of

#: Numbers that are drawn, or summed, at a time: the memory that an encoder needs besides its result.
PIECE = 1 << 20


def poisson(rates: ArrayLike, steps: int, seed: int | np.random.Generator = 0, *, dt_ms: float | None = None) -> Raster:
    """Draw random spikes, independent in each step: a Poisson process in discrete time.

    See also `poisson_events`, for long runs, and `poisson_currents`, for rates above one spike per step.

    Parameters
    ----------
    rates : array [inputs] or [samples, inputs]
        Probability of a spike in a step, 0 to 1; or, with `dt_ms`, rates in spikes per second.
    steps : int
        Length in steps.
    seed : int or numpy Generator
        Source of randomness; the same seed gives the same spikes.
    dt_ms : float, optional
        Length of a step in milliseconds.

    Raises
    ------
    InputError
        For a probability out of range, or a wrong shape.

    Examples
    --------
    >>> poisson([0.1] * 8, steps=100, seed=1).shape
    (100, 8)
    """
    probability, length = probabilities(rates, dt_ms), count_of("steps", steps)
    random, inputs = generator_of(seed), probability.shape[-1]
    raster = np.empty((*probability.shape[:-1], length, inputs), np.bool_)
    piece = max(PIECE // max(inputs, 1), 1)
    samples = [(raster, probability)] if raster.ndim == 2 else zip(raster, probability, strict=True)
    for sample, row in samples:
        for start in range(0, length, piece):
            part = sample[start : start + piece]
            np.less(random.random(part.shape), row, out=part)
    return raster


def poisson_events(
    rates: ArrayLike, steps: int, seed: int | np.random.Generator = 0, *, dt_ms: float | None = None
) -> EventStream:
    """Draw random spikes as a stream of events, for long runs at low rates.

    The process is that of `poisson`, but the intervals between spikes are drawn, so time and memory grow with the
    number of spikes, not of steps. The same seed gives other spikes than in `poisson`.

    Parameters
    ----------
    rates : array [inputs]
        Probability of a spike in a step, 0 to 1; or, with `dt_ms`, rates in spikes per second.
    steps, seed, dt_ms
        As for `poisson`.

    Raises
    ------
    InputError
        For a probability out of range, or a wrong shape.

    Examples
    --------
    >>> poisson_events([0.1] * 8, steps=100, seed=1).steps
    100
    """
    probability, length = probabilities(rates, dt_ms), count_of("steps", steps)
    if probability.ndim != 1:
        raise InputError(f"poisson_events takes one sample, rates [inputs], got shape {probability.shape}")
    inputs, highest = probability.size, probability.max(initial=0.0)
    random = generator_of(seed)
    end, drawn = length * inputs, [np.array([-1])]
    while highest > 0 and drawn[-1][-1] < end:
        left = (end - drawn[-1][-1]) * highest
        # A few more than expected, so that one draw is nearly always enough. The bound keeps the sum from overflowing.
        silences = random.geometric(highest, int(left + 4 * np.sqrt(left)) + 4)
        drawn.append(drawn[-1][-1] + np.cumsum(np.minimum(silences, end + 1)))
    place = np.concatenate(drawn[1:]) if len(drawn) > 1 else np.empty(0, np.int64)
    place = place[: place.searchsorted(end)]
    step = place // max(inputs, 1)
    axon = place - step * inputs
    if (probability != highest).any():
        kept = random.random(place.size) * highest < probability[axon]
        step, axon = step[kept], axon[kept]
    return EventStream(length, step, axon)


def rate(values: ArrayLike, steps: int, *, phase: ArrayLike = 0.5) -> Raster:
    """Make evenly spaced spikes: a sum grows by `values` in each step, and spikes when it passes a whole number.

    Parameters
    ----------
    values : array [inputs] or [samples, inputs]
        Spikes per step, 0 to 1. A run has ``values * steps`` spikes, rounded up or down.
    steps : int
        Length in steps.
    phase : float or array [inputs]
        Initial value of the sum, 0 (late first spike) to less than 1 (early). With different phases, inputs of equal
        values do not fire together.

    Raises
    ------
    InputError
        For a value or phase out of range, or a wrong shape.
    """
    amounts = values_of("values", values)
    start = array_of("phase", phase, np.float64)
    if start.shape not in ((), amounts.shape[-1:]) or not ((start >= 0) & (start < 1)).all():
        raise InputError(f"phase must be 0 or more and less than 1, for all or for each of {amounts.shape[-1]} inputs")
    length = count_of("steps", steps)
    raster = np.empty((*amounts.shape[:-1], length, amounts.shape[-1]), np.bool_)
    piece = max(PIECE // max(amounts.size, 1), 1)
    for first in range(0, length, piece):
        part = raster[..., first : first + piece, :]
        ends = np.arange(first, first + part.shape[-2] + 1)[:, np.newaxis]
        # Sums like 10 * 0.1 miss a whole number by a last bit; a billionth of a spike corrects that.
        sums = np.floor(ends * amounts[..., np.newaxis, :] + start + 1e-9)
        np.greater(np.diff(sums, axis=-2), 0, out=part)
    return raster


def latency(values: ArrayLike, steps: int) -> Raster:
    """Make one spike per input, the earlier the larger its value: at 1 in the first step, near 0 in the last.

    Parameters
    ----------
    values : array [inputs] or [samples, inputs]
        Values from 0 to 1; an input of 0 does not fire.
    steps : int
        Length in steps.

    Raises
    ------
    InputError
        For a value out of range, or a wrong shape.
    """
    amounts = values_of("values", values)
    count = count_of("steps", steps)
    raster = np.zeros((*amounts.shape[:-1], count, amounts.shape[-1]), np.bool_)
    times = np.rint((1 - amounts) * (count - 1)).astype(np.int64)
    np.put_along_axis(raster, times[..., np.newaxis, :], (amounts > 0)[..., np.newaxis, :], axis=-2)
    return raster


def explicit(times: ArrayLike, axons: ArrayLike, steps: int, inputs: int) -> Raster:
    """Make spikes at given steps.

    Parameters
    ----------
    times, axons : arrays of int [spikes]
        Step (0 to `steps` - 1) and input axon (0 to `inputs` - 1) of each spike, in any order, each once. A population
        of inputs stands for their numbers.
    steps, inputs : int
        Size of the raster.

    Raises
    ------
    InputError
        If a step or axon does not exist, a spike is given twice, or the arrays differ in length.
    """
    raster = np.zeros((count_of("steps", steps), count_of("inputs", inputs)), np.bool_)
    when, where = indices_of("times", times, len(raster)), indices_of("axons", axons, raster.shape[1])
    if when.shape != where.shape:
        raise InputError(f"times and axons must be lists of one length, got shapes {when.shape} and {where.shape}")
    place = np.sort(when * raster.shape[1] + where)
    twice = np.flatnonzero(place[1:] == place[:-1])
    if twice.size:
        step, axon = divmod(int(place[twice[0]]), raster.shape[1])
        raise InputError(
            f"the spike of input {axon} at step {step} is given twice; an input has one spike in a step, so give it "
            "once, or use another input for the second"
        )
    raster[when, where] = True
    return raster
