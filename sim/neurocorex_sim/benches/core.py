"""Bench of the core alone: random networks against the emulator, every bit that can be read."""

import hashlib
from pathlib import Path

import cocotb
import numpy as np
from neurocorex.check.trial import Trial
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.codes import code_positions
from neurocorex.events.decoder import StreamDecoder
from neurocorex.events.reports import in_bytes
from neurocorex.events.stream import EventStream
from neurocorex.image import program_regions, state_regions
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Region, layout
from neurocorex.spec.events import arguments
from neurocorex.spec.registers import MODEL_COUNTERS, STATE, TALLIES, TRACES, WINNERS

from neurocorex_sim.bench import CorePorts, settings

#: Probabilities that the bench offers a byte and takes one, in turn: at full speed, starved, stalled, and both.
PACES = ((1.0, 1.0), (0.2, 1.0), (1.0, 0.1), (0.5, 0.5))
#: Much longer than a correct core needs.
TIMEOUT_US = 100_000
#: File in which a bench leaves the digest of all results and final states; it does not depend on lanes.
DIGEST = "digest"


@cocotb.test(timeout_time=TIMEOUT_US, timeout_unit="us")
async def equals_emulator(core):
    """Load a network in a random state, run it in pieces at changing pace, compare everything."""
    given = settings()
    config, rules = CoreConfig.from_dict(given["config"]), fixed_registers(given)
    ports = CorePorts(core, config, np.random.default_rng(given["seed"]))
    await ports.start()
    emulator, digest = Emulator(config), hashlib.sha256()
    for number in range(given["trials"]):
        trial = Trial.random(
            config, given["seed"] + number, given["steps"], fixed=rules[number % len(rules)], record_all=number == 0
        )
        await load(ports, emulator, trial)
        await compare_regions(ports, emulator, digest)
        piece = max(given["steps"] // len(PACES), 1)
        for index, start in enumerate(range(0, given["steps"], piece)):
            part = trial.stimulus.cut(start, start + piece)
            offer, take = PACES[index % len(PACES)]
            results = await ports.run(part.encode(), offer=offer, take=take)
            expect_equal(
                EventStream.decode(results, results=True),
                on_wire(emulator.run(part), config),
                f"trial {number}, steps from {start}",
            )
            digest.update(results)
        await compare_regions(ports, emulator, digest)
        await compare_counters(ports, emulator)
    Path(DIGEST).write_text(digest.hexdigest())
    await ports.strobe("run__clear", Clear(sum(Clear)) & ~Clear.COUNTERS)
    await ports.settle()
    for region in state_regions(config):
        assert {*await ports.read(region)} <= {region.row.power_up(config)}, f"{region.name} after it was cleared"
    await ports.strobe("run__clear", Clear.COUNTERS)
    await ports.settle()
    assert not any(await ports.read(Region.COUNTERS))


@cocotb.test(timeout_time=TIMEOUT_US, timeout_unit="us")
async def abort_ends_the_step_at_hand(core):
    """The bytes taken before an abort are carried out, but for a last code and the rest of a run of silent steps."""
    given = settings()
    config = CoreConfig.from_dict(given["config"])
    rng = np.random.default_rng(given["seed"])
    ports = CorePorts(core, config, rng)
    await ports.start()
    trial = Trial.random(config, given["seed"], given["steps"], record_all=True)
    emulator = Emulator(config)
    await load(ports, emulator, trial)
    moving = [
        region
        for region in (Region.CONTROL, Region.WEIGHTS, *STATE, *WINNERS, *TALLIES, *TRACES)
        if region in emulator.regions
    ]
    for _ in range(given["aborts"]):
        start = int(rng.integers(given["steps"]))
        stimulus = EventStream.join([trial.stimulus.cut(start, given["steps"]), EventStream(3)]).encode()
        cycles = int(rng.integers(4 * config.neurons + 40))
        taken, results = await ports.run_and_abort(stimulus, cycles, take=float(rng.choice([1.0, 0.3])))
        mine = EventStream.decode(results, results=True)
        known = {region: await ports.read(region) for region in moving}
        assert any(follows(emulator, part, mine, known) for part in possible(taken, config)), (
            f"{taken.hex(' ')} in {cycles}"
        )
    await compare_counters(ports, emulator)


def fixed_registers(given):
    """Return the registers that are not drawn, of each trial in turn; JSON has them by their names."""
    return [{Control[name]: value for name, value in rule.items()} for rule in given.get("rules") or [{}]]


async def load(ports, emulator, trial):
    """Load the initial state of a trial into the core and the emulator."""
    for region in (*program_regions(trial.image.config), *state_regions(trial.image.config)):
        if layout(region, trial.image.config).writable:
            values = trial.image.regions[region]
            await ports.write(region, values.reshape(-1).tolist())
            emulator.write(region, values)


def on_wire(results, config):
    """Return results with their reports in bytes, as a chip sends them."""
    return EventStream.made(results.steps, *results.columns[:6], *in_bytes(results.columns[6:], config))


def possible(taken, config):
    """Return the stimuli that may have been carried out if these bytes were taken before an abort."""
    codes = code_positions(taken, arguments(draws=config.patterns > 0, reports=config.reports))
    for last in (len(taken), int(codes[-1]) if len(codes) else 0):
        decoder = StreamDecoder(patterns=config.patterns, reports=config.reports)
        whole = decoder.feed(taken[:last])
        yield EventStream.join([whole, decoder.end()]) if decoder.open else whole


def follows(emulator, stimulus, mine, known):
    """Whether the core ran this stimulus, all but silent steps at its end; if so the emulator goes on from there."""
    if mine.steps > stimulus.steps:
        return False
    rest = stimulus.cut(mine.steps, stimulus.steps)
    if any(column.size for column in rest.columns):
        return False
    # Changes behind the last step that was taken are carried out without one.
    done = stimulus if mine.steps == stimulus.steps else stimulus.cut(0, mine.steps)
    attempt = twin(emulator)
    if on_wire(attempt.run(done), emulator.config) != mine or any(
        items(attempt, region) != known[region] for region in known
    ):
        return False
    emulator.run(done)
    return True


def twin(emulator):
    other = Emulator(emulator.config)
    for region, values in emulator.regions.items():
        if layout(region, emulator.config).writable:
            other.write(region, values)
    return other


def items(emulator, region):
    return emulator.regions[region].reshape(-1).tolist()


async def compare_regions(ports, emulator, digest):
    for region in emulator.regions:
        found = await ports.read(region)
        expect_equal(found, items(emulator, region), region.name)
        digest.update(np.array(found).tobytes())


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
