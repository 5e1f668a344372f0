"""Ends of the wire as targets of the coverage-guided campaign: bytes to the emulated chip, and bytes to the host."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from neurocorex.emulator.protocol import VirtualChip
from neurocorex.errors import NeuroCoreXError
from neurocorex.spec import Op, Request, RequestDecoder, Response, ResponseDecoder
from neurocorex.wire.link import Link
from neurocorex.wire.transport import Transport

from .conversation import CONFIG, Conversation

#: Reads of a host that waits; more are a wait without end.
READS = 20_000


@dataclass(frozen=True)
class Talk:
    """One end of the wire.

    Attributes
    ----------
    name : str
        Which.
    seeds : callable
        Returns good inputs.
    take : callable
        Takes one input; raises AssertionError, or whatever escapes.
    """

    name: str
    seeds: Callable[[], list[bytes]]
    take: Callable[[bytes], None]


class EndlessWaitError(AssertionError):
    """Host that went on waiting."""


def _requests() -> list[bytes]:
    talks = []
    for seed in range(20):
        talk = Conversation(random.Random(seed))
        chip, decoder = VirtualChip(CONFIG), ResponseDecoder()
        sent = b"\0" + Request(Op.HELLO, session=1).encode()
        said = bytearray()
        for _ in range(6):
            for frame in decoder.feed(chip.receive(sent)):
                if isinstance(frame, Response):
                    talk.hear(frame)
            said += sent
            sent = talk.next_frame()
        talks.append(bytes(said))
    return talks


def _to_chip(data: bytes) -> None:
    """Give bytes to a fresh chip. Frames have their checksum mended in every second case: it is no secret."""
    chip, decoder = VirtualChip(CONFIG), ResponseDecoder()
    if len(data) % 2:
        data = _mended(data)
    for part in (data[:7], data[7:], b"\0" + Request(Op.HELLO, session=0x1234).encode()):
        frames = list(decoder.feed(chip.receive(part)))
        assert all(isinstance(frame, Response) for frame in frames), "a bad frame came from the chip"
    last = frames[-1]
    assert isinstance(last, Response), "HELLO was not answered"
    assert (last.op, last.session) == (Op.HELLO, 0x1234), "HELLO was not answered"


def _mended(data: bytes) -> bytes:
    """Return frames whose content is `data` between delimiters, with good stuffing and checksums."""
    return b"".join(
        Request(part[0], part[1], part[2], part[5:], int.from_bytes(part[3:5], "little")).encode()
        for part in data.split(b"\0\0")
        if len(part) > 4
    )


class ScriptTransport(Transport):
    """Other end that answers HELLO as a chip does, and then says what is written down, whatever it is asked.

    The session of the host is put into frames that say 0xFFFF, so that they are not ignored.
    """

    name = "script"

    def __init__(self, script: bytes) -> None:
        self._script = script
        self._decoder = RequestDecoder()
        self._answers = bytearray()
        self._session = 0
        self._reads = 0

    def write(self, data: bytes) -> None:
        """Answer HELLO, and nothing else."""
        for frame in self._decoder.feed(data):
            if isinstance(frame, Request) and frame.op == Op.HELLO:
                self._session = frame.session
                hello = Response(Op.HELLO, 0, 0, CONFIG.rx_frames, 0, b"\0\0", frame.session)
                self._answers += b"\0" + hello.encode()

    def read(self, timeout_s: float) -> bytes:
        """Return the next piece of the script."""
        self._reads += 1
        if self._reads > READS:
            raise EndlessWaitError(f"the host waits without end: {READS} reads")
        if self._answers:
            data = bytes(self._answers)
            self._answers.clear()
            return data
        if not self._script:
            return b""
        size = 1 + self._script[0]
        data, self._script = self._script[1 : 1 + size], self._script[1 + size :]
        return self._in_session(data)

    def _in_session(self, data: bytes) -> bytes:
        out = bytearray()
        for part in data.split(b"\0\0"):
            if len(part) >= Response.HEADER.size and part[-1] % 2:
                op, sequence, ack, credit, status, session = Response.HEADER.unpack_from(part)
                session = self._session if session == 0xFFFF else session
                out += Response(op & 0x7F, sequence, ack, credit, status, part[7:], session).encode()
            else:
                out += part + b"\0"
        return bytes(out)

    def close(self) -> None:
        """Do nothing."""


def _answers() -> list[bytes]:
    """Scripts in which requests are answered, by frames without their checksums."""
    good = []
    for status, payload in ((0, b""), (1, b"\1\2"), (2, b"\1"), (0x11, b""), (0x23, b"")):
        header = Response.HEADER.pack(Op.READ, 0, 1, 4, status, 0xFFFF)
        notice = Response.HEADER.pack(Op.POLL, 0, 0, 4, 0, 0xFFFF)
        part = header + payload + b"\1\0\0" + notice + b"\1\0\0"
        good.append(bytes([len(part) - 1]) + part)
    return good


def _to_host(data: bytes) -> None:
    """Let a host carry out three requests over a script."""
    link = Link(ScriptTransport(data), timeout_s=0.01)  # which the script does not wait
    for _ in range(2):
        try:
            for status, _payload in link.execute([(Op.READ, bytes(9)), (Op.RUN, b"\xff"), (Op.WRITE, bytes(6))]):
                assert status in (0, 1, 2), f"status {status} was handed over as an answer"
        except NeuroCoreXError:
            pass


TALKS = {talk.name: talk for talk in (Talk("requests", _requests, _to_chip), Talk("responses", _answers, _to_host))}
