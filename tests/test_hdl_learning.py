"""Learning in gates, in a whole core: every rule, rounding and bound against the emulator."""

import random

import pytest
from corebench import on_core
from coretrial import Twins, random_regions, random_steps
from neurocorex.spec import CoreConfig, Learning

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
    "single neuron": CoreConfig(learning=EXPONENTIAL, neurons=1, inputs=1, lanes=1),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_emulator(name):
    config, rng = CONFIGS[name], random.Random(name)

    async def body(core):
        twins = Twins(core)
        for pace in ({}, {"pause": 0.3}, {"block": 0.6}, {}):
            await twins.load(random_regions(config, rng))
            for _ in range(2):
                await twins.run(*random_steps(config, rng, 20), **pace)
                await twins.compare()

    on_core(config, body)
