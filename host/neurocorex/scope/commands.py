"""Commands to a thread that runs blocks: carried out between two blocks, in their order, each with a future."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from ..errors import DeviceError

Answer = TypeVar("Answer")


class Commands:
    """Commands that wait for the border of a block.

    Parameters
    ----------
    refused : callable
        Called, in the thread, with what a command raised.
    """

    def __init__(self, refused: Callable[[BaseException], None]) -> None:
        self._refused = refused
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False

    def tell(self, act: Callable[[], Answer]) -> Future[Answer]:
        """Have something done; any thread may call it. The future is cancelled if the run has ended, or ends before.

        What it raises is that of the future. An error of the device ends the run as well.
        """
        future: Future[Answer] = Future()

        def obey() -> None:
            if self._closed:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(act())
            except BaseException as error:
                self._refused(error)
                future.set_exception(error)
                if isinstance(error, DeviceError) or not isinstance(error, Exception):
                    raise

        with self._lock:
            if not self._closed:
                self._queue.put(obey)
                return future
        obey()
        return future

    def wake(self) -> None:
        """End the present wait."""
        self._queue.put(None)

    def obey(self, wait_s: float | None) -> None:
        """Carry out the commands that are there; wait for the first one so long, without an end for None."""
        try:
            command = self._queue.get(timeout=None if wait_s is None else max(wait_s, 0.0))
            while command is not None:
                command()
                command = self._queue.get_nowait()
        except queue.Empty:
            pass

    def close(self) -> None:
        """Cancel the commands that are left, and those that come."""
        with self._lock:
            self._closed = True
        self.obey(0.0)
