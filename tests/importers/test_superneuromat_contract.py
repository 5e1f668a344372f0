"""`frac_bits`: the numbers of SpikeEngine, against whole numbers that are rounded, added and clipped here."""

from __future__ import annotations

import warnings

import neurocorex as ncx
import numpy as np
import pytest
import superneuromat
from neurocorex.errors import QuantisationWarning
from neurocorex.importers.superneuromat import from_superneuromat, on_device
from neurocorex.importers.superneuromat.saturation import Cause
from neurocorex.spec import Region
from sklearn.datasets import load_digits
from support.superneuromat_models import item, model_of
from support.superneuromat_reference import WholeModel

TICKS = 60


def clipped(weights):
    return np.clip(weights, -(1 << 15), (1 << 15) - 1)


def raw(values, frac_bits, *, narrow=False):
    """Round each value by itself, half to even; weights and taps end at 16 bits."""
    whole = [round(value * (1 << frac_bits)) for value in values]
    return clipped(np.array(whole, np.int64)).tolist() if narrow else whole


def text(warning):
    return str(warning.message)


def contract_case(seed):
    """Return a model of floats, its inputs by tick, and the same in whole numbers."""
    rng = np.random.default_rng([seed, 24])
    neurons, lags, bits = int(rng.integers(2, 6)), int(rng.integers(1, 6)), int(rng.choice([5, 8, 11, 13]))
    top = (1 << 15) / (1 << bits)
    numbers = {name: (rng.random(neurons) * top).round(4).tolist() for name in ("thresholds", "leaks", "resets")}
    numbers["thresholds"] = [a + b for a, b in zip(numbers["thresholds"], numbers["resets"], strict=True)]
    weights = (rng.normal(0, 0.5, (neurons, neurons)) * top).round(5)
    plastic = rng.random((neurons, neurons)) < 0.7
    plastic[0, 1] = True
    strength = float(rng.choice([0.002, 0.05]) * top)
    gains, losses = (rng.random(lags) * strength).tolist(), (-rng.random(lags) * strength / 3).tolist()
    model = superneuromat.SNN()
    for threshold, leak, reset in zip(*numbers.values(), strict=True):
        model.create_neuron(threshold=threshold, leak=leak, reset_state=reset, initial_state=reset)
    for pre, post in np.ndindex(neurons, neurons):
        model.create_synapse(pre, post, weight=float(weights[pre, post]), stdp_enabled=bool(plastic[pre, post]))
    model.stdp_setup(Apos=gains, Aneg=losses)
    added = np.where(rng.random((TICKS, neurons)) < 0.4, rng.random((TICKS, neurons)) * 3 * top, 0.0)
    for tick, neuron in np.argwhere(added):
        model.add_spike(int(tick), int(neuron), float(added[tick, neuron]))
    whole = WholeModel(
        raw(numbers["thresholds"], bits), raw(numbers["leaks"], bits),
        np.array([raw(row, bits, narrow=True) for row in weights.tolist()]), plastic,
        raw(gains, bits, narrow=True), raw(losses, bits, narrow=True), clipped, raw(numbers["resets"], bits),
    )  # fmt: skip
    return model, whole, np.array([raw(row, bits) for row in added.tolist()]), bits


def test_spikes_and_weights_are_those_of_the_contract_unless_a_gain_is_clipped():
    outcomes = []
    for seed in range(80):
        model, whole, added, bits = contract_case(seed)
        spikes = np.array([whole.tick(row) for row in added])
        with warnings.catch_warnings(), on_device(model, frac_bits=bits) as chip:
            warnings.simplefilter("ignore")
            chip.simulate(TICKS)
            pre, post = chip.imported.model.pre, chip.imported.model.post
            synapses = chip.imported.learned[0]
            learned = np.array(chip.synaptic_weights)[synapses] * (1 << bits)
        expected = whole.weights[pre[synapses], post[synapses]]
        equal = np.array_equal(model.ispikes, spikes) and np.array_equal(learned, expected)
        outcomes.append((equal, Cause.ABOVE in chip.saturated, Cause.DRIFT in chip.saturated))
        assert equal or outcomes[-1][1], seed
        assert spikes.any(), seed
    assert sum(equal for equal, _, _ in outcomes) > 40
    assert sum(above for _, above, _ in outcomes) > 3
    # Below, the chip clips as SpikeEngine does.
    assert any(equal and low and not above for equal, above, low in outcomes)


def test_each_tap_is_rounded_by_itself_half_to_even():
    model = model_of({}, {}, synapses=[(0, 1, {"weight": 0.5, "stdp_enabled": True})])
    model.stdp_setup(Apos=[0.3, 2.5, 0.5], Aneg=[-0.4, -1.5, -0.5])
    with pytest.warns(QuantisationWarning) as told:
        imported = from_superneuromat(model, frac_bits=0)
    assert "gain at lag 1 of 0.3 vanishes, as it rounds to nothing: take more frac_bits" in map(text, told)
    assert imported.model.gains == (0, 2, 0)
    assert imported.model.losses == (0, -2, 0)
    assert imported.image.weights[1, 1] == 0
    assert item(imported, "STDP").error == 0.5
    assert not imported.report.exact
    assert any("SpikeEngine clips a weight once a tick" in note for note in imported.report.notes)


def test_weights_and_taps_end_at_16_bits():
    model = model_of(
        {"threshold": 2}, {}, synapses=[(0, 1, {"weight": 20.0, "stdp_enabled": True}), (1, 0, {"weight": -20.0})]
    )
    model.stdp_setup(Apos=[0.5], Aneg=[-0.25])
    with pytest.warns(QuantisationWarning) as told:
        imported = from_superneuromat(model, frac_bits=11)
    assert any(text(each).startswith("2 of 2 weights moved by more than 1 %") for each in told)
    assert imported.image.weights[1:].tolist() == [[0, 32767], [-32768, 0]]
    assert imported.image.regions[Region.THRESHOLD][0] == 2 << 11
    assert item(imported, "weights").error == pytest.approx(20 - 32767 / 2048)


# The published recipe: 8 x 8 digits, 64 inputs and 10 neurons, a teacher, 3 taps, 11 bits behind the point ----------

GAINS, LOSSES, BITS = [0.2, 0.02, 0.002], [-0.005, -0.001, -0.0005], 11


def teaching():
    """Return the training network, and its inputs by tick: an image, then the spike of its teacher."""
    digits = load_digits()
    half = len(digits.data) // 2
    model = superneuromat.SNN()
    for threshold, count in ((1.0, 64), (99.0, 10)):
        for _ in range(count):
            model.create_neuron(threshold=threshold, leak=4000.0)
    for pixel, digit in np.ndindex(64, 10):
        model.create_synapse(pixel, 64 + digit, weight=1.0, stdp_enabled=True)
    model.stdp_setup(Apos=GAINS, Aneg=LOSSES)
    added = np.zeros((2 * half, 74))
    added[::2, :64] = digits.data[:half] * 2.0 / 16.0
    added[1::2, 64:][np.arange(half), digits.target[:half]] = 100.0
    return model, added, digits.data[half:], digits.target[half:]


def answers(weights, images):
    """Return who is among the answers, [images, 10]: most spikes, then the earliest sum of their ticks."""
    model = superneuromat.SNN()
    for threshold, count in ((0.5, 64), (35.0, 10)):
        for _ in range(count):
            model.create_neuron(threshold=threshold, leak=0.0)
    for pixel, digit in np.ndindex(64, 10):
        model.create_synapse(pixel, 64 + digit, weight=float((weights[pixel, digit] + 5.0) * 0.5))
    image = warned_quietly(model)
    chosen = np.zeros((len(images), 10), bool)
    scale, ticks = 1 << BITS, 22
    inject = np.zeros((len(images), ticks, 74), np.int64)
    inject[:, :20, :64] = np.rint(images / 16.0 * 0.1 * scale)[:, None]
    with ncx.open("emulator") as device:
        for sample, currents in enumerate(inject):
            device.load(image)
            spikes = device.run(ticks, inject=currents, units="chip").spikes[:, 64:]
            counts, times = spikes.sum(axis=0), (spikes * np.arange(ticks)[:, None]).sum(axis=0)
            if counts.any():
                most = counts == counts.max()
                chosen[sample] = most & (times == times[most].min())
    return chosen


def warned_quietly(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantisationWarning)
        return from_superneuromat(model, frac_bits=BITS).image


def test_published_digits_recipe_of_spikeengine():
    model, added, images, labels = teaching()
    for tick, row in enumerate(added):
        neurons = np.flatnonzero(row).tolist()
        model.input_spikes[tick] = {"nids": neurons, "values": row[neurons].tolist()}
    plastic = np.zeros((74, 74), bool)
    plastic[:64, 64:] = True
    whole = WholeModel(
        raw([1.0] * 64 + [99.0] * 10, BITS), raw([4000.0] * 74, BITS), plastic * round(1.0 * (1 << BITS)), plastic,
        raw(GAINS, BITS), raw(LOSSES, BITS), clipped,
    )  # fmt: skip
    for row in added:
        whole.tick(np.array(raw(row.tolist(), BITS)))
    assert len(added) == 1796
    with warnings.catch_warnings(), on_device(model, frac_bits=BITS) as chip:
        warnings.simplefilter("ignore", QuantisationWarning)
        chip.simulate(len(added))
    assert chip.saturated == {}
    weights = chip.weight_mat()[:64, 64:]
    assert np.count_nonzero(weights * (1 << BITS) != whole.weights[:64, 64:]) == 0
    assert 5 < weights.max() < 16
    chosen = answers(weights, images)
    right = np.arange(10) == labels[:, None]
    assert len(images) == 899
    assert round(float((chosen == right).mean()), 3) == 0.909
    assert round(float(chosen[right].mean()), 3) == 0.776
