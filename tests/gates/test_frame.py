"""Frames in gates: stuffing, checksums and damage, against the definition in neurocorex.spec.protocol."""

from __future__ import annotations

import random
import zlib

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib.memory import Memory
from neurocorex.spec import CoreConfig, FrameError, Request, RequestDecoder, Response
from neurocorex.spec.stuffing import cobs_encode, with_crc
from neurocorex_hdl.link.crc import CRC_INIT, CRC_RESIDUE, crc_step
from neurocorex_hdl.link.frame import FrameReceiver, FrameSender
from support import gateengine

CONFIG = CoreConfig(frame_bytes=512)
SMALL = CoreConfig(frame_bytes=64)


def simulate(dut, testbench, *background) -> None:
    simulator = gateengine.simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    for observer in background:
        simulator.add_testbench(observer, background=True)
    simulator.run()


def content(rng: random.Random, size: int, zeros: float) -> bytes:
    """Random bytes, a part of them zero."""
    return bytes(0 if rng.random() < zeros else rng.randrange(1, 256) for _ in range(size))


def receive(data: bytes, config: CoreConfig, seed: int = 0) -> list[Request | None]:
    """What a `FrameReceiver` makes of bytes, with pauses between them; None for a bad frame."""
    rng = random.Random(seed)
    dut = FrameReceiver(config)
    frame = dut.frame
    found: list[Request | None] = []

    async def feed(ctx) -> None:
        for byte in data:
            ctx.set(dut.bytes.payload, byte)
            ctx.set(dut.bytes.valid, 1)
            await ctx.tick()
            ctx.set(dut.bytes.valid, 0)
            if rng.random() < 0.2:
                await ctx.tick().repeat(rng.randrange(1, 4))
        await ctx.tick().repeat(3)

    async def watch(ctx) -> None:
        written: list[int] = []
        while True:
            if ctx.get(frame.good):
                op, *payload = written[: ctx.get(frame.length)]
                assert op == ctx.get(frame.op)
                header = (ctx.get(frame.sequence), ctx.get(frame.ack))
                found.append(Request(op, *header, bytes(payload), ctx.get(frame.session)))
            if ctx.get(frame.bad):
                found.append(None)
            if ctx.get(frame.good) or ctx.get(frame.bad):
                assert not ctx.get(frame.write)
                written.clear()
            if ctx.get(frame.write):
                assert ctx.get(frame.index) == len(written)
                written.append(ctx.get(frame.byte))
            await ctx.tick()

    simulate(dut, feed, watch)
    return found


def expected(data: bytes, config: CoreConfig) -> list[Request | None]:
    """What they mean."""
    return [
        None if isinstance(frame, FrameError) or len(frame.payload) > config.payload_bytes else frame
        for frame in RequestDecoder().feed(data)
    ]


def test_checksum_is_that_of_zlib() -> None:
    data = random.Random(1).randbytes(40)
    m = Module()
    byte, crc = Signal(8), Signal(32, init=CRC_INIT)
    m.d.sync += crc.eq(crc_step(crc, byte))

    async def testbench(ctx) -> None:
        async def feed(data: bytes) -> None:
            for value in data:
                ctx.set(byte, value)
                await ctx.tick()

        await feed(data)
        checksum = zlib.crc32(data)
        assert ctx.get(crc) ^ 0xFFFFFFFF == checksum
        await feed(checksum.to_bytes(4, "little"))
        assert ctx.get(crc) == CRC_RESIDUE
        ctx.set(byte, ctx.get(crc) & 0xFF)
        await ctx.tick()
        assert ctx.get(crc) == CRC_RESIDUE >> 8

    simulate(m, testbench)


@pytest.mark.parametrize("zeros", [0.0, 0.02, 0.9])
def test_good_frames_come_through(zeros: float) -> None:
    rng = random.Random(int(100 * zeros))
    sizes = [0, 1, 4, 246, 247, 248, 249, 250, 501, 507, CONFIG.payload_bytes]
    sent = [
        Request(*rng.choices(range(256), k=3), payload=content(rng, size, zeros), session=rng.randrange(1 << 16))
        for size in sizes
    ]
    assert receive(b"".join(request.encode() for request in sent), CONFIG) == sent


def test_bad_byte_anywhere_makes_a_bad_frame() -> None:
    stuffed = Request(0x12, 3, 0, b"ab\0cd").encode()
    after = Request(0x10, 1, 2, b"after")
    for position in range(len(stuffed) - 1):
        for value in (stuffed[position] ^ 0x10 or 0x11, 0):
            damaged = bytearray(stuffed)
            damaged[position] = value
            found = receive(bytes(damaged) + after.encode(), SMALL)
            # A zero cuts a frame in two, unless it has nothing on one side.
            pieces = 2 if value == 0 and 0 < position < len(stuffed) - 2 else 1
            assert found == [*[None] * pieces, after], position


def test_missing_and_added_bytes_make_bad_frames() -> None:
    stuffed = Request(0x12, 3, 0, b"ab\0cd").encode()
    for position in range(len(stuffed) - 1):
        assert receive(stuffed[:position] + stuffed[position + 1 :], SMALL) == [None], position
        assert receive(stuffed[:position] + b"\x01" + stuffed[position:], SMALL) == [None], position


def test_overlong_frame_is_bad_and_the_next_one_good() -> None:
    longest = Request(0x11, 1, 0, bytes(range(1, 1 + SMALL.payload_bytes)))
    overlong = Request(0x11, 1, 0, bytes(range(1, 2 + SMALL.payload_bytes)))
    endless = bytes([0xFF]) * 1000 + b"\0"
    data = overlong.encode() + longest.encode() + endless + longest.encode()
    assert receive(data, SMALL) == [None, longest, None, longest]


def test_empty_frames_are_ignored_and_short_ones_are_bad() -> None:
    request = Request(0x03, 0, 0)
    headless = [b"\x01\0", b"\x01\x01\0", b"\x01\x01\x01\x01\0"]  # contents of 0, 1 and 3 zero bytes
    assert receive(b"\0\0\0" + request.encode() + b"\0\0" + b"".join(headless), SMALL) == [request, *[None] * 3]


@pytest.mark.parametrize("size", range(Request.HEADER.size))
def test_frame_with_a_part_of_a_header_is_bad_whatever_its_checksum(size: int) -> None:
    part = cobs_encode(with_crc(Request.HEADER.pack(3, 1, 2, 0x0405)[:size])) + b"\0"
    request = Request(0x03, 1, 2, b"", 0x0405)
    assert receive(part + request.encode(), SMALL) == [None, request]


@pytest.mark.parametrize("seed", range(6))
def test_garbage_is_judged_as_the_definition_does(seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray()
    for _ in range(40):
        payload = content(rng, rng.randrange(0, SMALL.payload_bytes + 3), rng.choice((0, 0.3)))
        header = rng.choices(range(256), k=3)
        frame = bytearray(Request(*header, payload, session=rng.randrange(1 << 16)).encode())
        if rng.random() < 0.4:
            frame[rng.randrange(len(frame))] = rng.choice((0, rng.randrange(256)))
        if rng.random() < 0.2:
            frame += rng.randbytes(rng.randrange(10))
        data += frame
    assert receive(bytes(data), SMALL, seed) == expected(bytes(data), SMALL)


@pytest.mark.parametrize("zeros", [0.0, 0.1])
@pytest.mark.parametrize("size", [0, 1, 4, 244, 245, 246, 247, 253, 254, 255, 499, 508])
def test_sent_frame_is_the_definition_byte_by_byte(size: int, zeros: float) -> None:
    rng = random.Random(size)
    op, *header = rng.choices(range(128), k=5)
    session = rng.randrange(1 << 16)
    response = Response(op, *header, payload=content(rng, size, zeros), session=session)
    dut = FrameSender(CONFIG)
    m = Module()
    m.submodules.dut = dut
    m.submodules.memory = memory = Memory(shape=8, depth=1024, init=[op, *response.payload])
    port = memory.read_port()
    m.d.comb += [port.addr.eq(dut.position), dut.data.eq(port.data), dut.length.eq(1 + size)]
    out = bytearray()

    async def testbench(ctx) -> None:
        for field, value in zip((dut.sequence, dut.ack, dut.credit, dut.status), header, strict=True):
            ctx.set(field, value)
        ctx.set(dut.session, session)
        await ctx.tick()
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        done = False
        while not done:
            ctx.set(dut.bytes.ready, rng.random() < 0.8)
            if ctx.get(dut.bytes.valid & dut.bytes.ready):
                out.append(ctx.get(dut.bytes.payload))
            done = bool(ctx.get(dut.done))
            await ctx.tick()

    simulate(m, testbench)
    assert bytes(out) == response.encode()
