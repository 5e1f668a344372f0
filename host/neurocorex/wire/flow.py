"""Flow of numbered requests and responses in one session, with retransmission of what is damaged or lost."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import StateLostError
from ..spec import Op, Request, Response, Status
from ..spec.protocol import DELIMITER, FRAME_S
from .line import Line
from .refusals import refusal
from .window import Window

#: Answers to POLL that contradict what is known, in a row, before the chip is taken to be another.
CONTRADICTIONS = 3
#: Stands behind the last request of an exchange.
_END = (0, b"")
#: Silence, in seconds, after which the rest of some answers counts as lost: of a board, and of a simulated chip.
_REST_S = (0.1, 1.0)


class Flow:
    """Requests and responses of one session.

    Parameters
    ----------
    line : Line
        To the chip.
    session : int
        Its number; 0 before the first.
    credit : int
        Requests that the chip has room for.

    Attributes
    ----------
    window : Window
        Requests that are not answered.
    changes : bool
        Whether the present exchange has a request that may change something: any but READ.
    """

    def __init__(self, line: Line, session: int = 0, credit: int = 0) -> None:
        self.window = Window(limit=credit, session=session)
        self.changes = False
        self._line = line
        self._source: Iterator[tuple[int, bytes] | None] = iter(())
        self._polling = self._stopping = self._ack_due = False
        self._contradictions = 0
        self._blocked = self._is_aside = False
        self._asides = set[int]()  # requests of the link itself, whose answers are yielded to nobody

    def begin(self, source: Iterator[tuple[int, bytes] | None]) -> None:
        """Begin an exchange; None in the source says that nothing is to be sent before the next response."""
        self._source = source
        self.changes = False

    def follow(self) -> Iterator[tuple[int, bytes]]:
        """Go on with the exchange, and yield status and payload of each response.

        It ends when all is answered; or, at a rate that is to be left, when all that was sent is answered, or nothing
        gets through any more.
        """
        while (self._send() or self.window.requests) and not self._line.descent.is_hopeless:
            yield from self._collect()

    def ask_aside(self, op: int, payload: bytes) -> None:
        """Carry out a request of the link itself between others, once these are answered; see `follow`.

        If it is cut off, it stays among the requests that `follow` goes on with.
        """
        self._asides.add(self.window.last)
        self.window.push(op, payload)
        for _ in self.follow():
            pass

    def ask(self) -> None:
        """Send POLL: its answer tells where the chip stands."""
        stop = delimited(Op.STOP, session=self.window.session) if self._stopping else b""
        self._write(stop + delimited(Op.POLL, ack=self.window.ack, session=self.window.session))
        self._polling = True

    def stop(self) -> Iterator[tuple[int, bytes]]:
        """Stop runs and yield the answers that still come; requests that the chip has not taken are forgotten."""
        self._stopping, self._polling = True, False
        self._poll()
        while self._polling or self.window.requests:
            yield from self._collect()
            if not self._polling:
                self.window.retract()
                self._acknowledge()
        self._stopping = False

    def hears(self, longest_s: float | None = None) -> bool:
        """Ask, and tell whether the chip answers before the next question would be due, or within some seconds.

        A notice of a bad frame is no answer: the chip may not know yet that its rate is right. One of another session
        is: the next exchange deals with that. A line full of noise is listened to for a second, or twice that time.
        """
        own = self.window.session
        expected = (Op.POLL, own, Status.OK)
        self.ask()
        end = self._line.clock() + (FRAME_S if longest_s is None else 2 * longest_s)
        while (frames := self._line.receive(whole=True, longest_s=longest_s)) is not None:
            for frame in frames:
                if not isinstance(frame, Response):
                    continue
                is_foreign = frame.status == Status.OTHER_SESSION and frame.session != own
                if is_foreign or (frame.op, frame.session, frame.status) == expected:
                    self._polling = False
                    return True
            if self._line.clock() > end:
                break
        return False

    def echoes(self, pattern: bytes, times: int) -> bool:
        """Send POLL with a pattern, which the chip ignores, several times in a row; tell whether it hears each."""
        self._line.write(times * delimited(Op.POLL, ack=self.window.ack, session=self.window.session, payload=pattern))
        heard, spoilt, silence_s = 0, False, None
        while heard < times and (frames := self._line.receive(whole=True, longest_s=silence_s)) is not None:
            heard += len(frames)
            spoilt |= any(not isinstance(frame, Response) or frame.status != Status.OK for frame in frames)
            if spoilt:  # what still comes must not be taken for something else, but nobody knows how much that is
                silence_s = _REST_S[self._line.transport.follows_chip]
        return heard == times and not spoilt

    def joins(self) -> bool:
        """Ask over a new transport, as often as a silent chip is asked; tell whether it is still in this session."""
        while not self._line.is_dead:
            self.ask()
            while (frames := self._line.receive(whole=True)) is not None:
                for frame in frames:
                    if isinstance(frame, Response):
                        return frame.session == self.window.session
        return False

    def move(self, other: Flow, origin: int) -> bool:
        """Go on with this exchange in another session, if nothing can be carried out twice by that.

        Parameters
        ----------
        other : Flow
            New session, in which nothing was sent yet.
        origin : int
            Session in which the chip was used last; if not this one, it took no request of this one.
        """
        window = self.window
        if origin == window.session and not window.repeatable:
            return False
        other.begin(self._source)
        other.changes = self.changes
        for number, request in enumerate(window.requests, window.answered):
            if number not in self._asides:
                other.window.push(*request)
        return True

    # Requests ----------------------------------------------------------------------------------

    def _send(self) -> bool:
        """Send what may be sent; False once the source has nothing, for now or for good."""
        window, out, more = self.window, bytearray(), True
        is_first = window.sent == window.answered
        while more and not self._polling:
            if request := window.due():
                out += request.encode()
            elif self._line.descent.is_due:
                more = False
            elif not window.room:
                self._blocked = True
                break
            elif (following := next(self._source, _END)) is None or following is _END:
                more, self._blocked = False, following is None
            else:
                self._line.meter.waits += self._blocked
                self._blocked = False
                self.changes |= following[0] != Op.READ
                window.push(*following)
        if out:
            self._line.meter.round_trips += is_first
            self._line.meter.repeated += window.repeated
            window.repeated = 0
            self._write(bytes(out))
        elif more and not window.requests:
            self._poll()  # no answer is under way that could announce room
        elif window.requests:
            self._acknowledge()
        return more

    def _poll(self) -> None:
        if not self._polling:
            self.ask()

    def _acknowledge(self) -> None:
        """Free the chip's buffers, if there is something to acknowledge: it waits when they are full."""
        if self._ack_due:
            self._write(Request(Op.ACK, ack=self.window.ack, session=self.window.session).encode())

    def _write(self, data: bytes) -> None:
        self._line.write(data)
        self._ack_due = False

    # Responses ---------------------------------------------------------------------------------

    def _collect(self) -> Iterator[tuple[int, bytes]]:
        """Wait for bytes and yield the responses among them that are next."""
        frames = self._line.receive(self.window.bytes_out)
        if frames is None:
            self._line.give_up()
            self.ask()
            return
        for frame in frames:
            if not isinstance(frame, Response):
                self._poll()
            elif frame.status == Status.OTHER_SESSION and frame.session != self.window.session:
                raise self._lost("was reset" if frame.session == 0 else "was used by another session meanwhile")
            elif frame.session != self.window.session:
                continue
            elif frame.op >= Op.READ:
                yield from self._take(frame)
            elif frame.op == Op.POLL:
                self._notice(frame)

    def _take(self, response: Response) -> Iterator[tuple[int, bytes]]:
        window = self.window
        ahead = window.distance(response)
        if ahead > 0:
            self._poll()
            return
        self._ack_due = True
        if ahead < 0:
            self._line.meter.repeated += 1
            return  # sent again, because our acknowledgement has not arrived
        window.acknowledge(response)
        op, payload = window.requests[0] if window.requests else (None, b"")
        is_aside = window.answered in self._asides
        if response.op != op:
            raise self._lost("answers what was not asked; it must have been reset")
        self._line.pace.hears()
        window.expected += 1
        window.partial = response.status == Status.MORE
        if not window.partial:
            window.finish()
        if response.status > Status.STOPPED:
            raise refusal(self._line.transport.name, response, payload)
        if not is_aside:
            yield response.status, response.payload

    def _notice(self, notice: Response) -> None:
        """Find out where the chip stands.

        A frame lost on the way puts every one behind it out of order, with a notice for each. So only one POLL is sent
        for all of them; when its answer comes, all that was sent before it has arrived or is lost, and what is missing
        is sent again once.
        """
        window = self.window
        sensible = window.acknowledge(notice) and window.distance(notice) >= 0
        if notice.status != Status.OK:
            self._poll()
        elif sensible:
            self._contradictions = 0
            self._polling = False
            if window.distance(notice) or window.taken < window.cursor:
                self._line.pace.loses()
            window.rewind(notice)
        else:
            self._contradictions += 1
            if self._contradictions >= CONTRADICTIONS:
                raise self._lost("contradicts itself; it must have been reset")

    def _lost(self, what: str) -> StateLostError:
        return StateLostError(f"{self._line.transport.name} {what}; load the network again")


def delimited(op: Op, *, ack: int = 0, session: int, payload: bytes = b"") -> bytes:
    """Return an unnumbered request that whatever came before on the line cannot harm."""
    return bytes([DELIMITER]) + Request(op, ack=ack, session=session, payload=payload).encode()
