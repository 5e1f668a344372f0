"""SuperNeuroMAT models with weights near the ends of 16 bits and strong STDP: equal at every tick, or told."""

from __future__ import annotations

import math
import warnings

import neurocorex as ncx
import numpy as np
import pytest
import superneuromat
from neurocorex.importers.labels import Label
from neurocorex.importers.superneuromat import from_superneuromat, on_device
from support.superneuromat_models import item, model_of

TICKS = 20


def strong_model(seed):
    """Model of integers of which many lie near the ends of the range, with taps that need room."""
    rng = np.random.default_rng([seed, 12])
    model = superneuromat.SNN()
    model.backend = "cpu"
    neurons, top = int(rng.integers(2, 7)), int(rng.choice([300, 20_000, 30_000, 32_767]))
    for _ in range(neurons):
        threshold = int(rng.integers(0, top))
        model.create_neuron(threshold=threshold, leak=[0, math.inf][rng.integers(2)])
    for pre in range(neurons):
        for post in range(neurons):
            if rng.random() < 0.6 or (pre, post) == (0, 1):
                model.create_synapse(pre, post, weight=int(rng.integers(-top, top + 1)), stdp_enabled=True)
    lags, strength = int(rng.integers(1, 4)), int(rng.choice([1, 50, 2801]))
    model.stdp_setup(
        Apos=rng.integers(0, strength + 1, lags).tolist(), Aneg=(-rng.integers(0, strength + 1, lags) // 9).tolist(),
        positive_update=True, negative_update=True,
    )  # fmt: skip
    for tick in range(TICKS):
        for neuron in np.flatnonzero(rng.random(neurons) < 0.3).tolist():
            model.add_spike(tick, neuron, int(rng.integers(0, top)))
    return model


def outcome(seed, device):
    """Run a model natively and on the chip; return (equal, told, whether a weight left 16 bits)."""
    native, chip = strong_model(seed), strong_model(seed)
    left = False
    for _ in range(TICKS):
        native.simulate(1, use="cpu", sparse=False)
        left |= bool(np.abs(native.synaptic_weights).max() > 32_767)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        adapter = on_device(chip, device)
        adapter.simulate(TICKS)
    report = adapter.report if adapter.imported is None else adapter.imported.report
    equal = np.array_equal(native.ispikes, chip.ispikes) and np.array_equal(
        native.synaptic_weights, chip.synaptic_weights
    )
    return equal, bool(caught) or not report.exact, left


def test_strong_models_are_equal_or_told():
    with ncx.open("emulator") as device:
        outcomes = {seed: outcome(seed, device) for seed in range(80)}
    assert not [seed for seed, (equal, told, left) in outcomes.items() if not equal and not told and not left]
    assert sum(equal for equal, _, _ in outcomes.values()) > 25
    assert sum(equal and not told for equal, told, _ in outcomes.values()) > 10


def near_the_end(weight, gain):
    model = model_of(
        {"threshold": 0, "leak": math.inf}, {"threshold": abs(weight) - 1, "leak": math.inf},
        synapses=[(0, 1, {"weight": weight, "stdp_enabled": True})], spikes=[(0, 0, 1)],
    )  # fmt: skip
    model.stdp_setup(Apos=[gain], Aneg=[0], positive_update=True, negative_update=True)
    return model


@pytest.mark.parametrize(("weight", "gain"), [(32_001, 900), (32_767, 1), (29_999, 5_001)])
def test_odd_weights_near_the_end_keep_their_spikes(weight, gain):
    imported = from_superneuromat(near_the_end(weight, gain))
    assert item(imported, "weights").label is Label.EXACT
    room = item(imported, "room of learned weights")
    assert (room.label, room.error) == (Label.APPROXIMATE, weight + gain - 32_767)
    with ncx.open("emulator") as device:
        device.load(imported.image)
        result = device.run(2, spikes=imported.stimulus)
    assert imported.spikes(result).tolist() == [[True, False], [False, True]]


def test_weights_that_a_gain_rounds_are_no_longer_called_exact():
    imported = from_superneuromat(near_the_end(3_001, 20), scale=11)
    assert not imported.report.exact
    assert item(imported, "weights").error > 0


def test_queued_inputs_have_room():
    model = model_of(
        {"threshold": 0.7131, "leak": 0.0371}, {"threshold": 0.7131, "leak": 0.0371},
        synapses=[(0, 1, {"weight": 0.0123})], spikes=[(0, 0, 0.9), (1, 1, -1.1)],
    )  # fmt: skip
    imported = from_superneuromat(model)
    quiet = from_superneuromat(model_of(
        {"threshold": 0.7131, "leak": 0.0371}, {"threshold": 0.7131, "leak": 0.0371},
        synapses=[(0, 1, {"weight": 0.0123})],
    ))  # fmt: skip
    assert imported.scale <= quiet.scale
    assert imported.scale * (0.7131 + 1.1) < imported.config.state_range[1]
