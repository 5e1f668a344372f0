"""Turns of the callers of a device: one call at a time, in the order in which they come, each with its deadline."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

from ..errors import DeviceError, InputError, NoAnswerError
from ..wire.patience import Cancelled, Patience


class Stop:
    """Wish that a call ends, which any thread may have; see `Turn.stoppable` and `Turn.stop`."""

    wished = False


class Call:
    """One call of a method of a device: a context manager that waits for its turn, and gives it back.

    Attributes
    ----------
    name : str
        Method that was called, for messages.
    thread : int
        Thread that called it.
    stop : Stop or None
        What ends it early.
    is_fact : bool
        See `Turn.taken`.
    deadline_s : float or None
        Seconds that it may take in all.
    """

    def __init__(self, turn: Turn, name: str, deadline_s: float | None, stop: Stop | None, *, is_fact: bool) -> None:
        self.name, self.thread, self.stop, self.is_fact = name, threading.get_ident(), stop, is_fact
        self._turn = turn
        self.deadline_s = deadline_s
        self._end = None if deadline_s is None else turn.clock() + deadline_s

    @property
    def left(self) -> float | None:
        """Seconds until its deadline, at least 0; None without one."""
        return None if self._end is None else max(self._end - self._turn.clock(), 0.0)

    def check(self, holder: Call) -> None:
        """Raise what ends the waiting for another call."""
        if self.stop is not None and self.stop.wished:
            raise Cancelled
        if self.left == 0:
            raise NoAnswerError(
                f"{self.name} waited {self.deadline_s:g} s (deadline_s) for {holder.name}, which another thread has "
                "the device for; nothing was done, call it again"
            )

    def __enter__(self) -> Call:
        try:
            self._turn.enter(self)
        except BaseException:
            self._turn.leave(self)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._turn.leave(self)
        except BaseException:  # a second Ctrl-C: others must not wait for ever
            self._turn.leave(self)
            raise


class Turn:
    """Queue of the calls of one device: the first has the device, all others wait.

    Attributes
    ----------
    deadline_s : float or None
        Deadline of calls that name none.
    clock : callable
        Seconds, rising.
    """

    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.monotonic
        self._process = os.getpid()
        # Reentrant, for a signal handler that calls the device while this thread has the lock: it is refused in words.
        self._changed = threading.Condition(threading.RLock())
        self._queue: deque[Call] = deque()
        self._patience: Patience | None = None
        self._local = threading.local()
        self._deadline_s: float | None = None

    @property
    def deadline_s(self) -> float | None:
        """See the class."""
        return self._deadline_s

    @deadline_s.setter
    def deadline_s(self, given: Any) -> None:
        self._deadline_s = checked_deadline(given)

    @property
    def is_ours(self) -> bool:
        """Whether this is the process that opened the device, not a fork of it."""
        return os.getpid() == self._process

    def taken(self, name: str, deadline_s: Any = None, *, is_fact: bool = False) -> Call:
        """Return a call, to be entered.

        Parameters
        ----------
        name : str
            Method that is called.
        deadline_s : float, optional
            Seconds that waiting and work may take together; by default those of the device.
        is_fact : bool
            Whether it only tells what is known once the chip is open; a callback may ask for that.

        Raises
        ------
        InputError
            For a deadline that is no number above 0.
        """
        limit = self._deadline_s if deadline_s is None else checked_deadline(deadline_s)
        return Call(
            self, name, None if limit == math.inf else limit, getattr(self._local, "stop", None), is_fact=is_fact
        )

    def enter(self, call: Call) -> None:
        """Wait until it is the turn of a call.

        Raises
        ------
        DeviceError
            In a callback of a call that this thread has not ended, and in a fork of the process.
        NoAnswerError
            If its deadline passes.
        """
        if not self.is_ours:
            raise DeviceError(
                f"this device was opened by process {self._process} and belongs to it; open it anew in this one"
            )
        with self._changed:
            outer = next((each for each in self._queue if each.thread == call.thread), None)
            if outer is not None:
                if call.is_fact:
                    return
                raise DeviceError(
                    f"{call.name} was called in a callback of {outer.name}, which has the device until it ends; call "
                    f"it after {outer.name}"
                )
            self._queue.append(call)
            while (holder := self._queue[0]) is not call:
                call.check(holder)
                self._changed.wait(call.left)
            self._hurry()

    def leave(self, call: Call) -> None:
        """Give the turn to the next call; does nothing for a call that is not in the queue."""
        if not self.is_ours:
            return
        with self._changed:
            with suppress(ValueError):
                self._queue.remove(call)
            if self._patience is not None and not self._queue:
                self._patience.begin(None)
            self._changed.notify_all()

    def follow(self, patience: Patience) -> None:
        """Give the deadline of the present call, and of all later ones, to the patience of a chip."""
        with self._changed:
            self._patience = patience
            self._hurry()

    @contextmanager
    def stoppable(self, stop: Stop) -> Iterator[None]:
        """Let a wish end the calls of this thread."""
        self._local.stop = stop
        try:
            yield
        finally:
            del self._local.stop

    def stop(self, stop: Stop) -> None:
        """Wish that a call ends, whether it waits or has the device."""
        with self._changed:
            has_device = bool(self._queue) and self._queue[0].stop is stop
            if has_device and not stop.wished and self._patience is not None:
                self._patience.cancel()  # once: a second time would disturb the end in good order
            stop.wished = True
            self._changed.notify_all()

    def _hurry(self) -> None:
        """Tell the chip how long the present call may take."""
        if not self._queue:
            return
        holder = self._queue[0]
        if self._patience is not None:
            self._patience.begin(holder.left)
            self._patience.deadline_s = holder.deadline_s  # what the caller knows, for messages
            if holder.stop is not None and holder.stop.wished:
                self._patience.cancel()


def checked_deadline(given: Any) -> float | None:
    """Return a deadline in seconds, or None; raises InputError."""
    if given is None:
        return None
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not given > 0:
        raise InputError(f"deadline_s must be seconds above 0, or None for no limit, got {given!r}; for example 30.0")
    return float(given)
