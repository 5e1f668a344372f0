"""The core alone against the emulator: random networks, every bit that can be seen."""

import cocotb
import numpy as np
from neurocorex.emulator.emulator import Emulator
from neurocorex.spec import Clear, CoreConfig, Counter, Region, layout
from neurocorex.spec.events import IDLE
from neurocorex.spec.registers import MODEL_COUNTERS, STATE
from neurocorex.streams.codec import code_positions
from neurocorex.streams.decoder import StreamDecoder
from neurocorex.streams.streams import EventStream

from neurocorex_sim.bench import CorePorts, settings
from neurocorex_sim.trial import Trial

#: Chances that the bench offers a byte and takes one, in turn: at full speed, starved, and stalled.
PACES = ((1.0, 1.0), (0.2, 1.0), (1.0, 0.1), (0.5, 0.5))
#: Far beyond what a correct core needs.
TIMEOUT_US = 100_000


@cocotb.test(timeout_time=TIMEOUT_US, timeout_unit="us")
async def equals_emulator(core):
    """Load a network in the middle of things, run it in pieces at changing pace, compare everything."""
    given = settings()
    config = CoreConfig.from_dict(given["config"])
    ports = CorePorts(core, config, np.random.default_rng(given["seed"]))
    await ports.start()
    emulator = Emulator(config)
    for number in range(given["trials"]):
        trial = Trial.random(config, given["seed"] + number, given["steps"], record_all=number == 0)
        for region, values in trial.regions.items():
            await ports.write(region, values.reshape(-1).tolist())
            emulator.write(region, values)
        await compare_regions(ports, emulator, trial.regions)
        piece = max(given["steps"] // len(PACES), 1)
        for index, start in enumerate(range(0, given["steps"], piece)):
            part = trial.stimulus.cut(start, start + piece)
            offer, take = PACES[index % len(PACES)]
            results = await ports.run(part.encode(), offer=offer, take=take)
            expect_equal(EventStream.decode(results), emulator.run(part), f"trial {number}, steps from {start}")
        await compare_regions(ports, emulator, [*STATE, Region.WEIGHTS])
        await compare_counters(ports, emulator)
    await ports.strobe("clear", Clear.STATE | Clear.ADAPTATION)
    await ports.settle()
    for region in STATE:
        assert not any(await ports.read(region)), f"{region.name} after it was cleared"
    await ports.strobe("clear", Clear.COUNTERS)
    await ports.settle()
    assert not any(await ports.read(Region.COUNTERS))


@cocotb.test(timeout_time=TIMEOUT_US, timeout_unit="us")
async def abort_ends_the_step_at_hand(core):
    """What was taken before counts, but for a last code and the rest of a run of silent steps."""
    given = settings()
    config = CoreConfig.from_dict(given["config"])
    rng = np.random.default_rng(given["seed"])
    ports = CorePorts(core, config, rng)
    await ports.start()
    trial = Trial.random(config, given["seed"], given["steps"], record_all=True)
    emulator = Emulator(config)
    for region, values in trial.regions.items():
        await ports.write(region, values.reshape(-1).tolist())
        emulator.write(region, values)
    for _ in range(4 * given["trials"]):
        start = int(rng.integers(given["steps"]))
        stimulus = trial.stimulus.cut(start, given["steps"]).encode() + bytes([IDLE, 3, 0])
        cycles = int(rng.integers(4 * config.neurons + 40))
        taken, results = await ports.run_and_abort(stimulus, cycles, take=float(rng.choice([1.0, 0.3])))
        mine = EventStream.decode(results)
        known = {region: await ports.read(region) for region in STATE}
        assert any(follows(emulator, part, mine, known) for part in possible(taken)), f"{taken.hex(' ')} in {cycles}"
    await compare_counters(ports, emulator)


def possible(taken):
    """Return the stimuli that may have been carried out if these bytes were taken before an abort."""
    codes = code_positions(taken)
    for last in (len(taken), int(codes[-1]) if len(codes) else 0):
        decoder = StreamDecoder()
        whole = decoder.feed(taken[:last])
        yield EventStream.join([whole, decoder.end()]) if decoder.open else whole


def follows(emulator, stimulus, mine, known):
    """Whether the core ran this stimulus, all but silent steps at its end; if so the emulator goes on from there."""
    rest = stimulus.cut(mine.steps, stimulus.steps)
    if mine.steps > stimulus.steps or any(column.size for column in rest.columns):
        return False
    attempt = twin(emulator)
    expected = attempt.run(stimulus.cut(0, mine.steps))
    if expected != mine or any(attempt.regions[region].reshape(-1).tolist() != known[region] for region in STATE):
        return False
    emulator.run(stimulus.cut(0, mine.steps))
    return True


def twin(emulator):
    other = Emulator(emulator.config)
    for region, values in emulator.regions.items():
        if layout(region, emulator.config).writable:
            other.write(region, values)
    return other


async def compare_regions(ports, emulator, regions):
    for region in regions:
        expect_equal(await ports.read(region), emulator.regions[region].reshape(-1).tolist(), region.name)


async def compare_counters(ports, emulator):
    words = await ports.read(Region.COUNTERS)
    for counter in MODEL_COUNTERS:
        value = words[2 * counter] | words[2 * counter + 1] << 32
        assert value == emulator.counters[counter], f"{counter.name}: {value}, expected {emulator.counters[counter]}"
    assert words[2 * Counter.FRAMES_GOOD] == words[2 * Counter.FRAMES_BAD] == 0


def expect_equal(mine, expected, what):
    if isinstance(mine, EventStream):
        assert mine.steps == expected.steps, f"{what}: {mine.steps} steps, expected {expected.steps}"
        expect_equal(spikes(mine), spikes(expected), f"{what}, spikes")
        expect_equal(membranes(mine), membranes(expected), f"{what}, membranes")
        return
    pairs = enumerate(zip(mine, expected, strict=False))
    first = next((f"item {index} is {left}, expected {right}" for index, (left, right) in pairs if left != right), "")
    assert not first, f"{what}: {first}"
    assert len(mine) == len(expected), f"{what}: {len(mine)} items, expected {len(expected)}"


def spikes(stream):
    return np.stack([stream.event_step, stream.event_index], axis=1).tolist()


def membranes(stream):
    return np.stack([stream.graded_step, stream.graded_index, stream.graded_value], axis=1).tolist()
