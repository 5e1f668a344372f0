"""Learning in gates, in a whole core: every rule, rounding and bound against the emulator."""

import random
from dataclasses import replace

import pytest
from neurocorex.spec import Control, CoreConfig, Counter, Learning, LearningFlag, Region, encode_steps, regions
from neurocorex.spec.config import TABLE_STEPS
from neurocorex.spec.registers import GATE_ALL, MODEL_COUNTERS
from support.corebench import on_core
from support.coretrial import Twins, random_regions, random_steps

EXPONENTIAL, WINDOW = Learning.EXPONENTIAL, Learning.WINDOW
CONFIGS = {
    "exponential": CoreConfig(learning=EXPONENTIAL, neurons=6, inputs=5, lanes=2, state_bits=18, max_delay=4),
    "window": CoreConfig(learning=WINDOW, neurons=7, inputs=5, lanes=4, state_bits=18, max_delay=3, window_steps=4),
    "soft bounds": CoreConfig(
        learning=EXPONENTIAL, neurons=5, inputs=6, lanes=4, state_bits=18, max_delay=3, soft_bounds=True, extra_axons=6
    ),
    "soft window": CoreConfig(
        learning=WINDOW, neurons=3, inputs=9, lanes=8, weight_bits=4, window_steps=3, soft_bounds=True, extra_axons=3
    ),
    "wide": CoreConfig(
        learning=EXPONENTIAL, neurons=9, inputs=3, lanes=4, weight_bits=16, state_bits=24, trace_bits=16
    ),
    "more inputs than neurons": CoreConfig(learning=EXPONENTIAL, neurons=2, inputs=19, lanes=2, trace_bits=4),
    "one lane": CoreConfig(learning=WINDOW, neurons=4, inputs=3, lanes=1, window_steps=1, extra_axons=2),
    "long window": CoreConfig(
        learning=WINDOW, neurons=5, inputs=4, lanes=4, weight_bits=4, window_steps=11, max_delay=2, extra_axons=2
    ),
    "single neuron": CoreConfig(learning=EXPONENTIAL, neurons=1, inputs=1, lanes=1),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_emulator(name):
    config, rng = CONFIGS[name], random.Random(name)

    async def body(core):
        twins = Twins(core)
        # To write a large table takes longer than many steps.
        for pace in ({}, {"pause": 0.3}, {"block": 0.6}, {})[: 1 if config.window_steps > TABLE_STEPS else None]:
            await twins.load(random_regions(config, rng))
            await twins.run(*random_steps(config, rng, 16), **pace)
            await twins.compare()

    on_core(config, body)


@pytest.mark.parametrize("learning", [EXPONENTIAL, WINDOW])
def test_lanes_do_not_change_results(learning):
    config = CoreConfig(learning=learning, neurons=6, inputs=5, extra_axons=3, max_delay=4, window_steps=3)
    rng = random.Random(f"lanes {learning}")
    start, data = random_regions(config, rng), encode_steps(random_steps(config, rng, 25))
    start[Region.CONTROL][Control.LEARNING] = LearningFlag.ENABLE | LearningFlag.STOCHASTIC
    start[Region.CONTROL][Control.GATE] = GATE_ALL
    start[Region.FLAGS] = [0] * config.neurons
    outcomes = []

    async def body(core):
        for region, items in start.items():
            await core.write(region, items)
        results = await core.run(data)
        counters = await core.counters()
        state = {region: await core.read(region) for region in regions(config) if region in start}
        counted = [counters[counter] for counter in MODEL_COUNTERS if counter is not Counter.BUSY_CYCLES]
        outcomes.append((results, counted, state))

    for lanes in (1, 4, 16):
        on_core(replace(config, lanes=lanes), body)
    assert outcomes[0][2][Region.WEIGHTS] != start[Region.WEIGHTS]
    assert outcomes[0] == outcomes[1] == outcomes[2]
