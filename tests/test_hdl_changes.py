"""Forced spikes, changes between steps and extra axons: the core against the emulator."""

import random

import pytest
from corebench import on_core
from coretrial import random_regions, random_steps, record_all
from neurocorex.emulator import Emulator
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, Graded, Region, Step, encode_steps, layout, regions
from neurocorex.spec.events import Cleared, Set
from neurocorex.spec.registers import MODEL_COUNTERS
from neurocorex.streams import EventStream, StreamDecoder

CONFIGS = {
    "plain": CoreConfig(neurons=6, inputs=5, lanes=2, state_bits=18, max_delay=4),
    "one lane": CoreConfig(neurons=3, inputs=2, lanes=1, weight_bits=4, state_bits=16, max_delay=1, extra_axons=1),
    "extra axons": CoreConfig(neurons=7, inputs=5, lanes=4, state_bits=18, max_delay=5, extra_axons=9),
    "no adaptation": CoreConfig(neurons=5, inputs=3, lanes=8, adaptation=False, max_delay=32, extra_axons=3),
    "single neuron": CoreConfig(neurons=1, inputs=1, lanes=1, max_delay=3, extra_axons=2),
}


async def load(core, emulator, values):
    for region, items in values.items():
        await core.write(region, items)
        emulator.write(region, items)


async def compare(core, emulator):
    """Everything that can be read is the same on both."""
    for region in regions(emulator.config):
        if region not in (Region.INFO, Region.COUNTERS):
            expected = [int(item) for item in emulator.regions[region].reshape(-1)]
            if region is Region.CONTROL:
                expected = [item % (1 << 32) for item in expected]
            assert await core.read(region) == expected, region.name
    counters = await core.counters()
    assert {counter.name: counters[counter] for counter in MODEL_COUNTERS} == {
        counter.name: emulator.counters[counter] for counter in MODEL_COUNTERS
    }


async def run(core, emulator, data, **pace):
    """Both give the same results for the same stimulus."""
    host = StreamDecoder(inputs=emulator.config.inputs, neurons=emulator.config.neurons)
    expected = emulator.run(host.feed(data))
    results = EventStream.decode(await core.run(data, **pace))
    for name in ("steps", "event_step", "event_index", "graded_step", "graded_index", "graded_value"):
        mine, other = getattr(results, name), getattr(expected, name)
        assert (mine == other) if name == "steps" else (mine.tolist() == other.tolist()), name


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_emulator(name):
    config, rng = CONFIGS[name], random.Random(name)
    emulator = Emulator(config)

    async def body(core):
        for pace in ({}, {"pause": 0.6}, {"block": 0.8}):
            await load(core, emulator, record_all(random_regions(config, rng)))
            for _ in range(2):
                await run(core, emulator, encode_steps(random_steps(config, rng, 30)), **pace)
                await compare(core, emulator)

    on_core(config, body)
