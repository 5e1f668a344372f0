"""Runs of the emulator: cut into calls of the kernel, into samples side by side, and broken off."""

import numpy as np
import pytest
from neurocorex.emulator import parallel, runner
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Control, CoreConfig, Flag, Learning, Region
from support.emulators import assert_equal, busy_emulator, twin


def test_calls_of_the_kernel_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parts = busy_emulator(Learning.EXPONENTIAL), busy_emulator(Learning.EXPONENTIAL)
    stimulus = EventStream.from_dense(np.random.default_rng(5).random((300, 64)) < 0.1)
    stimulus = stimulus.setting(300, Control.GAIN_INPUT, 1).clearing([100, 105])
    expected = whole.run(stimulus)
    with monkeypatch.context() as patch:
        patch.setattr(runner, "BUDGET", 20_000)
        assert parts.run(stimulus) == expected
    assert_equal(whole, parts)


@pytest.mark.parametrize("learning", Learning)
def test_a_run_of_no_steps_carries_out_its_changes(learning: Learning) -> None:
    emulator = busy_emulator(learning)
    emulator.write(Region.FLAGS, np.full(96, int(Flag.RECORD_MEMBRANE)))
    emulator.run(EventStream.from_dense(np.random.default_rng(1).random((3, 64)) < 0.1))
    assert emulator.regions[Region.MEMBRANE].any()
    result = emulator.run(EventStream(0).clearing(0).setting(0, Control.GAIN_INPUT, 3))
    assert result == EventStream(0)
    assert not emulator.regions[Region.MEMBRANE].any()
    assert emulator.regions[Region.CONTROL][Control.GAIN_INPUT] == 3


def test_more_spikes_than_the_kernel_returns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = Emulator(CoreConfig(neurons=30, inputs=1))
    emulator.write(Region.BIAS, np.full(30, 1))
    emulator.write(Region.FLAGS, np.full(30, 4))
    monkeypatch.setattr(runner, "SPIKE_ROOM", 100)
    assert emulator.run(EventStream(40)).dense(30).all()


@pytest.mark.parametrize("learning", Learning)
def test_samples_side_by_side_equal_one_after_the_other(learning: Learning, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    first = busy_emulator(learning)
    first.write(Region.CONTROL, [0], Control.LEARNING) if learning else None
    first.write(Region.FLAGS, np.full(96, int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)))
    first.run(EventStream.from_dense(np.random.default_rng(3).random((20, 64)) < 0.1))  # a state to begin with
    other = twin(first)
    other._counts = dict(first._counts)
    stimulus = EventStream.from_dense(
        np.random.default_rng(2).random((400, 64)) < 0.1, clear_steps=[30, 100, 150, 300, 390]
    )
    monkeypatch.setattr(parallel, "WORKERS", 1)
    expected = first.run(stimulus)
    monkeypatch.setattr(parallel, "WORKERS", 3)
    assert len(parallel.split(stimulus, other._memory)) == 3
    assert other.run(stimulus) == expected
    assert_equal(first, other)


def test_samples_that_learn_stay_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORKERS", 3)
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    learning, plain = busy_emulator(Learning.EXPONENTIAL), busy_emulator(Learning.NONE)
    stimulus = EventStream(400).clearing([100, 200])
    assert parallel.split(stimulus, learning._memory) == [(0, 401)]
    assert parallel.split(stimulus.setting(50, Control.GAIN_INPUT, 1), plain._memory) == [(0, 401)]
    assert parallel.split(stimulus, plain._memory) == [(0, 200), (200, 401)]


@pytest.mark.parametrize("samples", [1, 2], ids=["one call", "side by side"])
def test_an_interrupted_run_leaves_no_trace(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORKERS", samples)
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    emulator = busy_emulator(Learning.NONE)
    emulator.run(EventStream.from_dense(np.random.default_rng(3).random((20, 64)) < 0.1))
    before = {region: held.copy() for region, held in emulator.regions.items()}
    counters = emulator.counters
    events = EventStream.from_dense(np.random.default_rng(4).random((100, 64)) < 0.1, clear_steps=[50])

    run = runner.Runner._run

    def interrupted(*arguments: object) -> None:
        run(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runner.Runner, "_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            emulator.run(events)
    assert emulator.counters == counters
    assert all(np.array_equal(held, before[region]) for region, held in emulator.regions.items())
    assert emulator.run(events) == twin_of(before, emulator).run(events)


def twin_of(regions: dict[Region, np.ndarray], emulator: Emulator) -> Emulator:
    other = Emulator(emulator.config)
    for region, held in regions.items():
        other.write(region, held)
    return other
