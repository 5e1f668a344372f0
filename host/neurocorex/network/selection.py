"""Selection of inputs or neurons: a population, slice, number, list or mask becomes an array of indices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .population import Inputs, Neurons, Population

Indices = NDArray[np.int64]


def indices_of(given: Any, count: int, name: str, kind: type[Population] = Neurons) -> Indices:
    """Return the indices that a caller means, in the order given.

    Parameters
    ----------
    given : Population, slice, int, sequence of int or of Population, or bool array [count]
        A population must be of `kind`. Numbers count from 0; only slices may count from the end.
    count : int
        How many there are.
    name : str
        What the message of an error begins with, such as "record of 'v'".
    kind : type
        `Neurons` or `Inputs`.

    Raises
    ------
    InputError
        For anything else, and for a number that does not exist.
    """
    if isinstance(given, slice):
        return np.arange(count, dtype=np.int64)[given]
    noun, index = kind.noun, _array(given, name, kind)
    if index.dtype == np.bool_ and index.shape == (count,):
        return np.flatnonzero(index).astype(np.int64)
    if index.size == 0 and index.ndim == 1:
        return np.empty(0, np.int64)
    if index.dtype.kind not in "iu" or index.ndim > 1:
        raise InputError(
            f"{name} must be a population such as net.{noun}s[0:4], a slice, {noun}s by number, or a bool array of "
            f"{count}; got {given!r}"
        )
    index = np.atleast_1d(index)
    outside = index[(index < 0) | (index >= count)]
    if outside.size:
        raise InputError(f"{name} names {noun} {outside[0]}, there are {count} (0 to {count - 1})")
    return index.astype(np.int64)


def _array(given: Any, name: str, kind: type[Population]) -> NDArray[Any]:
    """Return what was given as an array; populations, also those in a list, as their indices."""
    listed = isinstance(given, list | tuple) and any(isinstance(part, Population) for part in given)
    parts = given if listed else [given]
    for part in parts:
        if isinstance(part, Population) and not isinstance(part, kind):
            raise InputError(f"{name} takes {kind.noun}s, got {part!r}")
    try:
        arrays = [part.indices if isinstance(part, Population) else np.asarray(part) for part in parts]
        return arrays[0] if len(arrays) == 1 else np.concatenate([np.atleast_1d(array) for array in arrays])
    except ValueError:
        raise InputError(f"{name} must be a list of {kind.noun}s in one dimension, got {given!r}") from None


def rows_of(given: Any, inputs: int, neurons: int, axons: int, name: str) -> Indices:
    """Return rows of a weight matrix: of a population those of its own axons, of anything else the rows themselves.

    Parameters
    ----------
    given
        As for `indices_of`; a population may be of inputs or of neurons.
    inputs, neurons, axons : int
        Rows of the inputs, of the neurons behind them, and of all, extra axons included.
    name : str
        As for `indices_of`.
    """
    if isinstance(given, Inputs):
        return indices_of(given, inputs, name, Inputs)
    if isinstance(given, Neurons):
        return inputs + indices_of(given, neurons, name)
    return indices_of(given, axons, name, _Axons)


class _Axons(Population):
    """Rows of a weight matrix; there are none, but messages need the word."""

    noun = "axon"
