"""Compiled steps give the same bits as plain NumPy, and are taken when they are worth it."""

import logging
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.emulator import compiled, parallel
from neurocorex.emulator.emulator import PIECE_STEPS, Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Control, CoreConfig, Counter, Flag, Learning, Region
from support.trials import Moment, random_trial

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=400)
SEEDS = st.integers(0, 2**32 - 1)


def twin(emulator: Emulator, *, compiled: bool | None = True) -> Emulator:
    """Another emulator in the same state."""
    other = Emulator(emulator.config, compiled=compiled)
    for region, held in emulator.regions.items():
        if region is not Region.ADAPTATION or emulator.config.adaptation:
            other.write(region, held)
    return other


def assert_equal(first: Emulator, second: Emulator) -> None:
    assert first.counters == second.counters
    for region, held in first.regions.items():
        assert np.array_equal(held, second.regions[region]), region


@PROPERTY
@given(SEEDS, st.booleans(), st.integers(0, 60))
def test_compiled_steps_equal_numpy(seed: int, learns: bool, silence: int) -> None:
    trial = random_trial(seed, learns=learns)
    trial.moments += [Moment(set(), {}, set(), [])] * silence
    plain, other = twin(trial.emulator, compiled=False), twin(trial.emulator)
    assert other.run(trial.stream()) == plain.run(trial.stream())
    assert_equal(plain, other)


@pytest.mark.parametrize("learning", Learning)
def test_compiled_steps_equal_numpy_at_full_size(learning: Learning) -> None:
    plain = busy_emulator(learning)
    other = twin(plain)
    rng = np.random.default_rng(2)
    stimulus = EventStream.from_dense(rng.random((400, 64)) < 0.1, clear_steps=[100, 200])
    assert other.run(stimulus) == plain.run(stimulus)
    assert_equal(plain, other)
    assert plain.counters[Counter.SPIKES] > 1000
    assert (plain.counters[Counter.DEPRESSIONS] > 1000) == (learning is not Learning.NONE)


def busy_emulator(learning: Learning) -> Emulator:
    """A network of common size that fires and learns all the time."""
    config = CoreConfig(neurons=96, inputs=64, learning=learning)
    emulator = Emulator(config, compiled=False)
    rng = np.random.default_rng(1)
    emulator.write(Region.WEIGHTS, rng.integers(-20, 50, config.axons * 96))
    emulator.write(Region.FLAGS, np.full(96, int(Flag.RECORD_SPIKES)))
    for region, value in ((Region.THRESHOLD, 300), (Region.DECAY, 3000), (Region.CURRENT_DECAY, 65535)):
        emulator.write(region, np.full(96, value))
    emulator.write(Region.DELAY, rng.integers(0, 5, 96))
    if learning:
        emulator.write(Region.PLASTIC, np.ones(config.axons * 96))
        control = [0, 0, 5, 100, 3, -128, 127, 400, -300, 256, 3000, 3000, 900, 900, 4095, 4095, 0, 0, 0xFFFF, 12345]
        emulator.write(Region.CONTROL, control)
    if learning is Learning.WINDOW:
        for region, rate in ((Region.PRE_TABLE, 200), (Region.POST_TABLE, -200)):
            emulator.write(region, rng.integers(0, 2, 256) * rate)
    return emulator


def test_long_runs_are_cut_into_pieces_that_do_not_show() -> None:
    config = CoreConfig(neurons=30, inputs=1)
    steps = 2 * PIECE_STEPS
    emulators = [Emulator(config, compiled=choice) for choice in (True, False)]
    for emulator in emulators:
        emulator.write(Region.BIAS, np.full(30, 1))
        emulator.write(Region.THRESHOLD, np.arange(30) * 10)
        emulator.write(Region.FLAGS, np.where(np.arange(30) < 20, 4, 12))
    stimulus = EventStream(steps).setting(steps, 2, 7).clearing([PIECE_STEPS, PIECE_STEPS + 5])
    results = [emulator.run(stimulus) for emulator in emulators]
    assert results[0] == results[1]
    assert results[0].event_step.size > compiled.SPIKE_ROOM / 3
    assert_equal(*emulators)


def test_more_spikes_than_the_kernel_returns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = Emulator(CoreConfig(neurons=30, inputs=1), compiled=True)
    emulator.write(Region.BIAS, np.full(30, 1))
    emulator.write(Region.FLAGS, np.full(30, 4))
    monkeypatch.setattr(compiled, "SPIKE_ROOM", 100)
    assert emulator.run(EventStream(40)).dense(30).all()


def test_compiled_steps_are_taken_once_numpy_has_done_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "WORTH_STEPS", 50)  # a step of this network counts for 1.4
    compiled._kernels.clear()
    emulator = busy_emulator(Learning.EXPONENTIAL)
    other = twin(emulator, compiled=None)
    stimulus = EventStream.from_dense(np.random.default_rng(1).random((15, 64)) < 0.1)
    for taken in (False, False, True):
        assert other.run(stimulus) == emulator.run(stimulus)
        assert (len(compiled._kernels) > 0) == taken
    assert_equal(emulator, other)


def test_who_waits_is_told(caplog: pytest.LogCaptureFixture) -> None:
    compiled._kernels.clear()
    with caplog.at_level(logging.INFO):
        Emulator(CoreConfig(neurons=1, inputs=1), compiled=True).run(EventStream(1))
    assert "the first time on a machine it is compiled" in caplog.text


def test_without_numba_numpy_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "WORTH_STEPS", 1)
    monkeypatch.setitem(sys.modules, "neurocorex.emulator.kernel", None)
    monkeypatch.delattr("neurocorex.emulator.kernel", raising=False)
    compiled._kernels.clear()
    emulator = Emulator(CoreConfig(neurons=1, inputs=1))
    for _ in range(3):
        emulator.run(EventStream(5))
    assert emulator.counters[Counter.STEPS] == 15
    with pytest.raises(ImportError, match="pip install numba"):
        Emulator(CoreConfig(neurons=1, inputs=1), compiled=True).run(EventStream(1))
    compiled._kernels.clear()


@pytest.mark.parametrize("learning", Learning)
def test_samples_side_by_side_equal_one_after_the_other(learning: Learning, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORKERS", 3)
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    plain = busy_emulator(learning)
    plain.write(Region.CONTROL, [0], Control.LEARNING) if learning else None
    plain.write(Region.FLAGS, np.full(96, int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)))
    plain.run(EventStream.from_dense(np.random.default_rng(3).random((20, 64)) < 0.1))  # a state to begin with
    other = twin(plain)
    other._counts = dict(plain._counts)
    stimulus = EventStream.from_dense(
        np.random.default_rng(2).random((400, 64)) < 0.1, clear_steps=[30, 100, 150, 300, 390]
    )
    assert len(parallel.split(stimulus, other._memory)) == 3
    assert other.run(stimulus) == plain.run(stimulus)
    assert_equal(plain, other)


def test_samples_that_learn_stay_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORKERS", 3)
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    learning, plain = busy_emulator(Learning.EXPONENTIAL), busy_emulator(Learning.NONE)
    stimulus = EventStream(400).clearing([100, 200])
    assert parallel.split(stimulus, learning._memory) == [(0, 401)]
    assert parallel.split(stimulus.setting(50, Control.GAIN_INPUT, 1), plain._memory) == [(0, 401)]
    assert parallel.split(stimulus, plain._memory) == [(0, 200), (200, 401)]


def test_interrupted_samples_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORKERS", 2)
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    emulator = twin(busy_emulator(Learning.NONE))
    emulator.run(EventStream.from_dense(np.random.default_rng(3).random((20, 64)) < 0.1))
    before = {region: held.copy() for region, held in emulator.regions.items()}

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(compiled, "_walk", interrupted)
        with pytest.raises(KeyboardInterrupt):
            emulator.run(EventStream(100).clearing(50))
    assert all(np.array_equal(held, before[region]) for region, held in emulator.regions.items())


def test_who_prepares_for_many_steps_has_compiled_ones_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "WORTH_STEPS", 50)
    compiled._kernels.clear()
    emulator = Emulator(CoreConfig(neurons=1, inputs=1))
    emulator.prepare(10)
    assert not compiled._kernels
    emulator.prepare(60)
    assert compiled._kernels
    assert emulator.counters[Counter.STEPS] == 0
