"""Area estimate: LUTs, flip-flops and multipliers of a chip, by a linear model fitted to real builds."""

from __future__ import annotations

import math

from ..spec import CoreConfig, Learning
from .coefficients import COEFFICIENTS, MARGIN
from .parts import Family

#: LUTs and flip-flops of options that no build of the fit has: of the chip, and of each lane. See docs/hardware.md.
ERRORS, GROUPS = (130, 440), (440, 315)
RULES, TERMS, BOTH = {1: (0, 0), 2: (43, 60), 4: (63, 81)}, (60, 56), (37, 0)
#: Margin of chips with such options: their costs were synthesised for one family and one size, and never placed.
ROUGH = 0.3


def features(config: CoreConfig) -> dict[str, float]:
    """Return the features of the linear model: logic grows with lanes and widths, hardly with neurons."""
    lanes, bits = config.lanes, config.weight_bits
    learning, window = float(config.learning is not Learning.NONE), float(config.learning is Learning.WINDOW)
    return {
        "one": 1.0,
        "address bits": math.log2(config.neurons) + math.log2(config.inputs),
        "state bits": config.state_bits,
        "lanes": lanes,
        "several lanes": float(lanes > 1),
        "lane bits": lanes * bits,
        "learning": learning,
        "learning lanes": learning * lanes,
        "learning lane bits": learning * lanes * bits,
        "window": window,
        "extra axons": float(config.extra_axons > 0),
        "soft bounds": learning * config.soft_bounds * lanes,
    }


def multipliers(config: CoreConfig, family: Family) -> int:
    """Return the number of multipliers: decays, and for learning those of traces, rates and lanes."""
    found = 2 + config.adaptation
    # Where state is wider than a multiplier, the decays of membrane and current take two multipliers each.
    found += 2 * (config.state_bits > 18 and family is not Family.XC7)
    if config.learning is Learning.EXPONENTIAL:
        found += 4 + config.lanes + config.errors
    elif config.learning is Learning.WINDOW:
        found += 3
    return found + bool(config.learning) * config.soft_bounds * config.lanes


def estimate(config: CoreConfig, family: Family) -> dict[str, float]:
    """Return `lut`, `ff` and `dsp` of a chip; LUTs and flip-flops of its memories are not included."""
    values = features(config)
    found = {
        resource: max(0.0, sum(weight * values[name] for name, weight in weights.items()))
        for resource, weights in COEFFICIENTS[family].items()
    }
    added = _options(config)
    return {resource: found[resource] + added[resource] for resource in found} | {"dsp": multipliers(config, family)}


def margin(config: CoreConfig, family: Family) -> float:
    """Return how far the estimate of LUTs may be off, as a part of it."""
    return max(MARGIN[family], ROUGH if any(_options(config).values()) else 0.0)


def _options(config: CoreConfig) -> dict[str, float]:
    """Return LUTs and flip-flops of the options that the model does not know."""
    rows, both = RULES[config.rules], config.terms and config.rules > 1
    return {
        resource: config.errors * ERRORS[place]
        + (config.groups > 0) * GROUPS[place]
        + config.lanes * (rows[place] + config.terms * TERMS[place] + both * BOTH[place])
        for place, resource in enumerate(("lut", "ff"))
    }
