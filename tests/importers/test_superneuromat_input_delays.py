"""Inputs with delays against SuperNeuroMAT, whose synapses have them: an input is a neuron that fires at each event."""

import neurocorex as ncx
import numpy as np
import pytest
import superneuromat

TICKS, INPUTS, NEURONS = 50, 3, 4


@pytest.mark.parametrize("seed", range(5))
def test_spikes_are_those_of_superneuromat(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (INPUTS, NEURONS)
    weights, delays = rng.integers(-5, 15, shape), rng.integers(1, 9, shape)
    recurrent, lags = rng.integers(-4, 6, (NEURONS, NEURONS)), rng.integers(1, 4, (NEURONS, NEURONS))
    thresholds, leaks = rng.integers(5, 20, NEURONS), rng.integers(0, 3, NEURONS)
    spikes = rng.random((TICKS, INPUTS)) < 0.3

    model = superneuromat.SNN()
    model.backend = "cpu"
    sources = [model.create_neuron(threshold=0, leak=np.inf) for _ in range(INPUTS)]
    cells = [model.create_neuron(threshold=int(th), leak=int(leak)) for th, leak in zip(thresholds, leaks, strict=True)]
    for (pre, post), weight in np.ndenumerate(weights):
        model.create_synapse(sources[pre], cells[post], weight=int(weight), delay=int(delays[pre, post]))
    for (pre, post), weight in np.ndenumerate(recurrent):
        model.create_synapse(cells[pre], cells[post], weight=int(weight), delay=int(lags[pre, post]))
    for tick, source in np.argwhere(spikes).tolist():
        model.add_spike(tick, sources[source], 1)
    model.simulate(TICKS)
    numbers = [getattr(cell, "idx", cell) for cell in cells]
    wanted = np.array(model.spike_train, bool)[:, numbers]

    net = ncx.Network(inputs=INPUTS, neurons=NEURONS)
    net.connect(net.inputs, net.neurons, weights, delay_ms=delays)
    net.connect(net.neurons, net.neurons, recurrent, delay_ms=lags)
    net.neurons.set(threshold=thresholds, leak=leaks)
    with ncx.open("emulator") as device:
        device.load(net)
        parts = [device.run(spikes=part).spikes for part in np.split(spikes, [7, 21])]
    np.testing.assert_array_equal(np.concatenate(parts), wanted)
    assert wanted.any()
