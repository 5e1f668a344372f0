"""Buffers of the link: requests that wait for the command unit, and responses that wait for acknowledgement."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Status

from ..lib.delay import stages
from .frame import ReceivedFrame


class Requests(wiring.Signature):
    """Requests in order, the oldest first, seen from the queue.

    Members
    -------
    bytes : Out(stream)
        Its operation and its payload, at most a byte every other cycle.
    length : Out
        Bytes of both, once the first of them is there.
    exhausted : Out(1)
        All of them have been taken.
    served : In(1)
        For a cycle: it has been carried out. The rest of it is dropped, and its buffer is free.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "bytes": Out(stream.Signature(8)),
            "length": Out(range(config.payload_bytes + 2)),
            "exhausted": Out(1),
            "served": In(1),
        })  # fmt: skip


class RequestQueue(wiring.Component):
    """`rx_frames` buffers, in the order in which frames came.

    Every frame is written to the next free buffer as it comes; it counts only if it is kept. A frame for which none is
    free when its first byte comes is not written, and cannot be kept: `room` is low until it is complete, even if a
    buffer becomes free meanwhile.

    Members
    -------
    frame : In(ReceivedFrame)
        The frame that is being received.
    keep : In(1)
        With `frame.good`, if `room`: put the frame into the queue.
    room : Out(1)
        The frame that is complete now has been written.
    held : Out
        Requests in the queue, the one that is being carried out included.
    clear : In(1)
        Drop everything.
    requests : Out(Requests)
        The oldest request.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "frame": In(ReceivedFrame(config)),
            "keep": In(1),
            "room": Out(1),
            "held": Out(range(config.rx_frames + 1)),
            "clear": In(1),
            "requests": Out(Requests(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the queue."""
        m = Module()
        frames, frame_bytes = self._config.rx_frames, self._config.frame_bytes
        byte_bits = (frame_bytes - 1).bit_length()
        frame, head = self.frame, self.requests
        m.submodules.bytes = contents = memory.Memory(shape=8, depth=frames * frame_bytes, init=[])
        m.submodules.lengths = lengths = memory.Memory(shape=head.length.shape(), depth=frames, init=[])
        fill, serve = Signal(range(frames)), Signal(range(frames))

        write, note = contents.write_port(), lengths.write_port()
        free = self.held != frames
        with m.If(frame.index == 0):
            m.d.sync += self.room.eq(free)
        m.d.comb += [
            write.addr.eq(Cat(frame.index[:byte_bits], fill)),
            write.data.eq(frame.byte),
            # The end of the checksum of the longest frame falls outside.
            write.en.eq(frame.write & ~frame.index[byte_bits:].any() & Mux(frame.index == 0, free, self.room)),
            note.addr.eq(fill),
            note.data.eq(frame.length),
            note.en.eq(self.keep),
        ]

        read, noted = contents.read_port(), lengths.read_port()
        position = Signal.like(head.length)
        loaded = Signal()
        taken = head.bytes.valid & head.bytes.ready
        # Both memories answer one cycle after a request has come to the head, or to an empty queue. Their answers are
        # registered, because block RAM is slow; so the byte after one that was taken comes a cycle later.
        dropped = head.served | self.clear
        m.d.sync += [
            loaded.eq((self.held != 0) & ~dropped),
            position.eq(position + taken),
            head.length.eq(noted.data),
            head.bytes.payload.eq(read.data),
            head.bytes.valid.eq(loaded & ~dropped & ~taken & (position != noted.data)),
            head.exhausted.eq(loaded & ~dropped & ~taken & (position == noted.data)),
        ]
        m.d.comb += [
            noted.addr.eq(serve),
            read.addr.eq(Cat((position + taken)[:byte_bits], serve)),
        ]

        m.d.sync += [
            self.held.eq(self.held + self.keep - head.served),
            fill.eq(fill + self.keep),
            serve.eq(serve + head.served),
        ]
        with m.If(head.served):
            m.d.sync += position.eq(0)
        with m.If(self.clear):
            # A frame that is half received now began in a buffer that is not the next one any more.
            m.d.sync += [self.held.eq(0), fill.eq(0), serve.eq(0), position.eq(0), self.room.eq(0)]
        return m


class Answer(wiring.Signature):
    """Content of responses, seen from the command unit.

    Members
    -------
    op : Out(8)
        The operation that is answered.
    payload : Out(stream)
        Bytes; a response that is full is followed by another one.
    limit : Out
        Bytes of a full response, operation and payload.
    outcome : Out(stream)
        Status with which the answer ends, after its last byte.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "op": Out(8),
            "payload": Out(stream.Signature(8)),
            "limit": Out(range(config.payload_bytes + 2)),
            "outcome": Out(stream.Signature(Status)),
        })  # fmt: skip


class ResponseQueue(wiring.Component):
    """`tx_frames` buffers with the responses that the host has not acknowledged.

    A buffer holds the operation and the payload; its number is the sequence number of the response, modulo `tx_frames`.

    Members
    -------
    answer : In(Answer)
        Content, at most a byte every other cycle. Waits while all buffers are taken.
    acknowledge : In(1)
        The host expects `ack` next: those before it are dropped. A number that is not in the queue, nor the next after
        it, is ignored.
    rewind : In(1)
        With `acknowledge`: send all again from `ack` on.
    ack : In(8)
        Sequence number of the response that the host expects.
    clear : In(1)
        Level: drop everything, and whatever `answer` offers; the sequence begins at 0.
    pending : Out(1)
        There is a response to be sent, now or in one of the next cycles.
    ready : Out(1)
        It can be sent now.
    send : In(1)
        With `ready`: it is being sent.
    hold : In(1)
        Level: `number` stays as it is.
    number : Out(8)
        Sequence number of the response that is being sent, otherwise of the next one that will be written.
    sending : In(1)
        Level: the buffer of response `number` stays as it is, too.
    position : In
        Byte that is needed of it.
    data : Out(8)
        That byte, two cycles later.
    length : Out
        Bytes of the response, one cycle after its number.
    status : Out(Status)
        Its status, one cycle after its number.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "answer": In(Answer(config)),
            "acknowledge": In(1),
            "rewind": In(1),
            "ack": In(8),
            "clear": In(1),
            "pending": Out(1),
            "ready": Out(1),
            "send": In(1),
            "hold": In(1),
            "number": Out(8),
            "sending": In(1),
            "position": In(range(config.payload_bytes + 2)),
            "data": Out(8),
            "length": Out(range(config.payload_bytes + 2)),
            "status": Out(Status),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the queue."""
        m = Module()
        frames = self._config.tx_frames
        held = Signal(range(frames + 1))  # responses from `base` on
        sent = Signal.like(held)  # those of them that have been sent
        base = Signal(8)  # sequence number of the oldest
        close = self._buffers(m, held)

        # The distance of an acknowledgement, and whether it is too large, take a cycle each.
        coming = stages(m, self.acknowledge, 2, name="acknowledge", reset_less=False)
        rewind = stages(m, self.rewind, 2, name="rewind")[2]
        distance, dropped = Signal(8), Signal.like(held)
        known = coming[1] & (distance <= held)
        m.d.sync += [
            distance.eq(self.ack - base),
            dropped.eq(Mux(known, distance, 0)),
            base.eq(base + dropped),
            held.eq(held + close - dropped),
        ]
        waiting = coming[1] | coming[2]
        m.d.comb += [self.pending.eq(sent != held), self.ready.eq(self.pending & ~waiting & ~self.clear)]
        with m.If(coming[2] & (rewind | (sent < dropped))):
            m.d.sync += sent.eq(0)
        with m.Else():
            m.d.sync += sent.eq(sent + self.send - dropped)
        with m.If(self.clear):
            m.d.sync += [base.eq(0), held.eq(0), sent.eq(0), dropped.eq(0)]
        with m.If(~self.hold):
            m.d.sync += self.number.eq(base + Mux(self.send, sent, held))
        return m

    def _buffers(self, m: Module, held: Signal) -> Signal:
        """Fill and read the buffers; return the signal that one has been filled."""
        frames, byte_bits = self._config.tx_frames, (self._config.frame_bytes - 1).bit_length()
        entry = data.StructLayout({"length": unsigned(len(self.length)), "status": Status})
        m.submodules.bytes = contents = memory.Memory(shape=8, depth=frames * self._config.frame_bytes, init=[])
        m.submodules.entries = entries = memory.Memory(shape=entry, depth=frames, init=[])
        answer = self.answer
        write, note = contents.write_port(), entries.write_port()
        fill = Signal(range(frames))
        reading = self.number[: len(fill)]
        count = Signal.like(self.length)  # bytes in the buffer that is being filled
        # Computed a cycle ahead, because the command unit waits for it; nothing is taken while it is low.
        free, begun, full, close = Signal(), Signal(), Signal(), Signal()
        m.d.sync += [
            begun.eq(count != 0),
            full.eq(count == answer.limit),
            free.eq((held != frames) & ~(self.sending & (reading == fill)) & ~write.en & ~close & ~self.clear),
        ]
        m.d.comb += [
            close.eq(free & begun & (answer.outcome.valid | (answer.payload.valid & full)) & ~self.clear),
            answer.payload.ready.eq(self.clear | (free & begun & ~full)),
            answer.outcome.ready.eq(self.clear | (free & begun)),
            # The operation is written first, when there is a byte or an outcome to follow it.
            write.addr.eq(Cat(count[:byte_bits], fill)),
            write.data.eq(Mux(begun, answer.payload.payload, answer.op)),
            write.en.eq(free & ~full & (answer.payload.valid | (answer.outcome.valid & ~begun))),
            note.addr.eq(fill),
            note.data.length.eq(count),
            note.data.status.eq(Mux(answer.outcome.valid, answer.outcome.payload, Status.MORE)),
            note.en.eq(close),
        ]
        m.d.sync += fill.eq(fill + close)
        with m.If(close):
            m.d.sync += count.eq(0)
        with m.Elif(write.en):
            m.d.sync += count.eq(count + 1)
        with m.If(self.clear):
            m.d.sync += [fill.eq(0), count.eq(0)]

        read, noted = contents.read_port(), entries.read_port()
        m.d.sync += self.data.eq(read.data)
        m.d.comb += [
            read.addr.eq(Cat(self.position[:byte_bits], reading)),
            noted.addr.eq(reading),
            self.length.eq(noted.data.length),
            self.status.eq(noted.data.status),
        ]
        return close
