"""HELLO: the beginning of a session with a chip, wherever it stands and whatever rate it listens at."""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Iterator, Sequence

from ..errors import DeviceError, InputError, NoAnswerError
from ..spec import Op, Response, Status
from ..spec.protocol import HELLO_ANSWER
from .flow import delimited
from .greeting import GREETING_BYTES
from .line import ATTEMPTS, Line
from .refusals import foreign, unheard
from .strangers import Heard

LOGGER = logging.getLogger("neurocorex")
#: Numbers of sessions, from 1 up.
SESSIONS = 0xFFFF
#: Rates at which a chip may have been built, or left by a session that died; the likeliest first.
LIKELY_BAUDS = (1_000_000, 115_200, 3_000_000, 2_000_000, 921_600, 4_000_000, 460_800, 230_400, 1_500_000, 12_000_000)
#: What the BL616 of a Tang Nano 20K with firmware 2024122312 multiplies each rate by that it is asked for.
BRIDGE_FACTOR = 4
#: Longest silence at a rate that is tried without much hope, in seconds; a chip answers HELLO at once.
QUICK_S = 0.25
#: Longest time, in seconds, that something on a line with a rate may talk without an answer to HELLO.
CHATTER_S = 1.0
#: Time after which no further rate is tried, in seconds since the first attempt.
HUNT_S = 8.0


def greet(line: Line, *, greeting: bytes, reset_bauds: Sequence[int], taboo: tuple[int, ...]) -> Response:
    """Begin a session and return the chip's answer to HELLO.

    Each attempt begins a session of its own, so that no late answer is taken for the one that is waited for. A chip
    that is found at another rate is left there, and so is this end. If none is found, this end has its rate back.

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
        If a server refuses this client, or the chip speaks another version of the protocol.
    """
    if len(greeting) > GREETING_BYTES:
        raise InputError(f"a greeting has at most {GREETING_BYTES} bytes, got {len(greeting)}")
    line.restart()
    heard, asked, found = Heard(), line.baud, None
    end = line.clock() + HUNT_S
    try:
        for baud, breaks, longest_s in attempts(asked, reset_bauds):
            is_hunt = longest_s is not None
            if breaks:
                line.transport.send_break()
            if (is_hunt and line.clock() > end) or not _takes(line, baud, must=not is_hunt):
                continue
            while (session := 1 + secrets.randbelow(SESSIONS)) in taboo:
                pass
            heard.said.append(delimited(Op.HELLO, session=session, payload=greeting))
            line.write(heard.said[-1])
            found = _answer(line, session, longest_s, heard)
            if found is not None:
                return found
            heard.note(baud, line.strange)
    finally:
        if found is None:
            _back(line, asked)
    raise unheard(line.transport.name, heard)


def attempts(asked: int, reset_bauds: Sequence[int]) -> Iterator[tuple[int, bool, float | None]]:
    """Return rates at which a chip is called, whether after a break, and how long it is waited for (None: as always).

    The first attempts are for a chip that is where it should be. Then come all rates that are likely, twice: bytes
    without a good frame make a chip that has lost its rate return to the one after reset within 1 to 3 s, and the
    first round takes longer than that.

    Parameters
    ----------
    asked : int
        Rate of this end, in bits per second; 0 where there is none, and nothing to try.
    reset_bauds : sequence of int
        Rates that a chip may have after reset.
    """
    yield asked, False, None
    if not asked:
        yield from [(0, True, None)] * (ATTEMPTS - 1)
        return
    for baud in reset_bauds:
        yield baud, True, None
    likely = dict.fromkeys((*reset_bauds, asked, asked // BRIDGE_FACTOR, *LIKELY_BAUDS, asked * BRIDGE_FACTOR))
    for baud in (*likely, *likely):
        yield baud, False, QUICK_S
    yield reset_bauds[0], False, None


def _takes(line: Line, baud: int, *, must: bool) -> bool:
    """Set the rate of this end, and forget what came at another; False if it has no such rate and need not."""
    if baud == line.baud:
        return True
    try:
        line.set_rate(baud)
    except NoAnswerError:
        if must:
            raise
        return False
    line.restart()
    return True


def _back(line: Line, baud: int) -> None:
    """Give this end its rate back, unless it is gone."""
    with contextlib.suppress(DeviceError):
        line.set_rate(baud)


def _answer(line: Line, session: int, longest_s: float | None, heard: Heard) -> Response | None:
    """Wait for the answer to HELLO; None after silence, or after much else. Who waits in a server's queue waits on."""
    queued, end = False, None
    while (frames := line.receive(whole=True, longest_s=longest_s)) is not None or queued:
        for frame in frames or ():
            if not isinstance(frame, Response):
                continue
            if (frame.op, frame.session) != (Op.HELLO, session):
                heard.frames += 1
                continue
            if frame.status != Status.WAIT:
                return _welcome(line.transport.name, frame)
            if not queued:
                LOGGER.info("%s: %s", line.transport.name, frame.payload.decode(errors="replace"))
            queued = True
        end = end or line.clock() + (CHATTER_S if longest_s is None else 2 * longest_s)
        if line.baud and not queued and line.clock() > end:  # a simulated chip may be slow
            return None
    return None


def _welcome(name: str, answer: Response) -> Response:
    """Return the answer of a chip; raise what a server says instead."""
    text = answer.payload.decode(errors="replace")
    if answer.status == Status.BUSY:
        raise NoAnswerError(f"{name} is busy: {text}")
    if answer.status == Status.REFUSED:
        raise DeviceError(f"{name} refuses this client: {text}")
    if answer.status != Status.OK or len(answer.payload) != HELLO_ANSWER.size:
        raise foreign(name, "it answers HELLO in another form")
    return answer
