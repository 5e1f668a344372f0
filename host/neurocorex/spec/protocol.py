"""Frames on the wire: operations, statuses, headers, and incremental decoding; see docs/protocol.md."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from .stuffing import FrameError, cobs_decode, cobs_encode, trailing_decode, trailing_encode, with_crc, without_crc

DELIMITER = 0
SEQUENCE_MODULUS = 256
DEFAULT_BAUD = 1_000_000
#: Fewest clock cycles per bit: below, half a bit leaves no room for the error of one cycle in finding its edge.
DIVISOR_MIN = 4
#: A break is the line low for at least this long, in bit times of the rate after reset.
BREAK_BITS = 32
#: Tick, with no good frame in between, at which a chip whose rate seems lost returns to the one after reset.
RETURN_TICKS = 3
#: Shortest and longest time from a tick to the next, in seconds; see `heartbeat_bits`.
TICK_S = (0.5, 1.0)
#: Longest time, in seconds, until a chip has returned.
RETURN_S = RETURN_TICKS * TICK_S[1]
#: Shortest time, in seconds, until it returns. A frame has to be shorter: only a whole one is good.
FRAME_S = (RETURN_TICKS - 1) * TICK_S[0]


def heartbeat_bits(clock_hz: int) -> int:
    """Bits of a chip's counter of clock cycles. The highest is its heartbeat, and each of its changes is a tick."""
    return (clock_hz - 1).bit_length()


class Op(IntEnum):
    """Operations that a host asks for; below 0x10 they are outside the sequence and served at once."""

    HELLO = 0x01
    ACK = 0x02
    POLL = 0x03
    STOP = 0x04
    READ = 0x10
    WRITE = 0x11
    RUN = 0x12
    CLEAR = 0x13
    SET_BAUD = 0x14

    @property
    def numbered(self) -> bool:
        """Whether the operation has a place in the sequence, and is answered with a numbered frame."""
        return self >= Op.READ


#: Set in the operation byte of everything that a chip sends.
RESPONSE = 0x80


class Status(IntEnum):
    """Outcome, in every frame from the chip."""

    OK = 0x00
    MORE = 0x01
    """Part of an answer; the rest follows in further frames."""
    STOPPED = 0x02
    BAD_OP = 0x10
    BAD_REGION = 0x11
    BAD_RANGE = 0x12
    BAD_LENGTH = 0x13
    READ_ONLY = 0x14
    STEP_OPEN = 0x15
    """A step has begun and not ended; only `Op.RUN` may follow."""
    BAD_FRAME = 0x20
    """Notice: a frame failed its checksum."""
    OUT_OF_ORDER = 0x21
    """Notice: a frame came that was not the next one."""
    NO_ROOM = 0x22
    """Notice: a frame came beyond the credit."""
    OTHER_SESSION = 0x23
    """Notice: a frame came that is not of the session of the last HELLO; after a reset there is none."""
    BUSY = 0x30
    """Answer of a server to HELLO, with a text: another client has the chip."""
    WAIT = 0x31
    """Answer of a server to HELLO, with a text: the client is in the queue, and HELLO will be answered again."""
    REFUSED = 0x32
    """Answer of a server to HELLO, with a text: it will not serve this client."""


@dataclass(frozen=True, slots=True)
class Request:
    """A frame towards the chip.

    Attributes
    ----------
    op : int
        An `Op`.
    sequence : int
        Number of this frame, modulo 256; no meaning where the operation is not numbered.
    ack : int
        Number of the next frame that the host expects from the chip.
    payload : bytes
        Arguments.
    session : int
        Session that it belongs to, 16 bits; of HELLO the one that it begins.
    """

    HEADER: ClassVar = struct.Struct("<BBBH")

    op: int
    sequence: int = 0
    ack: int = 0
    payload: bytes = b""
    session: int = 0

    def encode(self) -> bytes:
        """Bytes for the wire, closing delimiter included."""
        content = self.HEADER.pack(self.op, self.sequence, self.ack, self.session) + self.payload
        return cobs_encode(with_crc(content)) + bytes([DELIMITER])

    @classmethod
    def decode(cls, stuffed: bytes) -> Request:
        """From the bytes between two delimiters; raises FrameError."""
        content = without_crc(cobs_decode(stuffed))
        if len(content) < cls.HEADER.size:
            raise FrameError(f"a request of {len(content)} bytes is too short")
        op, sequence, ack, session = cls.HEADER.unpack_from(content)
        return cls(op, sequence, ack, content[cls.HEADER.size :], session)


@dataclass(frozen=True, slots=True)
class Response:
    """A frame from the chip.

    Attributes
    ----------
    op : int
        The operation that this answers; `POLL` for a notice that nobody asked for.
    sequence : int
        Number of this frame; of the next numbered one where the operation is not numbered.
    ack : int
        Number of the next frame that the chip expects.
    credit : int
        How many frames, from `ack` on, it has room for.
    status : int
        A `Status`.
    payload : bytes
        Data.
    session : int
        Session of the chip, 16 bits; 0 if no HELLO has come since its reset.
    """

    HEADER: ClassVar = struct.Struct("<BBBBBH")

    op: int
    sequence: int = 0
    ack: int = 0
    credit: int = 0
    status: int = Status.OK
    payload: bytes = b""
    session: int = 0

    def encode(self) -> bytes:
        """Bytes for the wire, closing delimiter included."""
        header = self.HEADER.pack(self.op | RESPONSE, self.sequence, self.ack, self.credit, self.status, self.session)
        return trailing_encode(with_crc(header + self.payload)) + bytes([DELIMITER])

    @classmethod
    def decode(cls, stuffed: bytes) -> Response:
        """From the bytes between two delimiters; raises FrameError."""
        content = without_crc(trailing_decode(stuffed))
        if len(content) < cls.HEADER.size or not content[0] & RESPONSE:
            raise FrameError(f"not a response: {content[:8].hex(' ')}")
        op, sequence, ack, credit, status, session = cls.HEADER.unpack_from(content)
        return cls(op & ~RESPONSE, sequence, ack, credit, status, content[cls.HEADER.size :], session)


#: Bytes without a delimiter that are kept; no frame is longer.
FRAME_LIMIT = 1 << 16


class _FrameSplitter:
    """Cuts a byte stream at delimiters. Stray bytes cost at most the frame that they fall into."""

    def __init__(self) -> None:
        self._rest = b""

    def split(self, data: bytes) -> Iterator[bytes]:
        *whole, rest = (self._rest + data).split(bytes([DELIMITER]))
        self._rest = rest[:FRAME_LIMIT]
        return (stuffed for stuffed in whole if stuffed)


class RequestDecoder:
    """Incremental decoder at the chip's end. Frames come out as `Request`, bad ones as `FrameError`."""

    def __init__(self) -> None:
        self._splitter = _FrameSplitter()

    def feed(self, data: bytes) -> Iterator[Request | FrameError]:
        """Take bytes in pieces of any size; yield what they complete."""
        for stuffed in self._splitter.split(data):
            try:
                yield Request.decode(stuffed)
            except FrameError as error:
                yield error


class ResponseDecoder:
    """Incremental decoder at the host's end. Frames come out as `Response`, bad ones as `FrameError`."""

    def __init__(self) -> None:
        self._splitter = _FrameSplitter()

    def feed(self, data: bytes) -> Iterator[Response | FrameError]:
        """Take bytes in pieces of any size; yield what they complete."""
        for stuffed in self._splitter.split(data):
            try:
                yield Response.decode(stuffed)
            except FrameError as error:
                yield error


READ_ARGUMENTS = struct.Struct("<BHHI")
"""Region, row, column, number of items."""
WRITE_ARGUMENTS = struct.Struct("<BHH")
"""Region, row, column; items follow."""
HELLO_ANSWER = struct.Struct("<H")
"""Origin: session of the last numbered request that the chip took, 0 if it took none since its reset."""
CLEAR_ARGUMENTS = struct.Struct("<B")
"""`Clear` flags."""
SET_BAUD_ARGUMENTS = struct.Struct("<H")
"""Clock cycles per bit."""
