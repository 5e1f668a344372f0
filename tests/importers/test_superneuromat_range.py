"""SuperNeuroMAT models with weights near the ends of 16 bits and strong STDP: equal at every tick, or told."""

from __future__ import annotations

import math
import warnings

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import QuantisationWarning
from neurocorex.importers.labels import Label
from neurocorex.importers.superneuromat import from_superneuromat, on_device
from support.superneuromat_models import STRONG_CHIP, item, model_of, strong_model
from support.warned import warned

TICKS = 40


def outcome(seed, device, **options):
    """Run a model natively and on the chip; return (equal at every tick, told, whether a weight left 16 bits)."""
    native, chip = strong_model(seed, TICKS), strong_model(seed, TICKS)
    equal, left = True, False
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        adapter = on_device(chip, device, **options)
        for piece in (3, 1, TICKS - 4):
            for _ in range(piece):
                native.simulate(1, use="cpu", sparse=False)
                left |= bool(np.abs(native.synaptic_weights).max() > 32_767)
            adapter.simulate(piece)
            equal &= native.synaptic_weights == chip.synaptic_weights
    equal &= np.array_equal(native.ispikes, chip.ispikes) and native.neuron_states == chip.neuron_states
    return equal, bool(caught) or not adapter.imported.report.exact, left


def test_strong_models_are_equal_or_told():
    with ncx.open("emulator") as device:
        outcomes = {seed: outcome(seed, device) for seed in range(300)}
    assert not [seed for seed, (equal, told, _) in outcomes.items() if not equal and not told]
    assert sum(equal for equal, _, _ in outcomes.values()) > 150
    assert sum(equal and not told for equal, told, _ in outcomes.values()) > 60
    assert sum(left for _, _, left in outcomes.values()) > 40
    assert not [seed for seed, (equal, _, left) in outcomes.items() if equal and left]


def test_strong_models_that_are_run_as_images_are_equal_or_told():
    silent = []
    with ncx.open("emulator") as device:
        for seed in range(60):
            model = strong_model(seed, TICKS)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                imported = from_superneuromat(model)
                device.load(imported.image)
                result = device.run(TICKS, spikes=imported.stimulus.cut(0, TICKS))
                weights = imported.weights(device.weights()) if imported.model.gains else imported.model.weights
                found = imported.saturated(result, device.weights(units="chip"))
            model.simulate(TICKS, use="cpu", sparse=False)
            equal = np.array_equal(imported.spikes(result), model.ispikes)
            equal &= np.array_equal(weights, model.synaptic_weights)
            assert equal or imported.report.exact <= bool(found), seed
            if not equal and not caught and imported.report.exact:
                silent.append(seed)
    assert silent == []


@pytest.mark.slow
def test_the_gates_tell_the_same_of_strong_models():
    with ncx.open("rtl", config=STRONG_CHIP) as gates, ncx.open("emulator", config=STRONG_CHIP) as emulator:
        for seed in range(8):
            found = outcome(seed, gates)
            assert found == outcome(seed, emulator), seed
            assert found[0] or found[1], seed


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
        result = warned(device.run, 2, spikes=imported.stimulus, match="weights that learned reached the end")
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


@pytest.mark.parametrize(("gain", "lags", "label"), [(1_600, 20, Label.EXACT), (1_800, 20, Label.APPROXIMATE)])
def test_taps_whose_sum_the_chip_does_not_hold_are_no_longer_called_exact(gain, lags, label):
    model = model_of({"threshold": 0}, {"threshold": 9}, synapses=[(0, 1, {"weight": -32_000, "stdp_enabled": True})])
    model.stdp_setup(Apos=[gain] * lags, Aneg=[0] * lags)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantisationWarning)
        imported = from_superneuromat(model)
    assert item(imported, "STDP").label is label
    assert imported.report.exact is (label is Label.EXACT)
