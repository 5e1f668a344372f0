"""Warnings of what looks like a mistake in a network, seen in its image: activity, saturation, coarse decays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from ..network.population import named
from ..spec import Region
from ..spec.fixed import DECAY_ALL, DECAY_BITS
from .activity import always_saturates, in_use

#: Ends of the warnings of neurons that fire without input, and of states that can saturate.
RESTLESS = "will fire without any input: lower the bias or raise the threshold"
CROWDED = "times their range if all axons fire at once: lower the scale or take more state bits"


def mistakes(
    image: Image, weak: list[int], mute: NDArray[np.int64], restless: list[int], room: NDArray[np.float64]
) -> list[str]:
    """Warn of neurons that are silent, restless or saturated, and of decays too coarse for their thresholds.

    Parameters
    ----------
    image : Image
        The image.
    weak, mute, restless
        Neurons that can never fire although something excites them, all that can never fire, all that fire alone.
    room : float64 array [N]
        From `activity.rooms`.
    """
    found = []
    if weak:
        found.append(
            f"{named(weak)} can never fire: raise weights or bias, or lower threshold or leak; if meant so, set "
            "threshold=math.inf; if currents are injected, state them by quantise(inject_max=...)"
        )
    if restless:
        found.append(f"{named(restless)} {RESTLESS}")
    if (room > 1).any():
        who = named(np.flatnonzero(room > 1).tolist())
        found.append(f"states of {who} can saturate, at {room.max():.1f} {CROWDED}")
    flooded = always_saturates(image).tolist()
    if flooded:
        found.append(f"every spike saturates {named(flooded)}: lower the scale or take more state bits")
    coarse = np.zeros(image.config.neurons, np.bool_)
    for region in (Region.DECAY, Region.CURRENT_DECAY):
        decay = image.regions[region].astype(np.int64)
        at_threshold = image.regions[Region.THRESHOLD].astype(np.int64) * decay
        coarse |= (at_threshold > 0) & (decay < DECAY_ALL) & (at_threshold < 1 << DECAY_BITS)
    coarse[mute] = False
    coarse &= in_use(image)
    if coarse.any():
        found.append(
            f"decay of {named(np.flatnonzero(coarse).tolist())} is faster than told, as a chip takes off whole units: "
            "scale thresholds and weights up"
        )
    return found
