"""Errors in gates: random networks against the naive reference, and what decides that an error calls for changes."""

from itertools import product

import numpy as np
import pytest
from neurocorex.check.drawing import Drawing
from neurocorex.image import Image
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, Learning, LearningFlag, Region, Step
from neurocorex.spec.events import IDLE, Cleared, Set, encode_steps
from neurocorex.spec.timing import busy_cycles
from support.corebench import on_core
from support.corecompare import compare, deepen, load, run_reference
from support.trials import reference_of


def chip(**sizes):
    return CoreConfig(learning=Learning.EXPONENTIAL, errors=True, **{"max_delay": 3, **sizes})


CONFIGS = {
    "usual": chip(neurons=10, inputs=7, lanes=4),
    "extra axons": chip(neurons=9, inputs=6, lanes=4, extra_axons=5),
    "shortest columns": chip(neurons=8, inputs=5, lanes=8),
    "more lanes than neurons": chip(neurons=5, inputs=20, lanes=16, weight_bits=16, state_bits=24),
    "more neurons than axons": chip(neurons=17, inputs=2, lanes=8),
    "one port": chip(neurons=6, inputs=7, lanes=4, weight_ports=1),
    "soft bounds": chip(neurons=7, inputs=6, lanes=8, soft_bounds=True, adaptation=False),
    "narrow": chip(neurons=6, inputs=5, lanes=4, weight_bits=4, trace_bits=4, state_bits=16, max_delay=1),
    "deep": chip(neurons=6, inputs=9, lanes=4, extra_axons=2),
    "deep, shortest columns": chip(neurons=7, inputs=7, lanes=8, soft_bounds=True),
}  # fmt: skip
ON, ERRORS = LearningFlag.ENABLE, LearningFlag.ENABLE | LearningFlag.ERRORS
#: What is not drawn: rules of errors in a row, and one of spikes, which gathers errors all the same.
MODES = (ERRORS, ERRORS | LearningFlag.STOCHASTIC, ERRORS | LearningFlag.SOFT, ON)
STEPS = 12


@pytest.fixture
def banks_of(monkeypatch):
    """Make the banks deep whose chip is called so."""

    def change(name):
        if name.startswith("deep"):
            deepen(monkeypatch)

    return change


def drawn(config, seed, flags):
    """Draw a network, with errors of any size for odd seeds, and a stimulus with many lessons."""
    drawing = Drawing(config, seed, {Control.LEARNING: flags, Control.GATE: 0xFFFF, Control.LEARN: 1})
    regions, stream, rng = drawing.regions(), drawing.stimulus(STEPS), np.random.default_rng(seed)
    if seed % 2:
        regions[Region.ERROR] = rng.integers(-(1 << 15), 1 << 15, regions[Region.ERROR].shape)
    return Image(config, regions), stream.setting(np.flatnonzero(rng.random(STEPS) < 0.6), Control.LEARN, 1)


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_reference(banks_of, name):
    banks_of(name)
    config, columns = CONFIGS[name], 0

    async def body(core):
        nonlocal columns
        for seed, flags in enumerate(MODES, 8 + 4 * len(name)):
            image, stream = drawn(config, seed, flags)
            reference = reference_of(image)
            run_reference(reference, stream, config)
            await load(core, image)
            await core.run(stream.encode())
            await compare(core, reference, config)
            columns += reference.columns if flags & LearningFlag.ERRORS else 0

    on_core(config, body)
    assert columns > 10


SMALL = chip(neurons=8, inputs=5, lanes=8)
TRACE = 1 << 11  # half of what a trace of 12 bits holds, without a decay


async def teach(core, *, learning=ERRORS, potentiation=256, **regions):
    """Prepare a core whose synapses are all plastic, weights 0, and whose traces and membranes stay as they are."""
    config, low, high = core.core.config, *core.core.config.weight_range
    registers = {
        Control.LEARNING: learning, Control.POTENTIATION: potentiation, Control.DEPRESSION: -potentiation,
        Control.WEIGHT_MIN: low, Control.WEIGHT_MAX: high, Control.MODULATION: 256, Control.GATE: 0xFFFF,
    }  # fmt: skip
    for register, value in registers.items():
        await core.write(Region.CONTROL, [value], register)
    content = {
        Region.PLASTIC: [1] * (config.axons * config.neurons),
        Region.PRE_TRACE: [TRACE] * config.axons,
        Region.THRESHOLD: [100] * config.neurons,
    }
    for region, values in (content | {Region[name.upper()]: values for name, values in regions.items()}).items():
        await core.write(region, values)


def learn(*changes):
    return Step((), (), (*changes, Set(Control.LEARN, 1)))


@pytest.mark.parametrize("name", ["shortest columns", "one port", "deep, shortest columns"])
def test_columns_without_a_gap_have_rates_of_their_own(banks_of, name):
    banks_of(name)
    config = CONFIGS[name]
    errors = [256 * (7 - 5 * neuron) for neuron in range(config.neurons)]

    async def body(core):
        await teach(core, potentiation=512, error=errors)
        await core.run(encode_steps([learn(), learn()]))
        weights = await core.read(Region.WEIGHTS)
        # Half of a trace, two weights for each whole error; and nothing is left for the second step.
        assert weights == [error // 256 for error in errors] * config.axons
        columns = sum(error != 0 for error in errors)
        assert (await core.counters())[Counter.BUSY_CYCLES] == busy_cycles(config, 2, 0, columns)

    on_core(config, body)


def test_error_calls_for_changes_beyond_the_dead_band_and_within_the_threshold():
    """Every edge, of either sign: a membrane at the threshold does not fire, and does not learn either."""
    membranes = [
        (-101, 100),
        (-100, 100),
        (-99, 100),
        (0, 100),
        (99, 100),
        (100, 100),
        (0, 0),
        (-3, -2),
        (1, 1),
        (0, 1),
    ]
    errors = [0, 20, 21, -20, -21, 32767, -32768]
    cases = list(product(membranes, errors, (0, Flag.ERROR_ALWAYS)))
    config = chip(neurons=len(cases), inputs=1, lanes=16)

    async def body(core):
        await teach(
            core,
            potentiation=1 << 14,
            plastic=[1] * len(cases),
            pre_trace=[TRACE],
            threshold=[threshold for (_, threshold), _, _ in cases],
            membrane=[membrane for (membrane, _), _, _ in cases],
            error=[error for _, error, _ in cases],
            flags=[flags for _, _, flags in cases],
        )
        await core.write(Region.CONTROL, [20], Control.DEADBAND)
        await core.run(encode_steps([learn()]))
        assert await core.read(Region.MEMBRANE) == [m for (m, _), _, _ in cases]
        changed = [weight != 0 for weight in await core.read(Region.WEIGHTS, len(cases))]
        assert changed == [abs(e) > 20 and bool(always or -th < v < th) for (v, th), e, always in cases]

    on_core(config, body)


def test_feedback_axon_brings_an_error_without_a_gain_and_no_current():
    feedback = [0, 1, 1, 0, 0, *[0] * 7, 1]

    async def body(core):
        await teach(core, learning=0, feedback=feedback, threshold=[10_000] * 8, weights=[*range(-52, 52)])
        await core.write(Region.CONTROL, [3, 2], Control.GAIN_INPUT)
        await core.write(Region.DELAY, [1] * 8)
        await core.write(Region.HISTORY, [1, *[0] * 6, 1])
        assert await core.read(Region.FEEDBACK) == feedback
        rows = np.arange(-52, 52).reshape(13, 8)
        await core.run(encode_steps([Step((0, 1, 2))]))
        assert await core.read(Region.ERROR) == (rows[1] + rows[2] + rows[12]).tolist()
        assert await core.read(Region.MEMBRANE) == (8 * rows[0] + 4 * rows[5]).tolist()
        await core.run(encode_steps([Step((2,))]))
        assert await core.read(Region.ERROR) == (rows[1] + 2 * rows[2] + rows[12]).tolist()

    on_core(SMALL, body)


def test_clamped_error_is_a_saturation_once_a_neuron_and_step():
    async def body(core):
        await teach(core, learning=0, feedback=[1] * 5, weights=[100] * 40, error=[32767, -32768, *[32600] * 6])
        await core.write(Region.MEMBRANE, [(1 << 19) - 1])
        await core.write(Region.BIAS, [(1 << 19) - 1])
        await core.run(encode_steps([Step((0, 1)), Step((2,))]))
        assert await core.read(Region.ERROR) == [32767, -32468, *[32767] * 6]
        # The membrane of the first neuron is clamped before it fires, too.
        assert (await core.counters())[Counter.SATURATIONS] == 1 + 6 + 1 + 6

    on_core(SMALL, body)


@pytest.mark.parametrize("learning", [0, ON, ERRORS])
def test_first_step_after_learn_takes_it_and_the_errors(learning):
    async def body(core):
        await teach(core, learning=learning, feedback=[1] * 5, error=[600] * 8)
        await core.run(bytes([*encode_steps([learn()])[:-1], IDLE, 3, 0]))
        assert await core.read(Region.CONTROL, 1, Control.LEARN) == [0]
        assert await core.read(Region.ERROR) == [0] * 8
        assert any(await core.read(Region.WEIGHTS)) == (learning == ERRORS)
        columns = 8 * (learning == ERRORS)
        assert (await core.counters())[Counter.BUSY_CYCLES] == busy_cycles(SMALL, 3, 0, columns)

    on_core(SMALL, body)


def test_spikes_change_nothing_under_the_rule_of_errors():
    async def body(core):
        await teach(core, post_trace=[TRACE] * 8, threshold=[-1] * 8)
        await core.run(encode_steps([Step((0, 1, 2, 3, 4))] * 3))
        counters = await core.counters()
        assert counters[Counter.SPIKES] == 24
        assert not any(await core.read(Region.WEIGHTS))
        assert counters[Counter.BUSY_CYCLES] == busy_cycles(SMALL, 3, 15, 0)

    on_core(SMALL, body)


def test_host_may_write_errors_feedback_and_learn_between_steps():
    async def body(core):
        await teach(core, weights=[100] * (13 * 8))
        await core.run(encode_steps([Step((0,))]))
        assert await core.read(Region.ERROR) == [0] * 8
        await core.write(Region.MEMBRANE, [0] * 8)
        await core.write(Region.FEEDBACK, [1])
        await core.run(encode_steps([Step((0,))]))
        assert await core.read(Region.ERROR) == [100] * 8
        await core.write(Region.ERROR, [-300], 2)
        await core.write(Region.CONTROL, [1], Control.LEARN)
        assert await core.read(Region.CONTROL, 1, Control.LEARN) == [1]
        await core.write(Region.CONTROL, [512], Control.POTENTIATION)
        await core.run(encode_steps([Step()]))
        assert await core.read(Region.ERROR) == [0] * 8
        assert await core.read(Region.WEIGHTS, 8, 8) == [100, 100, 99, *[100] * 5]

    on_core(SMALL, body)


@pytest.mark.parametrize("by_command", [True, False], ids=["command", "stimulus"])
def test_cleared_errors_are_those_of_the_whole_chip_and_sleeping_neurons_keep_theirs(by_command):
    config = chip(neurons=40, inputs=4, lanes=8)

    async def body(core):
        errors = [*range(-20, 20)]
        await teach(core, learning=0, error=errors, plastic=[])
        await core.write(Region.IN_USE, [1, 0])
        others = Cleared(Clear.STATE | Clear.TRACES | Clear.ADAPTATION)
        await core.run(encode_steps([Step((), (), (others,))]))
        assert await core.read(Region.ERROR) == errors
        await core.run(encode_steps([learn()]))
        assert await core.read(Region.ERROR) == [0] * 32 + errors[32:]
        if by_command:
            await core.clear(errors=True)
        else:
            await core.run(encode_steps([Step((), (), (Cleared(Clear.ERRORS),))]))
        assert await core.read(Region.ERROR) == [0] * 40

    on_core(config, body)
