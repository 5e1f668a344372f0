"""Rotators, rows, columns, draws and lanes in gates: every turn, and every change of a narrow synapse."""

import random

import pytest
from amaranth.hdl import Module, Signal
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.fixed import advance, draw, saturate
from neurocorex.spec.timing import column_cycles, row_cycles
from neurocorex_hdl.learning.random import Draws
from neurocorex_hdl.synapses.access import ColumnReader, RowReader
from neurocorex_hdl.synapses.axons import AxonFinder, AxonKind, AxonRow
from neurocorex_hdl.synapses.banks import Rotator
from neurocorex_hdl.synapses.update import SynapseUpdate
from support.corebench import simulate

NARROW = CoreConfig(learning=Learning.EXPONENTIAL, weight_bits=4, neurons=4, inputs=4, lanes=4)
SOFT = CoreConfig(learning=Learning.EXPONENTIAL, weight_bits=4, neurons=4, inputs=4, lanes=4, soft_bounds=True)
GEOMETRIES = {
    "uneven": CoreConfig(learning=Learning.EXPONENTIAL, neurons=11, inputs=6, extra_axons=5, lanes=4),
    "one lane": CoreConfig(learning=Learning.EXPONENTIAL, neurons=3, inputs=2, lanes=1),
    "more lanes than axons": CoreConfig(learning=Learning.EXPONENTIAL, neurons=3, inputs=2, lanes=16),
}
geometries = pytest.mark.parametrize("config", GEOMETRIES.values(), ids=GEOMETRIES)


def axons(config):
    """Kind and index of every axon, in the order of the model."""
    counts = (config.inputs, config.neurons, config.extra_axons)
    return [(kind, index) for kind, count in zip(AxonKind, counts, strict=True) for index in range(count)]


def row_number(config, kind, index):
    """Row of an axon in the banks: each kind begins with a multiple of L."""
    first = {AxonKind.INPUT: 0, AxonKind.RECURRENT: config.input_blocks}
    return first.get(kind, config.input_blocks + config.groups) * config.lanes + index


def clocked(**components):
    """Return a module of components, some of which may have no registers."""
    m = Module()
    m.d.sync += Signal(name="beat").eq(1)
    for name, component in components.items():
        m.submodules[name] = component
    return m


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
def test_rotators_turn_every_way_and_back(lanes):
    config = CoreConfig(lanes=lanes)
    there, back = Rotator(config, 8), Rotator(config, 8, back=True)
    content = [3 * place + 1 for place in range(lanes)]

    async def testbench(ctx):
        for amount in range(lanes):
            for rotator, sign in ((there, 1), (back, -1)):
                ctx.set(rotator.given, content)
                ctx.set(rotator.amount, amount)
                turned = [ctx.get(rotator.turned[place]) for place in range(lanes)]
                assert turned == [content[(place + sign * amount) % lanes] for place in range(lanes)]

    simulate(clocked(there=there, back=back), testbench)


@geometries
def test_axons_have_rows_of_their_own(config):
    finder, row = AxonFinder(config), AxonRow(config)
    m = clocked(finder=finder, row=row)
    m.d.comb += row.axon.eq(finder.axon)

    async def testbench(ctx):
        for number, (kind, index) in enumerate(axons(config)):
            ctx.set(finder.number, number)
            assert (ctx.get(finder.axon.kind), ctx.get(finder.axon.index)) == (kind, index)
            assert ctx.get(row.row) == row_number(config, kind, index)

    simulate(m, testbench)


async def pieces_of(ctx, reader, stream, payloads, cycles):
    """Pieces of rows or columns that follow each other without a gap."""
    pieces = []
    for payload in payloads:
        ctx.set(stream.payload, payload)
        ctx.set(stream.valid, 1)
        assert ctx.get(stream.ready)
        await ctx.tick()
        for cycle in range(cycles):
            piece = {name: ctx.get(reader.piece[name]) for name in ("valid", "first", "kind", "block", "place")}
            pieces.append(piece | {"place": (piece["place"].word, piece["place"].turn, piece["place"].column)})
            if cycle < cycles - 1:
                await ctx.tick()
    return pieces


@geometries
def test_rows_are_read_group_by_group(config):
    reader = RowReader(config)

    async def testbench(ctx):
        payloads = [{"kind": kind, "index": index} for kind, index in axons(config)]
        pieces = iter(await pieces_of(ctx, reader, reader.rows, payloads, row_cycles(config)))
        for kind, index in axons(config):
            block, turn = divmod(row_number(config, kind, index), config.lanes)
            for group in range(row_cycles(config)):
                piece = next(pieces)
                assert piece["valid"] == (group < config.groups)
                if piece["valid"]:
                    assert (piece["first"], piece["kind"], piece["block"]) == (group == 0, kind, group)
                    assert piece["place"] == (group * config.axon_blocks + block, turn, 0)

    simulate(reader, testbench)


@geometries
def test_columns_are_read_block_by_block(config):
    reader = ColumnReader(config)
    counts = {kind: len([None for other, _ in axons(config) if other is kind]) for kind in AxonKind}
    blocks = [(kind, block) for kind, count in counts.items() for block in range(-(-count // config.lanes))]

    async def testbench(ctx):
        pieces = iter(await pieces_of(ctx, reader, reader.columns, range(config.neurons), column_cycles(config)))
        for neuron in range(config.neurons):
            group, turn = divmod(neuron, config.lanes)
            for number, (kind, block) in enumerate(blocks):
                piece = next(pieces)
                assert (piece["valid"], piece["first"], piece["kind"], piece["block"]) == (1, number == 0, kind, block)
                assert piece["place"] == (group * config.axon_blocks + number, turn, 1)

    simulate(reader, testbench)


@geometries
def test_draws_go_by_numbers_of_the_model(config):
    reader, draws = ColumnReader(config), Draws(config)
    m = clocked(reader=reader, draws=draws)
    m.d.comb += draws.piece.eq(reader.piece)
    random_state = 0x12345678

    async def testbench(ctx):
        ctx.set(draws.random, random_state)
        assert ctx.get(draws.update.following) == advance(random_state)
        ctx.set(reader.columns.valid, 1)
        await ctx.tick()
        ctx.set(reader.columns.valid, 0)
        assert ctx.get(draws.update.advance)
        seen = []
        for cycle in range(column_cycles(config) + Draws.LATENCY):
            if cycle == 1:
                ctx.set(draws.random, advance(random_state))
                assert not ctx.get(draws.update.advance)
            if cycle >= Draws.LATENCY:
                seen += [ctx.get(draws.draws[lane]) for lane in range(config.lanes)]
            await ctx.tick()
        for number, (kind, index) in enumerate(axons(config)):
            assert seen[row_number(config, kind, index)] == draw(advance(random_state), number)

    simulate(m, testbench)


def changed(weight, amount, drawn, *, low, high, drift, stochastic, soft):
    """A synapse changes, as docs/model.md says; return what is stored and the tally, or None."""
    if soft:
        distance = max(high - weight, 0) if amount > 0 else max(weight - low, 0)
        amount = amount * distance >> 4
    rounding = drawn if stochastic else (255 if amount < 0 else 0)
    change = (amount + rounding) >> 8
    if change == 0:
        return None
    moved = weight + change
    stored = saturate(min(max(moved, low), high) - drift, 4)
    return stored, change > 0, change < 0, moved < low, moved > high


async def check_lane(ctx, lane, cases, **rule):
    """Send synapses through a lane, one a cycle, and compare what comes out."""
    config_latency = SynapseUpdate.STAGES + (SynapseUpdate.SOFT_STAGES if rule["soft"] is not None else 0)
    shared = rule | {"soft": bool(rule["soft"])}
    for field, value in zip(("minimum", "maximum", "drift", "stochastic", "soft"), shared.values(), strict=True):
        ctx.set(lane.rule[field], value)
    ctx.set(lane.enable, 1)
    expected = [
        None if not plastic else changed(weight, amount, drawn, **shared) for weight, plastic, amount, drawn in cases
    ]
    tallies = []
    for cycle in range(len(cases) + config_latency):
        if cycle < len(cases):
            weight, plastic, amount, drawn = cases[cycle]
            ctx.set(lane.synapse, {"weight": weight, "plastic": plastic})
            ctx.set(lane.amount, amount)
            ctx.set(lane.draw, drawn)
        tallies.append(tuple(ctx.get(lane.tally[name]) for name in ("raised", "lowered", "low", "high")))
        if cycle >= config_latency:
            result, what = expected[cycle - config_latency], ctx.get(lane.result)
            assert what.changed == (result is not None)
            if result is not None:
                assert (what.weight, *tallies[cycle - 1]) == result
        await ctx.tick()


BOUNDS = [(-8, 7), (-3, 5), (0, 0), (4, -4)]


@pytest.mark.parametrize("drift", [-16, -5, 0, 1, 15])
def test_every_whole_change_of_every_weight(drift):
    lane = SynapseUpdate(NARROW)
    cases = [(weight, 1, change << 8, 0) for weight in range(-8, 8) for change in range(-8, 8)]

    async def testbench(ctx):
        for low, high in BOUNDS:
            await check_lane(ctx, lane, cases, low=low, high=high, drift=drift, stochastic=0, soft=None)

    simulate(lane, testbench)


@pytest.mark.parametrize("config", [NARROW, SOFT], ids=["hard", "soft"])
def test_changes_are_rounded_to_zero_or_by_chance(config):
    lane, rng = SynapseUpdate(config), random.Random(4)

    async def testbench(ctx):
        for stochastic in (0, 1):
            for soft in (0, 1) if config.soft_bounds else (None,):
                for low, high in BOUNDS:
                    cases = [
                        (rng.randint(-8, 7), rng.random() < 0.9, rng.randint(-2048, 2047), rng.randrange(256))
                        for _ in range(200)
                    ]
                    rule = {"low": low, "high": high, "drift": rng.randint(-16, 15), "stochastic": stochastic}
                    await check_lane(ctx, lane, cases, **rule, soft=soft)

    simulate(lane, testbench)
