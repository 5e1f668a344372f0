"""Synaptic scaling in gates: random networks against the naive reference, and the factor of a column by itself."""

import random

import pytest
from amaranth.hdl import Module, Signal
from neurocorex.check.trial import Trial
from neurocorex.spec import Control, CoreConfig, Learning, LearningFlag
from neurocorex.spec.registers import GATE_ALL
from neurocorex.spec.timing import scaling_cycles, sum_stages
from neurocorex_hdl.learning.scaling import ColumnFactor
from neurocorex_hdl.synapses.matrix import WeightMatrix
from support.corebench import on_core, simulate
from support.corecompare import compare, deepen, load, run_reference
from support.trials import reference_of


def chip(**sizes):
    return CoreConfig(learning=Learning.EXPONENTIAL, scaling=True, **{"max_delay": 3, **sizes})


CONFIGS = {
    "usual": chip(neurons=5, inputs=4, lanes=2, extra_axons=3),
    "one lane": chip(neurons=3, inputs=2, lanes=1),
    "one port, one lane": chip(neurons=2, inputs=1, lanes=1, weight_ports=1, soft_bounds=True),
    "more lanes than neurons": chip(neurons=3, inputs=2, lanes=16, weight_bits=16, state_bits=24, groups=2),
    "one port": chip(neurons=4, inputs=3, lanes=4, weight_ports=1, weight_bits=4),
    "eligibility": chip(neurons=4, inputs=3, lanes=4, eligibility=True, soft_bounds=True),
    "errors, groups": chip(neurons=5, inputs=3, lanes=4, errors=True, groups=3),
    "rules": chip(neurons=5, inputs=4, lanes=2, rules=2),
    "deep, rules, terms, errors": chip(
        neurons=5, inputs=3, lanes=4, rules=4, terms=True, errors=True, groups=3, soft_bounds=True, eligibility=True
    ),
}  # fmt: skip
ON = LearningFlag.ENABLE
#: Rules of a network each: what is drawn has these flags.
MODES = (ON, ON | LearningFlag.STOCHASTIC, ON | LearningFlag.SOFT | LearningFlag.ERRORS | LearningFlag.ELIGIBLE)
STEPS = 12


def networks(name):
    """Networks with a rule of each mode, and their stimuli."""
    for seed, flags in enumerate(MODES, 3 * len(name)):
        trial = Trial.random(CONFIGS[name], seed, STEPS, fixed={Control.LEARNING: flags, Control.GATE: GATE_ALL})
        stream = trial.stimulus
        # In some step a number of a row that the chip has not: nothing is scaled.
        yield trial.image, stream.setting(7, Control.SCALE, CONFIGS[name].rules + 1)


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_reference(monkeypatch, name):
    if name.startswith("deep"):
        deepen(monkeypatch)
    config, scaled = CONFIGS[name], 0

    async def body(core):
        nonlocal scaled
        for image, stream in networks(name):
            reference = reference_of(image)
            run_reference(reference, stream, config)
            scaled += reference.scaled
            await load(core, image)
            await core.run(stream.encode())
            await compare(core, reference, config)

    on_core(config, body)
    assert scaled > 2


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_factor_is_the_quotient_within_its_limit(bits):
    """Sums and targets at random, at the ends of their ranges, and where the quotient is at its limit."""
    config, rng = chip(neurons=3, inputs=30, lanes=4, weight_bits=bits), random.Random(bits)
    low, high = config.weight_range
    top = (1 << (bits + 11)) - 1
    cases = [([high] * 12, top), ([low] * 12, top), ([0] * 12, 7), ([1], top), ([3], 27), ([3], 26), ([high], 0)]
    cases += [([high] * 12, 12 * high), ([4], 36), ([4], 35), ([-1, 1], 5), ([-1, 2], 9), ([-1, 2], 8)]
    for _ in range(60):
        weights = [rng.randint(low // rng.choice([1, 8]), high) for _ in range(12)]
        cases.append((weights, rng.choice([rng.randint(0, top), rng.randint(0, 12 * high)])))
    column, found = ColumnFactor(config), []

    async def testbench(ctx):
        async def tick(count):
            await ctx.tick().repeat(count)

        for weights, target in cases:
            ctx.set(column.control.target, target)
            ctx.set(column.scaling.adding, 1)
            ctx.set(column.scaling.start, 1)
            await tick(1)
            ctx.set(column.scaling.start, 0)
            padded = weights + [0] * (-len(weights) % config.lanes)
            groups = [padded[at : at + config.lanes] for at in range(0, len(padded), config.lanes)]
            latency = WeightMatrix.latency(config)
            for cycle in range(len(groups) + latency):
                ctx.set(column.piece.valid, cycle < len(groups))
                ctx.set(column.scaling.divide, cycle == len(groups))
                for lane in range(config.lanes):
                    group = cycle - latency
                    # What is not plastic has no part in it, nor what comes when nothing was wanted.
                    weight = groups[group][lane] if group >= 0 else 5
                    ctx.set(column.synapses[lane].weight, weight if weight else high)
                    ctx.set(column.synapses[lane].plastic, weight != 0)
                await tick(1)
            ctx.set(column.scaling.divide, 0)
            ctx.set(column.scaling.adding, 0)
            await tick(scaling_cycles(config) - latency)
            found.append(ctx.get(column.factor))
            await tick(3)
            assert ctx.get(column.factor) == found[-1]

    m = Module()
    m.submodules.column = column
    m.d.sync += Signal().eq(0)
    simulate(m, testbench)
    for (weights, target), factor in zip(cases, found, strict=True):
        total = sum(weights)
        wanted = min(target * 4096 // total - 4096, 32767) if total > 0 else 0
        assert factor == wanted, (weights, target)
    assert sum_stages(config) == 3
