"""Tallies and reports in gates: random networks against reference and emulator, edges, refusals, and a slow wire."""

import random
from dataclasses import replace

import numpy as np
import pytest
from neurocorex.check.drawing import Drawing
from neurocorex.events.codec import DRAWN
from neurocorex.image import Image
from neurocorex.spec import Clear, CoreConfig, Counter, Flag, Graded, Learning, Region, Step, layout
from neurocorex.spec.events import END, IDLE, REPORT, Cleared, Reported, encode_steps
from neurocorex.spec.registers import NEVER, NOBODY
from neurocorex.spec.timing import busy_cycles
from support.corebench import on_core
from support.corecompare import compare, run_reference
from support.coretrial import Twins, steps_of
from support.trials import reference_of


def chip(**sizes):
    return CoreConfig(**{"max_delay": 3, "lanes": 4, "reports": True, "tallies": 4} | sizes)


CONFIGS = {
    "groups": chip(neurons=7, inputs=3, groups=3),
    "no groups": chip(neurons=7, inputs=3, tallies=16),
    "most groups, one lane": chip(neurons=6, inputs=2, groups=16, lanes=1, tallies=5),
    "learning": chip(neurons=6, inputs=3, groups=2, learning=Learning.EXPONENTIAL, errors=True, extra_axons=2),
    "windows": chip(neurons=5, inputs=3, lanes=2, learning=Learning.WINDOW, window_steps=3, contexts=2),
    "patterns": chip(neurons=6, inputs=5, groups=2, patterns=3, rate_bits=4),
    "one neuron": chip(neurons=1, inputs=1, lanes=1, groups=1),
    "reports alone": chip(neurons=6, inputs=3, tallies=0, weight_bits=16),
    "tallies alone": chip(neurons=6, inputs=3, groups=2, reports=False),
}
STEPS = 25


def drawn_steps(stream):
    """Whether a chip draws the events of each step."""
    found = np.zeros(stream.steps, np.bool_)
    for step, register, value in zip(*stream.columns[6:], strict=True):
        if register == DRAWN:
            found[step : step + value % 65536] = True
    return found


def drawn(config, seed):
    """Draw a network that fires often."""
    drawing = Drawing(config, seed, {})
    regions, stream, rng = drawing.regions(), drawing.stimulus(STEPS), np.random.default_rng(seed)
    for region, values in ((Region.THRESHOLD, (1, 4)), (Region.RESET, (0, 2)), (Region.LEAK, (0, 2))):
        regions[region] = np.where(
            rng.random(config.neurons) < 0.8, rng.integers(*values, config.neurons), regions[region]
        )
    clears = np.flatnonzero((rng.random(STEPS) < 0.1) & ~drawn_steps(stream))
    return Image(config, regions), stream.clearing(clears, Clear.TALLIES) if config.tallies else stream


@pytest.mark.parametrize("name", CONFIGS)
def test_core_equals_reference_and_emulator(name):
    config = CONFIGS[name]

    async def body(core):
        for seed in range(2):
            image, stream = drawn(config, seed)
            reference = reference_of(image)
            run_reference(reference, stream, config)
            twins = Twins(core)
            await twins.load({
                region: values.ravel().tolist() for region, values in image.regions.items()
                if layout(region, config).writable
            })  # fmt: skip
            await core.clear(counters=True)
            twins.emulator.clear(Clear.COUNTERS)
            await twins.run(*steps_of(stream), pause=0.1, block=0.3)
            await twins.compare()
            await compare(core, reference, config)

    on_core(config, body)


SMALL = chip(neurons=6, inputs=2, groups=2, tallies=4)


async def prepare(core, group=(1, 1, 2, 2, 0, 1)):
    await core.write(Region.THRESHOLD, [10] * 6)
    await core.write(Region.GROUP, list(group))


def spikes(*neurons):
    return Step((), tuple(Graded(j, 0, forced=True) for j in sorted(neurons)))


async def tallies(core):
    return [await core.read(region) for region in (Region.COUNT, Region.FIRST_STEP, Region.MOST, Region.MOST_COUNT)]


def test_most_is_the_first_to_reach_the_largest_count():
    async def body(core):
        await prepare(core)
        assert await tallies(core) == [[0] * 6, [NEVER] * 6, [NOBODY] * 3, [0] * 3]
        await core.run(encode_steps([spikes(1, 4), spikes(0, 2, 4), spikes(0, 2), spikes(4), spikes(5, 3)]))
        # 0 and 2 have two spikes in the same step: the lower number. Neuron 4, with most, is of no group.
        expected = [[2, 1, 2, 1, 3, 1], [1, 0, 1, 4, 0, 4], [0, 0, 2], [2, 2, 2]]
        assert await tallies(core) == expected
        assert await core.read(Region.TALLY_STEP) == [5]
        await core.clear(state=True, counters=True)
        assert await tallies(core) == expected
        await core.run(encode_steps([Step((), (), (Cleared(Clear.TALLIES),))]))
        assert await tallies(core) == [[0] * 6, [NEVER] * 6, [NOBODY] * 3, [0] * 3]
        assert await core.read(Region.TALLY_STEP) == [1]

    on_core(SMALL, body)


def test_counts_and_steps_stay_at_their_limits():
    async def body(core):
        await prepare(core)
        await core.write(Region.TALLY_STEP, [0xFFFD])
        await core.write(Region.COUNT, [14, 15, 0, 0, 0, 0])
        await core.run(encode_steps([spikes(0, 1), spikes(1, 2), spikes(0, 1, 3)]))
        assert await tallies(core) == [
            [15, 15, 1, 1, 0, 0], [0xFFFD, 0xFFFD, 0xFFFE, 0xFFFE, NEVER, NEVER], [0, 0, 2], [15, 15, 1],
        ]  # fmt: skip
        assert await core.read(Region.TALLY_STEP) == [0xFFFE]

    on_core(SMALL, body)


def test_a_host_can_write_who_has_most():
    async def body(core):
        await prepare(core)
        await core.write(Region.MOST, [3, NOBODY, 3])
        assert await core.read(Region.MOST_COUNT) == [0, 0, 0]
        await core.write(Region.MOST_COUNT, [5], 2)
        await core.run(encode_steps([spikes(2)] * 5))
        assert await core.read(Region.MOST) == [2, NOBODY, 3]
        await core.run(encode_steps([spikes(2)]))
        assert await core.read(Region.MOST) == [2, NOBODY, 2]
        assert await core.read(Region.MOST_COUNT) == [6, 0, 6]

    on_core(SMALL, body)


def test_winner_of_a_sample_takes_five_bytes():
    """And three of the steps in silence: nothing else comes over the wire."""
    sample = [
        Step((), (), (Cleared(Clear.TALLIES),)), spikes(0), spikes(3), spikes(3), *[Step()] * 28,
        Step((), (), (Reported(Region.MOST, 0, 0, 1),)),
    ]  # fmt: skip

    async def body(core):
        await prepare(core)
        assert await core.run(encode_steps(sample)) == bytes([IDLE, 32, 0, REPORT, 2, 0, 3, 0, END])

    on_core(SMALL, body)


REFUSED = {
    "no region": Reported(0xEE, 0, 0, 1), "description": Reported(Region.INFO, 0, 0, 1),
    "a region that the chip lacks": Reported(Region.PRE_TRACE, 0, 0, 1), "row": Reported(Region.COUNT, 1, 0, 1),
    "column": Reported(Region.COUNT, 0, 6, 0), "beyond the end": Reported(Region.COUNT, 0, 4, 3),
    "beyond the last row": Reported(Region.WEIGHTS, SMALL.axons - 1, 5, 2),
    "far": Reported(Region.WEIGHTS, 0, 0, 65535),
}  # fmt: skip


def test_refused_reports_have_no_bytes_and_are_counted():
    async def body(core):
        await core.clear(counters=True)
        for refused, report in enumerate(REFUSED.values(), 1):
            results = await core.run(encode_steps([Step((), (), (report, Reported(Region.COUNT, 0, 5, 1)))]))
            assert results == bytes([REPORT, 0, 0, REPORT, 1, 0, 0, END])
            assert (await core.counters())[Counter.REFUSED_EVENTS] == refused
        assert await core.run(encode_steps([Step((), (), (Reported(Region.COUNT, 0, 0, 0),))])) == bytes(
            [REPORT, 0, 0, END]
        )
        # Within a step, where its arguments are skipped with it.
        assert await core.run(bytes([0, REPORT, Region.COUNT, 0, 0, 0, 0, 1, 0, END])) == bytes([END])
        assert (await core.counters())[Counter.REFUSED_EVENTS] == len(REFUSED) + 1

    on_core(SMALL, body)


def test_a_chip_without_reports_refuses_the_code_alone():
    async def body(core):
        await core.clear(counters=True)
        assert await core.run(bytes([REPORT, END])) == bytes([END])
        counters = await core.counters()
        assert (counters[Counter.REFUSED_EVENTS], counters[Counter.STEPS]) == (1, 1)

    on_core(replace(SMALL, reports=False), body)


@pytest.mark.parametrize("block", [0.0, 0.9], ids=["fast", "slow"])
def test_nothing_is_lost_when_results_have_to_wait(block):
    """Whole regions between steps in which all neurons record; the cycles are those of the steps alone."""
    config = chip(neurons=5, inputs=3, groups=1)
    weights = [random.Random(1).randint(-100, 100) for _ in range(config.axons * 5)]
    steps = [
        Step((0, 2), (Graded(1, 5, forced=True),)),
        Step((1,), (), (Reported(Region.WEIGHTS, 0, 0, len(weights)), Reported(Region.MEMBRANE, 0, 0, 5))),
        Step((), (), (Reported(Region.COUNTERS, 0, 0, 8),)),
    ]  # fmt: skip

    async def body(core):
        twins = Twins(core)
        await twins.load({
            Region.WEIGHTS: weights, Region.FLAGS: [Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE] * 5,
            Region.THRESHOLD: [50] * 5, Region.GROUP: [1] * 5,
        })  # fmt: skip
        await core.clear(counters=True)
        await twins.run(*steps, block=block)
        counters = await core.counters()
        assert counters[Counter.BUSY_CYCLES] == busy_cycles(config, 3, 3)

    on_core(config, body)


def test_an_abort_does_not_cut_a_report_short():
    async def body(core):
        await core.write(Region.COUNT, [1, 2, 3, 4, 5, 6])
        data = encode_steps([Step((), (), (Reported(Region.COUNT, 0, 0, 6),))])
        whole = bytes([REPORT, 6, 0, 1, 2, 3, 4, 5, 6])
        for cycle in range(10, 60, 7):
            results = await core.run(data, block=0.5, abort_after=cycle)
            assert results in (b"", whole, whole + bytes([END])), cycle

    on_core(SMALL, body)
