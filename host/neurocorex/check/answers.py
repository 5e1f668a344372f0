"""Answers of two chips to the same request: the first item, step or neuron that differs, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from ..events.decoder import StreamDecoder
from ..events.stream import EventStream
from ..spec import Control, CoreConfig, Op, Region, Status, layout
from ..spec.protocol import READ_ARGUMENTS
from ..spec.registers import MODEL_COUNTERS, Counter
from ..wire.regions import from_bytes
from ..wire.tap import Call
from .compare import axes, place_name


@dataclass(frozen=True, slots=True)
class AnswerDifference:
    """What differs between two answers.

    Attributes
    ----------
    quantity : str
        Status, region, counter, spike, membrane, report or number of steps, in words.
    place : str
        Where: row and column, or step and neuron; empty if there is one only.
    got, expected : int, str or None
        Value on the device, and in the log; None: nothing.
    """

    quantity: str
    place: str
    got: int | str | None
    expected: int | str | None

    def __str__(self) -> str:
        place = f" at {self.place}" if self.place else ""
        got, expected = ("nothing" if value is None else value for value in (self.got, self.expected))
        return f"{self.quantity}{place}: {got}, expected {expected}"


def operation(call: Call) -> str:
    """Name of the operation of a request, with its region."""
    name = Op(call.op).name if call.op in set(Op) else f"operation {call.op:#04x}"
    if call.op in (Op.READ, Op.WRITE) and call.payload[:1] and call.payload[0] in set(Region):
        name += f" of {Region(call.payload[0]).name}"
    return name


def first_difference(got: Call, expected: Call, config: CoreConfig, steps: int = 0) -> AnswerDifference | None:
    """Compare the answers to one request.

    Parameters
    ----------
    got, expected : Call
        Of the device, and of the log.
    config : CoreConfig
        Geometry of both chips.
    steps : int
        Steps that ran before.

    Returns
    -------
    AnswerDifference or None
        The first; None if all that the model determines is equal.
    """
    if got.status != expected.status:
        return AnswerDifference("status", "", *(_status(each.status) for each in (got, expected)))
    if got.data == expected.data:
        return None
    if expected.op == Op.RUN:
        return _results(got.data, expected.data, steps)
    if expected.op == Op.READ and len(expected.payload) == READ_ARGUMENTS.size:
        return _items(got.data, expected, config)
    return AnswerDifference("bytes of the answer", "", got.data.hex(), expected.data.hex())


def _status(status: int | None) -> str:
    if status is None:
        return "no whole answer"
    return Status(status).name if status in set(Status) else f"{status:#04x}"


# Reading -------------------------------------------------------------------------------------------


def _items(got: bytes, expected: Call, config: CoreConfig) -> AnswerDifference | None:
    number, row, column, _ = READ_ARGUMENTS.unpack(expected.payload)
    region = Region(number)
    table = layout(region, config)
    start = row * table.columns + column
    name = region.name.lower().replace("_", " ")
    mine, theirs = (
        from_bytes(data, replace(table, rows=1, columns=len(data) // table.item_bytes)).tolist()
        for data in (got, expected.data)
    )
    if len(mine) != len(theirs):
        return AnswerDifference(f"items of {name}", "", len(mine), len(theirs))
    for at, (value, wanted) in enumerate(zip(mine, theirs, strict=True), start):
        if value == wanted or region is Region.INFO:
            continue
        row, column = divmod(at, table.columns)
        if region is Region.COUNTERS:
            counter = Counter(at // 2)
            if counter not in MODEL_COUNTERS:
                continue
            return AnswerDifference(
                f"counter {counter.name.lower()}", f"{'high' if at % 2 else 'low'} word", value, wanted
            )
        place = f"row {row}, column {column} ({_place(region, row, column, config)})"
        return AnswerDifference(name, place, value, wanted)
    return None


def _place(region: Region, row: int, column: int, config: CoreConfig) -> str:
    if region is Region.IN_USE:
        return ("neurons", "inputs")[column] if column < 2 else f"kind {column}"
    if region is Region.CONTROL and column not in set(Control):
        return f"register {column}"
    names = axes(region)
    return place_name(names, (row, column) if len(names) > 1 else (column,), config)


# Runs ----------------------------------------------------------------------------------------------


def _results(got: bytes, expected: bytes, steps: int) -> AnswerDifference | None:
    mine, theirs = (decoded(data) for data in (got, expected))
    if mine is None or theirs is None:
        whole = ["whole steps" if each else "no whole steps" for each in (mine, theirs)]
        return AnswerDifference("results", "", *whole)
    if mine.steps != theirs.steps:
        return AnswerDifference("steps of the answer", "", mine.steps, theirs.steps)
    found = [*_first(_spikes(mine), _spikes(theirs)), *_first(_membranes(mine), _membranes(theirs))]
    if not found:
        return _reports(mine, theirs, steps)
    (step, neuron), kind, value, wanted = min(found, key=lambda each: each[0])
    return AnswerDifference(kind, f"step {steps + step}, neuron {neuron}", value, wanted)


def _reports(mine: EventStream, theirs: EventStream, steps: int) -> AnswerDifference | None:
    """Return the first byte of a report that differs, or that only one has."""
    rows = [list(zip(*(column.tolist() for column in stream.columns[6:]), strict=True)) for stream in (mine, theirs)]
    for place, (got, expected) in enumerate(zip_longest(*rows)):
        if got != expected:
            step = min(row[0] for row in (got, expected) if row is not None)
            values = (None if row is None else row[2] for row in (got, expected))
            return AnswerDifference("report", f"step {steps + step}, entry {place}", *values)
    return None


def decoded(results: bytes) -> EventStream | None:
    """Results of whole steps; None for anything else."""
    decoder = StreamDecoder(results=True)
    stream = decoder.feed(results)
    return None if decoder.refused or decoder.open or decoder.partial else stream


Event = tuple[tuple[int, int], str, int]


def _spikes(stream: EventStream) -> Iterator[Event]:
    for step, neuron in zip(stream.event_step.tolist(), stream.event_index.tolist(), strict=True):
        yield (step, neuron), "spike", 1


def _membranes(stream: EventStream) -> Iterator[Event]:
    columns = (stream.graded_step.tolist(), stream.graded_index.tolist(), stream.graded_value.tolist())
    for step, neuron, value in zip(*columns, strict=True):
        yield (step, neuron), "membrane", value


def _first(
    mine: Iterator[Event], theirs: Iterator[Event]
) -> Iterator[tuple[tuple[int, int], str, int | None, int | None]]:
    """Yield the first event that is not in both, in the order of steps and neurons."""
    for got, expected in zip_longest(mine, theirs):
        if got == expected:
            continue
        if got is not None and expected is not None and got[0] == expected[0]:
            yield got[0], got[1], got[2], expected[2]
        elif expected is None or (got is not None and got[0] < expected[0]):
            yield got[0], got[1], got[2], None
        else:
            yield expected[0], expected[1], None, expected[2]
        return
