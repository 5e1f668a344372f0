"""The whole chip, through its pins, and its Verilog."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from neurocorex.spec import (
    ChipInfo,
    CoreConfig,
    EventDecoder,
    Flag,
    Op,
    Region,
    Request,
    Response,
    ResponseDecoder,
    Status,
    Step,
    encode_steps,
)
from neurocorex.spec.fixed import pack, unpack
from neurocorex.spec.protocol import BREAK_BITS, READ_ARGUMENTS, SET_BAUD_ARGUMENTS, WRITE_ARGUMENTS
from neurocorex_hdl.chip import Chip, baud_divisor
from neurocorex_hdl.synthesis import verilog as build
from support import gateengine

CONFIG = CoreConfig(
    neurons=2, inputs=2, lanes=1, max_delay=2, adaptation=False, frame_bytes=64, rx_frames=2, tx_frames=2
)
CLOCK_HZ, BAUD = 4_000_000, 1_000_000
DIVISOR = CLOCK_HZ // BAUD
BUILD_ID = 0xDEADBEEF
SILENCE_BITS = 3000
#: A tick comes every 1,024 cycles, more than a byte and less than a frame takes here.
BEAT_BITS = 11
HALF_BEAT = 1 << BEAT_BITS - 1
#: Bits of a POLL on the line.
FRAME_BITS = 110


class Terminal:
    """The far end of the line, bit by bit, in a testbench."""

    def __init__(self, ctx, chip: Chip) -> None:
        self.ctx, self.chip = ctx, chip
        self.divisor = DIVISOR
        self.sequence = self.ack = self.session = 0
        self.decoder = ResponseDecoder()
        self.frames: list[Response] = []
        #: A byte is being received.
        self.hears = False

    async def send(self, op: int, payload: bytes = b"") -> None:
        """Send a request, numbered if its operation is."""
        await self.write(Request(op, self.sequence, self.ack, payload, self.session).encode())
        self.sequence += op >= Op.READ

    async def write(self, data: bytes) -> None:
        for byte in data:
            for bit in (0, *(byte >> place & 1 for place in range(8)), 1):
                self.ctx.set(self.chip.rx, bit)
                await self.ctx.tick().repeat(self.divisor)

    async def send_break(self) -> None:
        self.ctx.set(self.chip.rx, 0)
        await self.ctx.tick().repeat((BREAK_BITS + 12) * DIVISOR)
        self.ctx.set(self.chip.rx, 1)
        await self.ctx.tick().repeat(2 * DIVISOR)

    async def listen(self, ctx) -> None:
        """Run beside the test."""
        while True:
            self.hears = False
            while ctx.get(self.chip.tx):
                await ctx.tick()
            self.hears = True
            await ctx.tick().repeat(self.divisor // 2)
            byte = 0
            for place in range(8):
                await ctx.tick().repeat(self.divisor)
                byte |= ctx.get(self.chip.tx) << place
            await ctx.tick().repeat(self.divisor)
            if ctx.get(self.chip.tx):
                self.frames += self.decoder.feed(bytes([byte]))

    async def response(self) -> Response:
        for _ in range(SILENCE_BITS):
            if self.frames:
                frame = self.frames.pop(0)
                assert isinstance(frame, Response), frame
                self.ack += frame.op >= Op.READ
                return frame
            await self.ctx.tick().repeat(self.divisor)
        raise AssertionError("the chip is silent")

    async def call(self, op: int, payload: bytes = b"") -> tuple[int, bytes]:
        await self.send(op, payload)
        data = b""
        while (response := await self.response()).status == Status.MORE:
            data += response.payload
            await self.send(Op.ACK)  # the chip keeps what it has sent, and has two buffers
        return response.status, data + response.payload


def simulate(scenario: Callable[[Terminal], Awaitable[None]]) -> None:
    chip = Chip(CONFIG, CLOCK_HZ, BAUD, BUILD_ID, BEAT_BITS)
    terminal: list[Terminal] = []

    async def testbench(ctx) -> None:
        terminal.append(Terminal(ctx, chip))
        await ctx.tick().repeat(20)
        await scenario(terminal[0])
        while terminal[0].hears:  # Amaranth complains of a `repeat` that is cut off
            await ctx.tick()

    async def listener(ctx) -> None:
        await terminal[0].listen(ctx)

    simulator = gateengine.simulator(chip)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.add_testbench(listener, background=True)
    simulator.run()


def test_chip_describes_itself() -> None:
    info = ChipInfo(config=CONFIG, clock_hz=CLOCK_HZ, baud=BAUD, build_id=BUILD_ID)

    async def scenario(terminal: Terminal) -> None:
        terminal.session = 0xA0B1
        await terminal.send(Op.HELLO, b"abcd")
        hello = await terminal.response()
        assert hello == Response(Op.HELLO, credit=CONFIG.rx_frames, payload=b"\0\0", session=0xA0B1)
        status, data = await terminal.call(Op.READ, READ_ARGUMENTS.pack(Region.INFO, 0, 0, len(ChipInfo.WORDS)))
        assert status == Status.OK
        assert ChipInfo.from_words(unpack(data, 4, signed=False)) == info

    simulate(scenario)


def test_network_runs_through_the_pins() -> None:
    """Axon 0 fires neuron 0 at once, which fires neuron 1 a step later."""
    items = {
        Region.WEIGHTS: pack([5, 0, 0, 0, 0, 7, 0, 0], 1),
        Region.CURRENT_DECAY: pack([0xFFFF] * 2, 2),
        Region.THRESHOLD: pack([4, 6], 3),
        Region.DELAY: pack([1, 1], 1),
        Region.FLAGS: pack([Flag.RECORD_SPIKES] * 2, 1),
    }
    steps = [Step((0,)), Step(), Step()]

    async def scenario(terminal: Terminal) -> None:
        for region, data in items.items():
            assert await terminal.call(Op.WRITE, WRITE_ARGUMENTS.pack(region, 0, 0) + data) == (Status.OK, b"")
        status, data = await terminal.call(Op.RUN, encode_steps(steps))
        assert status == Status.OK
        assert EventDecoder().feed(data) == [Step((0,)), Step((1,)), Step()]
        assert await terminal.call(Op.READ, READ_ARGUMENTS.pack(Region.WEIGHTS, 2, 0, 2)) == (Status.OK, b"\0\7")
        assert not terminal.ctx.get(terminal.chip.busy)
        assert not terminal.ctx.get(terminal.chip.error)

    simulate(scenario)


def test_rate_changes_and_a_break_brings_it_back() -> None:
    async def scenario(terminal: Terminal) -> None:
        assert await terminal.call(Op.SET_BAUD, SET_BAUD_ARGUMENTS.pack(9)) == (Status.OK, b"")
        await terminal.ctx.tick().repeat(10)
        assert terminal.ctx.get(terminal.chip.divisor) == 9
        terminal.divisor = 9
        await terminal.send(Op.POLL)
        assert (await terminal.response()).op == Op.POLL
        await terminal.send_break()
        assert terminal.ctx.get(terminal.chip.divisor) == DIVISOR
        terminal.divisor = DIVISOR
        await terminal.send(Op.POLL)
        assert (await terminal.response()).op == Op.POLL

    simulate(scenario)


async def faster(terminal: Terminal, divisor: int, *, prove: bool) -> None:
    """Go to another rate, and prove it or not."""
    assert await terminal.call(Op.SET_BAUD, SET_BAUD_ARGUMENTS.pack(divisor)) == (Status.OK, b"")
    await terminal.ctx.tick().repeat(10)
    assert terminal.ctx.get(terminal.chip.divisor) == divisor
    terminal.divisor = divisor
    if prove:
        await terminal.send(Op.POLL)
        assert (await terminal.response()).op == Op.POLL


async def cycles_until_return(terminal: Terminal, speak: int | None, limit: int) -> int | None:
    """Cycles until the chip is at its rate after reset, while a host sends POLL at some rate, or nothing."""
    cycles, poll = 0, Request(Op.POLL).encode()
    assert 10 * len(poll) == FRAME_BITS
    terminal.divisor = speak or DIVISOR
    while cycles < limit:
        if terminal.ctx.get(terminal.chip.divisor) == DIVISOR:
            return cycles
        if speak:
            await terminal.write(poll)
        else:
            await terminal.ctx.tick().repeat(FRAME_BITS * DIVISOR)
        cycles += FRAME_BITS * terminal.divisor
    return None


@pytest.mark.parametrize("speak", [None, DIVISOR], ids=["silence", "a host at the old rate"])
def test_rate_that_nobody_proves_is_given_up(speak: int | None) -> None:
    async def scenario(terminal: Terminal) -> None:
        await faster(terminal, 9, prove=False)
        cycles = await cycles_until_return(terminal, speak, 4 * HALF_BEAT)
        assert cycles
        assert 2 * HALF_BEAT - 20 < cycles <= 3 * HALF_BEAT + FRAME_BITS * DIVISOR

    simulate(scenario)


@pytest.mark.parametrize("speak", [4, 14], ids=lambda divisor: f"{divisor} cycles a bit")
def test_chip_is_found_again_by_a_host_at_another_rate(speak: int) -> None:
    """Bytes of some rates look whole to the chip, those of others broken. Zeros far slower than these are a break."""

    async def scenario(terminal: Terminal) -> None:
        await faster(terminal, 9, prove=True)
        cycles = await cycles_until_return(terminal, speak, 5 * HALF_BEAT)
        assert cycles
        assert 2 * HALF_BEAT < cycles <= 3 * HALF_BEAT + FRAME_BITS * speak
        terminal.divisor = DIVISOR
        terminal.frames.clear()
        await terminal.write(b"\0")
        await terminal.send(Op.POLL)
        while (response := await terminal.response()).status != Status.OK:
            pass  # the end of what was not understood
        assert response.op == Op.POLL

    simulate(scenario)


@pytest.mark.parametrize("speak", [None, 9], ids=["silence", "a host at the same rate"])
def test_rate_that_was_proven_is_kept(speak: int | None) -> None:
    async def scenario(terminal: Terminal) -> None:
        await faster(terminal, 9, prove=True)
        assert await cycles_until_return(terminal, speak, 5 * HALF_BEAT) is None

    simulate(scenario)


# Verilog ------------------------------------------------------------------------------------------


def test_verilog_has_the_ports_that_were_promised_and_is_the_same_each_time() -> None:
    text = build.verilog(CONFIG, CLOCK_HZ, BAUD)
    ports = re.search(r"^module neurocorex\((.*?)\);", text, re.MULTILINE)
    assert ports
    assert set(ports[1].split(", ")) == {"clk", "rst", "rx", "tx", "busy", "heartbeat", "activity", "error", "divisor"}
    assert build.verilog(CONFIG, CLOCK_HZ, BAUD) == text


def test_build_id_tells_builds_apart() -> None:
    assert build.build_id(CONFIG) == build.build_id(CONFIG)
    assert build.build_id(CONFIG) != build.build_id(replace(CONFIG, neurons=3))


@pytest.mark.parametrize(
    ("clock_hz", "baud", "message"),
    [
        (12_000_000, 4_000_000, "gives 3 cycles per bit at 4000000 baud, 4 to 65535 are possible"),
        (100_000_000, 1_000, "gives 100000 cycles per bit"),
        (12_000_000, 2_800_000, "gives 3000000 baud, too far from 2800000"),
    ],
)
def test_impossible_rate_is_refused(clock_hz: int, baud: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build.verilog(CONFIG, clock_hz, baud)


def test_rate_of_every_usual_clock_is_near_enough() -> None:
    assert [baud_divisor(mhz * 1_000_000, 1_000_000) for mhz in (12, 16, 25, 27, 48, 100)] == [12, 16, 25, 27, 48, 100]
    assert baud_divisor(12_000_000, 115_200) == 104
