"""Client of the server: one TCP connection, its greeting, and answers to it."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import time
from typing import cast

from ..spec import Op, Request, RequestDecoder, Response, Status
from ..spec.protocol import DELIMITER
from ..spec.stuffing import FrameError
from ..wire.greeting import Greeting
from ..wire.socketport import tune

#: Bytes and seconds that a client has for its greeting.
HELLO_BYTES, HELLO_S = 512, 5.0
#: Longest time in which a client takes not one byte of what the chip sends.
UNREAD_S = 10.0
#: Bytes for a client that has the chip, beside those in the buffers of the system.
UNREAD_BYTES = 1 << 16
#: Time that a client gets to read why it is not served.
_FAREWELL_S = 1.0
#: Beyond the system's end of file: the peer has gone although not everything that it sent has been read.
_HUNG_UP = getattr(select, "POLLRDHUP", 0) | getattr(select, "POLLHUP", 0) | getattr(select, "POLLERR", 0)


class StrangerError(Exception):
    """Connection that does not begin with a greeting, or that breaks the rules for those who wait."""


class UnreadError(Exception):
    """Client that does not take what the chip sends."""


class Client:
    """One connection.

    Attributes
    ----------
    reader : asyncio.StreamReader
        What the client sends.
    address : str
        Its address, for messages.
    greeting : Greeting
        What it says of itself.
    session : int
        Session of its last HELLO.
    returns : bool
        Whether it goes on with a session that it began over another connection.
    since : str
        When it got the chip.
    heard : float
        When something came from it, by the monotonic clock.
    behind : bool
        Whether the chip takes what came from it more slowly than it comes. The end of the connection may lie behind it.
    moved : asyncio.Event
        Set when its place in the queue may have changed.
    end : asyncio.Future of (str, bool)
        Why it is dropped, and whether it is told; set by whoever decides so.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self._writer = reader, writer
        self._socket = cast("socket.socket", writer.get_extra_info("socket"))
        host, port = (writer.get_extra_info("peername") or ("?", 0))[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.greeting, self.session, self.since = Greeting(), 0, ""
        self.heard = time.monotonic()
        self.behind = self.returns = False
        self.moved = asyncio.Event()
        self.end: asyncio.Future[tuple[str, bool]] = asyncio.get_running_loop().create_future()
        self._requests = RequestDecoder()
        writer.transport.set_write_buffer_limits(high=UNREAD_BYTES)
        with contextlib.suppress(OSError):  # it has gone already
            tune(self._socket)

    def __str__(self) -> str:
        return f"{self.greeting.who} at {self.address}" if self.greeting.who else self.address

    @property
    def gone(self) -> bool:
        """Whether the client has closed the connection, also while input of it is still unread (not on Windows)."""
        if self._writer.transport.is_closing() or self._socket.fileno() < 0:
            return True
        if not hasattr(select, "poll"):
            return False
        watched = select.poll()
        watched.register(self._socket.fileno(), _HUNG_UP)
        return bool(watched.poll(0))

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken yet, those in the buffers of the system not counted."""
        return self._writer.transport.get_write_buffer_size()

    async def greet(self) -> bytes:
        """Wait for the first frame of the client; return the greeting in it. What follows it stays unread.

        It is HELLO or, if the client only lost its connection, ACK of session 0.

        Raises
        ------
        StrangerError
            If anything else comes, if it is too long, or if it takes too long.
        """
        try:
            async with asyncio.timeout(HELLO_S):
                if await self.reader.readexactly(1) != bytes([DELIMITER]):
                    raise StrangerError("it sent no greeting")
                stuffed = await self.reader.readuntil(bytes([DELIMITER]))
            if len(stuffed) > HELLO_BYTES:
                raise StrangerError("it sent no greeting")
            first = Request.decode(stuffed[:-1])
        except TimeoutError:
            raise StrangerError(f"it sent no greeting within {HELLO_S:g} s") from None
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, FrameError):
            raise StrangerError("it sent no greeting") from None
        self.returns = (first.op, first.session) == (Op.ACK, 0)
        if not (self.returns or first.op == Op.HELLO):
            raise StrangerError("it sent no greeting")
        self.session = first.session
        return first.payload

    def greet_again(self, data: bytes) -> None:
        """Take what a client sends that has to wait: it may repeat HELLO, and nothing else."""
        for frame in self._requests.feed(data):
            if isinstance(frame, FrameError) or frame.op != Op.HELLO:
                raise StrangerError("it sent requests while it had to wait")
            self.session, self.returns = frame.session, False

    def tell(self, status: Status, payload: bytes) -> None:
        """Answer the client's HELLO in the name of the server."""
        self.give(Response(Op.HELLO, status=status, payload=payload, session=self.session).encode())

    def give(self, data: bytes) -> None:
        """Send without waiting: only where little is sent, or `unsent` is watched."""
        if not self._writer.transport.is_closing():
            self._writer.write(data)

    async def send(self, data: bytes) -> None:
        """Send, and wait until the client has taken all but `UNREAD_BYTES`; raises UnreadError, OSError."""
        self.give(data)
        while (unsent := self.unsent) > UNREAD_BYTES:
            try:
                async with asyncio.timeout(UNREAD_S):
                    await self._writer.drain()
            except TimeoutError:
                if self.unsent >= unsent:
                    raise UnreadError from None

    async def refuse(self, status: Status, text: str) -> None:
        """Tell the client why it is not served any longer; its input is thrown away until it has read that."""
        with contextlib.suppress(OSError, TimeoutError):
            self.tell(status, text.encode())
            async with asyncio.timeout(_FAREWELL_S):
                await self._writer.drain()
                self._writer.write_eof()  # closing at once would throw the text away, if input is unread
                while await self.reader.read(UNREAD_BYTES):
                    pass

    def drop(self, why: str, *, tell: bool = False) -> None:
        """Decide that the connection ends."""
        if not self.end.done():
            self.end.set_result((why, tell))

    def close(self) -> None:
        """End the connection; what has not been sent is thrown away."""
        self.end.cancel()
        self._writer.transport.abort()
