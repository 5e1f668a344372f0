"""Faults on the wire: a transport that loses, doubles, damages, delays and disconnects what it carries, by seed."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from random import Random

from ..errors import DisconnectedError, InputError
from ..spec.protocol import DELIMITER, FRAME_LIMIT
from .transport import Transport

PREFIX = "faulty:"
_END = bytes([DELIMITER])
#: Most stray bytes that are put into one frame.
_STRAY_BYTES = 8


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


class Faults:
    """Faults of one device: they go on where they were when its connection is opened again.

    Parameters
    ----------
    rates : FaultRates
        Which, and how often.
    keeps : bool
        Whether the chip lives behind its transport and would end with it, as software does. Then a disconnection
        leaves that transport open, and a reset opens another.

    Attributes
    ----------
    made : Counter of str
        Faults so far, by their names.
    """

    def __init__(self, rates: FaultRates, *, keeps: bool) -> None:
        self._kept: tuple[object, Transport] | None = None
        if rates.reset and not keeps:
            raise InputError(
                f"reset={rates.reset:g}: only emulator and rtl can be reset from here; leave it out, or open one of these"
            )
        self.rates, self.keeps = rates, keeps
        self.made = Counter[str]()
        self.requests, self.responses = (_Direction(rates, name, self.made) for name in ("to chip", "from chip"))

    def open(self, connect: Callable[[], Transport], geometry: object = None) -> Transport:
        """Open the connection to the chip: to the one that was disconnected from, if that has this geometry."""
        kept, self._kept = self._kept, None
        if kept is not None and kept[0] == geometry:
            return FaultyTransport(self, connect, geometry, kept[1])
        if kept is not None:
            kept[1].close()
        return FaultyTransport(self, connect, geometry, connect())

    def part(self, inner: Transport, geometry: object) -> None:
        """End a connection: what was on its way is lost."""
        self.requests.forget()
        self.responses.forget()
        if self.keeps:
            self._kept = geometry, inner
        else:
            inner.close()

    def __del__(self) -> None:
        if self._kept is not None:
            self._kept[1].close()


class _Direction:
    """Faults of the frames of one direction."""

    def __init__(self, rates: FaultRates, name: str, made: Counter[str]) -> None:
        self._made = made
        self._rates = {key: rate for key in _KEYS[:-2] if (rate := getattr(rates, key))}
        self._draws = {kind: Random(f"{rates.seed}/{name}/{kind}") for kind in self._rates}
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
        return self._noisy(frame) if "noise" in self._draws else frame

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


class FaultyTransport(Transport):
    """Connection that misbehaves; made by `Faults.open`.

    A frame is held back until its end has come, or nothing more comes.

    Parameters
    ----------
    faults : Faults
        Of the device.
    connect : callable
        Opens the device behind once more, for a chip that is reset by that.
    geometry : object
        What the chip was made with; compared when the device is opened again.
    inner : Transport
        To the device behind.
    """

    def __init__(self, faults: Faults, connect: Callable[[], Transport], geometry: object, inner: Transport) -> None:
        self.name, self.baud = inner.name, inner.baud
        self._faults, self._connect, self._geometry, self._inner = faults, connect, geometry, inner
        self._heard: deque[str | bytes] = deque()
        self._silent_until = 0.0
        self._parted = False

    @property
    def faults(self) -> dict[str, int]:
        """Faults so far; see `Transport.faults`."""
        return {kind: count for kind, count in self._faults.made.items() if count}

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that came through; see `Transport.read`."""
        self._check()
        deadline = time.monotonic() + timeout_s
        while not self._stalled(deadline):
            if self._heard:
                if out := self._next():
                    return out
                continue
            data = self._inner.read(max(deadline - time.monotonic(), 0.0))
            if not data:
                return self._faults.responses.flush()
            self._heard.extend(self._faults.responses.feed(data, "disconnect", "stall"))
        return b""

    def _stalled(self, deadline: float) -> bool:
        """Wait for the end of a stall; True if it is still going on at the deadline."""
        silence, left = (moment - time.monotonic() for moment in (self._silent_until, deadline))
        if silence > 0:
            time.sleep(max(min(silence, left), 0.0))
        return silence > max(left, 0.0)

    def _next(self) -> bytes:
        """Return what is handed on before something happens to the line, or let that happen."""
        out = bytearray()
        while self._heard and isinstance(self._heard[0], bytes):
            out += self._heard.popleft()
        if self._heard and not out:
            if self._heard.popleft() == "stall":
                self._silent_until = time.monotonic() + self._faults.rates.stall_s
            else:
                self._part()
        return bytes(out)

    def write(self, data: bytes) -> None:
        """Hand over what comes through; see `Transport.write`."""
        self._check()
        out = bytearray()
        for item in self._faults.requests.feed(data, "disconnect", "reset"):
            if isinstance(item, bytes):
                out += item
                continue
            self._hand_over(out)
            if item == "reset":
                self._reset()
            else:
                self._part()
        self._hand_over(out)

    def _hand_over(self, out: bytearray) -> None:
        if out:
            self._inner.write(bytes(out))
            out.clear()

    def _reset(self) -> None:
        """Put a chip that was just powered up in the place of this one; what that has sent is lost."""
        self._faults.responses.forget()
        self._heard.clear()
        self._inner.close()
        self._inner = self._connect()

    def _part(self) -> None:
        self._parted = True
        self._faults.part(self._inner, self._geometry)
        raise DisconnectedError(f"{self.name} went away, by a fault that was asked for; open it again")

    def _check(self) -> None:
        if self._parted:
            raise DisconnectedError(f"the connection to {self.name} has ended; open it again")

    def close(self) -> None:
        """Close the device behind, unless it has been disconnected from."""
        if not self._parted:
            self._inner.close()

    def set_baud(self, baud: int) -> None:
        """Change the rate; see `Transport.set_baud`."""
        self._inner.set_baud(baud)
        self.baud = self._inner.baud

    def send_break(self) -> None:
        """Send a break; see `Transport.send_break`."""
        self._inner.send_break()
