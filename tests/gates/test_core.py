"""The core in gates against the emulator: every bit of results, state and counters."""

import random
from itertools import pairwise

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.decoder import StreamDecoder
from neurocorex.image import state_regions
from neurocorex.spec import Clear, CoreConfig, Counter, Flag, Graded, Region, Step, controls, encode_steps, layout
from neurocorex.spec.events import CLEAR, END, GRADED, IDLE, Cleared
from neurocorex.spec.registers import MODEL_COUNTERS, PARAMETERS, STATE
from neurocorex.spec.timing import busy_cycles
from neurocorex_hdl.core import Core
from support.corebench import CoreBench, on_core, simulate

#: Sizes at which something is at its edge; the rest is chosen so that simulation is short.
GEOMETRIES = {
    "usual": CoreConfig(neurons=12, inputs=9, lanes=4, max_delay=4),
    "one neuron": CoreConfig(neurons=1, inputs=1, lanes=1),
    "one lane": CoreConfig(neurons=7, inputs=5, lanes=1, weight_bits=4, max_delay=2),
    "more lanes than neurons": CoreConfig(neurons=5, inputs=6, lanes=32, weight_bits=16),
    "rows as long as the pipeline": CoreConfig(neurons=6, inputs=3, lanes=2, max_delay=3),
    "narrow": CoreConfig(neurons=8, inputs=8, lanes=8, weight_bits=4, state_bits=16, refractory_bits=1, max_delay=1),
    "wide": CoreConfig(neurons=9, inputs=4, lanes=2, weight_bits=16, state_bits=24, refractory_bits=16, max_delay=32),
    "without adaptation": CoreConfig(neurons=10, inputs=7, lanes=4, state_bits=18, max_delay=7, adaptation=False),
    "many groups": CoreConfig(neurons=30, inputs=3, lanes=2, max_delay=2),
}
#: All that a clear can set to zero in a stimulus.
CLEARED = Clear.STATE | Clear.ADAPTATION | Clear.TRACES
SMALL = CoreConfig(neurons=4, inputs=3, lanes=2, max_delay=4)


def parameters(config):
    """Parameters of neurons that a chip has."""
    return [region for region in PARAMETERS if layout(region, config).items]


def random_memory(config, rng, *, lively):
    """Contents of all writable regions. Lively networks fire a lot; the others are anything."""
    memory = {Region.WEIGHTS: rng.integers(*config.weight_range, (config.axons, config.neurons), endpoint=True)}
    for region in PARAMETERS + STATE:
        form = layout(region, config)
        if form.writable and form.items:
            low, high = form.range
            if rng.random() < 0.7:
                low, high = max(low, -300), min(high, 300)
            memory[region] = rng.integers(low, high, config.neurons, endpoint=True)
    if lively:
        memory[Region.THRESHOLD] = rng.integers(0, 400, config.neurons)
        memory[Region.BIAS] = rng.integers(-20, 120, config.neurons)
        memory[Region.REFRACTORY] = rng.integers(0, min(3, 1 << config.refractory_bits), config.neurons)
        memory[Region.DELAY] = rng.integers(0, config.max_delay, config.neurons, endpoint=True)
    widths = [control.bits(config) for control in controls(config)]
    memory[Region.CONTROL] = [rng.integers(1 << (3 if lively else bits)) for bits in widths]
    return {region: np.ravel(values).tolist() for region, values in memory.items()}


def random_steps(config, rng, count):
    """Steps with events, injected currents and clears; many of them silent."""
    steps = []
    for _ in range(count):
        if rng.random() < 0.3:
            steps.append(Step())
            continue
        events = np.flatnonzero(rng.random(config.inputs) < rng.random()).tolist()
        injected = np.flatnonzero(rng.random(config.neurons) < min(0.3, 5 / config.neurons)).tolist()
        reach = rng.choice([300, 1 << 23])
        values = rng.integers(-reach, reach, len(injected)).tolist()
        changes = (Cleared(CLEARED),) if rng.random() < 0.1 else ()
        steps.append(Step(tuple(events), tuple(map(Graded, injected, values)), changes))
    return steps


class Pair:
    """A core and an emulator that are treated alike."""

    def __init__(self, bench: CoreBench):
        self.bench = bench
        self.config = bench.core.config
        self.emulator = Emulator(self.config)
        self._decoder = StreamDecoder(inputs=self.config.inputs, neurons=self.config.neurons)

    async def write(self, memory):
        for region, values in memory.items():
            await self.bench.write(region, values)
            self.emulator.write(region, values)

    async def run(self, data, **options):
        """Run bytes on both; the results must be the same bytes."""
        results = await self.bench.run(data, **options)
        refused = self._decoder.refused
        expected = self.emulator.run(self._decoder.feed(data)).encode(interleave=True)
        self.emulator.count(Counter.REFUSED_EVENTS, self._decoder.refused - refused)
        assert results == expected
        return results

    async def compare(self):
        """All regions and all counters that the stimulus determines must be equal."""
        for region, values in self.emulator.regions.items():
            assert await self.bench.read(region) == values.ravel().tolist(), region.name
        counters = await self.bench.counters()
        assert {name: counters[name] for name in MODEL_COUNTERS} == {
            name: self.emulator.counters[name] for name in MODEL_COUNTERS
        }


@pytest.mark.parametrize("lively", [True, False], ids=["lively", "anything"])
@pytest.mark.parametrize("config", GEOMETRIES.values(), ids=GEOMETRIES)
def test_random_network_equals_emulator(config, lively):
    rng = np.random.default_rng(config.neurons + lively)
    memory = random_memory(config, rng, lively=lively)
    steps = random_steps(config, rng, 10)

    async def body(bench):
        pair = Pair(bench)
        await pair.write(memory)
        for part, pause, block in ((steps[:4], 0, 0), (steps[4:7], 0.7, 0), (steps[7:], 0.3, 0.9)):
            await pair.run(encode_steps(part), pause=pause, block=block)
        await pair.compare()

    on_core(config, body)


def test_results_do_not_depend_on_lanes():
    rng = np.random.default_rng(5)
    sizes = {"neurons": 18, "inputs": 6, "max_delay": 3}
    memory = random_memory(CoreConfig(**sizes), rng, lively=True)
    data = encode_steps(random_steps(CoreConfig(**sizes), rng, 10))
    outcomes = []

    async def body(bench):
        for region, values in memory.items():
            await bench.write(region, values)
        results = await bench.run(data)
        state = [await bench.read(region) for region in STATE]
        counters = await bench.counters()
        outcomes.append((results, state, [counters[name] for name in MODEL_COUNTERS if name != Counter.BUSY_CYCLES]))

    for lanes in (1, 4, 16):
        on_core(CoreConfig(lanes=lanes, **sizes), body)
    assert all(first == second for first, second in pairwise(outcomes))


@pytest.mark.parametrize("inputs", [2, 40])
def test_silent_axons_cost_nothing(inputs):
    config = CoreConfig(neurons=6, inputs=inputs, lanes=2)

    async def body(bench):
        await bench.write(Region.WEIGHTS, [1] * config.axons * config.neurons)
        await bench.run(encode_steps([Step()] * 10))
        assert (await bench.counters())[Counter.BUSY_CYCLES] == busy_cycles(config, 10, 0)
        await bench.run(encode_steps([Step((0, 1))]))
        assert (await bench.counters())[Counter.BUSY_CYCLES] == busy_cycles(config, 11, 2)

    on_core(config, body)


def test_steps_follow_each_other_without_waiting():
    """With an idle run there is nothing to wait for: the core works in all cycles but those between two steps."""

    async def body(bench):
        await bench.run(bytes([END]))
        bench.cycles = 0
        await bench.run(bytes([IDLE, 50, 0]))
        assert bench.cycles <= busy_cycles(SMALL, 50, 0) + 50 + 30
        assert (await bench.counters())[Counter.STALL_CYCLES] == 0

    on_core(SMALL, body)


def test_slow_consumer_stalls_the_core_and_loses_nothing():
    config = CoreConfig(neurons=40, inputs=1, lanes=8)

    async def body(bench):
        await bench.write(Region.THRESHOLD, [0] * 40)
        await bench.write(Region.BIAS, [1] * 40)
        await bench.write(Region.FLAGS, [Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE] * 40)
        results = await bench.run(bytes([IDLE, 2, 0]), block=0.9)
        counters = await bench.counters()
        assert counters[Counter.SPIKES] == 80
        assert counters[Counter.BUSY_CYCLES] == busy_cycles(config, 2, 0)
        assert counters[Counter.STALL_CYCLES] > 4 * len(results)
        assert results == (bytes([0, GRADED, 0, 0, 0, 0, 0] * 40 + [END])) * 2

    on_core(config, body)


def test_slow_stimulus_stalls_the_core_inside_a_step_only():
    async def body(bench):
        await bench.run(bytes([0, 0, END, 1, END]), pause=0.98)
        counters = await bench.counters()
        assert counters[Counter.BUSY_CYCLES] == busy_cycles(SMALL, 2, 3)
        assert counters[Counter.STALL_CYCLES] > 20

    on_core(SMALL, body)


def test_step_may_span_requests_and_has_its_results_in_the_last():
    data = encode_steps([Step(), Step((0, 2), (Graded(0, 9), Graded(3, 9))), Step((1,))])
    expected = [bytes([END]), bytes([0, 2, END]), bytes([END])]

    async def body(bench):
        await bench.write(Region.FLAGS, [Flag.RECORD_SPIKES] * 4)
        await bench.write(Region.CURRENT_DECAY, [65535] * 4)
        for cut in range(1, len(data)):
            host = StreamDecoder()
            ended = host.feed(data[:cut]).steps
            assert await bench.run(data[:cut]) == b"".join(expected[:ended])
            assert bench.ctx.get(bench.core.run.step_open) == host.open
            assert await bench.run(data[cut:]) == b"".join(expected[ended:])
            assert not bench.ctx.get(bench.core.run.step_open)

    on_core(SMALL, body)


def test_core_is_busy_until_its_results_are_taken():
    async def body(bench):
        core, ctx = bench.core, bench.ctx
        ctx.set(core.run.stimulus.payload, END)
        ctx.set(core.run.stimulus.valid, 1)
        await ctx.tick()
        ctx.set(core.run.stimulus.valid, 0)
        for _ in range(100):
            *_, busy = await ctx.tick().sample(core.run.busy)
            assert busy
        ctx.set(core.run.flush, 1)
        await ctx.tick().until(core.run.results.valid)
        assert ctx.get(core.run.busy)
        ctx.set(core.run.results.ready, 1)
        await ctx.tick()
        assert not ctx.get(core.run.busy)

    on_core(SMALL, body)


def test_silence_waits_for_the_flush_and_for_the_last_step():
    async def body(bench):
        assert await bench.run(bytes([IDLE, 100, 0])) == bytes([IDLE, 100, 0])

    on_core(SMALL, body)


def test_abort_ends_a_long_silence():
    async def body(bench):
        results = await bench.run(bytes([IDLE, 0xFF, 0xFF]), flush=False, abort_after=300)
        steps = (await bench.counters())[Counter.STEPS]
        assert 0 < steps <= 300 // busy_cycles(SMALL, 1, 0) + 1
        assert results == bytes([IDLE, steps, 0])
        assert not bench.ctx.get(bench.core.run.step_open)

    on_core(SMALL, body)


def test_abort_ends_an_open_step_with_what_has_come():
    async def body(bench):
        await bench.write(Region.WEIGHTS, [5] * SMALL.axons * 4)
        await bench.write(Region.THRESHOLD, [100] * 4)
        assert await bench.run(bytes([1, GRADED, 0, 0, 7]), flush=False) == b""
        assert bench.ctx.get(bench.core.run.step_open)
        assert await bench.run(bytes([0, 0, 0]), abort_after=0) == bytes([END])
        assert not bench.ctx.get(bench.core.run.step_open)
        assert await bench.read(Region.MEMBRANE) == [5] * 4
        assert (await bench.counters())[Counter.INPUT_EVENTS] == 1

    on_core(SMALL, body)


def test_abort_at_any_time_leaves_a_core_that_works():
    rng = np.random.default_rng(8)
    memory = random_memory(SMALL, rng, lively=True)
    data = encode_steps(random_steps(SMALL, rng, 12))

    async def body(bench):
        pair = Pair(bench)
        await pair.write(memory)
        before = 0
        for cycle in range(0, 400, 23):
            # What was done until then is not compared: it depends on the cycle. But whole steps came out.
            results = await bench.run(data, block=0.3, abort_after=cycle)
            counters = await bench.counters()
            assert StreamDecoder().feed(results).steps == counters[Counter.STEPS] - before
            before = counters[Counter.STEPS]
        await bench.clear(state=True, adaptation=True, counters=True)
        await pair.run(bytes([CLEAR, CLEARED]) + data)
        await pair.compare()

    on_core(SMALL, body)


def test_clears_leave_what_they_are_not_asked_to_clear():
    rng = np.random.default_rng(4)
    memory = random_memory(SMALL, rng, lively=True)
    data = encode_steps(random_steps(SMALL, rng, 6))

    async def body(bench):
        pair = Pair(bench)
        await pair.write(memory)
        await pair.run(data)
        await bench.clear(counters=True)
        assert set((await bench.counters()).values()) == {0}
        assert await bench.read(Region.HISTORY) == pair.emulator.regions[Region.HISTORY].tolist()
        await pair.run(data)
        counters = await bench.counters()
        await bench.clear(state=True, adaptation=True)
        assert await bench.counters() == counters
        for region in state_regions(SMALL):
            assert await bench.read(region) == [0] * 4
        for region in (*parameters(SMALL), Region.WEIGHTS, Region.CONTROL):
            assert await bench.read(region) == pair.emulator.regions[region].ravel().tolist()

    on_core(SMALL, body)


def test_written_history_makes_axons_arrive():
    async def body(bench):
        await bench.write(Region.WEIGHTS, [1] * SMALL.axons * 4)
        await bench.write(Region.THRESHOLD, [100] * 4)
        await bench.write(Region.DELAY, [1, 2, 3, 0])
        await bench.run(bytes([END]))
        await bench.write(Region.HISTORY, [1, 2, 8, 15])
        await bench.run(bytes([END]))
        counters = await bench.counters()
        assert counters[Counter.RECURRENT_EVENTS] == 2
        assert counters[Counter.BUSY_CYCLES] == busy_cycles(SMALL, 2, 2)
        assert await bench.read(Region.MEMBRANE) == [2] * 4

    on_core(SMALL, body)


def test_every_region_is_read_back_at_full_rate_and_cut_to_its_bits():
    config = CoreConfig(neurons=5, inputs=4, lanes=4, weight_bits=4, state_bits=17, max_delay=9, refractory_bits=3)
    rng = np.random.default_rng(6)

    async def body(bench):
        emulator = Emulator(config)
        for region in (Region.CONTROL, Region.WEIGHTS, *parameters(config), *state_regions(config)):
            values = rng.integers(-(1 << 31), 1 << 31, layout(region, config).items).tolist()
            await bench.write(region, values)
            emulator.write(region, values)
        for region, values in emulator.regions.items():
            assert await bench.read(region) == values.ravel().tolist(), region.name

    on_core(config, body)


def test_chip_without_adaptation_reads_zero_and_keeps_its_registers():
    config = CoreConfig(neurons=3, inputs=1, lanes=1, adaptation=False)

    async def body(bench):
        await bench.write(Region.ADAPTATION, [1, 2, 3])
        await bench.write(Region.CONTROL, [1, 2, 3, 4])
        assert await bench.read(Region.ADAPTATION) == [0, 0, 0]
        assert (await bench.read(Region.CONTROL))[:4] == [1, 2, 3, 4]

    on_core(config, body)


def test_reset_in_the_middle_of_a_step_leaves_nothing_of_it():
    m, core = Module(), Core(SMALL)
    m.domains.sync = domain = ClockDomain()
    m.submodules.core = core

    async def testbench(ctx):
        bench = CoreBench(ctx, core, random.Random(1))
        await bench.write(Region.WEIGHTS, [5] * SMALL.axons * 4)
        await bench.write(Region.THRESHOLD, [100] * 4)
        await bench.write(Region.DELAY, [1] * 4)
        await bench.write(Region.HISTORY, [1, 0, 0, 0])
        await bench.run(bytes([0, 0, GRADED, 0, 0, 9, 0, 0]), flush=False)
        ctx.set(domain.rst, 1)
        await ctx.tick()
        ctx.set(domain.rst, 0)
        # The arrival of neuron 0 is from before that step, so it counts again.
        assert await bench.run(bytes([END])) == bytes([END])
        assert await bench.read(Region.MEMBRANE) == [5] * 4

    simulate(m, testbench)


def test_frames_are_counted():
    async def body(bench):
        for port, count in ((bench.core.frame_good, 45), (bench.core.frame_bad, 3)):
            bench.ctx.set(port, 1)
            await bench.ctx.tick().repeat(count)
            bench.ctx.set(port, 0)
        await bench.ctx.tick().repeat(30)
        counters = await bench.counters()
        assert (counters[Counter.FRAMES_GOOD], counters[Counter.FRAMES_BAD]) == (45, 3)

    on_core(SMALL, body)
