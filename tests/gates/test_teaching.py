"""Teaching in a whole core: forced spikes, firing held off, gates and reward."""

import random

import pytest
from neurocorex.spec import (
    Clear,
    Control,
    CoreConfig,
    Counter,
    Flag,
    Graded,
    Learning,
    LearningFlag,
    Region,
    Step,
    controls,
)
from neurocorex.spec.events import Cleared, Set
from neurocorex.spec.registers import GATE_ALL
from neurocorex.spec.timing import busy_cycles
from support.corebench import on_core
from support.coretrial import Twins, random_regions, random_steps

CONFIG = CoreConfig(neurons=4, inputs=6, lanes=2, state_bits=16, max_delay=2, learning=Learning.EXPONENTIAL)
#: Traces jump to one half of their range; a full potentiation is then 8, a depression -4.
RULE = {
    Control.LEARNING: LearningFlag.ENABLE,
    Control.WEIGHT_MIN: 0x80,
    Control.WEIGHT_MAX: 0x7F,
    Control.POTENTIATION: 16 * 256,
    Control.DEPRESSION: (-8 * 256) % (1 << 16),
    Control.MODULATION: 256,
    Control.PRE_INCREMENT: 1 << 11,
    Control.POST_INCREMENT: 1 << 11,
    Control.PRE_CAP: 1 << 11,
    Control.POST_CAP: 1 << 11,
    Control.GATE: GATE_ALL,
    Control.RANDOM: 1,
}
ALL_FORCED = tuple(Graded(neuron, 0, forced=True) for neuron in range(CONFIG.neurons))
HELD = (Set(Control.LEARNING, LearningFlag.ENABLE | LearningFlag.HOLD_FIRING),)


def network(**rule):
    """A network that is quiet by itself, all of whose synapses are plastic; some registers may differ from `RULE`."""
    control = {**RULE, **{Control[name.upper()]: value for name, value in rule.items()}}
    return {
        Region.CONTROL: [int(control.get(register, 0)) for register in controls(CONFIG)],
        Region.PLASTIC: [1] * CONFIG.axons * CONFIG.neurons,
        Region.THRESHOLD: [1000] * CONFIG.neurons,
        Region.FLAGS: [int(Flag.RECORD_SPIKES)] * CONFIG.neurons,
    }


async def rows(core):
    """Weights, row by row, of the input axons."""
    items = await core.read(Region.WEIGHTS)
    return [items[CONFIG.neurons * axon : CONFIG.neurons * (axon + 1)] for axon in range(CONFIG.inputs)]


def teach(body, **rule):
    """Let a body teach such a network, on a core with an emulator beside it, and compare everything afterwards."""

    async def lesson(core):
        twins = Twins(core)
        await twins.load(network(**rule))
        await body(twins)
        await twins.compare()

    on_core(CONFIG, lesson)


def test_forced_spike_potentiates_what_came_before_it():
    async def body(twins):
        await twins.run(Step((1, 2)), Step((), (Graded(3, 0, forced=True),)))
        assert await rows(twins.core) == [[0] * 4, [0, 0, 0, 8], [0, 0, 0, 8], [0] * 4, [0] * 4, [0] * 4]

    teach(body)


def test_forced_spike_lets_what_comes_after_it_be_depressed():
    async def body(twins):
        await twins.run(Step((), (Graded(3, 0, forced=True),)), Step((1, 2)))
        assert await rows(twins.core) == [[0] * 4, [0, 0, 0, -4], [0, 0, 0, -4], [0] * 4, [0] * 4, [0] * 4]

    teach(body)


def test_gate_lets_one_neuron_learn():
    async def body(twins):
        only_2, only_0 = (Set(Control.GATE, 2),), (Set(Control.GATE, 0),)
        await twins.run(Step((1,)), Step((1,), ALL_FORCED, only_2), Step((1,), (), only_0))
        assert (await rows(twins.core))[1] == [-4, 0, 8, 0]

    teach(body)


def test_neuron_with_plasticity_off_does_not_learn():
    async def body(twins):
        off = int(Flag.PLASTICITY_OFF)
        await twins.load({Region.FLAGS: [0, off, 0, off]})
        await twins.run(Step((1,)), Step((), ALL_FORCED), Step((1,)))
        assert (await rows(twins.core))[1] == [4, 0, 4, 0]

    teach(body)


def test_neurons_that_are_held_fire_only_when_forced():
    async def body(twins):
        await twins.load({Region.THRESHOLD: [-1] * 4})
        results = await twins.run(Step(), Step((), (), HELD), Step((), (Graded(2, 0, forced=True),)))
        assert list(zip(results.event_step, results.event_index, strict=True)) == [*((0, j) for j in range(4)), (2, 2)]

    teach(body)


def test_reward_turns_the_sign_of_what_is_learned():
    async def body(twins):
        await twins.run(Step((1,)), Step((), ALL_FORCED, (Set(Control.MODULATION, -128 % (1 << 16)),)))
        assert (await rows(twins.core))[1] == [-4] * 4

    teach(body)


def test_cleared_traces_are_forgotten():
    async def body(twins):
        await twins.run(Step((1,), ALL_FORCED), Step((1,), ALL_FORCED, (Cleared(Clear.TRACES),)))
        # Each time only the arrival in the same step counts, and no spike of the step before.
        assert (await rows(twins.core))[1] == [16] * 4

    teach(body, pre_cap=(1 << 12) - 1)


def test_frozen_weights_keep_their_traces_and_learn_when_they_are_thawed():
    async def body(twins):
        frozen, thawed = (Set(Control.LEARNING, 0),), (Set(Control.LEARNING, LearningFlag.ENABLE),)
        await twins.run(Step((1,), (), frozen), Step((), ALL_FORCED), Step((), ALL_FORCED, thawed))
        assert (await rows(twins.core))[1] == [8] * 4

    teach(body)


@pytest.mark.parametrize("fired", [0, 1, 4])
def test_fired_neuron_costs_its_column_and_an_arrival_its_row(fired):
    async def body(twins):
        await twins.run(Step((0, 3)), Step((), ALL_FORCED[:fired]), Step((1, 2, 5)))
        counters = await twins.core.counters()
        assert counters[Counter.BUSY_CYCLES] == busy_cycles(CONFIG, 3, 5, fired)

    teach(body)


def test_learning_does_not_depend_on_lanes():
    sizes = {"neurons": 6, "inputs": 5, "max_delay": 3, "extra_axons": 3, "learning": Learning.EXPONENTIAL}
    rng = random.Random(3)
    memory = random_regions(CoreConfig(**sizes), rng)
    memory[Region.PLASTIC] = [1] * len(memory[Region.PLASTIC])
    steps = random_steps(CoreConfig(**sizes), rng, 16)
    seen = []

    async def body(core):
        twins = Twins(core)
        await twins.load(memory)
        await twins.run(*steps)
        await twins.compare()
        kept = (Region.WEIGHTS, Region.PRE_TRACE, Region.POST_TRACE, Region.CONTROL)
        seen.append([await core.read(region) for region in kept])

    for lanes in (1, 4, 16):
        on_core(CoreConfig(lanes=lanes, **sizes), body)
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] != memory[Region.WEIGHTS]
