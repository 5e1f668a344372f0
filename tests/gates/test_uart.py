"""The serial port in gates: timing of bits, loss, damage and breaks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from neurocorex_hdl.link.uart import UartReceiver, UartTransmitter
from support import gateengine

BREAK_CYCLES = 128


def line_levels(data: bytes, bit_cycles: float) -> Iterator[int]:
    """Level of the line in each cycle for bytes sent back to back, by a sender whose bits take `bit_cycles`."""
    bits = [bit for byte in data for bit in (0, *(byte >> place & 1 for place in range(8)), 1)]
    for cycle in range(int(len(bits) * bit_cycles)):
        yield bits[int(cycle / bit_cycles)]


def receive(levels: list[int], divisor: int) -> tuple[bytes, list[int]]:
    """Bytes that a receiver makes of a line, and the cycles in which it sees a break."""
    data, breaks, _ = watch(levels, divisor)
    return data, breaks


def watch(levels: list[int], divisor: int) -> tuple[bytes, list[int], list[int]]:
    """As `receive`, and the cycles in which a start bit begins."""
    dut = UartReceiver(BREAK_CYCLES)
    data, breaks, starts = bytearray(), [], []

    async def testbench(ctx) -> None:
        ctx.set(dut.divisor, divisor)
        for cycle, level in enumerate(levels):
            ctx.set(dut.rx, level)
            await ctx.tick()
            if ctx.get(dut.bytes.valid):
                data.append(ctx.get(dut.bytes.payload))
            if ctx.get(dut.interrupted):
                breaks.append(cycle)
            if ctx.get(dut.begun):
                starts.append(cycle)

    simulator = gateengine.simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return bytes(data), breaks, starts


def idle(cycles: int) -> list[int]:
    return [1] * cycles


@pytest.mark.parametrize("divisor", [4, 5, 7, 12, 16])
def test_full_duplex_back_to_back_bytes_take_ten_bits_and_none_is_lost(divisor: int) -> None:
    sent = bytes(random.Random(divisor).choices(range(256), k=60))
    m = Module()
    m.submodules.transmitter = transmitter = UartTransmitter()
    m.submodules.receiver = receiver = UartReceiver(BREAK_CYCLES)
    # The far end hears and answers at the same time: what it hears it sends back.
    m.submodules.echo = echo = UartTransmitter()
    m.submodules.ear = ear = UartReceiver(BREAK_CYCLES)
    for part in (transmitter, receiver, echo, ear):
        m.d.comb += part.divisor.eq(divisor)
    m.d.comb += [ear.rx.eq(transmitter.tx), receiver.rx.eq(echo.tx)]
    m.d.comb += [echo.bytes.valid.eq(ear.bytes.valid), echo.bytes.payload.eq(ear.bytes.payload)]
    came = bytearray()
    starts: list[int] = []

    async def feed(ctx) -> None:
        for byte in sent:
            ctx.set(transmitter.bytes.payload, byte)
            ctx.set(transmitter.bytes.valid, 1)
            await ctx.tick().until(transmitter.bytes.ready)
        ctx.set(transmitter.bytes.valid, 0)

    async def watch(ctx) -> None:
        for cycle in range((len(sent) + 3) * 10 * divisor):
            if ctx.get(transmitter.bytes.valid & transmitter.bytes.ready):
                starts.append(cycle)
            assert ctx.get(~ear.bytes.valid | echo.bytes.ready), "the echo is not ready for the next byte"
            if ctx.get(receiver.bytes.valid):
                came.append(ctx.get(receiver.bytes.payload))
            await ctx.tick()

    simulator = gateengine.simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(feed)
    simulator.add_testbench(watch)
    simulator.run()
    assert bytes(came) == sent
    assert {later - earlier for earlier, later in pairwise(starts)} == {10 * divisor}


@pytest.mark.parametrize("divisor", [8, 13, 104])
@pytest.mark.parametrize("mismatch", [-0.02, 0.02], ids=["fast sender", "slow sender"])
def test_clock_mismatch_of_two_percent_loses_nothing(divisor: int, mismatch: float) -> None:
    sent = bytes(random.Random(divisor).choices(range(256), k=1000 // divisor))
    levels = [*idle(5), *line_levels(sent, divisor * (1 + mismatch)), *idle(2 * divisor)]
    assert receive(levels, divisor)[0] == sent


def test_glitch_is_no_start_bit() -> None:
    assert receive([*idle(8), 0, 0, 0, *idle(100)], divisor=8)[0] == b""


def test_byte_without_stop_bit_is_dropped_and_the_next_one_comes() -> None:
    damaged = [*line_levels(b"\x00", 8)][:-8]
    levels = [*idle(8), *damaged, *[0] * 8, *idle(8), *line_levels(b"\xa5", 8), *idle(8)]
    assert receive(levels, divisor=8)[0] == b"\xa5"


@pytest.mark.parametrize("divisor", [4, 5, 12])
def test_each_byte_begins_once(divisor: int) -> None:
    levels = [*idle(8), *line_levels(b"\x00\xa5\xff", divisor), *idle(2 * divisor)]
    data, _, starts = watch(levels, divisor)
    assert data == b"\x00\xa5\xff"
    assert [later - earlier for earlier, later in pairwise(starts)] == [10 * divisor] * 2


@pytest.mark.parametrize("sender", [1, 2, 3, 5, 16, 40, 100])
def test_bytes_at_any_other_rate_begin_at_least_once_each(sender: int) -> None:
    gap, count = idle(400), 4
    levels = [*idle(8), *[level for _ in range(count) for level in (*line_levels(b"\0", sender), *gap)]]
    _, _, starts = watch(levels, divisor=8)
    times = [8 + number * (10 * sender + len(gap)) for number in range(count)]
    assert all(any(0 <= start - time <= 10 * sender + 4 for start in starts) for time in times)


@pytest.mark.parametrize("low_for", [BREAK_CYCLES - 1, BREAK_CYCLES + 1])
def test_break_is_seen_after_its_time_and_leaves_no_byte(low_for: int) -> None:
    data, breaks = receive([*idle(8), *[0] * low_for, *idle(20), *line_levels(b"\x5a", 4), *idle(8)], divisor=4)
    assert bool(breaks) == (low_for > BREAK_CYCLES)
    assert data == b"\x5a"


def test_zero_byte_at_a_slow_rate_is_no_break() -> None:
    data, breaks = receive([*idle(8), *line_levels(b"\x00\x00", 20), *idle(20)], divisor=20)
    assert (data, breaks) == (b"\0\0", [])


def test_line_is_high_when_idle_and_after_each_byte() -> None:
    dut = UartTransmitter()
    levels: list[int] = []

    async def testbench(ctx) -> None:
        ctx.set(dut.divisor, 4)
        for byte in (0x00, 0xFF):
            ctx.set(dut.bytes.payload, byte)
            ctx.set(dut.bytes.valid, 1)
            await ctx.tick().until(dut.bytes.ready)
            ctx.set(dut.bytes.valid, 0)
            while not ctx.get(dut.idle):
                levels.append(ctx.get(dut.tx))
                await ctx.tick()
            assert ctx.get(dut.tx) == 1

    simulator = gateengine.simulator(wiring_top(dut))
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert levels == [*line_levels(b"\x00\xff", 4)]


def wiring_top(component: wiring.Component) -> Module:
    m = Module()
    m.submodules.dut = component
    return m
