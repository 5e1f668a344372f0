"""Units of the layers of a graph on the chip, and the room that slow currents need.

The unit of a layer changes no spike, but decides how its weights use the bits of a weight. The largest one becomes 1;
where all numbers of a layer are multiples of a power of two, it becomes half to 1. Then nothing is rounded, and
membranes that meet a threshold exactly in the tool that wrote the graph do so on the chip.
"""

from __future__ import annotations

import numpy as np

from ...network.network import Network
from ...spec import CoreConfig
from .blueprint import Blueprint
from .node import Floats

#: Bits behind the point of numbers that count as multiples of a power of two.
FRACTION_BITS = 24
#: Steps in which a current that still rises is followed.
HORIZON = 4096


def unit_of(blueprint: Blueprint, name: str, levels: float, weight_bits: int, *, each: bool) -> Floats:
    """Return the unit of a layer, [size].

    Parameters
    ----------
    blueprint : Blueprint
        With the projections to the layer in the unit of the graph.
    name : str
        The layer.
    levels : float
        Largest ratio of a threshold to the largest weight at which the weights set the unit; above it the threshold
        does.
    weight_bits : int
        Width of a weight of the chip.
    each : bool
        Whether each neuron has a unit of its own.
    """
    layer = blueprint.layers[name]
    weights = [projection.weights for projection in blueprint.into(name)]
    largest = np.zeros(layer.size)
    for part in weights:
        largest = np.maximum(largest, np.abs(part).max(axis=0, initial=0.0))
    heights = [blueprint.height[name], layer.reset, blueprint.bias[name]]
    level = np.abs(heights).max(axis=0)
    size = np.where(largest > 0, np.maximum(largest, level / levels), level)
    size = size if each else np.full(layer.size, size.max(initial=0.0))
    unit = np.where(size > 0, 1 / np.where(size > 0, size, 1.0), 1.0)
    if not layer.silent and weights and _is_binary(weights, heights, (1 << (weight_bits - 1)) - 1):
        unit = 2.0 ** np.floor(np.log2(unit))
    return unit


def _is_binary(weights: list[Floats], others: list[Floats], most: int) -> bool:
    """Whether all numbers are multiples of a power of two, of which no weight has more than `most`."""
    numbers = np.concatenate([part.reshape(-1) for part in (*weights, *others)]) * (1 << FRACTION_BITS)
    largest = max(float(np.abs(part).max(initial=0.0)) for part in weights) * (1 << FRACTION_BITS)
    if not largest or np.abs(numbers).max() > 1 << 53 or not (numbers == np.rint(numbers)).all():
        return False
    bits = int(np.bitwise_or.reduce(np.abs(numbers).astype(np.int64)))
    return largest <= most * (bits & -bits)


def overshoot(blueprint: Blueprint, net: Network, config: CoreConfig, scale: float) -> float:
    """Return the part of the state's range that membranes need if all axons fire in one step; above 1 they saturate.

    Other than the quantiser, which looks at that step alone, it follows synaptic currents that go on adding.
    """
    high = config.state_range[1]
    weights = net.weights.astype(np.float64)
    arriving = np.maximum(np.maximum(weights, 0).sum(axis=0), np.maximum(-weights, 0).sum(axis=0))
    worst = 0.0
    for name, place in blueprint.places().items():
        layer = blueprint.layers[name]
        if not layer.filters:
            continue
        own = np.abs(blueprint.height[name] * blueprint.unit[name]) * (not layer.silent)
        own += np.abs(blueprint.bias[name] * blueprint.unit[name])
        level = own + arriving[place] * _peak(layer.decay, layer.decay_syn)
        worst = max(worst, float(level.max(initial=0.0)) * scale / high)
    return worst


def _peak(decay: Floats, decay_syn: Floats) -> Floats:
    """Return the highest membrane that one unit of input leads to."""
    current, membrane = np.ones_like(decay), np.ones_like(decay)
    highest = membrane
    for _ in range(HORIZON):
        current = current * (1 - decay_syn)
        membrane = membrane * (1 - decay) + current
        if (membrane <= highest).all():
            break
        highest = np.maximum(highest, membrane)
    return highest
