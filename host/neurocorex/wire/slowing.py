"""Slowing down of a session whose rate does not hold: to the next slower one, in the middle of an exchange."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import GarbageError, NoAnswerError
from ..spec import Op
from ..spec.protocol import SET_BAUD_ARGUMENTS
from . import following
from .descent import Step
from .flow import Flow
from .line import Line
from .refusals import unheard
from .strangers import Heard


class Slowing:
    """Slowing down of the sessions on one line; both ends stay in step, and no request is lost or carried out twice.

    A rate that does damage is left when all that was sent is answered: SET_BAUD goes to the chip between two requests.
    Where requests do not get through any more, or the chip has fallen silent, it is called at its rate after reset, to
    which it returns by itself, still in the same session; from there it is brought to the next slower rate.

    Parameters
    ----------
    line : Line
        To the chip.

    Attributes
    ----------
    works : bool
        Whether a rate is being changed.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._going: Step | None = None  # the chip was told to go there, and may have heard
        self.works = False

    def restart(self) -> None:
        """Take note of a new session, at whatever rate."""
        self._going, self.works = None, False
        descent = self._line.descent
        descent.begin([step for step in descent.steps if step.baud < self._line.rate])

    def follow(self, flow: Flow, reset_bauds: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Follow an exchange to its end, at whatever rates; yields and raises as `Flow.follow`."""
        descent = self._line.descent
        while True:
            try:
                yield from flow.follow()
            except (NoAnswerError, GarbageError):
                if not descent.steps or not self._line.is_dead or not self._finds(flow, reset_bauds):
                    raise
                continue
            if not (descent.is_due or self._going):
                return
            self.works = True
            if not flow.window.requests:
                self._goes_down(flow, reset_bauds)
            elif not self._finds(flow, reset_bauds):
                raise unheard(self._line.transport.name, Heard({self._line.rate: bytes(self._line.strange)}))
            self.works = False

    def _goes_down(self, flow: Flow, reset_bauds: Sequence[int]) -> None:
        """Bring the chip to the next slower rate, once it has nothing else to do."""
        line = self._line
        if self._going is None:
            self._going = line.descent.leave(line.rate)
            flow.ask_aside(Op.SET_BAUD, SET_BAUD_ARGUMENTS.pack(self._going.divisor))
            if flow.window.requests:
                return  # it was not heard, for all the damage
        if following.follows(line, flow, self._going.baud):
            line.descent.arrive(self._going.baud)
            self._going = None
        elif not self._finds(flow, reset_bauds):
            raise unheard(line.transport.name, Heard({line.rate: bytes(line.strange)}))

    def _finds(self, flow: Flow, reset_bauds: Sequence[int]) -> bool:
        """Call the chip at its rate after reset; tell whether it answers."""
        self.works, before = True, self._line.rate
        found = following.regains(self._line, flow, reset_bauds)
        self.works = False
        if not found:
            return False
        if not flow.window.requests:
            self._going = None
        self._line.restart()
        self._line.descent.lose(before, self._line.rate)
        flow.ask()
        return True
