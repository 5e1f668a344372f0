"""Scale of errors: units of the chip per unit of the feedback weights, one for all neurons.

The weights of feedback axons have neither the scale of their neuron nor a gain. Integers stay what they are, if they
and the rate of the rule fit; otherwise all are multiplied by a whole number. Of floats the largest becomes one of the
integers up to `LARGEST`, the one at which rounding takes least of them all.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from ..network.data import NetworkData
from ..network.population import named
from ..spec import CoreConfig, Region
from ..spec.fixed import signed_range
from .scale import rounding, sample

#: Key of `Image.meta` for the scale of errors, if there are feedback axons.
ERROR_SCALE = "error_scale"
#: Largest size of an error on a chip.
ERROR_MAX = signed_range(16)[1]
#: Largest feedback weight on the chip, also where weights are wider: errors have room for 258 of it.
LARGEST = 127


def error_scale_of(image: Image) -> float:
    """Return the scale of errors of an image: 1 where nothing is told; nonsense in its meta is not used."""
    given = image.meta.get(ERROR_SCALE)
    return float(given) if isinstance(given, int | float) and 0 < given < math.inf else 1.0


def error_scales(weights: NDArray[Any], config: CoreConfig) -> list[tuple[float, float]]:
    """Return scales that clip none of some feedback weights, the best first, and the part of energy that each loses.

    Without any weights they are those of one of 1.
    """
    low, high = config.weight_range
    if not weights.any():
        weights = np.ones(1)
    largest = float(np.abs(weights).max())
    if weights.dtype.kind == "i" and low <= weights.min() <= weights.max() <= high:
        return [(float(whole), 0.0) for whole in range(1, max(min(LARGEST, high) // int(largest), 1) + 1)]
    some = sample(weights)
    scales = [whole / largest for whole in range(1, min(LARGEST, high) + 1)]
    return sorted(
        ((scale, round(rounding(some, 1 / scale), 12)) for scale in scales), key=lambda each: (each[1], -each[0])
    )


def deaf(net: NetworkData, synapses: NDArray[np.bool_]) -> list[str]:
    """Warn of neurons that a rule of errors is for, and that never learn by it; `synapses` are those that should."""
    judged = (net.parameters["group"] > 0) & bool(net.praise or net.blame)
    if not net.is_feedback.any() and not judged.any():
        return [
            "the rule is one of errors, but no axon brings any, so nothing learns: call Network.feedback, or "
            "Network.judge for neurons in groups"
        ]
    learn = (synapses & np.asarray(net.parameters["learns"], np.bool_)).any(axis=0)
    hears = net.feedback_weights.any(axis=0) | judged
    never = (net.parameters["threshold"] <= 0) & ~net.parameters["error_always"]
    return [
        f"plastic synapses onto {named(np.flatnonzero(neurons).tolist())} never change, because {why}"
        for neurons, why in (
            (learn & ~hears, "no feedback axon brings an error: call Network.feedback, or set learns=False"),
            (learn & hears & never, "no membrane is closer to rest than a threshold of 0 or less: set error_always"),
        )
        if neurons.any()
    ]


def typical(items: NDArray[Any], scale: float) -> int:
    """Return the size of the error that a feedback spike brings, from feedback weights on the chip: the lower median.

    Without any that is an error of 1 at the scale of errors, and at least 1 unit.
    """
    sizes = np.sort(np.abs(items[items != 0].astype(np.int64)))
    return int(sizes[(sizes.size - 1) // 2]) if sizes.size else max(round(scale), 1)


def feedback_items(image: Image) -> NDArray[Any]:
    """Return the weights of the feedback axons of an image, [K, N]."""
    if Region.FEEDBACK not in image.regions:
        return image.weights[:0]
    return np.asarray(image.weights[image.regions[Region.FEEDBACK].astype(np.bool_)])
