"""Patience of a call: its deadline, and its cancellation from another thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..errors import NoAnswerError


class Cancelled(KeyboardInterrupt):
    """The call was cancelled from another thread: it ends as by Ctrl-C, the chip is stopped in order."""


class Patience:
    """Time that a call may take; every wait of a link or an emulated chip asks it.

    Parameters
    ----------
    clock : callable
        Seconds, rising.

    Attributes
    ----------
    deadline_s : float or None
        Seconds that the present call may take in all; None: without end.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.deadline_s: float | None = None
        self._end: float | None = None
        self._cancelled = threading.Event()

    def begin(self, deadline_s: float | None = None) -> None:
        """Begin a call: its time runs from now on, and an earlier `cancel` does not reach it."""
        self.deadline_s = deadline_s
        self._end = None if deadline_s is None else self.clock() + deadline_s
        self._cancelled.clear()

    def left(self) -> float | None:
        """Return the seconds that are left, at least 0; None without a deadline."""
        return None if self._end is None else max(self._end - self.clock(), 0.0)

    def limit(self, wait_s: float) -> float:
        """Return how long to wait where without a deadline it would be `wait_s` seconds."""
        left = self.left()
        return wait_s if left is None else min(wait_s, left)

    def cancel(self) -> None:
        """End the present call with `Cancelled`; from any thread."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise if the call has to end: Cancelled, once for each `cancel`, or NoAnswerError past the deadline."""
        if self._cancelled.is_set():
            self._cancelled.clear()
            raise Cancelled
        if self._end is not None and self.clock() >= self._end:
            raise NoAnswerError(
                f"the device took longer than deadline_s={self.deadline_s:g}; allow more time, or go on with resume"
            )
