"""Link to a chip: requests are answered once and in order, with retransmission of what the line damages or loses."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator

from ..errors import DeviceError, DisconnectedError, NoAnswerError, StateLostError
from ..spec import Op, Request, Response, Status
from ..spec.protocol import DEFAULT_BAUD, DELIMITER, HELLO_ANSWER, SET_BAUD_ARGUMENTS
from .reception import Reception
from .refusals import refusal, unheard
from .transport import Transport
from .window import Window

#: Silences in a row before the host gives up.
ATTEMPTS = 5
#: Answers to POLL that contradict what is known, in a row, before the chip is taken to have been reset.
CONTRADICTIONS = 3
#: Numbers of sessions, from 1 up.
SESSIONS = 0xFFFF


class Link:
    """Exchanges with one chip over one transport; see docs/protocol.md.

    Nothing is sent before the first exchange. After any error, and after an exchange that was not followed to its end,
    the next one begins with HELLO, which stops the chip and puts both ends in step.

    Parameters
    ----------
    transport : Transport
        Bytes to and from the chip; closed by `close`.
    timeout_s : float
        Silence, in seconds, after which the host asks whether the chip is still there. A chip that answers is busy, and
        is waited for without end.

    Attributes
    ----------
    reset_bauds : list of int
        Rates at which a chip that was just reset may listen.
    origin : int
        Session, before the present one, in which the chip was used last; 0: it was reset since. See docs/protocol.md.
    """

    def __init__(self, transport: Transport, *, timeout_s: float = 0.5) -> None:
        self._transport = transport
        self._reception = Reception(transport, timeout_s)
        self.reset_bauds = [DEFAULT_BAUD]
        self.origin = 0
        self._window = Window()
        self._in_step = False
        self._polling = self._stopping = self._ack_due = False
        self._contradictions = 0

    @property
    def name(self) -> str:
        """Name of the other end, for messages."""
        return self._transport.name

    @property
    def damaged(self) -> int:
        """Frames from the chip, so far, that failed their checksum."""
        return self._reception.damaged

    @property
    def faults(self) -> dict[str, int]:
        """Faults made on purpose; see `Transport.faults`."""
        return self._transport.faults

    def close(self) -> None:
        """Close the transport."""
        self._in_step = False
        self._transport.close()

    # Exchanges ---------------------------------------------------------------------------------

    def hello(self) -> None:
        """Stop the chip and put both ends in step; old bytes of either direction are discarded.

        Raises
        ------
        NoAnswerError, GarbageError, DisconnectedError
            If nothing comes back, if what comes back is something else, if the other end is gone.
        """
        self._in_step = False
        self._reception.strange.clear()
        for attempt in range(ATTEMPTS):
            if attempt:  # an earlier host may have left the chip at another rate
                self._transport.send_break()
                self._set_rate(self.reset_bauds[(attempt - 1) % len(self.reset_bauds)])
            session = 1 + secrets.randbelow(SESSIONS)
            self._reception.restart()
            self._write(_delimited(Op.HELLO, session=session))
            while (frames := self._receive()) is not None:
                for frame in frames:
                    if isinstance(frame, Response) and (frame.op, frame.session) == (Op.HELLO, session):
                        (self.origin,) = HELLO_ANSWER.unpack(frame.payload)
                        self._window = Window(limit=frame.ack + frame.credit, session=session)
                        self._polling = self._stopping = self._ack_due = False
                        self._reception.silences = self._contradictions = 0
                        self._in_step = True
                        return
        raise unheard(self.name, self._transport.baud, self._reception.strange)

    def execute(self, requests: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Carry out numbered requests in order, as many at a time as the chip has room for.

        Parameters
        ----------
        requests : iterable of (int, bytes)
            Operation and payload; taken one by one, when there is room.

        Yields
        ------
        (int, bytes)
            Status (`OK`, `STOPPED`, or `MORE` on all but the last of a request) and payload of each response.

        Raises
        ------
        DeviceError
            If the chip refuses a request.
        NoAnswerError, GarbageError, DisconnectedError
            If it has become silent, sends something else, is gone or was reset.
        KeyboardInterrupt
            After the chip was stopped and what it still sent was yielded.
        """
        if not self._in_step:
            self.hello()
        self._in_step = False
        try:
            yield from self._exchange(iter(requests))
        except KeyboardInterrupt:
            if self._reception.waiting:  # anywhere else the window may be half changed, and HELLO has to end it
                with contextlib.suppress(DeviceError):
                    yield from self._stop()
                    self._in_step = True
            raise
        self._in_step = True

    def call(self, op: Op, payload: bytes = b"") -> bytes:
        """Carry out one request and return the payload of its whole answer; raises as `execute` does."""
        return b"".join(data for _, data in self.execute([(op, payload)]))

    def set_baud(self, divisor: int, baud: int) -> bool:
        """Ask the chip for another rate and follow it there; False if it is not heard there, and both are back.

        Parameters
        ----------
        divisor : int
            Clock cycles of the chip per bit.
        baud : int
            The rate that this makes, in bits per second.
        """
        before = self._transport.baud
        self.call(Op.SET_BAUD, SET_BAUD_ARGUMENTS.pack(divisor))
        self._in_step = False
        try:
            self._transport.set_baud(baud)
            self._ask()
            while (frames := self._receive()) is not None:
                for frame in frames:
                    if isinstance(frame, Response) and (frame.op, frame.status) == (Op.POLL, Status.OK):
                        self._polling = False
                        self._in_step = True
                        return True
        except NoAnswerError:
            pass  # this end has no such rate
        self._set_rate(before)
        self.hello()
        return False

    # One exchange ------------------------------------------------------------------------------

    def _exchange(self, source: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        while self._send(source) or self._window.requests:
            yield from self._collect()

    def _send(self, source: Iterator[tuple[int, bytes]]) -> bool:
        """Send what may be sent; False once the source has nothing left."""
        window, out, more = self._window, bytearray(), True
        while more and not self._polling:
            if request := window.due():
                out += request.encode()
            elif not window.room:
                break
            elif (following := next(source, None)) is None:
                more = False
            else:
                window.push(*following)
        if out:
            self._write(bytes(out))
        elif more and not window.requests:
            self._poll()  # no answer is under way that could announce room
        elif window.requests:
            self._acknowledge()
        return more

    def _collect(self) -> Iterator[tuple[int, bytes]]:
        """Wait for bytes and yield the responses among them that are next."""
        frames = self._receive()
        if frames is None:
            if self._reception.silences > ATTEMPTS:
                raise unheard(self.name, self._transport.baud, self._reception.strange)
            self._polling = False
            self._poll()
            return
        for frame in frames:
            if not isinstance(frame, Response):
                self._poll()
            elif frame.status == Status.OTHER_SESSION:
                raise StateLostError(f"{self.name} was reset, or another session has taken it; load the network again")
            elif frame.session != self._window.session:
                continue
            elif frame.op >= Op.READ:
                yield from self._take(frame)
            elif frame.op == Op.POLL:
                self._notice(frame)

    def _take(self, response: Response) -> Iterator[tuple[int, bytes]]:
        window = self._window
        ahead = window.distance(response)
        if ahead > 0:
            self._poll()
            return
        self._ack_due = True
        if ahead < 0:
            return  # sent again, because our acknowledgement has not arrived
        window.acknowledge(response)
        op, payload = window.requests[0] if window.requests else (None, b"")
        if response.op != op:
            raise DisconnectedError(f"{self.name} answers what was not asked; was it reset? Load the network again")
        if response.status > Status.STOPPED:
            raise refusal(self.name, response, payload)
        window.expected += 1
        if response.status != Status.MORE:
            window.finish()
        yield response.status, response.payload

    def _notice(self, notice: Response) -> None:
        """Find out where the chip stands.

        A frame lost on the way puts every one behind it out of order, with a notice for each. So only one POLL is sent
        for all of them; when its answer comes, all that was sent before it has arrived or is lost, and what is missing
        is sent again once.
        """
        sensible = self._window.acknowledge(notice) and self._window.distance(notice) >= 0
        if notice.status != Status.OK:
            self._poll()
        elif sensible:
            self._contradictions = 0
            self._polling = False
            self._window.rewind(notice)
        else:
            self._contradictions += 1
            if self._contradictions >= CONTRADICTIONS:
                raise DisconnectedError(f"{self.name} was reset meanwhile; load the network again")

    def _stop(self) -> Iterator[tuple[int, bytes]]:
        """Stop runs and yield the answers that still come; requests that the chip has not taken are forgotten."""
        self._stopping, self._polling = True, False
        self._poll()
        while self._polling or self._window.requests:
            yield from self._collect()
            if not self._polling:
                self._window.retract()
                self._acknowledge()
        self._stopping = False

    # Frames ------------------------------------------------------------------------------------

    def _poll(self) -> None:
        if not self._polling:
            self._ask()

    def _ask(self) -> None:
        stop = _delimited(Op.STOP, session=self._window.session) if self._stopping else b""
        self._write(stop + _delimited(Op.POLL, ack=self._window.ack, session=self._window.session))
        self._polling = True

    def _acknowledge(self) -> None:
        """Free the chip's buffers, if there is something to acknowledge: it waits when they are full."""
        if self._ack_due:
            self._write(Request(Op.ACK, ack=self._window.ack, session=self._window.session).encode())

    def _write(self, data: bytes) -> None:
        self._transport.write(data)
        self._ack_due = False

    def _receive(self) -> list[Response | Exception] | None:
        return self._reception.receive(self._window.bytes_out)

    def _set_rate(self, baud: int) -> None:
        if self._transport.baud not in (0, baud):
            self._transport.set_baud(baud)


def _delimited(op: Op, *, ack: int = 0, session: int) -> bytes:
    """Return an unnumbered request that whatever came before on the line cannot harm."""
    return bytes([DELIMITER]) + Request(op, ack=ack, session=session).encode()
