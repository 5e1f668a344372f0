"""Command unit: checks requests, carries them out one after the other, and answers them."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Op, Status
from neurocorex.spec.protocol import CLEAR_ARGUMENTS, READ_ARGUMENTS, SET_BAUD_ARGUMENTS, WRITE_ARGUMENTS

from ..events.controller import Run
from ..lib.bus import RegionBus
from .access import Transfer
from .baud import BaudRate
from .buffers import Answer, Requests
from .uart import DIVISOR_BITS

#: State that carries out an operation, and the bytes of its arguments.
STATES = {
    Op.READ: ("TRANSFER", READ_ARGUMENTS.size),
    Op.WRITE: ("TRANSFER", WRITE_ARGUMENTS.size),
    Op.RUN: ("RUN", 0),
    Op.CLEAR: ("CLEAR", CLEAR_ARGUMENTS.size),
    Op.SET_BAUD: ("SET_BAUD", SET_BAUD_ARGUMENTS.size),
}
#: Operations whose arguments are followed by any number of bytes.
OPEN_ENDED = (Op.WRITE, Op.RUN)


class StopMark(wiring.Component):
    """Mark of STOP in the queue of requests: those before it end early.

    Members
    -------
    stop : In(1)
        For a cycle: STOP has come.
    held : In
        Requests in the queue.
    served : In(1)
        For a cycle: the first of them has been carried out.
    clear : In(1)
        For a cycle: the queue has been emptied.
    settled : In(1)
        For a cycle: the core is at rest.
    within : Out(1)
        The first request came before STOP.
    passed : Out(1)
        It came after STOP, and the core has not been at rest since.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "stop": In(1),
            "held": In(range(config.rx_frames + 1)),
            "served": In(1),
            "clear": In(1),
            "settled": In(1),
            "within": Out(1),
            "passed": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the mark."""
        m = Module()
        before, unsettled = Signal.like(self.held), Signal()
        m.d.comb += [self.within.eq(before != 0), self.passed.eq(unsettled & ~self.within)]
        with m.If(self.stop):
            m.d.sync += unsettled.eq(1)
        with m.Elif(self.settled):
            m.d.sync += unsettled.eq(0)
        with m.If(self.clear):
            m.d.sync += before.eq(0)
        with m.Elif(self.stop):
            m.d.sync += before.eq(self.held - self.served)
        with m.Elif(self.served & self.within):
            m.d.sync += before.eq(before - 1)
        return m


class CommandUnit(wiring.Component):
    """Carries out requests in order.

    Parameters
    ----------
    config : CoreConfig
        Geometry.
    divisor : int
        Clock cycles per bit of the serial port after reset.

    Members
    -------
    requests : In(Requests)
        Requests that have been received.
    answer : Out(Answer)
        Their responses.
    held : In
        Requests that have come and not been carried out.
    stop : In(1)
        For a cycle: STOP has come. The RUN requests among those end early.
    hello : In(1)
        Level, until `greeted`: bring the core to rest and take no more requests.
    greeted : Out(1)
        For a cycle: done.
    run : Out(Run)
        Runs of the network.
    bus : Out(RegionBus)
        Memories and registers, while the core is not busy.
    good, begun, tick, interrupted : In(1)
        See `BaudRate`.
    sent : In(1)
        All responses have left the chip; during `hello` those that were on their way.
    divisor : Out(16)
        Clock cycles per bit.
    busy : Out(1)
        A request is being carried out.
    refused : Out(1)
        For a cycle: a request has been refused.
    """

    def __init__(self, config: CoreConfig, divisor: int) -> None:
        self._config = config
        self._rate = BaudRate(divisor)
        super().__init__({
            "requests": In(Requests(config)),
            "answer": Out(Answer(config)),
            "held": In(range(config.rx_frames + 1)),
            "stop": In(1),
            "hello": In(1),
            "greeted": Out(1),
            "run": Out(Run()),
            "bus": Out(RegionBus()),
            "good": In(1),
            "begun": In(1),
            "tick": In(1),
            "interrupted": In(1),
            "sent": In(1),
            "divisor": Out(DIVISOR_BITS, init=divisor),
            "busy": Out(1),
            "refused": Out(1),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the unit."""
        m = Module()
        m.submodules.rate = rate = self._rate
        m.submodules.transfer = transfer = Transfer(self._config)
        m.submodules.mark = mark = StopMark(self._config)
        wiring.connect(m, transfer.bus, wiring.flipped(self.bus))
        requests, answer, core = self.requests, self.answer, self.run
        op, status = Signal(8), Signal(Status)
        stopping = mark.within | self.hello
        # A cycle late, as `requests.exhausted` is.
        busy = Signal()
        m.d.sync += busy.eq(core.busy)
        m.d.comb += [
            mark.stop.eq(self.stop),
            mark.held.eq(self.held),
            mark.served.eq(requests.served),
            mark.clear.eq(self.greeted),
            rate.good.eq(self.good),
            rate.begun.eq(self.begun),
            rate.tick.eq(self.tick),
            rate.interrupted.eq(self.interrupted),
            self.divisor.eq(rate.divisor),
            transfer.op.eq(op),
            transfer.exhausted.eq(requests.exhausted),
            transfer.abandon.eq(self.hello),
            answer.op.eq(op),
            answer.limit.eq(transfer.limit),
            answer.outcome.payload.eq(status),
        ]

        with m.FSM() as state:
            self._accept(m, op, status, busy)
            self._carry_out(m, status, busy, stopping)
            self._conclude(m, op, status, busy)

        m.d.comb += [
            *(sink.payload.eq(requests.bytes.payload) for sink in (transfer.payload, rate.payload, core.stimulus)),
            answer.payload.payload.eq(
                Mux(state.ongoing("TRANSFER"), transfer.items.payload, core.results.payload),
            ),
            self.busy.eq(~state.ongoing("IDLE") | busy),
        ]
        return m

    def _accept(self, m: Module, op: Signal, status: Signal, busy: Signal) -> None:
        """States that take a request, and find the state that carries it out unless something forbids it."""
        requests, wrong_length = self.requests, Signal()
        with m.State("IDLE"):
            with m.If(self.hello | m.submodules.mark.passed):
                m.next = "SETTLE"
            with m.Elif(requests.bytes.valid & ~busy):
                m.d.comb += requests.bytes.ready.eq(1)
                m.d.sync += op.eq(requests.bytes.payload)
                m.next = "MEASURE"
        with m.State("MEASURE"):
            m.d.sync += wrong_length.eq(self._wrong_length(m, op))
            m.next = "CHECK"
        with m.State("CHECK"):
            m.d.sync += status.eq(Status.BAD_OP)
            m.next = "ANSWER"
            with m.Switch(op):
                for known, (state, _) in STATES.items():
                    with m.Case(known):
                        with m.If(self.run.step_open & (known != Op.RUN)):
                            m.d.sync += status.eq(Status.STEP_OPEN)
                        with m.Elif(wrong_length):
                            m.d.sync += status.eq(Status.BAD_LENGTH)
                        with m.Else():
                            m.next = state

    def _carry_out(self, m: Module, status: Signal, busy: Signal, stopping: Value) -> None:
        """States that carry out a request."""
        requests, answer, core = self.requests, self.answer, self.run
        transfer, rate = m.submodules.transfer, m.submodules.rate
        with m.State("TRANSFER"):
            m.d.comb += transfer.go.eq(1)
            _flow(m, requests.bytes, transfer.payload)
            _flow(m, transfer.items, answer.payload)
            with m.If(transfer.done):
                m.d.sync += status.eq(transfer.status)
                m.next = "ANSWER"
        with m.State("RUN"):
            m.d.comb += [core.abort.eq(stopping), core.flush.eq(requests.exhausted)]
            _flow(m, requests.bytes, core.stimulus)
            _flow(m, core.results, answer.payload)
            with m.If(requests.exhausted & ~busy & ~(stopping & core.step_open)):
                m.d.sync += status.eq(Mux(stopping, Status.STOPPED, Status.OK))
                m.next = "ANSWER"
        with m.State("CLEAR"), m.If(requests.bytes.valid):
            m.d.comb += core.clear.eq(requests.bytes.payload)
            m.next = "CLEARING"
        with m.State("CLEARING"), m.If(~busy):
            m.d.sync += status.eq(Status.OK)
            m.next = "ANSWER"
        with m.State("SET_BAUD"):
            m.d.comb += rate.go.eq(1)
            _flow(m, requests.bytes, rate.payload)
            with m.If(rate.done):
                m.d.sync += status.eq(rate.status)
                m.next = "ANSWER"

    def _conclude(self, m: Module, op: Signal, status: Signal, busy: Signal) -> None:
        """States that answer a request, change to a new rate, or bring the core to rest for HELLO and STOP."""
        requests, answer, core = self.requests, self.answer, self.run
        with m.State("ANSWER"):
            m.d.comb += answer.outcome.valid.eq(1)
            with m.If(answer.outcome.ready):
                m.d.comb += requests.served.eq(1)
                m.d.comb += self.refused.eq((status != Status.OK) & (status != Status.STOPPED))
                m.next = "IDLE"
                with m.If((op == Op.SET_BAUD) & (status == Status.OK)):
                    m.next = "SWITCH"
        with m.State("SWITCH"), m.If(self.sent | self.hello):
            m.d.comb += m.submodules.rate.switch.eq(~self.hello)
            m.next = "IDLE"
        with m.State("SETTLE"):
            m.d.comb += [core.abort.eq(1), core.flush.eq(1), core.results.ready.eq(1)]
            # A frame that is on its way ends in the session in which it began.
            with m.If(~busy & ~core.step_open & (self.sent | ~self.hello)):
                m.d.comb += [self.greeted.eq(self.hello), m.submodules.mark.settled.eq(1)]
                m.next = "IDLE"

    def _wrong_length(self, m: Module, op: Signal) -> Signal:
        """Whether the request is shorter, or longer, than the arguments of its operation."""
        wrong = Signal()
        with m.Switch(op):
            for known, (_, arguments) in STATES.items():
                length = 1 + arguments
                with m.Case(known):
                    m.d.comb += wrong.eq(
                        self.requests.length < length if known in OPEN_ENDED else self.requests.length != length
                    )
        return wrong


def _flow(m: Module, source: stream.Interface, sink: stream.Interface) -> None:
    """Join the handshakes of two streams in the present state; payloads are joined in all states."""
    m.d.comb += [sink.valid.eq(source.valid), source.ready.eq(sink.ready)]
