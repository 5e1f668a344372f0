"""Faulty line: a transport that loses, doubles, damages, delays and disconnects what it carries, by seed."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable

from ..errors import DisconnectedError, InputError
from ..spec.protocol import DEFAULT_BAUD
from .faults import Direction, FaultRates
from .transport import Transport
from .wrapper import Wrapper


class Faults:
    """Faults of one device: they go on where they were when its connection is opened again.

    Parameters
    ----------
    rates : FaultRates
        Which, and how often.
    keeps : bool
        Whether the chip lives behind its transport and would end with it, as software does. Then a disconnection
        leaves that transport open, and a reset opens another.

    Attributes
    ----------
    made : Counter of str
        Faults so far, by their names.
    """

    def __init__(self, rates: FaultRates, *, keeps: bool) -> None:
        self._kept: tuple[object, Transport] | None = None
        if rates.reset and not keeps:
            raise InputError(
                f"reset={rates.reset:g}: only emulator and rtl can be reset from here; leave it out for other devices"
            )
        self.rates, self.keeps = rates, keeps
        self.made = Counter[str]()
        self.requests, self.responses = (Direction(rates, name, self.made) for name in ("to chip", "from chip"))

    def open(self, connect: Callable[[], Transport], geometry: object = None) -> Transport:
        """Open the connection to the chip: to the one that was disconnected from, if that has this geometry."""
        kept, self._kept = self._kept, None
        if kept is not None and kept[0] == geometry:
            return FaultyTransport(self, connect, geometry, kept[1])
        if kept is not None:
            kept[1].close()
        return FaultyTransport(self, connect, geometry, connect())

    def part(self, inner: Transport, geometry: object) -> None:
        """End a connection: what was on its way is lost."""
        self.requests.forget()
        self.responses.forget()
        if self.keeps:
            self._kept = geometry, inner
        else:
            inner.close()

    def __del__(self) -> None:
        if self._kept is not None:
            self._kept[1].close()


class FaultyTransport(Wrapper):
    """Connection that misbehaves; made by `Faults.open`.

    A frame is held back until its end has come, or nothing more comes.

    Parameters
    ----------
    faults : Faults
        Of the device.
    connect : callable
        Opens the device behind once more, for a chip that is reset by that.
    geometry : object
        What the chip was made with; compared when the device is opened again.
    inner : Transport
        To the device behind.
    """

    def __init__(self, faults: Faults, connect: Callable[[], Transport], geometry: object, inner: Transport) -> None:
        super().__init__(inner)
        self._faults, self._connect, self._geometry = faults, connect, geometry
        self._heard: deque[str | bytes] = deque()
        self._silent_until = 0.0
        self._parted = False
        self._hurries(self.baud or DEFAULT_BAUD)

    @property
    def faults(self) -> dict[str, int]:
        """Faults so far; see `Transport.faults`."""
        return {kind: count for kind, count in self._faults.made.items() if count}

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that came through; see `Transport.read`."""
        self.check()
        deadline = time.monotonic() + timeout_s
        while not self._stalled(deadline):
            if self._heard:
                if out := self._next():
                    return out
                continue
            data = self._inner.read(max(deadline - time.monotonic(), 0.0))
            if not data:
                return self._faults.responses.flush()
            self._heard.extend(self._faults.responses.feed(data, "disconnect", "stall"))
        return b""

    def set_baud(self, baud: int) -> None:
        """Change the rate; above the limit of the line bytes are damaged from now on."""
        super().set_baud(baud)
        self._hurries(baud)

    def _hurries(self, baud: int) -> None:
        limit = self._faults.rates.limit
        for direction in (self._faults.requests, self._faults.responses):
            direction.is_too_fast = bool(limit) and baud > limit

    def _stalled(self, deadline: float) -> bool:
        """Wait for the end of a stall; True if it is still going on at the deadline."""
        silence, left = (moment - time.monotonic() for moment in (self._silent_until, deadline))
        if silence > 0:
            time.sleep(max(min(silence, left), 0.0))
        return silence > max(left, 0.0)

    def _next(self) -> bytes:
        """Return what is handed on before something happens to the line, or let that happen."""
        out = bytearray()
        while self._heard:
            first = self._heard[0]
            if not isinstance(first, bytes):
                break
            out += first
            self._heard.popleft()
        if self._heard and not out:
            if self._heard.popleft() == "stall":
                self._silent_until = time.monotonic() + self._faults.rates.stall_s
            else:
                self._part()
        return bytes(out)

    def write(self, data: bytes) -> None:
        """Hand over what comes through; see `Transport.write`."""
        self.check()
        out = bytearray()
        for item in self._faults.requests.feed(data, "disconnect", "reset"):
            if isinstance(item, bytes):
                out += item
                continue
            self._hand_over(out)
            if item == "reset":
                self._reset()
            else:
                self._part()
        self._hand_over(out)

    def _hand_over(self, out: bytearray) -> None:
        if out:
            super().write(bytes(out))
            out.clear()

    def _reset(self) -> None:
        """Put a chip that was just powered up in the place of this one; what that has sent is lost."""
        self._faults.responses.forget()
        self._heard.clear()
        self._inner.close()
        self._inner = self._connect()

    def _part(self) -> None:
        self._parted = True
        self._faults.part(self._inner, self._geometry)
        raise DisconnectedError(f"{self.name} went away, by a fault that was asked for; open it again")

    def check(self) -> None:
        """Raise DisconnectedError if the other end is known to be gone; see `Transport.check`."""
        if self._parted:
            raise DisconnectedError(f"the connection to {self.name} has ended; open it again")
        super().check()

    def close(self) -> None:
        """Close the device behind, unless it has been disconnected from."""
        if not self._parted:
            self._inner.close()
