"""Extent in use: cores of which a part is in use equal the emulator, and the rest stays as it is."""

import random
from dataclasses import replace

import pytest
from neurocorex.spec import Control, CoreConfig, Counter, Learning, LearningFlag, Region
from neurocorex.spec.events import CLEAR, END, GRADED
from neurocorex.spec.timing import busy_cycles
from support.corebench import on_core
from support.coretrial import Twins, random_regions, random_steps, record_all

EXPONENTIAL, WINDOW = Learning.EXPONENTIAL, Learning.WINDOW
LARGE = CoreConfig(neurons=36, inputs=35, lanes=8, max_delay=3)
#: Last blocks that are not full, few and many lanes, rows that become shorter than their pipeline.
CONFIGS = {
    "static": replace(LARGE, lanes=1, inputs=3),
    "exponential": replace(LARGE, learning=EXPONENTIAL, extra_axons=9, neurons=33, inputs=33),
    "window": replace(LARGE, learning=WINDOW, lanes=16, window_steps=3, neurons=10, inputs=40),
    "as many lanes as in a block": replace(LARGE, learning=EXPONENTIAL, lanes=32, inputs=3),
    "single port": replace(LARGE, learning=EXPONENTIAL, lanes=16, weight_ports=1, inputs=3),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_emulator(name):
    config, rng = CONFIGS[name], random.Random(name)

    async def body(core):
        twins = Twins(core)
        await twins.load(record_all(random_regions(config, rng)))
        for blocks in ([1, 1], [0, 1], [1, 0]):
            await twins.load({Region.IN_USE: blocks})
            await twins.run(*random_steps(config, rng, 5))
        await twins.compare()

    on_core(config, body)


def test_what_sleeps_is_refused_and_cleared_but_not_touched():
    config, rng = replace(LARGE, learning=EXPONENTIAL), random.Random("sleepers")
    start = random_regions(config, rng) | {Region.IN_USE: [1, 1]}
    start[Region.CONTROL][Control.LEARNING] = LearningFlag.ENABLE
    kept = (Region.MEMBRANE, Region.HISTORY, Region.POST_TRACE)

    async def body(core):
        for region, items in start.items():
            await core.write(region, items)
        # Input 31, input 32; neuron 31, neuron 32.
        steps = bytes([31, 0, END]) + bytes([GRADED, 31, 0, 1, 0, 0, GRADED, 0, 0, 1, 0, 0, END])
        await core.run(steps)
        counters = await core.counters()
        assert (counters[Counter.INPUT_EVENTS], counters[Counter.REFUSED_EVENTS]) == (1, 2)
        for region in kept:
            assert (await core.read(region))[32:] == start[region][32:]
        assert (await core.read(Region.MEMBRANE))[:32] != start[Region.MEMBRANE][:32]
        weights, before = await core.read(Region.WEIGHTS), start[Region.WEIGHTS]
        pairs = enumerate(zip(weights, before, strict=True))
        changed = {divmod(place, config.neurons) for place, (new, old) in pairs if new != old}
        assert changed
        assert all(neuron < 32 and (axon < 32 or 35 <= axon < 67) for axon, neuron in changed)
        await core.run(bytes([CLEAR, 0xFF]))
        for region in kept:
            assert set(await core.read(region)) == {0}

    on_core(config, body)


@pytest.mark.parametrize("lanes", [1, 8, 32])
def test_a_part_takes_as_many_cycles_as_a_chip_of_its_size(lanes):
    config = replace(LARGE, lanes=lanes)
    small = replace(config, neurons=32, inputs=32)

    async def body(core):
        await core.write(Region.IN_USE, [1, 1])
        await core.run(bytes([0, 0, END, END]))
        cycles = (await core.counters())[Counter.BUSY_CYCLES]
        assert cycles == busy_cycles(small, 2, 2, chip=config) < busy_cycles(config, 2, 2)

    on_core(config, body)
