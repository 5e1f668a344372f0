"""Forced spikes, changes between steps and extra axons: the core against the emulator."""

import random

import pytest
from neurocorex.image import state_regions
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, Graded, Region, Step, encode_steps
from neurocorex.spec.events import CLEAR, END, FORCE, SET, Cleared, Set
from support.corebench import on_core
from support.coretrial import Twins, random_regions, random_steps, record_all

CONFIG = CoreConfig(neurons=3, inputs=2, lanes=2, state_bits=16, max_delay=4, extra_axons=4)
CONFIGS = {
    "plain": CoreConfig(neurons=6, inputs=5, lanes=2, state_bits=18, max_delay=4),
    "one lane": CoreConfig(neurons=3, inputs=2, lanes=1, weight_bits=4, state_bits=16, max_delay=1, extra_axons=1),
    "extra axons": CoreConfig(neurons=7, inputs=5, lanes=4, state_bits=18, max_delay=5, extra_axons=9),
    "no adaptation": CoreConfig(neurons=5, inputs=3, lanes=8, adaptation=False, max_delay=32, extra_axons=3),
    "single neuron": CoreConfig(neurons=1, inputs=1, lanes=1, max_delay=3, extra_axons=2),
}
#: Neurons that fire above 10 and forget their currents at once; everything is recorded.
RELAY = {
    Region.THRESHOLD: [10, 10, 10],
    Region.DECAY: [65535] * 3,
    Region.CURRENT_DECAY: [65535] * 3,
    Region.FLAGS: [Flag.RECORD_SPIKES] * 3,
}
FIRE_0 = Step(graded=(Graded(0, 0, forced=True),))


def spikes(results):
    return list(zip(results.event_step.tolist(), results.event_index.tolist(), strict=True))


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_emulator(name):
    config, rng = CONFIGS[name], random.Random(name)

    async def body(core):
        twins = Twins(core)
        for pace in ({}, {"pause": 0.6}, {"block": 0.8}):
            await twins.load(record_all(random_regions(config, rng)))
            await twins.run(*random_steps(config, rng, 20), **pace)
            await twins.compare()

    on_core(config, body)


def test_forced_neuron_fires_and_its_current_comes_too():
    async def body(core):
        twins = Twins(core)
        await twins.load(RELAY | {Region.REFRACTORY: [0, 0, 2], Region.REFRACTORY_COUNT: [0, 0, 9]})
        graded = (Graded(0, 0, forced=True), Graded(1, 11), Graded(2, -5, forced=True))
        assert spikes(await twins.run(Step(graded=graded), Step())) == [(0, 0), (0, 1), (0, 2)]
        await twins.compare()

    on_core(CONFIG, body)


def test_forced_spike_of_an_open_step_waits_for_its_end():
    async def body(core):
        await core.write(Region.FLAGS, [Flag.RECORD_SPIKES] * 3)
        assert await core.run(bytes([FORCE, 1, 0, 0, 0, 0])) == b""
        assert core.ctx.get(core.core.run.step_open)
        assert await core.run(bytes([END])) == bytes([1, END])
        assert await core.run(bytes([END])) == bytes([END])

    on_core(CONFIG, body)


def test_set_changes_a_register_before_the_step():
    async def body(core):
        twins = Twins(core)
        await twins.load(RELAY | {Region.WEIGHTS: [3] * 6})
        steps = [Step((0, 1)), Step((0, 1), (), (Set(Control.GAIN_INPUT, 1),)), Step((0, 1))]
        assert [step for step, _ in spikes(await twins.run(*steps))] == [1, 1, 1, 2, 2, 2]
        await twins.compare()

    on_core(CONFIG, body)


def test_last_of_several_changes_counts():
    async def body(core):
        twins = Twins(core)
        changes = tuple(Set(Control.GAIN_INPUT, gain) for gain in (1, 7, 0, 13))
        await twins.run(Step((), (), changes))
        assert (await core.read(Region.CONTROL))[Control.GAIN_INPUT] == 5

    on_core(CONFIG, body)


@pytest.mark.parametrize("change", [bytes([SET, 3, 9, 0, 0, 0]), bytes([CLEAR, 1])], ids=["set", "clear"])
def test_change_alone_is_done_and_opens_no_step(change):
    async def body(core):
        await core.write(Region.MEMBRANE, [5, 6, 7])
        assert await core.run(change) == b""
        assert not core.ctx.get(core.core.run.step_open)
        done = (await core.read(Region.CONTROL))[Control.ADAPTATION_DECAY], await core.read(Region.MEMBRANE)
        assert done == ((9, [5, 6, 7]) if change[0] == SET else (0, [0] * 3))
        counters = await core.counters()
        assert not any(counters.values())

    on_core(CONFIG, body)


def test_set_of_a_register_that_is_not_there_is_refused():
    async def body(core):
        await core.run(bytes([SET, Control.LEARNING, 1, 0, 0, 0, END]))
        assert (await core.counters())[Counter.REFUSED_EVENTS] == 1
        assert not any(await core.read(Region.CONTROL))

    on_core(CONFIG, body)


@pytest.mark.parametrize("by_command", [True, False], ids=["command", "stimulus"])
@pytest.mark.parametrize("flag", [Clear.STATE, Clear.ADAPTATION, Clear.TRACES])
def test_clear_zeroes_what_its_flag_names(flag, by_command):
    async def body(core):
        for region in state_regions(CONFIG):
            await core.write(region, [5, 6, 7])
        if by_command:
            await core.clear(**{flag.name.lower(): True})
        else:
            await core.run(bytes([CLEAR, flag]))
        for region in state_regions(CONFIG):
            assert await core.read(region) == ([0, 0, 0] if flag is region.row.cleared else [5, 6, 7]), region.name

    on_core(CONFIG, body)


def test_clear_of_the_adaptation_keeps_what_is_under_way():
    async def body(core):
        twins = Twins(core)
        weights = [0, 0, 0] * CONFIG.inputs + [0, 100, 0]
        await twins.load(RELAY | {Region.DELAY: [2, 0, 0], Region.WEIGHTS: weights})
        steps = [FIRE_0, Step((), (), (Cleared(Clear.ADAPTATION),)), Step((), (), (Cleared(Clear.TRACES),)), Step()]
        assert spikes(await twins.run(*steps)) == [(0, 0), (2, 1)]
        steps = [FIRE_0, Step((), (), (Cleared(Clear.STATE),)), Step(), Step()]
        assert spikes(await twins.run(*steps)) == [(0, 0)]

    on_core(CONFIG, body)


def test_extra_axons_of_one_neuron_arrive_with_delays_of_their_own():
    async def body(core):
        twins = Twins(core)
        first = (CONFIG.inputs + CONFIG.neurons) * CONFIG.neurons
        # Two axons to neuron 1, one to neuron 2; the last one is silent.
        weights = [0] * first + [0, 100, 0] * 2 + [0, 0, 100] * 2
        extra = {Region.EXTRA_SOURCE: [0, 0, 0, 0], Region.EXTRA_DELAY: [1, 4, 3, 0]}
        await twins.load(RELAY | extra | {Region.WEIGHTS: weights})
        assert spikes(await twins.run(FIRE_0, *[Step()] * 6)) == [(0, 0), (1, 1), (3, 2), (4, 1)]
        await twins.compare()

    on_core(CONFIG, body)


def test_extra_axon_of_no_neuron_is_silent():
    async def body(core):
        twins = Twins(core)
        await twins.load(RELAY | {Region.EXTRA_SOURCE: [3] * 4, Region.EXTRA_DELAY: [1] * 4, Region.HISTORY: [15] * 3})
        await twins.run(Step(), Step())
        assert (await core.counters())[Counter.RECURRENT_EVENTS] == 0

    on_core(CONFIG, body)


def test_written_histories_and_delays_make_extra_axons_arrive():
    async def body(core):
        twins = Twins(core)
        await twins.load({Region.EXTRA_SOURCE: [2, 1, 2, 0], Region.EXTRA_DELAY: [1, 1, 1, 1]})
        await twins.run(Step())
        await twins.load({Region.HISTORY: [0, 0, 1]})
        await twins.run(Step())
        await twins.load({Region.EXTRA_DELAY: [2, 1, 1, 1]})
        await twins.run(Step())
        assert (await core.counters())[Counter.RECURRENT_EVENTS] == 3
        await twins.compare()

    on_core(CONFIG, body)


def test_long_run_of_changes_costs_no_counted_cycles():
    async def body(core):
        await core.run(encode_steps([Step((), (), tuple(Set(Control.GAIN_INPUT, gain) for gain in range(8)))]))
        after_changes = (await core.counters())[Counter.BUSY_CYCLES]
        await core.run(encode_steps([Step()]))
        assert (await core.counters())[Counter.BUSY_CYCLES] == 2 * after_changes

    on_core(CONFIG, body)
