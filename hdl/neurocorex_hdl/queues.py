"""Buffers of the link: requests that wait to be carried out, and responses that wait to be acknowledged."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Status

from .frame import ReceivedFrame


class Requests(wiring.Signature):
    """The oldest request, and then the next.

    Members
    -------
    valid : Out(1)
        There is one.
    op : Out(8)
        Its operation.
    length : Out
        Bytes of its payload.
    payload : Out(stream)
        Its payload, up to a byte a cycle.
    exhausted : Out(1)
        All of the payload has been taken.
    served : In(1)
        It has been carried out; what is left of it is dropped and its buffer is free.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "valid": Out(1),
            "op": Out(8),
            "length": Out(range(config.payload_bytes + 1)),
            "payload": Out(stream.Signature(8)),
            "exhausted": Out(1),
            "served": In(1),
        })  # fmt: skip


class RequestQueue(wiring.Component):
    """`rx_frames` buffers, in the order in which frames came.

    Every frame is written to the next free buffer as it comes; it counts only if it is kept. A frame that finds none
    when its first byte comes is not written, and cannot be kept: `room` says so until it is complete, even if a buffer
    becomes free meanwhile.

    Members
    -------
    frame : In(ReceivedFrame)
        What comes in.
    keep : In(1)
        With `frame.good`, if `room`: put the frame into the queue.
    room : Out(1)
        The frame that is complete now has been written.
    held : Out
        Requests in the queue, the one that is being carried out included.
    clear : In(1)
        Drop everything.
    requests : Out(Requests)
        The other end.
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
        frame, head = self.frame, self.requests
        entry = data.StructLayout({"op": 8, "length": head.length.shape()})
        m.submodules.bytes = contents = memory.Memory(shape=8, depth=frames * frame_bytes, init=[])
        m.submodules.entries = entries = memory.Memory(shape=entry, depth=frames, init=[])
        fill, serve = Signal(range(frames)), Signal(range(frames))

        write, describe = contents.write_port(), entries.write_port()
        with m.If(frame.index == 0):
            m.d.sync += self.room.eq(self.held != frames)
        m.d.comb += [
            write.addr.eq(Cat(frame.index[: (frame_bytes - 1).bit_length()], fill)),
            write.data.eq(frame.byte),
            write.en.eq(frame.write & Mux(frame.index == 0, self.held != frames, self.room)),
            describe.addr.eq(fill),
            describe.data.op.eq(frame.op),
            describe.data.length.eq(frame.length),
            describe.en.eq(self.keep),
        ]

        read, described = contents.read_port(), entries.read_port()
        position = Signal.like(frame.index)
        taken = head.payload.valid & head.payload.ready
        # Both memories answer one cycle after a request has come to the head, or to an empty queue.
        m.d.sync += [head.valid.eq((self.held != 0) & ~head.served & ~self.clear), position.eq(position + taken)]
        m.d.comb += [
            described.addr.eq(serve),
            head.op.eq(described.data.op),
            head.length.eq(described.data.length),
            read.addr.eq(Cat((position + taken)[: (frame_bytes - 1).bit_length()], serve)),
            head.payload.payload.eq(read.data),
            head.payload.valid.eq(head.valid & (position != head.length)),
            head.exhausted.eq(head.valid & (position == head.length)),
        ]

        m.d.sync += [
            self.held.eq(self.held + self.keep - head.served),
            fill.eq(fill + self.keep),
            serve.eq(serve + head.served),
        ]
        with m.If(head.served):
            m.d.sync += position.eq(0)
        with m.If(self.clear):
            # A frame whose first half went to another buffer than its second will would be a strange one.
            m.d.sync += [self.held.eq(0), fill.eq(0), serve.eq(0), position.eq(0), self.room.eq(0)]
        return m


class Answer(wiring.Signature):
    """What a response consists of, from its maker.

    Members
    -------
    op : Out(8)
        The operation that is answered.
    payload : Out(stream)
        Bytes; what does not fit into one response goes into the next.
    limit : Out
        Bytes after which a response is full.
    outcome : Out(stream)
        Status with which the answer ends, after its last byte.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "op": Out(8),
            "payload": Out(stream.Signature(8)),
            "limit": Out(range(config.payload_bytes + 1)),
            "outcome": Out(stream.Signature(Status)),
        })  # fmt: skip


class ResponseEntry(data.StructLayout):
    """What is kept of a response beside its payload."""

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({"op": 8, "status": Status, "length": unsigned(config.payload_bytes.bit_length())})


class ResponseQueue(wiring.Component):
    """`tx_frames` buffers with the responses from the oldest that the host has not acknowledged on.

    Three sequence numbers walk through them: `base`, the oldest one; `unsent`, the next to be sent, which goes back
    when the host asks; `tail`, the one that is being written. A number modulo `tx_frames` is the number of a buffer.

    Members
    -------
    answer : In(Answer)
        Responses to be. Waits while all buffers are taken.
    acknowledge : In(1)
        The host expects `ack` next: those before it are dropped. A number that is not in the queue, nor the next after
        it, is ignored.
    rewind : In(1)
        With `acknowledge`: send all again from there on.
    ack : In(8)
        See there.
    clear : In(1)
        Level: drop everything, and whatever `answer` offers; the sequence begins at 0.
    unsent, tail : Out(8)
        See above.
    pending : Out(1)
        The next to be sent is there, and may be sent.
    send : In(1)
        With `pending`: it is on its way.
    sending : In(1)
        Keep the buffer of `number` as it is.
    number : In(8)
        Sequence number of the response that is being sent.
    position : In
        Byte of its payload.
    data : Out(8)
        That byte, one cycle later.
    entry : Out(ResponseEntry)
        What else is known of response `number`, one cycle later.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "answer": In(Answer(config)),
            "acknowledge": In(1),
            "rewind": In(1),
            "ack": In(8),
            "clear": In(1),
            "unsent": Out(8),
            "tail": Out(8),
            "pending": Out(1),
            "send": In(1),
            "sending": In(1),
            "number": In(8),
            "position": In(range(config.payload_bytes + 1)),
            "data": Out(8),
            "entry": Out(ResponseEntry(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the queue."""
        m = Module()
        frames, frame_bytes = self._config.tx_frames, self._config.frame_bytes
        buffer_bits, byte_bits = (frames - 1).bit_length(), (frame_bytes - 1).bit_length()
        m.submodules.bytes = contents = memory.Memory(shape=8, depth=frames * frame_bytes, init=[])
        m.submodules.entries = entries = memory.Memory(shape=ResponseEntry(self._config), depth=frames, init=[])
        base = Signal(8)
        answer, number = self.answer, self.number[:buffer_bits]

        write, describe = contents.write_port(), entries.write_port()
        count = Signal.like(answer.limit)
        full = count == answer.limit
        held = (self.tail - base)[:8]
        free = (held != frames) & ~(self.sending & (number == self.tail[:buffer_bits]))
        close = free & (answer.outcome.valid | (answer.payload.valid & full))
        m.d.comb += [
            answer.payload.ready.eq(self.clear | (free & ~full)),
            answer.outcome.ready.eq(self.clear | free),
            write.addr.eq(Cat(count[:byte_bits], self.tail[:buffer_bits])),
            write.data.eq(answer.payload.payload),
            write.en.eq(answer.payload.valid & answer.payload.ready),
            describe.addr.eq(self.tail[:buffer_bits]),
            describe.data.op.eq(answer.op),
            describe.data.status.eq(Mux(answer.outcome.valid, answer.outcome.payload, Status.MORE)),
            describe.data.length.eq(count),
            describe.en.eq(close),
        ]
        with m.If(close):
            m.d.sync += [self.tail.eq(self.tail + 1), count.eq(0)]
        with m.Elif(write.en):
            m.d.sync += count.eq(count + 1)

        acknowledged = (self.ack - base)[:8]
        known = acknowledged <= held
        m.d.comb += self.pending.eq((self.unsent != self.tail) & ~self.acknowledge & ~self.clear)
        with m.If(self.acknowledge):
            with m.If(known):
                m.d.sync += base.eq(self.ack)
            with m.If(known & (self.rewind | (acknowledged > (self.unsent - base)[:8]))):
                m.d.sync += self.unsent.eq(self.ack)
            with m.Elif(self.rewind):
                m.d.sync += self.unsent.eq(base)
        with m.Elif(self.send):
            m.d.sync += self.unsent.eq(self.unsent + 1)
        with m.If(self.clear):
            m.d.sync += [base.eq(0), self.unsent.eq(0), self.tail.eq(0), count.eq(0)]

        read, described = contents.read_port(), entries.read_port()
        m.d.comb += [
            read.addr.eq(Cat(self.position[:byte_bits], number)),
            self.data.eq(read.data),
            described.addr.eq(number),
            self.entry.eq(described.data),
        ]
        return m
