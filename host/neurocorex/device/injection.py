"""Injected currents of a run: an array, or currents by population, in the units that the caller says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..network.selection import indices_of
from .units import Units


def injected(
    inject: Any, units: Any, own: Units, *, steps: int | None, limits: tuple[int, int]
) -> npt.NDArray[Any] | None:
    """Return injected currents as integers of the chip, [steps, n] or [samples, steps, n].

    Parameters
    ----------
    inject : array, mapping of neurons to array, or None
        A mapping has neurons as `indices_of` takes them, and for them an array [..., steps, K], an array [steps] or a
        number for all of them.
    units : "network", "chip" or None
        See `Units.currents`.
    own : Units
        Of the network.
    steps : int, optional
        Steps of the run, for numbers.
    limits : (int, int)
        Lowest and highest current of the chip.

    Raises
    ------
    InputError
        For what cannot be used; a wrong shape of an array is left to the stimulus.
    """
    if inject is None:
        return None
    table = _spread(inject, len(own.scales), steps) if isinstance(inject, Mapping) else np.asarray(inject)
    if table.ndim not in (2, 3) or table.dtype.kind not in "biuf":
        return table
    return own.currents(table, units, limits)


def _spread(given: Mapping[Any, Any], neurons: int, steps: int | None) -> npt.NDArray[Any]:
    """Return currents by neurons as one table [steps, N] or [samples, steps, N]."""
    parts = []
    taken = np.zeros(neurons, np.bool_)
    for key, values in given.items():
        index = indices_of(list(key) if isinstance(key, tuple) else key, neurons, "inject")
        if taken[index].any():
            raise InputError(f"inject names neuron {index[taken[index]][0]} twice")
        taken[index] = True
        parts.append((index, _table(values, index.size, steps)))
    if not parts:
        raise InputError("inject names no neurons; for example {net.neurons[0:4]: currents}")
    shapes = {table.shape[:-1] for _, table in parts}
    if len(shapes) != 1:
        raise InputError(f"inject must have the same steps (and samples) for all neurons, got {sorted(shapes)}")
    spread = np.zeros((*shapes.pop(), neurons), np.result_type(*(table.dtype for _, table in parts)))
    for index, table in parts:
        spread[..., index] = table
    return spread


def _table(values: Any, width: int, steps: int | None) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or (array.ndim == 0 and steps is None) or array.ndim > 3:
        raise InputError(
            f"inject of {width} neurons must be an array [steps, {width}] or [steps] of numbers, or a number with "
            f"steps=..., got {values!r}"
        )
    if array.ndim == 0:
        array = np.broadcast_to(array, (steps or 0,))
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.shape[-1] not in (1, width):
        raise InputError(f"inject of {width} neurons must have shape [steps, {width}] or [steps], got {array.shape}")
    return np.broadcast_to(array, (*array.shape[:-1], width))
