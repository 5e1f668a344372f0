"""Player of a log: its requests once more on a chip that is in the state of the log, and the answers compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from ..device.device import Device
from ..device.emulated import EmulatedChip
from ..errors import DeviceError
from ..image import program_regions, state_regions
from ..spec import Clear, Op, Region, Status, layout
from ..spec.protocol import CLEAR_ARGUMENTS
from ..wire.link import Link
from ..wire.regions import Items, write_requests
from ..wire.tap import Call, Entry, Log
from .answers import AnswerDifference, decoded, first_difference, operation
from .part import Part, held_before
from .stimulus import StepCutter

#: Requests that are carried out in one exchange.
_BATCH = 256
#: Requests that leave the same behind when they are carried out twice.
_REPEATABLE = (Op.WRITE, Op.CLEAR)
_EVERYTHING = Clear(sum(Clear))


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


def _is_of_line(call: Call) -> bool:
    """Whether a request is about the line, or asks the chip what it is."""
    return call.op == Op.SET_BAUD or (call.op == Op.READ and call.payload[:1] == bytes([Region.INFO]))


class Answers(Log):
    """Answers of the device, as they pass its line."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def keep(self, entry: Entry) -> None:
        """Keep a request that was answered."""
        if isinstance(entry, Call):
            self.calls.append(entry)


class Player:
    """Requests of one part of a log on a device.

    Parameters
    ----------
    found : Replay
        Is filled in.
    part : Part
        Of the log.
    device : Device
        That the requests are sent to.
    answers : Answers
        On its line.
    told : callable, optional
        Called with the number of requests done.
    """

    def __init__(
        self, found: Replay, part: Part, device: Device, answers: Answers, told: Callable[[int], None] | None
    ) -> None:
        self._found, self._part, self._answers, self._told = found, part, answers, told
        self._config = part.info.config
        self._link: Link = device.link
        self._stimulus = StepCutter(self._config)
        self._counted = True  # whether the counters of the log began where these do
        self._begun = found.requests
        self._open: list[tuple[int, Call]] = []  # requests that were cut off, with their numbers

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
            wanted = self._wanted(call) if self._is_known(call) else None
            if wanted is None:
                self._run(batch)
                if not self._found.deviation:
                    number, cut = self._open[0] if self._open else (self._found.requests, call)
                    self._give_up(calls, f"request {number}, {operation(cut)}, was cut off")
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

    def _is_known(self, call: Call) -> bool:
        """Whether the state of the chip is known where this request comes.

        Nobody knows whether a request that was cut off was carried out. A write may have been, if it is repeated before
        anything depends on it.
        """
        if call.status is None and call.op in _REPEATABLE:
            self._open.append((self._found.requests, call))
        elif call.status == Status.OK:
            self._open = [
                (number, cut) for number, cut in self._open if (cut.op, cut.payload) != (call.op, call.payload)
            ]
        return not self._open or call.op in _REPEATABLE or _is_of_line(call)

    def _wanted(self, call: Call) -> list[tuple[Call, Call]] | None:
        """Return what to send for a request of the log, and the answer to expect; None if it is not known.

        Nothing is sent for what tells of the line, not of the model.
        """
        if _is_of_line(call):
            return []
        if call.status is None:
            return [] if call.op in (Op.READ, *_REPEATABLE) else None
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
        return [
            (Call(Op.RUN, data), Call(Op.RUN, data, [(Status.OK, part.encode(interleave=True))]))
            for data, part in pieces
        ]

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
