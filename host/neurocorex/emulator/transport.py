"""Transport to an emulated chip in this process, for servers and tests of the protocol."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ..errors import DisconnectedError, NoAnswerError
from ..wire.transport import Transport

if TYPE_CHECKING:
    from ..spec import CoreConfig

#: Pieces of work between two checks for requests; STOP waits for that long at most.
_WORK = 4
#: Bytes of requests that the chip gets between two checks; each may make it send all its responses again.
_TAKE_BYTES = 1 << 10
#: Bytes of requests that wait for the chip, where another thread writes; beyond, that thread is held up.
_ROOM_BYTES = 1 << 14
#: Bytes of answers that one read returns, or few more.
_ANSWER_BYTES = 1 << 16


class VirtualTransport(Transport):
    """Bytes to and from an emulated chip, which computes while it is read from, and at no other time.

    Whoever does not read has no answers pile up: requests are looked at only as fast as their answers are read.

    Parameters
    ----------
    config : CoreConfig
        Its geometry.
    wait : bool
        Whether another thread writes, so that reading has something to wait for. Otherwise a read that finds the chip
        with nothing to do returns at once: nothing can come any more. A write waits while 16 kB are unread.
    clock_hz, baud : int
        What the chip says of itself; with a clock it has a line, whose far end follows every rate.
    """

    name = "emulator"

    def __init__(self, config: CoreConfig, *, wait: bool = False, clock_hz: int = 0, baud: int = 0) -> None:
        from .protocol import VirtualChip

        self._chip = VirtualChip(config, clock_hz=clock_hz, baud=baud)
        self.follows_chip = bool(clock_hz)
        self._wait = wait
        self._requests = bytearray()
        self._arrival = threading.Condition()
        self._closed = False

    def prepare(self) -> None:
        """Compile the kernel, if it is not kept from before."""
        self._chip.prepare()

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there; see `Transport.read`."""
        deadline = time.monotonic() + timeout_s
        while True:
            requests = self._take(deadline)
            answers = self._chip.receive(requests, work=_WORK, room=_ANSWER_BYTES)
            idle = not (requests or self._chip.busy or self._chip.waiting)
            if answers or idle or time.monotonic() >= deadline:
                return answers

    def write(self, data: bytes) -> None:
        """Hand over all bytes; see `Transport.write`."""
        left = memoryview(data)
        with self._arrival:
            while True:
                self._check_open()
                room = _ROOM_BYTES - len(self._requests) if self._wait else len(left)
                self._requests += left[:room]
                left = left[room:]
                self._arrival.notify_all()
                if not left:
                    return
                if not self._arrival.wait_for(self._has_room, self.write_timeout_s):
                    raise NoAnswerError("the emulator takes no more bytes, because nobody reads its answers; read them")

    def check(self) -> None:
        """Raise DisconnectedError if it was closed."""
        with self._arrival:
            self._check_open()

    def close(self) -> None:
        """Refuse everything from now on."""
        with self._arrival:
            self._closed = True
            self._arrival.notify_all()

    def _take(self, deadline: float) -> bytes:
        """Return bytes of the host; wait for them only while the chip has nothing to do."""
        with self._arrival:
            if self._wait and not (self._chip.busy or self._chip.waiting):
                left = max(deadline - time.monotonic(), 0.0)
                self._arrival.wait_for(lambda: self._requests or self._closed, left)
            self._check_open()
            if self._chip.waiting:
                return b""
            data = bytes(self._requests[:_TAKE_BYTES])
            del self._requests[:_TAKE_BYTES]
            self._arrival.notify_all()
            return data

    def _has_room(self) -> bool:
        return self._closed or len(self._requests) < _ROOM_BYTES

    def _check_open(self) -> None:
        if self._closed:
            raise DisconnectedError("the emulator was closed; open it again")
