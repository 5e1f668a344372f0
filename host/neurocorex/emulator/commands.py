"""Commands of an emulated chip: READ, WRITE, RUN, CLEAR and SET_BAUD of docs/protocol.md, on an emulator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..events.decoder import StreamDecoder
from ..events.reports import in_bytes
from ..events.stream import EventStream
from ..spec import ChipInfo, Clear, CoreConfig, Counter, Layout, Op, Region, Status, layout, regions
from ..spec.protocol import CLEAR_ARGUMENTS, DIVISOR_MIN, READ_ARGUMENTS, SET_BAUD_ARGUMENTS, WRITE_ARGUMENTS
from ..wire.regions import from_bytes, to_bytes
from .access import items
from .emulator import Emulator

#: Most steps that run before their results are sent; fewer with many neurons, to bound the memory of the results.
CHUNK_STEPS = 1024
CHUNK_ITEMS = 1 << 18
#: Updates of synapses, if all axons are active, in the first chunk; how many steps the next has is measured.
CHUNK_UPDATES = 1 << 22
#: Seconds that a chunk should take: POLL is answered between two of them.
CHUNK_S = 0.02
#: Flags that `Op.CLEAR` takes; other bits are ignored.
ALL_FLAGS = Clear(sum(Clear))

#: A status and a payload, or None: some work has been done, more remains.
Answer = tuple[Status, bytes] | None


@dataclass(slots=True)
class Job:
    """A request that waits or is being carried out.

    Attributes
    ----------
    op : int
        An `Op`, or something that the chip does not know.
    payload : bytes
        Its arguments.
    stopped : bool
        STOP has come; only `Op.RUN` heeds it.
    """

    op: int
    payload: bytes
    stopped: bool = False


class _ResultEncoder:
    """Bytes of results that come in chunks; a silent run that spans chunks becomes one `IDLE`."""

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        self._silent = 0

    def feed(self, results: EventStream) -> bytes:
        if self._silent:
            results = EventStream.join([EventStream(self._silent), results])
        last = max(int(step[-1]) if step.size else -1 for step in (results.event_step, results.graded_step))
        if results.change_step.size:
            last = max(last, int(results.change_step[-1]) - 1)
        self._silent = results.steps - last - 1
        steps = results.cut(0, last + 1)
        changes = in_bytes(results.columns[6:], self._config)
        return EventStream.made(steps.steps, *steps.columns[:6], *changes).encode(interleave=True)

    def finish(self) -> bytes:
        return EventStream(self._silent).encode() if self._silent else b""


class CommandUnit:
    """Commands, carried out one after the other.

    Parameters
    ----------
    emulator : Emulator
        The core.
    info : ChipInfo
        Description of the chip.
    """

    def __init__(self, emulator: Emulator, info: ChipInfo) -> None:
        self._emulator, self._info = emulator, info
        self._config = emulator.config
        self._regions = regions(self._config)
        self._decoder = StreamDecoder(
            inputs=self._config.inputs,
            neurons=self._config.neurons,
            patterns=self._config.patterns,
            reports=self._config.reports,
        )
        self._most = max(1, min(CHUNK_STEPS, CHUNK_ITEMS // self._config.neurons))
        self._chunk = max(1, min(self._most, CHUNK_UPDATES // (self._config.neurons * (self._config.axons + 1))))
        self._failure: BaseException | None = None

    def execute(self, job: Job) -> Iterator[Answer]:
        """Carry out a request, piece by piece as the iterator is consumed.

        Yields
        ------
        (Status, bytes) or None
            Responses, the last of them with another status than `MORE`; None after a piece of work without one.
        """
        commands = {
            Op.READ: self._read,
            Op.WRITE: self._write,
            Op.RUN: self._run,
            Op.CLEAR: self._clear,
            Op.SET_BAUD: self._set_baud,
        }
        if job.op not in tuple(commands):
            yield Status.BAD_OP, b""
        elif job.op != Op.RUN and self._decoder.open:
            yield Status.STEP_OPEN, b""
        else:
            yield from commands[Op(job.op)](job)

    def end_step(self) -> EventStream:
        """End a step that a stimulus left open, with what has arrived; return its results, if any."""
        is_open = self._decoder.open
        step = self._decoder.end()
        return self._emulator.run(step) if is_open else EventStream(0)

    def failed(self) -> BaseException | None:
        """Return the exception that has ended a RUN between two steps, once; the RUN is answered as stopped."""
        failure, self._failure = self._failure, None
        return failure

    # One method for each operation -------------------------------------------------------------

    def _run(self, job: Job) -> Iterator[Answer]:
        stimulus = EventStream(0) if job.stopped else self._decode(job.payload)
        results, out = _ResultEncoder(self._config), bytearray()
        last = stimulus.steps + min(stimulus.change_step.size, 1)  # changes behind the last step belong to a cut of it
        start = 0
        while start < last:
            if job.stopped:
                self._decoder.end()  # forget a step that began behind those which were not run
                break
            piece = stimulus.cut(start, start + self._chunk)
            start += self._chunk
            before = self._emulator.steps
            try:
                ran = self._timed(piece)
            except BaseException as error:  # Ctrl-C, most likely
                if self._emulator.steps != before:
                    raise
                self._failure, job.stopped = error, True  # nothing of this piece has run
                ran = EventStream(0)
            out += results.feed(ran)
            yield None
            yield from self._full_frames(out)
        if job.stopped:
            out += results.feed(self.end_step())
        out += results.finish()
        yield from self._full_frames(out)
        yield Status.STOPPED if job.stopped else Status.OK, bytes(out)

    def _timed(self, piece: EventStream) -> EventStream:
        """Run a piece, and choose the steps of the next by the time that it took."""
        begun = time.perf_counter()
        results = self._emulator.run(piece)
        took = time.perf_counter() - begun
        if took > CHUNK_S:
            self._chunk = max(1, int(self._chunk * CHUNK_S / took))
        elif took < CHUNK_S / 2 and piece.steps == self._chunk:
            self._chunk = min(2 * self._chunk, self._most)
        return results

    def _decode(self, stimulus: bytes) -> EventStream:
        refused = self._decoder.refused
        steps = self._decoder.feed(stimulus)
        self._emulator.count(Counter.REFUSED_EVENTS, self._decoder.refused - refused)
        return steps

    def _full_frames(self, out: bytearray) -> Iterator[Answer]:
        """Move all but the last frame of `out` into responses."""
        limit = self._config.payload_bytes
        while len(out) > limit:
            payload = bytes(out[:limit])
            del out[:limit]
            yield Status.MORE, payload

    def _read(self, job: Job) -> Iterator[Answer]:
        if len(job.payload) != READ_ARGUMENTS.size:
            yield Status.BAD_LENGTH, b""
            return
        region, row, column, count = READ_ARGUMENTS.unpack(job.payload)
        table = self._table(region)
        if table is None or not (row < table.rows and column < table.columns):
            yield Status.BAD_REGION if table is None else Status.BAD_RANGE, b""
            return
        stored = items(self._emulator, self._info, Region(region))
        start = row * table.columns + column
        stop = min(start + count, table.items)
        per_frame = self._config.payload_bytes // table.item_bytes
        while stop - start > per_frame:
            yield Status.MORE, to_bytes(stored[start : start + per_frame], table)
            start += per_frame
        rest = to_bytes(stored[start:stop], table)
        yield Status.BAD_RANGE if count > table.items - (row * table.columns + column) else Status.OK, rest

    def _write(self, job: Job) -> Iterator[Answer]:
        yield self._store(job.payload), b""

    def _store(self, payload: bytes) -> Status:
        if len(payload) < WRITE_ARGUMENTS.size:
            return Status.BAD_LENGTH
        region, row, column = WRITE_ARGUMENTS.unpack_from(payload)
        table = self._table(region)
        if table is None:
            return Status.BAD_REGION
        if not table.writable:
            return Status.READ_ONLY
        if not (row < table.rows and column < table.columns):
            return Status.BAD_RANGE
        start = row * table.columns + column
        count, left_over = divmod(len(payload) - WRITE_ARGUMENTS.size, table.item_bytes)
        stored = min(count, table.items - start)
        data = payload[WRITE_ARGUMENTS.size :][: stored * table.item_bytes]
        self._emulator.write(Region(region), from_bytes(data, replace(table, rows=1, columns=stored)), start)
        if stored < count:
            return Status.BAD_RANGE
        return Status.BAD_LENGTH if left_over else Status.OK

    def _clear(self, job: Job) -> Iterator[Answer]:
        if len(job.payload) == CLEAR_ARGUMENTS.size:
            self._emulator.clear(Clear(job.payload[0] & ALL_FLAGS))
            yield Status.OK, b""
        else:
            yield Status.BAD_LENGTH, b""

    def _set_baud(self, job: Job) -> Iterator[Answer]:
        # Bytes inside a process have no rate, so nothing changes.
        if len(job.payload) == SET_BAUD_ARGUMENTS.size:
            (divisor,) = SET_BAUD_ARGUMENTS.unpack(job.payload)
            yield Status.OK if divisor >= DIVISOR_MIN else Status.BAD_RANGE, b""
        else:
            yield Status.BAD_LENGTH, b""

    # Regions -----------------------------------------------------------------------------------

    def _table(self, region: int) -> Layout | None:
        """Shape and format of a region, or None if the chip has none such."""
        return layout(Region(region), self._config) if region in self._regions else None
