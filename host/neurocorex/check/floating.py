"""Simulation of a network in floats: the equations of docs/model.md without rounding and saturation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..events.generator import noise
from ..network.network import Network
from ..quantiser.demand import Durations
from ..quantiser.room import arrivals
from ..spec.fixed import RANDOM_START

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Floating:
    """Spikes and membranes of a network in floats.

    Attributes
    ----------
    spikes : bool array [samples, steps, N]
        True where a neuron fired.
    v : float64 array [samples, steps, N]
        Membranes at the end of each step, in the units of the network.
    """

    spikes: Bools
    v: Floats


def simulate_floats(net: Network, spikes: ArrayLike | None = None, inject: ArrayLike | None = None) -> Floating:
    """Run a network in floats, every sample from rest.

    A step does what a step of the chip does, in the same order, and times are whole steps. Weights stay as they are,
    with or without a learning rule, so errors that feedback axons bring make no difference. Of several contexts the
    first is in force. Noise is drawn as on a chip that was loaded before the run.

    Parameters
    ----------
    net : Network
        The network, which is not changed.
    spikes : bool array [steps, M] or [samples, steps, M], optional
        Input spikes.
    inject : float array [steps, N] or [samples, steps, N], optional
        Injected currents, in the units of the network.

    Raises
    ------
    InputError
        For a stimulus of a wrong shape, or none.
    """
    sent, currents = stimulus_of(net, spikes, inject)
    axons = arrivals(net, sent)
    durations, values = Durations.of(net), net.parameters
    samples, steps, _ = axons.shape
    weights = net.current_weights.astype(np.float64)
    bias = values["bias"]
    if net.contexts:  # the one that a run begins with
        weights[net.input_count :] *= net.context_gain[0]
        bias = bias + net.context_bias[0]
    source = np.concatenate([np.arange(net.neuron_count), np.array(net.extra_source, np.int64)])
    delay = np.concatenate([durations.delays, durations.extra_delays])
    silent = delay == 0
    period = durations.refractory
    if values["noise"].any():
        drawn = noise(RANDOM_START, samples * steps, net.neuron_count).reshape(currents.shape)
        currents = currents + 3**0.5 * values["noise"] * drawn
    v, i, h = (np.zeros((samples, net.neuron_count)) for _ in range(3))
    left = np.zeros((samples, net.neuron_count), np.int64)
    fired = np.zeros((samples, steps, net.neuron_count), np.bool_)
    membranes = np.zeros(fired.shape)
    for step in range(steps):
        past = np.maximum(step - delay, 0)
        arrived = fired[:, past, source] & (step >= delay) & ~silent
        g = np.concatenate([axons[:, step], arrived], axis=1) @ weights + currents[:, step]
        i = i * (1 - values["decay_syn"]) + g
        v = v * (1 - values["decay"])
        v = np.sign(v) * np.maximum(np.abs(v) - values["leak"], 0) + i + bias
        h = h * (1 - net.adaptation_decay)
        level = values["threshold"] + h
        fires = (left == 0) & ((v > level) | (values["inclusive"] & (v == level)))
        for group in net.exclusive:
            fires &= _best(np.where(fires & (values["group"] == group), v - level, -np.inf)) | (
                values["group"] != group
            )
        v = np.where((left > 0) & values["hold"], values["reset"], v)
        left = np.maximum(left - 1, 0)
        v = np.where(fires, np.where(values["subtract"], v - values["threshold"], values["reset"]), v)
        left = np.where(fires, period, left)
        h = h + fires * net.adaptation_step
        fired[:, step], membranes[:, step] = fires, v
    return Floating(fired, membranes)


def _best(excess: Floats) -> Bools:
    """Where each sample has its largest value, the first of several."""
    best: Bools = np.arange(excess.shape[1]) == excess.argmax(axis=1)[:, None]
    return best


def stimulus_of(net: Network, spikes: ArrayLike | None, inject: ArrayLike | None) -> tuple[Bools, Floats]:
    """Check a stimulus; return input spikes [samples, steps, M] and injected currents [samples, steps, N]."""
    if spikes is None and inject is None:
        raise InputError("nothing to run; give spikes as a bool array [steps, inputs], or inject")
    tables = []
    for name, given, width in (("spikes", spikes, len(net.inputs)), ("inject", inject, net.neuron_count)):
        table = None if given is None else np.asarray(given, np.float64)
        if table is not None and (table.ndim not in (2, 3) or table.shape[-1] != width or not np.isfinite(table).all()):
            raise InputError(f"{name} must be finite, [steps, {width}] or [samples, steps, {width}]; got {table.shape}")
        tables.append(table)
    shapes = {table.shape[:-1] for table in tables if table is not None}
    if len(shapes) > 1:
        raise InputError(f"spikes and inject must agree in samples and steps, got {' and '.join(map(str, shapes))}")
    leading = (1, *shapes.pop())[-2:]
    widths = (len(net.inputs), net.neuron_count)
    axons, currents = (
        np.zeros((*leading, width)) if table is None else table.reshape(*leading, width)
        for table, width in zip(tables, widths, strict=True)
    )
    return axons != 0, currents
