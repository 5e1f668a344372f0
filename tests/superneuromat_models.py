"""SuperNeuroMAT models of integers: random ones, and the same as networks for a chip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import superneuromat
from neurocorex.learning import superneuromat as superneuromat_rule
from neurocorex.network.network import Network
from neurocorex.spec import CoreConfig, Learning

TICKS = 25


def random_model(seed: int) -> Any:
    """Return a model whose every number is whole, small enough that nothing saturates in `TICKS` ticks."""
    rng = np.random.default_rng([seed, 35])
    model = superneuromat.SNN()
    model.backend = "cpu"
    neurons = int(rng.integers(2, 12))
    for _ in range(neurons):
        reset = int(rng.integers(-5, 6))
        model.create_neuron(
            threshold=reset + int(rng.integers(-1, 12)),
            leak=[0, 1, 3, math.inf][rng.integers(4)],
            reset_state=reset,
            refractory_period=int(rng.choice([0, 0, 1, 3])),
            refractory_state=int(rng.choice([0, 0, 2])),
            initial_state=int(rng.integers(-10, 10)),
        )
    pairs = [(pre, post) for pre in range(neurons) for post in range(neurons) if rng.random() < 0.6]
    for pre, post in pairs or [(0, 1)]:
        weight = int(rng.integers(-8, 20)) if rng.random() < 0.9 else 0
        model.create_synapse(pre, post, weight=weight, stdp_enabled=bool(rng.random() < 0.6))
    for tick in range(TICKS):
        for neuron in np.flatnonzero(rng.random(neurons) < 0.2).tolist():
            model.add_spike(tick, neuron, int(rng.integers(-10, 40)))
    lags = int(rng.integers(1, 7))
    if any(model.enable_stdp):
        gains, losses = rng.integers(0, 6, lags), -rng.integers(0, 3, lags)
        kind = rng.integers(4)
        model.stdp_setup(
            Apos=gains.tolist(), Aneg=losses.tolist(), positive_update=bool(kind != 1), negative_update=bool(kind != 2)
        )
    return model


@dataclass(frozen=True)
class Translation:
    """What a chip needs to do the same.

    Attributes
    ----------
    network : Network
        States count from the reset state, which each neuron has its own of.
    config : CoreConfig
        A chip on which nothing is rounded.
    membranes, refractory : int64 arrays [N]
        State to begin with.
    inject : int64 array [ticks, N]
        Input values.
    """

    network: Network
    config: CoreConfig
    membranes: np.ndarray
    refractory: np.ndarray
    inject: np.ndarray


def translated(model: Any, ticks: int) -> Translation:
    """Turn a model into a network: a tick is a step, every synapse has a delay of one."""
    neurons = model.num_neurons
    leak, reset = np.array(model.neuron_leaks), np.array(model.neuron_reset_states, np.int64)
    forgets = np.isinf(leak)
    net = Network(inputs=1, neurons=neurons)
    net.neurons.set(
        threshold=np.array(model.neuron_thresholds, np.int64) - reset,
        leak=np.where(forgets, 0, leak).astype(np.int64),
        decay=forgets.astype(float),
        refractory_ms=np.array(model.neuron_refractory_periods),
        delay_ms=1.0,
    )
    synapses = list(
        zip(
            model.pre_synaptic_neuron_ids, model.post_synaptic_neuron_ids,
            map(int, model.synaptic_weights), model.enable_stdp, strict=True,
        )
    )  # fmt: skip
    for plastic in (False, True):
        chosen = [(pre, post, weight) for pre, post, weight, enabled in synapses if bool(enabled) is plastic]
        net.connect(net.neurons, net.neurons, chosen, plastic=plastic)
    lags = len(model.apos)
    if lags:
        gains = model.apos if model.stdp_positive_update else [0] * lags
        losses = model.aneg if model.stdp_negative_update else [0] * lags
        net.learn(superneuromat_rule(gains, losses))
    inject = np.zeros((ticks, neurons), np.int64)
    for tick, spikes in model.input_spikes.items():
        inject[tick, spikes["nids"]] = spikes["values"]
    return Translation(
        network=net,
        config=CoreConfig(
            neurons=neurons, inputs=1, lanes=4, weight_bits=16, state_bits=24, max_delay=1,
            learning=Learning.WINDOW, window_steps=max(lags, 1),
        ),
        membranes=np.array(model.neuron_states, np.int64) - reset,
        refractory=np.array(model.neuron_refractory_periods_state, np.int64),
        inject=inject,
    )  # fmt: skip
