"""Demo of the live scope: a ring of neurons whose bump of activity follows the inputs, with synapses that learn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..learning import stdp
from ..network.network import Network

#: Inputs and neurons of the ring, and the rate and the pattern that it begins with.
INPUTS, NEURONS, RATE_HZ, PATTERN = 64, 256, 120.0, "moving bump"
#: Widths of excitation, from inputs and between neurons, as parts of the ring.
INPUT_WIDTH, RING_WIDTH = 0.04, 0.03


def ring_network(seed: int = 1) -> Network:
    """Return a network of 64 inputs and 256 neurons on a ring.

    Neurons excite their neighbours and inhibit those far away, so activity gathers in a bump. Inputs reach the neurons
    at their place by plastic synapses, which begin at random and are shaped by STDP.

    Parameters
    ----------
    seed : int
        Of the first weights.
    """
    random = np.random.default_rng(seed)
    net = Network(INPUTS, NEURONS)
    place, source = np.arange(NEURONS) / NEURONS, np.arange(INPUTS) / INPUTS
    near = np.exp(-0.5 * (_distance(source[:, None], place) / INPUT_WIDTH) ** 2)
    pairs = np.argwhere(near > 0.02)
    first = zip(*pairs.T.tolist(), random.uniform(0.0, 0.6, len(pairs)).tolist(), strict=True)
    net.connect(net.inputs, net.neurons, list(first), plastic=True)
    net.learn(stdp(20.0, 20.0, 0.01, -0.0105, bounds=(0.0, 0.6), accumulate=8, stochastic=True, seed=seed))
    ring = 0.07 * np.exp(-0.5 * (_distance(place[:, None], place) / RING_WIDTH) ** 2) - 0.03
    np.fill_diagonal(ring, 0.0)
    net.connect(net.neurons, net.neurons, ring)
    net.neurons.set(threshold=1.0, tau_ms=15.0, refractory_ms=3.0)
    return net


def _distance(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Distance on a ring of length 1."""
    return np.asarray(np.abs((one - other + 0.5) % 1.0 - 0.5))
