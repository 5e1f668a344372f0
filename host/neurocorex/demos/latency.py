"""First-spike code: the neuron that fires earliest gives the answer.

Every neuron has the same constant bias, so after an image all membranes rise at the same rate. The neuron that the
image brought closest to the threshold fires first. The host thus reads the order of the membranes from spike times.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import encode
from ..device.result import Result
from ..events import generator
from ..events.arrays import entries
from ..events.codec import DRAWN, FIRST_RATES, RATED
from ..events.stream import EventStream
from ..spec import Control

Ints = NDArray[np.int64]

#: Largest value of a pixel.
WHITE = 16
#: Bytes of rates beside the rates, with those of the drawn steps and of a restart; and most steps that are looked up.
RATES_HEAD, LONGEST = 12, 12


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


@cache
def _rates(spikes: int, rate_bits: int) -> Ints:
    """Return the rate whose even train each pattern of spikes is, the lowest, by its bits, first step lowest; or -1."""
    every = np.arange(1 << rate_bits)
    step, rate, _ = generator.even_spikes(0, spikes, every, rate_bits)
    made = np.zeros_like(every)
    np.add.at(made, rate, 1 << step)
    found = np.full(1 << spikes, -1)
    found[made[::-1]] = every[::-1]
    return found


def rates_of(stimulus: NDArray[np.bool_], rate_bits: int) -> tuple[Ints, NDArray[np.bool_]]:
    """Find images whose spikes are even trains, and take fewer bytes as rates.

    Parameters
    ----------
    stimulus : bool array [n, spikes, pixels]
        From `encoded`.
    rate_bits : int
        Bits of a rate on the chip; 0 if it draws nothing.

    Returns
    -------
    rates : int64 array [n, pixels]
        As the chip holds them; they make the same spikes. -1 for a train that no rate makes.
    better : bool array [n]
        Whether all pixels of the image have a rate, and these are fewer bytes than its spikes.
    """
    count, spikes, pixels = stimulus.shape
    if not rate_bits or spikes > LONGEST:
        return np.full((count, pixels), -1), np.zeros(count, np.bool_)
    rates = _rates(spikes, rate_bits)[np.einsum("nsp,s->np", stimulus, 1 << np.arange(spikes))]
    shorter = stimulus.sum(axis=(1, 2)) + spikes > -(-pixels * rate_bits // 8) + RATES_HEAD
    return rates, (rates >= 0).all(axis=1) & shorter


def rated(stream: EventStream, steps: Ints, rates: Ints, spikes: int, rate_bits: int) -> EventStream:
    """Return a stream with images as rates, [n, pixels], each drawn for `spikes` steps from one of `steps` on.

    Even trains begin anew with each. `Control.EVEN` has to be 1.
    """
    octets = np.array([np.frombuffer(generator.packed(row, rate_bits), np.uint8) for row in rates], np.int64)
    octets[:, 0] += FIRST_RATES
    one = np.ones((len(steps), 1), np.int64)
    register = np.concatenate([one * int(Control.STIMULUS), np.full_like(octets, RATED), one * DRAWN], axis=1)
    value = np.concatenate([one * 0, octets, one * spikes], axis=1)
    columns = (np.broadcast_to(steps[:, np.newaxis], register.shape), register, value)
    step, register, value = (
        np.append(own, column.reshape(-1)) for own, column in zip(stream.columns[6:], columns, strict=True)
    )
    order = np.argsort(step, kind="stable")
    return stream.with_changes(step[order], register[order], value[order])
