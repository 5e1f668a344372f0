"""Filter of received frames: session, sequence and room decide which are kept, and which call for a notice."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Op, Status
from neurocorex.spec.protocol import HELLO_ANSWER

from .frame import ReceivedFrame

#: Outcomes of a notice, the most urgent first. One that is due twice before it could be sent is sent once.
NOTICES = (
    Status.OTHER_SESSION,
    Status.OK,
    Status.BAD_FRAME,
    Status.OUT_OF_ORDER,
    Status.NO_ROOM,
    Status.BAD_OP,
)


class FrameFilter(wiring.Component):
    """Decides about each received frame: the next request is kept, others call for a notice.

    Members
    -------
    frame : In(ReceivedFrame)
        The frame.
    room : In(1)
        A buffer has been free for it.
    keep : Out(1)
        It is the request that is expected, and there is a buffer.
    session, origin : Out(16)
        The session that the chip is in, and the one in which a request was last kept. Neither changes between
        `greeted` and the end of `answering`.
    expected : Out(8)
        Sequence number of the next request.
    notices : Out
        Bit k, for a cycle: notice `NOTICES[k]` is due.
    acknowledge, poll, stop : Out(1)
        For a cycle: `frame.ack` holds, and POLL or STOP has come with it.
    called : Out(1)
        For a cycle: HELLO has come.
    hello : Out(1)
        The same, until `greeted`.
    greeted : In(1)
        For a cycle: HELLO has been carried out. Its session begins, everything else is as after reset.
    answering : In(1)
        HELLO is being answered. Until that is over no request is kept, because the answer tells the origin before it.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "frame": In(ReceivedFrame(config)),
            "room": In(1),
            "keep": Out(1),
            "session": Out(16),
            "origin": Out(8 * HELLO_ANSWER.size),
            "expected": Out(8),
            "notices": Out(len(NOTICES)),
            "acknowledge": Out(1),
            "poll": Out(1),
            "stop": Out(1),
            "called": Out(1),
            "hello": Out(1),
            "greeted": In(1),
            "answering": In(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the filter."""
        m = Module()
        frame = self.frame
        due = {status: self.notices[place] for place, status in enumerate(NOTICES)}
        # The session of the last HELLO is that of received frames at once, of sent ones when HELLO is carried out.
        # It is compared a cycle early: the header is there long before the checksum.
        latest, own = Signal(16), Signal()
        m.d.sync += own.eq(frame.session == latest)
        # The order decides where two things happen in one cycle: a HELLO that comes while another one is served will
        # be served, too, and nothing counts the sequence on from before HELLO.
        m.d.sync += self.expected.eq(self.expected + self.keep)
        with m.If(self.keep):
            m.d.sync += self.origin.eq(self.session)
        with m.If(self.greeted):
            m.d.sync += [self.hello.eq(0), self.session.eq(latest), self.expected.eq(0)]
        with m.If(self.called):
            m.d.sync += [self.hello.eq(1), latest.eq(frame.session)]

        m.d.comb += due[Status.BAD_FRAME].eq(frame.bad)
        with m.If(frame.good & (frame.op == Op.HELLO)):
            m.d.comb += self.called.eq(1)
        with m.Elif(frame.good & ~own):
            m.d.comb += due[Status.OTHER_SESSION].eq((frame.op == Op.POLL) | (frame.op >= Op.READ))
        with m.Elif(frame.good):
            m.d.comb += self.acknowledge.eq(1)
            self._serve(m, due)
        return m

    def _serve(self, m: Module, due: dict[Status, Value]) -> None:
        """Serve a good frame of the present session."""
        frame = self.frame
        with m.Switch(frame.op):
            with m.Case(Op.ACK):
                pass
            with m.Case(Op.POLL):
                m.d.comb += [self.poll.eq(1), due[Status.OK].eq(1)]
            with m.Case(Op.STOP):
                m.d.comb += self.stop.eq(1)
            with m.Case("0000----"):
                m.d.comb += due[Status.BAD_OP].eq(1)
            with m.Default():
                greeting = self.hello | self.answering
                in_order = (frame.sequence == self.expected) | greeting
                m.d.comb += [
                    self.keep.eq(in_order & self.room & ~greeting),
                    due[Status.OUT_OF_ORDER].eq(~in_order),
                    due[Status.NO_ROOM].eq(in_order & ~self.keep),
                ]
