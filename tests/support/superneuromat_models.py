"""SuperNeuroMAT models of integers, and how a device departs from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import superneuromat
from neurocorex.importers.superneuromat import from_superneuromat
from neurocorex.spec import CoreConfig, Learning

#: Room for each of the first 20 models, so that one simulated chip serves all.
CHIP = CoreConfig(
    neurons=12, inputs=1, lanes=4, weight_bits=16, state_bits=24, adaptation=False, max_delay=8, extra_axons=24,
    learning=Learning.WINDOW, window_steps=6, refractory_bits=4,
)  # fmt: skip

TICKS = 25


def random_model(seed: int, *, learns: bool | None = None) -> Any:
    """Return a model whose every number is whole, small enough that nothing saturates in `TICKS` ticks.

    Those of odd seeds learn, or those that are told to.
    """
    rng = np.random.default_rng([seed, 35])
    learns = bool(seed % 2) if learns is None else learns
    model = superneuromat.SNN()
    model.backend = "cpu"
    neurons = int(rng.integers(2, 10))
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
        delay = int(rng.choice([1, 1, 1, 2, 3, 6]))
        model.create_synapse(pre, post, weight=weight, delay=delay, stdp_enabled=learns and bool(rng.random() < 0.8))
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


#: Room for each of the first 8 strong models, so that one simulated chip serves all.
STRONG_CHIP = CoreConfig(
    neurons=12, inputs=1, lanes=4, weight_bits=16, state_bits=24, adaptation=False, max_delay=8, extra_axons=24,
    learning=Learning.WINDOW, window_steps=20, refractory_bits=3,
)  # fmt: skip


def strong_model(seed: int, ticks: int) -> Any:
    """Return a model of integers with weights of any size of 16 bits, and taps that need room, up to 20 lags.

    Weights may leave the range within these ticks, by coincidences or without them, and may come back.
    """
    rng = np.random.default_rng([seed, 12])
    model = superneuromat.SNN()
    model.backend = "cpu"
    neurons, top = int(rng.integers(2, 7)), int(rng.choice([30, 300, 20_000, 32_767]))
    for _ in range(neurons):
        model.create_neuron(
            threshold=int(rng.integers(0, top)), leak=[0, top // 9, math.inf][rng.integers(3)],
            refractory_period=int(rng.choice([0, 0, 2, 30, 10**6])), initial_state=int(rng.integers(-top, top)),
        )  # fmt: skip
    for pre in range(neurons):
        for post in range(neurons):
            if rng.random() < 0.6 or (pre, post) == (0, 1):
                model.create_synapse(
                    pre, post, weight=int(rng.integers(-top, top + 1)), delay=int(rng.choice([1, 1, 1, 2, 6])),
                    stdp_enabled=(pre, post) == (0, 1) or rng.random() < 0.8,
                )  # fmt: skip
    lags, strength = int(rng.choice([1, 2, 3, 5, 12, 20])), int(rng.choice([1, 50, 400, 2801]))
    kind = rng.integers(5)
    model.stdp_setup(
        Apos=rng.integers(0, strength + 1, lags).tolist(), Aneg=(-rng.integers(0, strength + 1, lags) // 3).tolist(),
        positive_update=bool(kind != 1), negative_update=bool(kind != 2),
    )  # fmt: skip
    for tick in range(ticks):
        for neuron in np.flatnonzero(rng.random(neurons) < 0.3).tolist():
            model.add_spike(tick, neuron, int(rng.integers(0, 2 * top)))
    return model


def run_by_tick(model: Any, ticks: int = TICKS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let SuperNeuroMAT simulate: spikes and states after every tick, weights before the first and after every one."""
    states, weights = [], [list(model.synaptic_weights)]
    for _ in range(ticks):
        model.simulate(1)
        states.append(list(model.neuron_states))
        weights.append(list(model.synaptic_weights))
    return model.ispikes[-ticks:], np.array(states), np.array(weights)


def departures(model: Any, device: Any, ticks: int = TICKS, **options: Any) -> list[str]:
    """Where a device departs from a model in its next ticks; the model is simulated on the way."""
    imported = from_superneuromat(model, **options)
    found = [] if imported.report.exact else [str(imported.report)]
    device.load(imported.image)
    result = device.run(ticks, spikes=imported.stimulus.cut(0, ticks), record=["spikes", "v"], snapshot_every=1)
    spikes, states, weights = run_by_tick(model, ticks)
    for name, mine, theirs in (
        ("spikes", imported.spikes(result), spikes), ("states", imported.states(result.v), states),
        ("weights", imported.weights(result.weights_over_time), weights),
    ):  # fmt: skip
        if not np.array_equal(mine, theirs):
            found.append(f"{name} differ first at {np.argwhere(mine != theirs)[0].tolist()}")
    return found


def model_of(*neurons, synapses=(), spikes=()):
    """Model of neurons {name: value}, synapses (pre, post, {name: value}), input spikes (tick, neuron, value)."""
    model = superneuromat.SNN()
    model.backend = "cpu"
    for neuron in neurons:
        model.create_neuron(**neuron)
    for pre, post, options in synapses:
        model.create_synapse(pre, post, **options)
    for spike in spikes:
        model.add_spike(*spike)
    return model


def item(imported, name):
    return next(each for each in imported.report.items if each.name == name)
