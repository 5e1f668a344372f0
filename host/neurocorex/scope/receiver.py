"""Receiver of address events on a UDP port: a thread, a bounded buffer, and exact counts."""

from __future__ import annotations

import ipaddress
import re
import selectors
import socket
import threading
from collections import deque
from dataclasses import fields
from typing import Any

import numpy as np

from ..encode.checks import count_of
from ..encode.pixels import Ints
from ..errors import DisconnectedError, InputError
from .aercounts import AerCounts
from .datagrams import Sequence, read_datagram

#: Where events are received unless another place is named: this computer only, and jAER's port.
HOST, PORT = "127.0.0.1", 8991
#: Bytes of the largest datagram, bytes that the system is asked to hold for us, and senders whose numbers are followed.
_LARGEST, _SYSTEM_BYTES, _SENDERS = 1 << 16, 1 << 21, 64
_URL = re.compile(r"udp://(\[(?P<six>[0-9A-Fa-f:.]+(%\w+)?)\]|(?P<host>[\w.-]+))?(:(?P<port>\d{1,5}))?", re.ASCII)


class Receiver:
    """Receiver of datagrams of address events, from any sender that can reach its address.

    Parameters
    ----------
    url : str
        ``udp://HOST:PORT``, see `AerSource`.
    numbered : bool
        Whether datagrams begin with a number.
    capacity : int
        Events that wait at most; the oldest ones are dropped when more come.

    Attributes
    ----------
    url : str
        Where it receives, with the port that was taken.

    Raises
    ------
    InputError
        For a URL that cannot be, or an address or port that cannot be taken.
    """

    def __init__(self, url: str, *, numbered: bool, capacity: int) -> None:
        self.numbered, self._capacity = numbered, count_of("capacity", capacity)
        self._socket = _bound(url)
        host, port = self._socket.getsockname()[:2]
        self.url = f"udp://[{host}]:{port}" if ":" in host else f"udp://{host}:{port}"
        self._lock = threading.Lock()
        self._buffer: deque[tuple[Ints, Ints]] = deque()
        self._held = 0
        self._counts = dict.fromkeys((field.name for field in fields(AerCounts)), 0)
        self._senders: dict[Any, Sequence] = {}
        self._error: OSError | None = None
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._receive, name="aer", daemon=True)

    def start(self) -> None:
        """Begin to receive."""
        self._thread.start()

    def close(self) -> None:
        """End the thread, and give the port back."""
        self._wake.close()
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()
        self._woken.close()

    @property
    def running(self) -> bool:
        """Whether the thread is at work."""
        return self._thread.is_alive()

    @property
    def counts(self) -> AerCounts:
        """What became of everything until now; all counts are of the same moment."""
        with self._lock:
            return AerCounts(**self._counts)

    def take(self) -> tuple[Ints, Ints]:
        """Return addresses and times, int64 [E], of the events that wait.

        They count as waiting until `count` says what became of them. Raises DisconnectedError if the socket failed.
        """
        if self._error is not None:
            raise DisconnectedError(f"receiving events on {self.url} failed: {self._error.strerror}")
        with self._lock:
            taken, self._held = [*self._buffer], 0
            self._buffer.clear()
        empty = np.empty(0, np.int64)
        return np.concatenate([empty, *(one for one, _ in taken)]), np.concatenate([empty, *(one for _, one in taken)])

    def count(self, **changes: int) -> None:
        """Change counts, all at once."""
        with self._lock:
            for name, change in changes.items():
                self._counts[name] += change

    # In the thread -----------------------------------------------------------------------------

    def _receive(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while self._woken not in [key.fileobj for key, _ in selector.select()]:
                try:
                    data, sender = self._socket.recvfrom(_LARGEST)
                except (BlockingIOError, ConnectionError):
                    continue  # the system threw away what it had announced, or tells of something that we sent
                except OSError as error:
                    self._error = error
                    return
                self._add(data, sender)

    def _add(self, data: bytes, sender: Any) -> None:
        """Take a datagram."""
        content = read_datagram(data, self.numbered)
        with self._lock:
            self._counts["datagrams"] += 1
            if content is None:
                self._counts["damaged"] += 1
            elif content.number is None or self._is_new(content.number, sender):
                events = len(content.address)
                if events:  # what has none would take room that nobody counts
                    self._buffer.append((content.address, content.time_us))
                self._counts["received"] += events
                self._counts["waiting"] += events
                self._held += events
                self._drop()

    def _is_new(self, number: int, sender: Any) -> bool:
        """Count what the number of a datagram says, and return whether it is none that is repeated."""
        if sender not in self._senders and len(self._senders) == _SENDERS:
            del self._senders[next(iter(self._senders))]
        sequence = self._senders.setdefault(sender, Sequence())
        found = sequence.take(number)
        self._counts["lost"] += found.lost
        for name in ("late", "repeated", "restarts"):
            self._counts[name] += name == found.what
        return found.what != "repeated"

    def _drop(self) -> None:
        """Drop the oldest events that the buffer cannot hold."""
        while (excess := self._held - self._capacity) > 0:
            address, time_us = self._buffer.popleft()
            if len(address) > excess:
                self._buffer.appendleft((address[excess:], time_us[excess:]))
            gone = min(excess, len(address))
            self._held -= gone
            self._counts["dropped"] += gone
            self._counts["waiting"] -= gone


def _bound(url: str) -> socket.socket:
    """Return a socket that receives at an address."""
    found = _URL.fullmatch(url)
    port = PORT if found is None or found["port"] is None else int(found["port"])
    if found is None or port >= 1 << 16:
        raise InputError(
            f"{url!r} is no place to receive at; write udp://HOST:PORT such as udp://{HOST}:{PORT} or udp://[::1]:{PORT}"
        )
    host = found["six"] or found["host"] or HOST
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        if ipaddress.ip_address(str(address[0]).partition("%")[0]).is_multicast:
            raise InputError(f"{url} is an address of a group, which is not supported; have the events sent to {HOST}")
        receiving = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"cannot receive at {url}: {error.strerror}") from None
    except UnicodeError:
        raise InputError(f"cannot receive at {url}: {host!r} is no name of a computer") from None
    try:
        receiving.bind(address)
    except OSError as error:
        receiving.close()
        raise InputError(f"cannot receive at {url}: {error.strerror}; take another port, or 0 for any") from None
    receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SYSTEM_BYTES)
    receiving.setblocking(False)
    return receiving
