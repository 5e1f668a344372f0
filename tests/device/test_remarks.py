"""Remarks on a run: full traces and clipped drift, each with its remedy, and none without a reason."""

import warnings

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import InputError, NeuroCoreXWarning
from neurocorex.learning import stdp, superneuromat
from neurocorex.quantiser.quantise import quantised
from neurocorex.spec import CoreConfig, Learning


def learner(**options):
    net = ncx.Network(inputs=4, neurons=2)
    net.connect(net.inputs, net.neurons, 0.0, plastic=True)
    net.neurons.set(threshold=3.0, tau_ms=1.0)
    net.learn(stdp(20.0, 20.0, 0.001, -0.001, bounds=(-1.0, 1.0), **options))
    return net


def volleys(steps=400):
    """Arrivals now and then; the neurons fire 40 spikes in a row."""
    teacher = np.zeros((steps, 2), bool)
    teacher[100:140], teacher[300:340] = True, True
    return np.random.default_rng(3).random((steps, 4)) < 0.01, teacher


def run(net, **options):
    """Run volleys and return what was warned about during the run, and its counters."""
    spikes, teacher = volleys()
    with ncx.open("emulator") as device:
        device.load(quantised(net, **options)[0])
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            device.run(spikes=spikes, teacher=teacher)
            result = device.run(spikes=spikes, teacher=teacher)
    return [str(each.message) for each in told if issubclass(each.category, NeuroCoreXWarning)], result.counters


def test_bursts_that_fill_traces_are_told_once_with_the_remedy():
    told, counters = run(learner())
    assert counters["full_traces"] > 60
    assert len(told) == 1
    assert "state pre_rate_hz and post_rate_hz" in told[0]


@pytest.mark.parametrize("options", [{"accumulate": (4.0, 40.0)}, {"post_rate_hz": 1000.0}])
def test_room_for_bursts_keeps_their_depression(options):
    told, counters = run(learner(**options))
    assert counters["full_traces"] == 0
    assert told == []


def test_stimulus_that_is_known_when_loading_gets_room():
    net = learner(post_rate_hz=1000.0)
    spikes = np.zeros((100, 4), bool)
    spikes[20:60] = True
    with ncx.open("emulator") as device:
        assert device.load(net, stimulus=spikes).window.potentiation.why == "by stimulus"
        assert device.run(spikes=spikes).counters["full_traces"] == 0
        assert device.load(net).window.potentiation.why == "assumed"
        device.run(spikes=spikes)  # changes no weight, so nothing is lost
        with pytest.warns(NeuroCoreXWarning, match="traces of the learning rule were full"):
            device.run(spikes=spikes, teacher=np.eye(100, 2, -70, dtype=bool))
        with pytest.raises(InputError, match="a stimulus is for a network"):
            device.load(ncx.quantise(net)[0], stimulus=spikes)


def test_drift_that_leaves_the_range_and_comes_back_is_told():
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 0, plastic=True)
    net.neurons.set(threshold=1000)
    net.learn(superneuromat([30], [-30]))
    config = CoreConfig(inputs=1, neurons=1, weight_bits=8, learning=Learning.WINDOW)
    spikes = np.zeros((40, 1), bool)
    spikes[20:] = True
    with ncx.open("emulator", config=config) as device:
        device.load(net)
        with pytest.warns(NeuroCoreXWarning, match="counter drift_clips"):
            device.run(spikes=spikes, teacher=spikes)
