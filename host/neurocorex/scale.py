"""The choice of a scale: how many units of the chip's state make one unit of a network.

The scale is the largest one at which

- a membrane at threshold has room for the bias and for all axons firing in the same step,
- thresholds, reset values, leaks and the adaptation step fit into the state,
- the largest weight fits with the largest gain, so that nothing is clipped,

among those that put the largest input weight, the largest recurrent weight, or a power of two exactly onto the chip.
Of these three kinds, the one with the smallest rounding error of the weights is taken.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import Network
from .spec import CoreConfig
from .spec.fixed import GAIN_BITS

GAIN_MAX = (1 << GAIN_BITS) - 1
#: Parameters of a network that are multiplied by the scale, beside the weights and the adaptation step.
SCALED = ("threshold", "reset", "bias", "leak")
#: About how many weights of each kind are looked at to compare scales.
SAMPLE = 1 << 15


def integers_fit(net: Network, config: CoreConfig) -> bool:
    """Whether a network of integers fits a chip at scale 1, with any gain."""
    low, high = config.state_range
    states = [*(net.parameters[name] for name in SCALED), np.array(net.adaptation_step)]
    fits = all(values.min() >= low and values.max() <= high for values in states)
    return fits and weight_unit(net.weights, config) <= 1 << GAIN_MAX


def choose_scale(net: Network, config: CoreConfig) -> float:
    """Scale by the rules of this module; 1 for a network of nothing but zeros."""
    total, size = net.weights.sum(axis=0), np.abs(net.weights).sum(axis=0)
    incoming = (np.abs(total) + size) / 2  # the larger one of excitation and inhibition
    bound = {name: np.abs(net.parameters[name]) for name in SCALED}
    level = np.maximum(bound["threshold"], bound["reset"]) + bound["bias"] + incoming
    largest = max(float(level.max()), float(bound["leak"].max()), float(net.adaptation_step))
    if not largest:
        return 1.0
    parts = [part for part in (net.input_weights, net.recurrent_weights) if part.any()]
    units = [weight_unit(part, config) for part in parts]
    # A little less than the range, so that no sum of rounded values goes beyond it.
    limit = min(0.999 * config.state_range[1] / largest, *((1 << GAIN_MAX) / unit for unit in units), math.inf)
    scales = {_largest_multiple(limit, 1 / unit) for unit in (*units, 1.0)}
    samples = [(part, nonzero[:: max(1, len(nonzero) // SAMPLE)]) for part in parts if len(nonzero := part[part != 0])]

    def cost(scale: float) -> tuple[float, float]:
        errors = (_rounding(sample, (1 << gain_for(part, scale, config)) / scale) for part, sample in samples)
        return round(sum(errors), 12), -scale

    return min(scales, key=cost)


def weight_unit(weights: NDArray[Any], config: CoreConfig) -> float:
    """Size of one unit of the chip, gain 1, if the largest of the weights is the largest that the chip holds."""
    low, high = config.weight_range
    return max(float(weights.max()) / high, float(weights.min()) / low)


def gain_for(weights: NDArray[Any], scale: float, config: CoreConfig) -> int:
    """Smallest gain (a left shift) at which no weight is clipped; the largest there is if none is enough."""
    low, high = config.weight_range
    extremes = np.array([weights.min(), weights.max()]) * scale
    for gain in range(GAIN_MAX):
        lowest, highest = np.rint(extremes / (1 << gain))
        if low <= lowest and highest <= high:
            return gain
    return GAIN_MAX


def _rounding(weights: NDArray[Any], step: float) -> float:
    """Part of the energy of some weights that is lost where they are rounded to multiples of `step`."""
    error = np.rint(weights / step) * step - weights
    return float(np.vdot(error, error) / np.vdot(weights, weights))


def _largest_multiple(limit: float, unit: float) -> float:
    """Largest ``unit * 2**k`` that is not above `limit`, but for a last bit."""
    return math.ldexp(unit, math.floor(math.log2(limit / unit) + 1e-9))
