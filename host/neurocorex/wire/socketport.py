"""Transport over TCP: a chip behind `neurocorex serve`, or behind any relay of raw bytes such as ser2net."""

from __future__ import annotations

import logging
import os
import re
import socket
from dataclasses import dataclass
from itertools import count

from ..errors import DisconnectedError, InputError, NoAnswerError
from ..spec import Op, Request, Response, ResponseDecoder, Status
from ..spec.protocol import DELIMITER
from .descriptors import Descriptors
from .greeting import TOKEN, Greeting, myself
from .transport import Transport

#: Time that a server gets to accept a connection.
CONNECT_S = 10.0
#: A peer that is cut off without a word is noticed after ``idle + count * interval`` seconds.
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
#: Bytes in which the last words of a server are looked for.
_LAST_BYTES = 4096

#: Numbers of the connections of this process: a server tells them apart by their names.
_NUMBERS = count(1)
_LOGGER = logging.getLogger("neurocorex")
_URL = re.compile(
    rf"socket://((?P<token>{TOKEN})@)?(\[(?P<six>[0-9A-Fa-f:.]+(%\w+)?)\]|(?P<host>[\w.-]+)):(?P<port>\d{{1,5}})"
    r"(?P<wait>\?wait)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a server: ``socket://[TOKEN@]HOST:PORT[?wait]``.

    Attributes
    ----------
    host : str
        Name, IPv4 address, or IPv6 address without its brackets.
    port : int
        TCP port, 1 to 65535.
    token : str
        Secret that the server asks for; empty for none.
    wait : bool
        Whether to wait in the server's queue while another client has the chip.
    """

    host: str
    port: int
    token: str = ""
    wait: bool = False

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read a URL; raises InputError if it is none of a server. An IPv6 address stands in brackets."""
        found = _URL.fullmatch(url)
        if found is None or not 0 < int(found["port"]) < 1 << 16:
            shown = re.sub(r"//.*@", "//TOKEN@", url)  # a token does not belong into a message
            raise InputError(
                f"{shown!r} is no address of a server; write socket://HOST:PORT such as socket://127.0.0.1:4000 or "
                "socket://[::1]:4000, socket://TOKEN@HOST:PORT for a server with a token, and ?wait at the end to queue"
            )
        return cls(found["six"] or found["host"], int(found["port"]), found["token"] or "", bool(found["wait"]))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        token = f"{self.token}@" if self.token else ""
        return f"socket://{token}{host}:{self.port}{'?wait' if self.wait else ''}"


class SocketTransport(Transport):
    """TCP connection to a chip behind a server, or behind a relay of raw bytes (POSIX only).

    Parameters
    ----------
    url : str
        ``socket://[TOKEN@]HOST:PORT[?wait]``, see `Address`.
    watch : bool
        Whether to ask the server for what the chip sends, instead of for the chip.

    Raises
    ------
    InputError
        If the URL is no address of a server.
    NoAnswerError
        If nobody accepts the connection.
    """

    def __init__(self, url: str, *, watch: bool = False) -> None:
        self._url, self._watch = url, watch
        address = Address.parse(url)
        self.name = str(Address(address.host, address.port))
        self.greeting = Greeting(
            token=address.token, wait=address.wait, watch=watch, who=myself(next(_NUMBERS))
        ).encode()
        try:
            self._socket = socket.create_connection((address.host, address.port), timeout=CONNECT_S)
        except (OSError, UnicodeError) as error:
            reason = reason_of(error)
            raise NoAnswerError(f"cannot open {self.name!r} ({reason}); does `neurocorex serve` run there?") from error
        tune(self._socket)
        self._stream = Descriptors(self.name, self._socket.fileno(), self._socket.fileno())
        self._last = b""

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there; see `Transport.read`."""
        self._check_open()
        try:
            data = self._stream.read(timeout_s)
        except DisconnectedError as error:
            raise self._explained(error) from error
        self._last = (self._last + data)[-_LAST_BYTES:]
        return data

    def write(self, data: bytes) -> None:
        """Hand over all bytes; see `Transport.write`."""
        self._check_open()
        try:
            self._stream.write(data, self.write_timeout_s)
        except DisconnectedError as error:
            raise self._explained(error) from error

    def check(self) -> None:
        """Raise DisconnectedError if the other end is known to be gone; see `Transport.check`."""
        self._check_open()
        try:
            self._stream.check()
        except DisconnectedError as error:
            raise self._explained(error) from error

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def again(self) -> SocketTransport:
        """Close the connection and return a new one; see `Transport.again`.

        A server gets the greeting in an ACK of session 0 instead of HELLO, which would end the session. To a chip
        behind a bare relay that frame means nothing.
        """
        self.close()
        try:
            fresh = SocketTransport(self._url, watch=self._watch)
        except NoAnswerError as error:
            raise DisconnectedError(f"{self.name} is not back yet: {error}") from error
        fresh.greeting = self.greeting
        fresh.write(bytes([DELIMITER]) + Request(Op.ACK, payload=self.greeting).encode())
        return fresh

    def _check_open(self) -> None:
        if self._socket.fileno() < 0:
            raise DisconnectedError(f"{self.name} was closed; open it again")

    def _explained(self, error: DisconnectedError) -> DisconnectedError:
        """Add what the server said before it closed the connection, if it said anything."""
        try:
            while len(self._last) < 2 * _LAST_BYTES and (data := self._stream.read(0)):
                self._last += data
        except DisconnectedError:
            pass  # all has been read
        for frame in reversed(list(ResponseDecoder().feed(b"\0" + self._last))):
            if isinstance(frame, Response) and frame.op == Op.HELLO and frame.status in (Status.BUSY, Status.REFUSED):
                said = frame.payload.decode(errors="replace")
                _LOGGER.warning("%s: %s", self.name, said)
                return DisconnectedError(f"{self.name} closed the connection: {said}")
        return error


def tune(connection: socket.socket) -> None:
    """Let small frames leave at once, and notice a peer that was cut off without a word."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # not every system has all of them
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def reason_of(error: Exception) -> str:
    """Return in words why a socket cannot be had, without the number of the error."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number is not None and number > 0 else str(error)
