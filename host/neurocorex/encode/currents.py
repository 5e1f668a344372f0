"""Encoders of currents: what many random sources inject into a neuron."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .checks import Floats, array_of, count_of, generator_of, per_step, values_of

#: Largest number of spikes per step.
MOST = 1e6


def poisson_currents(
    rates: ArrayLike,
    weight: ArrayLike,
    steps: int,
    seed: int | np.random.Generator = 0,
    *,
    dt_ms: float | None = None,
) -> Floats:
    """Draw the current that Poisson sources inject into each neuron: their spikes in a step, times a weight.

    It acts as the spikes of so many input axons with that weight would, with no axon taken and no limit of one spike
    per step. Neurons draw independently.

    Parameters
    ----------
    rates : array [neurons] or [samples, neurons]
        Spikes of all sources of a neuron together, per step; or, with `dt_ms`, per second.
    weight : float, or array [neurons]
        What one spike adds, in the units of the network's weights.
    steps : int
        Length in steps.
    seed : int or numpy Generator
        Source of randomness. A generator goes on where it was: pieces that are drawn and run one after the other are
        the same as the whole, and need the memory of a piece only.
    dt_ms : float, optional
        Length of a step in milliseconds.

    Returns
    -------
    float64 array [steps, neurons] or [samples, steps, neurons]
        In the units of the network, for ``Device.run(inject=...)``; 8 bytes for each step and neuron.

    Raises
    ------
    InputError
        For a rate below 0 or above a million spikes per step, a weight that is not finite, or a wrong shape.

    Examples
    --------
    >>> poisson_currents([8000.0] * 4, 0.1, steps=100, seed=1, dt_ms=0.1).mean().round(2)
    np.float64(0.08)
    """
    expected, length = values_of("rates", per_step(rates, dt_ms), MOST), count_of("steps", steps)
    each: Floats = array_of("weight", weight, np.float64)
    if each.shape not in ((), expected.shape[-1:]) or not np.isfinite(each).all():
        raise InputError(
            f"weight must be a finite number, or one for each of {expected.shape[-1]} neurons, got {weight!r}"
        )
    shape = (*expected.shape[:-1], length, expected.shape[-1])
    return generator_of(seed).poisson(expected[..., np.newaxis, :], shape) * each
