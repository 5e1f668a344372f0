"""First-spike code: the neuron that fires earliest gives the answer.

Every neuron has the same constant bias, so after an image all membranes rise at the same rate. The neuron that the
image brought closest to the threshold fires first. The host thus reads the order of the membranes from spike times.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import encode
from ..device.result import Result
from ..events.arrays import entries
from ..events.stream import EventStream

Ints = NDArray[np.int64]

#: Largest value of a pixel.
WHITE = 16


def encoded(images: NDArray[Any], spikes: int, white: float = WHITE, *, once: bool = False) -> NDArray[np.bool_]:
    """Turn images [n, pixels] of 0 to `white` into bool [n, spikes, pixels].

    A white pixel fires in every step; with `once` each pixel fires once at most, the brighter the earlier. As many
    shades are told apart either way, and pixels near black are silent.
    """
    if once:
        return encode.latency(np.rint(np.asarray(images) * (spikes / white)) / spikes, spikes)
    return encode.rate(np.asarray(images) / white, spikes)


def exposure(stimulus: NDArray[np.bool_], steps: int, first: int = 0, *, gap: int = 0) -> EventStream:
    """Return the stimulus that shows images one after the other.

    Parameters
    ----------
    stimulus : bool array [n, spikes, pixels]
        From `encoded`.
    steps : int
        Steps of an image, silence included.
    first : int
        Step, counted from the start of an image, in which its spikes begin.
    gap : int
        Silent steps between the first and the second half of the spikes of an image.
    """
    spikes = stimulus.shape[1]
    row, axon = entries(stimulus)
    image, step = np.divmod(row, spikes)
    within = first + np.arange(spikes) + np.where(np.arange(spikes) < spikes // 2, 0, gap)
    return EventStream(len(stimulus) * steps, image * steps + within[step], axon)


def first_spikes(result: Result, *, images: int, steps: int, start: int = 0) -> Ints:
    """Return the step of each neuron's first spike for each image, int64 [images, neurons]; `steps` if none.

    Parameters
    ----------
    result : Result
        Result of a run without a sample axis.
    images, steps : int
        Number of images, and steps of each.
    start : int
        Step of the run in which the first of these images begins.
    """
    first = np.full((images, result.neurons), steps, np.int64)
    shown = result.spike_times >= start
    image, step = np.divmod(result.spike_times[shown] - start, steps)
    np.minimum.at(first, (image, result.spike_neurons[shown]), step)
    return first
