"""Published experiments in floats: loops over steps in NumPy that share nothing with the library.

In each step of 1 dt: inputs arrive and depress, the membrane decays and adds them up, neurons fire, traces move on, and
spikes potentiate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Competition:
    """Inputs that compete for neurons by STDP, in the manner of Song, Miller and Abbott (2000), driven by currents.

    Weights are parts of `largest`, which is a part of the threshold. One pair of spikes changes them by `rate`, and
    depression is stronger by `ratio`.
    """

    rate: float
    ratio: float = 1.05
    largest: float
    tau_ms: float = 20.0
    tau_membrane_ms: float = 20.0
    reset: float = 0.0

    def run(self, spikes: Bools, currents: Floats, weights: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """Return the weights in the end, [inputs, neurons], and how often each neuron fired."""
        w, fade, leak = weights.copy(), np.exp(-1 / self.tau_ms), np.exp(-1 / self.tau_membrane_ms)
        x, y, v = np.zeros(w.shape[0]), np.zeros(w.shape[1]), np.zeros(w.shape[1])
        counts = np.zeros(w.shape[1], np.int64)
        for arrived, current in zip(map(np.flatnonzero, spikes), currents, strict=True):
            drive = current
            if arrived.size:
                drive = current + w[arrived].sum(axis=0) * self.largest
                w[arrived] = np.maximum(w[arrived] - self.rate * self.ratio * y, 0)
            v = v * leak + drive
            fired = np.flatnonzero(v > 1)
            x *= fade
            y *= fade
            x[arrived] += 1
            if fired.size:
                v[fired] = self.reset
                y[fired] += 1
                counts[fired] += 1
                w[:, fired] = np.minimum(w[:, fired] + self.rate * x[:, None], 1)
        return w, counts


@dataclass(frozen=True, kw_only=True)
class Balanced:
    """Sparse random network of excitatory and inhibitory neurons of Brunel (2000), in millivolts and milliseconds."""

    strength: float = 0.2
    inhibition: float
    """Weight of inhibition, in units of that of excitation."""
    drive: float
    """External rate, in units of the one that would just make a neuron fire."""
    neurons: int = 1000
    excitatory: int = 800
    dt: float = 0.1
    threshold: float = 20.0
    reset: float = 10.0
    tau: float = 20.0
    refractory: float = 2.0
    delay: float = 1.5

    def weights(self, rng: np.random.Generator) -> Floats:
        """Return weights by source and target; each neuron gets a tenth of all others of either kind."""
        table = np.zeros((self.neurons, self.neurons))
        kinds = (
            (0, self.excitatory, self.strength),
            (self.excitatory, self.neurons, -self.inhibition * self.strength),
        )
        for target in range(self.neurons):
            for first, end, weight in kinds:
                table[first + rng.choice(end - first, (end - first) // 10, replace=False), target] = weight
        return table

    def noise(self, rng: np.random.Generator, steps: int) -> Floats:
        """Return what external spikes add to each neuron in each step."""
        mean = self.drive * self.threshold / (self.strength * self.tau) * self.dt
        return self.strength * rng.poisson(mean, (steps, self.neurons))

    def run(self, weights: Floats, noise: Floats) -> Bools:
        """Return the spikes, [steps, neurons]."""
        delay, period = round(self.delay / self.dt), round(self.refractory / self.dt)
        leak = np.exp(-self.dt / self.tau)
        v, left = np.zeros(self.neurons), np.zeros(self.neurons, np.int64)
        arriving = np.zeros((delay, self.neurons))
        spikes = np.zeros(noise.shape, np.bool_)
        for step, external in enumerate(noise):
            v = v * leak + arriving[step % delay] + external
            fired = (left == 0) & (v > self.threshold)
            v[(left > 0) | fired] = self.reset
            left = np.where(fired, period, np.maximum(left - 1, 0))
            arriving[step % delay] = weights[fired].sum(axis=0)
            spikes[step] = fired
        return spikes

    def rate_and_irregularity(self, spikes: Bools) -> tuple[float, float]:
        """Return the mean rate in Hz, and the mean coefficient of variation of the intervals, after 100 ms."""
        steady = spikes[round(100 / self.dt) :]
        rate = steady.mean() / self.dt * 1000
        intervals = [np.diff(np.flatnonzero(train)) for train in steady.T]
        return float(rate), float(np.mean([each.std() / each.mean() for each in intervals if len(each) > 4]))
