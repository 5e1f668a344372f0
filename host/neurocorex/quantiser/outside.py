"""Plastic weights that start outside the bounds of the rule: the first change takes them to a bound at once."""

from __future__ import annotations

import numpy as np

from ..image import Image
from ..spec import Flag, Region
from .imagerows import bounds, learning_synapses

#: How many of them a warning names.
NAMED = 5


def outside_bounds(image: Image) -> list[str]:
    """Return a warning if weights that can learn are outside the bounds of their rule: how many, and where."""
    weights = image.weights
    below, above = np.zeros(weights.shape, np.bool_), np.zeros(weights.shape, np.bool_)
    on = (image.regions[Region.FLAGS] & int(Flag.PLASTICITY_OFF)) == 0
    for row, synapses in learning_synapses(image).items():
        low, high = bounds(image, row)
        below |= synapses & on & (weights < low)
        above |= synapses & on & (weights > high)
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
