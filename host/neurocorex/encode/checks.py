"""Checks of what encoders are given; each raises InputError with the value and what is allowed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

Raster = NDArray[np.bool_]
Floats = NDArray[np.float64]


def array_of(name: str, given: Any, dtype: Any = None) -> NDArray[Any]:
    """Return what was given as an array of numbers."""
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"got {array.dtype}")
        return array.astype(dtype or array.dtype, copy=False)
    except (ValueError, TypeError, RuntimeError, LookupError) as error:
        raise InputError(f"{name} must be an array of numbers: {error}") from None


def values_of(name: str, given: ArrayLike, high: float = 1.0, advice: str = "") -> Floats:
    """Return values [inputs] or [samples, inputs] from 0 to `high`."""
    values: Floats = array_of(name, given, np.float64)
    if values.ndim not in (1, 2):
        raise InputError(f"{name} have shape {values.shape}, expected [inputs] or [samples, inputs]")
    wrong = values[~((values >= 0) & (values <= high))]
    if wrong.size:
        more = f"; {advice}" if advice and wrong[0] > high else ""
        raise InputError(f"{name} must be from 0 to {high:g} spikes per step, got {wrong[0]:g}{more}")
    return values


def per_step(rates: ArrayLike, dt_ms: float | None) -> Floats:
    """Return rates in spikes per step; with `dt_ms` they were given per second."""
    found: Floats = array_of("rates", rates, np.float64)
    if dt_ms is None:
        return found
    if not is_number(dt_ms) or not (np.isfinite(dt_ms) and dt_ms > 0):
        raise InputError(f"dt_ms must be above 0 ms, got {dt_ms!r}")
    return found * (dt_ms / 1000)


def probabilities(rates: ArrayLike, dt_ms: float | None) -> Floats:
    """Return rates as probabilities of a spike in a step."""
    unit = (
        ""
        if dt_ms is None
        else f"{1000 / dt_ms:g} per second at {dt_ms:g} ms, "
        if is_number(dt_ms) and dt_ms > 0
        else ""
    )
    advice = (
        f"an input has one spike in a step at most ({unit}1 per step): use several inputs, a shorter step, or "
        "encode.poisson_currents for what many sources inject"
    )
    return values_of("rates", per_step(rates, dt_ms), advice=advice)


def count_of(name: str, given: Any) -> int:
    """Return a number of steps or inputs, at least 1."""
    if not isinstance(given, int | np.integer) or isinstance(given, bool) or given < 1:
        raise InputError(f"{name} must be an integer above 0, got {given!r}")
    return int(given)


def indices_of(name: str, given: Any, size: int) -> NDArray[np.int64]:
    """Return a list of integers from 0 to `size` - 1."""
    values = array_of(name, given)
    if values.ndim != 1:
        raise InputError(f"{name} must be a list of integers, got shape {values.shape}")
    if values.size and values.dtype.kind not in "iu":
        raise InputError(f"{name} must be integers, got {values.dtype}")
    wrong = values[(values < 0) | (values >= size)]
    if wrong.size:
        raise InputError(f"{name} must be from 0 to {size - 1}, got {wrong[0]}")
    return values.astype(np.int64)


def generator_of(seed: Any) -> np.random.Generator:
    """Return the source of randomness of a seed; a generator is its own, and goes on where it was."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise InputError(f"seed must be an integer from 0 up or a numpy Generator, got {seed!r}: {error}") from None


def is_number(value: Any) -> bool:
    """Whether a value is one number of Python or NumPy."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
