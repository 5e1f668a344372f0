"""Answers by the first spike: the neuron that fires earliest speaks for the network.

Every neuron gets the same constant bias, so that after an image all membranes rise side by side. The one that the image
brought closest to the threshold gets there first: the time of its spike is its membrane, read as the host can read it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import encode
from ..device.result import Result
from ..events.stream import EventStream

Ints = NDArray[np.int64]

#: Largest value of a pixel.
WHITE = 16


def encoded(images: NDArray[np.integer], spikes: int) -> NDArray[np.bool_]:
    """Turn images [n, pixels] of 0 to 16 into spikes, bool [n, spikes, pixels]: a white pixel fires in every step."""
    return encode.rate(np.asarray(images) / WHITE, spikes)


def exposure(stimulus: NDArray[np.bool_], steps: int, first: int = 0) -> EventStream:
    """Show images, each in `steps` steps of its own.

    Parameters
    ----------
    stimulus : bool array [n, spikes, pixels]
        From `encoded`.
    steps : int
        Length of an image, silence included.
    first : int
        Step in which it begins.
    """
    image, step, axon = np.nonzero(stimulus)
    return EventStream(len(stimulus) * steps, image * steps + first + step, axon)


def first_spikes(result: Result, *, images: int, steps: int, start: int = 0) -> Ints:
    """Return when each neuron first fired for each image, int64 [images, neurons]; `steps` if it did not.

    Parameters
    ----------
    result : Result
        Of a run without a sample axis.
    images, steps : int
        Images at its end, and steps of each.
    start : int
        Step of the run in which the first image begins.
    """
    first = np.full((images, result.neurons), steps, np.int64)
    shown = result.spike_times >= start
    image, step = np.divmod(result.spike_times[shown] - start, steps)
    np.minimum.at(first, (image, result.spike_neurons[shown]), step)
    return first
