"""Access to all regions of an emulated chip: memories, counters, and the description that it gives of itself."""

from __future__ import annotations

import numpy as np

from ..events.arrays import Ints
from ..spec import ChipInfo, Counter, Region
from .emulator import Emulator


def items(emulator: Emulator, info: ChipInfo, region: Region) -> Ints:
    """Return the items of a region in row-major order; those of memories cannot be written to.

    Parameters
    ----------
    emulator : Emulator
        The core, which has no description of itself.
    info : ChipInfo
        That description.
    region : Region
        One that the chip has.
    """
    if region is Region.INFO:
        return np.array(info.to_words(), np.int64)
    if region is Region.COUNTERS:
        counters = emulator.counters
        values = np.array([counters[counter] for counter in Counter], np.int64)
        return np.stack([values & 0xFFFF_FFFF, values >> 32], axis=1).reshape(-1)
    return emulator.regions[region].reshape(-1)
