"""Link to a chip: exchanges of requests and responses, in sessions that tell whether the chip still holds its state."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from ..errors import DeviceError, DisconnectedError, GarbageError, NoAnswerError, StateLostError
from ..spec import Response
from ..spec.protocol import DEFAULT_BAUD, HELLO_ANSWER
from .flow import Flow
from .hello import greet
from .line import ATTEMPTS as ATTEMPTS
from .line import Line
from .patience import Patience
from .rated import Rated
from .slowing import Slowing
from .transport import Transport

#: Longest time, in seconds, that a chip gets to stop where the caller has no patience left.
STOP_S = 10.0


class Link(Rated):
    """Exchanges with one chip over one transport; see docs/protocol.md.

    Nothing is sent before the first exchange. An exchange that ended by NoAnswerError, GarbageError or
    DisconnectedError is kept: `resume` goes on with it. After any other error, and after an exchange that was not
    followed to its end, the next one begins with HELLO, which stops the chip and puts both ends in step.

    Parameters
    ----------
    transport : Transport
        Bytes to and from the chip; closed by `close`.
    timeout_s : float
        Longest silence, in seconds, after which the host asks whether the chip is still there. A chip that answers is
        busy, and is waited for as long as `patience` has.

    Attributes
    ----------
    patience : Patience
        Deadline of the present call.
    reset_bauds : list of int
        Rates at which a chip that was just reset may listen.
    greeting : bytes
        Goes to a server with each HELLO, at most 200 bytes; chips ignore it.
    origin : int
        Session, before the present one, in which the chip was used last; 0: it was reset since. See docs/protocol.md.
    cut : bool
        Whether an exchange is kept, which `resume` goes on with.
    """

    def __init__(self, transport: Transport, *, timeout_s: float = 0.5) -> None:
        self.patience = Patience()
        self._line = Line(transport, timeout_s, self.patience)
        self._flow = Flow(self._line)
        self._slowing = Slowing(self._line)
        self.reset_bauds = [DEFAULT_BAUD]
        self.greeting = transport.greeting
        self.origin = 0
        self.cut = False
        self._in_step = self._lost = self._moved = False
        self._in_order = True

    @property
    def name(self) -> str:
        """Name of the other end, for messages."""
        return self._line.transport.name

    @property
    def place(self) -> str:
        """What tells the line from all others of this computer; see `Transport.place`."""
        return self._line.transport.place

    @property
    def session(self) -> int:
        """Number of the present session, 0 before the first."""
        return self._flow.window.session

    @property
    def is_in_step(self) -> bool:
        """Whether the last exchange came to its end, so that the next one needs no HELLO."""
        return self._in_step

    @property
    def settled(self) -> bool:
        """False if the last exchange ended so that the chip may have changed more than was yielded: cut, or torn."""
        return self._in_order or not self._flow.changes

    @property
    def damaged(self) -> int:
        """Frames from the chip, so far, that failed their checksum."""
        return self._line.damaged

    @property
    def faults(self) -> dict[str, int]:
        """Faults made on purpose; see `Transport.faults`."""
        return self._line.transport.faults

    def close(self) -> None:
        """Close the transport."""
        self._in_step = self.cut = False
        self._line.transport.close()

    def reattach(self, transport: Transport) -> None:
        """Go on over another transport to the same chip, at the rate of the old one, which is closed."""
        baud = self._line.rate
        self._line.transport.close()
        self._line.transport = transport
        self._line.restart()
        if baud:
            self._line.set_rate(baud)
        self._in_step, self._moved = False, True

    # Sessions ----------------------------------------------------------------------------------

    def hello(self) -> None:
        """Stop the chip and put both ends in step; old bytes of either direction are discarded.

        If another session used the chip, or it was reset, the next exchange raises StateLostError.

        Raises
        ------
        NoAnswerError, GarbageError, DisconnectedError
            If nothing comes back or another client of a server has the chip, if what comes back is something else, if
            the other end is gone.
        DeviceError
            If a server refuses this client.
        """
        self._in_step = False
        taboo = (self.session, self.origin)
        self._begin(greet(self._line, greeting=self.greeting, reset_bauds=self.reset_bauds, taboo=taboo))

    def _begin(self, answer: Response) -> None:
        """Begin the session that the chip is in; note whether it is still as the last one has left it."""
        window = self._flow.window
        known = {window.session} if window.taken else {self.origin, window.session} if window.last else {self.origin}
        (origin,) = HELLO_ANSWER.unpack(answer.payload)
        self._lost |= window.session != 0 and origin not in known
        self.origin = origin
        self._flow = Flow(self._line, answer.session, answer.ack + answer.credit)
        self._slowing.restart()
        self._line.restart()
        self._in_step = True

    def _require_state(self) -> None:
        """Raise StateLostError, once, if the chip was reset or used by another session."""
        if self._lost:
            what = "was used by another session meanwhile" if self.origin else "was reset"
            self._forget()
            raise StateLostError(f"{self.name} {what}; load the network again")

    def _forget(self) -> None:
        """Expect nothing of the chip any more: the next session begins as the first one."""
        self._flow = Flow(self._line)
        self._in_step = self._lost = self.cut = False

    # Exchanges ---------------------------------------------------------------------------------

    def execute(self, requests: Iterable[tuple[int, bytes] | None]) -> Iterator[tuple[int, bytes]]:
        """Carry out numbered requests in order, as many at a time as the chip has room for.

        An exchange that was kept is given up.

        Parameters
        ----------
        requests : iterable of (int, bytes) or None
            Operation and payload; taken one by one, when there is room. None: nothing before the next response.

        Yields
        ------
        (int, bytes)
            Status (`OK`, `STOPPED`, or `MORE` on all but the last of a request) and payload of each response.

        Raises
        ------
        StateLostError
            If the chip was reset, replaced or used by another session since the last exchange.
        DeviceError
            If the chip refuses a request.
        NoAnswerError, GarbageError, DisconnectedError
            If it has become silent or the deadline is over, if it sends something else, if it is gone.
        KeyboardInterrupt
            After the chip was stopped and what it still sent was yielded; `Cancelled` by `Patience.cancel`.
        """
        self.cut = self._moved = False
        self._line.check()
        if not self._in_step:
            self.hello()
        self._require_state()
        self._flow.begin(iter(requests))
        yield from self._follow()

    def resume(self) -> Iterator[tuple[int, bytes]]:
        """Go on with the exchange that was cut, where it was; yields and raises as `execute`.

        The session goes on. Only if the chip was reached over a new transport and is not in it any more, HELLO begins
        another one.

        Raises
        ------
        DeviceError
            If there is none, or the chip has ended the session, and something would be carried out twice in another.
        """
        if not self.cut:
            raise DeviceError("there is no run to resume: none was cut off, or something else was done since")
        self._line.restart()
        if self._moved and (self._line.transport.begins_anew or not self._flow.joins()):
            self._renew()
        self._moved = False
        yield from self._follow(ask=True)

    def _renew(self) -> None:
        """Begin another session, and go on in it with the exchange that was cut."""
        flow = self._flow
        self.hello()
        self._require_state()
        self._in_step = False
        if not flow.move(self._flow, self.origin):
            self.cut = self._in_order = False
            self._flow.changes = flow.changes
            raise DeviceError(
                f"{self.name} ended the run when the connection was lost; clear, restore or load before the next"
            )

    def _follow(self, *, ask: bool = False) -> Iterator[tuple[int, bytes]]:
        """Follow the exchange of the flow, and note how it ended."""
        flow = self._flow
        self._in_step = self._in_order = self.cut = False
        try:
            if ask:
                flow.ask()
            yield from self._slowing.follow(flow, self.reset_bauds)
        except KeyboardInterrupt:
            if (
                self._line.waiting and not self._slowing.works
            ):  # anywhere else the window may be half changed, and HELLO has to end it
                yield from self.stop()
            raise
        except StateLostError:
            self._forget()
            raise
        except (NoAnswerError, GarbageError, DisconnectedError):
            self.cut = True
            raise
        except DeviceError:
            self._in_order = not flow.window.changes
            raise
        self._in_step = self._in_order = True

    def stop(self) -> Iterator[tuple[int, bytes]]:
        """End the exchange in order, after its last response was yielded: stop runs, and yield what still comes."""
        self.patience.begin(STOP_S)
        with contextlib.suppress(DeviceError):
            yield from self._flow.stop()
            self._in_step = self._in_order = True

    def call(self, op: int, payload: bytes = b"") -> bytes:
        """Carry out one request and return the payload of its whole answer; raises as `execute` does."""
        return b"".join(data for _, data in self.execute([(op, payload)]))
