"""Laws of eligibility, against arithmetic that shares nothing with the kernel."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.emulator import parallel
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, Learning, LearningFlag, Region
from neurocorex.spec.fixed import FADE_ALL
from neurocorex.spec.registers import GATE_ALL, REWARD_ONE
from support.emulators import assert_equal, twin

CONFIG = CoreConfig(
    neurons=12, inputs=9, extra_axons=5, max_delay=6, learning=Learning.EXPONENTIAL, trace_bits=8, eligibility=True
)
ON, GATHER = LearningFlag.ENABLE, LearningFlag.ENABLE | LearningFlag.ELIGIBLE
USUAL = {
    Control.WEIGHT_MIN: -128, Control.WEIGHT_MAX: 127, Control.MODULATION: 256, Control.GATE: GATE_ALL,
    Control.LEARNING: GATHER, Control.POTENTIATION: 900, Control.DEPRESSION: -700, Control.PRE_DECAY: 9000,
    Control.POST_DECAY: 9000, Control.PRE_INCREMENT: 100, Control.POST_INCREMENT: 100, Control.PRE_CAP: 255,
    Control.POST_CAP: 255,
}  # fmt: skip
CHANGES = (Counter.POTENTIATIONS, Counter.DEPRESSIONS, Counter.CLIPS_LOW, Counter.CLIPS_HIGH)
STEPS = 60


def chip(config: CoreConfig = CONFIG, control: dict[Control, int] | None = None) -> Emulator:
    """A chip whose neurons fire when forced to, all of whose synapses learn, with weights of 0."""
    emulator = Emulator(config)
    emulator.write(Region.THRESHOLD, np.full(config.neurons, (1 << 19) - 1))
    emulator.write(Region.PLASTIC, np.ones(config.axons * config.neurons))
    emulator.write(Region.DELAY, np.full(config.neurons, 2))
    for register, value in (USUAL | (control or {})).items():
        emulator.write(Region.CONTROL, [value], register)
    return emulator


def holding(eligibility: object, **control: int) -> Emulator:
    """The same with these eligibilities."""
    emulator = chip(control={Control[name.upper()]: value for name, value in control.items()})
    emulator.write(Region.ELIGIBILITY, eligibility)
    return emulator


def spikes(seed: int) -> EventStream:
    """Random arrivals and forced spikes, which do not depend on weights."""
    rng = np.random.default_rng(seed)
    step, axon = np.nonzero(rng.random((STEPS, CONFIG.inputs)) < 0.15)
    at, neuron = np.nonzero(rng.random((STEPS, CONFIG.neurons)) < 0.05)
    return EventStream(STEPS, step, axon, at, neuron, np.zeros(at.size, int), np.ones(at.size, int))


def drawn(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, (CONFIG.axons, CONFIG.neurons))


def held(emulator: Emulator, region: Region) -> np.ndarray:
    return emulator.regions[region].astype(int)


@pytest.mark.parametrize("chance", [0, LearningFlag.STOCHASTIC])
@pytest.mark.parametrize("seed", range(3))
def test_reward_of_one_is_the_change_made_directly(seed: int, chance: int) -> None:
    direct, late = chip(control={Control.LEARNING: ON | chance}), chip(control={Control.LEARNING: GATHER | chance})
    direct.run(spikes(seed))
    late.run(spikes(seed))
    assert np.abs(held(direct, Region.WEIGHTS)).max() in range(5, 127)  # no bound has had a part in it
    assert not held(late, Region.WEIGHTS).any()
    assert not any(late.counters[counter] for counter in CHANGES)
    direct.run(EventStream(1))
    late.run(EventStream(1).setting(0, Control.REWARD, REWARD_ONE))
    assert np.array_equal(held(late, Region.WEIGHTS), held(direct, Region.WEIGHTS))
    assert np.array_equal(held(late, Region.ELIGIBILITY), held(direct, Region.WEIGHTS))


def test_eligibility_stops_at_the_end_of_its_range_not_at_the_bounds_of_weights() -> None:
    emulator = chip(replace(CONFIG, soft_bounds=True), {
        Control.LEARNING: GATHER | LearningFlag.SOFT, Control.WEIGHT_MIN: -3 % 256, Control.WEIGHT_MAX: 3,
        Control.POTENTIATION: 20000, Control.DEPRESSION: 0,
    })  # fmt: skip
    emulator.run(spikes(1))
    assert held(emulator, Region.ELIGIBILITY).max() == 127


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7, 14])
def test_eligibilities_fade_to_zero_by_themselves(k: int) -> None:
    """By the loss of each fade in floats; a part of 2^k needs at most 2^k (ln(128 / 2^k) + 1) fades and a few."""
    table, fades = drawn(), 0
    table[0, :2] = [-128, 127]
    emulator, expected = holding(table), table.astype(float)
    while expected.any():
        loss = np.ceil(np.abs(expected) / 2**k)
        expected = np.sign(expected) * (np.abs(expected) - loss)
        emulator.run(EventStream(1).setting(0, Control.FADE, k))
        assert np.array_equal(held(emulator, Region.ELIGIBILITY), expected)
        fades += 1
    part = min(2**k, 128)
    assert fades <= part * (np.log(128 / part) + 1) + k + 1
    assert k != 1 or fades == 8
    assert not held(emulator, Region.WEIGHTS).any()


def test_a_fade_of_all_leaves_nothing() -> None:
    emulator = holding(drawn())
    emulator.run(EventStream(1).setting(0, Control.FADE, FADE_ALL))
    assert not held(emulator, Region.ELIGIBILITY).any()


def test_without_a_reward_nothing_reaches_the_weights() -> None:
    emulator = holding(drawn())
    emulator.write(Region.WEIGHTS, drawn(2))
    emulator.run(spikes(3).setting(20, Control.REWARD, 0).setting(30, Control.FADE, 3))
    assert np.array_equal(held(emulator, Region.WEIGHTS), drawn(2))
    assert not any(emulator.counters[counter] for counter in CHANGES)


@pytest.mark.parametrize("factor", [-300, -1, 90, 256, 2000])
@pytest.mark.parametrize("soft", [0, LearningFlag.SOFT])
def test_reward_changes_weights_as_any_change_does(factor: int, soft: int) -> None:
    """Against floats: clamped to C bits, scaled by the distance to the bound, cut towards zero, then the bounds."""
    emulator = chip(replace(CONFIG, soft_bounds=True), {
        Control.LEARNING: ON | soft, Control.WEIGHT_MIN: -90 % 256, Control.WEIGHT_MAX: 100,
        Control.REWARD: factor % (1 << 16), Control.FADE: 2,
    })  # fmt: skip
    weights, c = drawn(2), drawn(3)
    emulator.write(Region.WEIGHTS, weights)
    emulator.write(Region.ELIGIBILITY, c)
    emulator.run(EventStream(1))
    p = np.clip(c * factor, -(1 << 15), (1 << 15) - 1)
    if soft:
        room = np.maximum(np.where(p > 0, 100 - weights, weights + 90), 0)
        p = np.floor(p * room / 256 + 0.5)
    change = np.trunc(p / 256)
    expected = np.where(change != 0, np.clip(weights + change, -90, 100), weights)
    assert np.array_equal(held(emulator, Region.WEIGHTS), expected)
    assert np.array_equal(held(emulator, Region.ELIGIBILITY), np.sign(c) * (np.abs(c) - np.ceil(np.abs(c) / 4)))
    assert emulator.counters[Counter.POTENTIATIONS] == np.count_nonzero(change > 0)
    assert emulator.counters[Counter.DEPRESSIONS] == np.count_nonzero(change < 0)


def test_neurons_that_do_not_learn_keep_theirs() -> None:
    emulator = holding(drawn(), reward=REWARD_ONE, fade=1)
    plastic = drawn(5) > 0
    emulator.write(Region.PLASTIC, plastic)
    emulator.write(Region.FLAGS, [0, int(Flag.PLASTICITY_OFF)])
    emulator.run(EventStream(1))
    walked = plastic & (np.arange(12) != 1)
    assert np.array_equal(held(emulator, Region.WEIGHTS), np.where(walked, drawn(), 0))
    assert np.array_equal(held(emulator, Region.ELIGIBILITY) == drawn(), ~walked | (drawn() == 0))


@pytest.mark.parametrize("learning", [0, ON, GATHER])
def test_registers_last_for_one_step(learning: int) -> None:
    emulator = holding(np.full((CONFIG.axons, 12), 8), learning=learning, reward=REWARD_ONE, fade=1)
    emulator.run(EventStream(500))
    assert not emulator.regions[Region.CONTROL][[Control.REWARD, Control.FADE]].any()
    assert (held(emulator, Region.WEIGHTS) == 8 * bool(learning)).all()
    assert (held(emulator, Region.ELIGIBILITY) == (4 if learning else 8)).all()


def test_no_clear_reaches_eligibilities() -> None:
    emulator = holding(drawn())
    emulator.clear(Clear(sum(Clear)))
    emulator.run(EventStream(1).clearing(0, Clear(sum(Clear) & ~Clear.COUNTERS)))
    assert np.array_equal(held(emulator, Region.ELIGIBILITY), drawn())


def test_chip_that_does_not_gather_is_like_one_without_eligibility() -> None:
    chips = [chip(config, {Control.LEARNING: ON}) for config in (CONFIG, replace(CONFIG, eligibility=False))]
    results = [each.run(spikes(4)) for each in chips]
    assert results[0] == results[1]
    assert np.array_equal(held(chips[0], Region.WEIGHTS), held(chips[1], Region.WEIGHTS))
    assert not held(chips[0], Region.ELIGIBILITY).any()


def test_flag_has_no_effect_on_a_chip_without_eligibility() -> None:
    config = replace(CONFIG, eligibility=False, errors=True)
    chips = [chip(config, {Control.LEARNING: flags}) for flags in (ON, GATHER)]
    for each in chips:
        each.run(spikes(4))
    assert held(chips[0], Region.WEIGHTS).any()
    assert np.array_equal(held(chips[0], Region.WEIGHTS), held(chips[1], Region.WEIGHTS))


@pytest.mark.parametrize("register", [Control.REWARD, Control.FADE])
def test_samples_run_one_after_the_other_where_a_reward_waits(
    register: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, stream = holding(drawn(), learning=0), spikes(5)
    for at in (0, 20, 40):
        stream = stream.clearing(at, Clear.STATE | Clear.TRACES | Clear.ADAPTATION)
    one.write(Region.CONTROL, [1], register)
    many = twin(one)
    one.run(stream)
    monkeypatch.setattr(parallel, "WORKERS", 4)
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    assert len(parallel.split(stream, many._memory)) == 1
    many.run(stream)
    assert_equal(one, many)
