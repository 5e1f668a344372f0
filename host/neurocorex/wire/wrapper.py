"""Wrapper around a transport, which passes everything on: the base of what looks at the bytes or changes them."""

from __future__ import annotations

from collections.abc import Sequence

from .transport import Transport


class Wrapper(Transport):
    """Transport around another one.

    Parameters
    ----------
    inner : Transport
        To the chip; closed with this one.
    """

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.name, self.baud, self.greeting = inner.name, inner.baud, inner.greeting
        self.begins_anew, self.follows_chip = inner.begins_anew, inner.follows_chip
        self.fastest, self.place = inner.fastest, inner.place

    @property
    def faults(self) -> dict[str, int]:
        """Faults of the line; see `Transport.faults`."""
        return self._inner.faults

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there; see `Transport.read`."""
        return self._inner.read(timeout_s)

    def heard(self, frames: Sequence[object]) -> None:
        """Take note of the frames that were read; see `Transport.heard`."""
        self._inner.heard(frames)

    def write(self, data: bytes) -> None:
        """Hand over all bytes; see `Transport.write`."""
        self._inner.write_timeout_s = self.write_timeout_s
        self._inner.write(data)

    def close(self) -> None:
        """Close the transport inside."""
        self._inner.close()

    def check(self) -> None:
        """Raise DisconnectedError if the other end is known to be gone; see `Transport.check`."""
        self._inner.check()

    def prepare(self) -> None:
        """Do now what the first request would have to wait for; see `Transport.prepare`."""
        self._inner.prepare()

    def set_baud(self, baud: int) -> None:
        """Change the rate; see `Transport.set_baud`."""
        self._inner.set_baud(baud)
        self.baud = self._inner.baud

    def send_break(self) -> None:
        """Hold the line low; see `Transport.send_break`."""
        self._inner.send_break()
