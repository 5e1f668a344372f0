"""A chip that is being talked to: opened when needed, identified by what it says, opened again when it was lost."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..errors import DeviceError, DisconnectedError, InputError
from ..events.stream import EventStream
from ..spec import ChipInfo, CoreConfig, Op, Region, Status, layout
from ..spec.protocol import DEFAULT_BAUD, DIVISOR_MIN, READ_ARGUMENTS, SET_BAUD_ARGUMENTS
from ..spec.registers import MAGIC, PROTOCOL_VERSION
from ..wire.link import Link
from ..wire.regions import Ints, checked, from_bytes, read_request, write_requests
from ..wire.transport import Transport

#: A UART follows a rate that is off by this fraction.
BAUD_TOLERANCE = 0.02
#: Updates of neurons that run as one piece on a chip at hand: a small part of a second.
DIRECT_ITEMS = 1 << 22

#: Opens the way to a chip; given a geometry if the chip can be made to have one.
Connect = Callable[[CoreConfig | None], Transport]


@dataclass(slots=True)
class Task:
    """A request and what to do with its answer.

    Attributes
    ----------
    op, payload
        The request.
    answer : callable, optional
        Called with the status and payload of each response.
    """

    op: Op
    payload: bytes
    answer: Callable[[int, bytes], None] | None = None

    @classmethod
    def reading(cls, region: Region, config: CoreConfig, into: bytearray) -> Task:
        """Return the task that appends a whole region to `into`."""
        return cls(*read_request(region, config), lambda _status, data: into.extend(data))


@dataclass(slots=True)
class Steps:
    """Steps to run, at once where the chip is at hand, or by RUN requests.

    Attributes
    ----------
    stream : EventStream
        All of them.
    take : callable
        Called with the results of each piece that was run at once.
    tasks : iterable of Task
        The requests; not looked at if they are not needed.
    """

    stream: EventStream
    take: Callable[[EventStream], None]
    tasks: Iterable[Task]


@dataclass(slots=True)
class Store:
    """A whole region to write, at once where the chip is at hand, or by WRITE requests.

    Attributes
    ----------
    region, values
        What fits the chip.
    config : CoreConfig
        Its geometry.
    answer : callable, optional
        Called with the status and payload of each response, of one if there are no requests.
    """

    region: Region
    values: Ints
    config: CoreConfig
    answer: Callable[[int, bytes], None] | None = None

    @property
    def tasks(self) -> Iterator[Task]:
        """The requests."""
        requests = write_requests(self.region, self.values, self.config)
        return (Task(op, payload, self.answer) for op, payload in requests)


class Connection:
    """The one chip that a device stands for.

    Parameters
    ----------
    connect : callable
        Opens the way to the chip; called before the first exchange, and again after the chip went away.
    baud : int, optional
        Rate to change to once the chip answers, if it has a UART; with a warning it stays at its own if that fails.
    timeout_s : float
        See `Link`.

    Attributes
    ----------
    generation : int
        Counts up when the chip is lost, or replaced by one of another geometry: what it held is gone.
    exchanges : int
        Counts up with every exchange.
    """

    def __init__(self, connect: Connect, *, baud: int | None = None, timeout_s: float = 0.5) -> None:
        self._connect = connect
        self._baud = baud
        self._timeout_s = timeout_s
        self._geometry: CoreConfig | None = None
        self._link: Link | None = None
        self._info: ChipInfo | None = None
        self._closed = False
        self.generation = self.exchanges = 0

    @property
    def info(self) -> ChipInfo:
        """What the chip says of itself."""
        if self._info is None:
            self._perform([])
        return cast(ChipInfo, self._info)

    @property
    def link(self) -> Link:
        """The exchanges with the chip as it is now, for what examines the line itself; leave its rate as it was."""
        self.info  # noqa: B018  # opened, and identified
        return cast(Link, self._link)

    @property
    def name(self) -> str:
        """What a person calls the chip."""
        return self._link.name if self._link else "the device"

    def adapt(self, config: CoreConfig) -> None:
        """Use a chip of geometry `config` from now on: this one, if it has that, or a new one."""
        if self._info is None or self._info.config != config:
            self._drop()
            self._geometry = config

    def close(self) -> None:
        """Let go of the chip, for good."""
        self._drop()
        self._closed = True

    def perform(self, tasks: Iterable[Task | Steps | Store]) -> None:
        """Carry out requests in one exchange and hand their answers over.

        Raises
        ------
        DeviceError
            See `Link.execute`. A chip that went away is opened again by the next call.
        """
        self.info  # noqa: B018  # geometry first: tasks are cut to it
        self._perform(tasks)

    def read(self, *regions: Region) -> dict[Region, Ints]:
        """Read whole regions in one exchange."""
        config = self.info.config
        held = {region: bytearray() for region in regions}
        self.perform(Task.reading(region, config, into) for region, into in held.items())
        return {region: from_bytes(bytes(data), layout(region, config)) for region, data in held.items()}

    def writes(self, region: Region, values: object) -> list[Task | Store]:
        """Return the tasks that write a whole region; raises InputError if the values do not fit."""
        config = self.info.config
        store = Store(region, checked(region, values, config), config)
        return [store] if self.link.at_hand else list(store.tasks)

    # Coming and going --------------------------------------------------------------------------

    def _perform(self, tasks: Iterable[Task | Steps | Store]) -> None:
        self.exchanges += 1
        try:
            link = self._opened()
            self._exchange(link, tasks)
        except DisconnectedError:
            self._drop()
            raise

    def _exchange(self, link: Link, tasks: Iterable[Task | Steps | Store]) -> None:
        source, waiting, direct = iter(tasks), deque[Task](), deque[Steps | Store]()

        def requests() -> Iterator[tuple[int, bytes]]:
            for task in source:
                if not isinstance(task, Task) and link.at_hand:
                    direct.append(task)  # once all before it has been answered
                    return
                for each in (task,) if isinstance(task, Task) else task.tasks:
                    waiting.append(each)
                    yield each.op, each.payload

        while True:
            for status, data in link.execute(requests()):
                task = waiting[0] if status == Status.MORE else waiting.popleft()
                if task.answer is not None:
                    task.answer(status, data)
            if not direct:
                return
            steps = direct.popleft()
            if isinstance(steps, Store):
                link.store(steps.region, steps.values)
                if steps.answer is not None:
                    steps.answer(Status.OK, b"")
                continue
            piece = max(DIRECT_ITEMS // self.info.config.neurons, 1)
            last = steps.stream.steps + min(steps.stream.change_step.size, 1)  # changes may stand behind the last step
            for start in range(0, last, piece):
                steps.take(link.run(steps.stream.cut(start, start + piece)))

    def _opened(self) -> Link:
        if self._closed:
            raise DisconnectedError("this device was closed; open it again")
        if self._link is None:
            self._link = Link(self._connect(self._geometry), timeout_s=self._timeout_s)
            if self._baud:
                self._link.reset_bauds = list(dict.fromkeys([DEFAULT_BAUD, self._baud]))
        if self._info is None:
            self._info = self._identified(self._link)
            self._speed_up(self._link, self._info)
        return self._link

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
            self.generation += 1
        self._link = self._info = None

    def _identified(self, link: Link) -> ChipInfo:
        """Read the description, its first words alone: a chip of another version may have fewer."""
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

    def _speed_up(self, link: Link, info: ChipInfo) -> None:
        if info.baud:
            link.reset_bauds = [info.baud]
        if not self._baud or not info.clock_hz or self._baud == info.baud:
            return
        divisor = round(info.clock_hz / self._baud)
        if not DIVISOR_MIN <= divisor < 1 << (8 * SET_BAUD_ARGUMENTS.size):
            raise InputError(
                f"a chip with a clock of {info.clock_hz} Hz cannot send at {self._baud} baud; "
                f"its fastest rate is {info.clock_hz // DIVISOR_MIN}"
            )
        made = info.clock_hz / divisor
        if abs(made - self._baud) > BAUD_TOLERANCE * self._baud:
            raise InputError(
                f"a chip with a clock of {info.clock_hz} Hz cannot make {self._baud} baud; the nearest is {made:.0f}"
            )
        if not link.set_baud(divisor, self._baud):
            warnings.warn(
                f"{link.name} was not heard at {self._baud} baud and stays at {info.baud}; try a lower rate",
                stacklevel=2,
            )
