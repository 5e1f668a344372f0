"""Address events (AER) from a socket as a live stimulus: what arrived since the last block is in the next one."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np

from ..encode.checks import count_of
from ..encode.pixels import Bools, Ints, PixelMap
from ..errors import InputError
from .aercounts import AerCounts
from .layouts import layout_of
from .receiver import Receiver

#: Events that wait for the next block at most, unless the caller says otherwise.
CAPACITY = 1 << 16
#: Period of the clock of a sender, in microseconds.
_CLOCK_US = 1 << 32


class AerSource:
    """Live source of address events, received as datagrams; a context manager that starts and ends its thread.

    The datagrams are those of jAER, see `neurocorex.scope.datagrams`. Only the address of the URL is bound: by default
    no other computer can send.

    Parameters
    ----------
    url : str
        ``udp://HOST:PORT``; without HOST 127.0.0.1, without PORT 8991, the port of jAER. Port 0 takes a free one.
        IPv6 addresses stand in brackets.
    layout : {"plain", "dvs128"}
        Meaning of an address: the number of an input, or column, row and polarity of a DVS128.
    inputs : int, optional
        Addresses of the layout "plain", 0 to `inputs` - 1.
    crop, downsample, polarity : optional
        As of `encode.from_events`. The layout "plain" has one row and no polarity.
    numbered : bool
        Whether datagrams begin with a number, as jAER sends them by default. Without it nobody can tell what was lost.
    capacity : int
        Events that wait for the next block at most. When more come, the oldest ones are dropped, and counted.

    Attributes
    ----------
    inputs : int
        Input axons that its spikes need.
    shape : tuple of int
        Of these, as `SensorReport.shape`.

    Raises
    ------
    InputError
        For a URL, layout or number that cannot be, or an address or port that cannot be taken.

    Examples
    --------
    >>> with AerSource("udp://127.0.0.1:0", layout="dvs128", downsample=4, polarity="merge") as source:
    ...     source.inputs, source.block(25).shape
    (1024, (25, 1024))
    """

    def __init__(
        self, url: str, *, layout: str = "plain", inputs: int | None = None,
        crop: tuple[int, int, int, int] | None = None, downsample: int = 1, polarity: str | None = None,
        numbered: bool = True, capacity: int = CAPACITY,
    ) -> None:  # fmt: skip
        self._layout = layout_of(layout)
        size = self._layout.size
        if size is None:
            if polarity not in (None, "merge"):
                raise InputError(f"addresses of the layout {layout!r} have no polarity, got {polarity!r}; leave it out")
            size = (count_of(f"inputs, the addresses of the layout {layout!r},", inputs), 1)
        elif inputs is not None:
            raise InputError(f"the layout {layout!r} has {size[0]} columns and {size[1]} rows; leave out inputs")
        self._pixels = PixelMap(size, crop, downsample, polarity or self._layout.polarity)
        self.inputs, self.shape = self._pixels.inputs, self._pixels.shape
        self._receiver = Receiver(url, numbered=numbered, capacity=capacity)

    @property
    def url(self) -> str:
        """Where it receives, with the port that was taken."""
        return self._receiver.url

    @property
    def running(self) -> bool:
        """Whether its thread is at work."""
        return self._receiver.running

    @property
    def counts(self) -> AerCounts:
        """What became of everything until now; all counts are of the same moment."""
        return self._receiver.counts

    def start(self) -> None:
        """Begin to receive."""
        self._receiver.start()

    def close(self) -> None:
        """End the thread, and give the port back."""
        self._receiver.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def block(self, steps: int, dt_ms: float = 1.0) -> Bools:
        """Return the events since the last block as the spikes of the next one, bool [steps, inputs].

        The earliest event is in the first step, and the others as much later as their times say. If they span more than
        the block, all intervals shrink in proportion: nothing is put off, so nothing piles up.

        Parameters
        ----------
        steps : int
            Of the block.
        dt_ms : float
            Length of a step in milliseconds.

        Raises
        ------
        DisconnectedError
            If the socket failed, which ends the thread.
        """
        address, time_us = self._receiver.take()
        x, y, on, special = self._layout.decode(address)
        places = self._pixels.places(x, y, on)
        fits = ~special & self._pixels.on_sensor(x, y) & places.fits
        kept = fits & places.wanted
        step, axon = self._pixels.spikes(_steps(time_us, steps, dt_ms)[kept], places.axon[kept])
        spikes = np.zeros((steps, self.inputs), np.bool_)
        spikes[step, axon] = True
        self._receiver.count(
            waiting=-len(address), spikes=len(step), merged=int(kept.sum()) - len(step), special=int(special.sum()),
            outside=int((~special & ~fits).sum()), other_polarity=int((fits & ~places.wanted).sum()),
        )  # fmt: skip
        return spikes

    def skip(self) -> None:
        """Take the events since the last block, and count them as unused; raises as `block` does."""
        address, _ = self._receiver.take()
        self._receiver.count(waiting=-len(address), unused=len(address))

    def __str__(self) -> str:
        """Tell where it receives, and what became of everything."""
        return f"{self.url}: {self.counts.text(self._receiver.numbered)}"


def _steps(time_us: Ints, steps: int, dt_ms: float) -> Ints:
    """Return the step in a block of each event."""
    if not len(time_us):
        return time_us
    after = (time_us - time_us[0] + _CLOCK_US // 2) % _CLOCK_US  # the clock may have begun anew in between
    after -= after.min()
    step_us = max(1000 * dt_ms, (float(after.max()) + 1) / steps)
    return np.asarray(np.minimum(np.floor(after / step_us).astype(np.int64), steps - 1))
