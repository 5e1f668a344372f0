"""Negotiation of the fastest rate that holds on a line, when a chip is opened."""

from __future__ import annotations

from ..errors import GarbageError, NoAnswerError
from ..spec import ChipInfo, Op, Region
from ..spec.protocol import DIVISOR_MIN, READ_ARGUMENTS
from .descent import Step
from .link import Link

#: Rates that ports and bridges have; of those that a chip makes, they are taken first.
USUAL = (
    12_000_000, 8_000_000, 6_000_000, 4_000_000, 3_000_000, 2_500_000, 2_000_000, 1_500_000, 1_000_000, 921_600,
    460_800, 230_400, 115_200,
)  # fmt: skip
#: A rate is tried if the chip makes it as closely as this: half of what a UART follows is left for the other end.
CLOSE = 0.015
#: From one rate that is tried to the next slower one it is at least this factor; and where one of them is not usual, so
#: that a bridge may not have it, at least the other.
APART, FAR_APART = 1.2, 1.5
#: Bytes that go each way at a rate.
TEST_BYTES = 2048
#: Alternating bits, long runs of either level, delimiters that stuffing has to move, and all other bytes.
_PATTERN = bytes([0x55, 0xAA, 0x00, 0xFF, 0x0F, 0xF0, 0x00, 0x01]) * 8 + bytes(range(256))


def candidates(info: ChipInfo, limit: int | None = None) -> list[Step]:
    """Return the rates to try, all above the one after reset, fastest first.

    Parameters
    ----------
    info : ChipInfo
        Clock and rate after reset of the chip.
    limit : int, optional
        Highest rate, in bits per second.
    """
    if not info.clock_hz or not info.baud:
        return []
    usual = [step for step in (_step(info.clock_hz, baud) for baud in USUAL) if step]
    exact = [
        Step(round(info.clock_hz / divisor), divisor)
        for divisor in range(DIVISOR_MIN, info.clock_hz // info.baud)
        if info.clock_hz % (100_000 * divisor) == 0
    ]
    found: list[Step] = []
    for steps, apart in ((usual, APART), (exact, FAR_APART)):
        for step in steps:
            is_within = info.baud * APART <= step.baud <= (limit or step.baud)
            if is_within and all(_ratio(step, each) >= apart for each in found):
                found.append(step)
    return sorted(found, reverse=True)


def _step(clock_hz: int, baud: int) -> Step | None:
    divisor = round(clock_hz / baud)
    is_close = divisor >= DIVISOR_MIN and abs(clock_hz / divisor - baud) <= CLOSE * baud
    return Step(baud, divisor) if is_close else None


def _ratio(one: Step, other: Step) -> float:
    return max(one.baud, other.baud) / min(one.baud, other.baud)


def negotiate(link: Link, info: ChipInfo, steps: list[Step]) -> int:
    """Go to the first of some rates that holds, and return it; the one after reset if none does.

    At each rate some kilobytes go both ways, which change nothing on the chip. Damage later on leads from there to the
    slower ones of `steps`, and to the rate after reset at last, see `Descent`.

    Parameters
    ----------
    link : Link
        To the chip, in a session.
    info : ChipInfo
        Of the chip.
    steps : list of Step
        Rates, fastest first.

    Raises
    ------
    NoAnswerError, GarbageError, DisconnectedError
        If the chip is heard at no rate any more.
    """
    reset = Step(info.baud, round(info.clock_hz / info.baud))
    with link.hasty():
        for number, step in enumerate(steps):
            if _holds(link, info, step):
                link.descends([*steps[number + 1 :], reset])
                return step.baud
        if steps:
            _goes(link, reset)
    return info.baud


def _holds(link: Link, info: ChipInfo, step: Step) -> bool:
    """Go to a rate, if that can be, and tell whether it holds."""
    if not _goes(link, step):
        return False
    payload, words = info.config.payload_bytes, len(ChipInfo.WORDS)
    reading = Op.READ, READ_ARGUMENTS.pack(Region.INFO, 0, 0, words)
    pattern = (_PATTERN * (payload // len(_PATTERN) + 1))[:payload]
    try:
        return link.is_clean(pattern, -(-TEST_BYTES // payload), [reading] * -(-TEST_BYTES // (4 * words)))
    except (NoAnswerError, GarbageError):
        return False


def _goes(link: Link, step: Step) -> bool:
    """Go to a rate; tell whether the chip is heard there. A chip that gets lost on the way is looked for."""
    for _ in range(2):  # the damage of the rate before may hit the question
        try:
            return link.set_baud(step.divisor, step.baud)
        except (NoAnswerError, GarbageError):
            link.hello()
    return link.rate == step.baud
