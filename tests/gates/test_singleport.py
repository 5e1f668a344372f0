"""Weights in memories with a single port: the same results, in the cycles of the formula, and zero at first."""

import random

import pytest
from neurocorex.spec import CoreConfig, Learning, Region
from neurocorex.spec.timing import column_cycles, row_cycles
from support.corebench import on_core
from support.coretrial import Twins, random_regions, random_steps

EXPONENTIAL, WINDOW = Learning.EXPONENTIAL, Learning.WINDOW
CONFIGS = {
    "no learning": CoreConfig(weight_ports=1, neurons=6, inputs=5, lanes=4, extra_axons=3),
    "exponential": CoreConfig(weight_ports=1, learning=EXPONENTIAL, neurons=6, inputs=5, lanes=2, max_delay=4),
    "single group": CoreConfig(weight_ports=1, learning=EXPONENTIAL, neurons=4, inputs=3, lanes=4, max_delay=2),
    "soft bounds": CoreConfig(
        weight_ports=1, learning=EXPONENTIAL, neurons=5, inputs=6, lanes=2, soft_bounds=True, extra_axons=3
    ),
    "window": CoreConfig(weight_ports=1, learning=WINDOW, neurons=7, inputs=5, lanes=4, window_steps=4, extra_axons=5),
    "one lane": CoreConfig(weight_ports=1, learning=EXPONENTIAL, neurons=4, inputs=3, lanes=1),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_emulator(name):
    config, rng = CONFIGS[name], random.Random(name)

    async def body(core):
        twins = Twins(core)
        for pace in ({}, {"pause": 0.3}, {"block": 0.6}):
            await twins.load(random_regions(config, rng))
            await twins.run(*random_steps(config, rng, 16), **pace)
            await twins.compare()

    on_core(config, body)


@pytest.mark.parametrize("name", ["no learning", "exponential"])
def test_weights_are_zero_before_anything_is_answered(name):
    async def body(core):
        for region in (Region.WEIGHTS, Region.PLASTIC)[: 1 + bool(core.core.config.learning)]:
            assert not any(await core.read(region)), region.name

    on_core(CONFIGS[name], body)


def test_only_learning_takes_a_second_cycle():
    one, two = ({"weight_ports": ports, "neurons": 64, "inputs": 64, "lanes": 4} for ports in (1, 2))
    assert row_cycles(CoreConfig(**one)) == row_cycles(CoreConfig(**two)) == 16
    assert row_cycles(CoreConfig(**one, learning=EXPONENTIAL)) == 2 * row_cycles(CoreConfig(**two)) == 32
    assert column_cycles(CoreConfig(**one, learning=EXPONENTIAL)) == 2 * column_cycles(CoreConfig(**two))
