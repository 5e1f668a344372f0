"""Campaign of frames: parsers of the emulated chip, the simulated chip and the host, given frames of every kind."""

from __future__ import annotations

from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import NeuroCoreXError
from neurocorex.spec import FrameError, Op, Region, Request, Response, ResponseDecoder, Status
from neurocorex.spec.protocol import SEQUENCE_MODULUS
from neurocorex.wire.process import ProcessTransport

from .actor import Actor
from .campaign import Case, Work
from .conversation import CONFIG, Conversation
from .networks import LEARNING, simulated_chip
from .nonsense import LyingTransport

#: Frames between two greetings, each answered whatever came before.
BATCH = 500
#: Seconds in which the simulated chip says all that it has to say to a frame.
ANSWER_S = 5
#: Most acknowledgements until a chip is at rest.
SETTLING = 1000
#: Calls of a host to a chip that talks nonsense, and seconds that each may take.
HOST_CALLS, HOST_S = 30, 60


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


def simulated(work: Work) -> None:
    """Feed the simulated chip and the emulated one frame by frame; both say the same to each."""
    program = simulated_chip(CONFIG)
    with Device(WiredChip(ProcessTransport([program]))) as device:
        info = device.info
    emulated = VirtualChip(CONFIG, clock_hz=info.clock_hz, baud=info.baud, build_id=info.build_id)
    chip = ProcessTransport([program])
    try:
        for number in work.tries():
            source = work.random(number)
            talk = Conversation(source, idle=3, passed_over=[Region.COUNTERS])  # only one of them has cycles
            pair = _Pair(emulated, chip, talk)
            pair.send(talk.hello())
            for _ in range(BATCH):
                pair.send(talk.next())
            pair.send(talk.hello())
            for what in pair.wrong[:3]:
                work.fail(what, number)
    finally:
        chip.close()
    work.notes.append(f"{BATCH} frames each")


class _Pair:
    """Two chips that get the same frames, one at a time."""

    def __init__(self, emulated: VirtualChip, chip: ProcessTransport, talk: Conversation) -> None:
        self._emulated, self._chip, self._talk = emulated, chip, talk
        self._witness, self._decoder = Witness(talk), ResponseDecoder()
        self.wrong = self._witness.wrong

    def send(self, data: bytes) -> None:
        """Send bytes to both, up to one delimiter at a time, and compare what they say to that.

        The gates have one notice for all that is wrong before it is sent, so the simulated chip is waited for.
        """
        for stuffed in data.split(b"\0")[:-1]:
            self._send(stuffed + b"\0")

    def _send(self, frame: bytes) -> None:
        if self._ends_runs(frame):
            self._settle()
        self._exchange(frame)

    def _ends_runs(self, frame: bytes) -> bool:
        """Whether a frame ends what is running; at which step, no two chips need to agree."""
        try:
            request = Request.decode(frame[:-1])
        except FrameError:
            return False
        return request.op == Op.HELLO or (request.op == Op.STOP and request.session == self._talk.session)

    def _settle(self) -> None:
        """Acknowledge what the chips say until they have carried out all requests."""
        for _ in range(SETTLING):
            if not self._emulated._jobs:
                return
            self._exchange(Request(Op.ACK, ack=self._talk.ack, session=self._talk.session).encode())

    def _exchange(self, frame: bytes) -> None:
        expected = self._witness.hear(self._emulated.receive(frame))
        self._chip.write(frame)
        said: list[Response] = []
        while len(said) < len(expected):
            data = self._chip.read(ANSWER_S)
            if not data:
                break
            said += [each for each in self._decoder.feed(data) if isinstance(each, Response)]
        if [_of(each) for each in said] != [_of(each) for each in expected]:
            self.wrong.append(f"to {frame.hex()} the chip said {said}, the emulator {expected}")


def _of(frame: Response) -> tuple[int, ...]:
    """Return what is the same on both chips; when a buffer is free again is not."""
    return frame.op, frame.sequence, frame.ack, frame.status, frame.payload, frame.session  # type: ignore[return-value]


def host(work: Work) -> None:
    """Let a host talk to a chip over a line that lies: its results are right, or there is an error of ours."""
    expected = {}
    earlier: list[bytes] = []
    seen = errors = 0
    for number in work.tries():
        source = work.random(number)
        seed = source.randrange(20)
        if seed not in expected:
            with Device(WiredChip(VirtualTransport(LEARNING[1]))) as device:
                expected[seed] = [*Actor(device, LEARNING[1], seed).calls(HOST_CALLS)]
        line = LyingTransport(LEARNING[1], source, earlier, source.choice((0.02, 0.1, 0.4, 0.8)))
        with Device(WiredChip(line)) as device:
            device.deadline_s = HOST_S
            errors += not _right(work, number, device, seed, expected[seed])
        seen += line.bytes
    work.notes.append(f"{seen:,} bytes, {errors} sessions ended with an error")


def _right(work: Work, number: int, device: Device, seed: int, expected: list[object]) -> bool:
    """Compare calls as they come; False if they end with an error of ours."""
    try:
        for at, outcome in enumerate(Actor(device, LEARNING[1], seed).calls(HOST_CALLS)):
            if outcome != expected[at]:
                work.fail(f"call {at} ({outcome[0]}) took a wrong answer", number)
                return True
    except NeuroCoreXError:
        return False
    return True


CASES = [
    Case(
        "frames.emulator",
        "the emulated chip takes 1,000,000 frames of every kind, keeps to the protocol, and answers HELLO",
        "batches", 2000, 20, emulator, seconds=320,
    ),
    Case(
        "frames.simulated",
        "the simulated chip takes 100,000 frames of every kind, and says what the emulated one says",
        "batches", 200, 1, simulated, seconds=120,
    ),
    Case(
        "frames.host", "a host hears 1,000,000 bytes from a line that lies: right results, or typed errors, and an end",
        "sessions", 400, 5, host, seconds=30,
    ),
]  # fmt: skip
