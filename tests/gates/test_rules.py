"""Rule rows and terms in gates: random networks against the naive reference, and the rule of each lane and piece."""

from collections import Counter as Tally

import numpy as np
import pytest
from neurocorex.check.drawing import Drawing
from neurocorex.image import Image
from neurocorex.spec import Control, CoreConfig, Counter, Flag, Learning, LearningFlag, Region, Step
from neurocorex.spec.events import Set, encode_steps
from neurocorex.spec.registers import GATE_ALL, RULE_ROWS
from neurocorex.spec.timing import busy_cycles
from support.corebench import on_core
from support.corecompare import compare, deepen, load, run_reference
from support.trials import reference_of


def chip(**sizes):
    return CoreConfig(learning=Learning.EXPONENTIAL, **{"max_delay": 3, **sizes})


CONFIGS = {
    "two rows": chip(neurons=6, inputs=5, lanes=4, rules=2),
    "four rows, extra axons": chip(neurons=5, inputs=6, lanes=4, extra_axons=5, rules=4, trace_bits=9),
    "terms": chip(neurons=6, inputs=5, lanes=2, terms=True, extra_axons=2),
    "terms, one lane": chip(neurons=3, inputs=3, lanes=1, rules=2, terms=True),
    "errors": chip(neurons=7, inputs=6, lanes=8, rules=2, errors=True, extra_axons=1),
    "errors, terms": chip(neurons=6, inputs=5, lanes=4, terms=True, errors=True),
    "all": chip(neurons=9, inputs=3, lanes=8, rules=4, terms=True, errors=True, soft_bounds=True),
    "more lanes than neurons": chip(
        neurons=5, inputs=17, lanes=16, rules=4, errors=True, weight_bits=16, state_bits=24, trace_bits=16
    ),
    "most lanes": chip(neurons=4, inputs=3, lanes=32, rules=2, errors=True, terms=True, weight_bits=4),
    "one port": chip(neurons=6, inputs=5, lanes=4, rules=2, errors=True, weight_ports=1),
    "one port, all": chip(
        neurons=5, inputs=4, lanes=4, rules=4, errors=True, terms=True, soft_bounds=True, weight_ports=1
    ),
    "narrow": chip(
        neurons=5, inputs=5, lanes=4, rules=2, errors=True, terms=True, weight_bits=4, trace_bits=4, state_bits=16
    ),
    "deep": chip(neurons=6, inputs=9, lanes=4, rules=2, errors=True, extra_axons=2),
    "deep, all": chip(neurons=7, inputs=7, lanes=8, rules=4, terms=True, errors=True, soft_bounds=True),
}  # fmt: skip
ON, CHANCE, ERRORS = LearningFlag.ENABLE, LearningFlag.STOCHASTIC, LearningFlag.ERRORS
STEPS = 10


def drawn(config, seed, flags):
    """Draw a network whose neurons learn, and a stimulus with spikes, lessons and registers that are set.

    Of the rows of a chip with errors at least one goes by them, and one does not.
    """
    fixed = {Control.LEARNING: flags, Control.GATE: GATE_ALL}
    if config.errors:
        fixed |= {Control.LEARN: 1, Control.DEADBAND: 20}
    if config.errors and config.rules > 1:
        fixed[Control.RULE_1] = ~flags & ERRORS
    drawing, rng = Drawing(config, seed, fixed), np.random.default_rng(seed)
    regions, stream = drawing.regions(), drawing.stimulus(STEPS)
    regions[Region.FLAGS] |= int(Flag.ERROR_ALWAYS) * config.errors
    regions[Region.THRESHOLD] = rng.integers(5, 40, config.neurons)
    regions[Region.BIAS] = rng.integers(0, 30, config.neurons)
    regions[Region.REFRACTORY] = rng.integers(0, 2, config.neurons)
    if config.errors:
        regions[Region.ERROR] = rng.integers(-3000, 3000, regions[Region.ERROR].shape)
        stream = stream.setting(np.flatnonzero(rng.random(STEPS) < 0.6), Control.LEARN, 1)
    return Image(config, regions), stream


def networks(name):
    """Two networks of a chip: stimulus and image of each."""
    for seed, flags in enumerate((ON, ON | CHANCE | ERRORS), 92 + len(name)):
        yield drawn(CONFIGS[name], seed, flags)


def test_networks_fire_err_and_do_both_at_once():
    """What the gates are compared on below, by the reference alone."""
    seen = Tally()
    for name, config in CONFIGS.items():
        changes = 0
        for image, stream in networks(name):
            reference = reference_of(image)
            walk = reference.walk

            def watched(j, *, fired, erred, reference=reference, walk=walk):
                before = reference.columns
                walk(j, fired=fired, erred=erred)
                seen[fired, erred] += reference.columns - before

            reference.walk = watched
            run_reference(reference, stream, config)
            assert reference.columns, name
            changes += min(reference.potentiations, reference.depressions)
        assert changes > 4, name
    assert min(seen[case] for case in ((True, False), (False, True), (True, True))) > 40, seen


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_reference(monkeypatch, name):
    if name.startswith("deep"):
        deepen(monkeypatch)
    config = CONFIGS[name]

    async def body(core):
        for image, stream in networks(name):
            reference = reference_of(image)
            run_reference(reference, stream, config)
            await load(core, image)
            await core.run(stream.encode())
            await compare(core, reference, config)

    on_core(config, body)


#: One group of neurons, and a column of two pieces: one for each of the two rules of a neuron.
SMALL = chip(neurons=8, inputs=5, lanes=8, rules=4, terms=True, errors=True)
HALF = 1 << 11  # half of what a trace of 12 bits holds
ONE = 512  # rate that makes a weight of that, where 256 is the least weight
#: Rule rows of the synapses of each neuron, from inputs and from others.
INPUTS, OTHERS = [0, 1, 2, 3, 0, 1, 2, 3], [1, 1, 0, 0, 3, 3, 2, 2]


async def prepare(core, registers, **regions):
    """Prepare a core whose neurons fire only by force, whose synapses are all plastic, and whose weights are 0."""
    config, low, high = core.core.config, *core.core.config.weight_range
    usual = {Control.LEARNING: ON, Control.MODULATION: 256, Control.GATE: GATE_ALL}
    for row in RULE_ROWS[: config.rules]:
        usual |= {row.weight_min: low, row.weight_max: high}
    for register, value in (usual | registers).items():
        await core.write(Region.CONTROL, [value], register)
    content = {
        Region.PLASTIC: [1] * (config.axons * config.neurons),
        Region.THRESHOLD: [config.state_range[1]] * config.neurons,
        Region.RULE: [low | high << 2 for low, high in zip(INPUTS, OTHERS, strict=True)],
    }
    for region, values in (content | {Region[name.upper()]: values for name, values in regions.items()}).items():
        await core.write(region, values)


def of_rows(name, values):
    return {getattr(row, name): value for row, value in zip(RULE_ROWS, values, strict=True)}


def forcing(*neurons, changes=(), events=()):
    return Step(events, tuple((neuron, 0, True) for neuron in neurons), changes)


async def rows_of_weights(core):
    config = core.core.config
    weights = await core.read(Region.WEIGHTS)
    return [weights[first : first + config.neurons] for first in range(0, len(weights), config.neurons)]


def test_each_lane_of_a_row_has_the_rate_term_and_bound_of_its_neuron():
    registers = of_rows("depression", [ONE, -2 * ONE, 4 * ONE, 20 * ONE]) | of_rows("pre_only", [0, 256, 512, 0])

    async def body(core):
        await prepare(core, registers | {Control.WEIGHT_MAX_3: 9}, post_trace=[HALF] * 8, history=[1] * 8)
        await core.write(Region.DELAY, [0, 0, 1] + [0] * 5)
        await core.run(encode_steps([Step((3,))]))
        weights, change = await rows_of_weights(core), [1, -1, 6, 9]
        assert weights[3] == [change[row] for row in INPUTS]
        assert weights[5 + 2] == [change[row] for row in OTHERS]
        assert not any(map(any, weights[:3] + weights[4:7] + weights[8:]))

    on_core(SMALL, body)


def test_each_piece_of_a_column_has_the_rate_offset_and_term_of_its_rule():
    """Offsets of nothing, half of a trace, and more; a term on top."""
    registers = of_rows("potentiation", [ONE, 2 * ONE, 4 * ONE, 8 * ONE])
    registers |= of_rows("offset", [0, 0, HALF, 2 * HALF - 1]) | of_rows("post_only", [0, 1024, -768, 0])

    async def body(core):
        await prepare(core, registers, pre_trace=[HALF] * 13)
        await core.run(encode_steps([forcing(*range(8))]))
        # A whole trace, less one, is not all of it: the last change is rounded to zero from -7.996.
        weights, change = await rows_of_weights(core), [1, 2 + 4, -3, -7]
        assert weights[:5] == [[change[row] for row in INPUTS]] * 5
        assert weights[5:] == [[change[row] for row in OTHERS]] * 8
        assert (await core.counters())[Counter.BUSY_CYCLES] == busy_cycles(SMALL, 1, 0, 8)

    on_core(SMALL, body)


def test_spikes_and_errors_meet_in_a_column():
    """Neurons that fire, err, both and neither, with rules by spikes, by errors and both; an error knows no term."""
    registers = of_rows("potentiation", [ONE, ONE, 2 * ONE, 4 * ONE]) | of_rows("post_only", [256, 256, 256, 256])
    registers |= {Control.RULE_1: ERRORS, Control.RULE_3: ERRORS}
    change = {0: 2, 1: -3, 2: 3, 3: -12}
    erring, fired = [0, 1, 0, 1, 0, 1, 1, 1], [1, 1, 1, 1, 0, 0, 1, 0]
    inputs, others = [0, 1, 1, 0, 0, 3, 0, 2], [1, 0, 3, 3, 1, 2, 2, 0]

    async def body(core):
        rules = [low | high << 2 for low, high in zip(inputs, others, strict=True)]
        error = [-3 * 256 * each for each in erring]
        await prepare(core, registers, pre_trace=[HALF] * 13, rule=rules, error=error)
        firing = [neuron for neuron in range(8) if fired[neuron]]
        await core.run(encode_steps([forcing(*firing, changes=(Set(Control.LEARN, 1),))]))

        def changed(rows):
            acts = [(erring if row % 2 else fired)[neuron] for neuron, row in enumerate(rows)]
            return [change[row] * act for row, act in zip(rows, acts, strict=True)]

        weights = await rows_of_weights(core)
        assert weights == [changed(inputs)] * 5 + [changed(others)] * 8
        # The third fired and goes by errors alone, the last erred and goes by spikes alone, the fifth did neither.
        assert (await core.counters())[Counter.BUSY_CYCLES] == busy_cycles(SMALL, 1, 0, 5)
        assert await core.read(Region.ERROR) == [0] * 8

    on_core(SMALL, body)


def test_terms_know_the_gate_and_the_modulation_but_no_traces():
    async def body(core):
        registers = of_rows("pre_only", [512] * 4) | of_rows("post_only", [-256] * 4)
        await prepare(core, registers, flags=[0, Flag.PLASTICITY_OFF] * 4)
        await core.run(encode_steps([Step((0,)), forcing(2, 3)]))
        weights = await rows_of_weights(core)
        assert weights[:2] == [[2, 0, 1, 0, 2, 0, 2, 0], [0, 0, -1, 0, 0, 0, 0, 0]]
        await core.write(Region.CONTROL, [-1024], Control.MODULATION)
        await core.run(encode_steps([Step((1,), (), (Set(Control.GATE, 4),))]))
        assert (await rows_of_weights(core))[1] == [0, 0, -1, 0, -8, 0, 0, 0]

    on_core(SMALL, body)


def test_step_takes_the_registers_that_were_set_just_before_it():
    """On the smallest chip, where the least time passes, and at every place in the round of the multiplier."""
    config = chip(neurons=1, inputs=1, lanes=1, rules=4, terms=True, weight_bits=16, max_delay=1)

    async def body(core):
        weight = 0
        await prepare(core, {}, rule=[3])
        for number in range(1, 41):
            spikes, sign = number % 2, (-1) ** (number // 2)
            term = Set((Control.PRE_ONLY_3, Control.POST_ONLY_3)[spikes], 256 * number)
            other = Set((Control.POST_ONLY_3, Control.PRE_ONLY_3)[spikes], 0)
            changes = (other, term, Set(Control.MODULATION, 256 * sign & 0xFFFF))
            step = forcing(*[0] * spikes, changes=changes[:: (1, -1)[number // 4 % 2]], events=(0,) * (1 - spikes))
            await core.run(encode_steps([step]))
            weight += number * sign
            assert await core.read(Region.WEIGHTS, 1) == [weight], number

    on_core(config, body)
