"""Membranes and currents that the simulated chip reports, beside those that the host keeps of an emulator."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device import blocks

PLAIN = ncx.CoreConfig(neurons=24, inputs=16, lanes=2)
REPORTS = ncx.CoreConfig(neurons=24, inputs=16, lanes=2, tallies=6, reports=True)
SPIKES = np.random.default_rng(5).random((3, 25, 8)) < 0.3
RECORD = {"counts": True, "v": [1, 3, 4, 17], "i": [0, 17]}


def network() -> ncx.Network:
    net = ncx.Network(inputs=8, neurons=20)
    net.connect(net.inputs, net.neurons, np.random.default_rng(2).integers(-20, 50, (8, 20)).astype(float))
    net.connect(net.neurons, net.neurons, np.random.default_rng(3).integers(-9, 9, (20, 20)).astype(float))
    net.neurons.set(threshold=60.0, decay=0.1, decay_syn=0.3, refractory_ms=2.0, reset=-5)
    return net


def test_simulated_chip_reports_what_the_host_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "ENTRIES", 1)
    with ncx.open("emulator", config=PLAIN) as device:
        device.load(network())
        every = device.run(spikes=SPIKES, record=RECORD)
        device.load(network())
        alone = device.run(spikes=SPIKES[0], record=RECORD)
    with ncx.open("rtl", config=REPORTS) as device:
        device.load(network())
        kept = device.run(spikes=SPIKES, record=RECORD, every=4)
        whole = device.run(spikes=SPIKES, record=RECORD)
        device.load(network())
        drawn = device.run(spikes=(SPIKES[0][start : start + 6] for start in range(0, 25, 6)), record=RECORD, every=4)
    assert np.array_equal(kept.v, every.v[:, ::4])
    assert np.array_equal(kept.i, every.i[:, ::4])
    assert np.array_equal(kept.counts, every.counts)
    assert np.array_equal(whole.v, every.v)
    assert np.array_equal(whole.i, every.i)
    assert np.array_equal(drawn.v, alone.v[::4])
    assert np.array_equal(drawn.i, alone.i[::4])
    assert 2 * kept.link.bytes_from_chip < whole.link.bytes_from_chip
    assert every.v.any()
    assert every.i.any()
