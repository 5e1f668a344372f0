"""Conversion of files from before version 4, when plastic weights drifted by a register that was added on reading."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NeuroCoreXWarning
from ..spec import Control, CoreConfig, Learning, Region
from ..spec.fixed import RANDOM_START
from .file import ImageFile

#: First version of the container whose weights are those that act.
DRIFT_FOLDED = 4

Regions = dict[Region, NDArray[Any]]


def had_drift(register: Control, config: CoreConfig) -> bool:
    """Tell whether a register is one of a drift that chips of this geometry had before version 4."""
    return config.learning is not Learning.NONE and register in (Control.DRIFT, Control.DRIFT_STEP)


def converted(file: ImageFile, regions: Regions, config: CoreConfig) -> Regions:
    """Return the regions of a file by today's rules: they mean on the chip what they meant when it was written.

    ``DRIFT`` is added to the plastic weights, within their range, as it was when they were read; then it is zero.
    A generator at 0, where it stays, gets the state after power-up: today traces need its draws, too.

    Warns
    -----
    NeuroCoreXWarning
        For a ``DRIFT_STEP`` that today's chips cannot hold: it is cut to what they can.
    """
    if file.header["version"] >= DRIFT_FOLDED or config.learning is Learning.NONE:
        return regions
    control = regions[Region.CONTROL].copy()
    drift, step = (_signed(int(control[register]), config) for register in (Control.DRIFT, Control.DRIFT_STEP))
    low, high = config.weight_range
    step = _held(file, step, config)
    weights = np.asarray(regions[Region.WEIGHTS], np.int64)
    folded = np.where(regions[Region.PLASTIC] != 0, np.clip(weights + drift, low, high), weights)
    control[Control.DRIFT] = 0
    control[Control.DRIFT_STEP] = step & ((1 << Control.DRIFT_STEP.bits(config)) - 1)
    control[Control.RANDOM] = control[Control.RANDOM] or RANDOM_START
    return {**regions, Region.WEIGHTS: folded, Region.CONTROL: control}


def _signed(value: int, config: CoreConfig) -> int:
    """Value of a drift: the registers had a bit more than a weight."""
    half = 1 << config.weight_bits
    return (value + half) % (2 * half) - half


def _held(file: ImageFile, step: int, config: CoreConfig) -> int:
    """Return the drift of a step that a chip of today can hold; warn if that is another."""
    low, high = config.weight_range
    if config.learning is Learning.EXPONENTIAL:
        held, why = 0, "weights of chips with exponential traces drift no more; for a drift take learning='window'"
    else:
        held, why = min(max(step, low), high), f"allowed are {low} to {high}"
    if held != step:
        # The caller's caller is whoever loads the file.
        message = str(file.error(f"DRIFT_STEP was {step} and is {held} now: {why}"))
        warnings.warn(message, NeuroCoreXWarning, stacklevel=5)
    return held
