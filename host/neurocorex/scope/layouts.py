"""Layouts of address events: which bits of an address are column, row and polarity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..encode.pixels import Bools, Ints
from ..errors import InputError


class Decoded(NamedTuple):
    """Events of a sensor.

    Attributes
    ----------
    x, y : int64 array [E]
        Column and row.
    on : bool array [E]
        Whether the polarity is on.
    special : bool array [E]
        Whether it is no event of a pixel; the others mean nothing then.
    """

    x: Ints
    y: Ints
    on: Bools
    special: Bools


@dataclass(frozen=True)
class Layout:
    """Meaning of the bits of an address.

    Attributes
    ----------
    size : (int, int) or None
        Columns and rows of the sensor; None: as many columns as the user says, and one row.
    polarity : str
        What `polarity` is by default, see `encode.from_events`.
    decode : callable
        From addresses to `Decoded`.
    """

    size: tuple[int, int] | None
    polarity: str
    decode: Callable[[Ints], Decoded]


def _plain(address: Ints) -> Decoded:
    """Take the address for the number of a channel."""
    return Decoded(address, np.zeros_like(address), np.ones(len(address), np.bool_), np.zeros(len(address), np.bool_))


def _dvs128(address: Ints) -> Decoded:
    """Decode as the extractor of jAER's class `ch.unizh.ini.jaer.chip.retina.DVS128` does.

    Bit 0 is 0 for on; bits 7 to 1 count columns from the right; bits 14 to 8 count rows from below. Bits 15 and 31 mark
    what is no event of a pixel, such as an edge at the plug for synchronisation.
    """
    return Decoded(
        127 - (address >> 1 & 0x7F), address >> 8 & 0x7F, (address & 1) == 0, (address & 0x8000_8000) != 0
    )  # fmt: skip


#: Layouts by name.
LAYOUTS: Mapping[str, Layout] = {
    "plain": Layout(None, "merge", _plain),
    "dvs128": Layout((128, 128), "separate", _dvs128),
}


def layout_of(name: str) -> Layout:
    """Return a layout; raises InputError for a name that there is not."""
    if name not in LAYOUTS:
        raise InputError(f"there is no layout {name!r} of addresses; choose from {', '.join(map(repr, LAYOUTS))}")
    return LAYOUTS[name]
