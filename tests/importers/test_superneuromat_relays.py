"""Relays, which SuperNeuroMAT makes of delays, become delays of axons."""

from __future__ import annotations

import neurocorex as ncx
import pytest
from neurocorex.importers.superneuromat import from_superneuromat
from support.superneuromat_models import departures, item, model_of


def test_relays_become_delays_of_axons():
    delays = {"delay": 3}, {"delay": 5}, {}
    model = model_of({}, {}, {}, {}, synapses=[(0, post, options) for post, options in enumerate(delays, 1)])
    imported = from_superneuromat(model)
    assert model.num_neurons == 4 + 2 + 4
    assert imported.config.neurons == 4
    assert imported.config.extra_axons == 2
    assert imported.network.parameters["delay_ms"][0] == 1
    assert sorted(imported.network.extra_delay_ms) == [3, 5]
    assert item(imported, "delays").detail == "6 relays folded into axons"


@pytest.mark.parametrize("delay", [2, 31, 32, 33, 64, 65, 100])
def test_delays_of_any_length_arrive_in_time(delay):
    model = model_of({}, {}, synapses=[(0, 1, {"delay": delay, "weight": 2.0})], spikes=[(0, 0, 1.0), (3, 0, 1.0)])
    imported = from_superneuromat(model)
    assert imported.config.neurons == 2 + (delay - 1) // 32
    with ncx.open("emulator") as device:
        assert departures(model, device, delay + 6) == []
    assert model.ispikes[:, 1].nonzero()[0].tolist() == [delay, delay + 3]


def changed(model, what):
    relay = 2
    match what:
        case "leaks":
            model.neuron_leaks[relay] = 0.0
        case "threshold":
            model.neuron_thresholds[relay] = 5.0
        case "input":
            model.add_spike(1, relay, 3.0)
        case "another synapse":
            model.create_synapse(relay, 0, weight=1.0)
        case "plastic":
            model.enable_stdp[0] = True
            model.stdp_setup(Apos=[2], Aneg=[-1])
        case "no chain":
            model.synaptic_delays[0] = -2
    return model


@pytest.mark.parametrize("what", ["leaks", "threshold", "input", "another synapse", "plastic", "no chain"])
def test_chains_that_were_changed_stay_neurons_and_do_the_same(what):
    model = model_of({}, {}, synapses=[(0, 1, {"delay": 3, "weight": 2.0})], spikes=[(0, 0, 1.0), (3, 0, 1.0)])
    imported = from_superneuromat(changed(model, what))
    assert imported.config.neurons == 4
    with ncx.open("emulator") as device:
        assert departures(model, device, 12) == []


def test_two_chains_between_the_same_neurons_learn_apart():
    model = model_of({}, {}, synapses=[(0, 1, {"delay": d, "weight": 1.0, "stdp_enabled": True}) for d in (2, 2, 3)],
                     spikes=[(tick, 0, 1.0) for tick in range(0, 20, 3)])  # fmt: skip
    model.stdp_setup(Apos=[3, 2], Aneg=[-1, 0])
    assert from_superneuromat(model).config.neurons == 3
    with ncx.open("emulator") as device:
        assert departures(model, device, 20) == []


def test_a_chain_made_later_has_nothing_on_its_way():
    model = model_of({}, {}, {}, synapses=[(0, 1, {"delay": 4})], spikes=[(0, 0, 1.0)])
    model.simulate(2)
    model.clear_spike_train()  # as SuperNeuroMAT cannot go on with neurons that are new
    model.create_synapse(0, 2, delay=4)
    model.add_spike(1, 0, 1.0)
    with ncx.open("emulator") as device:
        assert departures(model, device, 10) == []
