"""Gallery: what pages claim of a system, held against formulas that share no code with it."""

import importlib.util
from math import ceil

import neurocorex as ncx
import numpy as np
import pytest
from support.paths import ROOT


def example(name):
    """Load a file of the gallery as a module."""
    spec = importlib.util.spec_from_file_location(f"claims_{name}", ROOT / f"examples/gallery/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("answers", [0, 1, 4])
def test_adapting_threshold_forgives_what_its_rise_leaves(answers):
    patterns = example("patterns")
    with ncx.open("emulator") as device:
        found = patterns.homeostasis(device, answers)
    rise, after = 0, []
    for step in range(answers + max(patterns.WAITS)):
        rise -= ceil(rise / 50.5)
        after.append(rise)
        rise += 20 * (step < answers)
    for wait, reach in zip(patterns.WAITS, found, strict=True):
        assert reach == max(d for d in range(0, 9, 2) if 200 - 10 * d > 110 + after[answers + wait - 1])


def test_stress_test_reads_what_it_stored():
    cam = example("cam")
    operations = cam.stress()
    assert len(operations) == 60
    table, found = cam.Table(5, 10), []
    for each in operations:
        answer = table.answer(each)
        if isinstance(each, cam.Find):
            found.append(answer.nonzero()[0].tolist())
    within, without = [[*range(cue, 5)] for cue in range(5)], [[*range(cue + 1)] for cue in range(5)]
    assert found == [*within, *without] * 2


@pytest.mark.parametrize(("copies", "ring"), [(1, False), (6, False), (6, True)])
def test_law_of_redundancy_is_that_of_a_simulation_in_floats(copies, ring):
    redundancy = example("redundancy")
    pulls, rng = redundancy.laplacian(copies, ring), np.random.default_rng(1)
    estimates = np.full((copies, 2000), redundancy.OPTIMUM)
    squares = []
    for _ in range(400):
        pulled = redundancy.PULL * (redundancy.OPTIMUM - estimates) - 0.5 * pulls @ estimates
        estimates = rng.binomial(4, estimates + pulled) / 4
        squares.append(((estimates - redundancy.OPTIMUM) ** 2).mean())
    assert np.mean(squares[100:]) == pytest.approx(redundancy.law(pulls, 0.5), rel=0.02)


def test_copies_reach_the_chip_unrounded():
    redundancy = example("redundancy")
    pulls = redundancy.laplacian(16, ring=True)
    with ncx.open("emulator") as device:
        device.load(redundancy.coupled(pulls, 0.75))
        weights = device.weights(units="chip")[1:65, :64]
        noise, threshold = (device.read(each)[0] for each in (ncx.Region.NOISE, ncx.Region.THRESHOLD))
    assert (noise, threshold) == (256, 256)
    assert set(weights[weights > 0].tolist()) == {24, 48}
    assert (weights.sum(axis=0) == 480).all()


def test_contexts_reach_the_chip_unrounded_over_the_same_weights():
    contexts = example("contexts")
    weights = []
    with ncx.open("emulator") as device:
        for kind in ("excitability", "gain"):
            biases, gains = contexts.drawn(kind, 3)
            device.load(contexts.network(3, biases, gains))
            weights.append(np.sign(device.weights(units="chip")[:6, :128]))
            held = device.read(ncx.Region.CONTEXT_GAIN).reshape(16, -1)[:, :128]
            assert np.array_equal(held, 256 * gains)
            assert device.read(ncx.Region.CONTEXT_BIAS).any() == (kind == "excitability")
    assert (weights[0] == weights[1]).mean() > 0.99


def test_values_are_shown_bit_by_bit():
    shown = example("contexts").shown(np.array([0b101, 0b010])).reshape(2, 24, 3, 2)
    assert shown[0].any(axis=0).tolist() == [[False, True], [True, False], [False, True]]
    assert shown[1].any(axis=0).tolist() == [[True, False], [False, True], [True, False]]
    assert shown[:, 6:10].sum() == 0
    assert shown.any(axis=(0, 3))[10:16:2, 2].all()
    assert not shown[:, 6:, :2].any()


def test_best_answer_without_the_task_is_that_of_most_tasks():
    contexts = example("contexts")
    assert contexts.blind(np.array([[1, 1, 0, 0], [1, 0, 1, 0]], bool)) == 0.75
    assert contexts.blind(np.array([[1, 1, 0, 0], [1, 1, 0, 0]], bool)) == 1
