"""Lessons that the chip judges: winners and changes of weights against NumPy, and learning better than chance."""

from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.demos import judged
from neurocorex.demos.digits import load_data
from neurocorex.demos.judged import DIGITS
from neurocorex.demos.judged_network import BIAS, HANDICAP, INHIBITION, TURN, image
from neurocorex.demos.picture import draw
from neurocorex.spec import Region

CLASSES, PIXELS = 10, 64
SMALL = replace(DIGITS, per_class=3, epochs=2)


@pytest.fixture(scope="module")
def samples():
    return judged.digits(120)


def first_to_fire(drive, candidates, *, steps, inhibited):
    """Return the neuron of some that fires first, the one furthest above the threshold; None if none does.

    `drive` is what each neuron gets besides the bias, [steps, neurons]. Whoever fires holds back all others.
    """
    v, after = np.zeros(drive.shape[1]), 0.0
    for step in range(steps):
        v = v + BIAS + after + (drive[step] if step < len(drive) else 0)
        excess = np.where(candidates, v - BIAS * SMALL.rise, -np.inf)
        fired = excess > 0
        if fired.any():
            return int(np.argmax(excess))
        after = INHIBITION * inhibited * fired.sum()
    return None


def told_by_numpy(weights, picture, label):
    """Return the winner of a lesson, and the neuron that learns."""
    neurons = np.arange(SMALL.neurons)
    own = neurons % CLASSES == label
    drive = np.zeros((SMALL.race, SMALL.neurons))
    drive[: len(picture)] = picture @ weights[:PIXELS]
    held = drive.copy()
    held[: SMALL.margin] += HANDICAP * own
    winner = first_to_fire(held, np.ones_like(own), steps=SMALL.race, inhibited=True)
    if own[winner]:
        return winner, winner
    turned = drive.copy()
    turned[:TURN] += weights[PIXELS + CLASSES + label]
    return winner, first_to_fire(turned, own, steps=SMALL.second, inhibited=False)


def test_a_lesson_is_that_of_numpy(samples):
    kinds = set()
    with ncx.open("emulator") as device:
        device.load(image(SMALL, seed=2))
        for _ in range(4):
            device.run(spikes=judged.lessons(samples.train, samples.train_labels, SMALL))
        for k in range(40):
            picture, label = samples.train[k], int(samples.train_labels[k])
            before = device.weights(units="chip").astype(int)
            stream = judged.lessons(samples.train[[k]], samples.train_labels[[k]], SMALL)
            device.run(spikes=stream)
            first = device.winners()
            change = device.weights(units="chip").astype(int) - before
            winner, right = told_by_numpy(before, picture.astype(int), label)
            assert (first[0], first[label + 1]) == (winner, right), k
            wrong = winner % CLASSES != label
            kinds.add(wrong)
            moved = np.flatnonzero(change.any(axis=0)).tolist()
            assert moved == (sorted({winner, right}) if wrong else []), k
            if wrong:
                wanted = SMALL.rate * picture.sum(axis=0)
                assert (np.abs(change[:PIXELS, right] - wanted) < 1).all()
                assert (np.abs(change[:PIXELS, winner] + SMALL.blame * wanted) <= 1).all()
                assert change[PIXELS + CLASSES + label, right] < 0 < change[PIXELS + CLASSES + winner % CLASSES, winner]
    assert kinds == {False, True}


def test_learning_beats_the_untrained_network(samples):
    with ncx.open("emulator") as device:
        outcome = judged.learn(device, samples, SMALL, seed=1)
    assert outcome.accuracy > outcome.facts["untrained"] + 0.2
    assert outcome.curve[-1] == outcome.accuracy
    assert (outcome.inputs, outcome.neurons, outcome.steps) == (PIXELS, 30, SMALL.steps)
    assert outcome.counters["saturations"] == outcome.counters["full_traces"] == 0
    assert "untrained" in outcome.summary
    assert draw(outcome, "title").axes


def test_questions_change_nothing(samples):
    with ncx.open("emulator") as device:
        device.load(image(SMALL))
        before = device.read(Region.WEIGHTS)
        judged.answers(device, samples.test[:20], SMALL)
        assert np.array_equal(device.read(Region.WEIGHTS), before)


def test_a_lesson_takes_less_than_80_steps():
    assert judged.DIGITS.steps == judged.MNIST.steps < 80
    assert judged.DIGITS.neurons == judged.MNIST.neurons == 100


def test_digits_are_about_equally_long_as_vectors(samples):
    raw = np.linalg.norm(load_data()[0][:120] / 16, axis=1)
    normed = np.linalg.norm(samples.train.sum(axis=1) / DIGITS.spikes, axis=1)
    assert normed.std() < raw.std() / 2
