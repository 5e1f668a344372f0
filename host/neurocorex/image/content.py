"""Content of an image: which regions it has, and the shape, number format and range of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..spec import Control, CoreConfig, Region, controls, layout, regions
from ..spec.registers import STATE, TALLIES, TRACES, WINNERS
from ..spec.rows import CONTEXT, PATTERN, SYNAPSE

#: Regions with a row for each axon and a column for each neuron.
MATRICES = tuple(region for region in Region if region.row.per is SYNAPSE)
#: Regions that are kept as int64: with up to 32 bits and no sign they do not fit into int32.
WIDE = (Region.HISTORY, Region.CONTROL)


def program_regions(config: CoreConfig) -> tuple[Region, ...]:
    """Regions of every image of a chip of geometry `config`: all that can be written and do not change by themselves.

    Weights change too where they learn; what they are at first belongs to the program.
    """
    kept = (Region.INFO, Region.COUNTERS, *STATE, *WINNERS, *TALLIES, *TRACES)
    return tuple(region for region in regions(config) if region not in kept)


def state_regions(config: CoreConfig) -> tuple[Region, ...]:
    """Regions that a snapshot has as well: state of neurons, winners and traces."""
    return tuple(region for region in regions(config) if region in (*STATE, *WINNERS, *TALLIES, *TRACES))


def region_shape(region: Region, config: CoreConfig) -> tuple[int, ...]:
    """Shape of the array of a region: [A, N] for synapses, [contexts, N] for contexts, [patterns, M] for rates."""
    place = layout(region, config)
    return (place.rows, place.columns) if region.row.per in (SYNAPSE, CONTEXT, PATTERN) else (place.items,)


def blank(region: Region, config: CoreConfig) -> NDArray[np.int64]:
    """Array of a region as it is after power-up: defaults of the rows that have one, else zero."""
    if region is Region.CONTROL:
        return np.array([register.power_up(config) for register in controls(config)], np.int64)
    return np.full(region_shape(region, config), region.row.power_up(config), np.int64)


def value_range(region: Region, config: CoreConfig) -> tuple[int, int]:
    """Smallest and largest value that an image holds in a region."""
    low, high = layout(region, config).range
    top = region.row.top
    return low, high if top is None else top(config)


def file_dtype(region: Region, config: CoreConfig) -> np.dtype[Any]:
    """Smallest little-endian integer that holds every value of a region."""
    low, high = value_range(region, config)
    return np.min_scalar_type(low if low < 0 else high).newbyteorder("<")


def checked(region: Region, values: ArrayLike, config: CoreConfig) -> NDArray[Any]:
    """Copy of an array, read-only and in the dtype of images.

    Raises
    ------
    InputError
        For a wrong shape, something else than integers, a value out of range.
    """
    array = np.asarray(values)
    shape = region_shape(region, config)
    if array.shape != shape:
        raise InputError(f"{region.name} has shape {array.shape}, expected {shape} for this chip")
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(
            f"{region.name} must hold integers, got {array.dtype}; neurocorex.quantise turns floats into them"
        )
    if region is Region.CONTROL:
        low = np.zeros(shape, np.int64)
        high = np.array([(1 << control.bits(config)) - 1 for control in controls(config)])
    else:
        low, high = (np.array(bound) for bound in value_range(region, config))
    wrong = (array < low) | (array > high)
    if wrong.any():
        where = tuple(int(index) for index in np.argwhere(wrong)[0])
        bounds = f"{np.broadcast_to(low, shape)[where]} to {np.broadcast_to(high, shape)[where]}"
        place = Control(where[0]).name if region is Region.CONTROL else ", ".join(map(str, where))
        raise InputError(f"{region.name}[{place}] is {array[where]}, allowed are {bounds}")
    copy = array.astype(np.int64 if region in WIDE else np.int32)
    copy.setflags(write=False)
    return copy
