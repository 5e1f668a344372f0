"""Replay of a log: the requests of a session once more on another chip, up to the first answer that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from itertools import chain

from ..device.chip import Progress
from ..device.device import Device
from ..device.emulated import EmulatedChip
from ..errors import DeviceError
from ..image import program_regions, state_regions
from ..spec import Clear, CoreConfig, Op, Region, Status, layout
from ..spec.protocol import CLEAR_ARGUMENTS
from ..wire.link import Link
from ..wire.log import LogFile
from ..wire.regions import Items, write_requests
from ..wire.tap import Call, Entry, Log
from .answers import AnswerDifference, decoded, first_difference, operation
from .part import Part, held_before, parts_of, require_geometry
from .stimulus import StepCutter

#: Opens the device with a geometry, or with its own, and a log.
Open = Callable[[CoreConfig | None, Log], AbstractContextManager[Device]]
#: Requests that are carried out in one exchange.
_BATCH = 256
_EVERYTHING = Clear.STATE | Clear.COUNTERS | Clear.TRACES | Clear.ADAPTATION


@dataclass(frozen=True, slots=True)
class Deviation:
    """First answer that differs from the log.

    Attributes
    ----------
    request : int
        Number of the request in the log, from 1.
    operation : str
        Its operation, with the region.
    difference : AnswerDifference
        What differs.
    """

    request: int
    operation: str
    difference: AnswerDifference

    def __str__(self) -> str:
        return f"request {self.request}, {self.operation}: {self.difference}"


@dataclass(slots=True)
class Replay:
    """Outcome of a replay.

    Attributes
    ----------
    requests, compared, steps : int
        Requests of the log up to where it ended; those whose answers were compared; steps that ran.
    deviation : Deviation or None
        The first difference; the replay ends there.
    skipped : list of str
        What was not compared, and why.
    """

    requests: int = 0
    compared: int = 0
    steps: int = 0
    deviation: Deviation | None = None
    skipped: list[str] = field(default_factory=list)


class _Answers(Log):
    """Answers of the device, as they pass its line."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def keep(self, entry: Entry) -> None:
        """Keep a request that was answered."""
        if isinstance(entry, Call):
            self.calls.append(entry)


def replay(log: LogFile, opened: Open, *, elastic: bool, progress: Progress | None = None) -> Replay:
    """Carry out the requests of a log on a device, and compare the answers.

    Parameters
    ----------
    log : LogFile
        The log.
    opened : callable
        Opens the device.
    elastic : bool
        Whether it takes a geometry, and has just been powered up each time that it is opened. Other devices must have
        the geometry of the log, and what they hold is lost: they are put into the state that the log began in.
    progress : callable, optional
        Called with (requests done, requests of all).

    Raises
    ------
    FileFormatError
        If the log is damaged, which is found before anything is sent.
    InputError
        If the device has another geometry than the log; nothing of the log is sent then.
    DeviceError
        If the device fails.
    """
    parts = list(parts_of(log))
    total = sum(part.calls for part in parts)
    calls = (entry for entry in log.entries() if isinstance(entry, Call))
    found, answers = Replay(), _Answers()
    with ExitStack() as stack:
        device = None if elastic else stack.enter_context(opened(None, answers))
        if device is not None:
            require_geometry(device.config, parts)
        for part in parts:
            with ExitStack() as own:
                here = device or own.enter_context(opened(part.info.config, answers))
                player = _Player(found, part, here, answers, (lambda done: progress(done, total)) if progress else None)
                player.play(_first(calls, part.calls), fresh=elastic)
            if found.deviation:
                break
    return found


def _first(calls: Iterator[Call], count: int) -> Iterator[Call]:
    for _, call in zip(range(count), calls, strict=False):
        yield call


class _Player:
    """Requests of one part of a log on a device.

    Parameters
    ----------
    found : Replay
        Is filled in.
    part : Part
        Of the log.
    device : Device
        That the requests are sent to.
    answers : _Answers
        On its line.
    told : callable, optional
        Called with the number of requests done.
    """

    def __init__(
        self, found: Replay, part: Part, device: Device, answers: _Answers, told: Callable[[int], None] | None
    ) -> None:
        self._found, self._part, self._answers, self._told = found, part, answers, told
        self._config = part.info.config
        self._link: Link = device.link
        self._stimulus = StepCutter()
        self._counted = True  # whether the counters of the log began where these do
        self._begun = found.requests

    def play(self, calls: Iterator[Call], *, fresh: bool) -> None:
        """Carry out all requests, unless their beginning or a cut leaves the state of the chip open."""
        if self._part.fresh:
            if not fresh:
                self._put(EmulatedChip(self._config).read(*program_regions(self._config), *state_regions(self._config)))
        else:
            seen, held = held_before(calls, self._config)
            calls = chain(seen, calls)
            if held is None:
                self._give_up(calls, "the chip held something before that the log does not have")
                return
            self._counted = False
            self._put(held)
        self._carry_out(calls)

    def _carry_out(self, calls: Iterator[Call]) -> None:
        """Send all requests, in exchanges of many, until an answer differs or the state of the chip is not known."""
        batch: list[tuple[int, Call, Call]] = []
        for call in calls:
            self._found.requests += 1
            wanted = self._wanted(call)
            if wanted is None:
                self._run(batch)
                if not self._found.deviation:
                    self._give_up(calls, f"request {self._found.requests}, {operation(call)}, was cut off")
                return
            batch += [(self._found.requests, *each) for each in wanted]
            is_refused = call.status is not None and call.status > Status.STOPPED
            if len(batch) >= _BATCH or is_refused:
                self._run(batch)
            if self._found.deviation:
                return
        self._run(batch)

    def _put(self, held: dict[Region, Items]) -> None:
        """Put the chip into a state."""
        writes = (
            request
            for region, values in held.items()
            if layout(region, self._config).writable
            for request in write_requests(region, values, self._config)
        )
        for _ in self._link.execute(chain([(Op.CLEAR, CLEAR_ARGUMENTS.pack(_EVERYTHING))], writes)):
            pass

    def _wanted(self, call: Call) -> list[tuple[Call, Call]] | None:
        """Return what to send for a request of the log, and the answer to expect; None if it is not known.

        Nothing is sent for what tells of the line, not of the model.
        """
        if call.op == Op.SET_BAUD or (call.op == Op.READ and call.payload[:1] == bytes([Region.INFO])):
            return []
        if call.status is None:
            return [] if call.op == Op.READ else None
        if call.op != Op.RUN:
            return [(call, call)]
        if call.status != Status.STOPPED:
            self._stimulus.pass_on(call.payload)
            return [(call, call)]
        return self._stopped(call)

    def _stopped(self, call: Call) -> list[tuple[Call, Call]] | None:
        """Return what a stopped run came to: as many steps as its answer has."""
        results = decoded(call.data)
        payload = self._stimulus.cut(call.payload, results.steps) if results else None
        if results is None or payload is None:
            return None
        self._skip("steps that a stopped run did not come to")
        limit, last = self._config.payload_bytes, results.steps - 1
        # The end that an open step gets may have no room in the frame, and is one of its own then.
        pieces = [(payload[:limit], results.cut(0, last)), (payload[limit:], results.cut(last, last + 1))]
        if len(payload) <= limit:
            pieces = [(payload, results)] if payload else []
        return [(Call(Op.RUN, data), Call(Op.RUN, data, [(Status.OK, part.encode())])) for data, part in pieces]

    def _run(self, batch: list[tuple[int, Call, Call]]) -> None:
        """Carry out requests and compare their answers."""
        if not batch:
            return
        self._answers.calls.clear()
        try:
            for _ in self._link.execute([(sent.op, sent.payload) for _, sent, _ in batch]):
                pass
        except DeviceError:
            last = self._answers.calls[-1].status if self._answers.calls else None
            if last is None or last <= Status.STOPPED:
                raise
        for (number, _, expected), got in zip(batch, self._answers.calls, strict=False):
            if self._compared(number, got, expected):
                break
        batch.clear()
        if self._told is not None:
            self._told(self._found.requests)

    def _compared(self, number: int, got: Call, expected: Call) -> bool:
        """Compare one answer; True if it differs."""
        found = self._found
        if expected.op == Op.CLEAR and expected.payload[:1] and expected.payload[0] & Clear.COUNTERS:
            self._counted = True
        if expected.op == Op.READ and expected.payload[:1] == bytes([Region.COUNTERS]) and not self._counted:
            self._skip("counters, until they were cleared: the log begins on a chip that had counted before")
            return False
        difference = first_difference(got, expected, self._config, found.steps)
        found.compared += 1
        if difference is not None:
            found.deviation = Deviation(number, operation(expected), difference)
        elif expected.op == Op.RUN and (results := decoded(expected.data)):
            found.steps += results.steps
        return difference is not None

    def _give_up(self, calls: Iterator[Call], why: str) -> None:
        left = sum(1 for _ in calls)
        self._found.requests = self._begun + self._part.calls
        self._skip(f"{left} requests: {why}")

    def _skip(self, what: str) -> None:
        if what not in self._found.skipped:
            self._found.skipped.append(what)
