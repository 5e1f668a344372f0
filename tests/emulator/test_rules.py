"""Laws of rule rows and terms, against chips with a single rule, and against arithmetic on recorded spikes."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.emulator import parallel
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, Learning, LearningFlag, Region, controls
from neurocorex.spec.registers import OTHERS, ROW_FLAGS, RULE_ROWS
from neurocorex.spec.timing import busy_cycles, column_drain
from support.emulators import assert_equal, twin

CONFIG = CoreConfig(
    neurons=7, inputs=5, lanes=4, extra_axons=3, max_delay=3, learning=Learning.EXPONENTIAL, trace_bits=8,
    soft_bounds=True, errors=True, rules=4,
)  # fmt: skip
TERMS = replace(CONFIG, terms=True)
NEVER = (1 << 19) - 1
ERRORS, SOFT = LearningFlag.ERRORS, LearningFlag.SOFT


def chip(config: CoreConfig, control: dict[Control, int], rule: object = 0) -> Emulator:
    """A chip whose neurons fire when forced to, all of whose synapses learn; bounds of all rows are wide."""
    emulator = Emulator(config)
    emulator.write(Region.THRESHOLD, np.full(config.neurons, NEVER))
    emulator.write(Region.PLASTIC, np.ones(config.axons * config.neurons))
    emulator.write(Region.FLAGS, np.full(config.neurons, Flag.RECORD_SPIKES))
    if config.rules > 1:
        emulator.write(Region.RULE, np.broadcast_to(rule, config.neurons))
    low, high = config.weight_range
    usual = {Control.LEARNING: LearningFlag.ENABLE, Control.MODULATION: 256, Control.GATE: 0xFFFF}
    for row in RULE_ROWS[: config.rules]:
        usual |= {row.weight_min: low, row.weight_max: high}
    for register, value in (usual | control).items():
        emulator.write(Region.CONTROL, [value], register)
    return emulator


def loaded(config: CoreConfig, regions: dict[Region, np.ndarray]) -> Emulator:
    """An emulator of this geometry with what it can hold of these regions."""
    emulator = Emulator(config)
    for region, values in regions.items():
        if region in emulator.regions:
            emulator.write(region, values.reshape(-1)[: emulator.regions[region].size])
    return emulator


def spiking(steps: int, neurons: int, inputs: int, seed: int) -> tuple[EventStream, np.ndarray, np.ndarray]:
    """Random input spikes, and neurons that are forced to fire; the stimulus and both as tables."""
    rng = np.random.default_rng(seed)
    arrived, fired = rng.random((steps, inputs)) < 0.2, rng.random((steps, neurons)) < 0.2
    (event, axon), (step, neuron) = np.nonzero(arrived), np.nonzero(fired)
    return EventStream(steps, event, axon, step, neuron, 0 * step, 0 * step + 1), arrived, fired


# Rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_each_synapse_changes_as_on_a_chip_that_has_its_row_alone(seed: int) -> None:
    """Step by step, on random networks with lessons: chips with one rule know nothing of rows, nor of kinds of axons.

    Even steps are compared on synapses from inputs, odd ones on all others, with the registers of these traces.
    """
    steps = 30
    trial = Trial.random(CONFIG, seed, steps)
    emulator = loaded(CONFIG, dict(trial.image.regions))
    emulator.write(Region.CONTROL, [LearningFlag.ENABLE | (seed % 2) * LearningFlag.STOCHASTIC], Control.LEARNING)
    rule = emulator.regions[Region.RULE]
    inputs = np.arange(CONFIG.axons) < CONFIG.inputs
    row_of = np.where(inputs[:, None], rule & 3, rule >> 2)
    moved = np.zeros(4, int)
    for step in range(steps):
        before = {region: held.copy() for region, held in emulator.regions.items()}
        part = trial.stimulus.cut(step, step + 1)
        part = EventStream(1, *part.columns[:6]).setting(0, Control.LEARN, step % 3 == 0)
        emulator.run(part)
        for number, row in enumerate(RULE_ROWS):
            one = loaded(replace(CONFIG, rules=1), before)
            control, compared = before[Region.CONTROL], ~inputs if step % 2 else inputs
            for own, others in OTHERS.items() if step % 2 else ():
                one.write(Region.CONTROL, [control[others]], own)
            for register, own in zip(RULE_ROWS[0][1:], row[1:], strict=True):
                one.write(Region.CONTROL, [control[own]], register) if register.bits(one.config) else None
            flags = control[Control.LEARNING] & ~ROW_FLAGS | control[row.flags] & ROW_FLAGS
            one.write(Region.CONTROL, [flags], Control.LEARNING)
            one.run(part)
            follows = (row_of == number) & compared[:, None]
            assert np.array_equal(emulator.regions[Region.WEIGHTS][follows], one.regions[Region.WEIGHTS][follows])
            moved[number] += (emulator.regions[Region.WEIGHTS] != before[Region.WEIGHTS])[follows].sum()
            assert np.array_equal(emulator.regions[Region.MEMBRANE], one.regions[Region.MEMBRANE])
            traces = (each.regions[Region.PRE_TRACE][compared] for each in (emulator, one))
            assert np.array_equal(*traces)
            assert np.array_equal(emulator.regions[Region.ERROR], one.regions[Region.ERROR])
    assert (moved > 0).sum() > 1


@pytest.mark.parametrize("errors", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_chip_that_makes_no_use_of_rules_computes_what_one_without_them_does(seed: int, errors: bool) -> None:
    plain = replace(CONFIG, rules=1, errors=errors)
    trial = Trial.random(plain, seed, 80, fixed=dict(zip(OTHERS, (3000, 100, 200), strict=True)))
    one = loaded(plain, dict(trial.image.regions))
    learning = one.regions[Region.CONTROL][Control.LEARNING]
    for config in (replace(plain, rules=2), replace(plain, terms=True), replace(plain, rules=4, terms=True)):
        one, other = loaded(plain, dict(trial.image.regions)), loaded(config, dict(trial.image.regions))
        for emulator in (one, other):
            emulator.write(Region.CONTROL, [learning | LearningFlag.ENABLE], Control.LEARNING)
        for own, others in OTHERS.items() if config.rules > 1 else ():
            other.write(Region.CONTROL, [other.regions[Region.CONTROL][own]], others)
        assert other.run(trial.stimulus) == one.run(trial.stimulus)
        cycles = (column_drain(config) - column_drain(plain)) * trial.stimulus.steps
        assert other.counters == one.counters | {Counter.BUSY_CYCLES: one.counters[Counter.BUSY_CYCLES] + cycles}
        for region in set(one.regions) - {Region.CONTROL}:
            assert np.array_equal(other.regions[region], one.regions[region]), region
        registers = len(controls(plain))
        assert np.array_equal(other.regions[Region.CONTROL][:registers], one.regions[Region.CONTROL])
        assert one.counters[Counter.POTENTIATIONS] > 0


@pytest.mark.parametrize("errors", [False, True])
def test_other_flags_of_a_row_mean_nothing(errors: bool) -> None:
    """And ERRORS means nothing on a chip without errors, SOFT on one without soft bounds."""
    config = replace(TERMS, errors=errors, soft_bounds=errors)
    ignored = 0x7F & ~(ROW_FLAGS if errors else 0)
    stream, _, _ = spiking(60, 7, 5, seed=1)
    found = []
    for flags in (0, ignored):
        emulator = chip(config, {Control.RULE_1: flags, Control.POST_ONLY_1: 300, Control.PRE_ONLY_1: -200}, 0b0101)
        emulator.run(stream)
        found.append(emulator.regions[Region.WEIGHTS].copy())
    assert np.array_equal(*found)
    assert found[0].any()


@pytest.mark.parametrize(
    ("rule", "spike", "lesson", "walked"),
    [
        pytest.param((0, 0), True, False, True, id="both by spikes, spike"),
        pytest.param((0, 0), False, True, False, id="both by spikes, lesson"),
        pytest.param((0, 1), True, False, True, id="inputs by spikes, spike"),
        pytest.param((1, 0), True, False, True, id="others by spikes, spike"),
        pytest.param((0, 1), False, True, True, id="others by errors, lesson"),
        pytest.param((1, 0), False, True, True, id="inputs by errors, lesson"),
        pytest.param((1, 0), True, True, True, id="one of each, spike in a lesson"),
        pytest.param((1, 1), True, False, False, id="both by errors, spike"),
        pytest.param((1, 1), False, True, True, id="both by errors, lesson"),
        pytest.param((1, 1), True, True, True, id="both by errors, spike in a lesson"),
        pytest.param((0, 1), False, False, False, id="nothing"),
    ],
)
def test_columns_are_walked_once_for_what_concerns_one_of_their_rules(
    rule: tuple[int, int], spike: bool, lesson: bool, walked: bool
) -> None:
    """Of synapses, those change whose own rule it concerns."""
    inputs, others = rule
    both = {Control.POTENTIATION: 512, Control.POTENTIATION_1: 512, Control.RULE_1: ERRORS}
    emulator = chip(CONFIG, both, [0, 0, others << 2 | inputs, 0, 0, 0, 0])
    emulator.write(Region.FLAGS, np.full(7, Flag.ERROR_ALWAYS))
    emulator.write(Region.PRE_TRACE, np.full(CONFIG.axons, 255))
    emulator.write(Region.ERROR, [0, 0, 512, 0, 0, 0, 0])
    stream = EventStream(1, [], [], [0], [2], [0], [1]) if spike else EventStream(1)
    emulator.run(stream.setting(0, Control.LEARN, 1) if lesson else stream)
    expected = np.zeros((CONFIG.axons, 7), int)
    by_spike, by_error = (255 * 512 + 128) // 256 // 256, (255 * 1024 + 128) // 256 // 256
    expected[:5, 2], expected[5:, 2] = (by_error * lesson if errors else by_spike * spike for errors in rule)
    assert np.array_equal(emulator.regions[Region.WEIGHTS], expected)
    assert emulator.counters[Counter.BUSY_CYCLES] == busy_cycles(CONFIG, 1, 0, int(walked))
    assert emulator.counters[Counter.POTENTIATIONS] == np.count_nonzero(expected)


def test_bounds_and_their_counters_are_those_of_the_row() -> None:
    """Inputs within -3 to 5, soft; the others within -100 to 100, hard: every change is 2 up, then 2 down."""
    control = {
        Control.POST_ONLY: 512, Control.WEIGHT_MIN: -100, Control.WEIGHT_MAX: 100,
        Control.POST_ONLY_1: 512, Control.WEIGHT_MIN_1: -3, Control.WEIGHT_MAX_1: 5,
    }  # fmt: skip
    emulator = chip(TERMS, control, 1)
    emulator.write(Region.WEIGHTS, np.repeat([4] * 5 + [99] * 10, 7))
    force = EventStream(1, [], [], [0], [2], [0], [1])
    emulator.run(force)
    assert emulator.regions[Region.WEIGHTS][:, 2].tolist() == [5] * 5 + [100] * 10
    assert emulator.counters[Counter.CLIPS_HIGH] == 15
    for register in (Control.POST_ONLY, Control.POST_ONLY_1):
        emulator.write(Region.CONTROL, [-512], register)
    emulator.write(Region.CONTROL, [SOFT], Control.RULE_1)
    emulator.run(force)  # of the soft row a change of 2 times 8 of 256 is none
    assert emulator.regions[Region.WEIGHTS][:, 2].tolist() == [5] * 5 + [98] * 10
    emulator.write(Region.CONTROL, [-(1 << 15)], Control.POST_ONLY_1)
    emulator.run(force)  # -128 times 8 of 256: -4
    assert emulator.regions[Region.WEIGHTS][:, 2].tolist() == [1] * 5 + [96] * 10
    emulator.write(Region.CONTROL, [0], Control.RULE_1)
    emulator.run(force)
    assert emulator.regions[Region.WEIGHTS][:, 2].tolist() == [-3] * 5 + [94] * 10
    assert emulator.counters[Counter.CLIPS_LOW] == 5
    others = np.delete(emulator.regions[Region.WEIGHTS], 2, axis=1)
    assert np.array_equal(others, np.repeat([4] * 5 + [99] * 10, 6).reshape(15, 6))


def test_samples_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    stream = EventStream.from_dense(rng.random((400, CONFIG.inputs)) < 0.1)
    for start in (0, 100, 200, 300):
        stream = stream.clearing(start, Clear.STATE | Clear.TRACES | Clear.ADAPTATION | Clear.ERRORS)
    one = chip(TERMS, {Control.LEARNING: 0, Control.PRE_ONLY: 300, Control.POST_ONLY_1: 300}, 0b0100)
    for region, values in (
        (Region.FEEDBACK, rng.random(CONFIG.axons) < 0.3), (Region.THRESHOLD, np.full(7, 90)),
        (Region.WEIGHTS, rng.integers(-30, 90, CONFIG.axons * 7)), (Region.DELAY, rng.integers(0, 4, 7)),
    ):  # fmt: skip
        one.write(region, values)
    many = twin(one)
    one.run(stream)
    monkeypatch.setattr(parallel, "WORKERS", 4)
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    assert len(parallel.split(stream, many._memory)) == 4
    many.run(stream)
    assert_equal(one, many)
    assert one.counters[Counter.SPIKES] > 0


# Terms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_constant_changes_count_arrivals_and_spikes(seed: int) -> None:
    """Each arrival 1 up, each spike of the neuron 2 down, over the rows of inputs; the other way round elsewhere."""
    config = replace(TERMS, weight_bits=16, rules=2)
    control = {
        Control.PRE_ONLY: 256, Control.POST_ONLY: -512, Control.PRE_ONLY_1: -768, Control.POST_ONLY_1: 256,
        Control.PRE_INCREMENT: 100, Control.PRE_CAP: 255, Control.POST_INCREMENT: 100, Control.POST_CAP: 255,
    }  # fmt: skip
    emulator = chip(config, control, 0b10)
    delay, source, extra = [0, 1, 2, 3, 1, 1, 2], [0, 3, 3], [1, 2, 0]
    for region, values in (
        (Region.DELAY, delay), (Region.EXTRA_SOURCE, source), (Region.EXTRA_DELAY, extra),
    ):  # fmt: skip
        emulator.write(region, values)
    steps = 200
    stream, arrived, fired = spiking(steps, 7, 5, seed)
    emulator.run(stream)
    arrivals = arrived.sum(axis=0).tolist()
    for neuron, late in [*enumerate(delay), *zip(source, extra, strict=True)]:
        arrivals.append(int(fired[: steps - late, neuron].sum()) if late else 0)
    spikes, inputs = fired.sum(axis=0), (np.arange(config.axons) < 5)[:, None]
    expected = np.where(inputs, 1, -3) * np.array(arrivals)[:, None] + np.where(inputs, -2, 1) * spikes
    assert np.array_equal(emulator.regions[Region.WEIGHTS], expected)
    assert emulator.counters[Counter.SPIKES] == spikes.sum() > 0


def test_constant_changes_are_modulated_and_gated() -> None:
    control = {Control.PRE_ONLY: 512, Control.MODULATION: -128, Control.GATE: 4}
    emulator = chip(TERMS, control)
    emulator.run(EventStream(1, [0], [1]))
    expected = np.zeros((TERMS.axons, 7), int)
    expected[1, 4] = -1
    assert np.array_equal(emulator.regions[Region.WEIGHTS], expected)


def test_weight_is_stationary_where_the_mean_trace_is_the_offset() -> None:
    """Poisson inputs of three rates, and spikes that know nothing of them: the mean change is rate * (X - offset)."""
    config = CoreConfig(
        neurons=64, inputs=60, weight_bits=16, learning=Learning.EXPONENTIAL, trace_bits=12, terms=True
    )  # fmt: skip
    increment, decay, rate, steps = 100, 2048, 4000, 4000
    probability = np.repeat([0.01, 0.05, 0.1], 20)
    # An arrival adds the increment after the decay of its step.
    mean = probability * increment * 65536 / decay
    offset = round(mean[20])
    emulator = chip(config, {
        Control.LEARNING: LearningFlag.ENABLE | LearningFlag.STOCHASTIC, Control.POTENTIATION: rate,
        Control.OFFSET: offset, Control.PRE_DECAY: decay, Control.PRE_INCREMENT: increment, Control.PRE_CAP: 4095,
        Control.RANDOM: 77,
    })  # fmt: skip
    rng = np.random.default_rng(5)
    arrived, fired = rng.random((steps, 60)) < probability, rng.random((steps, 64)) < 0.05
    (event, axon), (step, neuron) = np.nonzero(arrived), np.nonzero(fired)
    emulator.run(EventStream(steps, event, axon, step, neuron, 0 * step, 0 * step + 1))
    change = emulator.regions[Region.WEIGHTS][:60] / fired.sum(axis=0)
    expected = rate * (mean - offset) / 4096 / 256
    # Synapses of one axon share its trace: each axon counts once.
    for first in (0, 20, 40):
        axons = change[first : first + 20].mean(axis=1)
        error = axons.std(ddof=1) / np.sqrt(20)
        assert abs(axons.mean() - expected[first]) < 4 * error
    assert abs(expected[20]) < 0.01
    assert change[:20].mean() < -0.2
    assert change[40:].mean() > 0.2


@pytest.mark.parametrize("lesson", [False, True])
def test_offset_and_saturation_of_changes(lesson: bool) -> None:
    """Against floats, with the largest traces, rates and constants: in lessons there is no constant."""
    config = replace(TERMS, weight_bits=16, trace_bits=16)
    rng = np.random.default_rng(8)
    rate, constant = (1 << 23) - 1, (1 << 23) - 1
    emulator = chip(config, {
        Control.LEARNING: LearningFlag.ENABLE | (ERRORS if lesson else 0), Control.POTENTIATION: rate,
        Control.OFFSET: 30000, Control.POST_ONLY: constant,
    })  # fmt: skip
    trace, error = rng.integers(0, 1 << 16, config.axons), rng.integers(-700, 700, 7)
    emulator.write(Region.PRE_TRACE, trace)
    emulator.write(Region.ERROR, error)
    emulator.write(Region.FLAGS, np.full(7, Flag.ERROR_ALWAYS))
    every = np.arange(7)
    emulator.run(EventStream(1, [], [], 0 * every, every, 0 * every, 0 * every + 1).setting(0, Control.LEARN, lesson))
    most = (1 << 23) - 1
    factor = np.clip(np.floor(rate * error / 256), -most - 1, most) if lesson else np.full(7, float(rate))
    change = np.floor(np.outer(trace - 30000, factor) / 65536 + 0.5) + (0 if lesson else constant)
    change = np.trunc(np.clip(change, -most - 1, most) / 256)
    assert np.array_equal(emulator.regions[Region.WEIGHTS], np.clip(change, -32768, 32767))
    assert (np.abs(change) > 1000).any()
