"""A host in a testbench and a core without neurons, for the tests of the link."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from amaranth.hdl import Assert, Cat, Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import (
    ChipInfo,
    Clear,
    CoreConfig,
    FrameError,
    Op,
    Region,
    Request,
    Response,
    ResponseDecoder,
    layout,
)  # fmt: skip
from neurocorex.spec.events import END
from neurocorex.spec.protocol import HELLO_ANSWER, READ_ARGUMENTS, WRITE_ARGUMENTS
from neurocorex_hdl.chip import ByteChip
from neurocorex_hdl.events.controller import Run
from neurocorex_hdl.lib.bus import RegionBus, read_latency

from support import gateengine

CONFIG = CoreConfig(neurons=6, inputs=4, lanes=2, frame_bytes=64, rx_frames=4, tx_frames=4)
INFO = ChipInfo(config=CONFIG, clock_hz=12_000_000, baud=1_000_000, build_id=0x1234ABCD)
DIVISOR = 12
#: Stimulus bytes that mean something to the fake core; any other comes back, increased by one.
BURST, BURST_BYTES = 0xE0, 150
HOLD = 0xE1
ANSWER_CYCLES = 3000
CLEAR_STATE, CLEAR_NOTHING = b"\x01", b"\x00"
WEIGHTS = layout(Region.WEIGHTS, CONFIG)
READ_WEIGHTS = READ_ARGUMENTS.pack(Region.WEIGHTS, 0, 0, WEIGHTS.items)


class FakeCore(wiring.Component):
    """Keeps to the rules of `Run` and `RegionBus`: echoes stimulus, pauses at the end of a step, and stores items."""

    def __init__(self) -> None:
        super().__init__({
            "run": In(Run()),
            "bus": In(RegionBus()),
            "frame_good": In(1),
            "frame_bad": In(1),
            "state_clears": Out(8),
            "counter_clears": Out(8),
            "aborts": Out(8),
            "bad_frames": Out(16),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, run = self.bus, self.run
        m.submodules.items = items = memory.Memory(shape=32, depth=1 << 11, init=[])
        read, write = items.read_port(), items.write_port()
        address = Cat(bus.column[:3], bus.row[:4], bus.region[:2], bus.region[4:6])
        m.d.comb += [
            read.addr.eq(address),
            write.addr.eq(address),
            write.en.eq(bus.write),
            write.data.eq(bus.write_data),
        ]
        asked, found = bus.read & (bus.region != 0), read.data
        valid = Signal(read_latency(CONFIG))
        m.d.sync += valid.eq(Cat(asked, valid))
        for _ in range(read_latency(CONFIG) - 1):
            later = Signal(32)
            m.d.sync += later.eq(found)
            found = later
        with m.If(valid[-1]):
            m.d.comb += bus.read_data.eq(found)

        left, held, pause = Signal(8), Signal(8), Signal(5)
        byte = Signal(8)
        working = (left != 0) | (pause != 0)
        ending = run.abort & run.step_open & ~working
        m.d.comb += [
            run.busy.eq(working | (held != 0) | ending),
            run.stimulus.ready.eq(run.abort | ~working),
            run.results.valid.eq((left != 0) & (pause == 0)),
            run.results.payload.eq(byte),
        ]
        with m.If(run.results.valid & run.results.ready):
            m.d.sync += left.eq(left - 1)
        with m.If(pause != 0):
            m.d.sync += pause.eq(pause - 1)
        with m.If(ending):
            m.d.sync += [byte.eq(END), left.eq(1), pause.eq(20), run.step_open.eq(0), self.aborts.eq(self.aborts + 1)]
        with m.Elif(run.stimulus.valid & run.stimulus.ready & ~run.abort):
            taken = run.stimulus.payload
            m.d.sync += [byte.eq(taken + 1), left.eq(1), run.step_open.eq(taken != END)]
            with m.If(taken == END):
                m.d.sync += [byte.eq(END), pause.eq(9)]
            with m.If(taken == BURST):
                m.d.sync += left.eq(BURST_BYTES)
            with m.If(taken == HOLD):
                m.d.sync += [left.eq(0), held.eq(held + 1), run.step_open.eq(0)]
        with m.Elif(run.flush & (held != 0) & ~working):
            m.d.sync += [held.eq(held - 1), byte.eq(HOLD), left.eq(1)]
        for flag, clears in ((Clear.STATE, self.state_clears), (Clear.COUNTERS, self.counter_clears)):
            with m.If((run.clear & flag).any()):
                m.d.sync += clears.eq(clears + 1)
        with m.If(run.clear.any()):
            m.d.sync += [pause.eq(5), Assert(~run.busy, "cleared while busy")]
        with m.If(bus.read | bus.write):
            m.d.sync += Assert(~run.busy, "bus used while busy")
        with m.If(self.frame_bad):
            m.d.sync += self.bad_frames.eq(self.bad_frames + 1)
        return m


class Host:
    """One end of the wire, in a testbench; the methods take simulated time.

    `sequence` and `ack` number the requests that `request` sends, `session` is theirs; tests may meddle with them.
    Session 0 is that of a chip without HELLO.
    """

    def __init__(self, ctx, chip: ByteChip, core: FakeCore, rng: random.Random) -> None:
        self.ctx, self.chip, self.core, self.rng = ctx, chip, core, rng
        self.sequence = self.ack = self.session = 0
        self.frames: list[Response | FrameError] = []
        self.decoder = ResponseDecoder()
        self.wire = bytearray()
        self.gaps = (0, 0, 0, 1, 5)
        #: Clock cycles so far.
        self.cycles = 0
        #: The chip may send. Cleared, it is stuck with what it has to say.
        self.listening = True

    async def listen(self, ctx) -> None:
        """Take what the chip sends, now and then; runs beside the test."""
        while True:
            ctx.set(self.chip.sent.ready, self.listening and self.rng.random() < 0.7)
            _, _, valid, ready, payload = await ctx.tick().sample(
                self.chip.sent.valid, self.chip.sent.ready, self.chip.sent.payload
            )
            self.cycles += 1
            if valid and ready:
                self.wire.append(payload)
                self.frames += self.decoder.feed(bytes([payload]))

    async def write(self, data: bytes) -> None:
        """Send bytes, with random pauses."""
        received = self.chip.received
        for byte in data:
            self.ctx.set(received.payload, byte)
            self.ctx.set(received.valid, 1)
            self.ctx.set(self.chip.begun, 1)
            await self.ctx.tick()
            self.ctx.set(received.valid, 0)
            self.ctx.set(self.chip.begun, 0)
            gap = self.rng.choice(self.gaps)
            if gap:
                await self.ctx.tick().repeat(gap)

    async def beat(self) -> None:
        """Give the chip a tick."""
        self.ctx.set(self.chip.tick, 1)
        await self.ctx.tick()
        self.ctx.set(self.chip.tick, 0)

    async def send(self, op: int, payload: bytes = b"", sequence: int = 0) -> None:
        """Send an unnumbered request, or one that claims to be number `sequence`."""
        await self.write(Request(op, sequence % 256, self.ack % 256, payload, self.session).encode())

    async def request(self, op: int, payload: bytes = b"") -> None:
        """Send the next numbered request."""
        await self.send(op, payload, self.sequence)
        self.sequence += 1

    async def response(self) -> Response:
        """Wait for the next frame, whatever it is."""
        for _ in range(ANSWER_CYCLES):
            if self.frames:
                frame = self.frames.pop(0)
                assert isinstance(frame, Response), frame
                return frame
            await self.ctx.tick()
        raise AssertionError("the chip is silent")

    async def answer(self) -> Response:
        """Wait for the next numbered response, check that it is the one to come, and count it as received."""
        response = await self.response()
        assert response.op >= Op.READ, response
        assert response.sequence == self.ack % 256, response
        self.ack += 1
        return response

    async def call(self, op: int, payload: bytes = b"") -> tuple[int, bytes]:
        """Carry out a request whose answer fits into the chip's buffers; last status and payload."""
        await self.request(op, payload)
        data = b""
        while True:
            response = await self.answer()
            data += response.payload
            if response.status != 1:
                return response.status, data

    async def hello(self, session: int = 0xC0DE) -> int:
        """Begin a session, whatever came before; return the origin."""
        await self.write(b"\0" + Request(Op.HELLO, 77, self.ack % 256, b"ignored", session).encode())
        while True:
            response = await self.response()
            if response.op == Op.HELLO and response.session == session:
                break
        assert (response.sequence, response.ack, response.credit, response.status) == (0, 0, CONFIG.rx_frames, 0)
        self.sequence = self.ack = 0
        self.session = session
        (origin,) = HELLO_ANSWER.unpack(response.payload)
        return origin

    async def silence(self, cycles: int = 400) -> None:
        """See that the chip has nothing to say."""
        await self.ctx.tick().repeat(cycles)
        assert not self.frames, self.frames


def simulate(scenario: Callable[[Host], Awaitable[None]], *, seed: int = 0, config: CoreConfig = CONFIG) -> None:
    """Run a scenario against a chip with a `FakeCore`."""
    core = FakeCore()
    info = ChipInfo(config=config, clock_hz=INFO.clock_hz, baud=INFO.baud, build_id=INFO.build_id)
    chip = ByteChip(core, info, DIVISOR)
    host: list[Host] = []

    async def testbench(ctx) -> None:
        host.append(Host(ctx, chip, core, random.Random(seed)))
        await scenario(host[0])

    async def listener(ctx) -> None:
        await host[0].listen(ctx)

    simulator = gateengine.simulator(chip)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.add_testbench(listener, background=True)
    simulator.run()


def write_weights(values: bytes, row: int = 0, column: int = 0) -> bytes:
    return WRITE_ARGUMENTS.pack(Region.WEIGHTS, row, column) + values


async def settle(host: Host) -> None:
    await host.ctx.tick().repeat(600)
