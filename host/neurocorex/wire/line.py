"""Line to a chip: frames over a transport, with damage, silence and strange bytes counted."""

from __future__ import annotations

from fractions import Fraction

from ..spec import Response, ResponseDecoder, Status
from ..spec.config import LIMITS
from .descent import Descent
from .pace import Pace
from .patience import Patience
from .refusals import unheard
from .strangers import Heard
from .traffic import Meter, Traffic
from .transport import WRITE_TIMEOUT_S, Transport

#: Times that a chip is silent for the whole time-out before the host gives up.
ATTEMPTS = 5
_BITS_PER_BYTE = 10
_FRAME_LIMIT = max(LIMITS["frame_bytes"]) + 64
#: Line noise leaves fewer bytes than this without one valid frame; more come from something that is no chip.
_GARBAGE_LIMIT = 2 * _FRAME_LIMIT


class Line:
    """Frames to and from one chip over one transport.

    Parameters
    ----------
    transport : Transport
        Bytes.
    timeout_s : float
        Longest silence, in seconds, beside the time that bytes on the line need.
    patience : Patience
        Of the present call; no wait is longer.

    Attributes
    ----------
    transport : Transport
        As given, or the one that replaced it.
    pace : Pace
        When the chip is asked.
    clock : callable
        Seconds, rising.
    damaged : int
        Frames from the chip, so far, that failed their checksum.
    meter : Meter
        Of all that was sent and received.
    rate : int
        Rate on the line, in bits per second, as far as it is known here; 0 otherwise. Unlike `baud` it is also told of
        a line whose far end follows the chip.
    descent : Descent
        Slower rates, and the damage at the present one.
    strange : bytearray
        Bytes since the last valid frame.
    silent_s : float
        Seconds without a valid frame, as far as they were waited for.
    attempts : int
        Times that a chip is silent for the whole time-out before the host gives up.
    waiting : bool
        Whether bytes are being waited for; stays true if an exception ended the waiting.
    factor : Fraction
        What the bridge multiplies each rate by that it is asked for; 1 for all that work.
    """

    def __init__(self, transport: Transport, timeout_s: float, patience: Patience) -> None:
        self.transport, self._timeout_s, self._patience = transport, timeout_s, patience
        self.clock = patience.clock
        self.pace = Pace(timeout_s, self.clock)
        self._decoder = ResponseDecoder()
        self.strange = bytearray()
        self.damaged = 0
        self.meter, self.descent = Meter(), Descent()
        self.rate, self._since = transport.baud, self.clock()
        self.silent_s = 0.0
        self.attempts = ATTEMPTS
        self.waiting = False
        self.factor = Fraction(1)

    @property
    def baud(self) -> int:
        """Rate on the line, in bits per second; 0 where there is none."""
        return round(self.transport.baud * self.factor)

    def restart(self) -> None:
        """Forget the beginning of a frame, strange bytes and silence."""
        self._decoder = ResponseDecoder()
        self.strange.clear()
        self.silent_s = 0.0
        self.pace.restart()

    def check(self) -> None:
        """Raise DisconnectedError if the other end is known to be gone."""
        self.transport.check()

    def write(self, data: bytes) -> None:
        """Hand over bytes; see `Transport.write`."""
        self.transport.write_timeout_s = self._patience.limit(WRITE_TIMEOUT_S)
        self.meter.sends(data)
        self.transport.write(data)

    def receive(
        self, bytes_out: int = 0, *, whole: bool = False, longest_s: float | None = None
    ) -> list[Response | Exception] | None:
        """Wait for bytes and return the frames that they complete; None after silence or too many strange bytes.

        Parameters
        ----------
        bytes_out : int
            Bytes on their way to the chip, which it answers only when they have arrived.
        whole : bool
            Whether to wait for the whole time-out, rather than until the chip should be asked.
        longest_s : float, optional
            Longest silence of this wait, in seconds, in place of all that.

        Raises
        ------
        NoAnswerError
            Past the deadline of the call.
        Cancelled
            If the call was cancelled.
        DisconnectedError
            If the other end is gone.
        """
        self.pace.waits()
        wait_s = self._timeout_s if whole else self.pace.wait_s
        on_line_s = 0.0
        if longest_s is not None:
            wait_s = longest_s
        elif self.baud:
            on_line_s = (bytes_out + _FRAME_LIMIT) * _BITS_PER_BYTE / self.baud
        self.waiting = True
        self._patience.check()
        data = self.transport.read(self._patience.limit(wait_s + on_line_s))
        self.waiting = False
        frames: list[Response | Exception] = list(self._decoder.feed(data))
        self.transport.heard(frames)
        self._count(len(data), frames)
        if any(isinstance(frame, Response) for frame in frames):
            self.silent_s = 0.0
            self.strange.clear()
        else:
            self.strange += data
        if data and len(self.strange) <= _GARBAGE_LIMIT:
            return frames
        self.silent_s += self._timeout_s if data else wait_s
        self.pace.asks()
        return None

    def _count(self, size: int, frames: list[Response | Exception]) -> None:
        damaged = sum(not isinstance(frame, Response) for frame in frames)
        told = sum(isinstance(frame, Response) and frame.status == Status.BAD_FRAME for frame in frames)
        self.damaged += damaged
        self.meter.bytes_from_chip += size
        self.meter.frames_from_chip += len(frames)
        self.meter.damaged += damaged + told
        self.descent.hears(good=len(frames) - damaged - told, damaged=damaged + told)

    def traffic(self) -> Traffic:
        """Return all traffic so far."""
        return self.meter.traffic(self.rate or None, self.clock() - self._since)

    @property
    def is_dead(self) -> bool:
        """Whether the chip was silent for too long."""
        return self.silent_s > self.attempts * self._timeout_s

    def give_up(self) -> None:
        """Raise NoAnswerError or GarbageError once the chip was silent for too long."""
        if self.is_dead:
            raise unheard(self.transport.name, Heard({self.baud: bytes(self.strange)}))

    def set_rate(self, baud: int) -> None:
        """Change the rate on the line, where there is one; raises NoAnswerError if this end cannot have it."""
        if (asked := round(baud / self.factor)) not in (0, self.transport.baud) and self.transport.baud:
            self.transport.set_baud(asked)
        elif self.transport.follows_chip:
            self.transport.set_baud(baud)
        if self.transport.baud or self.transport.follows_chip:
            self.rate = baud
