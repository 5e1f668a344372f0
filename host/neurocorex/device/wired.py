"""Wired chip: a board or a simulated chip behind a transport; reads, writes and runs become requests in frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import numpy as np

from ..errors import DeviceError, DisconnectedError, StateLostError
from ..events.stream import EventStream
from ..progress import Progress
from ..spec import ChipInfo, Clear, Control, Op, Region
from ..spec.protocol import CLEAR_ARGUMENTS, READ_ARGUMENTS, WRITE_ARGUMENTS
from ..spec.registers import MAGIC, PROTOCOL_VERSION
from ..spec.version import difference
from ..wire.link import Link
from ..wire.refusals import foreign, no_chip
from ..wire.regions import Items, read_request, write_requests
from ..wire.traffic import Traffic
from ..wire.transport import Transport
from .chip import Chip, Look, Put, course
from .exchange import Command, Exchange, Reading, Results
from .rate import Rate


class WiredChip(Chip):
    """Chip at the other end of a transport; see `Chip`. Nothing is sent before the first exchange.

    Parameters
    ----------
    transport : Transport
        Bytes to and from the chip; closed with it.
    baud : int, optional
        Rate to change to once the chip answers, if it has a UART; with a warning it stays at its own if that fails.
    negotiates : bool
        Whether both ends go to the fastest rate that holds instead, and to slower ones if it does damage.
    timeout_s : float
        Longest silence after which the chip is asked whether it is still there, see `Link`.
    reopen : callable, optional
        Opens another transport to the same chip, when one has raised DisconnectedError: before the next call, or at
        once if that was at the very beginning of a call. Raises DeviceError while it is not there.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        baud: int | None = None,
        negotiates: bool = False,
        timeout_s: float = 0.5,
        reopen: Callable[[], Transport] | None = None,
    ) -> None:
        self._link = Link(transport, timeout_s=timeout_s)
        self.patience = self._link.patience
        self._rate = Rate(self._link, transport, pinned=baud, negotiates=negotiates)
        self._reopen = reopen
        self._gone = False
        self._info: ChipInfo | None = None
        self._exchange = Exchange(())

    @property
    def info(self) -> ChipInfo:
        """What the chip says of itself; asked once."""
        if self._info is None:
            if self._gone:
                self._return()
            try:
                info = _identified(self._link)
                self._rate.settle(info)
            except DisconnectedError:
                self._gone = self.returns
                raise
            self._info = info
        return self._info

    @property
    def cut(self) -> bool:
        """Whether an exchange was cut off, and can be resumed."""
        return self._link.cut

    @property
    def settled(self) -> bool:
        """False if the last exchange ended so that the chip may have changed more than was handed over."""
        return self._link.settled and self._exchange.settled

    @property
    def returns(self) -> bool:
        """Whether another transport can be opened."""
        return self._reopen is not None

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
            Command(*each) for region, values in contents.items() for each in write_requests(region, values, config)
        ]
        if clear:
            requests.append(Command(Op.CLEAR, CLEAR_ARGUMENTS.pack(clear)))
        if progress is not None:
            for done, request in enumerate(requests, 1):
                request.answer = partial(_tell, progress, done, len(requests))
        self._perform(requests)

    def write_items(self, region: Region, pieces: Iterable[tuple[int, Items]]) -> None:
        """Write parts of a region, each in frames of its own."""
        self._perform(self._writes(region, pieces))

    def set_register(self, register: Control, value: int) -> None:
        """Write one control register."""
        place = WRITE_ARGUMENTS.pack(Region.CONTROL, 0, register)
        self._perform([Command(Op.WRITE, place + value.to_bytes(4, "little"))])

    def clear(self, what: Clear) -> None:
        """Set to zero what the flags name."""
        self._perform([Command(Op.CLEAR, CLEAR_ARGUMENTS.pack(what))])

    def run(
        self,
        stimulus: EventStream,
        take: Callable[[EventStream], None],
        *,
        flags: Items | None = None,
        looks: Iterable[Look] = (),
        puts: Iterable[Put] = (),
    ) -> None:
        """Run all steps in one exchange, however many there are."""
        results = Results(take, self.config)

        def requests() -> Iterator[Command | None]:
            if flags is not None:
                yield from (Command(*each) for each in write_requests(Region.FLAGS, flags, self.config))
            for part in course(stimulus, looks, puts):
                if isinstance(part, Look):
                    yield from self._reads(part.regions, part.contents)
                elif isinstance(part, Put):
                    yield None  # a chip that is stopped still carries out what was sent behind the RUN
                    yield from self._writes(part.region, part.pieces)
                else:
                    yield from results.requests(part, self.config.payload_bytes)

        self._perform(requests(), results)

    def resume(self) -> None:
        """Go on with the exchange that was cut off."""
        self._carry_out(self._link.resume)

    def prepare(self) -> None:
        """Do nothing: this chip is always ready."""

    def traffic(self) -> Traffic:
        """All traffic so far."""
        return self._link.traffic

    def remarks(self) -> None:
        """Tell, once, of rates that were left because they did not hold."""
        self._rate.tell()

    def close(self) -> None:
        """Bring the chip back to its rate after reset, if it is in order, and close the transport."""
        if not self._gone:
            self._rate.leave()
        self._link.close()

    # Details -----------------------------------------------------------------------------------

    def _perform(self, requests: Iterable[Command | None], results: Results | None = None) -> None:
        """Carry out requests in one exchange and hand their responses over."""
        self.info  # noqa: B018  # identify the chip first
        self._rate.tell()
        exchange = self._exchange = Exchange(requests, results)
        source = exchange.sent()
        self._carry_out(lambda: self._link.execute(source))

    def _carry_out(self, begin: Callable[[], Iterator[tuple[int, bytes]]]) -> None:
        """Follow the exchange; over another transport if this one turns out to be dead before anything has come."""
        exchange, opened = self._exchange, 0
        while True:
            if self._gone:
                self._return()
                opened += 1
            before = exchange.heard
            try:
                return exchange.follow(begin(), self._link.stop)
            except StateLostError:
                self._info = None
                raise
            except DisconnectedError:
                self._gone = self.returns
                if not self._gone or exchange.heard != before or opened > 1:
                    raise
            if self._link.cut:
                begin = self._link.resume

    def _return(self) -> None:
        """Open another transport to the chip."""
        if self._reopen is not None:
            self._link.reattach(self._reopen())
        self._gone = False

    def _reads(self, regions: Iterable[Region], into: dict[Region, Items]) -> Iterator[Command]:
        """Return requests for whole regions, which come into a mapping."""
        config = self.config
        for region in regions:
            yield Command(*read_request(region, config), Reading(region, config, into).keep)

    def _writes(self, region: Region, pieces: Iterable[tuple[int, Items]]) -> Iterator[Command]:
        """Return requests that write parts of a region."""
        config = self.config
        for start, items in pieces:
            yield from (Command(*each) for each in write_requests(region, items, config, start))


def _tell(progress: Progress, done: int, total: int, _status: int, _data: bytes) -> None:
    progress(done, total)


def _identified(link: Link) -> ChipInfo:
    """Read the description of a chip, its first words alone: a chip of another version may have fewer."""
    words: list[int] = []
    head = ("magic", "protocol_version")
    try:
        for items in (len(head), len(ChipInfo.WORDS)):
            data = link.call(Op.READ, READ_ARGUMENTS.pack(Region.INFO, 0, 0, items))
            words = np.frombuffer(data, "<u4").tolist()
            magic, version = [*words, 0, 0][: len(head)]
            if magic != MAGIC:
                raise no_chip(link.name, magic, MAGIC)
            if version != PROTOCOL_VERSION:
                raise foreign(link.name, difference(version, PROTOCOL_VERSION))
        return ChipInfo.from_words(words)
    except ValueError as error:
        raise DeviceError(f"{link.name} describes a chip that cannot be: {error}; program it again") from error
