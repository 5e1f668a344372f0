"""Contexts of a network on a chip: banks of biases and gains, their names, and the most that they come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from ..network.data import NetworkData
from ..network.population import named
from ..spec import CoreConfig, Region
from ..spec.fixed import CONTEXT_GAIN_ONE
from .rounding import Rounding

Ints = NDArray[np.int64]
#: Names of the contexts, in the meta of an image.
META = "contexts"
#: Relative error of a gain above which the report warns.
COARSE = 0.01


def names_of(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of contexts in the meta of an image; nonsense in it is left out."""
    given = meta.get(META)
    known = given if isinstance(given, list) else []
    return tuple(known) if all(isinstance(each, str) for each in known) else ()


def contexts_to_build(count: int) -> int:
    """Return the smallest `CoreConfig.contexts` with room for so many; 1 if a network has none."""
    return 1 if count == 0 else max(2, 1 << (count - 1).bit_length())


def context_regions(net: NetworkData, config: CoreConfig, rounding: Rounding) -> dict[Region, Ints]:
    """Return the banks of a chip that has some, and note gains that rounding moves noticeably."""
    shape, own = (config.contexts, config.neurons), np.s_[: len(net.contexts), : net.neuron_count]
    biases, gains = np.zeros(shape, np.int64), np.full(shape, CONTEXT_GAIN_ONE)
    for number, name in enumerate(net.contexts):
        biases[number, : net.neuron_count] = rounding.states(f"bias of context {name!r}", net.context_bias[number])
    gains[own] = np.rint(net.context_gain * CONTEXT_GAIN_ONE)
    wanted = net.context_gain
    off = np.abs(gains[own] / CONTEXT_GAIN_ONE - wanted) > COARSE * wanted
    for number, name in enumerate(net.contexts):
        if off[number].any():
            rounding.notes.append(
                f"gains of {named(np.flatnonzero(off[number]).tolist())} in context {name!r} move by more than "
                f"{COARSE:.0%}, as the chip holds multiples of 1/{CONTEXT_GAIN_ONE}: take larger ones, and smaller "
                "weights between neurons"
            )
    return {Region.CONTEXT_BIAS: biases, Region.CONTEXT_GAIN: gains}


def banks(image: Image) -> tuple[Ints, Ints]:
    """Return biases and gains [contexts, N] of all contexts that a network names, or of all of the chip.

    A chip without contexts has one that does nothing.
    """
    if image.config.contexts == 1:
        neurons = image.config.neurons
        return np.zeros((1, neurons), np.int64), np.full((1, neurons), CONTEXT_GAIN_ONE)
    count = len(names_of(image.meta)) or image.config.contexts
    biases, gains = (image.regions[region][:count].astype(np.int64) for region in (
        Region.CONTEXT_BIAS, Region.CONTEXT_GAIN))  # fmt: skip
    return biases, gains


def biases(image: Image) -> Ints:
    """Return the bias of each neuron in each context, [contexts, N]."""
    sums: Ints = image.regions[Region.BIAS].astype(np.int64) + banks(image)[0]
    return sums


def raised(image: Image, drive: Ints) -> Ints:
    """Return the most that a drive [N] from neurons, 0 or more, comes to by the gain of a context."""
    most: Ints = drive * banks(image)[1].max(axis=0) // CONTEXT_GAIN_ONE
    return most


def acts_on(neuron: int, regions: Mapping[Region, NDArray[Any]]) -> tuple[bool, bool]:
    """Tell whether any context moves the bias of a neuron, and whether any has another gain than one for it."""
    if Region.CONTEXT_BIAS not in regions:
        return False, False
    moves = bool(regions[Region.CONTEXT_BIAS][:, neuron].any())
    return moves, bool((regions[Region.CONTEXT_GAIN][:, neuron] != CONTEXT_GAIN_ONE).any())


def strongest_biases(net: NetworkData) -> dict[str, NDArray[Any]]:
    """Return the largest size of bias and of what contexts add to it, by neuron."""
    sums = np.concatenate([net.parameters["bias"][None], net.parameters["bias"] + net.context_bias])
    return {"bias": np.abs(sums).max(axis=0), "context_bias": np.abs(net.context_bias).max(axis=0)}


def by_largest_gain(brought: NDArray[Any], net: NetworkData, neurons: Ints | slice) -> NDArray[Any]:
    """Return what axons bring to some neurons [axons, n] by the largest gain of any context."""
    factor = np.ones((len(brought), 1)) * net.context_gain[:, neurons].max(axis=0)
    factor[: net.input_count] = 1
    largest: NDArray[Any] = brought * factor
    return largest


def contexts_told(image: Image) -> list[str]:
    """Return the contexts of an image as a line of the report; none for a network without."""
    names = names_of(image.meta)
    return [f"contexts: {', '.join(f'{number} {name!r}' for number, name in enumerate(names))}"] if names else []
