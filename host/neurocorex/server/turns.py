"""Turns: which client has the chip, and who waits for it in which order."""

from __future__ import annotations

import asyncio
import time

from ..spec import Status
from .client import HELLO_BYTES, Client

#: Time after which a client in the queue is told again that it waits.
TELL_S = 1.0
#: Time to find out whether a client has gone whose input the chip has not taken yet: the next answer to it will tell.
GRACE_S, GRACE_LOOKS = 1.5, 30


class Turns:
    """One client has the chip; others are told so, or wait in order if there is a queue.

    Parameters
    ----------
    queue : bool
        Whether clients may wait.

    Attributes
    ----------
    owner : Client or None
        The client that has the chip.
    """

    def __init__(self, *, queue: bool) -> None:
        self._queue = queue
        self._waiting: list[Client] = []
        self.owner: Client | None = None

    async def take(self, client: Client) -> bool:
        """Give the chip to a client, at once or in its turn; False if it was told that another one has it.

        Raises
        ------
        StrangerError, OSError
            If the client breaks the rules or goes while it waits.
        """
        if self.owner is not None and client.returns and client.greeting.who == self.owner.greeting.who:
            self.owner.drop("came back over another connection")
            self.leave(self.owner)
        await self._look_again()
        while self.owner is not None and self.owner.gone:
            self.owner.drop("went away")
            self.leave(self.owner)
        if self.owner is None:  # then nobody waits
            self._give(client)
        elif self._queue and client.greeting.wait:
            self._waiting.append(client)
            await self._wait(client)
        else:
            await client.refuse(Status.BUSY, self._busy)
            return False
        return True

    async def _look_again(self) -> None:
        """Give a client whose input the chip has not taken yet the time to turn out to have gone."""
        for _ in range(GRACE_LOOKS):
            if self.owner is None or self.owner.gone or not self.owner.behind:
                return
            await asyncio.sleep(GRACE_S / GRACE_LOOKS)

    def leave(self, client: Client) -> None:
        """Forget a client; if it had the chip, the next one gets it."""
        if self.owner is client:
            self.owner = None
            if self._waiting:
                self._give(self._waiting.pop(0))
        elif client in self._waiting:
            self._waiting.remove(client)
        for each in self._waiting:
            each.moved.set()

    def _give(self, client: Client) -> None:
        self.owner = client
        client.since = time.strftime("%Y-%m-%d %H:%M:%S")
        client.heard = time.monotonic()
        client.moved.set()

    async def _wait(self, client: Client) -> None:
        """Tell a client its place, again and again, until it has the chip."""
        reading: asyncio.Task[bytes] | None = None
        try:
            while self.owner is not client:
                client.moved.clear()
                place = self._waiting.index(client) + 1
                client.tell(Status.WAIT, f"place {place} of {len(self._waiting)} in the queue; {self._holder}".encode())
                reading = reading or asyncio.create_task(client.reader.read(HELLO_BYTES))
                moved = asyncio.create_task(client.moved.wait())
                await asyncio.wait({reading, moved}, timeout=TELL_S, return_when=asyncio.FIRST_COMPLETED)
                moved.cancel()
                if reading.done():
                    if not (data := reading.result()):
                        raise ConnectionResetError
                    client.greet_again(data)
                    reading = None
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)  # two cannot read at the same time

    @property
    def _holder(self) -> str:
        return f"{self.owner} has the chip since {self.owner.since}" if self.owner else "the chip is free"

    @property
    def _busy(self) -> str:
        if self._queue:
            advice = "wait in its queue with ?wait at the end of the URL"
        else:
            advice = "try again later; `neurocorex serve --queue` would let clients wait"
        return f"{self._holder}; {advice}"
