"""Transport to an emulated chip in this process, for servers and tests of the protocol."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ..errors import DisconnectedError
from ..wire.transport import Transport

if TYPE_CHECKING:
    from ..spec import CoreConfig

#: Pieces of work between two checks for requests; STOP waits for that long at most.
_WORK = 4


class VirtualTransport(Transport):
    """Bytes to and from an emulated chip, which computes while it is read from.

    Parameters
    ----------
    config : CoreConfig
        Its geometry.
    wait : bool
        Whether another thread writes, so that reading has something to wait for. Otherwise a read that finds the chip
        with nothing to do returns at once: nothing can come any more.
    """

    name = "emulator"

    def __init__(self, config: CoreConfig, *, wait: bool = False) -> None:
        from .protocol import VirtualChip

        self._chip = VirtualChip(config)
        self._wait = wait
        self._requests = bytearray()
        self._arrival = threading.Condition()
        self._closed = False

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there; see `Transport.read`."""
        deadline = time.monotonic() + timeout_s
        while True:
            requests = self._take(deadline)
            answers = self._chip.receive(requests, work=_WORK)
            idle = not (requests or self._chip.busy)
            if answers or idle or time.monotonic() >= deadline:
                return answers

    def write(self, data: bytes) -> None:
        """Hand over all bytes; see `Transport.write`."""
        with self._arrival:
            self._check_open()
            self._requests += data
            self._arrival.notify()

    def close(self) -> None:
        """Refuse everything from now on."""
        with self._arrival:
            self._closed = True
            self._arrival.notify()

    def _take(self, deadline: float) -> bytes:
        """Return the bytes of the host; wait for them only while the chip has nothing to do."""
        with self._arrival:
            if self._wait and not self._chip.busy:
                left = max(deadline - time.monotonic(), 0.0)
                self._arrival.wait_for(lambda: self._requests or self._closed, left)
            self._check_open()
            data = bytes(self._requests)
            self._requests.clear()
            return data

    def _check_open(self) -> None:
        if self._closed:
            raise DisconnectedError("the emulator was closed; open it again")
