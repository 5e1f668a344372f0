"""Traffic on a link: bytes, frames, damage, repetitions and waits, counted while it goes, and what a run had of it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import InputError
from ..notebook import Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Traffic between this host and a chip, from one moment to another.

    Attributes
    ----------
    baud : int or None
        Rate on the line at the end, in bits per second; None where it is not known, or bytes have no rate.
    bytes_to_chip, bytes_from_chip : int
        Bytes on the line.
    frames_to_chip, frames_from_chip : int
        Frames, those that were repeated or came damaged included. One that was lost on its way from the chip is not.
    damaged : int
        Frames that failed their checksum: from the chip, and to the chip as far as it has told.
    repeated : int
        Frames that were sent again, by either end.
    round_trips : int
        Times that this host sent requests while no answer was due: 1 for a run that never waits in between.
    waits : int
        Times that it had a request to send and could not, because an answer was needed first or the chip had no room.
    seconds : float
        Time in between.
    """

    baud: int | None = None
    bytes_to_chip: int = 0
    bytes_from_chip: int = 0
    frames_to_chip: int = 0
    frames_from_chip: int = 0
    damaged: int = 0
    repeated: int = 0
    round_trips: int = 0
    waits: int = 0
    seconds: float = 0.0

    def __sub__(self, before: Traffic) -> Traffic:
        """Return what came since; the rate is that of now."""
        return self._with(before, -1)

    def __add__(self, later: Traffic) -> Traffic:
        """Return both together; the rate is the later one."""
        return later._with(self, 1)

    def _with(self, other: Traffic, sign: int) -> Traffic:
        counts = {name: getattr(self, name) + sign * getattr(other, name) for name in COUNTS}
        return Traffic(baud=self.baud, **counts)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Traffic:
        """Read what `to_dict` made; raises InputError for anything else."""
        if not isinstance(values, dict) or set(values) != {"baud", *COUNTS}:
            raise InputError(f"traffic has {', '.join(('baud', *COUNTS))}, not {values!r}")
        for name, value in values.items():
            is_whole = type(value) is int and value >= 0
            is_time = name == "seconds" and isinstance(value, float) and math.isfinite(value) and value >= 0
            if not (is_whole or is_time or (name == "baud" and value is None)):
                raise InputError(f"{name} of traffic is a number from 0 up, not {value!r}")
        return cls(**values)

    def __str__(self) -> str:
        rate = "no line rate" if self.baud is None else f"{self.baud:,} bit/s"
        return (
            f"{rate}, {self.bytes_to_chip:,} bytes in {self.frames_to_chip:,} frames to the chip, "
            f"{self.bytes_from_chip:,} in {self.frames_from_chip:,} from it, {self.damaged} damaged, "
            f"{self.repeated} repeated, {self.round_trips} round trips, {self.waits} waits, {self.seconds:.3g} s"
        )

    def _repr_html_(self) -> str:
        return Card("Link", [(name.replace("_", " "), value) for name, value in self.to_dict().items()]).html


#: Names of all that is counted.
COUNTS = tuple(field.name for field in fields(Traffic) if field.name != "baud")


@dataclass(slots=True)
class Meter:
    """Counts of a line so far; attributes as of `Traffic`."""

    bytes_to_chip: int = 0
    bytes_from_chip: int = 0
    frames_to_chip: int = 0
    frames_from_chip: int = 0
    damaged: int = 0
    repeated: int = 0
    round_trips: int = 0
    waits: int = 0

    def sends(self, data: bytes) -> None:
        """Count bytes to the chip; delimiters that stand alone are no frames."""
        self.bytes_to_chip += len(data)
        self.frames_to_chip += sum(map(bool, data.split(b"\0")))

    def traffic(self, baud: int | None, seconds: float) -> Traffic:
        """Return everything so far, in so many seconds."""
        return Traffic(
            baud=baud, seconds=seconds, **{name: getattr(self, name) for name in COUNTS if name != "seconds"}
        )
