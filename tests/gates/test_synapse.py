"""Weights and accumulators."""

import random

import pytest
from amaranth.hdl import Module
from neurocorex.spec import CoreConfig, Learning, Region
from neurocorex.spec import config as geometry
from neurocorex.spec.timing import neuron_spacing, row_cycles
from neurocorex_hdl.lib.bus import read_latency
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
    "errors": CoreConfig(neurons=13, inputs=6, lanes=4, learning=Learning.EXPONENTIAL, errors=True),
    "errors, short rows": CoreConfig(neurons=5, inputs=4, lanes=8, learning=Learning.EXPONENTIAL, errors=True),
}


def random_weights(config, rng):
    low, high = config.weight_range
    return [[rng.randint(low, high) for _ in range(config.neurons)] for _ in range(config.axons)]


def with_lanes(synapses, config):
    """Return the array, on a chip that learns with lanes that only give back what the host stores."""
    if not config.learning:
        return synapses
    m, lanes = Module(), synapses.plasticity.lanes
    m.submodules.synapses = synapses
    m.d.sync += [lanes.changes[lane].weight.eq(lanes.host_weight) for lane in range(config.lanes)]
    return m


async def write_rows(ctx, synapses, config, rows, region=Region.WEIGHTS):
    bus = synapses.bus
    ctx.set(bus.region, region)
    for number, row in enumerate(rows):
        for column, item in enumerate(row):
            ctx.set(bus.row, number)
            ctx.set(bus.column, column)
            ctx.set(bus.write_data, item & 0xFFFFFFFF)
            ctx.set(bus.write, 1)
            await ctx.tick()
            ctx.set(bus.write, 0)
            await ctx.tick().repeat(read_latency(config))


async def load(ctx, synapses, config, weights, feedback):
    await write_rows(ctx, synapses, config, weights)
    if config.errors:
        await write_rows(ctx, synapses, config, [feedback], Region.FEEDBACK)


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
        for index, age in sent:
            for name, stage in (("input", 3), ("recurrent", 4), ("error", 5))[: 2 + config.errors]:
                if age[0] == stage:
                    sums.setdefault(index, []).append(ctx.get(getattr(synapses.sums, f"{name}_sum")))
        sent += [(neuron, [0])] if send else []
        wait = spacing if send else wait
        await ctx.tick()
        wait -= 1
        for _, age in sent:
            age[0] += 1
    return [tuple(sums[index]) for index in range(config.neurons)]


def flags_of(config, rng):
    """Return which axons bring errors; none on a chip without."""
    return [config.errors and rng.random() < 0.4 for _ in range(config.axons)]


def expected_sums(config, weights, feedback, axons):
    kinds = (
        [axon for axon in axons if not feedback[axon] and axon < config.inputs],
        [axon for axon in axons if not feedback[axon] and axon >= config.inputs],
        [axon for axon in axons if feedback[axon]],
    )[: 2 + config.errors]
    return [tuple(sum(weights[axon][j] for axon in kind) for kind in kinds) for j in range(config.neurons)]


@pytest.mark.parametrize("deep", [False, True], ids=["shallow", "deep"])
@pytest.mark.parametrize("config", GEOMETRIES.values(), ids=GEOMETRIES)
def test_sums_are_exact_however_rows_and_neurons_are_spaced(config, deep, monkeypatch):
    monkeypatch.setattr(geometry, "SHALLOW_BANK_WORDS", 1 if deep else 2048)
    assert config.deep_banks == deep
    rng = random.Random(3)
    synapses = SynapseArray(config)
    weights, feedback = random_weights(config, rng), flags_of(config, rng)

    async def testbench(ctx):
        await load(ctx, synapses, config, weights, feedback)
        for row_pause, neuron_pause in ((0, 0), (0, 0.5), (0.6, 0), (0, 0)):
            axons = rng.sample(range(config.axons), rng.randint(0, config.axons))
            await arrive(ctx, synapses, config, axons, rng, row_pause)
            expected = expected_sums(config, weights, feedback, axons)
            assert await sweep(ctx, synapses, config, rng, neuron_pause) == expected

    simulate(with_lanes(synapses, config), testbench)


@pytest.mark.parametrize("axon", [0, 1])
@pytest.mark.parametrize("config", GEOMETRIES.values(), ids=GEOMETRIES)
def test_extreme_weights_of_all_axons_do_not_overflow(config, axon):
    synapses = SynapseArray(config)
    weights, feedback = [[config.weight_range[axon]] * config.neurons] * config.axons, [config.errors] * config.axons

    async def testbench(ctx):
        await load(ctx, synapses, config, weights, feedback)
        await arrive(ctx, synapses, config, range(config.axons), random.Random(1), 0)
        sums = await sweep(ctx, synapses, config, random.Random(1), 0)
        assert sums == expected_sums(config, weights, feedback, range(config.axons))

    simulate(with_lanes(synapses, config), testbench)


@pytest.mark.parametrize("config", GEOMETRIES.values(), ids=GEOMETRIES)
def test_rows_follow_each_other_without_a_gap(config):
    synapses = SynapseArray(config)

    async def testbench(ctx):
        cycles = await arrive(ctx, synapses, config, [0] * 7, random.Random(1), 0)
        assert cycles == 7 * row_cycles(config)

    simulate(with_lanes(synapses, config), testbench)


def test_stages_of_the_accumulators_leave_room_for_a_row_to_be_written_back():
    assert row_cycles(CoreConfig(neurons=1)) == Accumulators.WRITE_STAGE + 1
