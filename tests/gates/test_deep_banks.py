"""Deep banks, whose weights pass a register behind their block RAMs: the same results, in the cycles of the formula.

A real one has thousands of words, which take long to simulate. So the limits are lowered here for all but one test.
"""

import random
from dataclasses import replace

import pytest
from neurocorex.spec import Control, CoreConfig, Counter, Learning, Region, Step
from neurocorex.spec import config as geometry
from neurocorex.spec import memories as spec_memories
from neurocorex.spec.timing import busy_cycles, column_drain
from neurocorex_hdl.synapses import banks
from support.corebench import on_core
from support.coretrial import Twins, random_regions, random_steps

EXPONENTIAL, WINDOW = Learning.EXPONENTIAL, Learning.WINDOW
CONFIGS = {
    "no learning": CoreConfig(neurons=9, inputs=7, lanes=4, max_delay=3, extra_axons=3),
    "exponential": CoreConfig(learning=EXPONENTIAL, neurons=6, inputs=5, lanes=2, max_delay=4),
    "soft bounds": CoreConfig(
        learning=EXPONENTIAL, neurons=5, inputs=6, lanes=4, max_delay=3, soft_bounds=True, extra_axons=3
    ),
    "window": CoreConfig(learning=WINDOW, neurons=5, inputs=5, lanes=4, max_delay=3, window_steps=2, extra_axons=3),
    "soft window": CoreConfig(
        learning=WINDOW, neurons=3, inputs=9, lanes=8, weight_bits=4, window_steps=2, max_delay=2, soft_bounds=True
    ),
    "more inputs than neurons": CoreConfig(learning=EXPONENTIAL, neurons=2, inputs=19, lanes=2, max_delay=2),
    "one lane": CoreConfig(learning=WINDOW, neurons=4, inputs=3, lanes=1, window_steps=1, extra_axons=2),
    "single neuron": CoreConfig(learning=EXPONENTIAL, neurons=1, inputs=9, lanes=1, max_delay=2),
}  # fmt: skip


@pytest.fixture
def shallow(monkeypatch):
    """Every bank of more than 4 words is deep, and has pieces of 16 words."""
    monkeypatch.setattr(geometry, "SHALLOW_BANK_WORDS", 4)
    for module in (spec_memories, banks):
        monkeypatch.setattr(module, "piece_words", lambda config: 16)


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_emulator(shallow, name):
    config, rng = CONFIGS[name], random.Random(name)
    assert config.deep_banks

    async def body(core):
        twins = Twins(core)
        for pace in ({}, {"pause": 0.3, "block": 0.6}):
            await twins.load(random_regions(config, rng))
            await twins.run(*random_steps(config, rng, 8), **pace)
            await twins.compare()

    on_core(config, body)


@pytest.mark.parametrize("learning", Learning)
def test_a_part_in_use_has_the_register_of_the_whole_chip(monkeypatch, learning):
    whole = CoreConfig(learning=learning, neurons=64, inputs=64, lanes=16, window_steps=1)
    monkeypatch.setattr(geometry, "SHALLOW_BANK_WORDS", whole.weight_words - 1)
    part = whole.in_use(1, 1)
    assert whole.deep_banks
    assert not part.deep_banks

    async def body(core):
        twins = Twins(core)
        await twins.load({Region.IN_USE: [1, 1]})
        await twins.run(Step((0, 1)), Step(), Step((3,)))
        counters = await core.counters()
        assert counters[Counter.BUSY_CYCLES] == busy_cycles(part, 3, 3, chip=whole)
        later = 4 if learning else 2
        assert counters[Counter.BUSY_CYCLES] == busy_cycles(part, 3, 3) + 3 * later

    on_core(whole, body)


def test_fold_of_a_drift_stalls_no_longer_than_its_words(shallow):
    config = CoreConfig(learning=WINDOW, window_steps=2, weight_bits=4, neurons=5, inputs=4, lanes=2)

    async def body(core):
        twins = Twins(core)
        await twins.load(random_regions(config, random.Random(3)))
        await twins.load({Region.PLASTIC: [1] * (config.axons * config.neurons)})
        for drift in (5, -3, 5):
            await core.write(Region.CONTROL, [drift], Control.DRIFT_STEP)
            twins.emulator.write(Region.CONTROL, [drift], Control.DRIFT_STEP)
            await twins.run(*[Step()] * 3)
            await twins.compare()

    on_core(config, body)


def test_a_real_deep_bank():
    config = CoreConfig(neurons=32, inputs=33, lanes=1, max_delay=2)
    assert config.weight_words == 2080
    assert config.deep_banks

    async def body(core):
        twins = Twins(core)
        rng = random.Random(9)
        low, high = config.weight_range
        for first in (0, 2048):
            weights = [rng.randint(low, high) for _ in range(32)]
            await core.write(Region.WEIGHTS, weights, first)
            twins.emulator.write(Region.WEIGHTS, weights, first)
            assert await core.read(Region.WEIGHTS, 32, first) == weights
        await twins.load({Region.THRESHOLD: [20] * 32, Region.DELAY: [1] * 32, Region.FLAGS: [3] * 32})
        await twins.run(*[Step((0, 1, 31, 32))] * 3)
        assert (await core.counters())[Counter.BUSY_CYCLES] == twins.emulator.counters[Counter.BUSY_CYCLES]

    on_core(config, body)


def test_which_banks_are_deep_and_what_it_costs():
    shallow = CoreConfig(neurons=128, inputs=128, lanes=16, learning=EXPONENTIAL)
    deep = replace(shallow, inputs=129)
    assert (shallow.weight_words, shallow.deep_banks) == (2048, False)
    assert (deep.weight_words, deep.deep_banks) == (2176, True)
    assert not replace(deep, weight_ports=1).deep_banks
    assert (column_drain(shallow), column_drain(deep)) == (6, 8)
    assert busy_cycles(deep, 1, 0) == busy_cycles(replace(deep, weight_ports=1), 1, 0) + 4
    no_learning = replace(deep, learning=Learning.NONE)
    assert busy_cycles(no_learning, 1, 0) == busy_cycles(replace(no_learning, weight_ports=1), 1, 0) + 2


@pytest.mark.parametrize("weight_bits", [4, 8, 16])
@pytest.mark.parametrize(("neurons", "inputs"), [(1, 1), (1, 2047), (1, 2048), (2, 4094), (3, 2728), (8, 2552)])
def test_pieces_of_a_bank_have_all_its_words(neurons, inputs, weight_bits):
    config = CoreConfig(neurons=neurons, inputs=inputs, lanes=1, weight_bits=weight_bits)
    pieces = spec_memories.bank_pieces(config)
    assert sum(depth for _, depth in pieces) == config.weight_words
    most = {4: 8192, 8: 2048, 16: 1024}[weight_bits] if config.deep_banks else 2048
    assert all(depth <= most for _, depth in pieces)
    assert len({name for name, _ in pieces}) == len(pieces)
