"""An emulated chip inside this process."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ..errors import DisconnectedError
from ..wire.transport import Transport

if TYPE_CHECKING:
    from ..events.arrays import Ints
    from ..events.stream import EventStream
    from ..spec import CoreConfig, Region

#: Pieces of work between two looks at what the host has sent meanwhile; STOP waits for so long at most.
_WORK = 4
#: Items that are written as one piece, for which the emulator needs some room.
_STORED = 1 << 18


class VirtualTransport(Transport):
    """An emulated chip inside this process, which computes while it is read from.

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
        """Return what is there; see `Transport.read`."""
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

    @property
    def at_hand(self) -> bool:
        """Whether this thread is the only one that talks to the chip, and no stimulus left a step open."""
        return not self._wait and not self._chip.in_step

    def prepare(self, steps: int) -> None:
        """Load compiled steps, see `Transport.prepare`."""
        self._chip.emulator.prepare(steps)

    def run(self, stimulus: EventStream) -> EventStream:
        """Run steps at once; see `Transport.run`."""
        self._check_open()
        return self._chip.emulator.run(stimulus)

    def store(self, region: Region, values: Ints) -> None:
        """Write a region at once; see `Transport.store`."""
        self._check_open()
        items = values.reshape(-1)
        for start in range(0, items.size, _STORED):
            self._chip.emulator.write(region, items[start : start + _STORED], start)

    def _take(self, deadline: float) -> bytes:
        """Return what the host has sent, waiting for it only while the chip has nothing to do."""
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
