"""Line that lies: what the chip says is mixed with noise, halves of frames, and frames that it has said before."""

from __future__ import annotations

import random

from neurocorex.emulator.transport import VirtualTransport
from neurocorex.spec import CoreConfig
from neurocorex.wire.transport import Transport

from .conversation import mutated

#: Frames of the chip that may come once more: those of the present session are not older than a line can hold, those of
#: earlier ones may be of any age.
RECENT, EARLIER = 12, 400


class LyingTransport(Transport):
    """Line to an emulated chip that adds to what the chip says, and changes and withholds some of it.

    Parameters
    ----------
    config : CoreConfig
        Geometry of the chip.
    source : random.Random
        What the lies are drawn from.
    earlier : list of bytes
        Frames of earlier sessions; those of this one are added when it is closed.
    rate : float
        Share of the reads that are not as the chip would have them.

    Attributes
    ----------
    bytes : int
        Bytes that the host has got.
    """

    name = "liar"

    def __init__(self, config: CoreConfig, source: random.Random, earlier: list[bytes], rate: float) -> None:
        self._inner = VirtualTransport(config)
        self._source, self._earlier, self._rate = source, earlier, rate
        self._said: list[bytes] = []
        self.bytes = 0

    def read(self, timeout_s: float) -> bytes:
        """Return what the chip says, or something else."""
        data = self._inner.read(timeout_s)
        self._said = (self._said + [frame + b"\0" for frame in data.split(b"\0") if frame])[-RECENT:]
        if self._source.random() < self._rate:
            data = self._lie(data)
        self.bytes += len(data)
        return data

    def _lie(self, data: bytes) -> bytes:
        source = self._source
        kind = source.randrange(6)
        if kind == 0:
            return data + source.randbytes(source.choice((1, 8, 70, 700)))
        if kind == 1 and data:
            return mutated(data, source)
        if kind == 2 and self._earlier:
            return b"\0" + b"".join(source.choices(self._earlier, k=source.randrange(1, 5))) + data
        if kind == 3 and self._said:
            return data + source.choice(self._said)
        if kind == 4:
            return data[: source.randrange(len(data) + 1)]
        return source.randbytes(3) + b"\0" + data

    def write(self, data: bytes) -> None:
        """Hand over bytes."""
        self._inner.write(data)

    def close(self) -> None:
        """Close the line; what was said is of an earlier session from now on."""
        self._earlier += self._said
        del self._earlier[:-EARLIER]
        self._inner.close()
