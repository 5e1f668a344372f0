"""Sums of weights that scaling brings neurons to: `Rule.weight_sum` in units of the chip, by rule row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..image import Image
from ..network.population import named
from ..spec import Control, CoreConfig
from .rows import Row

#: Key of `Image.meta` for the sums: one for each rule row, 0 where the rule states none.
SUMS = "weight_sums"


def sums_of(image: Image) -> tuple[int, ...]:
    """Return the sums in the meta of an image, by rule row; nonsense in it is left out."""
    given: Any = image.meta.get(SUMS)
    config = image.config
    if not config.scaling or not isinstance(given, list) or len(given) > config.rules:
        return ()
    return tuple(given) if all(type(each) is int and 0 <= each <= most_of(config) for each in given) else ()


def most_of(config: CoreConfig) -> int:
    """Return the largest sum that a chip can be told, in its units."""
    return (1 << Control.TARGET.bits(config)) - 1


def out_of_reach(row: Row, target: int, bound: int) -> str | None:
    """Warn of neurons whose weights cannot have the sum: all of them at the upper bound are less.

    Parameters
    ----------
    row : Row
        The rule, and what learns by it.
    target, bound : int
        The sum, and the upper bound of a weight, in units of the chip.
    """
    count = np.count_nonzero(row.synapses, axis=0)
    short = np.flatnonzero((count > 0) & (count * bound < target))
    if not short.size:
        return None
    most = int(count[short].max()) * bound / target * row.rule.weight_sum if row.rule.weight_sum else 0.0
    return (
        f"weight_sum {row.rule.weight_sum:g} is out of reach of {named(short.tolist())}: all weights at the upper "
        f"bound are {most:g} or less; take a smaller sum, or a higher bound"
    )


def sums_told(image: Image) -> list[str]:
    """Say which sums scaling brings the weights of a network to."""
    sums = sums_of(image)
    told = [f"{total} units of the chip" + f" by rule {row + 1}" * (len(sums) > 1)
            for row, total in enumerate(sums) if total]  # fmt: skip
    return [f"scaling: brings the weights that learn of each neuron to a sum of {' and '.join(told)}"] if told else []
