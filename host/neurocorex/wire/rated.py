"""Rate of a link: changed when both ends agree, tried with traffic, and the slower ones that damage leads to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

from ..errors import GarbageError, NoAnswerError
from ..spec import Op
from ..spec.protocol import SET_BAUD_ARGUMENTS
from . import following
from .descent import Step
from .flow import Flow
from .line import ATTEMPTS, Line
from .refusals import unheard
from .strangers import Heard
from .traffic import Traffic


class Rated(ABC):
    """Link with a rate: the part of a `Link` that changes it.

    Attributes
    ----------
    reset_bauds : list of int
        Rates at which a chip that was just reset may listen.
    """

    reset_bauds: list[int]
    _line: Line
    _flow: Flow
    _in_step: bool
    cut: bool

    @abstractmethod
    def hello(self) -> None:
        """Begin a session; see `Link.hello`."""

    @abstractmethod
    def execute(self, requests: Iterable[tuple[int, bytes] | None]) -> Iterator[tuple[int, bytes]]:
        """Carry out requests; see `Link.execute`."""

    @abstractmethod
    def call(self, op: int, payload: bytes = b"") -> bytes:
        """Carry out one request; see `Link.call`."""

    @property
    def baud(self) -> int:
        """Rate on the line, in bits per second; 0 where there is none."""
        return self._line.baud

    @property
    def rate(self) -> int:
        """Rate on the line, also of one whose far end follows the chip; 0 where it is not known."""
        return self._line.rate

    @rate.setter
    def rate(self, baud: int) -> None:
        self._line.rate = baud

    @property
    def factor(self) -> Fraction:
        """What the bridge multiplies each rate by that it is asked for; set it where it is not 1."""
        return self._line.factor

    @factor.setter
    def factor(self, factor: Fraction) -> None:
        self._line.factor = factor

    @property
    def traffic(self) -> Traffic:
        """All traffic so far; the difference of two is what was between them."""
        return self._line.traffic()

    def set_baud(self, divisor: int, baud: int) -> bool:
        """Ask the chip for another rate and follow it there; False if it is not heard there, and both are back.

        A chip behind a bridge that sends no break is waited for until it returns by itself, after 3 s at most. It
        still is in the same session then, so nothing is lost. Whatever rates there were to descend to are forgotten.

        Parameters
        ----------
        divisor : int
            Clock cycles of the chip per bit.
        baud : int
            The rate that this makes, in bits per second.

        Raises
        ------
        NoAnswerError, GarbageError, DisconnectedError
            As `hello` does, if the chip is heard at neither rate; NoAnswerError past the deadline of the call.
        """
        before = self._line.rate
        self.descends()
        try:
            self.call(Op.SET_BAUD, SET_BAUD_ARGUMENTS.pack(divisor))
        except (NoAnswerError, GarbageError):
            self._joins(baud)  # the chip may have gone there, and only its answer was lost
        self._in_step = False
        follows = self._in_step = following.follows(self._line, self._flow, baud)
        if not follows:
            self._in_step = following.regains(self._line, self._flow, (before, *self.reset_bauds))
        if not self._in_step:
            self.hello()
        return follows

    def _joins(self, baud: int) -> None:
        """Look for a chip that did not answer SET_BAUD at the new rate, and take its answer there.

        Raises
        ------
        NoAnswerError, GarbageError
            If it is not there either.
        """
        if not following.follows(self._line, self._flow, baud):
            raise unheard(self._line.transport.name, Heard({baud: bytes(self._line.strange)}))
        self._line.restart()
        self._flow.ask()
        for _ in self._flow.follow():
            pass
        self.cut = False

    def descends(self, steps: Sequence[Step] = ()) -> None:
        """Let damage lead to slower rates from now on, fastest first; without any the rate stays."""
        self._line.descent.begin(list(steps))

    @contextmanager
    def hasty(self) -> Iterator[None]:
        """Give up after one time-out of silence meanwhile, rather than five: who asks has other rates to try."""
        self._line.attempts = 1
        try:
            yield
        finally:
            self._line.attempts = ATTEMPTS

    @property
    def descents(self) -> list[tuple[int, int]]:
        """Rates that were left because of damage, and those gone to; who has read them may clear the list."""
        return self._line.descent.made

    def is_clean(self, pattern: bytes, times: int, requests: Sequence[tuple[int, bytes]]) -> bool:
        """Tell whether traffic comes through in both directions without damage, and without changing anything.

        Parameters
        ----------
        pattern : bytes
            Goes to the chip so many times, in frames that it ignores.
        times : int
            How many.
        requests : sequence of (int, bytes)
            Operations and arguments, whose answers come from the chip.
        """
        if not self._in_step:
            self.hello()
        before = self.traffic
        if not self._flow.echoes(pattern, times):
            return False
        for _ in self.execute(requests):
            pass
        came = self.traffic - before
        return not came.damaged and not came.repeated
