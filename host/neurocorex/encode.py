"""Encoders: numbers to input spikes for `Device.run`, as Poisson processes, rates, latencies, or from a file.

Encoders return bool arrays [steps, inputs], True for a spike, or [samples, steps, inputs] if the values have a leading
axis of samples. Only `poisson_events` returns an `EventStream`, which `Device.run` takes as well.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from .errors import FileFormatError, InputError
from .events.stream import EventStream

Raster = NDArray[np.bool_]

#: Largest raster that is read from a file, in bytes.
ARRAY_LIMIT = 1 << 30


def poisson(rates: ArrayLike, steps: int, seed: int | np.random.Generator = 0, *, dt_ms: float | None = None) -> Raster:
    """Draw random spikes, independent in each step: a Poisson process in discrete time. See also `poisson_events`.

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
    probability = _probabilities(rates, dt_ms)
    shape = (*probability.shape[:-1], _steps(steps), probability.shape[-1])
    return np.random.default_rng(seed).random(shape) < probability[..., np.newaxis, :]


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
    probability, length = _probabilities(rates, dt_ms), _steps(steps)
    if probability.ndim != 1:
        raise InputError(f"poisson_events takes one sample, rates [inputs], got shape {probability.shape}")
    inputs, highest = probability.size, probability.max(initial=0.0)
    random = np.random.default_rng(seed)
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
    amounts = _values("values", values)
    start = np.asarray(phase, dtype=np.float64)
    if start.shape not in ((), amounts.shape[-1:]) or not ((start >= 0) & (start < 1)).all():
        raise InputError(f"phase must be 0 or more and less than 1, for all or for each of {amounts.shape[-1]} inputs")
    ends = np.arange(_steps(steps) + 1)[:, np.newaxis]
    # Sums like 10 * 0.1 miss a whole number by a last bit; a billionth of a spike corrects that.
    sums = np.floor(ends * amounts[..., np.newaxis, :] + start + 1e-9)
    return np.diff(sums, axis=-2) > 0


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
    amounts = _values("values", values)
    count = _steps(steps)
    times = np.rint((1 - amounts) * (count - 1))
    fires = (times[..., np.newaxis, :] == np.arange(count)[:, np.newaxis]) & (amounts > 0)[..., np.newaxis, :]
    return np.asarray(fires)


def explicit(times: ArrayLike, axons: ArrayLike, steps: int, inputs: int) -> Raster:
    """Make spikes at given steps.

    Parameters
    ----------
    times, axons : arrays of int [spikes]
        Step (0 to `steps` - 1) and input axon (0 to `inputs` - 1) of each spike, in any order.
    steps, inputs : int
        Size of the raster.

    Raises
    ------
    InputError
        If a step or axon does not exist, or the arrays differ in length.
    """
    raster = np.zeros((_steps(steps), inputs), np.bool_)
    when, where = np.asarray(times), np.asarray(axons)
    if when.ndim != 1 or when.shape != where.shape:
        raise InputError(f"times and axons must be lists of one length, got shapes {when.shape} and {where.shape}")
    for name, values, size in (("times", when, steps), ("axons", where, inputs)):
        if values.size and values.dtype.kind not in "iu":
            raise InputError(f"{name} must be integers, got {values.dtype}")
        wrong = values[(values < 0) | (values >= size)]
        if wrong.size:
            raise InputError(f"{name} must be from 0 to {size - 1}, got {wrong[0]}")
    if when.size:
        raster[when, where] = True
    return raster


def from_file(path: str | Path, *, inputs: int, steps: int | None = None) -> Raster:
    """Read spikes from a file, for example of another program.

    Parameters
    ----------
    path : str or Path
        Either text, with a line ``step,axon`` for each spike (a first line of names is skipped), or ``.npz`` with an
        array `spikes` [steps, inputs] or [samples, steps, inputs].
    inputs : int
        Number of input axons; an array with fewer is padded.
    steps : int, optional
        Length in steps; by default that of the file.

    Raises
    ------
    FileFormatError
        If it is missing or of another format.
    InputError
        If it has a step or an axon that does not exist.
    """
    try:
        if Path(path).suffix == ".npz":
            return _fitted(_read_array(path), inputs, steps)
        table = _read_table(path)
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror or error}; check the path") from None
    length = steps if steps is not None else int(table[:, 0].max(initial=0)) + 1
    return explicit(table[:, 0], table[:, 1], length, inputs)


def _read_table(path: str | Path) -> NDArray[np.int64]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        rows = [line.split(",") for line in text.splitlines() if line.strip()]
        if any(len(row) != 2 for row in rows):
            raise ValueError("a line has not two numbers")
        first = 1 if rows and not any(map(_is_number, rows[0])) else 0
        return np.array([[int(number) for number in row] for row in rows[first:]], np.int64).reshape(-1, 2)
    except (ValueError, OverflowError) as error:
        raise FileFormatError(
            f"{path} is no list of spikes ({error}); lines must read step,axon such as 12,3"
        ) from None


def _is_number(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def _read_array(path: str | Path) -> NDArray[Any]:
    """Read the array `spikes` of a file without trust: no pickles, and no more bytes than its header declares."""
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo("spikes.npy")
            if entry.file_size > ARRAY_LIMIT:
                raise ValueError(f"{entry.file_size} bytes are too many")
            content = archive.read(entry)
        stream = io.BytesIO(content)
        if npy.read_magic(stream) != (1, 0):
            raise ValueError("unknown version of the array format")
        shape, fortran, dtype = npy.read_array_header_1_0(stream)
        if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
            raise ValueError("pickled or cut off")
        flat = np.frombuffer(content, dtype, offset=stream.tell())
        return flat.reshape(shape, order="F" if fortran else "C")
    except (ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise FileFormatError(f"{path} has no array `spikes` ({error}); write it with numpy.savez") from None


def _fitted(spikes: NDArray[Any], inputs: int, steps: int | None) -> Raster:
    if spikes.ndim not in (2, 3) or spikes.dtype.kind not in "bui":
        raise InputError(f"spikes are {spikes.dtype} of shape {spikes.shape}, expected bool [steps, inputs]")
    if spikes.shape[-1] > inputs:
        raise InputError(f"spikes are for {spikes.shape[-1]} inputs, the chip has {inputs}")
    length = spikes.shape[-2] if steps is None else steps
    if spikes.shape[-2] > length:
        raise InputError(f"spikes are for {spikes.shape[-2]} steps, the run has {length}")
    raster = np.zeros((*spikes.shape[:-2], length, inputs), np.bool_)
    raster[..., : spikes.shape[-2], : spikes.shape[-1]] = spikes != 0
    return raster


def _probabilities(rates: ArrayLike, dt_ms: float | None) -> NDArray[np.float64]:
    if dt_ms is not None:
        if not (np.isfinite(dt_ms) and dt_ms > 0):
            raise InputError(f"dt_ms must be above 0 ms, got {dt_ms!r}")
        rates = np.asarray(rates, dtype=np.float64) * (dt_ms / 1000)
    return _values("rates", rates)


def _values(name: str, given: ArrayLike) -> NDArray[np.float64]:
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be an array of numbers: {error}") from None
    if values.ndim not in (1, 2):
        raise InputError(f"{name} have shape {values.shape}, expected [inputs] or [samples, inputs]")
    wrong = values[~((values >= 0) & (values <= 1))]
    if wrong.size:
        raise InputError(f"{name} must be from 0 to 1 spikes per step, got {wrong[0]:g}")
    return values


def _steps(steps: int) -> int:
    if not isinstance(steps, int | np.integer) or isinstance(steps, bool) or steps < 1:
        raise InputError(f"steps must be an integer above 0, got {steps!r}")
    return int(steps)
