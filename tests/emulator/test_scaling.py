"""Laws of synaptic scaling, against NumPy in floats, which shares nothing with the kernel."""

from dataclasses import replace

import numpy as np
import pytest
from neurocorex.emulator import parallel
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Control, CoreConfig, Counter, Flag, Learning, LearningFlag, Region
from neurocorex.spec.registers import GATE_ALL

CONFIG = CoreConfig(neurons=12, inputs=40, max_delay=2, learning=Learning.EXPONENTIAL, scaling=True)
SHAPE = (CONFIG.axons, CONFIG.neurons)
ON = LearningFlag.ENABLE
USUAL = {
    Control.WEIGHT_MIN: -128, Control.WEIGHT_MAX: 127, Control.MODULATION: 0, Control.GATE: GATE_ALL,
    Control.LEARNING: ON,
}  # fmt: skip


def chip(weights: np.ndarray, config: CoreConfig = CONFIG, plastic: object = 1, **control: int) -> Emulator:
    """A silent chip with these weights."""
    emulator = Emulator(config)
    emulator.write(Region.WEIGHTS, weights.ravel())
    emulator.write(Region.PLASTIC, np.broadcast_to(plastic, SHAPE).ravel())
    for register, value in (USUAL | {Control[name.upper()]: value for name, value in control.items()}).items():
        emulator.write(Region.CONTROL, [value], register)
    return emulator


def scaled(emulator: Emulator, row: int = 0, group: int = 0, steps: int = 1) -> np.ndarray:
    """Weights after a step that scales."""
    emulator.run(EventStream(steps).setting(0, Control.SCALE, row + 1 | group << 3))
    return weights_of(emulator)


def weights_of(emulator: Emulator) -> np.ndarray:
    return emulator.regions[Region.WEIGHTS].astype(int)


def drawn(seed: int, low: int = 0, high: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, SHAPE)


@pytest.mark.parametrize(("target", "low"), [(1500, 0), (400, 0), (2500, 0), (300, -30)], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_columns_are_normalised(seed: int, target: int, low: int) -> None:
    """As Diehl and Cook do it in floats: every weight times target / sum."""
    weights = drawn(seed, low)
    sums = weights.sum(axis=0)
    found = scaled(chip(weights, target=target))
    wanted = weights * (target / sums)
    assert np.abs(wanted).max() < 127
    assert np.abs(found - wanted).max() <= 0.5 + 1 / 256 + np.abs(weights).max() / 4096
    assert np.abs(found.sum(axis=0) - target).max() <= len(weights) * (0.5 + 1 / 256) + sums.max() / 4096


def test_rounding_by_chance_is_right_on_average() -> None:
    weights, target, total = drawn(1), 1000, np.zeros(SHAPE)
    for seed in range(1, 401):
        total += scaled(chip(weights, target=target, learning=ON | LearningFlag.STOCHASTIC, random=seed * 2654435761))
    wanted = weights * (target / weights.sum(axis=0))
    # A factor is cut to 12 bits behind the point, a change to 8; draws are those of 400 seeds.
    assert np.abs(total / 400 - wanted).max() < 0.12
    assert abs((total / 400 - wanted).mean()) < 1 / 256 + 30 / 4096


def test_second_scaling_finds_little_to_do() -> None:
    emulator = chip(drawn(3), target=1700)
    first = scaled(emulator)
    assert np.abs(scaled(emulator) - first).max() <= 1
    assert (scaled(emulator).sum(axis=0) - 1700 <= 27).all()


@pytest.mark.parametrize("name", ["plastic", "off", "gate", "row", "group"])
def test_others_stay(name: str) -> None:
    weights, rng = drawn(4), np.random.default_rng(4)
    config, plastic, row, group, control = CONFIG, np.ones(SHAPE, int), 0, 0, {}
    acts = np.ones(SHAPE, bool)
    if name == "plastic":
        plastic = rng.integers(0, 2, SHAPE)
        acts = plastic == 1
    elif name == "gate":
        control, acts[:, np.arange(12) != 7] = {"gate": 7}, False
    elif name == "row":  # inputs of even neurons, and all else of odd ones, follow row 1
        config, row = replace(CONFIG, rules=2), 1
        acts[:40, 1::2] = acts[40:, ::2] = False
    elif name == "group":
        config, group = replace(CONFIG, lanes=4, errors=True, groups=3), 2
        acts[:, np.arange(12) % 4 != 2] = False
    emulator = chip(weights, config, plastic, target=300, **control)
    if name == "off":
        emulator.write(Region.FLAGS, [int(Flag.PLASTICITY_OFF)] * 5)
        acts[:, :5] = False
    if name == "row":
        emulator.write(Region.RULE, [1, 2] * 6)
        for register, value in ((Control.WEIGHT_MIN_1, -128), (Control.WEIGHT_MAX_1, 127)):
            emulator.write(Region.CONTROL, [value], register)
    if name == "group":
        emulator.write(Region.GROUP, np.arange(12) % 4)
    found = scaled(emulator, row, group)
    assert np.array_equal(found[~acts], weights[~acts])
    sums = np.where(acts, found, 0).sum(axis=0)
    assert np.abs(sums[acts.any(axis=0)] - 300).max() <= 27


@pytest.mark.parametrize("sign", [0, -1])
def test_sum_that_is_not_above_zero_stays(sign: int) -> None:
    weights = drawn(5)
    weights[: SHAPE[0] // 2] = -weights[SHAPE[0] // 2 :] + sign
    assert np.array_equal(scaled(chip(weights, target=500)), weights)


def test_factor_is_less_than_nine_and_bounds_cut() -> None:
    weights = np.zeros(SHAPE, int)
    weights[0], weights[1] = 3, 12
    emulator = chip(weights, target=10000, weight_max=100)
    found = scaled(emulator)
    assert (found[0] == 27).all()
    assert (found[1] == 100).all()
    assert emulator.counters[Counter.CLIPS_HIGH] == 12
    assert emulator.counters[Counter.POTENTIATIONS] == 24
    assert (scaled(emulator)[0] > 99).all()  # the others make up for it


def test_target_of_zero_takes_all() -> None:
    assert not scaled(chip(drawn(6, 0, 127), target=0)).any()


def test_soft_bounds_have_no_part_in_it() -> None:
    soft = replace(CONFIG, soft_bounds=True)
    flags = ON | LearningFlag.SOFT
    assert np.array_equal(scaled(chip(drawn(7), soft, target=800, learning=flags)), scaled(chip(drawn(7), target=800)))


@pytest.mark.parametrize("learning", [0, ON])
@pytest.mark.parametrize("row", [0, 1, 6])
def test_command_is_for_one_step(learning: int, row: int) -> None:
    emulator = chip(drawn(8), target=700, learning=learning)
    acts = bool(learning) and row == 0
    assert np.array_equal(scaled(emulator, row), drawn(8)) != acts
    held = emulator.regions[Region.CONTROL]
    assert held[Control.SCALE] == 0
    assert held[Control.TARGET] == 700
    before = weights_of(emulator)
    emulator.run(EventStream(40))
    assert np.array_equal(weights_of(emulator), before)


def test_command_that_waits_is_run_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORTH_UPDATES", 1)
    monkeypatch.setattr(parallel, "WORKERS", 4)
    emulator = chip(drawn(9), target=600, learning=0, scale=1)
    everything = Clear.STATE | Clear.TRACES | Clear.ADAPTATION
    stream = EventStream(40).clearing([0, 10, 20, 30], everything)
    assert len(parallel.split(stream, emulator._memory)) == 1
    emulator.write(Region.CONTROL, [0], Control.SCALE)
    assert len(parallel.split(stream, emulator._memory)) > 1
