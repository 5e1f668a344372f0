"""Counters in one memory."""

import random

import pytest
from amaranth.hdl import Fragment
from neurocorex.spec import CoreConfig, Counter, Learning, Region
from neurocorex.spec.registers import COUNTER_BITS
from neurocorex_hdl.lib.bus import TARGET_LATENCY
from neurocorex_hdl.registers.counters import Counters, counted, most_ticks
from support import gateengine
from support.corebench import BlockRam

#: Counters of weights that learn.
LEARNED = (Counter.POTENTIATIONS, Counter.DEPRESSIONS, Counter.CLIPS_LOW, Counter.CLIPS_HIGH)


class Bench:
    """Counters, and a look into their memory."""

    def __init__(self, ctx, counters, memory, config):
        self.ctx, self.unit, self.memory, self.config = ctx, counters, memory, config

    async def tick(self, *counters):
        self.ctx.set(self.unit.ticks, {counter.name.lower(): int(counter in counters) for counter in Counter})
        await self.ctx.tick()
        self.ctx.set(self.unit.ticks, {})

    async def settle(self):
        await self.ctx.tick().repeat(3 * len(Counter))
        assert self.ctx.get(self.unit.settled)

    async def read(self):
        """All counters, word by word."""
        words, count = [], 2 * len(Counter)
        self.ctx.set(self.unit.bus.region, Region.COUNTERS)
        for column in range(count):
            self.ctx.set(self.unit.bus.column, column)
            self.ctx.set(self.unit.bus.read, 1)
            await self.ctx.tick()
            self.ctx.set(self.unit.bus.read, 0)
            await self.ctx.tick().repeat(TARGET_LATENCY - 1)
            words.append(self.ctx.get(self.unit.bus.read_data))
            await self.ctx.tick()
        return {counter: words[2 * counter] | words[2 * counter + 1] << 32 for counter in Counter}

    def preset(self, counter, value):
        self.ctx.set(self.memory.data[2 * counter], value & 0xFFFFFFFF)
        self.ctx.set(self.memory.data[2 * counter + 1], value >> 32)


CONFIGS = {learning.name.lower(): CoreConfig(learning=learning, lanes=4) for learning in Learning}
kinds = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def on_counters(body, config=CONFIGS["exponential"]):
    counters, platform = Counters(config), BlockRam()
    simulator = gateengine.simulator(Fragment.get(counters, platform))
    simulator.add_clock(1e-6)

    async def testbench(ctx):
        (memory,) = platform.memories
        await body(Bench(ctx, counters, memory, config))

    simulator.add_testbench(testbench)
    simulator.run()


@kinds
def test_every_tick_counts_also_while_the_host_reads(config):
    async def body(bench):
        rng, expected = random.Random(1), dict.fromkeys(Counter, 0)
        for _ in range(300):
            chosen = [counter for counter in counted(config) if rng.random() < 0.6]
            for counter in chosen:
                expected[counter] += 1
            await bench.tick(*chosen)
        await bench.settle()
        assert await bench.read() == expected
        # Frames are counted while a host reads: the walk is held up, but nothing is lost.
        for _ in range(20):
            await bench.tick(Counter.FRAMES_GOOD)
            await bench.read()
        await bench.settle()
        assert await bench.read() == expected | {Counter.FRAMES_GOOD: expected[Counter.FRAMES_GOOD] + 20}

    on_counters(body, config)


@kinds
def test_most_ticks_in_every_cycle_are_not_too_many(config):
    async def body(bench):
        most = {counter: most_ticks(counter, config) for counter in Counter}
        bench.ctx.set(bench.unit.ticks, {counter.name.lower(): ticks for counter, ticks in most.items()})
        await bench.ctx.tick().repeat(200)
        bench.ctx.set(bench.unit.ticks, {})
        await bench.settle()
        assert await bench.read() == {counter: 200 * ticks for counter, ticks in most.items()}

    on_counters(body, config)


def test_chips_count_what_they_have():
    assert set(Counter) - set(counted(CONFIGS["exponential"])) == {Counter.DRIFT_CLIPS}
    assert set(Counter) - set(counted(CONFIGS["window"])) == {Counter.FULL_TRACES}
    assert not {*LEARNED, Counter.FULL_TRACES, Counter.DRIFT_CLIPS} & set(counted(CONFIGS["none"]))


def test_low_word_carries_into_the_high_word():
    async def body(bench):
        bench.preset(Counter.SPIKES, 0xFFFFFFFE)
        bench.preset(Counter.STEPS, 0x12_FFFFFFFF)
        for _ in range(3):
            await bench.tick(Counter.SPIKES, Counter.STEPS)
        await bench.settle()
        counters = await bench.read()
        assert counters[Counter.SPIKES] == 0x1_00000001
        assert counters[Counter.STEPS] == 0x13_00000002
        assert counters[Counter.INPUT_EVENTS] == 0

    on_counters(body)


def test_counters_wrap():
    async def body(bench):
        bench.preset(Counter.STALL_CYCLES, (1 << COUNTER_BITS) - 1)
        await bench.tick(Counter.STALL_CYCLES)
        await bench.settle()
        assert set((await bench.read()).values()) == {0}

    on_counters(body)


@kinds
def test_clearing_is_complete_when_it_says_so(config):
    async def body(bench):
        for shift in range(1, 45):
            for counter in counted(bench.config):
                bench.preset(counter, (1 << COUNTER_BITS) - 1)
            await bench.tick(*counted(bench.config))
            await bench.ctx.tick().repeat(shift)
            bench.ctx.set(bench.unit.clear, 1)
            await bench.ctx.tick()
            bench.ctx.set(bench.unit.clear, 0)
            await bench.ctx.tick().until(bench.unit.settled)
            assert set((await bench.read()).values()) == {0}

    on_counters(body, config)
