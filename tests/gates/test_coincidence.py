"""Two events of the link in one cycle: HELLO is served while another frame ends, at all distances between the two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import pytest
from amaranth.sim import Simulator
from neurocorex.spec import CoreConfig, Op, Request, Response, ResponseDecoder, Status
from neurocorex.spec.protocol import HELLO_ANSWER
from neurocorex_hdl.link.retransmission import Retransmission

CONFIG = CoreConfig(neurons=6, inputs=4, lanes=2, frame_bytes=64, rx_frames=2, tx_frames=2)
OLD, NEW, NEWEST = 0x1111, 0x2222, 0x3333
#: Cycles from the end of HELLO to the one in which it is served; a frame that follows at once ends just before.
SERVED_AFTER = 16
#: Cycles between the two frames. The last is when the answer to HELLO has long been sent.
ALL_DELAYS = range(120)
DELAYS = [*range(16), *range(16, 120, 7)]
BROKEN = b"\x05\x11\x07\x22\x22\x11\0"


class Wire:
    """Bytes to and from a `Retransmission`, one in a cycle each, with a command unit that only serves HELLO."""

    def __init__(self, ctx, dut: Retransmission) -> None:
        self.ctx, self.dut = ctx, dut
        self.frames: list[Response] = []
        self.stops = self.cycles = 0
        #: Cycle in which the first byte of the last frame was sent.
        self.began = 0
        self._decoder = ResponseDecoder()
        self._countdown = 0
        self._delimited = True

    async def tick(self, cycles: int = 1) -> None:
        ctx, dut = self.ctx, self.dut
        for _ in range(cycles):
            if not ctx.get(dut.hello):
                self._countdown = SERVED_AFTER
            elif self._countdown:
                self._countdown -= 1
            ctx.set(dut.greeted, self._countdown == 0 and ctx.get(dut.hello & dut.idle))
            self.stops += ctx.get(dut.stop)
            if ctx.get(dut.sent.valid):
                self._receive(ctx.get(dut.sent.payload))
            self.cycles += 1
            await ctx.tick()

    def _receive(self, byte: int) -> None:
        if self._delimited:
            self.began = self.cycles
        self._delimited = byte == 0
        for frame in self._decoder.feed(bytes([byte])):
            assert isinstance(frame, Response), frame
            self.frames.append(frame)

    async def send(self, data: bytes) -> None:
        for byte in data:
            self.ctx.set(self.dut.received.payload, byte)
            self.ctx.set(self.dut.received.valid, 1)
            await self.tick()
        self.ctx.set(self.dut.received.valid, 0)

    async def take(self) -> list[Response]:
        """Let everything be sent, and return it."""
        await self.tick(SERVED_AFTER)
        while self.ctx.get(self.dut.hello | ~self.dut.idle):
            await self.tick()
        frames, self.frames = self.frames, []
        return frames

    async def requests(self) -> list[bytes]:
        """Take the requests that have been kept, operation and payload."""
        ctx, port, found = self.ctx, self.dut.requests, []
        while ctx.get(self.dut.held):
            content = b""
            ctx.set(port.bytes.ready, 1)
            while not ctx.get(port.exhausted):
                if ctx.get(port.bytes.valid):
                    content += bytes([ctx.get(port.bytes.payload)])
                await self.tick()
            ctx.set(port.bytes.ready, 0)
            ctx.set(port.served, 1)
            await self.tick()
            ctx.set(port.served, 0)
            found.append(content)
        return found


def simulate(scenario: Callable[[Wire], Awaitable[None]]) -> None:
    dut = Retransmission(CONFIG)

    async def testbench(ctx) -> None:
        ctx.set(dut.sent.ready, 1)
        await scenario(Wire(ctx, dut))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def hello(session: int) -> bytes:
    return Request(Op.HELLO, session=session).encode()


async def meetings(wire: Wire, second: bytes, delays: Iterable[int] = DELAYS) -> AsyncIterator[int]:
    """Bring the chip into session OLD with two requests taken, then let `second` follow HELLO of NEW at each delay."""
    for delay in delays:
        await wire.send(hello(OLD))
        await wire.take()
        for sequence in range(2):
            await wire.send(Request(Op.CLEAR, sequence, 0, b"\1", OLD).encode())
        assert await wire.requests() == [b"\x13\1"] * 2
        await wire.take()
        await wire.send(hello(NEW))
        await wire.tick(delay)
        await wire.send(second)
        yield delay


def greeting(session: int, origin: int) -> Response:
    return Response(Op.HELLO, credit=CONFIG.rx_frames, payload=HELLO_ANSWER.pack(origin), session=session)


def notice(status: Status, session: int = NEW, **fields: int) -> Response:
    return Response(Op.POLL, **{"credit": CONFIG.rx_frames, "status": status, "session": session} | fields)


@pytest.mark.parametrize("sequence", [0, 2])
def test_request_of_the_new_session_is_kept_or_named(sequence: int) -> None:
    """Of number 2, which the old session expected, nothing may be left in the new one."""
    kept = []

    async def scenario(wire: Wire) -> None:
        async for delay in meetings(wire, Request(Op.CLEAR, sequence, 0, b"\2", NEW).encode(), ALL_DELAYS):
            answer, *told = await wire.take()
            assert answer == greeting(NEW, OLD), delay
            requests = await wire.requests()
            kept.append(bool(requests))
            if requests:
                assert (requests, told) == ([b"\x13\2"], []), delay
            else:
                assert [frame.status for frame in told] in ([Status.NO_ROOM], [Status.OUT_OF_ORDER]), delay
                assert told[0] == notice(Status(told[0].status)), delay
            await wire.send(Request(Op.POLL, session=NEW).encode())
            assert await wire.take() == [notice(Status.OK, ack=len(requests))], delay
            await wire.send(hello(NEWEST))
            assert await wire.take() == [greeting(NEWEST, NEW if requests else OLD)], delay

    simulate(scenario)
    assert not kept[0]
    assert kept[-1] == (sequence == 0)


@pytest.mark.parametrize(
    ("second", "status"),
    [
        (Request(Op.POLL, session=NEW), Status.OK),
        (Request(0x05, session=NEW), Status.BAD_OP),
        (Request(Op.POLL, session=OLD), Status.OTHER_SESSION),
        (Request(Op.CLEAR, 2, 0, b"\1", OLD), Status.OTHER_SESSION),
        (Request(Op.CLEAR, 0, 0, b"\1", OLD), Status.OTHER_SESSION),
        (BROKEN, Status.BAD_FRAME),
    ],
    ids=["POLL", "unknown", "old POLL", "old request", "old request 0", "damaged"],
)
def test_notice_follows_the_answer_to_hello(second: Request | bytes, status: Status) -> None:
    data = second if isinstance(second, bytes) else second.encode()

    async def scenario(wire: Wire) -> None:
        async for delay in meetings(wire, data):
            assert await wire.take() == [greeting(NEW, OLD), notice(status)], delay
            assert not wire.ctx.get(wire.dut.held), delay

    simulate(scenario)


@pytest.mark.parametrize("op", [Op.ACK, Op.STOP, 0x05])
def test_unnumbered_request_of_the_old_session_does_nothing(op: int) -> None:
    async def scenario(wire: Wire) -> None:
        async for delay in meetings(wire, Request(op, 0, 0, b"", OLD).encode()):
            assert await wire.take() == [greeting(NEW, OLD)], delay
            assert not wire.stops

    simulate(scenario)


@pytest.mark.parametrize("session", [OLD, NEW, NEWEST])
def test_each_hello_is_answered_in_the_session_that_it_begins(session: int) -> None:
    """One that comes before the first is served takes its place."""

    async def scenario(wire: Wire) -> None:
        async for delay in meetings(wire, hello(session)):
            answers = await wire.take()
            assert answers[-1] == greeting(session, OLD), delay
            assert answers[:-1] in ([], [greeting(NEW, OLD)]), delay
            await wire.send(Request(Op.POLL, session=session).encode())
            assert await wire.take() == [notice(Status.OK, session)], delay

    simulate(scenario)


def test_damaged_hello_changes_nothing() -> None:
    frame = bytearray(hello(NEWEST))
    frame[-3] ^= 0x10

    async def scenario(wire: Wire) -> None:
        async for delay in meetings(wire, bytes(frame)):
            assert await wire.take() == [greeting(NEW, OLD), notice(Status.BAD_FRAME)], delay
            await wire.send(Request(Op.POLL, session=NEW).encode())
            assert await wire.take() == [notice(Status.OK)], delay

    simulate(scenario)


def test_notice_that_is_due_again_in_any_cycle_is_sent_again() -> None:
    """The last notice begins after the last frame that calls for one, wherever in an earlier notice that ends."""
    poll = Request(Op.POLL, session=OLD).encode()

    async def scenario(wire: Wire) -> None:
        await wire.send(hello(OLD))
        await wire.take()
        await wire.send(poll)
        ended = wire.cycles
        await wire.take()
        latency = wire.began - ended
        for delay in ALL_DELAYS:
            await wire.send(poll * 2)
            await wire.tick(delay)
            await wire.send(poll)
            ended = wire.cycles
            assert len(await wire.take()) in (2, 3), delay
            assert wire.began - ended >= latency, delay

    simulate(scenario)


def test_frame_on_its_way_stays_in_the_session_in_which_it_began() -> None:
    """HELLO ends in every cycle of a notice of the old session."""

    async def scenario(wire: Wire) -> None:
        for delay in range(120):
            await wire.send(hello(OLD))
            await wire.take()
            await wire.send(Request(Op.POLL, session=OLD).encode())
            await wire.tick(delay)
            await wire.send(hello(NEW))
            frames = await wire.take()
            assert frames[-1] == greeting(NEW, 0), delay
            assert frames[:-1] in ([], [notice(Status.OK, OLD)]), delay

    simulate(scenario)
