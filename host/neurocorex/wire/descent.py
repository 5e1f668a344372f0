"""Descent of a session to slower rates: how much damage sets it off, and to which rates it leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

#: Damaged frames, more of which than these make a session go to a slower rate.
DAMAGED = 8
#: Good frames for which one damaged frame is forgotten: damage below one in so many is repaired, and that is all.
FORGIVEN = 64
#: Damaged frames, counted from there on, after which nothing more is expected to get through at a rate.
HOPELESS = 2 * DAMAGED


class Step(NamedTuple):
    """Rate of a chip.

    Attributes
    ----------
    baud : int
        Bits per second.
    divisor : int
        Clock cycles of the chip per bit that make it.
    """

    baud: int
    divisor: int


@dataclass(slots=True)
class Descent:
    """Rates below the present one, and the damage at the present one.

    Attributes
    ----------
    steps : list of Step
        Slower rates, the fastest first; the last is the one after reset. Empty: no damage leads anywhere.
    made : list of (int, int)
        Rates that were left, and what they were left for, in bits per second; for who tells the user.
    """

    steps: list[Step] = field(default_factory=list)
    made: list[tuple[int, int]] = field(default_factory=list)
    _damaged: int = 0
    _good: int = 0
    _is_forced: bool = False
    _lost: int = 0

    def begin(self, steps: list[Step]) -> None:
        """Begin at a rate, above `steps`, of which no damage is known."""
        self.steps = steps
        self.restart()

    def restart(self) -> None:
        """Forget the damage so far."""
        self._damaged = self._good = 0
        self._is_forced = False

    def lose(self, before: int, found: int) -> None:
        """Take note of a chip that was not heard at one rate and found at another, the one after reset."""
        self._lost, self._damaged, self._is_forced = self._lost or before, 0, bool(self.steps)
        if not self.steps:
            self.arrive(found)

    def hears(self, *, good: int, damaged: int) -> None:
        """Take note of frames."""
        if self.is_due:  # what comes until the rate is left does not make it better
            good = 0
        self._damaged += damaged
        self._good += good
        if self._good >= FORGIVEN:
            self._damaged = max(self._damaged - self._good // FORGIVEN, 0)
            self._good %= FORGIVEN

    @property
    def is_due(self) -> bool:
        """Whether the rate is to be left for a slower one, as soon as all requests are answered."""
        return self._is_forced or (bool(self.steps) and self._damaged > DAMAGED)

    @property
    def is_hopeless(self) -> bool:
        """Whether the rate is to be left at once: requests do not get through."""
        return (self._is_forced or bool(self.steps)) and self._damaged > DAMAGED + HOPELESS

    def leave(self, before: int) -> Step:
        """Return the rate to go to from `before`; until `arrive` nothing else is due."""
        self._lost, self._damaged, self._is_forced = self._lost or before, 0, True
        return self.steps.pop(0)

    def arrive(self, baud: int) -> None:
        """Take note that both ends are at a slower rate."""
        self.made.append((self._lost, baud))
        self._lost = 0
        self.restart()
