"""The choice of a scale: how many units of the chip's state make one unit of a network.

The scale is the largest one at which

- a membrane at threshold has room for the bias and for all axons firing in the same step,
- thresholds, reset values, leaks and the adaptation step fit into the state,
- the largest weight fits with the largest gain, so that nothing is clipped,

where a weight that learns counts as its bounds, among those that put the largest input weight, the largest recurrent
weight, a power of two, or the smallest step of a drift exactly onto the chip. Of these kinds, the one with the smallest
rounding error is taken: of weights and drift, and of all that a weight between bounds may learn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..learning import WindowRule
from ..network.network import Network
from ..spec import CoreConfig
from ..spec.fixed import GAIN_BITS

GAIN_MAX = (1 << GAIN_BITS) - 1
#: Parameters of a network that are multiplied by the scale, beside the weights and the adaptation step.
SCALED = ("threshold", "reset", "bias", "leak")
#: About how many weights of each kind are looked at to compare scales.
SAMPLE = 1 << 15


class Kinds:
    """The two kinds of weights of a network, each with a gain of its own.

    Where both kinds learn they share one gain, because the rates and bounds of the rule are shared.

    Parameters
    ----------
    net : Network
        Which network.
    relative : float64 array [N], optional
        Scale of each neuron as a part of the scale that `gains` is asked for; by default 1.

    Attributes
    ----------
    parts : list of array
        Weights of the inputs, and of the neurons.
    fixed : list of array
        Those of them whose present value matters: all but weights that learn between bounds.
    extremes : list of float64 array [2]
        Lowest and highest that the weights of each can get, 0 included.
    span : float
        Distance of the bounds; 0 if there are none.
    plastic_kind : int
        Which of them learns, or one of both.
    """

    def __init__(self, net: Network, relative: NDArray[np.float64] | None = None) -> None:
        lowest, highest = net.reach()
        if relative is not None:
            lowest, highest = lowest * relative, highest * relative
        first = net.input_count
        self.parts = [net.input_weights, net.recurrent_weights]
        self.extremes = [
            np.array([low.min(initial=0), high.max(initial=0)], np.float64)
            for low, high in ((lowest[:first], highest[:first]), (lowest[first:], highest[first:]))
        ]
        bounds = net.rule.bounds if net.learns and net.rule is not None else None
        self.span = float(bounds[1] - bounds[0]) if bounds else 0.0
        self.fixed = self.parts
        if self.span:
            self.fixed = [net.weights[:first][~net.plastic[:first]], net.weights[first:][~net.plastic[first:]]]
        plastic = [net.plastic[:first].any(), net.plastic[first:].any()]
        self._tied = net.learns and all(plastic)
        self.plastic_kind = 0 if plastic[0] else 1

    def gains(self, scale: float, config: CoreConfig) -> tuple[int, int]:
        """Gains of inputs and neurons at a scale."""
        inputs, neurons = (gain_for(extreme, scale, config) for extreme in self.extremes)
        return (max(inputs, neurons),) * 2 if self._tied else (inputs, neurons)


def integers_fit(net: Network, config: CoreConfig) -> bool:
    """Whether a network of integers fits a chip at scale 1, with any gain."""
    low, high = config.state_range
    states = [*(net.parameters[name] for name in SCALED), np.array(net.adaptation_step)]
    fits = all(values.min() >= low and values.max() <= high for values in states)
    return fits and max(weight_unit(extreme, config) for extreme in Kinds(net).extremes) <= 1 << GAIN_MAX


def largest(net: Network, neurons: NDArray[np.int64] | None = None) -> float:
    """Return the largest that a state has to hold, of some neurons or all: a level, and beyond it the worst row.

    The worst row is all axons firing in the same step, the larger one of excitation and inhibition.
    """
    chosen = slice(None) if neurons is None else neurons
    lowest, highest = (table[:, chosen] for table in net.reach())
    incoming = np.maximum(np.maximum(highest, 0).sum(axis=0), -np.minimum(lowest, 0).sum(axis=0))
    size = {name: np.abs(net.parameters[name][chosen]) for name in SCALED}
    level = np.maximum(size["threshold"], size["reset"]) + size["bias"] + incoming
    return max(float(level.max()), float(size["leak"].max()), float(net.adaptation_step))


def choose_scale(net: Network, config: CoreConfig) -> float:
    """Scale by the rules of this module; 1 for a network of nothing but zeros."""
    level = largest(net)
    if not level:
        return 1.0
    kinds = Kinds(net)
    units = [weight_unit(extreme, config) for extreme in kinds.extremes if extreme.any()]
    drift = drift_of(net)
    # A little less than the range, so that no sum of rounded values goes beyond it.
    limit = min(0.999 * config.state_range[1] / level, *((1 << GAIN_MAX) / unit for unit in units), math.inf)
    scales = {largest_multiple(limit, 1 / quantum) for quantum in (*units, 1.0)}
    if drift.any():  # at the largest scale, and at the largest that needs no gain
        quantum = np.abs(drift[drift != 0]).min()
        scales |= {largest_multiple(bound, 1 / quantum) for bound in (limit, min(limit, 1 / max(units)))}
    samples = [sample(part) for part in kinds.fixed]

    def cost(scale: float) -> tuple[float, float]:
        steps = [(1 << gain) / scale for gain in kinds.gains(scale, config)]
        errors = [rounding(part, step) for part, step in zip(samples, steps, strict=True) if len(part)]
        if kinds.span:
            errors.append((steps[kinds.plastic_kind] / kinds.span) ** 2 / 12)
        if drift.any():
            errors.append(rounding(drift, steps[kinds.plastic_kind]))
        return round(sum(errors), 12), -scale

    return min(scales, key=cost)


def drift_of(net: Network) -> NDArray[np.float64]:
    """Return the steps by which all plastic weights change together, in the units of the network."""
    rule = net.rule
    return np.array(rule.drift if isinstance(rule, WindowRule) and net.learns else (), np.float64)


def sample(weights: NDArray[Any]) -> NDArray[Any]:
    """Take some of the weights other than 0."""
    nonzero = weights[weights != 0]
    sample: NDArray[Any] = nonzero[:: max(1, len(nonzero) // SAMPLE)]
    return sample


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


def rounding(weights: NDArray[Any], step: float) -> float:
    """Part of the energy of some weights that is lost where they are rounded to multiples of `step`."""
    error = weights / step
    np.rint(error, out=error)
    error *= step
    error -= weights
    return float(np.vdot(error, error) / np.vdot(weights, weights))


def largest_multiple(limit: float, unit: float) -> float:
    """Largest ``unit * 2**k`` that is not above `limit`, but for a last bit."""
    return math.ldexp(unit, math.floor(math.log2(limit / unit) + 1e-9))
