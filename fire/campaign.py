"""Case of a campaign: a number of tries from one seed, what each may do, and what is kept of those that fail."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

#: Failures that are kept of a case; one that fails everywhere need not say so 10,000 times.
KEPT = 10


class SkippedError(Exception):
    """Case that cannot be tried here; the reason is its text."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table: what is tried, and how often.

    Attributes
    ----------
    name : str
        Campaign and case, as in ``"frames.emulator"``.
    fact : str
        What must hold, in a sentence.
    unit : str
        What a try is, in the plural.
    count, sample : int
        Tries by command, and in the tests; 0: not in these, because it depends on the hour.
    run : callable
        Makes the tries of a `Work`.
    seconds : int
        About how long `count` tries take, so that the longest case begins first.
    alone : bool
        Measure a speed, so run when all others have ended.
    limit_s : int
        Seconds after which the case is a failure: something waits without end.
    """

    name: str
    fact: str
    unit: str
    count: int
    sample: int
    run: Callable[[Work], None]
    seconds: int
    limit_s: int = 1200
    alone: bool = False


@dataclass
class Work:
    """Tries of one case.

    Attributes
    ----------
    case : Case
        Which one.
    seed : int
        Each try draws from this and its own number.
    count : int
        How many tries, unless there are minutes.
    minutes : float
        How long to go on, whatever the count; 0: not told.
    first : int
        Number of the first try.
    sample : bool
        Make shorter tries, where the case has them.
    done : int
        Tries made.
    failures : list of str
        What failed, each with the command that repeats it.
    notes : list of str
        Figures that the table shows.
    """

    case: Case
    seed: int = 0
    count: int = 1
    minutes: float = 0
    first: int = 0
    sample: bool = False
    done: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def tries(self) -> Iterator[int]:
        """Yield the number of each try, until there were enough or the time is over."""
        end = time.monotonic() + 60 * self.minutes
        for number in itertools.count(self.first):
            if time.monotonic() > end if self.minutes else number >= self.first + self.count:
                return
            yield number
            self.done += 1

    def random(self, number: int) -> random.Random:
        """Return the source of random numbers of one try."""
        return random.Random(f"{self.case.name} {self.seed} {number}")

    def fail(self, what: str, number: int | None = None, repeat: str = "") -> None:
        """Note a failure, of a try by its number or with the command that repeats it."""
        if not repeat:
            only = "" if number is None else f" --first {number} --count 1"
            repeat = f"python -m fire {self.case.name} --seed {self.seed}{' --sample' * self.sample}{only}"
        self.failed += 1
        if len(self.failures) < KEPT:
            self.failures.append(f"{what}\n      again: {repeat}")

    def expect(self, holds: bool, what: str, number: int | None = None) -> None:
        """Note a failure if something does not hold."""
        if not holds:
            self.fail(what, number)
