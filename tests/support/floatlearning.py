"""Network with a windowed learning rule in floats, one step after the other: simple, slow, and shares nothing."""

from __future__ import annotations

import numpy as np


def simulate_learning(net, spikes):
    """Run neurons with a threshold only, delays of one step, and bounds as the rule has them.

    Returns
    -------
    spikes : bool array [steps, N]
    weights : float64 array [axons, N]
        At the end.
    """
    rule, steps = net.rule, len(spikes)
    length = rule.steps(net.dt_ms)
    up, down = rule.kernels(net.dt_ms, length)
    drift = rule.drift or (0.0,)
    weights, plastic = net.weights.astype(float), net.plastic
    low, high = rule.bounds or (-np.inf, np.inf)
    v, fired = np.zeros(net.neuron_count), np.zeros((steps, net.neuron_count), bool)
    arrived = np.zeros((steps, len(weights)), bool)
    for step in range(steps):
        arrived[step] = np.concatenate([spikes[step], fired[step - 1] if step else fired[0] & False])
        v = v + arrived[step] @ weights
        fired[step] = v > net.parameters["threshold"]
        v = np.where(fired[step], 0.0, v)
        before = range(min(step, length))
        loss = sum((down[lag] * fired[step - 1 - lag] for lag in before), np.zeros(net.neuron_count))
        weights = np.where(
            arrived[step][:, None] & plastic & (loss != 0), np.clip(weights + loss[None, :], low, high), weights
        )
        within = range(min(step + 1, length))
        gain = sum((up[lag] * arrived[step - lag] for lag in within), np.zeros(len(weights)))
        weights = np.where(
            fired[step][None, :] & plastic & (gain[:, None] != 0), np.clip(weights + gain[:, None], low, high), weights
        )
        weights = weights + plastic * drift[min(step, len(drift) - 1)]
    return fired, weights
