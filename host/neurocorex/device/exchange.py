"""Exchange with a wired chip: requests, and what becomes of their responses: regions, and results of runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..errors import DeviceError, InputError
from ..events.codes import code_positions
from ..events.decoder import StreamDecoder
from ..events.reports import itemised, requests
from ..events.stream import EventStream
from ..image.content import region_shape
from ..spec import CoreConfig, Op, Region, Status, layout
from ..spec.events import ARGUMENTS, END, GENERATE, IDLE, PLAY, arguments
from ..wire.regions import Items, from_bytes
from .chip import kept

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
    requests : iterable of Command or None
        Taken one by one; None: what follows waits for the responses to all before.
    results : Results, optional
        Of a run.

    Attributes
    ----------
    heard : int
        Responses so far.
    """

    def __init__(self, requests: Iterable[Command | None], results: Results | None = None) -> None:
        self._requests, self._results = requests, results
        self._waiting = deque[Command]()
        self._handing = False
        self.heard = 0

    @property
    def settled(self) -> bool:
        """Whether all that has come was handed over, or waits for more."""
        return not self._handing and (self._results is None or self._results.settled)

    def sent(self) -> Iterator[tuple[int, bytes] | None]:
        """Return what the link is given."""
        for request in self._requests:
            if request is None:
                while self._waiting:
                    yield None
                continue
            self._waiting.append(request)
            yield request.op, request.payload

    def follow(self, answers: Iterator[tuple[int, bytes]], stop: Callable[[], Iterator[tuple[int, bytes]]]) -> None:
        """Hand responses over to the end.

        If who takes the results fails, the chip is stopped in order, and the rest is handed over. Any other exception
        in here, Ctrl-C most likely, may have lost a response: nothing more is handed over then.
        """
        results = self._results
        try:
            for answer in answers:
                try:
                    self._hand_over(*answer)
                except BaseException as error:
                    if results is not None and results.kept:
                        self._hand_over_rest(stop(), results, type(error))
                    raise
        except BaseException as error:
            if results is not None and not self._handing:
                with suppress(type(error)):
                    results.decode()
            raise
        if results is not None:
            results.check()

    def _hand_over_rest(
        self, answers: Iterator[tuple[int, bytes]], results: Results, failure: type[BaseException]
    ) -> None:
        """Hand over what a stopped chip still sends, although who takes it may fail each time."""
        self._handing = False
        for answer in answers:
            with suppress(failure):
                self._hand_over(*answer)
            self._handing = self._handing and not results.kept

    def _hand_over(self, status: int, data: bytes) -> None:
        self._handing = True
        self.heard += 1
        request = self._waiting[0] if status == Status.MORE else self._waiting.popleft()
        if request.answer is not None:
            request.answer(status, data)
        self._handing = False


class Reading:
    """Bytes of a whole region; its items are put into a mapping when all of them have come."""

    def __init__(self, region: Region, config: CoreConfig, into: dict[Region, Items]) -> None:
        self._region, self._table, self._into = region, layout(region, config), into
        self._shape = region_shape(region, config)
        self._bytes = bytearray()

    def keep(self, status: int, data: bytes) -> None:
        """Keep a response."""
        self._bytes += data
        if status == Status.OK:
            self._into[self._region] = from_bytes(bytes(self._bytes), self._table).reshape(self._shape)


class Results:
    """Results of a run: bytes of its responses, decoded into streams of whole steps.

    Parameters
    ----------
    take : callable
        Given the streams.
    config : CoreConfig
        Geometry of the chip.

    Attributes
    ----------
    kept : bool
        Whether an exception came out of `take`, after the steps had been kept.
    """

    def __init__(self, take: Callable[[EventStream], None], config: CoreConfig) -> None:
        self._take, self._config = take, config
        self.kept = False
        self._decoder = StreamDecoder(results=config.reports)
        self._sizes = arguments(draws=config.patterns > 0, reports=config.reports)
        self._reports = deque[int]()
        self._bytes: list[bytes] = []
        self._is_handed_over = True
        self._within_step = self._was_stopped_within = False

    @property
    def settled(self) -> bool:
        """False if an exception came between taking bytes and handing over their steps, or the chip stopped in a step.

        Such a step, too large for one request, had only a part of its stimulus.
        """
        return self._is_handed_over and not (self._within_step or self._was_stopped_within)

    def requests(self, stimulus: EventStream, payload_bytes: int) -> Iterator[Command]:
        """Return the requests that run these steps; each ends with a step, if that has room, so that STOP does."""
        for start in range(0, stimulus.steps + min(stimulus.change_step.size, 1), PIECE_STEPS):
            piece = stimulus.cut(start, start + PIECE_STEPS)
            self._reports += requests(*piece.columns[7:])
            data = piece.encode()
            begin, is_whole = 0, True
            for end, ends_step in _frames(data, payload_bytes, self._sizes):
                answer = partial(
                    self._keep, is_part=not (is_whole and ends_step), ends_step=ends_step, is_last=end == len(data)
                )
                yield Command(Op.RUN, data[begin:end], answer)
                begin, is_whole = end, ends_step

    def _keep(self, status: int, data: bytes, *, is_part: bool, ends_step: bool, is_last: bool) -> None:
        """Keep a response to a request; `is_part` if that begins or ends within a step."""
        self._bytes.append(data)
        if status == Status.STOPPED:
            # An emulator that was interrupted loses the end of its answer; the next answer begins with a step again.
            self.decode(doubtful=int(is_part))
            self._decoder.end()
            self._was_stopped_within |= is_part
        elif status == Status.OK:
            self._within_step = not ends_step
            if is_last:
                self.decode()

    def decode(self, *, doubtful: int = 0) -> None:
        """Hand over the steps that are complete, but for the last ones that are doubtful."""
        if self._bytes:
            self._is_handed_over = self.kept = False
            data = b"".join(self._bytes)
            self._bytes.clear()
            steps = self._itemised(self._decoder.feed(data))
            try:
                self._take(steps.cut(0, max(steps.steps - doubtful, 0)) if doubtful else steps)
            except BaseException as error:
                self._is_handed_over = self.kept = kept(error)
                raise
            self._is_handed_over = True

    def _itemised(self, steps: EventStream) -> EventStream:
        """Return steps whose reports have items in place of bytes."""
        if not steps.change_step.size:
            return steps
        try:
            changes = itemised(
                (steps.change_step, steps.change_register, steps.change_value), self._reports, self._config
            )
        except InputError as error:
            raise DeviceError(f"{error}; device and library do not match, update both") from error
        return EventStream.made(steps.steps, *steps.columns[:6], *changes)

    def check(self) -> None:
        """Raise DeviceError if the results do not end with a step, or have no meaning."""
        if self._decoder.refused or self._decoder.open or self._decoder.partial:
            raise DeviceError(
                "the results of the run are not whole steps; device and library do not match, update both"
            )


def _frames(data: bytes, payload_bytes: int, sizes: Mapping[int, int]) -> Iterator[tuple[int, bool]]:
    """Cut a stimulus: where each request ends, and whether a step ends there, or what stands behind the last step."""
    codes = code_positions(data, sizes)
    kinds = np.frombuffer(data, np.uint8)[codes]
    size = np.select([kinds == END, kinds == PLAY], [1, 1 + ARGUMENTS[PLAY]], 1 + ARGUMENTS[IDLE])
    ends = (codes + size)[np.isin(kinds, (END, IDLE, GENERATE, PLAY))]
    begin = 0
    while (limit := begin + payload_bytes) < len(data):
        last = int(ends.searchsorted(limit, side="right")) - 1
        ends_step = last >= 0 and bool(ends[last] > begin)
        begin = int(ends[last]) if ends_step else limit
        yield begin, ends_step
    if begin < len(data):
        yield len(data), True
