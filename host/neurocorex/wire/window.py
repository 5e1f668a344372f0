"""Sliding window of requests: sequence numbers, credit, and where retransmission begins."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..spec.protocol import SEQUENCE_MODULUS, Op, Request, Response

_HALF = SEQUENCE_MODULUS // 2


@dataclass(slots=True)
class Window:
    """Numbered requests that are not answered yet, and how far the chip has come with them.

    Numbers here count up without limit, so "before" and "after" are plain comparisons; on the wire they are taken
    modulo 256. At all times ``answered <= taken <= last`` and ``cursor <= last``.

    Attributes
    ----------
    requests : deque of (int, bytes)
        Operation and payload of the requests `answered` to ``last - 1``.
    answered : int
        The oldest request whose answer is not complete.
    taken : int
        The next request that the chip expects.
    cursor : int
        The next request to send, or to send again.
    limit : int
        The first request that the chip has no room for.
    expected : int
        The next response that the host expects.
    session : int
        Session of the link, for the header of every request.
    partial : bool
        Whether a part of the answer to the oldest request has come.
    sent : int
        The first request that was never sent.
    repeated : int
        Requests that were sent again, so far.
    """

    requests: deque[tuple[int, bytes]] = field(default_factory=deque)
    answered: int = 0
    taken: int = 0
    cursor: int = 0
    limit: int = 0
    expected: int = 0
    session: int = 0
    partial: bool = False
    sent: int = 0
    repeated: int = 0

    @property
    def last(self) -> int:
        """Number that the next new request gets."""
        return self.answered + len(self.requests)

    @property
    def bytes_out(self) -> int:
        """Payload bytes of all unanswered requests."""
        return sum(len(payload) for _, payload in self.requests)

    @property
    def room(self) -> bool:
        """Whether a new request may be sent now."""
        return self.cursor == self.last < self.limit

    @property
    def repeatable(self) -> bool:
        """Whether all unanswered requests may be carried out twice: the second time changes nothing."""
        return not self.partial and all(op in (Op.READ, Op.WRITE, Op.CLEAR) for op, _ in self.requests)

    @property
    def changes(self) -> bool:
        """Whether an unanswered request may change something: any but READ."""
        return any(op != Op.READ for op, _ in self.requests)

    @property
    def ack(self) -> int:
        """The acknowledgement for the header of a request."""
        return self.expected % SEQUENCE_MODULUS

    def push(self, op: int, payload: bytes) -> None:
        """Add a request."""
        self.requests.append((op, payload))

    def due(self) -> Request | None:
        """Return the next request to send, if there is one and the chip has room for it."""
        if self.cursor >= min(self.last, self.limit):
            return None
        op, payload = self.requests[self.cursor - self.answered]
        self.cursor += 1
        self.repeated += self.cursor <= self.sent
        self.sent = max(self.sent, self.cursor)
        return Request(op, (self.cursor - 1) % SEQUENCE_MODULUS, self.ack, payload, self.session)

    def acknowledge(self, response: Response) -> bool:
        """Note which requests the chip has taken; False if the response contradicts the window.

        Answers that were sent again, and duplicates, may carry an old number; the number of a chip that was reset
        makes no sense here.
        """
        ack = unwrap(response.ack, self.taken)
        if not self.taken <= ack <= self.last:
            return False
        self.taken = ack
        self.cursor = max(self.cursor, ack)
        self.limit = max(self.limit, ack + response.credit)
        return True

    def distance(self, response: Response) -> int:
        """Places that a numbered response is ahead of the expected one; negative if it has come before."""
        return unwrap(response.sequence, self.expected) - self.expected

    def rewind(self, response: Response) -> None:
        """Send again from the request that the chip expects, as it says in answer to the last POLL."""
        self.cursor = self.taken
        self.limit = self.taken + response.credit

    def finish(self) -> None:
        """Drop the oldest request: its answer is complete."""
        self.requests.popleft()
        self.answered += 1

    def retract(self) -> None:
        """Forget the requests that the chip has not taken."""
        while self.last > self.taken:
            self.requests.pop()
        self.cursor = self.sent = self.taken


def unwrap(number: int, near: int) -> int:
    """Return the number closest to `near` that is `number` modulo 256."""
    return near + (number - near + _HALF) % SEQUENCE_MODULUS - _HALF
