"""Plastic weights that start outside the bounds of the rule: the first change takes them to a bound at once."""

from __future__ import annotations

import numpy as np

from ..image import Image
from ..spec import Control, Flag, Region
from .acting import signed_value

#: How many of them a warning names.
NAMED = 5


def outside_bounds(image: Image) -> list[str]:
    """Return a warning if weights that can learn are outside the bounds: how many, and where."""
    if not image.learns:
        return []
    low, high = (signed_value(image, register) for register in (Control.WEIGHT_MIN, Control.WEIGHT_MAX))
    weights = image.weights
    learn = image.regions[Region.PLASTIC].astype(np.bool_)
    learn &= (image.regions[Region.FLAGS] & int(Flag.PLASTICITY_OFF)) == 0
    below, above = learn & (weights < low), learn & (weights > high)
    places = np.argwhere(below | above)
    if not len(places):
        return []
    shown = ", ".join(f"axon {axon} to neuron {neuron}" for axon, neuron in places[:NAMED].tolist())
    more = ", ..." if len(places) > NAMED else ""
    sides = " and ".join(
        f"{count} {side}" for count, side in ((int(below.sum()), "below"), (int(above.sum()), "above")) if count
    )
    return [
        f"{len(places)} plastic weights start outside the bounds of the rule ({sides}): {shown}{more}; their first "
        "change takes them to the bound: take wider bounds, or start inside them"
    ]
