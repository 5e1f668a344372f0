"""Copies of registers on the host, so that they need not be read again."""

from __future__ import annotations

from dataclasses import dataclass

from ..spec import CoreConfig
from ..wire.regions import Items


@dataclass
class Copies:
    """Copies of registers; None where there is none.

    Attributes
    ----------
    generation : int
        Of the chip that they come from, see `Session`.
    flags : array [N]
        `Region.FLAGS`.
    control : array
        `Region.CONTROL` but for the registers that move by themselves.
    used : CoreConfig
        Geometry of the part in use.
    counters : (int, array)
        `Region.COUNTERS`, and the number of the exchange after which it was read.
    """

    generation: int
    flags: Items | None = None
    control: Items | None = None
    used: CoreConfig | None = None
    counters: tuple[int, Items] | None = None
