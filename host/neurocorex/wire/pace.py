"""Pace of asking: how long a host hears nothing before it asks the chip, learnt from the chip's own pauses."""

from __future__ import annotations

from collections.abc import Callable

#: Shortest silence after which a chip is asked: a computer that is busy with something else is as slow at times.
FLOOR_S = 0.005
#: Part of the longest pause that is still remembered one answer later.
_DECAY = 0.98


class Pace:
    """Silence after which the chip is asked: twice its longest pause of late, twice as much after each question.

    Only pauses in which nothing was lost count. So a chip that needs seconds for every answer is asked seldom, and the
    loss of an answer that is due at once costs milliseconds. Answers that bring nothing new do not speed it up again.

    Parameters
    ----------
    timeout_s : float
        Longest time between two questions, and the first, while nothing is known of the chip.
    clock : callable
        Seconds, rising.
    """

    def __init__(self, timeout_s: float, clock: Callable[[], float]) -> None:
        self._timeout_s, self._clock = timeout_s, clock
        self._longest_s: float | None = None
        self._since = 0.0
        self._questions = 0
        self._lost = False

    @property
    def wait_s(self) -> float:
        """How long to wait now, in seconds."""
        if self._longest_s is None:
            return self._timeout_s
        return min(max(2 * self._longest_s, FLOOR_S) * 2.0**self._questions, self._timeout_s)

    def waits(self) -> None:
        """Note that waiting begins, or goes on after a question."""
        if not self._questions:
            self._since = self._clock()

    def asks(self) -> None:
        """Note a question after silence."""
        self._questions = min(self._questions + 1, 32)

    def loses(self) -> None:
        """Note that something was lost: this pause says nothing about the chip."""
        self._lost = True

    def hears(self) -> None:
        """Note an answer that was waited for."""
        if not self._lost:
            self._longest_s = max(self._clock() - self._since, _DECAY * (self._longest_s or 0.0))
        self._questions, self._lost = 0, False

    def restart(self) -> None:
        """Forget a pause that has ended otherwise."""
        self._questions, self._lost = 0, False
