"""Sweeps on this computer: in this process, and in workers beside it once that is worth their start."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import DisconnectedError, InputError
from . import station
from .crew import Piece, Work, carry_out
from .points import called, is_importable, require_importable, told
from .table import Row
from .workers import UNGUARDED, Answer, Worker, cores

#: What takes the number of a point, and what it found.
Take = Callable[[int, Row], None]
#: How many times a point may end its worker before it is given up.
_LIVES = 3
#: Seconds of work that is left from which on other processes are started, unless their number was given.
_WORTH_S = 10.0
#: Seconds that the first point may take beyond the others: it loads code and the network.
_FIRST_S = 1.0


def sweep_here(work: Callable[..., Any], points: Mapping[int, Row], take: Take) -> None:
    """Call at all points in this process."""
    for number, point in points.items():
        take(number, called(work, point))


def sweep_all_cores(work: Callable[..., Any], points: Mapping[int, Row], take: Take, parts: Iterable[Any]) -> None:
    """Call at all points: in this process, until what is left is worth the start of a worker for each core."""
    count = min(cores(), len(points))
    if count < 2 or not all(is_importable(part) for part in parts):
        sweep_here(work, points, take)
        return
    left = dict(points)
    while left:
        number = next(iter(left))
        begun = time.monotonic()
        take(number, called(work, left.pop(number)))
        took = time.monotonic() - begun - (_FIRST_S if len(left) == len(points) - 1 else 0.0)
        if len(left) > 1 and took * len(left) > _WORTH_S:
            sweep_workers(work, left, take, min(count, len(left)), parts)
            return


def sweep_workers(
    work: Callable[..., Any], points: Mapping[int, Row], take: Take, count: int, parts: Iterable[Any]
) -> None:
    """Call at all points in this many processes."""
    for part in parts:
        require_importable(part)
    workers = [Worker((station.hold, (work,)), count) for _ in range(min(count, len(points)))]
    try:
        carry_out(workers, _Points(points, take))
    finally:
        for worker in workers:
            worker.end()


class _Points(Work):
    """Points that workers take one by one."""

    def __init__(self, points: Mapping[int, Row], take: Take) -> None:
        self._points, self._take = points, take
        self._left = deque(points)
        self._killed: Counter[int] = Counter()
        self._told: set[Any] = set()

    def wants(self, worker: Worker) -> bool:
        return bool(self._left)

    def take(self, worker: Worker) -> Piece | None:
        if not self._left:
            return None
        number = self._left.popleft()
        return Piece(number, (station.perform, (self._points[number],)))

    def done(self, worker: Worker, key: Any, answer: Answer) -> None:
        self._take(key, answer.result(self._told))

    def lost(self, worker: Worker, key: Any, how: str) -> None:
        self._killed[key] += 1
        if self._killed[key] >= _LIVES:
            raise given_up(self._points[key], how)
        self._left.appendleft(key)

    def stillborn(self, worker: Worker, how: str) -> None:
        raise InputError(f"a process of the sweep ended before it began ({how}); {UNGUARDED}")


def given_up(point: Row, how: str) -> DisconnectedError:
    """Error of a point that has ended its worker too often."""
    return DisconnectedError(
        f"the process that worked at {told(point)} ended {_LIVES} times or more ({how}); call the function there by "
        "itself, and look at the memory that it takes"
    )
