"""Laws of errors, against arithmetic that shares nothing with the kernel: NumPy on recorded spikes."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.emulator import parallel
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, Learning, LearningFlag, Region
from support.emulators import assert_equal, twin

CONFIG = CoreConfig(
    neurons=12, inputs=9, lanes=4, extra_axons=5, max_delay=6, learning=Learning.EXPONENTIAL, trace_bits=8, errors=True
)
PLAIN = replace(CONFIG, errors=False)
BY_ERRORS = LearningFlag.ENABLE | LearningFlag.ERRORS
USUAL = {
    Control.WEIGHT_MIN: -128, Control.WEIGHT_MAX: 127, Control.MODULATION: 256, Control.GATE: 0xFFFF,
    Control.LEARNING: BY_ERRORS, Control.POTENTIATION: 400, Control.PRE_INCREMENT: 16, Control.PRE_CAP: 255,
}  # fmt: skip
NEVER = (1 << 19) - 1


def chip(config: CoreConfig = CONFIG, control: dict[Control, int] | None = None) -> Emulator:
    """A chip whose neurons fire when forced to, all of whose synapses learn, at each lesson, from any error."""
    emulator = Emulator(config)
    emulator.write(Region.THRESHOLD, np.full(config.neurons, NEVER))
    emulator.write(Region.PLASTIC, np.ones(config.axons * config.neurons))
    for register, value in (USUAL | (control or {})).items():
        emulator.write(Region.CONTROL, [value], register)
    return emulator


def taught(emulator: Emulator, errors: object, traces: object) -> Emulator:
    """The same with these errors and traces of axons."""
    emulator.write(Region.ERROR, errors)
    emulator.write(Region.PRE_TRACE, traces)
    return emulator


def lesson(steps: int = 1, at: int = 0) -> EventStream:
    return EventStream(steps).setting(at, Control.LEARN, 1)


# Errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_errors_are_the_sums_of_recorded_spikes(seed: int) -> None:
    """Feedback axons of all kinds, with their delays; the region before each lesson, while other weights learn."""
    rng = np.random.default_rng(seed)
    n, inputs, steps = CONFIG.neurons, CONFIG.inputs, 240
    emulator = chip(control={Control.LEARNING: BY_ERRORS | LearningFlag.STOCHASTIC, Control.DEADBAND: 5})
    feedback = rng.random(CONFIG.axons) < 0.5
    delay, source, extra = rng.integers(0, 7, n), rng.integers(0, n, 5), rng.integers(0, 7, 5)
    weights = rng.integers(-30, 60, (CONFIG.axons, n))
    for region, values in (
        (Region.FEEDBACK, feedback), (Region.DELAY, delay), (Region.EXTRA_SOURCE, source), (Region.EXTRA_DELAY, extra),
        (Region.WEIGHTS, weights), (Region.PLASTIC, np.repeat(~feedback, n)), (Region.THRESHOLD, np.full(n, 150)),
        (Region.FLAGS, np.full(n, Flag.RECORD_SPIKES | Flag.ERROR_ALWAYS)), (Region.CURRENT_DECAY, np.full(n, 65535)),
    ):  # fmt: skip
        emulator.write(region, values)
    given = rng.random((steps, inputs)) < 0.2
    lessons = np.flatnonzero(rng.random(steps) < 0.08)
    stream, before, found = EventStream.from_dense(given), 0, []
    spikes = np.zeros((steps, n), bool)
    for at in lessons.tolist():  # the stream up to each lesson, then the lesson
        for part in (stream.cut(before, at), stream.cut(at, at + 1).setting(0, Control.LEARN, 1)):
            found.append(emulator.regions[Region.ERROR].copy())
            results = emulator.run(part)
            spikes[before + results.event_step, results.event_index] = True
            before += part.steps
    arrived = np.zeros((steps, CONFIG.axons), bool)
    arrived[:, :inputs] = given
    sources = [*zip(range(n), delay, strict=True), *zip(source, extra, strict=True)]
    for axon, (neuron, late) in enumerate(sources, inputs):
        if late:
            arrived[late:, axon] = spikes[:-late, neuron]
    gathered = (arrived & feedback) @ weights
    start = 0
    for at, cleared, error in zip(lessons.tolist(), found[::2], found[1::2], strict=True):
        assert not cleared.any()
        assert np.array_equal(error, gathered[start:at].sum(0))
        start = at + 1
    assert spikes.any()
    assert np.abs(found).max() > 100
    assert emulator.counters[Counter.POTENTIATIONS] > 0


@pytest.mark.parametrize("gain", [Control.GAIN_INPUT, Control.GAIN_RECURRENT])
def test_errors_bring_no_current_and_know_no_gain(gain: Control) -> None:
    emulator = chip(control={gain: 3})
    emulator.write(Region.FEEDBACK, np.ones(CONFIG.axons))
    emulator.write(Region.WEIGHTS, np.arange(CONFIG.axons * 12) % 100)
    emulator.write(Region.DELAY, np.ones(12))
    emulator.run(EventStream(2, [1], [2], [0, 1], [3, 5], [0, 77], [1, 0]))
    w = emulator.regions[Region.WEIGHTS].astype(int)
    assert np.array_equal(emulator.regions[Region.ERROR], w[2] + w[CONFIG.inputs + 3])
    assert emulator.regions[Region.CURRENT].tolist() == [0, 0, 0, 0, 0, 77, *[0] * 6]


@pytest.mark.parametrize("sign", [1, -1])
def test_errors_saturate_and_count_once_a_neuron_and_step(sign: int) -> None:
    emulator = chip(replace(CONFIG, weight_bits=16))
    emulator.write(Region.FEEDBACK, np.ones(CONFIG.axons))
    emulator.write(Region.WEIGHTS, np.tile([sign * 20000, sign * 100, *[0] * 10], 9))
    emulator.write(Region.BIAS, [NEVER, 0])
    emulator.write(Region.MEMBRANE, [1])  # its membrane is clamped in the same steps
    emulator.run(EventStream(3, [0, 1, 2], [0, 1, 2]))
    end = 32767 if sign > 0 else -32768
    assert emulator.regions[Region.ERROR][:2].tolist() == [end, sign * 300]
    assert emulator.counters[Counter.SATURATIONS] == 3
    emulator.write(Region.BIAS, [0, 0])
    emulator.write(Region.MEMBRANE, [0])
    emulator.run(EventStream(1, [0], [3]))
    assert emulator.counters[Counter.SATURATIONS] == 4
    emulator.write(Region.WEIGHTS, np.tile([sign * -20000, 0, *[0] * 10], 9))
    emulator.run(EventStream(1, [0, 0], [4, 5]))  # the sum of a step is exact: one clamp at most
    assert emulator.regions[Region.ERROR][0] == end - sign * 40000
    assert emulator.counters[Counter.SATURATIONS] == 4


@pytest.mark.parametrize("flags", [*Clear, Clear(31)], ids=str)
@pytest.mark.parametrize("by", ["command", "stimulus"])
def test_clear_of_errors_is_a_flag_of_its_own(flags: Clear, by: str) -> None:
    emulator = taught(chip(), range(12), np.full(CONFIG.axons, 7))
    if by == "command":
        emulator.clear(flags)
    else:
        emulator.run(EventStream(1).clearing(0, flags))
    assert emulator.regions[Region.ERROR].any() == (not flags & Clear.ERRORS)
    assert emulator.regions[Region.PRE_TRACE].any() == (not flags & Clear.TRACES)


# Lessons ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("soft", [0, LearningFlag.SOFT])
def test_a_lesson_changes_weights_by_trace_and_error(soft: int) -> None:
    """Against floats: each change is the product, to the nearest, cut towards zero; and soft bounds."""
    rng = np.random.default_rng(3)
    config = replace(CONFIG, soft_bounds=True)
    rate, modulation = 700, 200
    emulator = chip(config, {
        Control.LEARNING: BY_ERRORS | soft, Control.POTENTIATION: rate, Control.MODULATION: modulation,
    })  # fmt: skip
    error, trace = rng.integers(-900, 900, 12), rng.integers(0, 256, config.axons)
    weights, plastic = rng.integers(-100, 100, (config.axons, 12)), rng.random((config.axons, 12)) < 0.8
    emulator.write(Region.WEIGHTS, weights)
    emulator.write(Region.PLASTIC, plastic)
    taught(emulator, error, trace).run(lesson())
    factor = np.floor(np.floor(rate * modulation / 256) * error / 256)
    change = np.floor(np.outer(trace, factor) / 256 + 0.5)
    if soft:
        room = np.where(change > 0, 127 - weights, weights + 128)
        change = np.floor(change * room / 256 + 0.5)
    expected = np.clip(weights + np.trunc(change / 256) * plastic, -128, 127)
    assert np.array_equal(emulator.regions[Region.WEIGHTS], expected)
    assert (expected != weights).mean() > 0.3
    assert emulator.counters[Counter.POTENTIATIONS] == (np.trunc(change / 256) * plastic > 0).sum()
    assert emulator.counters[Counter.DEPRESSIONS] == (np.trunc(change / 256) * plastic < 0).sum()
    assert not emulator.regions[Region.ERROR].any()
    assert emulator.regions[Region.CONTROL][Control.LEARN] == 0


@pytest.mark.parametrize(
    ("case", "learns"),
    [
        pytest.param({}, True, id="near"),
        pytest.param({Region.ERROR: 41}, True, id="beyond the deadband"),
        pytest.param({Region.ERROR: 40}, False, id="at the deadband"),
        pytest.param({Region.ERROR: -40}, False, id="at the deadband, negative"),
        pytest.param({Region.MEMBRANE: 100}, False, id="at the threshold"),
        pytest.param({Region.MEMBRANE: 99}, True, id="below the threshold"),
        pytest.param({Region.MEMBRANE: -100}, False, id="at minus the threshold"),
        pytest.param({Region.MEMBRANE: -99}, True, id="above minus the threshold"),
        pytest.param({Region.MEMBRANE: 100, Region.ADAPTATION: 50}, False, id="threshold without its adaptation"),
        pytest.param({Region.MEMBRANE: 101, Region.RESET: 5}, True, id="after the reset"),
        pytest.param({Region.THRESHOLD: -5, Region.REFRACTORY_COUNT: 9}, False, id="threshold below zero"),
        pytest.param({Region.MEMBRANE: -100, Region.FLAGS: Flag.ERROR_ALWAYS}, True, id="always"),
        pytest.param({Region.FLAGS: Flag.ERROR_ALWAYS | Flag.PLASTICITY_OFF}, False, id="off"),
    ],
)
def test_which_neurons_learn_from_their_error(case: dict[Region, int], learns: bool) -> None:
    emulator = chip(control={Control.DEADBAND: 40, Control.POTENTIATION: 2000})
    for region, value in ({Region.THRESHOLD: 100, Region.ERROR: 300} | case).items():
        emulator.write(region, [0, value], 1)
    emulator.write(Region.PRE_TRACE, np.full(CONFIG.axons, 255))
    emulator.run(lesson())
    changed = emulator.regions[Region.WEIGHTS].any(axis=0)
    assert changed.tolist() == [False, False, learns, *[False] * 9]


def test_gate_lets_one_neuron_learn() -> None:
    emulator = taught(chip(control={Control.GATE: 4}), np.full(12, 500), np.full(CONFIG.axons, 100))
    emulator.run(lesson())
    assert np.flatnonzero(emulator.regions[Region.WEIGHTS].any(axis=0)).tolist() == [4]


def test_trace_of_the_step_of_a_lesson_counts() -> None:
    emulator = taught(chip(), np.full(12, 256), np.zeros(CONFIG.axons))
    emulator.run(EventStream(1, [0], [3]).setting(0, Control.LEARN, 1))
    changed = np.zeros((CONFIG.axons, 12))
    changed[3] = (16 * 400 + 128) // 256 // 256
    assert np.array_equal(emulator.regions[Region.WEIGHTS], changed)


def test_lesson_is_the_first_step_after_it_is_set() -> None:
    """In the long silence that is skipped, and carried over to the next run: each time it happens once."""
    error, trace = np.arange(12) * 40 - 200, np.arange(CONFIG.axons) * 9
    once = taught(chip(), error, trace)
    once.run(lesson())
    for stream in (lesson(1), lesson(5000), lesson(5000, 2222), lesson(5000, 4999), lesson(40, 40)):
        emulator = taught(chip(), error, trace)
        emulator.run(stream)
        emulator.run(EventStream(1000))
        assert np.array_equal(emulator.regions[Region.WEIGHTS], once.regions[Region.WEIGHTS])
        assert not emulator.regions[Region.ERROR].any()
        assert emulator.regions[Region.CONTROL][Control.LEARN] == 0
        for counter in (Counter.POTENTIATIONS, Counter.DEPRESSIONS):
            assert emulator.counters[counter] == once.counters[counter] > 0


@pytest.mark.parametrize("learning", [0, LearningFlag.ERRORS, LearningFlag.ENABLE])
def test_lesson_without_the_rule_only_zeroes_errors(learning: int) -> None:
    emulator = taught(chip(control={Control.LEARNING: learning}), np.full(12, 500), np.full(CONFIG.axons, 100))
    emulator.run(lesson(20, 9))
    assert not emulator.regions[Region.ERROR].any()
    assert not emulator.regions[Region.WEIGHTS].any()
    assert emulator.regions[Region.CONTROL][Control.LEARN] == 0


def test_rule_of_errors_changes_nothing_without_lessons() -> None:
    """Neither by arrivals nor by spikes, whatever errors there are."""
    trial = Trial.random(CONFIG, 4, 1, fixed={Control.LEARNING: BY_ERRORS})
    emulator = loaded(trial)
    emulator.write(Region.CONTROL, [0], Control.LEARN)
    before = emulator.regions[Region.WEIGHTS].copy()
    rng = np.random.default_rng(4)
    emulator.run(EventStream.from_dense(rng.random((300, CONFIG.inputs)) < 0.3))
    assert emulator.counters[Counter.SPIKES] > 0
    assert emulator.regions[Region.ERROR].any()
    assert np.array_equal(emulator.regions[Region.WEIGHTS], before)


# Chips without errors --------------------------------------------------------------------------------


def loaded(trial: Trial, config: CoreConfig = CONFIG) -> Emulator:
    """An emulator of this geometry with what it can hold of an image."""
    emulator = Emulator(config)
    for region, values in trial.image.regions.items():
        if region in emulator.regions:
            room = emulator.regions[region].size
            emulator.write(region, values.reshape(-1)[:room])
    return emulator


@pytest.mark.parametrize("seed", range(4))
def test_a_chip_that_makes_no_use_of_errors_computes_what_one_without_them_does(seed: int) -> None:
    """Lessons among spikes that learn; and the flag of errors, which such a chip does not know."""
    trial = Trial.random(PLAIN, seed, 80)
    plain, flagged, errors = loaded(trial, PLAIN), loaded(trial, PLAIN), loaded(trial)
    control = int(plain.regions[Region.CONTROL][Control.LEARNING]) & ~LearningFlag.ERRORS
    stream = trial.stimulus.setting([3, 30, 31, 60], Control.LEARN, 1)
    known = stream.change_register != Control.LEARNING  # random ones may set the flag
    stream = EventStream(80, *stream.columns[:6], *(column[known] for column in stream.columns[6:]))
    for emulator, flag in ((plain, 0), (flagged, LearningFlag.ERRORS), (errors, 0)):
        emulator.write(Region.CONTROL, [control | flag], Control.LEARNING)
    assert plain.run(stream) == flagged.run(stream) == errors.run(stream)
    refused = plain.counters[Counter.REFUSED_EVENTS]
    assert refused == errors.counters[Counter.REFUSED_EVENTS] + 4  # LEARN is no register of theirs
    for region in set(plain.regions) - {Region.CONTROL}:
        assert np.array_equal(plain.regions[region], flagged.regions[region]), region
        assert np.array_equal(plain.regions[region], errors.regions[region]), region
    for counter in set(Counter) - {Counter.REFUSED_EVENTS}:
        assert plain.counters[counter] == flagged.counters[counter] == errors.counters[counter], counter
    assert plain.counters[Counter.POTENTIATIONS] > 0


# Samples ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("flags", [Clear.ERRORS, Clear(0)], ids=["with errors", "without"])
def test_samples_side_by_side_gather_what_they_do_in_turn(
    flags: Clear, pending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors that are not cleared go on to the next sample, and so does a lesson that waits: then they run in turn."""
    rng = np.random.default_rng(3)
    stream = EventStream.from_dense(rng.random((400, CONFIG.inputs)) < 0.1)
    for start in (0, 100, 200, 300):
        stream = stream.clearing(start, Clear.STATE | Clear.TRACES | Clear.ADAPTATION | flags)
    one = chip(control={Control.LEARNING: 0, Control.LEARN: int(pending)})
    one.write(Region.FEEDBACK, rng.random(CONFIG.axons) < 0.5)
    one.write(Region.WEIGHTS, rng.integers(-50, 60, CONFIG.axons * 12))
    many = twin(one)
    one.run(stream)
    monkeypatch.setattr(parallel, "WORKERS", 4)
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    assert len(parallel.split(stream, many._memory)) == (4 if flags and not pending else 1)
    many.run(stream)
    assert_equal(one, many)
    assert one.regions[Region.ERROR].any()
