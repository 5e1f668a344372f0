"""Encoder of spikes by rates as chips with patterns draw them: the same bits on the host."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ..events import generator
from ..events.arrays import Ints
from ..spec.config import LIMITS
from .checks import Floats, Raster, count_of, probabilities

#: Part of the spikes of a row of rates that rounding may change without a warning.
COARSE = 0.02


def generated(
    rates: ArrayLike,
    steps: int,
    seed: int = 0,
    *,
    rate_bits: int = 8,
    dt_ms: float | None = None,
    even: bool = False,
) -> Raster:
    """Draw random spikes, independent in each step, as a chip with patterns does: bit for bit those of `Device.run`.

    Rates are rounded to `rate_bits` bits; a warning tells if that changes the spikes of a row by more than 2 %.

    Parameters
    ----------
    rates : array [inputs] or [samples, inputs]
        Probability of a spike in a step, 0 to 1; or, with `dt_ms`, rates in spikes per second.
    steps : int
        Length in steps, of each sample.
    seed : int
        Seed of all samples, which are drawn one after the other, from 0 up. Even trains have none.
    rate_bits : int
        Bits of a rate on the chip, 4, 8 or 16: `CoreConfig.rate_bits`.
    dt_ms : float, optional
        Length of a step in milliseconds.
    even : bool
        Even trains in place of random ones, those of `rate` with half a spike at first, at the rates of the chip: n
        steps of each sample have ``floor(n * rate + 1/2)`` spikes.

    Returns
    -------
    bool array [steps, inputs] or [samples, steps, inputs]

    Raises
    ------
    InputError
        For a probability out of range, a wrong shape, seed or number of bits, or a seed of even trains.

    Examples
    --------
    >>> generated([0.1] * 8, steps=100, seed=1).shape
    (100, 8)
    """
    items = rate_items(probabilities(rates, dt_ms), rate_bits)
    length = count_of("steps", steps)
    if is_even(even, seed):
        return even_raster(items, length, rate_bits)
    return raster_of(items, length, start_of(seed), rate_bits)


def is_even(even: object, seed: object) -> bool:
    """Whether trains are even; raises InputError for something else, and for a seed beside them."""
    if not isinstance(even, bool | np.bool_):
        raise InputError(f"even is True or False, got {even!r}")
    if even and seed:
        raise InputError(f"even trains are not random, so they have no seed; got seed={seed!r} beside even=True")
    return bool(even)


def even_raster(items: Ints, steps: int, rate_bits: int, restarts: Iterable[int] = ()) -> Raster:
    """Make the even trains of rates as a chip holds them.

    They begin with each sample, and anew at `restarts`, steps that are counted through all samples.
    """
    table = np.atleast_2d(items)
    raster = np.zeros((*table.shape[:-1], steps, table.shape[-1]), np.bool_)
    begins = sorted({*range(0, len(table) * steps, max(steps, 1)), *restarts})
    for begin, end in pairwise([*begins, len(table) * steps]):
        sample = begin // steps
        step, axon, _ = generator.even_spikes(0, end - begin, table[sample], rate_bits)
        raster[sample, begin % steps + step, axon] = True
    return raster.reshape(*items.shape[:-1], steps, items.shape[-1])


def raster_of(items: Ints, steps: int, state: int, rate_bits: int) -> Raster:
    """Draw the spikes of rates as a chip holds them, one sample after the other."""
    raster = np.zeros((*items.shape[:-1], steps, items.shape[-1]), np.bool_)
    for sample, row in [(raster, items)] if items.ndim == 1 else zip(raster, items, strict=True):
        step, axon, state = generator.spikes(state, steps, row, rate_bits)
        sample[step, axon] = True
    return raster


def start_of(seed: int) -> int:
    """Return the state of the generator that a seed begins with, never 0; raises InputError."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed must be an integer from 0 up, got {seed!r}; for example seed=1")
    words = np.random.SeedSequence(int(seed)).generate_state(4)
    return next(int(word) for word in (*words, 1) if word)


def rate_items(probability: Floats, rate_bits: int) -> Ints:
    """Return rates as a chip holds them, the nearest it has; warns if that changes the spikes of a row by over 2 %.

    The largest number means a spike in every step, so the one below it is the largest rate that is not 1.
    """
    choices = LIMITS["rate_bits"]
    if isinstance(rate_bits, bool) or rate_bits not in choices:
        raise InputError(f"rate_bits must be one of {', '.join(map(str, sorted(choices)))}, got {rate_bits!r}")
    most = (1 << rate_bits) - 1
    items: Ints = np.minimum(np.rint(probability * (most + 1)), most - 1).astype(np.int64)
    items[probability > most / (most + 1)] = most
    held = np.where(items == most, 1.0, items / (most + 1))
    given = np.atleast_2d(probability).sum(axis=1)
    error = np.abs(np.atleast_2d(held).sum(axis=1) - given)
    share = np.divide(error, given, out=np.zeros_like(given), where=given > 0)
    if share.size and share.max() > COARSE:
        warnings.warn(
            f"rates are rounded to {rate_bits} bits, which changes the spikes of row {int(share.argmax())} by "
            f"{share.max():.1%}; take a chip with a larger rate_bits, or larger rates and smaller weights",
            UserWarning, stacklevel=4,
        )  # fmt: skip
    return items
