"""Datagrams of address events: their format, and gaps in their numbers.

The format is that of jAER, of its classes `net.sf.jaer.eventio.AEUnicastOutput` and `AEUnicastInput` with their default
settings (https://github.com/SensorsINI/jaer): 32 bits each, most significant byte first, for the number of the
datagram, then for the address and the time in microseconds of one event after the other. The number counts up from 1,
is never negative, and 0 follows the largest; a sender can leave it out. A datagram may have no event.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..encode.pixels import Ints

#: Bytes of an event, and of the number of a datagram.
EVENT_BYTES, NUMBER_BYTES = 8, 4
#: Numbers of datagrams before 0 comes again.
NUMBERS = 1 << 31
#: Numbers that are remembered as missing, so that a datagram that comes late is known as one of them.
MISSING_LIMIT = 1024


class Datagram(NamedTuple):
    """Content of a datagram.

    Attributes
    ----------
    number : int or None
        Number that its sender gave it.
    address, time_us : int64 array [E]
        Of its events, 0 to 2**32 - 1 each; the time begins anew after the largest.
    """

    number: int | None
    address: Ints
    time_us: Ints


def read_datagram(data: bytes, numbered: bool) -> Datagram | None:
    """Return the content of a datagram, with a number in front or not; None if its length or number cannot be.

    Events have 8 bytes and the number 4, so a datagram of a sender that is set otherwise is never taken for events.
    """
    start = NUMBER_BYTES if numbered else 0
    if len(data) < start or (len(data) - start) % EVENT_BYTES:
        return None
    number = int.from_bytes(data[:start], "big") if numbered else None
    if number is not None and number >= NUMBERS:
        return None
    words: NDArray[Any] = np.frombuffer(data, ">u4", offset=start).astype(np.int64).reshape(-1, 2)
    return Datagram(number, words[:, 0], words[:, 1])


class Found(NamedTuple):
    """What the number of a datagram tells.

    Attributes
    ----------
    what : {"next", "late", "repeated", "restarts"}
        It is the next one or a later one; it was missing; it is that of the datagram before; its sender began again.
    lost : int
        How many more datagrams are missing than before; -1 for a late one.
    """

    what: str
    lost: int = 0


class Sequence:
    """Numbers of the datagrams of one sender, of which the last 1,024 that are missing are remembered."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._missing: dict[int, None] = {}

    def take(self, number: int) -> Found:
        """Take the next number, 0 to 2**31 - 1.

        A number that goes back and was not missing is that of a sender that began again; nothing is lost by it.
        """
        ahead = 1 if self._last is None else (number - self._last) % NUMBERS
        if ahead == 0:
            return Found("repeated")
        if number in self._missing:
            del self._missing[number]
            return Found("late", -1)
        if ahead < NUMBERS // 2:
            self._miss(number, ahead - 1)
            self._last = number
            return Found("next", ahead - 1)
        self._missing.clear()
        self._last = number
        return Found("restarts")

    def _miss(self, number: int, count: int) -> None:
        """Remember so many numbers before one as missing, as far as there is room."""
        for back in range(min(count, MISSING_LIMIT), 0, -1):
            if len(self._missing) == MISSING_LIMIT:
                del self._missing[next(iter(self._missing))]
            self._missing[(number - back) % NUMBERS] = None
