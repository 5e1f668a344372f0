"""Area estimate: LUTs, flip-flops and multipliers of a chip, by a linear model fitted to real builds."""

from __future__ import annotations

import math

from ..spec import CoreConfig, Learning
from .coefficients import COEFFICIENTS, MARGIN
from .optioncosts import COSTS
from .parts import Family

#: Margin of chips with options whose costs were synthesised for one FPGA and one size, and never placed.
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
    """Return the number of multipliers: decays, noise, gains, even trains; for learning, traces, rates and lanes."""
    found = 2 + config.adaptation + config.noise + (config.contexts > 1) + (config.patterns > 0)
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
    known = options(config)
    for resource in found:
        found[resource] += sum(chip + config.lanes * lane for chip, lane in (COSTS[name][resource] for name in known))
    return found | {"dsp": multipliers(config, family)}


def margin(config: CoreConfig, family: Family) -> float:
    """Return how far the estimate of LUTs may be off, as a part of it."""
    return max(MARGIN[family], ROUGH if options(config) else 0.0)


def options(config: CoreConfig) -> list[str]:
    """Return the options of a chip that the linear model does not know, by their names in `COSTS`."""
    rows = f"rules {config.rules}" * (config.rules > 1)
    # Terms beside several rows were measured with 4; they are taken to cost the same with 2.
    found = {
        "errors": config.errors,
        "errors, groups" if config.errors else "groups": config.groups > 0,
        rows: rows and not config.terms,
        "rules 4, terms": rows and config.terms,
        "terms": config.terms and not rows,
        "eligibility": config.eligibility,
        "scaling": config.scaling,
        "contexts": config.contexts > 1,
        "patterns": config.patterns > 0,
        "reports": config.reports,
        "tallies": config.tallies > 0,
        "noise": config.noise,
    }
    return [name for name, has in found.items() if has]
