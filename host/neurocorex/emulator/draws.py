"""Draws of input spikes by rates, in machine code: the same ones as of `events.generator`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..events import generator
from ..events.arrays import Ints
from . import machine_code
from .kernel.draws import BLOCK_WORDS, DONE, FOUND

#: Spikes for which there is room in one call, and for all axons once more.
_ROOM = 1 << 16


def spikes(state: int, steps: int, rates: Ints, rate_bits: int) -> tuple[Ints, Ints, int]:
    """Draw the input spikes of steps; parameters and what is returned as of `events.generator.spikes`."""
    code = machine_code.load(machine_code.DRAWS)
    if code is None:
        return generator.spikes(state, steps, rates, rate_bits)
    axons = np.flatnonzero(rates)
    numbers, limits = axons.astype(np.uint32), generator.limits(rates[axons], rate_bits)
    words = np.zeros((axons.size + 7) // 8, np.int64)
    room = min(_ROOM, steps * axons.size) + axons.size
    block = np.zeros(BLOCK_WORDS, np.int64)
    block[: DONE + 6] = state, 0, steps, 0, axons.size, words.size, room
    parts: list[npt.NDArray[np.int64]] = []
    while not parts or block[DONE] < steps:
        found = np.empty((2, room), np.int64)
        block[FOUND] = 0
        block[DONE + 6 :] = _addresses(numbers, limits, words, words, found[0], found[1])
        code(block.ctypes.data)
        parts.append(found[:, : block[FOUND]])
    step, axon = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    return step, axon, int(block[0])


def _addresses(*arrays: npt.NDArray[np.uint32] | Ints) -> list[int]:
    return [array.ctypes.data for array in arrays]
