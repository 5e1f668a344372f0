"""Faults of a line: what becomes of the frames of one direction, by rates and a seed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from random import Random

from ..errors import InputError
from ..spec.protocol import DELIMITER, FRAME_LIMIT

PREFIX = "faulty:"
_END = bytes([DELIMITER])
#: Most stray bytes that are put into one frame.
_STRAY_BYTES = 8
#: Part of the bytes that is damaged at a rate above the limit of the line.
_TOO_FAST = 1 / 64


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultRates:
    """How often a line misbehaves: probabilities, 0 to 1, for each frame of either direction unless it says otherwise.

    Each kind and each direction has a stream of draws of its own, made from the seed. So the same frames meet the same
    faults, and another kind beside them moves none of them.

    Attributes
    ----------
    loss : float
        The frame is not handed on.
    duplicate : float
        It is handed on twice.
    corrupt : float
        One of its bits is flipped.
    insert : float
        1 to 8 stray bytes are put somewhere into it.
    noise : float
        For each byte: lost, flipped in one bit, doubled, or preceded by a stray one, each a quarter of this.
    stall : float
        For each frame from the chip: nothing is heard for `stall_s` seconds; then what was held back comes.
    disconnect : float
        The connection ends, with the frame; the chip goes on and can be opened again.
    reset : float
        For each frame to the chip: the chip is reset before it arrives. Only of `emulator` and `rtl`.
    limit : int
        Highest rate of the line, in bits per second, that it carries: above, one byte in 64 has a bit flipped. 0: any.
        The `emulator` gets a line by it: its chip says that it has a clock of 48 MHz, and 1,000,000 after reset.
    stall_s : float
        Seconds of one stall, more than 0 to 3600.
    seed : int
        Of all draws.
    """

    loss: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    insert: float = 0.0
    noise: float = 0.0
    stall: float = 0.0
    disconnect: float = 0.0
    reset: float = 0.0
    limit: int = 0
    stall_s: float = 0.1
    seed: int = 0

    @classmethod
    def parse(cls, query: str) -> FaultRates:
        """From ``key=value&key=value``; raises InputError for a key, a value or a repetition that means nothing."""
        values: dict[str, float | int] = {}
        for pair in query.split("&"):
            key, equals, text = pair.partition("=")
            if not equals or key not in _KEYS:
                raise InputError(f"{pair!r} is no fault; write key=value with one of {', '.join(_KEYS)}")
            if key in values:
                raise InputError(f"{key} is given twice; give each fault once")
            values[key] = _number(key, text)
        return cls(**values)  # type: ignore[arg-type]  # the seed is an int, see `_number`


_KEYS = tuple(field.name for field in fields(FaultRates))


def _number(key: str, text: str) -> float | int:
    if key == "limit":
        if text.isascii() and text.isdecimal() and int(text[:10]) > 0 and len(text) <= 10:
            return int(text)
        raise InputError(
            f"limit={text}: the highest rate of a line is a number of bits per second, such as limit=2000000"
        )
    if key == "seed":
        if text.isascii() and text.isdecimal() and len(text) <= 18:
            return int(text)
        raise InputError(f"seed={text}: a seed is a whole number from 0 up, such as seed=3")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if key == "stall_s":
        if 0 < value <= 3600:
            return value
        raise InputError(f"stall_s={text}: a stall takes more than 0 and at most 3600 seconds, such as stall_s=0.2")
    if 0 <= value <= 1:
        return value
    raise InputError(f"{key}={text}: a rate is a number from 0 to 1, such as {key}=0.01")


def faulty(target: str) -> tuple[str, FaultRates | None]:
    """Split ``faulty:TARGET?key=value&...`` into the device behind and the faults; other names have none.

    The last question mark belongs to the faults, so that TARGET may be a URL with a query of its own.

    Raises
    ------
    InputError
        If the name does not say what is behind, or which faults.
    """
    if not target.startswith(PREFIX):
        return target, None
    inner, mark, query = target.removeprefix(PREFIX).rpartition("?")
    if not (mark and inner):
        raise InputError(f"{target!r} lacks a device or its faults; write faulty:DEVICE?loss=0.01&seed=3")
    if inner.startswith(PREFIX):
        raise InputError(f"{target!r} is faulty twice; put all faults behind one question mark")
    return inner, FaultRates.parse(query)


class Direction:
    """Faults of the frames of one direction.

    Parameters
    ----------
    rates : FaultRates
        Which, and how often.
    name : str
        Of the direction, which has draws of its own.
    made : Counter of str
        Counts them.

    Attributes
    ----------
    is_too_fast : bool
        Whether the line has a rate above its limit.
    """

    def __init__(self, rates: FaultRates, name: str, made: Counter[str]) -> None:
        self._made = made
        self._rates = {key: rate for key in _KEYS[:-3] if (rate := getattr(rates, key))}
        self.is_too_fast = False
        kinds = [*self._rates, *(["limit"] if rates.limit else [])]
        self._draws = {kind: Random(f"{rates.seed}/{name}/{kind}") for kind in kinds}  # noqa: S311  # not secret
        self._rest = b""
        self._clean = self._gap() if "noise" in self._draws else 0

    def forget(self) -> None:
        """Drop the beginning of a frame."""
        self._rest = b""

    def flush(self) -> bytes:
        """Hand on the beginning of a frame whose end does not come."""
        rest, self._rest = self._rest, b""
        return rest

    def feed(self, data: bytes, *events: str) -> Iterator[str | bytes]:
        """Take bytes; yield what becomes of the frames that they complete, and before each what happens to the line.

        Parameters
        ----------
        data : bytes
            What comes in.
        *events : str
            Kinds of fault of the line itself that this direction can have.
        """
        *whole, self._rest = (self._rest + data).split(_END)
        for stuffed in whole:
            if stuffed:
                yield from (event for event in events if self._happens(event))
                yield self._carried(stuffed + _END)
            else:
                yield _END
        if len(self._rest) > FRAME_LIMIT:  # no frame is as long, so this is no chip, and no faults are needed
            yield self.flush()

    def _happens(self, kind: str) -> bool:
        happens = kind in self._draws and self._draws[kind].random() < self._rates[kind]
        self._made[kind] += happens
        return happens

    def _carried(self, frame: bytes) -> bytes:
        """Return what a frame becomes."""
        lost, flipped, extended, doubled = map(self._happens, ("loss", "corrupt", "insert", "duplicate"))
        if flipped:
            frame = _flip(frame, self._draws["corrupt"])
        if extended:
            draws = self._draws["insert"]
            at, stray = draws.randrange(len(frame)), draws.randbytes(draws.randint(1, _STRAY_BYTES))
            frame = frame[:at] + stray + frame[at:]
        if lost:
            return b""
        frame *= 1 + doubled
        frame = self._hurried(frame) if self.is_too_fast else frame
        return self._noisy(frame) if "noise" in self._draws else frame

    def _hurried(self, data: bytes) -> bytes:
        """Damage bytes at a rate that is too high for the line."""
        draws, out = self._draws["limit"], bytearray(data)
        for at in range(len(out)):
            if draws.random() < _TOO_FAST:
                out[at] ^= 1 << draws.randrange(8)
                self._made["limit"] += 1
        return bytes(out)

    def _noisy(self, data: bytes) -> bytes:
        """Damage single bytes; how many stay clean before the next one is drawn, rather than a fate for each."""
        out, draws, start = bytearray(), self._draws["noise"], 0
        while self._clean < len(data) - start:
            at = start + self._clean
            out += data[start:at]
            fate, byte = draws.randrange(4), data[at : at + 1]
            out += (b"", _flip(byte, draws), byte * 2, draws.randbytes(1) + byte)[fate]
            self._made["noise"] += 1
            start, self._clean = at + 1, self._gap()
        self._clean -= len(data) - start
        return bytes(out) + data[start:]

    def _gap(self) -> int:
        """Draw how many bytes stay clean."""
        rate = self._rates["noise"]
        return 0 if rate == 1 else int(math.log(1 - self._draws["noise"].random()) / math.log1p(-rate))


def _flip(data: bytes, draws: Random) -> bytes:
    """Flip one bit."""
    at, bit = divmod(draws.randrange(8 * len(data)), 8)
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
