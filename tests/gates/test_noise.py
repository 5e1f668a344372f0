"""Noise in gates: random networks against the naive reference, and the memory on the bus."""

import pytest
from neurocorex.spec import Control, CoreConfig, Learning, Region
from support.corebench import on_core
from support.corecompare import equal_on_random_networks

EXPONENTIAL = Learning.EXPONENTIAL
CONFIGS = {
    "usual": CoreConfig(neurons=7, inputs=3, lanes=4, max_delay=3, noise=True),
    "one lane": CoreConfig(neurons=5, inputs=3, lanes=1, max_delay=2, extra_axons=3, noise=True),
    "one neuron": CoreConfig(neurons=1, inputs=1, lanes=2, max_delay=1, state_bits=24, weight_bits=16, noise=True),
    "contexts": CoreConfig(neurons=6, inputs=2, lanes=8, max_delay=3, contexts=4, adaptation=False, noise=True),
    "a lane with contexts": CoreConfig(neurons=4, inputs=2, lanes=1, max_delay=2, contexts=2, noise=True),
    "groups alone": CoreConfig(neurons=7, inputs=3, lanes=4, groups=3, noise=True),
    "windows": CoreConfig(neurons=4, inputs=9, lanes=1, max_delay=2, learning=Learning.WINDOW, noise=True),
    "everything": CoreConfig(
        neurons=7, inputs=3, lanes=4, max_delay=3, contexts=8, learning=EXPONENTIAL, errors=True, groups=3, rules=2,
        terms=True, eligibility=True, scaling=True, extra_axons=3, patterns=2, tallies=5, reports=True, noise=True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_reference(name):
    on_core(CONFIGS[name], lambda core: equal_on_random_networks(core, CONFIGS[name], steps=16))


def test_host_reads_and_writes_sizes_and_state():
    config = CONFIGS["usual"]
    sizes = [0, 1, 2, 3, 77, 1000, (1 << (config.state_bits - 1)) - 1]

    async def body(core):
        assert await core.read(Region.NOISE) == [0] * config.neurons
        await core.write(Region.NOISE, sizes)
        assert await core.read(Region.NOISE) == sizes
        assert await core.read(Region.CONTROL, 1, Control.NOISE_STATE) == [0x9E3779B9]
        await core.write(Region.CONTROL, [12345], Control.NOISE_STATE)
        assert await core.read(Region.CONTROL, 1, Control.NOISE_STATE) == [12345]

    on_core(config, body)
