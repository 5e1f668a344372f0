"""Baud rates that the clock of a chip can make."""

from __future__ import annotations

from ..errors import InputError
from ..spec.protocol import DIVISOR_MIN, SET_BAUD_ARGUMENTS

_DIVISOR_LIMIT = 1 << (8 * SET_BAUD_ARGUMENTS.size)
#: A UART follows a rate that is off by this fraction.
TOLERANCE = 0.02


def makes(clock_hz: int, baud: int) -> bool:
    """Tell whether a chip with this clock can send and receive at a rate."""
    divisor = round(clock_hz / baud)
    return DIVISOR_MIN <= divisor < _DIVISOR_LIMIT and abs(clock_hz / divisor - baud) <= TOLERANCE * baud


def divisor_for(clock_hz: int, baud: int) -> int:
    """Return the clock cycles per bit that make a rate.

    Raises
    ------
    InputError
        If the clock cannot make it, with the fastest or nearest rate.
    """
    divisor = round(clock_hz / baud)
    if not DIVISOR_MIN <= divisor < _DIVISOR_LIMIT:
        raise InputError(
            f"a chip with a clock of {clock_hz} Hz cannot send at {baud} baud; "
            f"its fastest rate is {clock_hz // DIVISOR_MIN}"
        )
    if not makes(clock_hz, baud):
        raise InputError(
            f"a chip with a clock of {clock_hz} Hz cannot make {baud} baud; the nearest is {clock_hz / divisor:.0f}"
        )
    return divisor
