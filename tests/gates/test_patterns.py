"""Patterns in gates: drawn steps against the naive reference, rates on the bus, draws, aborts, what waits for them."""

import pytest
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Learning, Region
from neurocorex.spec.events import CLEAR, END, GENERATE, IDLE, PLAY, RATES, SET
from neurocorex.spec.fixed import AXON_STRIDE, advance, spike_draw
from neurocorex.spec.timing import busy_cycles, draw_cycles
from neurocorex_hdl.events.decoder import ItemKind
from neurocorex_hdl.events.generator import Generator
from neurocorex_hdl.lib.draw import SpikeDraw
from support.corebench import on_core, simulate
from support.corecompare import equal_on_random_networks
from support.coretrial import Twins, random_regions

CONFIGS = {
    "usual": CoreConfig(neurons=7, inputs=5, lanes=4, max_delay=3, patterns=3),
    "one of each": CoreConfig(neurons=1, inputs=1, lanes=1, max_delay=2, patterns=1, rate_bits=4),
    "nibbles": CoreConfig(neurons=5, inputs=9, lanes=1, max_delay=2, patterns=4, rate_bits=4, extra_axons=3),
    "wide": CoreConfig(neurons=6, inputs=3, lanes=8, weight_bits=16, state_bits=24, patterns=2, rate_bits=16),
    "as many inputs as places": CoreConfig(neurons=3, inputs=32, lanes=8, patterns=2),
    "learns": CoreConfig(neurons=6, inputs=5, lanes=4, learning=Learning.EXPONENTIAL, patterns=5, errors=True),
}  # fmt: skip
SMALL = CONFIGS["usual"]


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_reference(name):
    on_core(CONFIGS[name], lambda core: equal_on_random_networks(core, CONFIGS[name], steps=24))


def test_draws_are_those_of_the_contract():
    words = [0, 1, 0xFFFFFFFF, 0x9E3779B9, *((seed * AXON_STRIDE + 7) % 2**32 for seed in range(40))]
    draw, found = SpikeDraw(), []

    async def testbench(ctx):
        for word in [*words, *[0] * draw.LATENCY]:
            ctx.set(draw.word, word)
            found.append(ctx.get(draw.draw))
            await ctx.tick()

    simulate(draw, testbench)
    assert found[draw.LATENCY :] == [spike_draw(word, 0) for word in words]


@pytest.mark.parametrize("kind", ["CLEAR", "SET", "REPORT", "EVENT", "END"])
def test_nothing_overtakes_the_end_of_drawn_steps_that_are_silent(kind):
    generator, seen = Generator(CoreConfig(neurons=7, inputs=5, lanes=4, patterns=3, reports=True)), []
    waiting = [(ItemKind.GENERATE, 2), (ItemKind[kind], 7), (ItemKind.GENERATE, 1), (ItemKind[kind], 7)]

    async def testbench(ctx):
        ctx.set(generator.given.ready, 1)
        for _ in range(120):
            ctx.set(generator.items.valid, bool(waiting))
            if waiting:
                ctx.set(generator.items.payload.kind, waiting[0][0])
                ctx.set(generator.items.payload.value, waiting[0][1])
            if ctx.get(generator.given.valid):
                seen.append(ItemKind(ctx.get(generator.given.payload.kind)))
            if waiting and ctx.get(generator.items.ready):
                waiting.pop(0)
            await ctx.tick()

    simulate(generator, testbench)
    end = ItemKind.END
    assert seen == [end, end, ItemKind[kind], end, ItemKind[kind]]


@pytest.mark.parametrize("name", ["usual", "nibbles", "one of each"])
def test_host_reads_and_writes_every_rate(name):
    config = CONFIGS[name]
    rates = [item * 7 % 2**config.rate_bits for item in range(config.patterns * config.inputs)]

    async def body(core):
        assert await core.read(Region.RATES) == [0] * len(rates)
        await core.write(Region.RATES, rates)
        await core.write(Region.RATES, [2**config.rate_bits + 1], len(rates) - 1)
        assert await core.read(Region.RATES) == [*rates[:-1], 1]
        await core.write(Region.RATES, [0] * len(rates))
        assert await core.read(Region.CONTROL, 1, Control.STIMULUS) == [Control.STIMULUS.row.power_up(config)]

    on_core(config, body)


def random_codes(rng, config):
    """Bytes of drawn steps, rates and few others, right ones and wrong ones."""
    data = bytearray()
    while len(data) < 160:
        kind = rng.randrange(9)
        if kind == 0:
            data += bytes([GENERATE, rng.randrange(4), 0])
        elif kind == 1:
            data += bytes([PLAY, rng.randrange(config.patterns + 1), 0, rng.randrange(4), 0])
        elif kind == 2:
            size = rng.randrange(2 + config.inputs * config.rate_bits // 8)
            data += bytes([RATES, size, 0]) + rng.randbytes(size)
        elif kind == 3:
            data += bytes([SET, Control.STIMULUS]) + rng.randbytes(4)
        elif kind == 7:
            data += bytes(
                [SET, Control.EVEN, rng.choice([0, 1, 1]), *[0] * 3, *[CLEAR, Clear.STATE] * rng.randrange(2)]
            )
        elif kind == 8:
            data += bytes([CLEAR, rng.choice([Clear.STATE, Clear.STATE | Clear.TRACES, Clear.ADAPTATION])])
        else:
            more = [END, *[IDLE, 2, 0] * (kind == 6)]
            data += bytes([rng.choice([0, 1, END, END, 0xF9]), *more[: rng.choice([0, 1, 8])]])
    return bytes(data) + bytes([END] * 9)


@pytest.mark.parametrize("name", ["usual", "nibbles", "wide"])
def test_core_takes_any_codes_as_the_emulator_does(name):
    config = CONFIGS[name]

    async def body(core):
        twins = Twins(core)
        await twins.load(random_regions(config, core.rng))
        for _ in range(3):
            await twins.run_bytes(random_codes(core.rng, config), pause=0.2, block=0.2)
        await twins.compare()

    on_core(config, body)


def test_even_trains_have_the_spikes_of_their_rates_and_begin_anew_where_state_is_cleared():
    config = CoreConfig(neurons=3, inputs=40, lanes=8, patterns=2)
    rates = [0, 255, *range(1, 153, 4)]
    on = bytes([SET, Control.EVEN, 1, 0, 0, 0, SET, Control.STIMULUS, 0, 0, 0, 0])

    def spikes(steps):
        return sum(steps if rate == 255 else (2 * steps * rate + 256) // 512 for rate in rates)

    async def body(core):
        await core.write(Region.RATES, [*[0] * 40, *rates])
        await core.clear(counters=True)
        await core.run(on + bytes([PLAY, 1, 0, 150, 0]))
        assert (await core.counters())[Counter.INPUT_EVENTS] == spikes(150)
        await core.run(bytes([PLAY, 1, 0, 150, 0]))
        assert (await core.counters())[Counter.INPUT_EVENTS] == spikes(300)
        await core.clear(adaptation=True)
        assert (await core.read(Region.CONTROL, 1, Control.STIMULUS)) == [300]
        await core.clear(state=True)
        assert (await core.read(Region.CONTROL, 1, Control.STIMULUS)) == [0]
        await core.run(bytes([PLAY, 1, 0, 9, 0, CLEAR, Clear.STATE, PLAY, 1, 0, 7, 0]))
        assert (await core.counters())[Counter.INPUT_EVENTS] == spikes(300) + spikes(9) + spikes(7)
        assert (await core.read(Region.CONTROL, 1, Control.STIMULUS)) == [7]

    on_core(config, body)


def test_axons_that_sleep_draw_nothing_and_keep_their_rates():
    config = CoreConfig(neurons=5, inputs=70, lanes=8, patterns=2)

    async def body(core):
        twins = Twins(core)
        await twins.load(random_regions(config, core.rng) | {Region.IN_USE: [0, 1], Region.RATES: [255] * 140})
        await core.clear(counters=True)
        await twins.run_bytes(bytes([GENERATE, 3, 0, RATES, 50, 0, *range(50), GENERATE, 4, 0, PLAY, 1, 0, 2, 0]))
        await twins.compare()
        assert (await core.counters())[Counter.INPUT_EVENTS] >= 5 * 32
        assert await core.read(Region.RATES, 70) == [*range(50), *[255] * 20]

    on_core(config, body)


@pytest.mark.parametrize("after", [0, 40, 300, 777])
def test_abort_ends_drawing_at_a_step(after):
    async def body(core):
        twins = Twins(core)
        await twins.load(random_regions(SMALL, core.rng) | {Region.RATES: [100] * 15})
        before = (await core.read(Region.CONTROL, 1, Control.STIMULUS))[0]
        await core.clear(counters=True)
        await core.run(bytes([GENERATE, 0xFF, 0xFF]), abort_after=after)
        steps = (await core.counters())[Counter.STEPS]
        assert (steps == 0) == (after == 0)
        assert steps < 100
        for _ in range(steps):
            before = advance(before)
        assert (await core.read(Region.CONTROL, 1, Control.STIMULUS))[0] == before
        twins.emulator.run(steps_drawn(steps))
        for region in (Region.MEMBRANE, Region.CURRENT, Region.CONTROL):
            assert await core.read(region) == twins.emulator.regions[region].tolist()

    on_core(SMALL, body)


def steps_drawn(count):
    return EventStream(count).drawing([0], [count]) if count else EventStream(0)


@pytest.mark.parametrize(("neurons", "inputs"), [(4, 40), (40, 4)])
def test_drawing_takes_a_cycle_an_axon_while_neurons_are_updated(neurons, inputs):
    config = CoreConfig(neurons=neurons, inputs=inputs, lanes=8, patterns=1)
    steps = 20

    async def body(core):
        await core.clear(counters=True)
        await core.write(Region.RATES, [0] * inputs)
        await core.run(bytes([GENERATE, steps, 0]))
        counters = await core.counters()
        update = busy_cycles(config, 1, 0)
        assert counters[Counter.BUSY_CYCLES] == steps * update
        waits = max(draw_cycles(config) - update, 0)
        assert counters[Counter.STALL_CYCLES] <= steps * waits
        assert core.cycles >= steps * max(update, draw_cycles(config))
        assert core.cycles <= steps * max(update, draw_cycles(config)) + draw_cycles(config) + update + 40

    on_core(config, body)
