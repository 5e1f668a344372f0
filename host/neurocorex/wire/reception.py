"""Reception of frames: bytes of a transport as responses of a chip, with damage, silence and strange bytes counted."""

from __future__ import annotations

from ..spec import Response, ResponseDecoder
from ..spec.config import LIMITS
from .transport import Transport

_BITS_PER_BYTE = 10
_FRAME_LIMIT = max(LIMITS["frame_bytes"]) + 64
#: Line noise leaves fewer bytes than this without one valid frame; more come from something that is no chip.
_GARBAGE_LIMIT = 2 * _FRAME_LIMIT


class Reception:
    """Frames from one chip over one transport.

    Parameters
    ----------
    transport : Transport
        Where they come from.
    timeout_s : float
        Longest silence, in seconds, beside the time that bytes on the line need.

    Attributes
    ----------
    damaged : int
        Frames so far that failed their checksum.
    strange : bytearray
        Bytes since the last valid frame.
    silences : int
        Waits in a row that brought no valid frame.
    waiting : bool
        Whether bytes are being waited for; stays true if an exception ended the waiting.
    """

    def __init__(self, transport: Transport, timeout_s: float) -> None:
        self._transport, self._timeout_s = transport, timeout_s
        self._decoder = ResponseDecoder()
        self.strange = bytearray()
        self.damaged = self.silences = 0
        self.waiting = False

    def restart(self) -> None:
        """Forget the beginning of a frame."""
        self._decoder = ResponseDecoder()

    def receive(self, bytes_out: int) -> list[Response | Exception] | None:
        """Wait for bytes and return the frames that they complete; None after silence or too many strange bytes.

        Parameters
        ----------
        bytes_out : int
            Bytes on their way to the chip, which it answers only when they have arrived.
        """
        timeout_s = self._timeout_s
        if self._transport.baud:
            timeout_s += (bytes_out + _FRAME_LIMIT) * _BITS_PER_BYTE / self._transport.baud
        self.waiting = True
        data = self._transport.read(timeout_s)
        self.waiting = False
        frames: list[Response | Exception] = list(self._decoder.feed(data))
        self.damaged += sum(not isinstance(frame, Response) for frame in frames)
        if any(isinstance(frame, Response) for frame in frames):
            self.silences = 0
            self.strange.clear()
        else:
            self.strange += data
        if data and len(self.strange) <= _GARBAGE_LIMIT:
            return frames
        self.silences += 1
        return None
