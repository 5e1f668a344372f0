"""Tap on a line: the numbered requests that pass it, each with its answers, once and in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from ..errors import DeviceError
from ..spec import Op, Request, RequestDecoder, Response, Status
from ..spec.protocol import HELLO_ANSWER, SEQUENCE_MODULUS
from .transport import Transport
from .window import unwrap
from .wrapper import Wrapper


@dataclass(frozen=True, slots=True)
class Greeting:
    """HELLO that was answered: a session begins.

    Attributes
    ----------
    session, origin : int
        See docs/protocol.md.
    """

    session: int
    origin: int


@dataclass(slots=True)
class Call:
    """Numbered request and its answers.

    Attributes
    ----------
    op : int
        An `Op`.
    payload : bytes
        Its arguments.
    answers : list of (int, bytes)
        Status and payload of each response; the last status is not `MORE`, unless the answer was cut off.
    """

    op: int
    payload: bytes
    answers: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def status(self) -> int | None:
        """Status of the whole answer; None if it was cut off, so that nobody knows what the chip did."""
        return self.answers[-1][0] if self.answers and self.answers[-1][0] != Status.MORE else None

    @property
    def data(self) -> bytes:
        """Payload of the whole answer."""
        return b"".join(payload for _, payload in self.answers)


@dataclass(frozen=True, slots=True)
class Event:
    """Something else that happened.

    Attributes
    ----------
    kind : str
        "opened": a connection; "stop": the host stopped a run; "lost": the chip was reset, or taken by another session;
        "error": the connection failed.
    text : str
        More of it.
    """

    kind: str
    text: str = ""


Entry = Greeting | Call | Event
KINDS = ("opened", "stop", "lost", "error")


class Log(ABC):
    """Receiver of what passes a line, over all connections to one device.

    Attributes
    ----------
    is_complete : bool
        Whether it wants to begin with what a chip holds that was used before.
    """

    is_complete: ClassVar[bool] = False

    def __init__(self) -> None:
        self._tap = Tap(self)

    @abstractmethod
    def keep(self, entry: Entry) -> None:
        """Take the next entry."""

    def pause(self) -> None:
        """Note that the connection was closed; another may follow."""
        return

    def wrap(self, transport: Transport) -> Transport:
        """Return a transport whose bytes pass the tap."""
        self.keep(Event("opened", transport.name))
        return TappedTransport(transport, self._tap, self)


class Tap:
    """Frames of both directions as entries of a log.

    Parameters
    ----------
    log : Log
        Gets them.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._requests = RequestDecoder()
        self._greeting: int | None = None
        self._session = 0
        self._begin()

    def _begin(self) -> None:
        self._calls: deque[Call] = deque()  # without their whole answer
        self._answered = self._taken = self._expected = 0
        self._stopping = self._lost = False

    def sent(self, data: bytes) -> None:
        """Take bytes on their way to the chip."""
        for frame in self._requests.feed(data):
            if not isinstance(frame, Request):
                continue
            if frame.op == Op.HELLO:
                self._greeting = frame.session
            elif frame.session == self._session and frame.op >= Op.READ:
                self._ask(frame)
            elif frame.session == self._session and frame.op == Op.STOP and not self._stopping:
                self._stopping = True
                self._log.keep(Event("stop"))

    def heard(self, frames: Sequence[object]) -> None:
        """Take frames that came from the chip."""
        for frame in frames:
            if not isinstance(frame, Response):
                continue
            if frame.op == Op.HELLO:
                self._greet(frame)
            elif frame.status == Status.OTHER_SESSION:
                if not self._lost:
                    self._lost = True
                    self._log.keep(Event("lost"))
            elif frame.session == self._session:
                self._answer(frame)

    def cut(self) -> None:
        """Write off requests whose answers will not come, but for those that a stopped chip did not take."""
        calls = self._calls
        while calls:
            call = calls.popleft()
            if self._answered < self._taken or not self._stopping:
                self._log.keep(call)
            self._answered += 1

    def _ask(self, request: Request) -> None:
        """Note a new request; one that takes the number of another shows that the chip never took that."""
        call = Call(request.op, request.payload)
        place = unwrap(request.sequence, self._answered + len(self._calls)) - self._answered
        if not 0 <= place <= len(self._calls):
            return
        if place < len(self._calls):
            known = self._calls[place]
            if (known.op, known.payload) == (call.op, call.payload):
                return
            while len(self._calls) > place:
                self._calls.pop()
        self._stopping = False
        self._calls.append(call)

    def _greet(self, response: Response) -> None:
        if response.session != self._greeting or response.status != Status.OK:
            return
        if len(response.payload) != HELLO_ANSWER.size:
            return
        self._greeting = None  # the answer may come twice
        self.cut()
        self._begin()
        self._session, (origin,) = response.session, HELLO_ANSWER.unpack(response.payload)
        self._log.keep(Greeting(self._session, origin))

    def _answer(self, response: Response) -> None:
        self._taken = max(self._taken, unwrap(response.ack, self._taken))
        if response.op < Op.READ or not self._calls or self._calls[0].op != response.op:
            return
        if (response.sequence - self._expected) % SEQUENCE_MODULUS:
            return  # it is sent again, or one before it is missing
        self._expected += 1
        self._calls[0].answers.append((response.status, response.payload))
        if response.status != Status.MORE:
            self._answered += 1
            self._log.keep(self._calls.popleft())


class TappedTransport(Wrapper):
    """Transport whose bytes pass a tap; made by `Log.wrap`."""

    def __init__(self, inner: Transport, tap: Tap, log: Log) -> None:
        super().__init__(inner)
        self._tap, self._log = tap, log

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that are there; see `Transport.read`."""
        with self._failures():
            return super().read(timeout_s)

    def heard(self, frames: Sequence[object]) -> None:
        """Take note of the frames that were read; see `Transport.heard`."""
        self._tap.heard(frames)

    def write(self, data: bytes) -> None:
        """Hand over all bytes; see `Transport.write`."""
        self._tap.sent(data)
        with self._failures():
            super().write(data)

    def close(self) -> None:
        """Close the line."""
        super().close()
        self._log.pause()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except DeviceError as error:
            self._log.keep(Event("error", str(error)))
            raise
