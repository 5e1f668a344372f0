"""SuperNeuroMAT's model in whole numbers, written anew from its description: fast enough for long runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class WholeModel:
    """Neurons with a leak towards the reset state, synapses with a delay of 1 tick, and STDP.

    Parameters
    ----------
    thresholds, leaks : sequence of int
        Of the neurons; a leak of None takes everything.
    weights : int array [N, N]
        Row is the source.
    plastic : bool array [N, N]
        Synapses that learn; others with a weight of 0 do not exist.
    gains, losses : sequence of int
        Changes by lag.
    clip : callable, optional
        Applied to all weights once a tick, after they have changed.
    resets : sequence of int, optional
        Reset states, in which the neurons begin; 0 by default.
    """

    thresholds: Sequence[int]
    leaks: Sequence[int | None]
    weights: np.ndarray
    plastic: np.ndarray
    gains: Sequence[int]
    losses: Sequence[int]
    clip: Callable[[np.ndarray], np.ndarray] | None = None
    resets: Sequence[int] = ()
    states: np.ndarray = field(init=False)
    train: list[np.ndarray] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.weights = self.weights.astype(np.int64)
        self._resets = np.array(self.resets or [0] * len(self.thresholds), np.int64)
        self.states = self._resets.copy()
        self._limits = np.array(self.thresholds, np.int64)
        self._steps = np.array([1 << 40 if leak is None else leak for leak in self.leaks], np.int64)
        self._learns = self.plastic.astype(np.int64)

    def tick(self, inputs: np.ndarray) -> np.ndarray:
        """Go on by one tick with what is added to each state; return who fired."""
        distance = self.states - self._resets
        left = np.maximum(np.abs(distance) - self._steps, 0)
        self.states = self._resets + np.sign(distance) * left + inputs
        if self.train:
            self.states = self.states + self.weights[self.train[-1]].sum(axis=0)
        fired = self.states > self._limits
        self.states[fired] = self._resets[fired]
        self._learn(fired)
        self.train = [*self.train[-len(self.gains) :], fired]
        return fired

    def _learn(self, fired: np.ndarray) -> None:
        for lag, (gain, loss) in enumerate(zip(self.gains, self.losses, strict=True), 1):
            if lag > len(self.train):
                break
            met = self.train[-lag][:, None] & fired[None, :]
            self.weights += np.where(met, gain, loss) * self._learns
        if self.clip is not None:
            self.weights = self.clip(self.weights)

    def fill(self, model: Any) -> Any:
        """Make the same neurons, synapses and rule in an empty model of SuperNeuroMAT."""
        for threshold, leak in zip(self.thresholds, self.leaks, strict=True):
            model.create_neuron(threshold=threshold, leak=np.inf if leak is None else leak)
        for pre, post in np.argwhere((self.weights != 0) | self.plastic).tolist():
            learns = bool(self.plastic[pre, post])
            model.create_synapse(pre, post, weight=int(self.weights[pre, post]), stdp_enabled=learns)
        model.stdp_setup(Apos=list(self.gains), Aneg=list(self.losses), positive_update=True, negative_update=True)
        return model
