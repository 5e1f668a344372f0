"""Eligibility in gates: random networks against the emulator, single walks, and how a host reaches eligibilities."""

import random
from itertools import product

import pytest
from neurocorex.check.drawing import Drawing
from neurocorex.spec import Control, CoreConfig, Counter, Learning, LearningFlag, Region, Step, layout
from neurocorex.spec.events import IDLE, Set, encode_steps
from neurocorex.spec.fixed import FADE_ALL
from neurocorex.spec.registers import GATE_ALL
from neurocorex.spec.timing import busy_cycles
from neurocorex_hdl.synapses.update import SynapseUpdate
from support.corebench import on_core, simulate
from support.corecompare import deepen
from support.coretrial import Twins, steps_of


def chip(**sizes):
    return CoreConfig(learning=Learning.EXPONENTIAL, eligibility=True, **{"max_delay": 3, **sizes})


CONFIGS = {
    "usual": chip(neurons=5, inputs=4, lanes=2),
    "extra axons": chip(neurons=4, inputs=3, lanes=2, extra_axons=3),
    "one lane": chip(neurons=3, inputs=2, lanes=1),
    "one neuron": chip(neurons=1, inputs=1, lanes=1, weight_bits=16),
    "shortest columns": chip(neurons=4, inputs=4, lanes=4),
    "more lanes than neurons": chip(neurons=3, inputs=2, lanes=16, weight_bits=16, state_bits=24),
    "one port": chip(neurons=4, inputs=3, lanes=4, weight_ports=1),
    "one port, one lane": chip(neurons=2, inputs=1, lanes=1, weight_ports=1, soft_bounds=True),
    "soft bounds": chip(neurons=3, inputs=3, lanes=4, soft_bounds=True, adaptation=False),
    "narrow": chip(neurons=3, inputs=3, lanes=2, weight_bits=4, trace_bits=4, state_bits=16, max_delay=1),
    "errors": chip(neurons=4, inputs=3, lanes=4, errors=True),
    "errors, one port": chip(neurons=3, inputs=3, lanes=4, errors=True, weight_ports=1, trace_bits=16),
    "deep": chip(neurons=4, inputs=5, lanes=4, extra_axons=2),
    "deep, shortest columns": chip(neurons=4, inputs=4, lanes=4, soft_bounds=True),
    "deep, errors": chip(neurons=3, inputs=3, lanes=4, errors=True),
    "rules": chip(neurons=5, inputs=4, lanes=2, rules=2),
    "terms": chip(neurons=4, inputs=3, lanes=2, terms=True, extra_axons=2),
    "rules, terms, soft bounds": chip(neurons=4, inputs=3, lanes=4, rules=4, terms=True, soft_bounds=True),
    "rules, errors": chip(neurons=4, inputs=3, lanes=4, rules=2, errors=True, groups=2),
    "terms, errors": chip(neurons=3, inputs=3, lanes=4, terms=True, errors=True, weight_ports=1),
    "deep, rules, terms, errors": chip(
        neurons=4, inputs=3, lanes=4, rules=4, terms=True, errors=True, groups=3, soft_bounds=True
    ),
}  # fmt: skip
GATHER = LearningFlag.ENABLE | LearningFlag.ELIGIBLE
#: What is not drawn: rules that gather in a row, the last two by way of the flags that have no part in it.
MODES = (
    GATHER,
    GATHER | LearningFlag.STOCHASTIC,
    GATHER | LearningFlag.SOFT | LearningFlag.ERRORS,
    LearningFlag.ENABLE,
)
STEPS = 12


@pytest.fixture
def banks_of(monkeypatch):
    """Make the banks deep whose chip is called so."""

    def change(name):
        if name.startswith("deep"):
            deepen(monkeypatch)

    return change


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_emulator(banks_of, name):
    banks_of(name)
    config = CONFIGS[name]

    async def body(core):
        twins = Twins(core)
        for seed, flags in enumerate(MODES, 8 + 4 * len(name)):
            fixed = {Control.LEARNING: flags, Control.GATE: GATE_ALL}
            drawing = Drawing(config, seed, fixed if seed % 3 else {Control.LEARNING: flags})
            await twins.load({
                region: items.ravel().tolist()
                for region, items in drawing.regions().items() if layout(region, config).writable
            })  # fmt: skip
            await twins.run(*steps_of(drawing.stimulus(STEPS)))
            await twins.compare()

    on_core(config, body)


SMALL = chip(neurons=4, inputs=3, lanes=4)


async def prepare(core, *, learning=GATHER, **regions):
    """Prepare a core whose synapses are all plastic, weights 0, and whose neurons fire when forced to."""
    config, (low, high) = core.core.config, core.core.config.weight_range
    registers = {
        Control.LEARNING: learning, Control.WEIGHT_MIN: low, Control.WEIGHT_MAX: high, Control.MODULATION: 256,
        Control.GATE: GATE_ALL,
    }  # fmt: skip
    for register, value in registers.items():
        await core.write(Region.CONTROL, [value], register)
    content = {Region.PLASTIC: [1] * (config.axons * config.neurons), Region.THRESHOLD: [100] * config.neurons}
    for region, values in (content | {Region[name.upper()]: values for name, values in regions.items()}).items():
        await core.write(region, values)


def step(**registers):
    return Step((), (), tuple(Set(Control[name.upper()], value % (1 << 16)) for name, value in registers.items()))


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("soft", [False, True])
def test_every_eligibility_fades_by_every_part(bits, soft):
    config = chip(weight_bits=bits, soft_bounds=soft)
    update, latency = SynapseUpdate(config), SynapseUpdate.latency(config)
    held = range(-(1 << (bits - 1)), 1 << (bits - 1))
    faded = []

    async def testbench(ctx):
        ctx.set(update.enable, 1)
        ctx.set(update.synapse.plastic, 1)
        ctx.set(update.rule.rewards, 1)
        for k in range(16):
            ctx.set(update.rule.fade, k)
            for c in (*held, *[0] * latency):
                ctx.set(update.synapse.eligibility, c)
                ctx.set(update.synapse.weight, c // 2)
                *_, result = await ctx.tick().sample(update.result)
                faded.append((result.eligibility, result.weight, result.changed))

    simulate(update, testbench)
    for k in range(16):
        found = faded[k * (len(held) + latency) + latency :][: len(held)]
        for c, (left, weight, stored) in zip(held, found, strict=True):
            lost = 0 if k == 0 else abs(c) if k == FADE_ALL else -(-abs(c) // 2**k)
            assert left == (c - lost if c > 0 else c + lost), (k, c)
            assert (weight, stored) == (c // 2, 1)


@pytest.mark.parametrize("factor", [256, -256, 128, 700, 32767, -32768])
def test_reward_brings_eligibilities_to_weights_within_their_bounds(factor):
    held = [-128, -127, -70, -3, -1, 0, 1, 2, 5, 90, 126, 127]
    config = chip(neurons=len(held), inputs=1, lanes=16)

    async def body(core):
        await prepare(core, plastic=[1] * (len(held) - 1), eligibility=held, learning=LearningFlag.ENABLE)
        await core.write(Region.CONTROL, [-100, 100], Control.WEIGHT_MIN)
        await core.run(encode_steps([step(reward=factor)]))
        called = [min(max(c * factor, -(1 << 15)), (1 << 15) - 1) for c in held[:-1]]
        changes = [abs(p) // 256 * (1 if p > 0 else -1) for p in called]
        assert await core.read(Region.WEIGHTS, len(held)) == [*(min(max(c, -100), 100) for c in changes), 0]
        assert await core.read(Region.ELIGIBILITY, len(held)) == held
        counters = await core.counters()
        assert counters[Counter.POTENTIATIONS] == sum(change > 0 for change in changes)
        assert counters[Counter.DEPRESSIONS] == sum(change < 0 for change in changes)
        assert counters[Counter.CLIPS_HIGH] == sum(change > 100 for change in changes)

    on_core(config, body)


@pytest.mark.parametrize("name", ["one neuron", "shortest columns", "one port, one lane", "deep, shortest columns"])
def test_column_that_was_changed_is_rewarded_as_it_is_now(banks_of, name):
    """A spike and a reward in one step: the second walk reads what the first has written."""
    banks_of(name)
    config = CONFIGS[name]
    top, half = config.weight_range[1], 1 << (config.trace_bits - 1)

    async def body(core):
        await prepare(core, plastic=[1] * (config.axons * config.neurons), pre_trace=[half] * config.axons)
        await core.write(Region.THRESHOLD, [-1] * config.neurons)
        await core.write(Region.CONTROL, [2 * 3 * 256], Control.POTENTIATION)
        await core.run(encode_steps([step(reward=512, fade=1)]))
        count = config.axons * config.neurons
        assert await core.read(Region.WEIGHTS) == [min(6, top)] * count
        assert await core.read(Region.ELIGIBILITY) == [1] * count
        cycles = busy_cycles(config, 1, 0, 2 * config.neurons, rewards=1)
        assert (await core.counters())[Counter.BUSY_CYCLES] == cycles

    on_core(config, body)


@pytest.mark.parametrize("learning", [0, LearningFlag.ENABLE, GATHER])
@pytest.mark.parametrize("gate", [GATE_ALL, 3])
def test_first_step_takes_reward_and_fade(learning, gate):
    async def body(core):
        await prepare(core, learning=learning, eligibility=[8] * (7 * 4))
        await core.write(Region.CONTROL, [gate], Control.GATE)
        await core.run(bytes([*encode_steps([step(reward=256, fade=2)])[:-1], IDLE, 3, 0]))
        assert await core.read(Region.CONTROL, 2, Control.REWARD) == [0, 0]
        walked = [bool(learning) and gate in (GATE_ALL, j) for j in range(4)] * 7
        assert await core.read(Region.WEIGHTS) == [8 * each for each in walked]
        assert await core.read(Region.ELIGIBILITY) == [6 if each else 8 for each in walked]
        columns = sum(walked) // 7
        cycles = busy_cycles(SMALL, 3, 0, columns, rewards=columns > 0)
        assert (await core.counters())[Counter.BUSY_CYCLES] == cycles

    on_core(SMALL, body)


@pytest.mark.parametrize("name", ["usual", "one port", "deep"])
@pytest.mark.parametrize("learning", [0, GATHER])
def test_host_writes_parts_of_a_synapse_one_by_one(banks_of, name, learning):
    banks_of(name)
    config = CONFIGS[name]
    rng = random.Random(1)
    parts = {Region.WEIGHTS: config.weight_range, Region.PLASTIC: (0, 1), Region.ELIGIBILITY: config.weight_range}

    async def body(core):
        await core.write(Region.CONTROL, [learning], Control.LEARNING)
        count = config.axons * config.neurons
        held = {region: [rng.randint(*limits) for _ in range(count)] for region, limits in parts.items()}
        for region, values in held.items():
            await core.write(region, values)
        for item, region in product(rng.sample(range(count), 8), parts):
            held[region][item] = rng.randint(*parts[region])
            await core.write(region, [held[region][item]], item)
        for region, values in held.items():
            assert await core.read(region) == values, region.name

    on_core(config, body)
