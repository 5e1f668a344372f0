"""Static check of an image: which neurons can never fire, fire without input, or saturate; nothing is run.

Weights that learn count as the strongest or weakest that they can get.

The step of a neuron (docs/model.md) is monotone: more current never means a lower membrane. So a neuron reaches its
highest membrane before its first spike under the strongest input at every step. Under a constant input u the membrane
climbs to the first value v at which a step takes away as much as it adds::

    ceil(v * d / 65536) + leak >= u
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image import Image, blank
from ..spec import Control, Region
from ..spec.fixed import CONTEXT_GAIN_ONE, DECAY_ALL, DECAY_BITS
from ..spec.regions import PARAMETERS
from .contexts import banks, biases, raised
from .imagerows import bounds, learning_synapses

Ints = NDArray[np.int64]


def highest(drive: Ints, decay: Ints, leak: Ints, top: int) -> Ints:
    """Return the highest membrane that a constant `drive` reaches from rest; `top` if it grows without end.

    Exact for a drive above zero. For a drive of zero or less, the drive itself: a bound that is never exceeded.

    Parameters
    ----------
    drive, decay, leak : int64 arrays
        Input of each step, decay (0 to 65535), and linear leak.
    top : int
        Largest value of a state.
    """
    excess = drive - leak
    # Least v with v * decay > (excess - 1) * 65536, unless the linear leak alone cancels the drive.
    climbed = ((excess - 1) << DECAY_BITS) // np.maximum(decay, 1) + 1
    level = np.where(decay == 0, top, np.maximum(climbed, drive))
    level = np.where((decay == DECAY_ALL) | (excess <= 0), drive, level)
    return np.minimum(level, top)


def never_fire(image: Image, injected: Ints | None = None) -> Ints:
    """Return the neurons that no input spikes nor noise make fire, from rest, or from the state of a snapshot.

    Neurons that only neurons which never fire drive are among them. Those that are not in use, and those that are meant
    never to fire, are not: see `in_use` and `out_of_reach`.

    Parameters
    ----------
    image : Image
        The image of a network.
    injected : int64 array [N], optional
        Largest current that is injected into each neuron in a step; by default none.
    """
    inputs = image.config.inputs
    gain_input, gain_recurrent = _gains(image)
    excitation = np.maximum(_reach(image)[1], 0)
    drive = (excitation[:inputs].sum(axis=0, dtype=np.int64) << gain_input) + largest_noise(image)
    if injected is not None:
        drive += np.maximum(injected, 0)
    delivers, source = _axons(image)
    recurrent = excitation[inputs:][delivers].sum(axis=0, dtype=np.int64) << gain_recurrent
    # A membrane that is higher by some amount now is never higher by more than that amount later.
    head_start = np.maximum(_wide(image, Region.MEMBRANE), 0) if image.is_snapshot else 0
    silent = np.zeros(image.config.neurons, np.bool_)
    while True:
        new = ~silent & ~_crosses(image, drive + raised(image, recurrent), head_start)
        if not new.any():
            return np.flatnonzero(silent & in_use(image) & ~out_of_reach(image))
        recurrent -= excitation[inputs:][new[source] & delivers].sum(axis=0, dtype=np.int64) << gain_recurrent
        silent |= new


def current_weights(image: Image) -> NDArray[Any]:
    """Return the weights of an image that add to currents: those of feedback axons are 0."""
    if Region.FEEDBACK not in image.regions or not image.regions[Region.FEEDBACK].any():
        return image.weights
    return np.where(image.regions[Region.FEEDBACK][:, None] != 0, 0, image.weights)


def largest_noise(image: Image) -> Ints:
    """Return the largest size of the noise of each neuron, int64 [N]."""
    none = np.zeros(image.config.neurons, np.int64)
    return _wide(image, Region.NOISE) if Region.NOISE in image.regions else none


def in_use(image: Image) -> NDArray[np.bool_]:
    """Tell which neurons of a chip belong to the network, bool [N].

    Those that a network does not use are connected to nothing, and all their parameters are 0 or as after power-up.
    """
    config, numbers = image.config, image.regions
    first = config.inputs
    linked = image.weights.any(axis=0) | image.weights[first : first + config.neurons].any(axis=1)
    if image.learns:
        linked |= numbers[Region.PLASTIC].any(axis=0)
        linked |= numbers[Region.PLASTIC][first : first + config.neurons].any(axis=1)
    for region in set(PARAMETERS) & set(numbers):
        linked |= (numbers[region] != 0) & (numbers[region] != blank(region, config))
    return np.asarray(linked & (np.arange(config.neurons) < image.used.neurons))


def out_of_reach(image: Image) -> NDArray[np.bool_]:
    """Tell which neurons are meant never to fire, bool [N]: their threshold is the largest state, where states stop."""
    return np.asarray(image.regions[Region.THRESHOLD] == image.config.state_range[1])


def driven(image: Image, injected: Ints | None = None) -> NDArray[np.bool_]:
    """Tell which neurons something excites, bool [N]: input, injected current, bias, noise, or a neuron so excited."""
    excites = _reach(image)[1] > 0
    reached = excites[: image.config.inputs].any(axis=0) | (biases(image) > 0).any(axis=0)
    heard = raised(image, np.full(image.config.neurons, 1 << 16)) > 0
    reached |= (_wide(image, Region.THRESHOLD) < 0) | (largest_noise(image) > 0)
    if injected is not None:
        reached |= injected > 0
    if image.is_snapshot:
        reached |= _wide(image, Region.MEMBRANE) > 0
    delivers, source = _axons(image)
    waiting = reached
    while waiting.any():
        new = excites[image.config.inputs :][waiting[source] & delivers].any(axis=0) & heard & ~reached
        waiting, reached = new, reached | new
    return np.asarray(reached)


def never_silent(image: Image) -> Ints:
    """Return the neurons that fire from rest without input, by a threshold below zero or their bias in any context."""
    return np.flatnonzero(_crosses(image, np.zeros(image.config.neurons, np.int64)))


def rooms(image: Image) -> NDArray[np.float64]:
    """Return the part of the state's range that a membrane at threshold needs if all axons fire in one step, [N]."""
    inputs = image.config.inputs
    gain_input, gain_recurrent = _gains(image)
    lowest, highest = _reach(image)
    reach = [
        (np.maximum(weights[:inputs], 0).sum(axis=0, dtype=np.int64) << gain_input)
        + raised(image, np.maximum(weights[inputs:], 0).sum(axis=0, dtype=np.int64) << gain_recurrent)
        for weights in (-lowest, highest)
    ]
    threshold = np.where(out_of_reach(image), 0, _wide(image, Region.THRESHOLD))
    resting = np.maximum(np.abs(threshold), np.abs(_wide(image, Region.RESET)))
    level = resting + np.abs(biases(image)).max(axis=0) + np.maximum(*reach) + largest_noise(image)
    return np.asarray(level / image.config.state_range[1])


def always_saturates(image: Image) -> Ints:
    """Return the neurons that every spike takes from rest beyond the range of states."""
    inputs, top, weights = image.config.inputs, image.config.state_range[1], current_weights(image)
    sizes = [
        np.abs(part.astype(np.int64)) << gain
        for part, gain in zip((weights[:inputs], weights[inputs:]), _gains(image), strict=True)
    ]
    sizes[1] = sizes[1] * banks(image)[1].min(axis=0) // CONTEXT_GAIN_ONE
    smallest = np.minimum(*(np.where(size > 0, size, np.iinfo(np.int64).max).min(axis=0) for size in sizes))
    connected = smallest < np.iinfo(np.int64).max
    return np.flatnonzero((smallest > top) & connected)


def _crosses(image: Image, drive: Ints, head_start: Ints | int = 0) -> NDArray[np.bool_]:
    top = image.config.state_range[1]
    current = highest(drive, _wide(image, Region.CURRENT_DECAY), np.zeros_like(drive), top)
    # A membrane that only a negative bias moves is at its highest in the first step.
    membrane = highest(current + biases(image).max(axis=0), _wide(image, Region.DECAY), _wide(image, Region.LEAK), top)
    return np.asarray(membrane > _wide(image, Region.THRESHOLD) - head_start)


def _reach(image: Image) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the lowest and the highest value that each weight can get; 0 for feedback axons."""
    lowest = highest = current_weights(image)
    for row, synapses in learning_synapses(image).items():
        low, high = bounds(image, row)
        lowest = np.where(synapses, np.minimum(lowest, low), lowest)
        highest = np.where(synapses, np.maximum(highest, high), highest)
    return lowest, highest


def _axons(image: Image) -> tuple[NDArray[np.bool_], Ints]:
    """Return which axons of neurons are not silent, extra axons last, and the neuron of each."""
    config = image.config
    delay, source = image.regions[Region.DELAY], np.arange(config.neurons)
    if config.extra_axons:
        extra = image.regions[Region.EXTRA_SOURCE].astype(np.int64)
        exists = extra < config.neurons
        delay = np.concatenate([delay, image.regions[Region.EXTRA_DELAY] * exists])
        source = np.concatenate([source, np.where(exists, extra, 0)])
    return delay > 0, source


def _gains(image: Image) -> tuple[int, int]:
    control = image.regions[Region.CONTROL]
    return int(control[Control.GAIN_INPUT]), int(control[Control.GAIN_RECURRENT])


def _wide(image: Image, region: Region) -> NDArray[Any]:
    return image.regions[region].astype(np.int64)
