"""TCP server: one client at a time uses a chip, others are told so, wait in a queue, or watch."""

from __future__ import annotations

import asyncio
import hmac
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from ..errors import DeviceError, InputError, NoAnswerError
from ..spec import Op, Request, Status
from ..spec.protocol import DELIMITER
from ..wire.greeting import Greeting, check_token
from ..wire.socketport import Address, reason_of
from ..wire.transport import Transport
from .audience import Audience
from .client import UNREAD_S, Client, StrangerError, UnreadError
from .requests import RequestFilter
from .turns import Turns
from .worker import Worker

#: Silence, in seconds, after which a client loses the chip.
IDLE_S = 600.0
#: Connections at the same time; further ones are closed at once.
CONNECTIONS = 2000
#: Connections that the system keeps until the server has time for them.
_BACKLOG = 1024
#: Bytes that are read from a client at once, and wait for the chip.
_CHUNK_BYTES = 1 << 14
#: Time between two looks at the client that has the chip.
_CHECK_S = 0.1
#: Time without a look at it after which this process must have been stopped.
_PAUSE_S = 1.0

Say = Callable[[str], None]


class Server:
    """Server in front of one chip; see docs/server.md.

    One client has the chip. A request that it leaves incomplete does no harm, and the chip keeps its state: the next
    client begins with HELLO. Everything happens on one event loop, the chip's work in a thread of its own.

    Parameters
    ----------
    transport : Transport
        Bytes to and from the chip, ready to answer; stays open.
    host : str
        Address to listen on; the default can be reached from this machine only.
    port : int
        TCP port, 0 for any free one.
    token : str
        What clients must know; empty: nothing.
    idle_s : float
        Silence, in seconds, after which a client loses the chip.
    queue : bool
        Whether clients may wait until the chip is free.
    share : bool
        Whether clients may watch what the chip sends to another.

    Attributes
    ----------
    host, port : str, int
        Address that it listens on, as a number, and port.
    url : str
        What a client passes to `neurocorex.open`, token included.

    Raises
    ------
    InputError
        If the port cannot be had, or token or time cannot be used.
    """

    def __init__(
        self, transport: Transport, host: str = "127.0.0.1", port: int = 0, *, token: str = "", idle_s: float = IDLE_S,
        queue: bool = False, share: bool = False,
    ) -> None:  # fmt: skip
        if not idle_s > 0:
            raise InputError(f"a client may be silent for more than 0 s, got {idle_s}; the default is {IDLE_S:g}")
        self._token = check_token(token) if token else ""
        self._transport, self._idle_s, self._queue, self._share = transport, idle_s, queue, share
        self._listener = _listen(host, port)
        self.host, self.port = self._listener.getsockname()[:2]
        self.url = str(Address(self.host, self.port, self._token))
        self._lock = threading.RLock()  # of the two below; a signal handler may come while it is held
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def serve(self, say: Say = lambda _line: None) -> None:
        """Serve until `close` is called, from another thread or a signal handler, or the chip goes away.

        Parameters
        ----------
        say : callable
            Called with a line about each client that comes or goes. It must not wait for anything.

        Raises
        ------
        DisconnectedError
            If the chip's end of the transport is gone.
        """
        try:
            asyncio.run(self._run(say))
        finally:
            self._listener.close()

    def close(self) -> None:
        """Let `serve` return soon after; before it is called, just stop listening. The transport stays open."""
        with self._lock:
            self._closed = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)
            else:
                self._listener.close()

    async def _run(self, say: Say) -> None:
        self._stop = asyncio.Event()
        with self._lock:
            if self._closed:
                return
            self._loop = asyncio.get_running_loop()
        self._say = say
        self._failed: asyncio.Future[None] = self._loop.create_future()
        self._turns, self._audience = Turns(queue=self._queue), Audience(share=self._share)
        self._handlers: set[asyncio.Task[None]] = set()
        self._worker = Worker(self._transport)
        listening = await asyncio.start_server(
            self._attend, sock=self._listener, limit=_CHUNK_BYTES, backlog=_BACKLOG
        )  # fmt: skip
        work: list[asyncio.Future[Any]] = [
            self._failed, *map(asyncio.ensure_future, (self._relay_answers(), self._look_after(), self._stop.wait())),
        ]  # fmt: skip
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            with self._lock:
                self._loop = None
            listening.close()
            for each in (*work, *self._handlers):
                each.cancel()
            await asyncio.gather(*work, *self._handlers, return_exceptions=True)
            await self._worker.close()

    # Clients -----------------------------------------------------------------------------------

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection from its first byte to its end."""
        handler = asyncio.current_task()
        assert handler is not None  # noqa: S101  # asyncio calls this as a task
        self._handlers.add(handler)
        client = Client(reader, writer)
        try:
            if self._loop is not None and len(self._handlers) <= CONNECTIONS:
                await self._receive(client)
        except StrangerError as error:
            self._say(f"closed {client}: {error}")
        except OSError:
            pass  # it has gone
        except asyncio.CancelledError:
            pass  # the server ends, and nobody waits for this task
        finally:
            self._turns.leave(client)
            client.close()
            self._handlers.discard(handler)

    async def _receive(self, client: Client) -> None:
        greeting = await client.greet()
        try:
            client.greeting = Greeting.decode(greeting)
        except InputError as error:
            await client.refuse(Status.REFUSED, str(error))
        else:
            if self._token and not hmac.compare_digest(_bytes(client.greeting.token), _bytes(self._token)):
                what = "another token" if client.greeting.token else "a token"
                await client.refuse(Status.REFUSED, f"this server asks for {what}: socket://TOKEN@HOST:PORT")
            elif client.greeting.watch:
                await self._audience.attend(client)
            elif await self._turns.take(client):
                await self._serve(client)

    async def _serve(self, client: Client) -> None:
        """Relay between the chip and the client that has it, until it goes or is dropped."""
        self._say(f"client {client}")
        relaying: asyncio.Future[Any] = asyncio.create_task(self._relay_requests(client))
        try:
            await asyncio.wait([relaying, client.end], return_when=asyncio.FIRST_COMPLETED)
        finally:
            relaying.cancel()
            await asyncio.gather(relaying, return_exceptions=True)
        if not relaying.cancelled():
            relaying.result()  # raises where there is a defect
        why, tell = client.end.result() if client.end.done() else ("went away", False)
        self._turns.leave(client)
        self._say(f"client {client} {why}")
        if tell:
            await client.refuse(Status.REFUSED, f"dropped: this client {why}")

    async def _relay_requests(self, client: Client) -> None:
        """Pass on what the client sends, as fast as the chip takes it."""
        requests = RequestFilter()
        data = bytes([DELIMITER])  # ends what another client may have left incomplete
        if not client.returns:
            data += Request(Op.HELLO, session=client.session).encode()
        try:
            while data:
                if frames := requests.feed(data):
                    client.behind = True
                    await self._worker.write(frames)
                    client.behind = False
                data = await client.reader.read(_CHUNK_BYTES)
                client.heard = time.monotonic()
        except NoAnswerError:
            client.drop("sent more than the chip takes, and did not read its answers")
        except DeviceError as error:
            if not self._failed.done():
                self._failed.set_exception(error)
        except OSError:
            pass  # it has gone
        client.drop("went away")

    async def _relay_answers(self) -> None:
        """Pass on what the chip sends; raises what ended the chip."""
        while True:
            data = await self._worker.read()
            self._audience.give(data)
            if (client := self._turns.owner) is not None:
                try:
                    await client.send(data)
                except UnreadError:
                    client.drop(f"did not read its answers for {UNREAD_S:g} s")
                except OSError:
                    client.drop("went away")

    async def _look_after(self) -> None:
        """Drop the client that has the chip if it has gone or is silent."""
        before = time.monotonic()
        while True:
            await asyncio.sleep(_CHECK_S)
            now = time.monotonic()
            paused, before = now - before > _PAUSE_S, now
            client = self._turns.owner
            if client is None:
                continue
            if paused:  # this process was stopped: what came meanwhile is still unread
                client.heard = now
            if client.gone:
                client.drop("went away")
                self._turns.leave(client)
            elif now - client.heard > self._idle_s:
                client.drop(f"was silent for {self._idle_s:g} s", tell=True)


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port < 1 << 16:
        raise InputError(f"TCP ports are 0 to 65535, got {port}; choose another --port")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = reason_of(error)
        raise InputError(f"cannot listen on {host}:{port} ({reason}); choose another --port or --host") from error


def _bytes(token: str) -> bytes:
    return token.encode(errors="surrogatepass")
