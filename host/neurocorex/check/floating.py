"""A network as it would run without rounding: docs/model.md in floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..network.network import Network
from ..quantiser.durations import Durations

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Floating:
    """What a network of floats does.

    Attributes
    ----------
    spikes : bool array [samples, steps, N]
        Which neurons fired.
    v : float64 array [samples, steps, N]
        Membranes at the end of each step, in the units of the network.
    """

    spikes: Bools
    v: Floats


def simulate(net: Network, spikes: Bools, inject: Floats) -> Floating:
    """Run a network in floats, every sample from rest.

    The order of a step is that of the chip, and times are whole steps; nothing is rounded and nothing saturates.
    Weights stay as they are, whether there is a rule or not.

    Parameters
    ----------
    net : Network
        What runs.
    spikes : bool array [samples, steps, M]
        Input spikes.
    inject : float64 array [samples, steps, N]
        Injected currents, in the units of the network.
    """
    durations, values = Durations.of(net), net.parameters
    samples, steps, _ = spikes.shape
    weights = net.weights.astype(np.float64)
    source = np.concatenate([np.arange(net.neuron_count), np.array(net.extra_source, np.int64)])
    delay = np.concatenate([durations.delays, durations.extra_delays])
    silent = delay == 0
    period = durations.refractory
    v, i, h = (np.zeros((samples, net.neuron_count)) for _ in range(3))
    left = np.zeros((samples, net.neuron_count), np.int64)
    fired = np.zeros((samples, steps, net.neuron_count), np.bool_)
    membranes = np.zeros(fired.shape)
    for step in range(steps):
        past = np.maximum(step - delay, 0)
        arrived = fired[:, past, source] & (step >= delay) & ~silent
        g = np.concatenate([spikes[:, step], arrived], axis=1) @ weights + inject[:, step]
        i = i * (1 - values["decay_syn"]) + g
        v = v * (1 - values["decay"])
        v = np.sign(v) * np.maximum(np.abs(v) - values["leak"], 0) + i + values["bias"]
        h = h * (1 - net.adaptation_decay)
        fires = (left == 0) & (v > values["threshold"] + h)
        v = np.where((left > 0) & values["hold"], values["reset"], v)
        left = np.maximum(left - 1, 0)
        v = np.where(fires, np.where(values["subtract"], v - values["threshold"], values["reset"]), v)
        left = np.where(fires, period, left)
        h = h + fires * net.adaptation_step
        fired[:, step], membranes[:, step] = fires, v
    return Floating(fired, membranes)
