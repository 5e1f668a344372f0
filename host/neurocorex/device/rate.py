"""Rate of the line to a chip: pinned by the user, or the fastest that holds, remembered from last time."""

from __future__ import annotations

from contextlib import suppress

from ..errors import DeviceError
from ..quantiser.notice import tell_of_device
from ..spec import ChipInfo
from ..spec.protocol import DEFAULT_BAUD
from ..wire import remembered
from ..wire.astray import recover
from ..wire.baud import divisor_for
from ..wire.link import Link
from ..wire.negotiation import candidates, negotiate
from ..wire.transport import Transport

#: Longest time, in seconds, that a chip gets to go back to its rate after reset when its device is closed.
LEAVE_S = 1.0


class Rate:
    """Rate of one chip's line, from opening to closing.

    Parameters
    ----------
    link : Link
        To the chip.
    transport : Transport
        Of the link; others that replace it lead to the same chip over the same line.
    pinned : int, optional
        Rate that the user wants.
    negotiates : bool
        Whether the fastest rate that holds is looked for. Otherwise, without a pinned one, the one after reset stays.
    """

    def __init__(self, link: Link, transport: Transport, *, pinned: int | None, negotiates: bool) -> None:
        self._link, self._pinned, self._negotiates = link, pinned, negotiates
        self._expected, self._place = transport.baud, transport.place
        self._limit, self._follows = transport.fastest, transport.follows_chip
        self._has_own = bool(transport.baud)
        self._info: ChipInfo | None = None
        if pinned:
            link.reset_bauds = list(dict.fromkeys([DEFAULT_BAUD, pinned]))

    def settle(self, info: ChipInfo) -> None:
        """Go to the rate that it is to be, once the chip has said what it is; tell the user what is odd about that."""
        link, pinned = self._link, self._pinned
        self._info = info
        if info.baud:
            link.reset_bauds = [info.baud]
        if link.baud != pinned and (odd := recover(link, info, self._expected)):
            tell_of_device(odd)
        if self._follows:
            link.rate = info.baud
        if not info.clock_hz or not info.baud:
            return
        if self._negotiates:
            self._negotiate(info)
        elif pinned and pinned != info.baud and not link.set_baud(divisor_for(info, pinned), pinned):
            tell_of_device(f"{link.name} was not heard at {pinned} baud and stays at {info.baud}; try a lower rate")

    def tell(self) -> None:
        """Tell, once, of rates that were left in the middle of a session, and remember those that were gone to."""
        descents, self._link.descents[:] = list(self._link.descents), []
        for before, baud in descents:
            remembered.remember(self._place, baud)
            tell_of_device(
                f"{self._link.name} lost frames at {before} baud and goes on at {baud}; nothing else is lost. A "
                f"shorter cable or another port may hold the faster rate; say baud={baud} (--baud {baud}) to begin "
                "with this one"
            )

    def leave(self) -> None:
        """Bring the chip back to its rate after reset, where it is expected next time, if its session is in order."""
        link, info = self._link, self._info
        if info is None or not (self._has_own and info.clock_hz and info.baud):
            return
        if not link.is_in_step or link.rate == info.baud:
            return
        link.patience.begin(LEAVE_S)
        with suppress(DeviceError):
            link.set_baud(round(info.clock_hz / info.baud), info.baud)

    def _negotiate(self, info: ChipInfo) -> None:
        """Go to the fastest rate that holds: to the remembered one if it does, otherwise all are tried."""
        if not self._follows and (self._limit is None or not self._has_own):
            return  # a server, or a relay: the rate is not for this end to change
        steps = candidates(info, None if self._follows else self._limit)
        known = remembered.recall(self._place)
        found = None
        if known is not None:
            slower = [step for step in steps if step.baud <= known]
            found = negotiate(self._link, info, slower) if slower or known == info.baud else None
        if found is None or found != known:
            found = negotiate(self._link, info, steps)
        if found != known:
            remembered.remember(self._place, found)
