"""Audience: clients that watch what the chip sends, as whole frames, and never hold anybody up."""

from __future__ import annotations

from dataclasses import dataclass

from ..spec import Status
from ..spec.protocol import DELIMITER, FRAME_LIMIT
from ..wire.greeting import MISSED
from .client import Client

#: Bytes that a client may be behind; what does not fit is dropped and counted.
BEHIND_BYTES = 1 << 20
#: Clients that may watch at the same time.
WATCHERS = 16


@dataclass(slots=True)
class _Missed:
    """Frames that a client has missed, and how many of them it was told of."""

    frames: int = 0
    told: int = 0


class Audience:
    """Clients that watch.

    Parameters
    ----------
    share : bool
        Whether anybody may.
    """

    def __init__(self, *, share: bool) -> None:
        self._share = share
        self._watchers: dict[Client, _Missed] = {}
        self._rest = b""

    async def attend(self, client: Client) -> None:
        """Let a client watch until it goes or sends something."""
        if not self._share:
            await client.refuse(Status.REFUSED, "nobody may watch this chip; `neurocorex serve --share` would allow it")
            return
        if len(self._watchers) >= WATCHERS:
            await client.refuse(Status.REFUSED, f"{WATCHERS} clients watch already; try again later")
            return
        client.tell(Status.OK, MISSED.pack(0))
        self._watchers[client] = _Missed()
        try:
            said = await client.reader.read(1)
        finally:
            del self._watchers[client]
        if said:
            await client.refuse(Status.REFUSED, "a client that watches cannot send anything")

    def give(self, data: bytes) -> None:
        """Pass on what the chip sent, in pieces of any size."""
        data = self._rest + data
        end = data.rfind(DELIMITER) + 1
        whole, rest = data[:end], data[end:]
        self._rest = rest if len(rest) <= FRAME_LIMIT else b""  # no frame is longer
        frames = whole.count(DELIMITER)
        for client, missed in self._watchers.items():
            if client.unsent + len(whole) > BEHIND_BYTES:
                missed.frames += frames
                continue
            if missed.told < missed.frames:
                client.tell(Status.OK, MISSED.pack(missed.frames % (1 << 32)))
                missed.told = missed.frames
            client.give(whole)
