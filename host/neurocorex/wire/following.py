"""Following a chip to another rate, and waiting until one that has lost its rate is back at the one after reset."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import NoAnswerError
from ..spec.protocol import RETURN_S, TICK_S
from .flow import Flow
from .line import Line

#: Longest time, in seconds, from one call of a chip that has lost its rate to the next: two between its ticks.
CALL_S = TICK_S[0] / 2


def follows(line: Line, flow: Flow, baud: int) -> bool:
    """Go to the new rate of a chip; tell whether it is heard there."""
    # Twice, because a bridge may spoil the first bytes after a change.
    return _takes(line, baud) and (flow.hears() or flow.hears())


def regains(line: Line, flow: Flow, bauds: Iterable[int]) -> bool:
    """Call a chip that has lost its rate until it must be back at the one after reset; tell whether it answers.

    A chip whose bridge sends no break returns by itself, but only if bytes come between its ticks. A good frame would
    keep it where it is, so it is called at no other rates.

    Parameters
    ----------
    line, flow : Line, Flow
        To the chip, in a session that is in order.
    bauds : iterable of int
        Rates that it may have after reset.
    """
    line.transport.send_break()
    end, goes_on = line.clock() + RETURN_S, True
    while goes_on:
        goes_on, is_last = False, line.clock() >= end
        for baud in dict.fromkeys(bauds):
            if _takes(line, baud):
                if flow.hears(CALL_S):
                    return True
                goes_on = not is_last
    return False


def _takes(line: Line, baud: int) -> bool:
    """Set the rate of this end, and forget what came at another; False if it has no such rate."""
    try:
        line.set_rate(baud)
    except NoAnswerError:
        return False
    line.restart()
    return True
