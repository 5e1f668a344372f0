"""The emulator against the naive reference, on random networks, bit for bit."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.codec import NO_REGISTER, REPORTED
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Flag, Learning, Region
from support.reference import ReferenceCore
from support.trials import COUNTERS, KINDS, Moment, random_trial

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=180)
SEEDS = st.integers(0, 2**32 - 1)
CHIPS = st.sampled_from(sorted(KINDS))
#: Those that draw nothing themselves, so that each step can be given by hand.
GIVEN = st.sampled_from(sorted(kind for kind, options in KINDS.items() if "patterns" not in options))
#: What chips of one kind alone can count.
ONLY = {"full_traces": Learning.EXPONENTIAL, "drift_clips": Learning.WINDOW}


def change(emulator: Emulator, register: int, value: int) -> None:
    """What a stimulus changes, done by hand between the steps."""
    if register == NO_REGISTER:
        emulator.clear(Clear(value & ~Clear.COUNTERS))
    elif register != REPORTED:
        emulator.write(Region.CONTROL, [value], register)


@PROPERTY
@given(SEEDS, GIVEN)
def test_step_by_step(seed: int, kind: str) -> None:
    trial = random_trial(seed, **KINDS[kind])
    for moment in trial.moments:
        for register, value in moment.changes:
            change(trial.emulator, register, value)
        neurons = sorted({*moment.injected, *moment.forced})
        result = trial.emulator.step(
            sorted(moment.events), neurons, [moment.injected.get(j, 0) for j in neurons],
            [j in moment.forced for j in neurons],
        )  # fmt: skip
        assert result.spikes.tolist() == trial.step_reference(moment)
        trial.check()


@PROPERTY
@given(SEEDS, CHIPS)
def test_whole_streams(seed: int, kind: str) -> None:
    trial = random_trial(seed, **KINDS[kind])
    flags = trial.emulator.regions[Region.FLAGS].tolist()
    results = trial.emulator.run(trial.stream())
    spikes, membranes = [], []
    for step, moment in enumerate(trial.moments):
        fired = trial.step_reference(moment)
        spikes += [(step, j) for j in fired if flags[j] & Flag.RECORD_SPIKES]
        membranes += [
            (step, j, neuron.v) for j, neuron in enumerate(trial.reference.neurons) if flags[j] & Flag.RECORD_MEMBRANE
        ]
    trial.check()
    assert results.steps == len(trial.moments)
    assert list(zip(results.event_step.tolist(), results.event_index.tolist(), strict=True)) == spikes
    graded = (results.graded_step, results.graded_index, results.graded_value)
    assert list(zip(*(column.tolist() for column in graded), strict=True)) == membranes


@PROPERTY
@given(SEEDS, CHIPS, st.integers(0, 40))
def test_a_stream_may_be_cut_anywhere(seed: int, kind: str, at: int) -> None:
    whole, parts = random_trial(seed, **KINDS[kind]), random_trial(seed, **KINDS[kind])
    stream = whole.stream()
    at = min(at, stream.steps)
    together = whole.emulator.run(stream)
    assert EventStream.join([parts.emulator.run(stream.cut(0, at)), parts.emulator.run(stream.cut(at, 99))]) == together
    assert parts.emulator.counters == whole.emulator.counters


@PROPERTY
@given(SEEDS, CHIPS, st.integers(40, 400))
def test_rest_is_skipped_exactly(seed: int, kind: str, silence: int) -> None:
    """Long silence is where the emulator takes its short cut; the reference does not."""
    trial = random_trial(seed, **KINDS[kind])
    trial.moments += [Moment(set(), {}, set(), [])] * silence
    trial.emulator.run(trial.stream())
    for moment in trial.moments:
        trial.step_reference(moment)
    trial.check()


@PROPERTY
@given(SEEDS, CHIPS, st.integers(0, 40))
def test_state_can_be_carried_to_another_emulator(seed: int, kind: str, at: int) -> None:
    first, second = random_trial(seed, **KINDS[kind]), random_trial(seed, **KINDS[kind])
    stream = first.stream()
    at = min(at, stream.steps)
    first.emulator.run(stream.cut(0, at))
    for region, held in first.emulator.regions.items():
        if region is not Region.ADAPTATION or first.emulator.config.adaptation:
            second.emulator.write(region, held)
    assert second.emulator.run(stream.cut(at, 99)) == first.emulator.run(stream.cut(at, 99))
    for region, held in first.emulator.regions.items():
        assert np.array_equal(second.emulator.regions[region], held)


@pytest.mark.parametrize("attribute", sorted(COUNTERS))
def test_random_trials_reach_everything(attribute: str) -> None:
    """Guards the tests above: what they never provoke they do not test."""
    trials = [random_trial(seed, learns=True, kind=ONLY.get(attribute)) for seed in range(90)]
    for trial in trials:
        trial.emulator.run(trial.stream())
    reached = sum(trial.emulator.counters[COUNTERS[attribute]] > 0 for trial in trials)
    assert reached >= 25


def test_random_trials_reach_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, of columns that change by their errors."""
    reached = sum("correct" in {kind for kind, _ in changes_of(seed, "errors", monkeypatch)} for seed in range(90))
    assert reached >= 25


def test_random_trials_reach_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, of rule rows: most are followed in each of the three ways, and several in one network."""
    found = [changes_of(seed, "rules", monkeypatch) for seed in range(160)]
    for kind in ("depress", "potentiate", "correct"):
        for row in range(4):
            assert sum((kind, row) in changes for changes in found) >= (5 if kind == "correct" else 10), (kind, row)
    assert sum(len({row for _, row in changes}) > 1 for changes in found) >= 50


def changes_of(seed: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, int]]:
    """Ways in which synapses of a random trial are changed, each with the row of the rule."""
    found: set[tuple[str, int]] = set()
    way = ""

    def noting(name: str) -> Callable[..., object]:
        method = getattr(ReferenceCore, name)

        def noted(core: ReferenceCore, *where: int) -> None:
            nonlocal way
            way = name
            method(core, *where)

        return noted

    def learned(core: ReferenceCore, a: int, j: int, p: int, draw: int) -> None:
        found.add((way, core.row_of(a, j)))

    with monkeypatch.context() as patch:
        for name in ("depress", "potentiate", "correct"):
            patch.setattr(ReferenceCore, name, noting(name))
        patch.setattr(ReferenceCore, "learn", learned)
        trial = random_trial(seed, **KINDS[kind])
        for moment in trial.moments:
            trial.step_reference(moment)
    return found
