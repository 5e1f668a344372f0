"""Protocol of an emulated chip: bytes in, bytes out, as docs/protocol.md says, with buffers as strict as the gates."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ..spec import ChipInfo, CoreConfig, Counter, FrameError, Op, Request, RequestDecoder, Response, Status
from ..spec.protocol import HELLO_ANSWER, SEQUENCE_MODULUS
from .commands import Answer, CommandUnit, Job
from .emulator import Emulator


@dataclass(frozen=True, slots=True)
class _Sent:
    """A response that may have to be sent again."""

    sequence: int
    op: int
    status: Status
    payload: bytes


class VirtualChip:
    """A chip that computes as fast as it can and has no clock: the emulator behind the protocol.

    It is as strict as the gates: it has `rx_frames` and `tx_frames` buffers and no more, and waits while its responses
    are not acknowledged.

    Parameters
    ----------
    config : CoreConfig
        Geometry.
    clock_hz, baud, build_id : int
        What it says of itself, see `ChipInfo`.

    Attributes
    ----------
    emulator : Emulator
        The core.
    """

    def __init__(self, config: CoreConfig, *, clock_hz: int = 0, baud: int = 0, build_id: int = 0) -> None:
        self.config = config
        self.emulator = Emulator(config)
        info = ChipInfo(config=config, clock_hz=clock_hz, baud=baud, build_id=build_id)
        self._commands = CommandUnit(self.emulator, info)
        self._frames = RequestDecoder()
        self._arrived: deque[Request | FrameError] = deque()
        self._out = bytearray()
        self._session = self._origin = 0
        self._failure: BaseException | None = None
        self._reset_link()

    def _reset_link(self) -> None:
        self._halted = False  # an exception has ended a run; further ones are, until the host says STOP or HELLO
        self._expected = 0
        self._jobs: deque[Job] = deque()  # the first of them is being carried out
        self._answers: Iterator[Answer] | None = None
        self._sequence = 0  # of the next response
        self._unacknowledged: deque[_Sent] = deque()

    @property
    def busy(self) -> bool:
        """Whether work can be done without anything being received."""
        return bool(self._jobs) and len(self._unacknowledged) < self.config.tx_frames

    @property
    def waiting(self) -> bool:
        """Whether frames have arrived that it had no room to answer."""
        return bool(self._arrived)

    def prepare(self) -> None:
        """Load the kernel of the emulator ahead of the first run."""
        self.emulator.prepare()

    def receive(self, data: bytes, *, work: int | None = None, room: int | None = None) -> bytes:
        """Take bytes from the host in pieces of any size, and return what the chip sends meanwhile.

        Parameters
        ----------
        data : bytes
            What came; may be empty, to let a `busy` chip go on.
        work : int, optional
            Pieces of work to do at most: each is a response, or the steps of a run that need about as long.
            By default all that can be done is done, however long it takes.
        room : int, optional
            Bytes to send after which no further frame is looked at; those wait for the next call.
        """
        try:
            left = self._work(work)
            self._arrived += self._frames.feed(data)
            while self._arrived and (room is None or len(self._out) < room):
                self._hear(self._arrived.popleft())
                left = self._work(left)
        except BaseException as error:
            if error is not self._failure:  # Ctrl-C in a bad place: what was taken and has run is not known
                self._commands.end_step()
                self._session = self._origin = 0
                self._reset_link()
            self._failure = None
            raise
        sent = bytes(self._out)
        self._out.clear()
        return sent

    # Frames received ---------------------------------------------------------------------------

    def _hear(self, frame: Request | FrameError) -> None:
        if isinstance(frame, FrameError) or len(frame.payload) > self.config.payload_bytes:
            self.emulator.count(Counter.FRAMES_BAD)
            self._notify(Status.BAD_FRAME)
            return
        self.emulator.count(Counter.FRAMES_GOOD)
        if frame.op == Op.HELLO:
            self._greet(frame)
        elif frame.session != self._session:
            if frame.op == Op.POLL or frame.op >= Op.READ:
                self._notify(Status.OTHER_SESSION)
        else:
            self._acknowledge(frame)
            if frame.op < Op.READ:
                self._serve(frame)
            else:
                self._take(frame)

    def _greet(self, request: Request) -> None:
        """Answer HELLO: reset the link; the core ends the step that it is in."""
        self._stop()
        if self._answers is not None and self._jobs[0].stopped:
            deque(self._answers, maxlen=0)
        else:
            self._commands.end_step()
        self._reset_link()
        self._session = request.session
        self._send(Op.HELLO, 0, Status.OK, HELLO_ANSWER.pack(self._origin))

    def _serve(self, request: Request) -> None:
        if request.op == Op.POLL:
            self._notify(Status.OK)
            for sent in self._unacknowledged:
                self._send_numbered(sent)
        elif request.op == Op.STOP:
            self._halted = False
            self._stop()
        elif request.op != Op.ACK:
            self._notify(Status.BAD_OP)

    def _take(self, request: Request) -> None:
        if request.sequence != self._expected:
            self._notify(Status.OUT_OF_ORDER)
        elif len(self._jobs) == self.config.rx_frames:
            self._notify(Status.NO_ROOM)
        else:
            self._expected = (self._expected + 1) % SEQUENCE_MODULUS
            self._origin = self._session
            self._jobs.append(Job(request.op, request.payload, stopped=self._halted))

    def _acknowledge(self, request: Request) -> None:
        """Drop the responses that the host acknowledges; a number of no such response is ignored."""
        oldest = self._sequence - len(self._unacknowledged)
        known = (request.ack - oldest) % SEQUENCE_MODULUS
        if known <= len(self._unacknowledged):
            for _ in range(known):
                self._unacknowledged.popleft()

    def _stop(self) -> None:
        """Mark all runs as stopped; without any, a step left open ends here and nobody asks for its results."""
        runs = [job for job in self._jobs if job.op == Op.RUN]
        for job in runs:
            job.stopped = True
        if not runs:
            self._commands.end_step()

    # Work --------------------------------------------------------------------------------------

    def _work(self, pieces: int | None) -> int | None:
        """Carry out requests while there is room for their responses; return how many pieces may still be done."""
        while self.busy and pieces != 0:
            if self._answers is None:
                self._answers = self._commands.execute(self._jobs[0])
            answer = next(self._answers)
            if (failure := self._commands.failed()) is not None:
                # Between two steps: the host gets what has run until then. Runs that are queued would leave a gap.
                self._failure, self._halted = failure, True
                self._stop()
                raise failure
            if answer is not None:
                self._answer(*answer)
            pieces = None if pieces is None else pieces - 1
        return pieces

    def _answer(self, status: Status, payload: bytes) -> None:
        sent = _Sent(self._sequence, self._jobs[0].op, status, payload)
        self._sequence = (self._sequence + 1) % SEQUENCE_MODULUS
        self._unacknowledged.append(sent)
        if status is not Status.MORE:
            self._jobs.popleft()
            self._answers = None
        self._send_numbered(sent)

    # Frames sent -------------------------------------------------------------------------------

    def _send_numbered(self, sent: _Sent) -> None:
        self._send(sent.op, sent.sequence, sent.status, sent.payload)

    def _notify(self, status: Status) -> None:
        self._send(Op.POLL, self._sequence, status)

    def _send(self, op: int, sequence: int, status: Status, payload: bytes = b"") -> None:
        """Put a frame on the wire, with the acknowledgement and credit of this moment."""
        credit = self.config.rx_frames - len(self._jobs)
        self._out += Response(op, sequence, self._expected, credit, status, payload, self._session).encode()
