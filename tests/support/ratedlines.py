"""A serial line that damages bytes above a rate, which may change while it is used."""

from __future__ import annotations

import random
from typing import Any

import neurocorex as ncx
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip

from support.bridges import Bridge

#: Frames at other rates than its own after which the chip returns to the one after reset.
RETURNS_AFTER = 6


class LimitedBridge(Bridge):
    """A bridge on whose line one byte in `every` has a bit flipped at rates above `limit`.

    Parameters
    ----------
    limit : int
        Bits per second; may be changed at any time.
    every : int
        Bytes for each damaged one, on the average.
    seed : int
        Of the damage.
    options
        Of `Bridge`.
    """

    def __init__(self, limit: int, *, every: int = 64, seed: int = 0, **options: Any) -> None:
        super().__init__(**{"clock_hz": 48_000_000} | options)
        self.limit, self.every = limit, every
        self._random = random.Random(seed)

    def lose(self) -> None:
        self.missed += 1
        if self.missed % RETURNS_AFTER == 0:  # as the real chip does by time
            self.chip_baud = self.built

    def write(self, data: bytes) -> None:
        super().write(self._damaged(data))

    def read(self, timeout_s: float) -> bytes:
        return self._damaged(super().read(timeout_s))

    def _damaged(self, data: bytes) -> bytes:
        if self.line_baud <= self.limit:
            return data
        out = bytearray(data)
        for at in range(len(out)):
            if self._random.random() * self.every < 1:
                out[at] ^= 1 << self._random.randrange(8)
        return bytes(out)

    def device(self) -> Device:
        """A device on this line that looks for the fastest rate."""
        return Device(WiredChip(self, negotiates=True, timeout_s=0.05))


def run_of(device: Device, image: Any, spikes: Any) -> ncx.Result:
    device.load(image)
    return device.run(spikes=spikes, record=("spikes", "v"))
