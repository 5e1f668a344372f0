"""Host that sends one request at a time, for tests of the protocol of an emulated chip."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.events.stream import EventStream
from neurocorex.spec import CoreConfig, FrameError, Op, Region, Request, Response, ResponseDecoder, Status, layout
from neurocorex.spec.fixed import pack, unpack
from neurocorex.spec.protocol import READ_ARGUMENTS, WRITE_ARGUMENTS

SESSION = 0x1234


class Wire:
    """Frames to and from a `VirtualChip`; acknowledges nothing by itself.

    Attributes
    ----------
    sequence : int
        Of the next numbered request.
    ack : int
        Next response expected, sent with every request.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        self.chip = VirtualChip(config)
        self._decoder = ResponseDecoder()
        self.sequence = self.ack = 0
        self.hello()

    def raw(self, data: bytes) -> list[Response]:
        """Send bytes; return the frames that come back, all of which must be good."""
        frames = list(self._decoder.feed(self.chip.receive(data)))
        assert not any(isinstance(frame, FrameError) for frame in frames)
        return [frame for frame in frames if isinstance(frame, Response)]

    def hello(self) -> Response:
        (answer,) = self.raw(Request(Op.HELLO, session=SESSION).encode())
        self.sequence = self.ack = 0
        return answer

    def frame(self, op: int, payload: bytes = b"", *, sequence: int | None = None) -> bytes:
        """Bytes of the next request; a numbered one uses up its number, unless another is given."""
        number = self.sequence if sequence is None else sequence
        if op >= Op.READ and sequence is None:
            self.sequence = (self.sequence + 1) % 256
        return Request(op, number, self.ack, payload, SESSION).encode()

    def send(self, op: int, payload: bytes = b"", *, sequence: int | None = None) -> list[Response]:
        return self.raw(self.frame(op, payload, sequence=sequence))

    def poll(self) -> list[Response]:
        return self.send(Op.POLL)

    def acknowledge(self, frames: Iterable[Response]) -> list[Response]:
        """Acknowledge numbered responses; return what the chip could then send."""
        numbered = [frame for frame in frames if frame.op >= Op.READ]
        for frame in numbered:
            assert frame.sequence == self.ack
            self.ack = (self.ack + 1) % 256
        return self.send(Op.ACK) if numbered else []

    def call(self, op: int, payload: bytes = b"") -> tuple[Status, bytes]:
        """Carry out one request to its end; return the last status and all payloads."""
        frames = self.send(op, payload)
        pending = list(frames)
        while pending:
            pending = self.acknowledge(pending)
            frames += pending
        assert [frame.status for frame in frames[:-1]] == [Status.MORE] * (len(frames) - 1)
        assert {frame.op for frame in frames} == {op}
        return Status(frames[-1].status), b"".join(frame.payload for frame in frames)

    def read(self, region: Region) -> list[int]:
        table = layout(region, self.config)
        status, data = self.call(Op.READ, READ_ARGUMENTS.pack(region, 0, 0, table.items))
        assert status is Status.OK
        return unpack(data, table.item_bytes, signed=table.signed)

    def write(self, region: Region, values: Iterable[int], row: int = 0, column: int = 0) -> Status:
        data = pack(values, layout(region, self.config).item_bytes)
        return self.call(Op.WRITE, WRITE_ARGUMENTS.pack(region, row, column) + data)[0]

    def fill(self, region: Region, value: int) -> None:
        assert self.write(region, [value] * layout(region, self.config).items) is Status.OK

    def run(self, stimulus: EventStream | bytes) -> tuple[Status, EventStream]:
        """Carry out one RUN; the stimulus must fit into a frame."""
        data = stimulus if isinstance(stimulus, bytes) else stimulus.encode()
        status, results = self.call(Op.RUN, data)
        return status, EventStream.decode(results)


def silence(steps: int) -> EventStream:
    return EventStream(steps)


def events(steps: int, *pairs: tuple[int, int]) -> EventStream:
    """Stimulus of these (step, axon) pairs."""
    step, axon = np.array(pairs, int).reshape(-1, 2).T
    return EventStream(steps, step, axon)
