"""Host that keeps to no rule: frames that are good, damaged, out of order, of other sessions, or no frames at all."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection

from neurocorex.spec import CoreConfig, Op, Region, Request, Response, layout, regions
from neurocorex.spec.events import CLEAR, END, FORCE, GRADED, IDLE, SET, SKIP
from neurocorex.spec.protocol import READ_ARGUMENTS, SEQUENCE_MODULUS, WRITE_ARGUMENTS
from neurocorex.spec.stuffing import cobs_encode, with_crc

#: Geometry of the chips that it talks to: small frames, so that answers take several.
CONFIG = CoreConfig(neurons=7, inputs=5, lanes=2, state_bits=18, max_delay=4, frame_bytes=64)
NUMBERED = (Op.READ, Op.WRITE, Op.RUN, Op.CLEAR, Op.SET_BAUD)
UNNUMBERED = (Op.HELLO, Op.ACK, Op.POLL, Op.STOP)


class Conversation:
    """Requests for one chip, the next of which depends on what the chip has said.

    Parameters
    ----------
    source : random.Random
        What everything is drawn from.
    idle : int
        Most silent steps in one code of a stimulus.
    passed_over : collection of Region
        Regions that are not read.

    Attributes
    ----------
    session, origin : int
        Session of the chip, and the one in which it last took a numbered request.
    sequence, ack : int
        Next request that the chip takes, and next numbered response that it sends.
    """

    def __init__(
        self,
        source: random.Random,
        *,
        config: CoreConfig = CONFIG,
        idle: int = 0xFFFF,
        passed_over: Collection[Region] = (),
    ) -> None:
        self._source, self._config, self._idle = source, config, idle
        self._regions = [int(region) for region in regions(config) if region not in passed_over]
        self.session = self.origin = self.sequence = self.ack = 0
        self._kinds: list[tuple[Callable[[], bytes], int]] = [
            (self.next_frame, 40), (self._mutated, 20), (self._out_of_order, 8), (self._other_session, 8),
            (self._noise, 10), (self._strange_content, 6), (self._unnumbered, 6), (self._hello, 1), (self._joined, 1),
        ]  # fmt: skip

    @property
    def _is_brief(self) -> bool:
        """Whether no code of a stimulus has many steps."""
        return self._idle < 0xFFFF

    def next(self) -> bytes:
        """Return the bytes of one frame, of whatever kind, with its delimiters."""
        kinds, weights = zip(*self._kinds, strict=True)
        (kind,) = self._source.choices(kinds, weights)
        return kind()

    def hear(self, response: Response) -> None:
        """Follow what the chip says."""
        if response.op == Op.HELLO:
            self.session, self.origin = response.session, int.from_bytes(response.payload, "little")
            self.sequence = self.ack = 0
        elif response.session == self.session:
            if response.op >= Op.READ and response.sequence == self.ack:
                self.ack = (self.ack + 1) % SEQUENCE_MODULUS
            self.sequence = response.ack

    def hello(self) -> bytes:
        """Return a HELLO of a session of its own, from 1 to 65535."""
        self._asked = 1 + self._source.randrange(0xFFFF)
        return b"\0" + Request(Op.HELLO, session=self._asked).encode()

    # Kinds -------------------------------------------------------------------------------------

    def next_frame(self) -> bytes:
        """Return a good numbered request, the next that the chip takes."""
        op = self._source.choice(NUMBERED)
        ack = self._source.randrange(256) if self._source.random() < 0.02 else self.ack
        return Request(op, self.sequence, ack, self._arguments(op), self.session).encode()

    def _out_of_order(self) -> bytes:
        op = self._source.choice(NUMBERED)
        number = self._source.choice((self.sequence - 1, self.sequence + 1, self._source.randrange(256)))
        return Request(op, number % SEQUENCE_MODULUS, self.ack, self._arguments(op), self.session).encode()

    def _other_session(self) -> bytes:
        op = self._source.choice((*NUMBERED, Op.ACK, Op.POLL, Op.STOP))
        session = self._source.choice((0, 0xFFFF, self.session ^ 1, self._source.randrange(1 << 16)))
        return Request(op, self.sequence, self.ack, self._arguments(op), session).encode()

    def _unnumbered(self) -> bytes:
        op = self._source.choice((Op.POLL, Op.POLL, Op.ACK, Op.STOP))
        return Request(op, self._source.randrange(256), self.ack, self._bytes(4), self.session).encode()

    def _hello(self) -> bytes:
        return Request(Op.HELLO, 0, 0, self._bytes(20), self._source.randrange(1 << 16)).encode()

    def _strange_content(self) -> bytes:
        """Good stuffing and checksum around what is no request: unknown operations, too short, too long."""
        header = Request.HEADER.pack(
            self._source.randrange(256), self.sequence, self.ack, self._source.choice((self.session, 0, 0xBEEF))
        )
        if header[0] == Op.HELLO or 0x80 <= header[0] < 0x90:
            return b"\0"  # `hear` could not tell the answers to the latter from notices
        length = self._source.choice((0, 1, self._config.payload_bytes, self._config.payload_bytes + 1, 300))
        content = header + self._source.randbytes(length) if self._source.random() < 0.8 else header[:-1]
        return cobs_encode(with_crc(content)) + b"\0"

    def _noise(self) -> bytes:
        size = self._source.choice((1, 3, 9, 30, 70, 200))
        return self._source.randbytes(size) + b"\0" * self._source.randrange(1, 4)

    def _joined(self) -> bytes:
        """Two frames whose delimiter was lost."""
        return self.next_frame()[:-1] + self.next_frame()

    def _mutated(self) -> bytes:
        return mutated(self.next_frame(), self._source)

    # Arguments ---------------------------------------------------------------------------------

    def _arguments(self, op: int) -> bytes:
        if op == Op.SET_BAUD:  # a slow line would be simulated for minutes
            return self._source.choice((b"\4\0", b"\5\0", b"\3\0", b"", b"\4", b"\4\0\0"))
        if self._source.random() < 0.1 and not (op == Op.RUN and self._is_brief):
            return self._bytes(self._config.payload_bytes)
        source, region = self._source, self._source.choice((*self._regions, 0x7F, 0xFF))
        row, column = source.randrange(14), source.randrange(9)
        if op == Op.READ:
            return READ_ARGUMENTS.pack(region, row, column, source.choice((0, 1, 7, 40, 1 << 31)))
        if op == Op.WRITE:
            size = layout(Region(region), self._config).item_bytes if region in self._regions else 1
            return WRITE_ARGUMENTS.pack(region, row, column) + self._bytes(8 * size)
        if op == Op.RUN:
            return self._stimulus()
        return self._bytes(2)

    def _stimulus(self) -> bytes:
        source, out = self._source, bytearray()
        for _ in range(source.randrange(8)):
            code = source.choice((*range(6), 0xEF, SKIP, GRADED, FORCE, CLEAR, SET, IDLE, 0xF7, END, END, END))
            out.append(code)
            if code == IDLE:
                out += source.randrange(self._idle + 1).to_bytes(2, "little")
            elif code in (GRADED, FORCE, SET):
                out += source.randbytes(5) if source.random() < 0.5 else bytes([source.randrange(7), 0, 9, 9, 0])
            elif code == CLEAR:
                out.append(source.randrange(256))
        whole = bytes(out[: self._config.payload_bytes])
        # The number of steps of a code that is cut off would come from the next frame.
        return whole if source.random() < 0.8 or self._is_brief else whole[:-1]

    def _bytes(self, most: int) -> bytes:
        return self._source.randbytes(self._source.randrange(most + 1))


def mutated(frame: bytes, source: random.Random) -> bytes:
    """Change, drop, double or insert a few bytes, delimiters included."""
    out = bytearray(frame)
    for _ in range(source.choice((1, 1, 2, 5))):
        at = source.randrange(len(out)) if out else 0
        kind = source.randrange(5)
        if not out or kind == 0:
            out.insert(at, source.randrange(256))
        elif kind == 1:
            out[at] ^= 1 << source.randrange(8)
        elif kind == 2:
            del out[at]
        elif kind == 3:
            out[at:at] = out[at : at + source.randrange(1, 9)]
        else:
            out[at] = 0
    return bytes(out)
