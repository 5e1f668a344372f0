"""Laws that learning keeps, against arithmetic that shares nothing with the kernel: floats, and NumPy step by step."""

import numpy as np
import pytest
from neurocorex.emulator import parallel
from neurocorex.emulator.emulator import Emulator
from neurocorex.emulator.generator import advanced
from neurocorex.emulator.runner import Runner
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Learning, LearningFlag, Region
from neurocorex.spec.fixed import advance

NEVER = (1 << 19) - 1


def chip(config: CoreConfig, control: dict[Control, int]) -> Emulator:
    """A chip whose neurons fire when forced to, and all of whose synapses learn."""
    emulator = Emulator(config)
    emulator.write(Region.THRESHOLD, np.full(config.neurons, NEVER))
    emulator.write(Region.PLASTIC, np.ones(config.axons * config.neurons))
    low, high = config.weight_range
    usual = {Control.WEIGHT_MIN: low, Control.WEIGHT_MAX: high, Control.MODULATION: 256, Control.GATE: 0xFFFF}
    for register, value in (usual | control).items():
        emulator.write(Region.CONTROL, [value], register)
    return emulator


# Traces ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [6, 8, 12])
@pytest.mark.parametrize("tau", [5, 20, 100])
def test_traces_decay_exponentially_on_average(bits: int, tau: int) -> None:
    """The mean of many, of axons and neurons, within four standard errors at every step."""
    config = CoreConfig(neurons=64, inputs=64, learning=Learning.EXPONENTIAL, trace_bits=bits)
    increment, decay = (1 << bits) // 4, round(65536 * -np.expm1(-1 / tau))
    sides = ((Control.PRE_DECAY, Control.PRE_INCREMENT, Control.PRE_CAP),
             (Control.POST_DECAY, Control.POST_INCREMENT, Control.POST_CAP))  # fmt: skip
    names = {
        name: value for side in sides for name, value in zip(side, (decay, increment, (1 << bits) - 1), strict=True)
    }
    every, looks, seeds = np.arange(64), 3 * tau // 5, 20
    traces = np.empty((seeds, looks, 2, 64))
    for seed, random in enumerate(np.random.default_rng(bits).integers(1, 1 << 32, seeds)):
        emulator = chip(config, names | {Control.RANDOM: int(random)})
        zero = np.zeros(64, int)
        emulator.run(EventStream(1, zero, every, zero, every, zero, zero + 1))
        for look in range(looks):
            emulator.run(EventStream(5))
            traces[seed, look] = emulator.regions[Region.PRE_TRACE][:64], emulator.regions[Region.POST_TRACE]
    ages = 5 * np.arange(1, looks + 1)
    law = increment * (1 - decay / 65536) ** ages
    # Those of one seed share the generator: each seed counts once.
    means = traces.mean(axis=3)
    error = means.std(axis=0, ddof=1) / np.sqrt(seeds)
    assert np.all(np.abs(means.mean(axis=0) - law[:, None]) < 4 * error + 1e-2)
    # All together, the area is right within a percent.
    assert means.mean(axis=(0, 2)).sum() == pytest.approx(law.sum(), rel=0.01, abs=0.02 * looks)


def test_full_traces_are_counted_one_by_one() -> None:
    config = CoreConfig(neurons=2, inputs=2, learning=Learning.EXPONENTIAL)
    emulator = chip(config, {Control.PRE_INCREMENT: 40, Control.PRE_CAP: 100, Control.POST_INCREMENT: 0})
    emulator.run(EventStream(5, [0, 1, 2, 3, 4, 4], [0, 0, 0, 0, 0, 1]))
    assert emulator.counters[Counter.FULL_TRACES] == 3  # 40, 80, then three at the cap
    emulator.write(Region.CONTROL, [LearningFlag.NEAREST_PRE], Control.LEARNING)
    emulator.run(EventStream(2, [0, 1], [0, 0]))
    assert emulator.counters[Counter.FULL_TRACES] == 3
    assert emulator.regions[Region.PRE_TRACE][0] == 40


# Drift -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_drift_of_10000_steps_is_what_plain_arithmetic_gives(bits: int) -> None:
    """Whole changes by windows, a drift that turns and rests, runs of many lengths; weights clip at their ends."""
    rng = np.random.default_rng(bits)
    config = CoreConfig(
        neurons=9, inputs=6, weight_bits=bits, learning=Learning.WINDOW, window_steps=3, adaptation=False
    )
    low, high = config.weight_range
    emulator = chip(config, {Control.LEARNING: LearningFlag.ENABLE})
    plastic = rng.random((15, 9)) < 0.8
    plastic[3], plastic[4] = False, True
    tables = [rng.integers(-3, 4, 8) * max(high // 20, 1) for _ in range(2)]
    w = rng.integers(low, high, (15, 9), endpoint=True)
    for region, values in ((Region.WEIGHTS, w), (Region.PLASTIC, plastic), (Region.PRE_TABLE, 256 * tables[0]),
                           (Region.POST_TABLE, 256 * tables[1])):  # fmt: skip
        emulator.write(region, values)
    x, y, step, clips, done = np.zeros(15, int), np.zeros(9, int), 0, 0, 0

    def change(part: tuple[object, object], p: np.ndarray) -> int:
        """Change a part of the matrix; return how many changed weights stood at the end that they drift to."""
        nonlocal w
        p = np.where(plastic[part], p, 0)
        end = {-1: low, 1: high}.get(int(np.sign(step)), high + 1)
        at_the_end = np.sum((p != 0) & (w[part] == end))
        w[part] = np.where(p != 0, np.clip(w[part] + p, low, high), w[part])
        return int(at_the_end)

    while done < 10_000:
        steps = int(rng.choice([1, 2, 7, 30, 200]))
        rate = rng.choice([0.0, 0.01, 0.2])
        arrived, fired = rng.random((steps, 6)) < rate, rng.random((steps, 9)) < rate
        step = int(rng.choice([0, 1, -1, -1, 2, -3, low, high]))
        at, neuron = fired.nonzero()
        emulator.run(
            EventStream(steps, *arrived.nonzero(), at, neuron, 0 * at, 0 * at + 1).setting(0, Control.DRIFT_STEP, step)
        )
        for now in range(steps):
            for a in arrived[now].nonzero()[0]:
                clips += change((a, slice(None)), tables[1][y])
            x = (2 * x + np.pad(arrived[now], (0, 9))) % 8
            y = (2 * y + fired[now]) % 8
            for j in fired[now].nonzero()[0]:
                clips += change((slice(None), j), tables[0][x])
            w = np.where(plastic, np.clip(w + step, low, high), w)
        assert emulator.counters[Counter.DRIFT_CLIPS] == clips
        done += steps
        if rng.random() < 0.5 or done >= 10_000:  # what is put off may be so over several runs
            assert np.array_equal(emulator.regions[Region.WEIGHTS], w)
    assert clips > 20


def test_run_that_is_broken_off_leaves_the_drift_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    config = CoreConfig(neurons=3, inputs=2, learning=Learning.WINDOW)
    emulator = chip(config, {Control.LEARNING: LearningFlag.ENABLE, Control.DRIFT_STEP: 2})
    emulator.run(EventStream(5, [1], [0]))
    run = Runner.run

    def interrupted(runner: Runner, stimulus: EventStream, membranes: None) -> None:
        run(runner, stimulus, membranes)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            emulator.run(EventStream(7, [1], [1]))
    assert np.all(emulator.regions[Region.WEIGHTS] == 10)
    emulator.write(Region.WEIGHTS, [-5])
    emulator.run(EventStream(1))
    emulator.write(Region.WEIGHTS, [1], 1)
    assert emulator.regions[Region.WEIGHTS].reshape(-1)[:3].tolist() == [-3, 1, 12]


# Draws -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [Control.POTENTIATION, Control.DEPRESSION])
def test_changes_below_a_weight_are_right_on_average(side: Control) -> None:
    config = CoreConfig(
        neurons=40, inputs=40, weight_bits=16, state_bits=24, learning=Learning.EXPONENTIAL, trace_bits=8
    )
    emulator = chip(config, {
        Control.LEARNING: LearningFlag.ENABLE | LearningFlag.STOCHASTIC, side: 37, Control.RANDOM: 99,
        Control.PRE_INCREMENT: 128, Control.PRE_CAP: 128, Control.POST_INCREMENT: 128, Control.POST_CAP: 128,
    })  # fmt: skip
    steps, each = 500, 40
    step, place = np.repeat(np.arange(steps), each), np.tile(np.arange(each), steps)
    emulator.run(EventStream(steps, step, place, step, place, 0 * step, 0 * step + 1))
    # 128 / 256 of the rate, to nearest, in every step; in the first no depression, as no trace is there yet.
    happened = steps - (side is Control.DEPRESSION)
    weights = emulator.regions[Region.WEIGHTS][:40] / happened * 256
    assert weights.mean() == pytest.approx(19, rel=0.02)
    assert np.abs(weights - 19).max() < 5 * np.sqrt(19 * 237 / happened)


@pytest.mark.parametrize("learning", [Learning.EXPONENTIAL, Learning.WINDOW])
@pytest.mark.parametrize("enabled", [0, 1])
def test_generator_advances_once_a_step(learning: Learning, enabled: int) -> None:
    """Also in the long silence that is skipped, and whatever happens in a step."""
    emulator = chip(CoreConfig(neurons=3, inputs=2, learning=learning), {Control.LEARNING: enabled})
    random = int(emulator.regions[Region.CONTROL][Control.RANDOM])
    emulator.run(EventStream(5000, [0, 0, 7, 4000], [0, 1, 1, 0], [0, 7], [1, 2], [0, 0], [1, 1]))
    for _ in range(5000):
        random = advance(random)
    assert emulator.regions[Region.CONTROL][Control.RANDOM] == random


@pytest.mark.parametrize("steps", [0, 1, 1024, 1025, 4096, 70_001])
def test_generator_jumps_to_where_it_would_walk(steps: int) -> None:
    random = 0x9E3779B9
    for _ in range(steps):
        random = advance(random)
    assert advanced(0x9E3779B9, steps) == random
    assert advanced(0, steps) == 0


def test_samples_side_by_side_draw_what_they_draw_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces fade by chance also where nothing learns, each part by its own steps."""
    config = CoreConfig(neurons=40, inputs=30, learning=Learning.EXPONENTIAL, trace_bits=8)
    rng, found = np.random.default_rng(3), []
    stream = EventStream.from_dense(rng.random((400, 30)) < 0.1)
    for start in (0, 100, 200, 300):
        stream = stream.clearing(start, Clear.STATE | Clear.TRACES | Clear.ADAPTATION)
    for workers in (1, 4):
        monkeypatch.setattr(parallel, "WORKERS", workers)
        monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
        emulator = chip(config, {
            Control.PRE_DECAY: 3000, Control.PRE_INCREMENT: 50, Control.PRE_CAP: 255, Control.RANDOM: 77,
        })  # fmt: skip
        assert len(parallel.split(stream, emulator._memory)) == workers
        emulator.run(stream)
        found.append((emulator.regions, emulator.counters))
    assert found[0][1] == found[1][1]
    assert found[0][1][Counter.FULL_TRACES] > 0
    for region, held in found[0][0].items():
        assert np.array_equal(held, found[1][0][region]), region
