"""HELLO: the beginning of a session with a chip, wherever it stands and whatever rate it listens at."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence

from ..errors import DeviceError, InputError, NoAnswerError
from ..spec import Op, Response, Status
from .flow import delimited
from .greeting import GREETING_BYTES
from .line import ATTEMPTS, Line
from .refusals import unheard

LOGGER = logging.getLogger("neurocorex")
#: Numbers of sessions, from 1 up.
SESSIONS = 0xFFFF


def greet(line: Line, *, greeting: bytes, reset_bauds: Sequence[int], taboo: tuple[int, ...]) -> Response:
    """Begin a session and return the chip's answer to HELLO.

    Each attempt begins a session of its own, so that no late answer is taken for the one that is waited for.

    Parameters
    ----------
    line : Line
        To the chip.
    greeting : bytes
        Goes to a server with HELLO, at most 200 bytes.
    reset_bauds : sequence of int
        Rates at which a chip that does not answer is called next, after a break.
    taboo : tuple of int
        Sessions that this one is not mistaken for.

    Raises
    ------
    NoAnswerError, GarbageError
        If nothing comes back or another client has the chip, or if what comes back is something else.
    DeviceError
        If a server refuses this client.
    """
    if len(greeting) > GREETING_BYTES:
        raise InputError(f"a greeting has at most {GREETING_BYTES} bytes, got {len(greeting)}")
    line.restart()
    for attempt in range(ATTEMPTS):
        if attempt:  # an earlier host may have left the chip at another rate
            line.transport.send_break()
            line.set_rate(reset_bauds[(attempt - 1) % len(reset_bauds)])
        while (session := 1 + secrets.randbelow(SESSIONS)) in taboo:
            pass
        line.write(delimited(Op.HELLO, session=session, payload=greeting))
        if (answer := _answer(line, session)) is not None:
            return answer
    raise unheard(line.transport.name, line.transport.baud, line.strange)


def _answer(line: Line, session: int) -> Response | None:
    """Wait for the answer to HELLO; None after silence. Who waits in the queue of a server waits on."""
    queued = False
    while (frames := line.receive(whole=True)) is not None or queued:
        for frame in frames or ():
            if not isinstance(frame, Response) or (frame.op, frame.session) != (Op.HELLO, session):
                continue
            if frame.status != Status.WAIT:
                return _welcome(line.transport.name, frame)
            if not queued:
                LOGGER.info("%s: %s", line.transport.name, frame.payload.decode(errors="replace"))
            queued = True
    return None


def _welcome(name: str, answer: Response) -> Response:
    """Return the answer of a chip; raise what a server says instead."""
    text = answer.payload.decode(errors="replace")
    if answer.status == Status.BUSY:
        raise NoAnswerError(f"{name} is busy: {text}")
    if answer.status == Status.REFUSED:
        raise DeviceError(f"{name} refuses this client: {text}")
    return answer
