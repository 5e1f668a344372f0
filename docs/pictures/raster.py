"""Raster of the README: a bump of activity that follows its input around a ring of neurons, run on the emulator."""

from __future__ import annotations

import neurocorex as ncx
import numpy as np
from matplotlib.figure import Figure
from neurocorex import plot

EXCITATORY, INHIBITORY, STEPS = 24, 8, 240


def rates() -> np.ndarray:
    """Rate of each input in each step, [steps, inputs]: background everywhere, and a bump that moves round the ring."""
    centre = np.arange(STEPS)[:, np.newaxis] * EXCITATORY / STEPS
    distance = np.abs((np.arange(EXCITATORY) - centre + EXCITATORY / 2) % EXCITATORY - EXCITATORY / 2)
    return 0.05 + 0.6 * np.exp(-((distance / 2.0) ** 2))


def network() -> ncx.Network:
    """Excitatory neurons excite their neighbours on the ring; inhibitory neurons hear all of them and inhibit all."""
    net = ncx.Network(inputs=EXCITATORY, neurons=EXCITATORY + INHIBITORY)
    excitatory, inhibitory = net.neurons[:EXCITATORY], net.neurons[EXCITATORY:]
    ring = np.eye(EXCITATORY)
    net.connect(net.inputs, excitatory, 0.6 * ring)
    net.connect(excitatory, excitatory, 0.25 * (np.roll(ring, 1, axis=1) + np.roll(ring, -1, axis=1)))
    net.connect(excitatory, inhibitory, np.random.default_rng(5).uniform(0.1, 0.3, (EXCITATORY, INHIBITORY)))
    net.connect(inhibitory, excitatory, -0.12)
    net.neurons.set(threshold=1.0, tau_ms=12.0, refractory_ms=2.0)
    return net


def draw() -> Figure:
    """Run the network and draw its spikes."""
    spikes = np.random.default_rng(2).random((STEPS, EXCITATORY)) < rates()
    with ncx.open("emulator") as device:
        device.load(network())
        result = device.run(spikes=spikes)
    groups = {"excitatory": slice(EXCITATORY), "inhibitory": slice(EXCITATORY, None)}
    return plot.raster(result, groups=groups)
