"""Rule rows of an image: which synapses learn by which row, and the registers of a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from ..spec import Control, CoreConfig, LearningFlag, Region
from ..spec.registers import OTHERS, ROW_FLAGS, RULE_ROWS


def pack(inputs: NDArray[Any], others: NDArray[Any], config: CoreConfig) -> NDArray[np.int64]:
    """Return items of `Region.RULE` of rows for synapses from inputs, and for all others."""
    return np.asarray(inputs | (others << config.rule_bits), np.int64)


def unpack(items: NDArray[Any], config: CoreConfig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Inverse of `pack`."""
    wide = items.astype(np.int64)
    return wide & (config.rules - 1), wide >> config.rule_bits


def row_numbers(image: Image) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the synapses from inputs onto each neuron, and of all others, [N] each."""
    nothing = np.zeros(image.config.neurons, np.int64)
    return unpack(image.regions.get(Region.RULE, nothing), image.config)


def learning_synapses(image: Image) -> dict[int, NDArray[np.bool_]]:
    """Return the plastic synapses of each row that has any, bool [A, N], by rising number."""
    if not image.learns:
        return {}
    plastic, first = image.regions[Region.PLASTIC].astype(np.bool_), image.config.inputs
    low, high = row_numbers(image)
    found = {}
    for row in range(image.config.rules):
        synapses = np.concatenate([plastic[:first] & (low == row), plastic[first:] & (high == row)])
        if synapses.any():
            found[row] = synapses
    return found


def row_flags(image: Image, row: int) -> LearningFlag:
    """Return the flags that a row learns by: its own, and those that all have."""
    control = image.regions[Region.CONTROL]
    shared = LearningFlag(int(control[Control.LEARNING]))
    return (shared & ~ROW_FLAGS) | (LearningFlag(int(control[RULE_ROWS[row].flags])) & ROW_FLAGS)


def signed_value(image: Image, register: Control) -> int:
    """Return a control register of an image with its sign; 0 of one that the chip lacks."""
    bits = register.bits(image.config)
    value = int(image.regions[Region.CONTROL][register]) if bits else 0
    return value - (1 << bits) if register.signed and bits and value >> (bits - 1) & 1 else value


def of_axons(register: Control, kind: int, config: CoreConfig) -> Control:
    """Return the register for axons of a kind, 0 inputs and 1 all others, of one for inputs, or for all axons."""
    others = OTHERS.get(register, register)
    return others if kind and others.bits(config) else register


def kind_of_axons(image: Image, row: int) -> int:
    """Return the kind of axons that the plastic synapses of a row belong to: 0 if inputs are among them, else 1."""
    return int(not learning_synapses(image)[row][: image.config.inputs].any())


def bounds(image: Image, row: int) -> tuple[int, int]:
    """Return the bounds of the weights that learn by a row."""
    return signed_value(image, RULE_ROWS[row].weight_min), signed_value(image, RULE_ROWS[row].weight_max)


def learns_by_errors(image: Image) -> bool:
    """Whether all plastic synapses of an image change by errors, at LEARN, instead of by spikes."""
    rows = learning_synapses(image)
    return bool(rows) and all(is_by_errors(image, row) for row in rows)


def is_by_errors(image: Image, row: int) -> bool:
    """Whether a row changes weights by errors instead of by spikes."""
    return image.config.errors and bool(row_flags(image, row) & LearningFlag.ERRORS)
