"""Access to all regions of an emulated chip: memories, counters, and the description that it gives of itself."""

from __future__ import annotations

import numpy as np

from ..events.arrays import Ints
from ..spec import ChipInfo, Region
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
    return emulator.items(region)
