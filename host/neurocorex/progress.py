"""Progress bars of whatever takes over two seconds, in terminals and notebook cells; quiet in pipes."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from html import escape
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
#: What is called with (pieces done, pieces of all) from time to time.
Progress = Callable[[int, int], None]
#: What callers say: a function of their own, True for a bar, False for none, None for a bar unless it is not wanted.
Wanted = Progress | bool | None
#: Seconds after which a bar appears, and between two pictures of it in a notebook.
DELAY_S, REFRESH_S = 2.0, 0.2
#: Whether bars that nobody asked for stay away: within another one, and where `quiet` was said.
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
#: Held by the bar that is on the screen: there is room for one.
_screen = threading.Lock()


@contextmanager
def quiet() -> Iterator[None]:
    """Show no bars meanwhile, but those that are asked for by True."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


@contextmanager
def shown(label: str, wanted: Wanted) -> Iterator[Progress | None]:
    """Tell what to call with (done, total) during a piece of work; None if nobody looks.

    Work within this piece shows no bar of its own.

    Parameters
    ----------
    label : str
        What is being done, such as "running".
    wanted
        See `Wanted`.
    """
    if callable(wanted):
        with quiet():
            yield wanted
        return
    place = None if wanted is False or (wanted is None and _quiet.get()) else _place()
    with quiet():
        if place is None:
            yield None
            return
        bar = _Bar(label, place)
        try:
            yield bar
        finally:
            bar.close()


def followed(label: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function whose keyword `progress` is `Wanted`: it gets a function to call, or None."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def following(*arguments: P.args, **options: P.kwargs) -> R:
            wanted: Any = options.pop("progress", None)
            with shown(label, wanted) as told:
                options["progress"] = told
                return function(*arguments, **options)

        return following

    return decorate


class _Painter(Protocol):
    """Bar on a screen."""

    def update(self, done: int, total: int) -> None:
        """Show another state."""

    def close(self) -> None:
        """Take it off the screen."""


class _Bar:
    """Bar that appears once its work has taken a while; a screen that fails is left alone."""

    def __init__(self, label: str, place: Callable[[str], _Painter]) -> None:
        self._label, self._place = label, place
        self._due = time.monotonic() + DELAY_S
        self._painter: _Painter | None = None
        self._failed = self._holds = False

    def __call__(self, done: int, total: int) -> None:
        if self._failed or (self._painter is None and (time.monotonic() < self._due or done >= total)):
            return
        try:
            if self._painter is None:
                self._holds = _screen.acquire(blocking=False)
                if not self._holds:
                    return
                self._painter = self._place(self._label)
            self._painter.update(done, total)
        except Exception:  # the work matters, its picture does not
            self._failed = True
            self.close()

    def close(self) -> None:
        """Take the bar off the screen, if it is there."""
        painter, self._painter = self._painter, None
        if painter is not None:
            with suppress(Exception):
                painter.close()
        if self._holds:
            self._holds = False
            _screen.release()


def _place() -> Callable[[str], _Painter] | None:
    """Return what makes a bar where this process is looked at; None if it is not."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "kernel"):
        return _Cell
    return _Terminal if sys.stderr is not None and sys.stderr.isatty() else None


class _Terminal:
    """Bar on standard error, drawn by rich; it leaves no trace."""

    def __init__(self, label: str) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bars

        self._bars = Bars(console=Console(stderr=True), transient=True)
        self._task = self._bars.add_task(label, total=None)
        self._bars.start()

    def update(self, done: int, total: int) -> None:
        self._bars.update(self._task, completed=done, total=total)

    def close(self) -> None:
        self._bars.stop()


class _Cell:
    """Bar below a cell of a notebook; it needs no widgets, and leaves an empty output."""

    def __init__(self, label: str) -> None:
        from IPython.display import display

        self._label, self._next = label, 0.0
        self._handle: Any = display({"text/plain": label}, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def update(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + REFRESH_S
        text = f"{self._label}: {done} of {total}"
        html = f'{escape(self._label)} <progress value="{done}" max="{total}"></progress> {done} of {total}'
        self._handle.update({"text/plain": text, "text/html": html}, raw=True)

    def close(self) -> None:
        self._handle.update({"text/plain": "", "text/html": ""}, raw=True)
