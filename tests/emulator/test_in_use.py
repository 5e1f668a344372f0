"""Emulators of which a part is in use."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from neurocorex.check.trial import Trial
from neurocorex.emulator.emulator import Emulator
from neurocorex.emulator.runner import Runner
from neurocorex.events.stream import EventStream
from neurocorex.image import Image
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Learning, LearningFlag, Region
from support.emulators import twin

SMALL = CoreConfig(neurons=32, inputs=64, lanes=8, extra_axons=7, max_delay=4, window_steps=4)
LARGE = replace(SMALL, neurons=75, inputs=90)
ERRORS = {"learning": Learning.EXPONENTIAL, "errors": True}
RULES = {**ERRORS, "rules": 4, "terms": True}
GROUPS = ERRORS | {"groups": 3}
ELIGIBILITY = {"learning": Learning.EXPONENTIAL, "eligibility": True}
KINDS = {
    **{kind.name.lower(): {"learning": kind} for kind in Learning},
    "errors": ERRORS, "rules": RULES, "groups": GROUPS, "eligibility": ELIGIBILITY,
    "rules and eligibility": RULES | ELIGIBILITY, "contexts": {"learning": Learning.NONE, "contexts": 4},
    "patterns": {"learning": Learning.NONE, "patterns": 3},
}  # fmt: skip
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
#: Rounding by chance goes by the numbers of axons, which differ between chips.
EXACT = {Control.LEARNING: LearningFlag.ENABLE}


def loaded(image: Image) -> Emulator:
    emulator = Emulator(image.config)
    for region, values in image.regions.items():
        if region is not Region.ADAPTATION or image.config.adaptation:
            emulator.write(region, values)
    return emulator


@kinds
@pytest.mark.parametrize("seed", range(4))
def test_a_part_behaves_like_a_chip_of_its_size(kind: dict[str, Any], seed: int) -> None:
    trial = Trial.random(replace(SMALL, **kind), seed=seed, steps=60, fixed=EXACT if kind["learning"] else {})
    image = Image(trial.image.config, {**trial.image.regions, Region.IN_USE: np.zeros(2, int)})
    small, large = loaded(image), loaded(image.fit(replace(LARGE, **kind)))
    assert large.regions[Region.IN_USE].tolist() == [1, 2]
    assert large.run(trial.stimulus) == small.run(trial.stimulus)
    assert large.counters == small.counters
    assert small.counters[Counter.SPIKES] > 0
    assert np.array_equal(large.regions[Region.MEMBRANE][:32], small.regions[Region.MEMBRANE])
    assert np.array_equal(large.regions[Region.WEIGHTS][:64, :32], small.regions[Region.WEIGHTS][:64])


@kinds
@pytest.mark.parametrize("seed", range(4))
def test_a_part_can_be_changed_between_runs(kind: dict[str, Any], seed: int) -> None:
    trial = Trial.random(replace(LARGE, **kind), seed=seed, steps=60)
    emulator = loaded(trial.image)
    for blocks in ([1, 2], [0, 1], [2, 0], [0, 0]):
        emulator.write(Region.IN_USE, blocks)
        fresh = twin(emulator)
        assert emulator.run(trial.stimulus) == fresh.run(trial.stimulus)
        for region, held in fresh.regions.items():
            assert np.array_equal(emulator.regions[region], held), region.name


def test_what_sleeps_is_refused_and_cleared_but_not_touched() -> None:
    trial = Trial.random(replace(LARGE, learning=Learning.EXPONENTIAL), seed=5, steps=40, fixed=EXACT)
    emulator = loaded(trial.image)
    emulator.write(Region.IN_USE, [1, 1])
    before = {region: held.copy() for region, held in emulator.regions.items()}
    emulator.run(EventStream(3, [0, 0], [31, 32], [1, 1], [31, 32], [5, 5]))
    assert (emulator.counters[Counter.INPUT_EVENTS], emulator.counters[Counter.REFUSED_EVENTS]) == (1, 2)
    for region in (Region.MEMBRANE, Region.HISTORY, Region.POST_TRACE):
        assert np.array_equal(emulator.regions[region][32:], before[region][32:])
    assert np.array_equal(emulator.regions[Region.WEIGHTS][:, 32:], before[Region.WEIGHTS][:, 32:])
    assert np.array_equal(emulator.regions[Region.WEIGHTS][32:90], before[Region.WEIGHTS][32:90])
    assert not np.array_equal(emulator.regions[Region.WEIGHTS], before[Region.WEIGHTS])
    emulator.run(EventStream(1).clearing(0, Clear.STATE))
    assert emulator.regions[Region.HISTORY].any() == emulator.regions[Region.HISTORY][:32].any()
    assert not emulator.regions[Region.MEMBRANE][32:].any()


def test_what_sleeps_drifts_like_the_others() -> None:
    """Against plain arithmetic, over turns of the drift and steps in which nothing learns."""
    trial = Trial.random(replace(LARGE, learning=Learning.WINDOW), seed=8, steps=1)
    emulator = loaded(trial.image)
    emulator.write(Region.IN_USE, [1, 1])
    emulator.write(Region.CONTROL, [0] * (Control.DRIFT_STEP + 1))
    emulator.write(Region.CONTROL, [LearningFlag.ENABLE], Control.LEARNING)
    expected, plastic = emulator.regions[Region.WEIGHTS].astype(int), emulator.regions[Region.PLASTIC] == 1
    stream = EventStream(10)
    for at, step in ((1, 3), (3, -2), (4, 100), (5, -100), (7, 7)):
        stream = stream.setting(at, Control.DRIFT_STEP, step)
    emulator.run(stream.setting(9, Control.LEARNING, 0))
    emulator.run(EventStream(2).setting(0, Control.LEARNING, LearningFlag.ENABLE).setting(0, Control.DRIFT_STEP, -1))
    for step in (0, 3, 3, -2, 100, -100, -100, 7, 7, 0, -1, -1):
        expected = np.where(plastic, np.clip(expected + step, -128, 127), expected)
    assert np.array_equal(emulator.regions[Region.WEIGHTS], expected)


def test_neurons_that_sleep_keep_their_errors() -> None:
    emulator = Emulator(replace(LARGE, **ERRORS))
    emulator.write(Region.ERROR, np.arange(75) + 1)
    emulator.write(Region.FEEDBACK, [0, 0, 0, 1])
    emulator.write(Region.WEIGHTS, np.full(75, 9), 3 * 75)
    emulator.write(Region.IN_USE, [1, 1])
    emulator.run(EventStream(1, [0], [3]))
    assert emulator.regions[Region.ERROR].tolist() == [*range(10, 42), *range(33, 76)]
    emulator.run(EventStream(1).setting(0, Control.LEARN, 1))
    assert emulator.regions[Region.ERROR].tolist() == [*[0] * 32, *range(33, 76)]
    assert emulator.regions[Region.CONTROL][Control.LEARN] == 0
    emulator.run(EventStream(1).clearing(0, Clear.ERRORS))
    assert not emulator.regions[Region.ERROR].any()


def test_a_run_that_is_broken_off_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial.random(LARGE, seed=6, steps=40)
    emulator = loaded(trial.image)
    emulator.write(Region.IN_USE, [1, 1])
    before = {region: held.copy() for region, held in emulator.regions.items()}

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            emulator.run(trial.stimulus)
    for region, held in emulator.regions.items():
        assert np.array_equal(held, before[region])
    assert emulator.run(trial.stimulus) == loaded_part(trial).run(trial.stimulus)


def loaded_part(trial: Trial) -> Emulator:
    emulator = loaded(trial.image)
    emulator.write(Region.IN_USE, [1, 1])
    return emulator
