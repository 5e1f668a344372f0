"""Retransmission: sequence numbers, acknowledgement, credit and notices, as docs/protocol.md defines them."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Op, Status
from neurocorex.spec.protocol import HELLO_ANSWER

from .buffers import Answer, RequestQueue, Requests, ResponseQueue
from .filter import NOTICES, FrameFilter
from .frame import FrameReceiver, FrameSender


class FrameScheduler(wiring.Component):
    """Chooses the next frame: the answer to HELLO, a notice, or a response.

    Members
    -------
    notices : In
        Bit k: notice `NOTICES[k]` is due.
    called : In(1)
        For a cycle: HELLO has come. Notices that were due before are not.
    hello : In(1)
        HELLO is being carried out: no more responses and notices are sent.
    greeted : In(1)
        For a cycle, while `idle`: HELLO is to be answered.
    answering : Out(1)
        That is being done.
    session, origin : In(16)
        Session of every frame, and content of that answer.
    ack, credit : In(8)
        Acknowledgement and credit that every frame carries.
    rewind, acknowledge : In(1)
        See `ResponseQueue`.
    acknowledged : In(8)
        Sequence number of the response that the host expects.
    answer : In(Answer)
        Responses.
    idle : Out(1)
        All that may be sent has been sent.
    bytes : Out(stream)
        Bytes for the wire.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "notices": In(len(NOTICES)),
            "called": In(1),
            "hello": In(1),
            "greeted": In(1),
            "answering": Out(1),
            "session": In(16),
            "origin": In(8 * HELLO_ANSWER.size),
            "ack": In(8),
            "credit": In(8),
            "rewind": In(1),
            "acknowledge": In(1),
            "acknowledged": In(8),
            "answer": In(Answer(config)),
            "idle": Out(1),
            "bytes": Out(stream.Signature(8)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the sender."""
        m = Module()
        m.submodules.queue = queue = ResponseQueue(self._config)
        m.submodules.frame = frame = FrameSender(self._config)
        wiring.connect(m, wiring.flipped(self.answer), queue.answer)
        wiring.connect(m, frame.bytes, wiring.flipped(self.bytes))
        m.d.comb += [
            queue.acknowledge.eq(self.acknowledge),
            queue.rewind.eq(self.rewind),
            queue.ack.eq(self.acknowledged),
            queue.clear.eq(self.hello),
            queue.hold.eq(1),
        ]

        greet, notices = Signal(), Signal(len(NOTICES))
        numbered, greeting, status = Signal(), Signal(), Signal(Status)
        plain = Mux(greeting, Op.HELLO, Op.POLL)
        origin = Mux(frame.position[1], self.origin[8:], self.origin[:8])  # bytes 2 and 1 of that answer
        notify = notices.any() & ~self.hello
        m.d.comb += self.answering.eq(greet | greeting)
        m.d.sync += notices.eq(notices | self.notices)
        with m.FSM():
            with m.State("CHOOSE"):
                m.d.comb += [self.idle.eq(~queue.pending & ~greet & ~notify), queue.hold.eq(0)]
                m.d.sync += [numbered.eq(0), greeting.eq(greet), status.eq(Status.OK)]
                with m.If(greet):
                    m.d.sync += greet.eq(0)
                    m.next = "START"
                with m.Elif(notify):
                    for place, outcome in reversed([*enumerate(NOTICES)]):
                        with m.If(notices[place]):
                            m.d.sync += status.eq(outcome)
                    m.d.sync += notices.eq((notices & (notices - 1)) | self.notices)  # the lowest one goes
                    m.next = "START"
                with m.Elif(queue.ready):
                    m.d.comb += queue.send.eq(1)
                    m.d.sync += numbered.eq(1)
                    m.next = "START"
            with m.State("START"):
                m.d.comb += frame.start.eq(1)
                m.next = "SEND"
            with m.State("SEND"), m.If(frame.done):
                m.next = "CHOOSE"
        with m.If(self.called):
            m.d.sync += notices.eq(0)
        with m.If(self.greeted):
            m.d.sync += greet.eq(1)

        m.d.comb += [
            queue.sending.eq(numbered),
            queue.position.eq(frame.position),
            frame.sequence.eq(queue.number),
            frame.ack.eq(self.ack),
            frame.credit.eq(self.credit),
            frame.session.eq(self.session),
            frame.status.eq(Mux(numbered, queue.status, status)),
            frame.length.eq(Mux(numbered, queue.length, Mux(greeting, 1 + HELLO_ANSWER.size, 1))),
            frame.data.eq(Mux(numbered, queue.data, Mux(frame.position == 0, plain, origin))),
        ]
        return m


class Retransmission(wiring.Component):
    """Bytes of the wire to requests in order, and answers to bytes that are sent again until they are acknowledged.

    Members
    -------
    received, sent : In(stream), Out(stream)
        Bytes of the wire. Received bytes cannot wait.
    requests : Out(Requests)
        Requests in order.
    answer : In(Answer)
        Content of the responses.
    stop : Out(1)
        For a cycle: STOP has come.
    held : Out
        Requests that have come and not been carried out.
    hello : Out(1)
        HELLO has come: end a run. What `answer` offers is dropped.
    greeted : In(1)
        For a cycle, while `idle`: that has been done, and HELLO may be answered.
    idle : Out(1)
        All that may be sent has been sent; during `hello` what was already on its way.
    good, bad : Out(1)
        For a cycle: a frame has come.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "received": In(stream.Signature(8, always_ready=True)),
            "sent": Out(stream.Signature(8)),
            "requests": Out(Requests(config)),
            "answer": In(Answer(config)),
            "stop": Out(1),
            "held": Out(range(config.rx_frames + 1)),
            "hello": Out(1),
            "greeted": In(1),
            "idle": Out(1),
            "good": Out(1),
            "bad": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Join filter, buffers and scheduler."""
        m = Module()
        m.submodules.frame = frames = FrameReceiver(self._config)
        m.submodules.queue = queue = RequestQueue(self._config)
        m.submodules.receiver = receiver = FrameFilter(self._config)
        m.submodules.sender = sender = FrameScheduler(self._config)
        wiring.connect(m, wiring.flipped(self.received), frames.bytes)
        wiring.connect(m, frames.frame, queue.frame, receiver.frame)
        wiring.connect(m, queue.requests, wiring.flipped(self.requests))
        wiring.connect(m, wiring.flipped(self.answer), sender.answer)
        wiring.connect(m, sender.bytes, wiring.flipped(self.sent))
        m.d.comb += [
            receiver.room.eq(queue.room),
            queue.keep.eq(receiver.keep),
            queue.clear.eq(self.greeted),
            receiver.greeted.eq(self.greeted),
            receiver.answering.eq(sender.answering),
            sender.called.eq(receiver.called),
            sender.hello.eq(receiver.hello),
            sender.greeted.eq(self.greeted),
            sender.session.eq(receiver.session),
            sender.origin.eq(receiver.origin),
            sender.notices.eq(receiver.notices),
            sender.ack.eq(receiver.expected),
            sender.credit.eq(self._config.rx_frames - queue.held),
            sender.rewind.eq(receiver.poll),
            sender.acknowledge.eq(receiver.acknowledge),
            sender.acknowledged.eq(frames.frame.ack),
            self.hello.eq(receiver.hello),
            self.stop.eq(receiver.stop),
            self.held.eq(queue.held),
            self.idle.eq(sender.idle),
            self.good.eq(frames.frame.good),
            self.bad.eq(frames.frame.bad),
        ]
        return m
