"""Carrying out requests, one after the other."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Op, Status
from neurocorex.spec.protocol import CLEAR_ARGUMENTS, READ_ARGUMENTS, SET_BAUD_ARGUMENTS, WRITE_ARGUMENTS

from ..events.sweep import CLEAR_BITS
from ..lib.bus import RegionBus
from .access import Transfer
from .baud import TRIAL_BITS, BaudRate
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
#: Operations whose arguments are followed by as many bytes as the host likes.
OPEN_ENDED = (Op.WRITE, Op.RUN)


class CoreControl(wiring.Signature):
    """The core, as a `CommandUnit` sees it.

    Members
    -------
    stimulus, results : Out(stream), In(stream)
        Bytes of RUN, as in `neurocorex.spec.events`.
    flush : Out(1)
        Level: no more stimulus, put out all results.
    abort : Out(1)
        Level: throw stimulus away, and end the step and what has been held back.
    clear : Out
        For a cycle, while not `busy`: what goes to zero, a bit for each of the `Clear` flags.
    busy : In(1)
        Something is being worked on, or results have not been taken.
    step_open : In(1)
        A step has begun and not ended.
    bus : Out(RegionBus)
        Memories and registers, while not `busy`.
    """

    def __init__(self) -> None:
        super().__init__({
            "stimulus": Out(stream.Signature(8)),
            "results": In(stream.Signature(8)),
            "flush": Out(1),
            "abort": Out(1),
            "clear": Out(CLEAR_BITS),
            "busy": In(1),
            "step_open": In(1),
            "bus": Out(RegionBus()),
        })  # fmt: skip


class StopMark(wiring.Component):
    """The place in the queue of requests at which STOP came.

    Members
    -------
    stop : In(1)
        For a cycle: here.
    held : In
        Requests in the queue.
    served : In(1)
        For a cycle: the first of them has been carried out.
    clear : In(1)
        For a cycle: there is no queue any more.
    settled : In(1)
        For a cycle: the core is at rest.
    within : Out(1)
        The first request came before STOP.
    passed : Out(1)
        It did not, and the core has not been at rest since.
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
    """Takes requests in order, checks them, carries them out, answers them.

    Parameters
    ----------
    config : CoreConfig
        Geometry.
    divisor : int
        Clock cycles per bit of the serial port after reset.
    trial_bits : int
        See `neurocorex_hdl.link.baud`.

    Members
    -------
    requests : In(Requests)
        From the link.
    answer : Out(Answer)
        To the link.
    held : In
        Requests that have come and not been carried out.
    stop : In(1)
        For a cycle: STOP has come. The RUN requests among those end without running on.
    hello : In(1)
        Level: bring everything to rest, with no more requests, and say `greeted`.
    greeted : Out(1)
        For a cycle: done; `hello` falls.
    core : Out(CoreControl)
        The core.
    good, interrupted : In(1)
        A good frame has come; the line is in a break.
    sent : In(1)
        All responses have left the chip.
    divisor : Out(16)
        Clock cycles per bit.
    busy : Out(1)
        A request is being carried out.
    refused : Out(1)
        For a cycle: it could not be.
    """

    def __init__(self, config: CoreConfig, divisor: int, trial_bits: int = TRIAL_BITS) -> None:
        self._config = config
        self._rate = BaudRate(divisor, trial_bits)
        super().__init__({
            "requests": In(Requests(config)),
            "answer": Out(Answer(config)),
            "held": In(range(config.rx_frames + 1)),
            "stop": In(1),
            "hello": In(1),
            "greeted": Out(1),
            "core": Out(CoreControl()),
            "good": In(1),
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
        wiring.connect(m, transfer.bus, wiring.flipped(self.core.bus))
        requests, answer, core = self.requests, self.answer, self.core
        op, status, wrong_length = Signal(8), Signal(Status), Signal()
        stopping = mark.within | self.hello
        # The core tells a cycle late that it is at rest: so does the queue of requests that it has been `exhausted`.
        busy = Signal()
        m.d.sync += busy.eq(core.busy)
        m.d.comb += [
            mark.stop.eq(self.stop),
            mark.held.eq(self.held),
            mark.served.eq(requests.served),
            mark.clear.eq(self.greeted),
            rate.good.eq(self.good),
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
            with m.State("IDLE"):
                with m.If(self.hello | mark.passed):
                    m.next = "SETTLE"
                with m.Elif(requests.bytes.valid & ~busy):
                    m.d.comb += requests.bytes.ready.eq(1)
                    m.d.sync += op.eq(requests.bytes.payload)
                    m.next = "MEASURE"
            with m.State("MEASURE"):
                m.d.sync += wrong_length.eq(self._wrong_length(m, op))
                m.next = "CHECK"
            with m.State("CHECK"):
                self._check(m, op, status, wrong_length)
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
            with m.State("ANSWER"):
                m.d.comb += answer.outcome.valid.eq(1)
                with m.If(answer.outcome.ready):
                    m.d.comb += requests.served.eq(1)
                    m.d.comb += self.refused.eq((status != Status.OK) & (status != Status.STOPPED))
                    m.next = "IDLE"
                    with m.If((op == Op.SET_BAUD) & (status == Status.OK)):
                        m.next = "SWITCH"
            with m.State("SWITCH"), m.If(self.sent | self.hello):
                m.d.comb += rate.switch.eq(~self.hello)
                m.next = "IDLE"
            with m.State("SETTLE"):
                m.d.comb += [core.abort.eq(1), core.flush.eq(1), core.results.ready.eq(1)]
                with m.If(~busy & ~core.step_open):
                    m.d.comb += [self.greeted.eq(self.hello), mark.settled.eq(1)]
                    m.next = "IDLE"

        m.d.comb += [
            *(sink.payload.eq(requests.bytes.payload) for sink in (transfer.payload, rate.payload, core.stimulus)),
            answer.payload.payload.eq(
                Mux(state.ongoing("TRANSFER"), transfer.items.payload, core.results.payload),
            ),
            self.busy.eq(~state.ongoing("IDLE") | busy),
        ]
        return m

    def _wrong_length(self, m: Module, op: Signal) -> Signal:
        """Whether the request does not have the arguments that its operation needs, and nothing else."""
        wrong = Signal()
        with m.Switch(op):
            for known, (_, arguments) in STATES.items():
                length = 1 + arguments
                with m.Case(known):
                    m.d.comb += wrong.eq(
                        self.requests.length < length if known in OPEN_ENDED else self.requests.length != length
                    )
        return wrong

    def _check(self, m: Module, op: Signal, status: Signal, wrong_length: Signal) -> None:
        """Find the state that carries out the request, unless something forbids it."""
        m.d.sync += status.eq(Status.BAD_OP)
        m.next = "ANSWER"
        with m.Switch(op):
            for known, (state, _) in STATES.items():
                with m.Case(known):
                    with m.If(self.core.step_open & (known != Op.RUN)):
                        m.d.sync += status.eq(Status.STEP_OPEN)
                    with m.Elif(wrong_length):
                        m.d.sync += status.eq(Status.BAD_LENGTH)
                    with m.Else():
                        m.next = state


def _flow(m: Module, source: stream.Interface, sink: stream.Interface) -> None:
    """Let one stream flow into another, in the state in which this stands; what flows is there in any state."""
    m.d.comb += [sink.valid.eq(source.valid), source.ready.eq(sink.ready)]
