"""Baud rates that a chip can make, and keep."""

from __future__ import annotations

import math

from ..errors import InputError
from ..spec import ChipInfo, CoreConfig, Request, Response
from ..spec.protocol import DIVISOR_MIN, FRAME_S, SET_BAUD_ARGUMENTS
from ..spec.stuffing import CRC_BYTES, cobs_encode

#: A UART follows a rate that is off by this fraction.
TOLERANCE = 0.02
_DIVISOR_MAX = (1 << (8 * SET_BAUD_ARGUMENTS.size)) - 1
_BITS_PER_BYTE = 10


def makes(clock_hz: int, baud: int) -> bool:
    """Tell whether a chip with this clock can send and receive at a rate."""
    divisor = round(clock_hz / baud)
    return DIVISOR_MIN <= divisor <= _DIVISOR_MAX and abs(clock_hz / divisor - baud) <= TOLERANCE * baud


def frame_bits(config: CoreConfig) -> int:
    """Bits on the line of the longest frame, with its delimiter, in either direction."""
    header = max(Request.HEADER.size, Response.HEADER.size)
    content = bytes([1]) * (header + config.payload_bytes + CRC_BYTES)
    return _BITS_PER_BYTE * (len(cobs_encode(content)) + 1)


def divisor_for(info: ChipInfo, baud: int) -> int:
    """Return the clock cycles per bit that make a rate.

    Raises
    ------
    InputError
        If the chip cannot make it, or would not keep it because a frame takes too long; with the nearest that it can.
    """
    clock_hz, bits = info.clock_hz, frame_bits(info.config)
    chip = f"a chip with a clock of {clock_hz} Hz"
    divisor = round(clock_hz / baud)
    if divisor < DIVISOR_MIN:
        raise InputError(f"{chip} cannot send at {baud} baud; its fastest rate is {clock_hz // DIVISOR_MIN}")
    slowest = math.ceil(clock_hz / max(DIVISOR_MIN, min(_DIVISOR_MAX, math.ceil(clock_hz * FRAME_S / bits) - 1)))
    if bits >= FRAME_S * min(baud, clock_hz / divisor):
        raise InputError(
            f"{chip} would not keep {baud} baud: a frame of {bits // _BITS_PER_BYTE} bytes takes {bits / baud:.2g} s, "
            f"and has to take less than {FRAME_S:g}; its slowest rate is {slowest}"
        )
    if divisor > _DIVISOR_MAX:
        raise InputError(f"{chip} cannot send at {baud} baud; its slowest rate is {slowest}")
    if not makes(clock_hz, baud):
        raise InputError(f"{chip} cannot make {baud} baud; the nearest is {clock_hz / divisor:.0f}")
    return divisor
