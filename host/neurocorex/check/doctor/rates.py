"""Baud rates of a serial link: which of them hold, under traffic in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import DeviceError
from ...spec import ChipInfo, Counter, Op, Region, layout
from ...spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS
from ...wire.baud import makes
from ...wire.link import Link
from ...wire.negotiation import USUAL

#: Rates that are tried, where the clock of the chip can make them.
BAUDS = tuple(sorted(USUAL))
#: Bytes of weights that go to the chip and back, at each rate.
TRAFFIC_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Rate:
    """Result of one rate.

    Attributes
    ----------
    baud : int
        Bits per second.
    holds : bool
        Whether all traffic went through undamaged at the first attempt.
    said : str
        What went wrong otherwise.
    """

    baud: int
    holds: bool
    said: str = ""


def divisors(info: ChipInfo) -> dict[int, int]:
    """Clock cycles per bit by rate, for those of `BAUDS` that the chip can make, and the one after reset."""
    return {baud: round(info.clock_hz / baud) for baud in sorted({*BAUDS, info.baud}) if makes(info.clock_hz, baud)}


def try_rates(link: Link, info: ChipInfo) -> Iterator[Rate]:
    """Try all rates, slowest first, and go back to the one after reset.

    A chip that is not heard at a rate returns from it: at once where the bridge sends a break, else within
    `RETURN_S`. What its memories hold stays.
    """
    rates = divisors(info)
    try:
        for baud, divisor in rates.items():
            yield _tried(link, info, baud, divisor)
    finally:
        link.hello()
        link.set_baud(rates[info.baud], info.baud)


def _tried(link: Link, info: ChipInfo, baud: int, divisor: int) -> Rate:
    spoilt = link.damaged
    try:
        if not link.set_baud(divisor, baud):
            spoilt = link.damaged - spoilt
            return Rate(baud, False, f"no answer, {spoilt} damaged frames" if spoilt else "no answer")
        before = link.damaged + _damaged(link)
        kept = _exchanged(link, info)
        damaged = link.damaged + _damaged(link) - before
    except DeviceError as error:
        link.hello()
        return Rate(baud, False, str(error))
    if damaged or not kept:
        return Rate(baud, False, f"{damaged} frames damaged" if kept else "data changed on the way")
    return Rate(baud, True)


def _exchanged(link: Link, info: ChipInfo) -> bool:
    """Read weights, write them back, and read them again; False if they differ."""
    place = layout(Region.WEIGHTS, info.config)
    items = min(place.items, TRAFFIC_BYTES // place.item_bytes)
    reading = READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, items)
    held = link.call(Op.READ, reading)
    room = (info.config.payload_bytes - WRITE_ARGUMENTS.size) // place.item_bytes * place.item_bytes
    places = (divmod(at // place.item_bytes, place.columns) for at in range(0, len(held), room))
    pieces = (held[at : at + room] for at in range(0, len(held), room))
    writes = (
        (Op.WRITE, WRITE_ARGUMENTS.pack(Region.WEIGHTS, *at) + piece) for at, piece in zip(places, pieces, strict=True)
    )
    for _ in link.execute(writes):
        pass
    return link.call(Op.READ, reading) == held


def _damaged(link: Link) -> int:
    """Frames that were damaged on the way to the chip."""
    words = link.call(Op.READ, READ_ARGUMENTS.pack(Region.COUNTERS, 0, 2 * Counter.FRAMES_BAD, 1))
    return int.from_bytes(words, "little")
