"""Servers in a thread or in a process, clients that speak raw frames, and crowds and floods of them."""

import contextlib
import json
import queue
import re
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neurocorex.emulator.transport import VirtualTransport
from neurocorex.server.server import Server
from neurocorex.spec import Op, Request, Response, ResponseDecoder, Status
from neurocorex.wire.socketport import Address
from neurocorex.wire.transport import Transport

from support.fakes import SMALL

TIMEOUT_S = 20.0


class Lines:
    """Lines that a server says, in order."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self.say = self._lines.put

    def until(self, pattern: str) -> str:
        """Return the next line in which a pattern is found; those before it are forgotten."""
        while not re.search(pattern, line := self._lines.get(timeout=TIMEOUT_S)):
            pass
        return line


@contextlib.contextmanager
def serving(transport: Transport | None = None, **options: Any) -> Iterator[tuple[str, Lines]]:
    """Serve a chip, or a small emulator, from a thread of this process; yields the URL and what the server says."""
    chip = transport or VirtualTransport(SMALL, wait=True)
    server, lines = Server(chip, **options), Lines()
    thread = threading.Thread(target=server.serve, args=(lines.say,))
    thread.start()
    try:
        yield server.url, lines
    finally:
        server.close()
        thread.join(TIMEOUT_S)
        chip.close()
        assert not thread.is_alive()


@contextlib.contextmanager
def served_process(*words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `neurocorex serve` in a process; yields the URL and the process, which is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "neurocorex", "serve", *words, "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["device"], process
    finally:
        process.kill()
        process.communicate()


class RawClient:
    """Client that sends what it is told to and reads frames.

    Parameters
    ----------
    url : str
        Of the server.
    greeting : bytes, optional
        HELLO is sent with this payload; None: nothing is sent.
    """

    def __init__(self, url: str, greeting: bytes | None = b"", *, session: int = 0x1234) -> None:
        address = Address.parse(url)
        self.session = session
        self.socket = socket.create_connection((address.host, address.port), timeout=TIMEOUT_S)
        self._decoder = ResponseDecoder()
        self._frames: list[Response] = []
        if greeting is not None:
            self.socket.sendall(b"\0")
            self.send(Op.HELLO, greeting)

    def send(self, op: int, payload: bytes = b"", **fields: int) -> None:
        self.socket.sendall(Request(op, payload=payload, session=self.session, **fields).encode())

    def read(self) -> Response:
        """Return the next frame; raises EOFError if the server has closed the connection."""
        while not self._frames:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                raise EOFError
            for frame in self._decoder.feed(data):
                assert isinstance(frame, Response), frame
                self._frames.append(frame)
        return self._frames.pop(0)

    def until(self, status: int, op: int = Op.HELLO) -> str:
        """Return the payload of the next frame of this kind as text; others before it are forgotten."""
        while ((frame := self.read()).op, frame.status) != (op, status):
            pass
        return frame.payload.decode(errors="replace")

    def at_end(self) -> bool:
        """Whether the server closes the connection without another frame."""
        try:
            self.read()
        except EOFError:
            return True
        return False

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


# For `make fire`, with smaller numbers in the tests ------------------------------------------------


def knock(url: str, count: int) -> int:
    """Connect `count` times in a row, each time with HELLO; return how many were served."""
    served = 0
    for session in range(1, count + 1):
        with RawClient(url, session=1 + session % 0xFFFF) as client:
            served += client.read().status == Status.OK
    return served


def crowd(url: str, count: int, greeting: bytes = b"") -> list[int]:
    """Connect `count` clients at once, each with HELLO; return the status that each is told first."""
    clients: list[RawClient] = []
    told: list[int] = []
    try:
        for session in range(1, count + 1):
            clients.append(RawClient(url, greeting, session=session))
        with selectors.DefaultSelector() as selector:
            for client in clients:
                selector.register(client.socket, selectors.EVENT_READ, client)
            while selector.get_map():
                ready = selector.select(TIMEOUT_S)
                assert ready, f"{len(selector.get_map())} of {count} were told nothing"
                for key, _ in ready:
                    told.append(key.data.read().status)
                    selector.unregister(key.fileobj)
    finally:
        for client in clients:
            client.socket.close()
    return told


def flood(url: str, count: int) -> float:
    """Send up to `count` bytes of valid POLLs without reading, then go; return the seconds until another is served.

    Sending ends early when the server has taken nothing for a second.
    """
    poll = Request(Op.POLL, session=1).encode()
    polls = memoryview(poll * (count // len(poll)))
    with RawClient(url, session=1) as client:
        client.until(Status.OK)
        client.socket.settimeout(1.0)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while polls:
                polls = polls[client.socket.send(polls[: 1 << 16]) :]
    start = time.monotonic()
    for _ in range(1000):  # the other end learns of ours only when it sends something
        with RawClient(url, session=2) as other:
            if other.read().status == Status.OK:
                return time.monotonic() - start
    raise AssertionError("nobody else was served")


def peak_bytes(pid: int) -> int:
    """Most memory that a process has had so far (Linux)."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return 1024 * int(line.split()[1])
