"""Pieces of the work of a pool: some samples of a batch, or one of many items, for whichever device is free."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..device.result import Result
from ..emulator.generator import advanced
from ..errors import DisconnectedError, GarbageError, NoAnswerError
from ..events.arrays import Ints
from ..progress import Progress
from ..spec import Control
from . import seat
from .crew import Piece, Work
from .workers import Answer, Worker

#: What a device raises that has gone, so that its piece goes to another one.
GONE = (DisconnectedError, GarbageError, NoAnswerError)
#: Seconds that a piece should take: long beside its exchange, short beside the batch.
_PIECE_S = 0.25
#: What is called when a device is lost, with the reason; it returns whether it may be tried again.
Lose = Callable[[Worker, str], bool]


class Shared(Work):
    """Work that goes on with the other devices when one is lost.

    Parameters
    ----------
    lose : callable
        Told of a loss.
    """

    def __init__(self, lose: Lose) -> None:
        self._lose = lose
        self._given_up: set[Worker] = set()
        self._told: set[Any] = set()

    @property
    @abstractmethod
    def left(self) -> int:
        """Pieces, or samples, that nobody has taken."""

    @abstractmethod
    def put_back(self, key: Any) -> None:
        """Take a piece back that was not done."""

    @abstractmethod
    def finish(self, worker: Worker, key: Any, value: Any) -> None:
        """Take what came of a piece."""

    def wants(self, worker: Worker) -> bool:
        """Whether there is work for it."""
        return self.left > 0 and worker not in self._given_up

    def lost(self, worker: Worker, key: Any, how: str) -> None:
        """Hand its piece to another one."""
        self.put_back(key)
        self.stillborn(worker, f"its process ended, {how}")

    def stillborn(self, worker: Worker, how: str) -> None:
        """Take note that it is gone."""
        worker.kill()
        if not self._lose(worker, how):
            self._given_up.add(worker)

    def ready(self, worker: Worker, answer: Answer) -> None:
        """Take note that it is set up."""
        if isinstance(answer.error, GONE):
            self.stillborn(worker, str(answer.error))
        else:
            super().ready(worker, answer)

    def done(self, worker: Worker, key: Any, answer: Answer) -> None:
        """Keep what came of a piece."""
        if isinstance(answer.error, GONE):
            self.put_back(key)
            self.stillborn(worker, str(answer.error))
        else:
            self.finish(worker, key, answer.result(self._told))


class Batch(Shared):
    """Samples of one run; pieces grow with the pace of a device.

    Parameters
    ----------
    lose : callable
        As of `Shared`.
    samples, steps : int
        How many, and steps of each.
    arrays : mapping of str to array [samples, steps, ...]
        Arguments of `Device.run` that are cut into pieces.
    options : mapping
        The other ones.
    devices : int
        How many share the work.
    random : mapping of Control to int
        States of the generators that move on in every step, at the start of the run.
    told : callable or None
        Progress in samples.
    """

    def __init__(
        self, lose: Lose, samples: int, steps: int, arrays: Mapping[str, Any], options: Mapping[str, Any], *,
        devices: int, random: Mapping[Control, int], told: Progress | None,
    ) -> None:  # fmt: skip
        super().__init__(lose)
        self._samples, self._steps, self._arrays, self._options = samples, steps, arrays, options
        self._devices, self._random, self._progress = devices, random, told
        self._ranges: deque[tuple[int, int]] = deque([(0, samples)])
        self._paces: dict[Worker, float] = {}
        self._begun: dict[Worker, float] = {}
        self.results: dict[int, Result] = {}

    @property
    def left(self) -> int:
        """How much nobody has taken."""
        return sum(max(stop - start, 1) for start, stop in self._ranges)

    def take(self, worker: Worker) -> Piece | None:
        """Hand out the next piece."""
        if not self._ranges:
            return None
        start, stop = self._ranges.popleft()
        most = max(self.left + stop - start, 1) // (2 * self._devices)
        size = min(int(self._paces.get(worker, 0) * _PIECE_S), most)
        middle = min(start + max(size, 1), stop)
        if middle < stop:
            self._ranges.appendleft((middle, stop))
        cut = {name: array[start:middle] for name, array in self._arrays.items()}
        random = {each: advanced(state, start * self._steps) for each, state in self._random.items()}
        self._begun[worker] = time.monotonic()
        return Piece((start, middle), (seat.run, ({**self._options, **cut, "steps": self._steps}, random)))

    def put_back(self, key: Any) -> None:
        """Take a piece back."""
        self._ranges.appendleft(key)

    def finish(self, worker: Worker, key: Any, value: Any) -> None:
        """Keep what came of a piece."""
        start, stop = key
        self._paces[worker] = (stop - start) / max(time.monotonic() - self._begun[worker], 1e-6)
        self.results[start] = value
        if self._progress is not None:
            self._progress(sum(each.samples or 0 for each in self.results.values()), self._samples)

    def joined(self) -> tuple[Result | None, list[int]]:
        """Return the result of the samples that are done, in order, and their numbers."""
        starts = sorted(self.results)
        parts = [self.results[start] for start in starts]
        numbers = [
            n for start, part in zip(starts, parts, strict=True) for n in range(start, start + (part.samples or 0))
        ]
        return joined(parts) if parts else None, numbers

    def partial(self) -> tuple[Result | None, list[int]]:
        """Return the same of a run that was ended early, whose result says so."""
        found, numbers = self.joined()
        return found and replace(found, stopped_at=found.steps * len(numbers)), numbers


class Items(Shared):
    """Items that a function is called with, one by one."""

    def __init__(self, lose: Lose, function: Callable[..., Any], items: Sequence[Any], told: Progress | None) -> None:
        super().__init__(lose)
        self._function, self._items, self._progress = function, items, told
        self._numbers = deque(range(len(items)))
        self.values: dict[int, Any] = {}

    @property
    def left(self) -> int:
        """How much nobody has taken."""
        return len(self._numbers)

    def take(self, worker: Worker) -> Piece | None:
        """Hand out the next piece."""
        if not self._numbers:
            return None
        number = self._numbers.popleft()
        return Piece(number, (seat.call, (self._function, self._items[number])))

    def put_back(self, key: Any) -> None:
        """Take a piece back."""
        self._numbers.appendleft(key)

    def finish(self, worker: Worker, key: Any, value: Any) -> None:
        """Keep what came of a piece."""
        self.values[key] = value
        if self._progress is not None:
            self._progress(len(self.values), len(self._items))


class Each(Work):
    """One call for each of some workers; the loss of any is an error.

    Parameters
    ----------
    calls : mapping of Worker to Call or None
        What they do; None: no more than begin.
    names : mapping of Worker to str
        Names of their devices.
    told : callable or None
        Progress in workers.
    """

    def __init__(self, calls: Mapping[Worker, Any], names: Mapping[Worker, str], told: Progress | None = None) -> None:
        self._calls, self._names, self._progress = dict(calls), names, told
        self._total = len(self._calls)
        self.values: dict[Worker, Any] = {}
        self.begun: dict[Worker, Any] = {}

    def wants(self, worker: Worker) -> bool:
        """Whether there is work for it."""
        return worker in self._calls

    def take(self, worker: Worker) -> Piece | None:
        """Hand out the next piece."""
        call = self._calls.pop(worker, None)
        return None if call is None else Piece(worker, call)

    def ready(self, worker: Worker, answer: Answer) -> None:
        """Take note that it is set up."""
        self.begun[worker] = self._told(worker, answer)
        worker.is_ready = True

    def done(self, worker: Worker, key: Any, answer: Answer) -> None:
        """Keep what came of a piece."""
        self.values[worker] = self._told(worker, answer)
        if self._progress is not None:
            self._progress(len(self.values), self._total)

    def _told(self, worker: Worker, answer: Answer) -> Any:
        try:
            return answer.result()
        except Exception as error:
            error.add_note(f"of {self._names[worker]} in the pool")
            raise

    def lost(self, worker: Worker, key: Any, how: str) -> None:
        """Hand its piece to another one."""
        self.stillborn(worker, how)

    def stillborn(self, worker: Worker, how: str) -> None:
        """Take note that it is gone."""
        raise DisconnectedError(f"the process of {self._names[worker]} ended while it was opened or loaded ({how})")


def joined(parts: Sequence[Result]) -> Result:
    """Join results of samples that follow each other; counters are summed."""
    counts = np.cumsum([0, *(part.samples or 0 for part in parts)])
    return replace(
        parts[0],
        samples=int(counts[-1]),
        spike_samples=np.concatenate([part.spike_samples + n for part, n in zip(parts, counts[:-1], strict=True)]),
        spike_times=np.concatenate([part.spike_times for part in parts]),
        spike_neurons=np.concatenate([part.spike_neurons for part in parts]),
        spike_counts=np.concatenate([part.spike_counts for part in parts]),
        v_items=np.concatenate([part.v_items for part in parts]),
        i_items=_concatenated([part.i_items for part in parts]),
        first_items=_concatenated([part.first_items for part in parts]),
        winner_items=_concatenated([part.winner_items for part in parts]),
        report_items=np.concatenate([_later(part, n) for part, n in zip(parts, counts[:-1], strict=True)], axis=1),
        counters={name: sum(part.counters[name] for part in parts) for name in parts[0].counters},
    )


def _concatenated(parts: Sequence[npt.NDArray[Any] | None]) -> npt.NDArray[Any] | None:
    """Return arrays of all parts as one; None if there are none."""
    given = [part for part in parts if part is not None]
    return np.concatenate(given) if given else None


def _later(part: Result, samples: int) -> Ints:
    """Return the reports of a part that so many samples come before."""
    later: Ints = part.report_items + np.array([[samples * part.steps], [0], [0]])
    return later
