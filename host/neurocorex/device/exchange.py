"""Exchange with a wired chip: requests, and what becomes of their responses: regions, and results of runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..errors import DeviceError
from ..events.decoder import StreamDecoder
from ..events.stream import EventStream
from ..spec import CoreConfig, Op, Region, Status, layout
from ..wire.regions import Items, from_bytes

#: Steps that are encoded, sent and decoded as one piece. Small enough for a lively progress display and for a software
#: chip, which carries out a request without a pause, to answer in time; large enough to fill frames.
PIECE_STEPS = 2048


@dataclass(slots=True)
class Command:
    """Request of an exchange, and what is called with status and payload of each of its responses."""

    op: Op
    payload: bytes
    answer: Callable[[int, bytes], None] | None = None


class Exchange:
    """Requests of one exchange, in the order in which their responses come; kept until the next, to be resumed.

    Parameters
    ----------
    requests : iterable of Command
        Taken one by one.
    results : Results, optional
        Of a run.

    Attributes
    ----------
    heard : int
        Responses so far.
    """

    def __init__(self, requests: Iterable[Command], results: Results | None = None) -> None:
        self._requests, self._results = requests, results
        self._waiting = deque[Command]()
        self.heard = 0

    @property
    def settled(self) -> bool:
        """Whether all that has come was handed over, or waits for more."""
        return self._results is None or self._results.settled

    def sent(self) -> Iterator[tuple[int, bytes]]:
        """Return what the link is given."""
        for request in self._requests:
            self._waiting.append(request)
            yield request.op, request.payload

    def follow(self, answers: Iterator[tuple[int, bytes]], stop: Callable[[], Iterator[tuple[int, bytes]]]) -> None:
        """Hand responses over to the end; if what they are handed to fails, stop the chip and hand over the rest."""
        results = self._results
        try:
            for answer in answers:
                try:
                    self._hand_over(*answer)
                except BaseException as error:
                    for rest in stop():
                        with suppress(type(error)):
                            self._hand_over(*rest)
                    raise
        except KeyboardInterrupt:
            if results is not None:
                results.decode()
            raise
        if results is not None:
            results.check()

    def _hand_over(self, status: int, data: bytes) -> None:
        self.heard += 1
        request = self._waiting[0] if status == Status.MORE else self._waiting.popleft()
        if request.answer is not None:
            request.answer(status, data)


class Reading:
    """Bytes of a whole region; its items are put into a mapping when all of them have come."""

    def __init__(self, region: Region, config: CoreConfig, into: dict[Region, Items]) -> None:
        self._region, self._table, self._into = region, layout(region, config), into
        self._bytes = bytearray()

    def keep(self, status: int, data: bytes) -> None:
        """Keep a response."""
        self._bytes += data
        if status == Status.OK:
            self._into[self._region] = from_bytes(bytes(self._bytes), self._table)


class Results:
    """Results of a run: bytes of its responses, decoded into streams of whole steps.

    Attributes
    ----------
    settled : bool
        False if an exception came between taking bytes and handing over their steps.
    """

    def __init__(self, take: Callable[[EventStream], None]) -> None:
        self._take = take
        self.settled = True
        self._decoder = StreamDecoder()
        self._bytes: list[bytes] = []

    def requests(self, stimulus: EventStream, payload_bytes: int) -> Iterator[Command]:
        """Return the requests that run these steps."""
        for start in range(0, stimulus.steps + min(stimulus.change_step.size, 1), PIECE_STEPS):
            data = stimulus.cut(start, start + PIECE_STEPS).encode()
            cuts = range(0, len(data), payload_bytes)
            for at in cuts:
                answer = self._keep if at != cuts[-1] else self._keep_last
                yield Command(Op.RUN, data[at : at + payload_bytes], answer)

    def _keep(self, status: int, data: bytes) -> None:
        self._bytes.append(data)
        if status == Status.STOPPED:
            # An emulator that was interrupted loses the end of its answer; the next answer begins with a step again.
            self.decode()
            self._decoder.end()

    def _keep_last(self, status: int, data: bytes) -> None:
        """Keep a response to the last request of a piece, which ends with a step."""
        self._keep(status, data)
        if status == Status.OK:
            self.decode()

    def decode(self) -> None:
        """Hand over the steps that are complete."""
        if self._bytes:
            self.settled = False
            data = b"".join(self._bytes)
            self._bytes.clear()
            steps = self._decoder.feed(data)
            self.settled = True
            self._take(steps)

    def check(self) -> None:
        """Raise DeviceError if the results do not end with a step, or have no meaning."""
        if self._decoder.refused or self._decoder.open or self._decoder.partial:
            raise DeviceError(
                "the results of the run are not whole steps; device and library do not match, update both"
            )
