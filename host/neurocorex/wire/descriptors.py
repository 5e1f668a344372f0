"""File descriptors as a duplex byte stream that never blocks one direction on the other (POSIX)."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque

from ..errors import DisconnectedError, NoAnswerError
from .transport import WRITE_TIMEOUT_S

_CHUNK_BYTES = 1 << 16
#: Bytes that are read ahead at most; who sends more without taking anything is no chip.
_AHEAD_BYTES = 1 << 24


class Descriptors:
    """A pair of POSIX file descriptors; a write never waits while there is something to read.

    A chip whose transmit buffers are full takes no requests until its answers are read. So a write that finds no room
    reads ahead, unless another thread is reading already.
    """

    def __init__(self, name: str, read_fd: int, write_fd: int) -> None:
        self._name, self._read_fd, self._write_fd = name, read_fd, write_fd
        self._ahead: deque[bytes] = deque()
        self._reader = threading.Lock()
        for fd in (read_fd, write_fd):
            os.set_blocking(fd, False)

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there; see `Transport.read`."""
        with self._reader:
            if self._ahead:
                return self._ahead.popleft()
            return self._take() if select.select([self._read_fd], [], [], timeout_s)[0] else b""

    def write(self, data: bytes, timeout_s: float = WRITE_TIMEOUT_S) -> None:
        """Hand over all bytes; raises NoAnswerError once none was taken for `timeout_s`; see `Transport.write`."""
        left, taken = memoryview(data), time.monotonic()
        alone = self._reader.acquire(blocking=False)
        try:
            while left:
                watched = [self._read_fd] if alone and sum(map(len, self._ahead)) < _AHEAD_BYTES else []
                wait_s = max(taken + timeout_s - time.monotonic(), 0.0)
                readable, writable, _ = select.select(watched, [self._write_fd], [], wait_s)
                if readable:
                    self._ahead.append(self._take())
                if writable:
                    left, taken = left[self._put(left) :], time.monotonic()
                elif time.monotonic() >= taken + timeout_s:
                    raise NoAnswerError(f"{self._name} takes no more bytes; check that it runs, then open it again")
        finally:
            if alone:
                self._reader.release()

    def check(self) -> None:
        """Raise DisconnectedError if the other end is known to be gone; see `Transport.check`."""
        if not self._reader.acquire(blocking=False):
            return  # another thread reads, and will notice
        try:
            if not self._ahead and select.select([self._read_fd], [], [], 0)[0]:
                self._ahead.append(self._take())
        finally:
            self._reader.release()

    def _take(self) -> bytes:
        try:
            data = os.read(self._read_fd, _CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise DisconnectedError(f"{self._name} went away while reading: {error}") from error
        if not data:  # readable, and yet nothing: end of file
            raise DisconnectedError(f"{self._name} went away; check cable and power, then open it again")
        return data

    def _put(self, data: memoryview) -> int:
        try:
            return os.write(self._write_fd, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise DisconnectedError(f"{self._name} went away while writing: {error}") from error
