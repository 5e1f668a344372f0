"""Worker of the server: threads around the transport of the chip, with bounded queues towards the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from ..wire.transport import Transport

#: Bytes of answers that wait for the event loop; beyond, the chip is not read, and comes to a stop.
ANSWER_BYTES = 1 << 18
_POLL_S = 0.1


class Worker:
    """Chip's side of the server. The chip works in the thread that reads; another one hands requests over.

    Both are held up where the other side does not keep up, and the event loop never is.

    Parameters
    ----------
    transport : Transport
        Bytes to and from the chip; stays open.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._arrival = asyncio.Event()
        self._answers: deque[bytes] = deque()
        self._size = 0
        self._room = threading.Condition()
        self._emptying = self._ending = False
        self._failure: Exception | None = None
        self._writer = ThreadPoolExecutor(1, "requests")
        self._reader = threading.Thread(target=self._work, name="chip", daemon=True)
        self._reader.start()

    async def read(self) -> bytes:
        """Wait for what the chip sends, and return all of it; raises what ended the chip."""
        await self._arrival.wait()
        self._arrival.clear()
        with self._room:
            data = b"".join(self._answers)
            self._answers.clear()
            self._size = 0
            self._room.notify()
        if not data and self._failure:
            raise self._failure
        if self._failure:
            self._arrival.set()
        return data

    async def write(self, data: bytes) -> None:
        """Hand requests over, in the order of the calls; see `Transport.write`. Returns once the chip has room."""
        await self._loop.run_in_executor(self._writer, self._transport.write, data)

    async def close(self) -> None:
        """End both threads; what the chip still sends is thrown away."""
        with self._room:
            self._emptying = True
            self._room.notify()
        await asyncio.to_thread(self._writer.shutdown, cancel_futures=True)
        self._ending = True
        await asyncio.to_thread(self._reader.join)

    def _work(self) -> None:
        try:
            while not self._ending:
                if data := self._transport.read(_POLL_S):
                    self._put(data)
        except Exception as error:
            self._failure = error
            self._loop.call_soon_threadsafe(self._arrival.set)

    def _put(self, data: bytes) -> None:
        with self._room:
            self._room.wait_for(lambda: self._size < ANSWER_BYTES or self._emptying)
            if self._emptying:
                return
            self._answers.append(data)
            self._size += len(data)
        self._loop.call_soon_threadsafe(self._arrival.set)
