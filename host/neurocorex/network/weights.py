"""Weights as `Network.connect` takes them, a number, array, list or sparse matrix, checked and made a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .population import Population


def weight_matrix(weights: Any, source: Population, target: Population) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Check weights in any of the forms that `Network.connect` takes, between two populations.

    Returns
    -------
    weights : int64 or float64 array [sources, targets]
        Where a pair was given twice, the sum.
    pairs : bool array [sources, targets]
        Which pairs were given.

    Raises
    ------
    InputError
        For a wrong shape, a position that does not exist, or a weight that is not a finite number.
    """
    shape = (len(source), len(target))
    if hasattr(weights, "tocoo"):
        sparse = weights.tocoo()
        if sparse.shape != shape:
            raise _bad_shape(sparse.shape, shape)
        return _scattered(sparse.row, sparse.col, sparse.data, shape)
    if isinstance(weights, list) and (not weights or isinstance(weights[0], tuple)):
        if any(not isinstance(entry, tuple) or len(entry) != 3 for entry in weights):
            raise InputError("a list of weights needs tuples (pre, post, weight), for example [(0, 3, 0.5)]")
        pre, post, values = ([entry[place] for entry in weights] for place in range(3))
        numbers = _column("weights", values) if values else np.zeros(0, np.int64)
        return _scattered(_positions("pre", pre, source), _positions("post", post, target), numbers, shape)
    try:
        array = np.asarray(weights)
    except ValueError:
        raise InputError(f"weights have rows of different lengths, expected an array of shape {shape}") from None
    if array.ndim and array.shape != shape:
        raise _bad_shape(array.shape, shape)
    return np.broadcast_to(_numbers(array), shape), np.ones(shape, np.bool_)


def _positions(name: str, members: Sequence[Any], part: Population) -> NDArray[Any]:
    """Return positions within a population; each was given as one, or as a member."""
    found = [_position(name, member, part) if isinstance(member, Population) else member for member in members]
    return _column(name, found)


def _column(name: str, values: Sequence[Any]) -> NDArray[Any]:
    """Return one entry of all tuples as an array; raises InputError."""
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(0, np.object_)
    if array.ndim != 1 or len(array) != len(values):
        raise InputError(f"{name} of a list must be a number in each tuple, for example [(0, 3, 0.5)]")
    return array


def _position(name: str, member: Population, part: Population) -> int:
    found = np.flatnonzero(np.isin(part.indices, member.indices))
    if type(member) is not type(part) or member.network is not part.network or len(member) != 1 or not len(found):
        raise InputError(f"{name} must be one of {part!r}, or its position there, got {member!r}")
    return int(found[0])


def _scattered(
    pre: NDArray[Any], post: NDArray[Any], values: NDArray[Any], shape: tuple[int, int]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    values = _numbers(values)
    for name, positions, count in (("pre", pre, shape[0]), ("post", post, shape[1])):
        if len(positions) and (positions.dtype.kind not in "iu" or positions.min() < 0 or positions.max() >= count):
            wrong = next(p for p in positions.tolist() if not (isinstance(p, int) and 0 <= p < count))
            raise InputError(f"{name} must be an integer from 0 to {count - 1}, got {wrong!r}")
    matrix, pairs = np.zeros(shape, values.dtype), np.zeros(shape, np.bool_)
    if len(values):
        np.add.at(matrix, (pre, post), values)
        pairs[pre, post] = True
    return matrix, pairs


def _numbers(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "iufb":
        raise InputError(f"weights must be numbers, got {array.dtype}; for example 0.5")
    if array.dtype.kind != "f":
        return array.astype(np.int64)
    if not np.isfinite(array).all():
        where = tuple(int(index) for index in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"weights must be finite, got {array[where]}" + (f" at {where}" if where else ""))
    return array.astype(np.float64)


def _bad_shape(got: tuple[int, ...], expected: tuple[int, int]) -> InputError:
    return InputError(
        f"weights have shape {got}, expected {expected} (sources, targets), for example numpy.zeros({expected})"
    )
