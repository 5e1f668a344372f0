"""Crew of worker processes: pieces of work go to whoever is free, and those of a lost worker to others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import Any, NamedTuple

from .workers import Answer, Call, Worker, WorkerLost


class Piece(NamedTuple):
    """Piece of work.

    Attributes
    ----------
    key : object
        What the work knows it by.
    call : Call
        What a worker does.
    """

    key: Any
    call: Call


class Work(ABC):
    """Work of a crew: hands out pieces, and takes what came of them."""

    @abstractmethod
    def wants(self, worker: Worker) -> bool:
        """Whether a worker that does not run should be started."""

    @abstractmethod
    def take(self, worker: Worker) -> Piece | None:
        """Return the next piece for a worker that is free; None if there is nothing for it now."""

    @abstractmethod
    def done(self, worker: Worker, key: Any, answer: Answer) -> None:
        """Take the answer of a worker; what this raises ends the work."""

    @abstractmethod
    def lost(self, worker: Worker, key: Any, how: str) -> None:
        """Take note that a worker has ended within a piece, which has to be handed out again."""

    @abstractmethod
    def stillborn(self, worker: Worker, how: str) -> None:
        """Take note that a worker has ended before it was set up."""

    def ready(self, worker: Worker, answer: Answer) -> None:
        """Take the answer to the setup of a worker."""
        answer.result()
        worker.is_ready = True


def carry_out(workers: Sequence[Worker], work: Work) -> None:
    """Have workers do all the work; those that do not run are started when there is something for them.

    If it ends by an error or Ctrl-C, workers within a piece are killed; idle ones stay.
    """
    busy: dict[Any, tuple[Worker, Piece | None]] = {}
    idle = list(workers)
    try:
        while True:
            idle = [worker for worker in idle if not _occupied(worker, work, busy)]
            if not busy:
                return
            for pipe in wait(list(busy)):
                worker, piece = busy[pipe]
                try:
                    answer: Answer | str = worker.answer()
                except WorkerLost as lost:
                    answer = str(lost)
                del busy[pipe]
                idle.append(worker)
                _take(worker, piece, answer, work)
    except BaseException:
        for worker, _ in busy.values():
            worker.kill()
        raise


def _occupied(worker: Worker, work: Work, busy: dict[Any, tuple[Worker, Piece | None]]) -> bool:
    """Give a worker something to do, if there is."""
    piece = None
    if not worker.is_ready:
        if not work.wants(worker):
            return False
        worker.start()
    elif (piece := work.take(worker)) is None:
        return False
    busy[worker.pipe] = worker, piece
    if piece is not None:
        worker.call(piece.call)
    return True


def _take(worker: Worker, piece: Piece | None, answer: Answer | str, work: Work) -> None:
    """Hand the answer of a worker over, or its end."""
    if isinstance(answer, str):
        if piece is None:
            work.stillborn(worker, answer)
        else:
            work.lost(worker, piece.key, answer)
    elif piece is None:
        work.ready(worker, answer)
    else:
        work.done(worker, piece.key, answer)
