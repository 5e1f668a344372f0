"""The emulator against the naive reference, on random networks, bit for bit."""

import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurocorex.emulator import Emulator
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, Region
from neurocorex.streams import EventStream
from reference import ReferenceCore, ReferenceNeuron

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=150)

PARAMETER_REGIONS = {
    "th": Region.THRESHOLD,
    "reset": Region.RESET,
    "dv": Region.DECAY,
    "l": Region.LEAK,
    "di": Region.CURRENT_DECAY,
    "b": Region.BIAS,
    "period": Region.REFRACTORY,
    "delay": Region.DELAY,
}
STATE_REGIONS = {
    "v": Region.MEMBRANE,
    "i": Region.CURRENT,
    "r": Region.REFRACTORY_COUNT,
    "h": Region.ADAPTATION,
    "history": Region.HISTORY,
}
COUNTERS = {
    "steps": Counter.STEPS,
    "input_events": Counter.INPUT_EVENTS,
    "recurrent_events": Counter.RECURRENT_EVENTS,
    "spikes": Counter.SPIKES,
    "saturations": Counter.SATURATIONS,
}


@dataclass
class Trial:
    """The same random network twice, and a stimulus for it."""

    emulator: Emulator
    reference: ReferenceCore
    events: list[set[int]]
    injected: list[dict[int, int]]
    clears: list[bool]

    def check_state(self) -> None:
        for name, region in STATE_REGIONS.items():
            assert self.emulator.regions[region].tolist() == [getattr(n, name) for n in self.reference.neurons], name

    def check_counters(self) -> None:
        for name, counter in COUNTERS.items():
            assert self.emulator.counters[counter] == getattr(self.reference, name), name

    def stream(self) -> EventStream:
        events = [(step, axon) for step, axons in enumerate(self.events) for axon in sorted(axons)]
        graded = [(step, *pair) for step, injected in enumerate(self.injected) for pair in sorted(injected.items())]
        columns = (*np.array(events, int).reshape(-1, 2).T, *np.array(graded, int).reshape(-1, 3).T)
        return EventStream(len(self.events), *columns).clearing(np.flatnonzero(self.clears))


def random_trial(seed: int) -> Trial:
    """Small networks that fire, saturate and stay refractory often, features missing now and then."""
    rng = random.Random(seed)
    config = CoreConfig(
        neurons=rng.randint(1, 7),
        inputs=rng.randint(1, 6),
        weight_bits=rng.choice([4, 8, 16]),
        state_bits=rng.choice([16, 17, 20, 24]),
        refractory_bits=rng.randint(1, 4),
        max_delay=rng.choice([1, 2, 3, 8, 32]),
        adaptation=rng.random() < 0.7,
    )
    low, high = config.state_range
    weight = config.weight_range[1]
    neurons, axons = range(config.neurons), range(config.axons)

    def sometimes(chance: float, *values: int) -> list[int]:
        return [rng.choice(values) if rng.random() < chance else 0 for _ in neurons]

    decays = (1, 300, 6554, 32768, 60000, 65534, 65535)
    columns = {
        "th": [min(rng.choice([0, weight, 3 * weight, 8 * weight, high, -weight, low]), high) for _ in neurons],
        "reset": sometimes(0.5, -weight, weight, low, high, 17),
        "dv": sometimes(0.8, *decays),
        "l": sometimes(0.4, 1, weight, high),
        "di": sometimes(0.8, *decays),
        "b": sometimes(0.4, 1, -1, weight, -weight, low, high),
        "period": sometimes(0.5, 1, 2, (1 << config.refractory_bits) - 1),
        "delay": sometimes(0.8, *range(1, config.max_delay + 1)),
        "subtract": sometimes(0.4, 1),
        "hold": sometimes(0.4, 1),
    }
    columns["period"] = [min(period, (1 << config.refractory_bits) - 1) for period in columns["period"]]
    weights = [[rng.randint(-weight - 1, weight) if rng.random() < 0.8 else 0 for _ in neurons] for _ in axons]
    control = {
        Control.GAIN_INPUT: rng.choice([0, 0, 1, 7]),
        Control.GAIN_RECURRENT: rng.choice([0, 0, 1, 7]),
        Control.ADAPTATION_STEP: rng.choice([0, 1, weight, high]),
        Control.ADAPTATION_DECAY: rng.choice([0, *decays]),
    }

    emulator = Emulator(config)
    for name, region in PARAMETER_REGIONS.items():
        emulator.write(region, columns[name])
    flags = [
        Flag.RESET_SUBTRACT * subtract | Flag.REFRACTORY_HOLD * hold | rng.choice([0, 0, 4, 8, 12])
        for subtract, hold in zip(columns["subtract"], columns["hold"], strict=True)
    ]
    emulator.write(Region.FLAGS, flags)
    emulator.write(Region.WEIGHTS, weights)
    emulator.write(Region.CONTROL, list(control.values()))
    reference_neurons = [
        ReferenceNeuron(config.max_delay, **{name: values[j] for name, values in columns.items()}) for j in neurons
    ]
    reference = ReferenceCore(
        inputs=config.inputs,
        state_bits=config.state_bits,
        weights=weights,
        neurons=reference_neurons,
        gain_input=control[Control.GAIN_INPUT],
        gain_recurrent=control[Control.GAIN_RECURRENT],
        adaptation_step=control[Control.ADAPTATION_STEP] if config.adaptation else 0,
        adaptation_decay=control[Control.ADAPTATION_DECAY],
    )

    steps = rng.randint(1, 40)
    rate = rng.choice([0.05, 0.3, 1.0])
    silent_from = steps // 2 if rng.random() < 0.3 else steps
    events: list[set[int]] = [set() for _ in range(steps)]
    injected: list[dict[int, int]] = [{} for _ in range(steps)]
    for step in range(silent_from):
        events[step] = {axon for axon in range(config.inputs) if rng.random() < rate}
        if rate < 1:
            injected[step] = {j: rng.choice([1, -1, weight, low, high]) for j in neurons if rng.random() < 0.2}
    return Trial(emulator, reference, events, injected, [rng.random() < 0.03 for _ in range(steps)])


@PROPERTY
@given(st.integers(0, 2**32 - 1))
def test_step_by_step(seed: int) -> None:
    trial = random_trial(seed)
    for axons, injected, clear in zip(trial.events, trial.injected, trial.clears, strict=True):
        if clear:
            trial.emulator.clear(Clear.STATE | Clear.ADAPTATION)
            trial.reference.clear()
        neurons = sorted(injected)
        result = trial.emulator.step(sorted(axons), neurons, [injected[j] for j in neurons])
        assert result.spikes.tolist() == trial.reference.step(axons, injected)
        trial.check_state()
    trial.check_counters()


@PROPERTY
@given(st.integers(0, 2**32 - 1))
def test_whole_streams(seed: int) -> None:
    trial = random_trial(seed)
    flags = trial.emulator.regions[Region.FLAGS].tolist()
    results = trial.emulator.run(trial.stream())
    spikes, membranes = [], []
    for step, (axons, injected, clear) in enumerate(zip(trial.events, trial.injected, trial.clears, strict=True)):
        if clear:
            trial.reference.clear()
        fired = trial.reference.step(axons, injected)
        spikes += [(step, j) for j in fired if flags[j] & Flag.RECORD_SPIKES]
        membranes += [
            (step, j, neuron.v) for j, neuron in enumerate(trial.reference.neurons) if flags[j] & Flag.RECORD_MEMBRANE
        ]
    trial.check_state()
    trial.check_counters()
    assert results.steps == len(trial.events)
    assert list(zip(results.event_step.tolist(), results.event_index.tolist(), strict=True)) == spikes
    graded = (results.graded_step, results.graded_index, results.graded_value)
    assert list(zip(*(column.tolist() for column in graded), strict=True)) == membranes


@PROPERTY
@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_a_stream_may_be_cut_anywhere(seed: int, at: int) -> None:
    whole, parts = random_trial(seed), random_trial(seed)
    stream = whole.stream()
    at = min(at, stream.steps)
    together = whole.emulator.run(stream)
    assert EventStream.join([parts.emulator.run(stream.cut(0, at)), parts.emulator.run(stream.cut(at, 99))]) == together
    assert parts.emulator.counters == whole.emulator.counters


@PROPERTY
@given(st.integers(0, 2**32 - 1), st.integers(40, 400))
def test_rest_is_skipped_exactly(seed: int, silence: int) -> None:
    """Long silence is where the emulator takes its short cut; the reference does not."""
    trial = random_trial(seed)
    trial.events += [set()] * silence
    trial.injected += [{}] * silence
    trial.clears += [False] * silence
    trial.emulator.run(trial.stream())
    for axons, injected, clear in zip(trial.events, trial.injected, trial.clears, strict=True):
        if clear:
            trial.reference.clear()
        trial.reference.step(axons, injected)
    trial.check_state()
    trial.check_counters()


@PROPERTY
@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_state_can_be_carried_to_another_emulator(seed: int, at: int) -> None:
    first, second = random_trial(seed), random_trial(seed)
    stream = first.stream()
    at = min(at, stream.steps)
    first.emulator.run(stream.cut(0, at))
    for region in STATE_REGIONS.values():
        if region is not Region.ADAPTATION or first.emulator.config.adaptation:
            second.emulator.write(region, first.emulator.regions[region])
    assert second.emulator.run(stream.cut(at, 99)) == first.emulator.run(stream.cut(at, 99))
    for region in STATE_REGIONS.values():
        assert np.array_equal(second.emulator.regions[region], first.emulator.regions[region])


@pytest.mark.parametrize("attribute", sorted(COUNTERS))
def test_random_trials_reach_everything(attribute: str) -> None:
    """Guards the tests above: what they never provoke they do not test."""
    trials = [random_trial(seed) for seed in range(60)]
    for trial in trials:
        trial.emulator.run(trial.stream())
    reached = sum(trial.emulator.counters[COUNTERS[attribute]] > 0 for trial in trials)
    assert reached >= 20
