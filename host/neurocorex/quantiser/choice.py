"""Choice of the scales of a network: 1 for integers that fit, else the best for all neurons or for each population.

Weights that learn without bounds get room to grow, as far as that costs no accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..spec import CoreConfig
from .demand import Demand
from .populations import choose_scales
from .scale import Kinds, choose_scale, costs_little, gain_for, integers_fit

#: Firings by which weights without bounds should be able to grow, if it costs little, and at least.
FIRINGS = (64, 16, 4, 1)


def scales_for(
    demand: Demand, config: CoreConfig, groups: Sequence[NDArray[np.int64]] | None, notes: list[str]
) -> tuple[NDArray[np.float64], Demand]:
    """Return 1 for integers that fit, else the best scales; note if integers are scaled or lose bits.

    The demand that comes with them has room for what weights without bounds may learn, if that costs little.
    """
    ones = np.ones(demand.net.neuron_count)
    if demand.is_integer:
        if integers_fit(demand, config):
            kinds = Kinds(demand)
            gains = [gain_for(stated, 1.0, config) for stated in kinds.stated]
            if any((part % (1 << gain)).any() for part, gain in zip(kinds.parts, gains, strict=True)):
                notes.append(
                    f"integer weights are beyond {config.weight_bits} bits and lose up to {max(gains)} low bits"
                )
            return ones, demand
        bits = f"{config.weight_bits}-bit weights and {config.state_bits}-bit states"
        notes.append(f"the integers do not fit into {bits}: scaled")
    chosen = demand
    for firings in FIRINGS:
        chosen = demand.with_room(firings)
        scales = ones * choose_scale(chosen, config) if groups is None else choose_scales(chosen, config, groups)
        if chosen is demand or costs_little(chosen, config, scales):
            break
    return scales, chosen
