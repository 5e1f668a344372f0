"""Refractory periods of SuperNeuroMAT models beyond what a chip counts: equal in runs of any length on a device."""

from __future__ import annotations

import copy

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.importers.labels import Label
from neurocorex.importers.superneuromat import from_superneuromat, on_device
from neurocorex.importers.superneuromat.refractory import Refractory
from neurocorex.spec import CoreConfig
from support.superneuromat_models import departures, item, model_of

LONG = [1000, 10**6, 5, 255, 256]


def refractory_model(periods=LONG, counts=(0, 0, 300, 255, 256)):
    neurons = [
        {"threshold": 3, "leak": 1, "refractory_period": period, "refractory_state": count}
        for period, count in zip(periods, counts, strict=True)
    ]
    synapses = [(pre, (pre + 1) % len(neurons), {"weight": 2}) for pre in range(len(neurons))]
    spikes = [(tick, tick * 7 % len(neurons), 6) for tick in range(600)]
    return model_of(*neurons, synapses=synapses, spikes=spikes)


def chip(bits):
    return CoreConfig(
        neurons=5, inputs=1, lanes=4, weight_bits=8, state_bits=16, adaptation=False, refractory_bits=bits
    )


@pytest.mark.parametrize("bits", [1, 3, 8, 16])
def test_periods_beyond_the_chip_do_the_same_in_runs_of_any_length(bits):
    native = refractory_model()
    with ncx.open("emulator", config=chip(bits)) as device:
        adapter = on_device(copy.deepcopy(native), device)
        for ticks in (1, 10, 200, 150, 230):
            adapter.simulate(ticks)
            native.simulate(ticks, use="cpu", sparse=False)
            assert np.array_equal(adapter.ispikes, native.ispikes)
            assert adapter.neuron_states == native.neuron_states
            assert adapter.neuron_refractory_periods_state == native.neuron_refractory_periods_state
        assert adapter.report.exact
    assert native.ispikes.sum(axis=0).min() > 0


def test_the_chip_is_loaded_again_only_where_it_counts_too_little(monkeypatch):
    loads = []
    with ncx.open("emulator", config=chip(8)) as device:
        load = device.load
        monkeypatch.setattr(device, "load", lambda image: loads.append(image) or load(image))
        short = on_device(refractory_model([0, 5, 255, 0, 0], [0] * 5), device)
        for _ in range(4):
            short.simulate(100)
        assert len(loads) == 1


def test_chips_are_built_to_count_as_far_as_they_can():
    imported = from_superneuromat(refractory_model([0, 1000, 3, 0, 0], [0] * 5))
    assert imported.config.refractory_bits == 10
    assert item(imported, "refractory periods").label is Label.EXACT
    assert imported.refractory.run_limit is None


def test_an_image_says_how_long_its_runs_may_be():
    model = refractory_model()
    imported = from_superneuromat(model, config=chip(8))
    told = item(imported, "refractory periods")
    assert (told.label, told.error) == (Label.APPROXIMATE, 10**6 - 255)
    assert "runs of up to 255 ticks" in told.detail
    assert not imported.report.exact
    assert imported.refractory == Refractory(most=255, longest=10**6, beyond=4, pieces=False)
    with ncx.open("emulator", config=chip(8)) as device:
        found = departures(model, device, 255, config=chip(8))
    assert found == [str(imported.report)]


def test_periods_of_a_million_ticks_need_no_larger_chip():
    imported = from_superneuromat(model_of({"threshold": 0, "refractory_period": 10**6}, spikes=[(0, 0, 1)]))
    assert imported.config.refractory_bits == 16
    assert "runs of up to 65535 ticks" in item(imported, "refractory periods").detail
