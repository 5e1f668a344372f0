"""Weights and accumulators."""

import random

import pytest
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec import config as geometry
from neurocorex.spec.timing import neuron_spacing, row_cycles
from neurocorex_hdl.synapses.accumulator import Accumulators
from neurocorex_hdl.synapses.array import SynapseArray
from neurocorex_hdl.synapses.axons import AxonKind
from support.corebench import simulate

GEOMETRIES = {
    "one lane": CoreConfig(neurons=5, inputs=3, lanes=1, weight_bits=4),
    "two lanes, short rows": CoreConfig(neurons=3, inputs=4, lanes=2, weight_bits=4),
    "rows as long as the pipeline": CoreConfig(neurons=6, inputs=2, lanes=2, weight_bits=8),
    "rows one longer": CoreConfig(neurons=8, inputs=2, lanes=2, weight_bits=8),
    "last group not full": CoreConfig(neurons=13, inputs=6, lanes=4, weight_bits=16),
    "one group": CoreConfig(neurons=8, inputs=5, lanes=8, weight_bits=8),
    "more lanes than neurons": CoreConfig(neurons=3, inputs=2, lanes=16, weight_bits=8),
    "one neuron": CoreConfig(neurons=1, inputs=1, lanes=1, weight_bits=8),
}


def random_weights(config, rng):
    low, high = config.weight_range
    return [[rng.randint(low, high) for _ in range(config.neurons)] for _ in range(config.axons)]


async def write_weights(ctx, synapses, weights):
    bus = synapses.bus
    ctx.set(bus.region, Region.WEIGHTS)
    for axon, row in enumerate(weights):
        for neuron, weight in enumerate(row):
            ctx.set(bus.row, axon)
            ctx.set(bus.column, neuron)
            ctx.set(bus.write_data, weight & 0xFFFFFFFF)
            ctx.set(bus.write, 1)
            await ctx.tick()
            ctx.set(bus.write, 0)
            await ctx.tick()


async def arrive(ctx, synapses, config, axons, rng, pause):
    """Offer rows; return the cycles that passed until the array was ready for a further one."""
    cycles = 0
    for axon in axons:
        while rng.random() < pause:
            await ctx.tick()
            cycles += 1
        inner = axon >= config.inputs
        kind = AxonKind.RECURRENT if inner else AxonKind.INPUT
        ctx.set(synapses.rows.payload, {"kind": kind, "index": axon - config.inputs * inner})
        ctx.set(synapses.rows.valid, 1)
        ready = False
        while not ready:
            *_, ready = await ctx.tick().sample(synapses.rows.ready)
            cycles += 1
        ctx.set(synapses.rows.valid, 0)
    while not ctx.get(synapses.rows.ready):
        await ctx.tick()
        cycles += 1
    return cycles


async def sweep(ctx, synapses, config, rng, pause):
    """Take the sums of all neurons; begin as early as is allowed."""
    sums, spacing, sent = {}, neuron_spacing(config), []
    wait = 2 + config.bank_stages
    for _ in range(20 * config.neurons + 20):
        neuron = len(sent)
        send = neuron < config.neurons and wait <= 0 and rng.random() >= pause
        ctx.set(synapses.sums.take, send)
        ctx.set(synapses.sums.index, neuron if send else 0)
        input_sum, recurrent_sum = ctx.get(synapses.sums.input_sum), ctx.get(synapses.sums.recurrent_sum)
        for index, age in sent:
            if age[0] == 3:
                sums[index] = [input_sum]
            elif age[0] == 4:
                sums[index].append(recurrent_sum)
        sent += [(neuron, [0])] if send else []
        wait = spacing if send else wait
        await ctx.tick()
        wait -= 1
        for _, age in sent:
            age[0] += 1
    return [tuple(sums[index]) for index in range(config.neurons)]


def expected_sums(config, weights, axons):
    def total(neuron, chosen):
        return sum(weights[axon][neuron] for axon in chosen)

    return [
        (
            total(neuron, [axon for axon in axons if axon < config.inputs]),
            total(neuron, [axon for axon in axons if axon >= config.inputs]),
        )
        for neuron in range(config.neurons)
    ]


@pytest.mark.parametrize("deep", [False, True], ids=["shallow", "deep"])
@pytest.mark.parametrize("config", GEOMETRIES.values(), ids=GEOMETRIES)
def test_sums_are_exact_however_rows_and_neurons_are_spaced(config, deep, monkeypatch):
    monkeypatch.setattr(geometry, "SHALLOW_BANK_WORDS", 1 if deep else 2048)
    assert config.deep_banks == deep
    rng = random.Random(3)
    synapses = SynapseArray(config)
    weights = random_weights(config, rng)

    async def testbench(ctx):
        await write_weights(ctx, synapses, weights)
        for row_pause, neuron_pause in ((0, 0), (0, 0.5), (0.6, 0), (0, 0)):
            axons = rng.sample(range(config.axons), rng.randint(0, config.axons))
            await arrive(ctx, synapses, config, axons, rng, row_pause)
            assert await sweep(ctx, synapses, config, rng, neuron_pause) == expected_sums(config, weights, axons)

    simulate(synapses, testbench)


@pytest.mark.parametrize("axon", [0, 1])
@pytest.mark.parametrize("config", GEOMETRIES.values(), ids=GEOMETRIES)
def test_extreme_weights_of_all_axons_do_not_overflow(config, axon):
    synapses = SynapseArray(config)
    weights = [[config.weight_range[axon]] * config.neurons] * config.axons

    async def testbench(ctx):
        await write_weights(ctx, synapses, weights)
        await arrive(ctx, synapses, config, range(config.axons), random.Random(1), 0)
        sums = await sweep(ctx, synapses, config, random.Random(1), 0)
        assert sums == expected_sums(config, weights, range(config.axons))

    simulate(synapses, testbench)


@pytest.mark.parametrize("config", GEOMETRIES.values(), ids=GEOMETRIES)
def test_rows_follow_each_other_without_a_gap(config):
    synapses = SynapseArray(config)

    async def testbench(ctx):
        cycles = await arrive(ctx, synapses, config, [0] * 7, random.Random(1), 0)
        assert cycles == 7 * row_cycles(config)

    simulate(synapses, testbench)


def test_stages_of_the_accumulators_leave_room_for_a_row_to_be_written_back():
    assert row_cycles(CoreConfig(neurons=1)) == Accumulators.WRITE_STAGE + 1
