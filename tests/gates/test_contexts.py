"""Contexts in gates: random networks against the naive reference, banks on the bus, and what a chip without lacks."""

from itertools import product

import pytest
from gates.test_neuron import pipelined
from neurocorex.spec import Control, CoreConfig, Learning, Region
from neurocorex_hdl.neurons.input import Drive
from support.corebench import on_core
from support.corecompare import equal_on_random_networks

EXPONENTIAL = Learning.EXPONENTIAL
CONFIGS = {
    "usual": CoreConfig(neurons=7, inputs=3, lanes=4, max_delay=3, contexts=4),
    "one lane": CoreConfig(neurons=5, inputs=3, lanes=1, max_delay=2, contexts=2, extra_axons=3),
    "wide": CoreConfig(
        neurons=6, inputs=2, lanes=8, max_delay=3, contexts=16, state_bits=24, weight_bits=16, adaptation=False
    ),
    "a lane that learns": CoreConfig(
        neurons=4, inputs=9, lanes=1, max_delay=2, contexts=2, learning=Learning.WINDOW, window_steps=3
    ),
    "more inputs than neurons": CoreConfig(
        neurons=5, inputs=9, lanes=4, max_delay=3, contexts=2, learning=EXPONENTIAL, soft_bounds=True
    ),
    "everything": CoreConfig(
        neurons=7, inputs=3, lanes=4, max_delay=3, contexts=8, learning=EXPONENTIAL, errors=True, groups=3, rules=2,
        terms=True, eligibility=True, extra_axons=3,
    ),
}  # fmt: skip
SMALL = CONFIGS["usual"]


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_reference(name):
    on_core(CONFIGS[name], lambda core: equal_on_random_networks(core, CONFIGS[name], steps=16))


@pytest.mark.parametrize("name", ["usual", "one lane"])
def test_host_reads_and_writes_every_bank(name):
    config = CONFIGS[name]
    items = config.contexts * config.neurons
    biases = [(-1) ** item * item * 9 for item in range(items)]
    gains = [item * 67 % 4096 for item in range(items)]

    async def body(core):
        assert await core.read(Region.CONTEXT_BIAS) == [0] * items
        assert await core.read(Region.CONTEXT_GAIN) == [256] * items
        await core.write(Region.CONTEXT_BIAS, biases)
        await core.write(Region.CONTEXT_GAIN, gains)
        await core.write(Region.CONTEXT_GAIN, [4097], items - 1)
        assert await core.read(Region.CONTEXT_BIAS) == biases
        assert await core.read(Region.CONTEXT_GAIN) == [*gains[:-1], 1]
        assert await core.read(Region.BIAS) == [0] * config.neurons
        await core.write(Region.CONTROL, [config.contexts + 1], Control.CONTEXT)
        assert await core.read(Region.CONTROL, 1, Control.CONTEXT) == [1]

    on_core(config, body)


def test_drive_is_exact_for_extreme_sums_and_gains():
    """Floor goes down below zero, too, after the shift."""
    most = 1 << (SMALL.accumulator_bits - 1)
    gains, sums = [0, 1, 255, 256, 257, 4095], [-most, -3, -1, 0, 1, most - 1]
    cases = [
        {"input_sum": a, "recurrent_sum": b, "context_gain": c, "injected": x, "gain_input": 7, "gain_recurrent": shift}
        for shift in (0, 1, 7)
        for a, b, c, x in product([-most, most - 1], sums, gains, [SMALL.state_range[0], 5])
    ]
    stages = {"input_sum": 0, "recurrent_sum": 1, "context_gain": 1, "injected": 2}
    for shift in (0, 1, 7):
        mine = [case for case in cases if case["gain_recurrent"] == shift]
        shared = {"gain_input": 0, "gain_recurrent": 0}
        expected = [
            ((c["input_sum"] << 7) + (c["recurrent_sum"] << shift) * c["context_gain"] // 256 + c["injected"],)
            for c in mine
        ]
        assert pipelined(Drive(SMALL), stages | shared, ["drive"], mine, Drive.latency(SMALL)) == expected
