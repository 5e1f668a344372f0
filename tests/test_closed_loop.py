"""Closed loop of the examples: a controller that learns by rewards keeps the pole up far longer than others do."""

import runpy

import neurocorex as ncx
import numpy as np
import pytest
from support.paths import ROOT

SEEDS, MOST = (0, 1, 2), 200


@pytest.fixture(scope="module")
def example() -> dict:
    return runpy.run_path(str(ROOT / "examples/closed_loop.py"))


@pytest.fixture(scope="module")
def outcomes(example: dict) -> list:
    with ncx.open("emulator") as device:
        return [example["balance"](device, seed, episodes=4, count=2, most=MOST)[0] for seed in SEEDS]


def test_untrained_controllers_are_about_as_good_as_chance(outcomes: list) -> None:
    assert all(5 < each.random < 50 and 5 < each.before < 50 for each in outcomes)


def test_controllers_that_learn_keep_the_pole_up(outcomes: list) -> None:
    learned = np.mean([each.last for each in outcomes])
    others = np.mean([max(each.before, each.random) for each in outcomes])
    assert learned > 3 * others


def test_learned_weights_alone_are_better_than_none(outcomes: list) -> None:
    assert np.mean([each.after for each in outcomes]) > 2 * np.mean([each.before for each in outcomes])


def test_pole_is_pushed_by_the_equations_of_motion(example: dict) -> None:
    right, left = (example["Pole"](np.array([0.0, 0.0, angle, 0.0])) for angle in (0.01, -0.01))
    right.push(right=True)
    left.push(right=False)
    assert np.allclose(left.state, -right.state)
    # Lagrange for an upright rod of length 2 l: (4/3 l - m l / (M + m)) twist = g angle - F / (M + m), nearly.
    twist = (9.8 * 0.01 - 10 / 1.1) / (4 / 3 * 0.5 - 0.1 * 0.5 / 1.1)
    assert right.state[3] == pytest.approx(0.02 * twist, rel=1e-3)
