"""Rotators, rows, columns, draws and lanes in gates: every turn, and every change of a narrow synapse."""

import random
from typing import NamedTuple

import pytest
from amaranth.hdl import Module, Signal
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.fixed import Place, place_code, weight_draw
from neurocorex.spec.timing import column_cycles, row_cycles
from neurocorex_hdl.learning.random import Draws
from neurocorex_hdl.synapses.access import ColumnReader, RowReader
from neurocorex_hdl.synapses.axons import AxonFinder, AxonKind, AxonRow
from neurocorex_hdl.synapses.banks import Rotator
from neurocorex_hdl.synapses.update import SynapseUpdate
from support.corebench import simulate

NARROW = CoreConfig(learning=Learning.EXPONENTIAL, weight_bits=4, neurons=4, inputs=4, lanes=4)
SOFT = CoreConfig(learning=Learning.EXPONENTIAL, weight_bits=4, neurons=4, inputs=4, lanes=4, soft_bounds=True)
DRIFTING = CoreConfig(learning=Learning.WINDOW, weight_bits=4, neurons=4, inputs=4, lanes=4)
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
    return first.get(kind, config.input_blocks + config.neuron_blocks) * config.lanes + index


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
            piece = {
                name: ctx.get(reader.piece[name]) for name in ("valid", "begins", "kind", "index", "block", "place")
            }
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
                assert piece["valid"] == (group < config.neuron_blocks)
                if piece["valid"]:
                    told = tuple(piece[name] for name in ("begins", "kind", "index", "block"))
                    assert told == (group == 0, kind, index, group)
                    assert piece["place"] == (group * config.axon_blocks + block, turn, 0)

    simulate(reader, testbench)


@geometries
def test_columns_are_read_block_by_block(config):
    reader = ColumnReader(config)
    counts = {kind: len([None for other, _ in axons(config) if other is kind]) for kind in AxonKind}
    blocks = [(kind, block) for kind, count in counts.items() for block in range(-(-count // config.lanes))]

    async def testbench(ctx):
        columns = [{"neuron": neuron} for neuron in range(config.neurons)]
        pieces = iter(await pieces_of(ctx, reader, reader.columns, columns, column_cycles(config)))
        for neuron in range(config.neurons):
            group, turn = divmod(neuron, config.lanes)
            for number, (kind, block) in enumerate(blocks):
                piece = next(pieces)
                told = tuple(piece[name] for name in ("valid", "begins", "kind", "index", "block"))
                assert told == (1, block == 0, kind, neuron, block)
                assert piece["place"] == (group * config.axon_blocks + number, turn, 1)

    simulate(reader, testbench)


async def draws_of(ctx, reader, stream, draws, payload, cycles, latency):
    """Draws of a row or column, by piece and lane."""
    ctx.set(stream.payload, payload)
    ctx.set(stream.valid, 1)
    await ctx.tick().until(stream.ready)
    ctx.set(stream.valid, 0)
    seen = []
    for cycle in range(cycles + latency):
        if cycle >= latency:
            seen += [ctx.get(draws.draws[lane]) for lane in range(len(draws.draws))]
        await ctx.tick()
    return seen


RANDOM_STATE = 0x92345678
PLACES = dict(zip(AxonKind, (Place.INPUT, Place.RECURRENT, Place.EXTRA), strict=True))


@geometries
def test_draws_of_a_column_go_by_neuron_and_numbers_of_axons(config):
    reader, draws = ColumnReader(config), Draws(config)
    m = clocked(reader=reader, draws=draws)
    m.d.comb += draws.piece.eq(reader.piece)

    async def testbench(ctx):
        ctx.set(draws.random, RANDOM_STATE >> 16)
        for neuron in range(config.neurons):
            seen = await draws_of(
                ctx, reader, reader.columns, draws, {"neuron": neuron}, column_cycles(config), Draws.latency(config)
            )
            code = place_code(Place.NEURON, neuron)
            for number, (kind, index) in enumerate(axons(config)):
                assert seen[row_number(config, kind, index)] == weight_draw(RANDOM_STATE, code, number)

    simulate(m, testbench)


@geometries
def test_draws_of_a_row_go_by_axon_and_numbers_of_neurons(config):
    reader, draws = RowReader(config), Draws(config)
    m = clocked(reader=reader, draws=draws)
    m.d.comb += draws.piece.eq(reader.piece)

    async def testbench(ctx):
        ctx.set(draws.random, RANDOM_STATE >> 16)
        for kind, index in axons(config):
            payload = {"kind": kind, "index": index}
            seen = await draws_of(ctx, reader, reader.rows, draws, payload, row_cycles(config), Draws.latency(config))
            code = place_code(PLACES[kind], index)
            expected = [weight_draw(RANDOM_STATE, code, neuron) for neuron in range(config.neurons)]
            assert seen[: config.neurons] == expected

    simulate(m, testbench)


class Rule(NamedTuple):
    """What all lanes share."""

    minimum: int = -8
    maximum: int = 7
    stochastic: int = 0
    soft: int = 0
    drift: int = 0
    down: int = 0
    up: int = 0


def changed(weight, halves, drawn, rule):
    """What is stored after a change of half as many units as `halves`, as docs/model.md says, and the tally."""
    amount = (halves + 1) // 2
    if rule.soft:
        distance = max(rule.maximum - weight, 0) if amount > 0 else max(weight - rule.minimum, 0)
        amount = (amount * distance + 8) >> 4
    rounding = drawn if rule.stochastic else (255 if amount < 0 else 0)
    change = (amount + rounding) >> 8
    if change == 0:
        return None
    moved = weight + change
    stored = min(max(moved, rule.minimum), rule.maximum) - rule.drift
    drifted = (weight == -8 and rule.down) or (weight == 7 and rule.up)
    return stored, change > 0, change < 0, moved < rule.minimum, moved > rule.maximum, bool(drifted)


async def check_lane(ctx, lane, config, cases, rule):
    """Send synapses through a lane, one a cycle, and compare what comes out."""
    latency = SynapseUpdate.latency(config)
    # The tally is there a stage earlier where a drift is taken off.
    counted = latency - (config.learning is Learning.WINDOW)
    for field, value in rule._asdict().items():
        ctx.set(lane.rule[field], value)
    ctx.set(lane.enable, 1)
    expected = [changed(weight, halves, drawn, rule) if plastic else None for weight, plastic, halves, drawn in cases]
    tallies = []
    for cycle in range(len(cases) + latency):
        if cycle < len(cases):
            weight, plastic, halves, drawn = cases[cycle]
            ctx.set(lane.synapse, {"weight": weight, "plastic": plastic})
            ctx.set(lane.amount, {"floor": halves >> 1, "half": halves & 1})
            ctx.set(lane.draw, drawn)
        names = ("raised", "lowered", "low", "high", "drifted")
        tallies.append(tuple(bool(ctx.get(lane.tally[name])) for name in names))
        if cycle >= latency:
            result, what = expected[cycle - latency], ctx.get(lane.result)
            assert what.changed == (result is not None)
            if result is not None:
                assert (what.weight, *tallies[cycle - latency + counted]) == result
        await ctx.tick()


#: Halves of P: of any size, or around zero.
SPREAD = [lambda rng: rng.randint(-4096, 4093), lambda rng: rng.randint(-40, 40)]
BOUNDS = [(-8, 7), (-3, 5), (0, 0), (4, -4)]


@pytest.mark.parametrize(("drift", "step"), [(-8, -8), (-5, -1), (0, 0), (0, 1), (1, 1), (8, 7)])
def test_every_whole_change_of_every_weight_that_drifts(drift, step):
    lane = SynapseUpdate(DRIFTING)
    cases = [(weight, 1, change << 9, 0) for weight in range(-8, 8) for change in range(-8, 8)]

    async def testbench(ctx):
        for low, high in BOUNDS:
            rule = Rule(low, high, drift=drift, down=step < 0, up=step > 0)
            await check_lane(ctx, lane, DRIFTING, cases, rule)

    simulate(lane, testbench)


def test_every_whole_change_of_every_weight():
    lane = SynapseUpdate(NARROW)
    cases = [(weight, 1, change << 9, 0) for weight in range(-8, 8) for change in range(-8, 8)]

    async def testbench(ctx):
        for low, high in BOUNDS:
            await check_lane(ctx, lane, NARROW, cases, Rule(low, high))

    simulate(lane, testbench)


@pytest.mark.parametrize("stochastic", [0, 1])
def test_change_is_rounded_to_nearest_before_it_is_rounded_to_weights(stochastic):
    """Every half around zero and around whole weights, where a sign could be taken before rounding or after it."""
    lane = SynapseUpdate(NARROW)
    halves = [512 * whole + below for whole in (-2, -1, 0, 1) for below in range(-4, 5)]
    cases = [(weight, 1, half, drawn) for half in halves for drawn in (0, 1, 127, 254, 255) for weight in (-8, 0, 7)]

    async def testbench(ctx):
        await check_lane(ctx, lane, NARROW, cases, Rule(stochastic=stochastic))

    simulate(lane, testbench)


@pytest.mark.parametrize("config", [NARROW, SOFT, DRIFTING], ids=["hard", "soft", "drifting"])
def test_changes_are_rounded_to_zero_or_by_chance(config):
    lane, rng = SynapseUpdate(config), random.Random(4)

    async def testbench(ctx):
        for stochastic in (0, 1):
            for soft in (0, 1) if config.soft_bounds else (0,):
                for low, high in BOUNDS:
                    cases = [
                        (rng.randint(-8, 7), rng.random() < 0.9, rng.choice(SPREAD)(rng), rng.randrange(256))
                        for _ in range(200)
                    ]
                    step = rng.randint(-8, 7) if config is DRIFTING else 0
                    drift = rng.randint(0, 8) * ((step > 0) - (step < 0))
                    rule = Rule(low, high, stochastic, soft, drift, step < 0, step > 0)
                    await check_lane(ctx, lane, config, cases, rule)

    simulate(lane, testbench)
