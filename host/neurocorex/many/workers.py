"""Worker processes: each does one piece of work at a time, and can die without harm to the others."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from ..errors import InputError
from ..progress import quiet

#: A function that the other process can import, and its arguments.
Call = tuple[Callable[..., Any], tuple[Any, ...]]
#: Seconds that a worker gets to close what it has open, before it is killed.
_CLOSING_S = 5.0


class WorkerLost(Exception):  # noqa: N818  # a fact rather than an error: it never leaves this room
    """Worker process that has ended, whatever it was doing."""


class Answer(NamedTuple):
    """Answer of a worker to one call.

    Attributes
    ----------
    value : object
        What the function returned.
    error : BaseException or None
        What it raised.
    told : tuple of (str, type)
        Its warnings.
    trace : str
        Traceback of the error.
    """

    value: Any
    error: BaseException | None
    told: tuple[tuple[str, type[Warning]], ...] = ()
    trace: str = ""

    def result(self, seen: set[Any] | None = None) -> Any:
        """Tell the warnings in this process; return the value, or raise the error, caused by where it came from.

        Warnings that are in `seen` are not told again; the others are added to it.
        """
        seen = set() if seen is None else seen
        for each in self.told:
            if each not in seen:
                seen.add(each)
                warnings.warn(*each, stacklevel=2)
        if self.error is not None:
            raise self.error from _ElsewhereError(self.trace)
        return self.value


class _ElsewhereError(Exception):
    """Traceback of another process, as text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class Worker:
    """Process that calls functions, one at a time. It is started, not forked, which would share threads and devices.

    Parameters
    ----------
    setup : Call
        Called first, whenever the process is started.
    share : int
        Workers of this computer that share its cores.

    Attributes
    ----------
    is_ready : bool
        Whether it runs and has been set up.
    """

    def __init__(self, setup: Call, share: int) -> None:
        self.setup, self._share = setup, share
        self.is_ready = False
        self._process: Any = None
        self._pipe: Connection[Any, Any] | None = None

    @property
    def pipe(self) -> Connection[Any, Any]:
        """Pipe to the process, to wait for its answers."""
        if self._pipe is None:
            raise WorkerLost("it was not started")
        return self._pipe

    def start(self) -> None:
        """Start the process anew, and have it call `setup`; `answer` returns what comes of that."""
        self.kill()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._share), daemon=True)
        with _without_interrupts():
            self._process.start()
        theirs.close()
        self.call(self.setup)

    def call(self, call: Call) -> None:
        """Have the process do a piece of work. One that has died is found by `answer`."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send(call)

    def answer(self) -> Answer:
        """Wait for the answer to the last call; raises WorkerLost if the process ends without."""
        try:
            answer: Answer = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(_CLOSING_S)
            code = self._process.exitcode
            self.kill()
            raise WorkerLost("by an unknown cause" if code is None else f"exit code {code}") from None
        return answer

    def end(self) -> None:
        """End the process once it is idle: it closes its devices."""
        if self._pipe is not None:
            self._pipe.close()
            self._process.join(_CLOSING_S)
        self.kill()

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        self.is_ready = False
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def require_main() -> None:
    """Raise InputError in a process that a worker is being started in: its script calls what it should guard."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise InputError(UNGUARDED)


#: What scripts have to do, because each worker imports them.
UNGUARDED = 'a script that uses several processes has to guard its calls by: if __name__ == "__main__":'


def cores() -> int:
    """Cores that this process may use; 1 within a worker, which starts no others."""
    if multiprocessing.current_process().daemon:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _without_interrupts:  # noqa: N801  # used as a function
    """Ctrl-C is for the process that started the workers: it is held off in theirs until they can ignore it."""

    def __enter__(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            self._before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_SETMASK, self._before)


# Within the process ----------------------------------------------------------------------------


def _serve(pipe: Connection[Any, Any], share: int) -> None:
    """Answer calls until the pipe is closed."""
    from ..emulator import parallel
    from .seat import leave
    from .station import close_all

    # A function rather than SIG_IGN, which programs started from here would inherit.
    signal.signal(signal.SIGINT, _pass_over)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_follow_parent, daemon=True).start()
    parallel.WORKERS = max(parallel.WORKERS // share, 1)
    try:
        with suppress(EOFError, OSError), quiet():
            while True:
                pipe.send_bytes(_packed(_answer(pipe)))
    finally:
        close_all()
        leave()


def _pass_over(_signal: int, _frame: object) -> None:
    """Do nothing."""


def _follow_parent() -> None:
    """End with the process that started this one, in the middle of a call as well."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(pipe: Connection[Any, Any]) -> Answer:
    """Take a call and carry it out."""
    data = pipe.recv_bytes()
    value, error, trace = None, None, ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            function, arguments = _unpacked(data)
            value = function(*arguments)
        except BaseException as raised:
            error, trace = _portable(raised), traceback.format_exc()
    told = dict.fromkeys((str(each.message), each.category) for each in caught)
    return Answer(value, error, tuple(told), trace)


def _unpacked(data: bytes) -> Call:
    try:
        call: Call = pickle.loads(data)  # noqa: S301  # from the process that started this one
    except (AttributeError, ImportError) as error:
        raise InputError(f"another process cannot import what it should call: {error}") from error
    return call


def _packed(answer: Answer) -> bytes:
    """Return an answer as bytes, or as the error that it cannot be sent."""
    try:
        return pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        refused = InputError(f"what a function returned cannot be sent between processes: {error}; return numbers")
        return pickle.dumps(Answer(None, refused))


def _portable(error: BaseException) -> BaseException:
    """Return an error that can be sent, or one that has its words."""
    try:
        copy: BaseException = pickle.loads(pickle.dumps(error))  # noqa: S301  # made in the same line
    except Exception:
        copy = RuntimeError(f"{type(error).__name__}: {error}")
        for note in getattr(error, "__notes__", ()):
            copy.add_note(note)
    return copy
