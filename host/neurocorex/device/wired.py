"""Wired chip: a board or a simulated chip behind a transport; reads, writes and runs become requests in frames."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..errors import DeviceError
from ..events.decoder import StreamDecoder
from ..events.stream import EventStream
from ..spec import ChipInfo, Clear, Control, CoreConfig, Op, Region, Status, layout
from ..spec.protocol import CLEAR_ARGUMENTS, DEFAULT_BAUD, READ_ARGUMENTS, WRITE_ARGUMENTS
from ..spec.registers import MAGIC, PROTOCOL_VERSION
from ..wire.baud import divisor_for
from ..wire.link import Link
from ..wire.regions import Items, from_bytes, read_request, write_requests
from ..wire.transport import Transport
from .chip import Chip, Look, Progress, course

#: Steps that are encoded, sent and decoded as one piece. Small enough for a lively progress display and for a software
#: chip, which carries out a request without a pause, to answer in time; large enough to fill frames.
PIECE_STEPS = 2048


@dataclass(slots=True)
class _Request:
    """A request, and what is called with status and payload of each of its responses."""

    op: Op
    payload: bytes
    answer: Callable[[int, bytes], None] | None = None


class WiredChip(Chip):
    """Chip at the other end of a transport; see `Chip`. Nothing is sent before the first exchange.

    Parameters
    ----------
    transport : Transport
        Bytes to and from the chip; closed with it.
    baud : int, optional
        Rate to change to once the chip answers, if it has a UART; with a warning it stays at its own if that fails.
    timeout_s : float
        Silence after which the chip is asked whether it is still there, see `Link`.
    """

    def __init__(self, transport: Transport, *, baud: int | None = None, timeout_s: float = 0.5) -> None:
        self._link = Link(transport, timeout_s=timeout_s)
        self._baud = baud
        self._info: ChipInfo | None = None
        if baud:
            self._link.reset_bauds = list(dict.fromkeys([DEFAULT_BAUD, baud]))

    @property
    def info(self) -> ChipInfo:
        """What the chip says of itself; asked once."""
        if self._info is None:
            self._info = _identified(self._link)
            self._speed_up(self._info)
        return self._info

    @property
    def link(self) -> Link:
        """Link to the chip, which has been identified; leave its rate as it was."""
        self.info  # noqa: B018
        return self._link

    def read(self, *regions: Region) -> dict[Region, Items]:
        """Read whole regions in one exchange."""
        held: dict[Region, Items] = {}
        self._perform(self._reads(regions, held))
        return held

    def write(
        self, contents: Mapping[Region, Items], *, clear: Clear | None = None, progress: Progress | None = None
    ) -> None:
        """Write whole regions, then clear; `progress` counts requests."""
        config = self.config
        requests = [
            _Request(*each) for region, values in contents.items() for each in write_requests(region, values, config)
        ]
        if clear:
            requests.append(_Request(Op.CLEAR, CLEAR_ARGUMENTS.pack(clear)))
        if progress is not None:
            for done, request in enumerate(requests, 1):
                request.answer = partial(_tell, progress, done, len(requests))
        self._perform(requests)

    def write_items(self, region: Region, pieces: Iterable[tuple[int, Items]]) -> None:
        """Write parts of a region, each in frames of its own."""
        config = self.config
        self._perform(
            _Request(*each) for start, items in pieces for each in write_requests(region, items, config, start)
        )

    def set_register(self, register: Control, value: int) -> None:
        """Write one control register."""
        place = WRITE_ARGUMENTS.pack(Region.CONTROL, 0, register)
        self._perform([_Request(Op.WRITE, place + value.to_bytes(4, "little"))])

    def clear(self, what: Clear) -> None:
        """Set to zero what the flags name."""
        self._perform([_Request(Op.CLEAR, CLEAR_ARGUMENTS.pack(what))])

    def run(
        self,
        stimulus: EventStream,
        take: Callable[[EventStream], None],
        *,
        flags: Items | None = None,
        looks: Iterable[Look] = (),
    ) -> None:
        """Run all steps in one exchange, however many there are."""
        results = _Results(take)

        def requests() -> Iterator[_Request]:
            if flags is not None:
                yield from (_Request(*each) for each in write_requests(Region.FLAGS, flags, self.config))
            for part in course(stimulus, looks):
                if isinstance(part, Look):
                    yield from self._reads(part.regions, part.contents)
                else:
                    yield from results.requests(part, self.config.payload_bytes)

        try:
            self._perform(requests())
        except KeyboardInterrupt:
            results.decode()
            raise
        results.check()

    def prepare(self) -> None:
        """Do nothing: this chip is always ready."""

    def close(self) -> None:
        """Close the transport."""
        self._link.close()

    # Details -----------------------------------------------------------------------------------

    def _perform(self, requests: Iterable[_Request]) -> None:
        """Carry out requests in one exchange and hand their responses over."""
        waiting = deque[_Request]()

        def sent() -> Iterator[tuple[int, bytes]]:
            for request in requests:
                waiting.append(request)
                yield request.op, request.payload

        for status, data in self.link.execute(sent()):
            request = waiting[0] if status == Status.MORE else waiting.popleft()
            if request.answer is not None:
                request.answer(status, data)

    def _reads(self, regions: Iterable[Region], into: dict[Region, Items]) -> Iterator[_Request]:
        """Return requests for whole regions, which come into a mapping."""
        config = self.config
        for region in regions:
            yield _Request(*read_request(region, config), _Reading(region, config, into).keep)

    def _speed_up(self, info: ChipInfo) -> None:
        link, baud = self._link, self._baud
        if info.baud:
            link.reset_bauds = [info.baud]
        if not baud or not info.clock_hz or baud == info.baud:
            return
        if not link.set_baud(divisor_for(info.clock_hz, baud), baud):
            warnings.warn(
                f"{link.name} was not heard at {baud} baud and stays at {info.baud}; try a lower rate", stacklevel=2
            )


class _Reading:
    """Bytes of a whole region; its items are put into a mapping when all of them have come."""

    def __init__(self, region: Region, config: CoreConfig, into: dict[Region, Items]) -> None:
        self._region, self._table, self._into = region, layout(region, config), into
        self._bytes = bytearray()

    def keep(self, status: int, data: bytes) -> None:
        """Keep a response."""
        self._bytes += data
        if status == Status.OK:
            self._into[self._region] = from_bytes(bytes(self._bytes), self._table)


class _Results:
    """Results of a run: bytes of its responses, decoded into streams of whole steps."""

    def __init__(self, take: Callable[[EventStream], None]) -> None:
        self._take = take
        self._decoder = StreamDecoder()
        self._bytes: list[bytes] = []

    def requests(self, stimulus: EventStream, payload_bytes: int) -> Iterator[_Request]:
        """Return the requests that run these steps."""
        for start in range(0, stimulus.steps + min(stimulus.change_step.size, 1), PIECE_STEPS):
            data = stimulus.cut(start, start + PIECE_STEPS).encode()
            cuts = range(0, len(data), payload_bytes)
            for at in cuts:
                answer = self._keep if at != cuts[-1] else self._keep_last
                yield _Request(Op.RUN, data[at : at + payload_bytes], answer)

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
            data = b"".join(self._bytes)
            self._bytes.clear()
            self._take(self._decoder.feed(data))

    def check(self) -> None:
        """Raise DeviceError if the results do not end with a step, or have no meaning."""
        if self._decoder.refused or self._decoder.open or self._decoder.partial:
            raise DeviceError(
                "the results of the run are not whole steps; device and library do not match, update both"
            )


def _tell(progress: Progress, done: int, total: int, _status: int, _data: bytes) -> None:
    progress(done, total)


def _identified(link: Link) -> ChipInfo:
    """Read the description of a chip, its first words alone: a chip of another version may have fewer."""
    words: list[int] = []
    head = [MAGIC, PROTOCOL_VERSION]
    try:
        for items in (len(head), len(ChipInfo.WORDS)):
            data = link.call(Op.READ, READ_ARGUMENTS.pack(Region.INFO, 0, 0, items))
            words = np.frombuffer(data, "<u4").tolist()
            if words[: len(head)] != head:
                break
        return ChipInfo.from_words(words)
    except ValueError as error:
        raise DeviceError(f"{link.name} is no chip for this library: {error}; update the older one") from error
