"""LUTs, flip-flops and multipliers of a chip, by a linear model whose coefficients come from real builds."""

from __future__ import annotations

import math

from ..spec import CoreConfig, Learning
from ..spec.parts import Family
from .coefficients import COEFFICIENTS


def features(config: CoreConfig) -> dict[str, float]:
    """Return what the size of a chip depends on, beside its memories: mostly lanes and widths, hardly neurons."""
    lanes, bits = config.lanes, config.weight_bits
    learning, window = float(config.learning is not Learning.NONE), float(config.learning is Learning.WINDOW)
    return {
        "one": 1.0,
        "address bits": math.log2(config.neurons) + math.log2(config.inputs),
        "state bits": config.state_bits,
        "lanes": lanes,
        "lane bits": lanes * bits,
        "learning": learning,
        "learning lanes": learning * lanes,
        "learning lane bits": learning * lanes * bits,
        "window": window,
        "extra axons": float(config.extra_axons > 0),
        "soft bounds": learning * config.soft_bounds * lanes,
    }


def estimate(config: CoreConfig, family: Family) -> dict[str, float]:
    """LUTs and flip-flops without those of memories, and multipliers: `lut`, `ff`, `dsp`."""
    values = features(config)
    return {
        resource: max(0.0, sum(weight * values[name] for name, weight in weights.items()))
        for resource, weights in COEFFICIENTS[family].items()
    }
