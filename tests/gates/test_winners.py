"""Winners of groups and judgements in gates: random networks against the naive reference, ties, edges and the bus."""

from dataclasses import replace
from itertools import count, islice

import numpy as np
import pytest
from neurocorex.check.drawing import Drawing
from neurocorex.image import Image
from neurocorex.spec import Clear, Control, CoreConfig, Counter, JudgeFlag, Learning, LearningFlag, Region, Step, layout
from neurocorex.spec.events import Cleared, Graded, Set, encode_steps
from neurocorex.spec.registers import GATE_ALL, NOBODY
from neurocorex.spec.timing import busy_cycles
from support.corebench import on_core
from support.corecompare import compare, deepen, run_reference
from support.trials import reference_of


def chip(**sizes):
    usual = {"learning": Learning.EXPONENTIAL, "errors": True, "max_delay": 3, "lanes": 4}
    return CoreConfig(**usual | sizes)


CONFIGS = {
    "usual": chip(neurons=7, inputs=3, groups=3),
    "one group": chip(neurons=5, inputs=2, groups=1, extra_axons=3),
    "most groups": chip(neurons=9, inputs=2, groups=16, state_bits=24, weight_bits=16, soft_bounds=True),
    "no adaptation": chip(neurons=7, inputs=2, groups=4, lanes=8, adaptation=False),
    "single neuron": chip(neurons=1, inputs=4, groups=2),
    "alone": chip(neurons=7, inputs=3, groups=3, lanes=1, learning=Learning.NONE, errors=False),
    "window": chip(
        neurons=5, inputs=2, groups=2, lanes=2, learning=Learning.WINDOW, window_steps=4, errors=False, contexts=2
    ),
    "deep banks": chip(neurons=6, inputs=2, groups=2, learning=Learning.NONE, errors=False),
    "one port": chip(neurons=5, inputs=3, groups=7, weight_ports=1, state_bits=16),
}
STEPS = 20
ERRORS = LearningFlag.ENABLE | LearningFlag.ERRORS


def drawn(config, seed):
    """Draw a network that fires and judges often, and whose excesses are often the same."""
    fixed = {Control.LEARNING: ERRORS, Control.GATE: GATE_ALL, Control.SILENT: 0} if seed % 2 else {}
    drawing = Drawing(config, seed, fixed)
    regions, stream, rng = drawing.regions(), drawing.stimulus(STEPS), np.random.default_rng(seed)
    for region, values in ((Region.THRESHOLD, (1, 4)), (Region.RESET, (0, 2)), (Region.LEAK, (0, 2))):
        regions[region] = np.where(
            rng.random(config.neurons) < 0.8, rng.integers(*values, config.neurons), regions[region]
        )
    return Image(config, regions), stream.clearing(np.flatnonzero(rng.random(STEPS) < 0.2), Clear.WINNERS)


def trials(config):
    """Networks that end with winners, with their stimuli and references."""
    for seed in count():
        image, stream = drawn(config, seed)
        reference = reference_of(image)
        run_reference(reference, stream, config)
        if reference.first[0] is not None:
            yield image, stream, reference


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_reference(name, monkeypatch):
    config = CONFIGS[name]
    if name == "deep banks":
        deepen(monkeypatch)

    async def body(core):
        for image, stream, reference in islice(trials(config), 2):
            for region, values in image.regions.items():
                if layout(region, config).writable:
                    await core.write(region, values.ravel().tolist())
            await core.clear(counters=True)
            await core.run(stream.encode())
            await compare(core, reference, config)

    on_core(config, body)


SMALL = chip(neurons=9, inputs=3, groups=5)
GROUP = [1, 1, 2, 2, 3, 3, 0, 5, 1]


async def prepare(core, control=(), **regions):
    """Prepare a core whose membranes are the currents that are injected, step by step, above thresholds of 10."""
    neurons = core.core.config.neurons
    usual = {"current_decay": [65535] * neurons, "decay": [65535] * neurons, "threshold": [10] * neurons}
    for name, values in (usual | regions).items():
        await core.write(Region[name.upper()], values)
    for register, value in dict(control).items():
        await core.write(Region.CONTROL, [value], register)


def given(currents, *changes, forced=()):
    return Step((), tuple(Graded(j, x, j in forced) for j, x in sorted(currents.items())), changes)


JUDGED = Set(Control.JUDGE, JudgeFlag.JUDGE)


#: Currents of a step, neurons that are forced to fire, and the items after it; - where there is none.
STEPS_OF_TIES = {
    "tie of the first and the last": ({0: 20, 8: 20}, (), "0 0 - - - -"),
    "the last is better": ({0: 20, 8: 21}, (), "8 8 - - - -"),
    "tie of two groups": ({0: 21, 1: 20, 2: 20, 3: 21}, (), "0 0 3 - - -"),
    "all": (dict.fromkeys(range(9), 11), (), "0 0 2 4 - 7"),
    "rising": ({0: 12, 1: 13, 2: 14, 3: 15, 4: 16, 5: 17, 8: 14}, (), "5 8 3 5 - -"),
    "no group": ({6: 90, 5: 11}, (), "5 - - 5 - -"),
    "forced below the threshold": ({0: -50, 1: -40, 8: -40}, (0, 1, 8), "1 1 - - - -"),
    "forced one alone": ({0: 10, 1: 9}, (1,), "1 1 - - - -"),
    "forced against one that fires by itself": ({8: 11, 1: 5}, (1,), "8 8 - - - -"),
}


def items(text):
    return [NOBODY if each == "-" else int(each) for each in text.split()]


def test_best_of_a_step_is_the_first_and_stays():
    async def body(core):
        await prepare(core, group=GROUP)
        assert await core.read(Region.FIRST) == [NOBODY] * 6
        for name, (currents, forced, first) in STEPS_OF_TIES.items():
            await core.run(encode_steps([given(currents, Cleared(Clear.WINNERS), forced=forced)]))
            assert await core.read(Region.FIRST) == items(first), name
        await core.run(encode_steps([given({0: 99, 2: 99, 4: 99, 7: 99})]))
        assert await core.read(Region.FIRST) == items("8 8 2 4 - 7")

    on_core(SMALL, body)


ALONE = chip(neurons=9, inputs=3, groups=5, lanes=1, learning=Learning.NONE, errors=False, extra_axons=2)
#: Registers and currents of a step, neurons that are forced to fire, and those that fire.
CONTESTS = {
    "nobody excludes": (0, dict.fromkeys(range(9), 11), (), [*range(9)]),
    "all groups": (0b111111, dict.fromkeys(range(9), 11), (), [0, 2, 4, 6, 7]),
    "neurons of none": (0b1, dict.fromkeys(range(9), 11), (), [*range(9)]),
    "one group, the last is better": (0b10, {0: 20, 1: 20, 8: 21, 2: 11, 3: 11}, (), [2, 3, 8]),
    "rising, side by side": (0b111110, {0: 12, 1: 13, 2: 14, 3: 15, 4: 17, 5: 17, 8: 12}, (), [1, 3, 4]),
    "forced ones have no part": (0b111110, {0: 90, 1: 12, 8: 13, 2: -50, 3: 11}, (0, 2), [0, 2, 3, 8]),
    "the best is refractory": (0b10, {0: 12, 1: 13, 7: 20}, (), [0, 7]),
}


def test_of_a_group_the_best_alone_fires_and_the_others_stay():
    """Losers keep their membranes, and are there again in the next step; each contest takes its cycles."""

    async def body(core):
        await prepare(core, group=GROUP, decay=[0] * 9, reset=[-7] * 9, refractory=[3] * 9, flags=[0] * 9,
                      extra_source=[8, 1], extra_delay=[1, 1], delay=[1] * 9)  # fmt: skip
        for name, (register, currents, forced, fired) in CONTESTS.items():
            await core.clear(state=True, winners=True, counters=True)
            if "refractory" in name:
                await core.write(Region.REFRACTORY_COUNT, [0, 2])
            await core.write(Region.CONTROL, [register], Control.ONE_FIRES)
            await core.run(encode_steps([given(currents, forced=forced)]))
            assert await core.read(Region.HISTORY) == [int(j in fired) for j in range(9)], name
            assert await core.read(Region.MEMBRANE) == [-7 if j in fired else currents.get(j, 0) for j in range(9)]
            waiting = [3 * (j in fired) + (j == 1 and "refractory" in name) for j in range(9)]
            assert await core.read(Region.REFRACTORY_COUNT) == waiting, name
            await core.run(encode_steps([Step()]))
            counters = await core.counters()
            arrivals = len(fired) + (8 in fired) + (1 in fired)
            cycles = busy_cycles(ALONE, 2, arrivals, contests=2 * (register > 0))
            assert (counters[Counter.RECURRENT_EVENTS], counters[Counter.BUSY_CYCLES]) == (arrivals, cycles), name

    on_core(ALONE, body)


def test_host_reads_and_writes_first_and_groups():
    async def body(core):
        first = [0, 8, 500, NOBODY - 1, NOBODY, 1]
        await prepare(core, group=[7, 6, *GROUP[2:]], first=first)
        assert await core.read(Region.FIRST) == first
        assert await core.read(Region.GROUP) == [7, 6, *GROUP[2:]]
        await core.write(Region.FIRST, [NOBODY], 2)
        await core.write(Region.FIRST, [3], 4)
        assert await core.read(Region.FIRST) == [0, 8, NOBODY, NOBODY - 1, 3, 1]
        # Groups above the last are none, neither for winners nor for silence.
        await core.write(Region.CONTROL, [0b111111], Control.SILENT)
        await core.run(encode_steps([given(dict.fromkeys(range(9), 20), Cleared(Clear.WINNERS))]))
        assert await core.read(Region.FIRST) == [NOBODY] * 6
        assert await core.read(Region.HISTORY) == [1, 1, *[0] * 7]

    on_core(SMALL, body)


def test_clear_of_winners_is_a_flag_of_its_own():
    others = Clear.STATE | Clear.TRACES | Clear.ADAPTATION | Clear.ERRORS

    async def body(core):
        for flags, left, errors in ((others, [4, 1, 2, 4, 8, 7], 0), (Clear.WINNERS, [NOBODY] * 6, 5)):
            for by_command in (True, False):
                await prepare(core, first=[4, 1, 2, 4, 8, 7], error=[5] * 9)
                if by_command:
                    await core.clear(**{flag.name: True for flag in flags})
                else:
                    await core.run(encode_steps([Step((), (), (Cleared(flags),))]))
                assert await core.read(Region.FIRST) == left
                assert await core.read(Region.ERROR) == [errors] * 9

    on_core(SMALL, body)


def test_judgements_of_every_kind():
    """Right and wrong, with and without praise for what is right anyway; labels that name no group; and a lesson."""
    first, cases = [4, 0, 2, 4, NOBODY, 7], []
    for label in (0, 1, 3, 4, 5, 6, 31):
        for judge in (JudgeFlag.JUDGE, JudgeFlag.JUDGE | JudgeFlag.IF_WRONG, JudgeFlag.IF_WRONG):
            right = first[label] if 1 <= label <= 5 else NOBODY
            judged, wrong = judge & JudgeFlag.JUDGE, right != 4
            praised = judged and right != NOBODY and (wrong or judge == JudgeFlag.JUDGE)
            error = [300 * (praised and j == right) + 200 * bool(judged and wrong and j == 4) for j in range(9)]
            raised = [70 * bool(judged and j == right) for j in range(9)]
            cases.append((label, judge, error, raised))

    async def body(core):
        amounts = {Control.PRAISE: 300, Control.BLAME: -200, Control.CONSCIENCE: 70}
        await prepare(core, amounts, first=first)
        for label, judge, error, raised in cases:
            changes = (Cleared(Clear.ERRORS | Clear.ADAPTATION), Set(Control.LABEL, label), Set(Control.JUDGE, judge))
            await core.run(encode_steps([Step((), (), changes), Step()]))
            assert await core.read(Region.ERROR) == error, (label, judge)
            assert await core.read(Region.ADAPTATION) == raised, (label, judge)
        assert await core.read(Region.FIRST) == first
        assert await core.read(Region.CONTROL, 1, Control.JUDGE) == [0]

    on_core(SMALL, body)


def test_ends_of_praise_and_conscience_count_once_a_neuron_and_step():
    top = SMALL.state_range[1]

    async def body(core):
        await prepare(
            core, {Control.PRAISE: 32767, Control.BLAME: -32768 & 0xFFFF, Control.CONSCIENCE: 9, Control.LABEL: 1,
                   Control.ADAPTATION_STEP: 5},
            first=[4, 0, NOBODY, 4], error=[1, 0, 0, 0, -1], adaptation=[top - 13, 0, 0, 0, top],
        )  # fmt: skip
        await core.run(encode_steps([given({0: 20}, JUDGED, forced=(0,))]))
        assert await core.read(Region.ERROR) == [32767, 0, 0, 0, 32767, *[0] * 4]
        assert await core.read(Region.ADAPTATION, 5) == [top, 0, 0, 0, top]
        assert (await core.counters())[Counter.SATURATIONS] == 1

    on_core(SMALL, body)


def test_lesson_in_the_step_of_a_judgement_learns_from_it_and_spikes_come_after_it():
    control = {
        Control.LEARNING: ERRORS, Control.POTENTIATION: 4096, Control.GATE: GATE_ALL, Control.MODULATION: 256,
        Control.WEIGHT_MIN: -128, Control.WEIGHT_MAX: 127, Control.LABEL: 5, Control.PRAISE: 64, Control.BLAME: 32,
    }  # fmt: skip

    async def body(core):
        await prepare(core, control, group=GROUP, pre_trace=[4095] * 3, plastic=[1] * 27)
        await core.run(encode_steps([given({2: 20}), given({7: 20}, JUDGED), given({}, JUDGED, Set(Control.LEARN, 1))]))
        # At first none of group 5 is there to be praised; the blame of both judgements adds up.
        assert await core.read(Region.WEIGHTS, 9) == [0, 0, -4, 0, 0, 0, 0, 4, 0]
        assert await core.read(Region.ERROR) == [0] * 9
        assert (await core.counters())[Counter.BUSY_CYCLES] == busy_cycles(SMALL, 3, 0, 2)

    on_core(SMALL, body)


def test_neurons_that_sleep_keep_their_items():
    config = replace(SMALL, neurons=40, lanes=8)

    async def body(core):
        control = {Control.PRAISE: 5, Control.BLAME: 6, Control.LABEL: 1}
        await prepare(core, control, group=[1] * 20 + [2] * 20, in_use=[1, 0], first=[39, NOBODY, 39, *[NOBODY] * 3])
        await core.run(encode_steps([given({3: 20}), given({}, JUDGED)]))
        assert await core.read(Region.FIRST) == [39, 3, 39, *[NOBODY] * 3]
        assert await core.read(Region.ERROR) == [5 * (j == 3) for j in range(40)]
        await core.clear(winners=True)
        assert await core.read(Region.FIRST) == [NOBODY] * 6

    on_core(config, body)
