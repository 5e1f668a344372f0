"""Chip that was found at another rate than expected: why, in words, and back to its own where it can be."""

from __future__ import annotations

from fractions import Fraction

from ..spec import ChipInfo
from .baud import TOLERANCE
from .hello import BRIDGE_FACTOR
from .link import Link

#: Factors of bridges that are known or may be met.
_FACTORS = (Fraction(BRIDGE_FACTOR), Fraction(1, BRIDGE_FACTOR))


def recover(link: Link, info: ChipInfo, expected: int) -> str | None:
    """Bring a chip that was found at another rate back to its rate after reset, and say why it was there.

    Parameters
    ----------
    link : Link
        To the chip, in a session, at the rate at which it was found.
    info : ChipInfo
        What the chip says of itself.
    expected : int
        Rate of this end before it was looked for, in bits per second.

    Returns
    -------
    str or None
        A sentence for the user; None if there is nothing to say.
    """
    found = link.baud
    if not (found and info.baud and info.clock_hz) or found == expected:
        return None
    if _is_same(found, info.baud):
        return (
            f"{link.name} answers at {found} baud, not at {expected}: its bitstream was built with this rate; "
            f"say baud={found} (--baud {found}) if that is meant, or build it with {expected}"
        )
    if link.set_baud(round(info.clock_hz / info.baud), info.baud):
        return (
            f"{link.name} was found at {found} baud, where a session that did not end in order had left it; "
            f"it is back at {info.baud}"
        )
    factor = next((each for each in _FACTORS if _is_same(round(found * each), info.baud)), None)
    if factor is None or link.baud != found:
        return f"{link.name} was found at {found} baud and is not heard at {info.baud}, its rate after reset; it works"
    link.factor = factor
    if factor > 1:
        return (
            f"{link.name} answers when a quarter of its rate is asked for: its USB bridge sets {factor} times that, as "
            "firmware 2024122312 of the BL616 on a Tang Nano 20K does; NeuroCoreX asks for a quarter now, and all "
            "rates work; update the firmware of the bridge to be rid of this"
        )
    return f"{link.name} answers when {1 / factor} times its rate is asked for: its USB bridge sets a quarter; it works"


def _is_same(rate: int, other: int) -> bool:
    """Whether a UART follows both rates."""
    return abs(rate - other) <= TOLERANCE * other
