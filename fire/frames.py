"""Campaign of frames: parsers of the emulated chip, the simulated chip and the host, given frames of every kind."""

from __future__ import annotations

from neurocorex.emulator.protocol import VirtualChip
from neurocorex.spec import Op, Request, Response, ResponseDecoder, Status
from neurocorex.spec.protocol import SEQUENCE_MODULUS

from .campaign import Case, Work
from .conversation import CONFIG, Conversation

#: Frames between two greetings, each answered whatever came before.
BATCH = 500


class Witness:
    """What a chip says, checked against the rules that hold whatever it is sent.

    Attributes
    ----------
    wrong : list of str
        Rules that were broken.
    greetings : int
        Answers to HELLO since it was set to 0.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._decoder = ResponseDecoder()
        self.wrong: list[str] = []
        self.greetings = 0
        self.heard: list[Response] = []

    def hear(self, data: bytes) -> list[Response]:
        """Check the frames that bytes complete, tell the host of them, and return them."""
        frames = []
        for frame in self._decoder.feed(data):
            if isinstance(frame, Response):
                self._check(frame)
                self._conversation.hear(frame)
                frames.append(frame)
            else:
                self.wrong.append(f"a bad frame came from the chip: {frame}")
        return frames

    def _check(self, frame: Response) -> None:
        talk = self._conversation
        self.greetings += frame.op == Op.HELLO
        if frame.credit > CONFIG.rx_frames:
            self.wrong.append(f"credit {frame.credit} is above {CONFIG.rx_frames}")
        if len(frame.payload) > CONFIG.payload_bytes:
            self.wrong.append(f"a payload of {len(frame.payload)} bytes")
        if frame.status not in set(Status) or frame.status >= Status.BUSY:
            self.wrong.append(f"status {frame.status:#x} is none of a chip's")
        if frame.op == Op.HELLO:
            return
        if frame.session != talk.session:
            self.wrong.append(f"session {frame.session} after HELLO of {talk.session}")
        taken = (frame.ack - talk.sequence) % SEQUENCE_MODULUS
        if taken > CONFIG.rx_frames:
            self.wrong.append(f"ack went from {talk.sequence} to {frame.ack}")
        if frame.op >= Op.READ:
            ahead = (frame.sequence - talk.ack + SEQUENCE_MODULUS // 2) % SEQUENCE_MODULUS - SEQUENCE_MODULUS // 2
            if ahead > 0 or ahead < -CONFIG.tx_frames:
                self.wrong.append(f"response {frame.sequence} where {talk.ack} is next")


def emulator(work: Work) -> None:
    """Feed the emulated chip in batches; after each it answers HELLO, and knows who has used it."""
    chip = VirtualChip(CONFIG)
    last = work.first + work.count
    for number in work.tries():
        source = work.random(number)
        talk = Conversation(source)
        witness = Witness(talk)
        witness.hear(chip.receive(b"\0" + Request(Op.HELLO, session=1 + source.randrange(0xFFFF)).encode()))
        used = talk.origin
        for _ in range(BATCH):
            before = talk.session, talk.sequence
            frame = talk.next()
            cut = source.randrange(len(frame))
            for part in (frame[:cut], frame[cut:]):
                witness.hear(chip.receive(part))
            if talk.session == before[0] and talk.sequence != before[1]:
                used = talk.session
        witness.greetings = 0
        session = 1 + source.randrange(0xFFFF)
        witness.hear(chip.receive(b"\0" + Request(Op.HELLO, session=session).encode()))
        work.expect(witness.greetings == 1 and talk.session == session, "HELLO was not answered", number)
        work.expect(talk.origin == used, f"origin is {talk.origin}, {used} used it last", number)
        for what in witness.wrong[:3]:
            work.fail(what, number)
    work.notes.append(f"{BATCH} frames each, {last - work.first:,} batches")


CASES = [
    Case(
        "frames.emulator",
        "the emulated chip takes 1,000,000 frames of every kind, keeps to the protocol, and answers HELLO",
        "batches", 2000, 20, emulator,
    ),
]  # fmt: skip
