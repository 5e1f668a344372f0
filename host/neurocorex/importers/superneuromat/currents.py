"""Injected currents from the input spikes of a SuperNeuroMAT model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...events.stream import EventStream
from ...image import Image
from ...spec import CoreConfig
from .commonscale import distance
from .model import Inputs
from .reader import Ints
from .relays import Folding


@dataclass(frozen=True)
class Currents:
    """Input spikes as injected currents.

    Attributes
    ----------
    stimulus : EventStream
        The currents, up to the step of the last one.
    excess : float
        Largest amount by which one was cut to the range of states, in units of the model.
    cut : int
        How many were cut.
    rounded : float
        Largest amount by which one was rounded to whole units of the chip, in units of the model.
    """

    stimulus: EventStream
    excess: float
    cut: int
    rounded: float


def currents(inputs: Inputs, folding: Folding, image: Image) -> Currents:
    """Return input spikes as a stimulus.

    Parameters
    ----------
    inputs : Inputs
        Input spikes, none of them for a folded relay.
    folding : Folding
        Neurons of the chip.
    image : Image
        Image with the scale and the range of states.
    """
    low, high = image.config.state_range
    wanted = np.rint(inputs.value * image.scale)
    values = np.clip(wanted, low, high).astype(np.int64)
    index = np.array([folding.position[neuron] for neuron in inputs.neuron.tolist()], np.int64)
    steps = int(inputs.tick[-1]) + 1 if len(inputs.tick) else 0
    stream = EventStream(steps, graded_step=inputs.tick, graded_index=index, graded_value=values)
    excess = np.abs(wanted - values)
    return Currents(
        stream, float(excess.max(initial=0) / image.scale), int(np.count_nonzero(excess)),
        distance(inputs.value, image.scale),
    )  # fmt: skip


def strongest(stimulus: EventStream, config: CoreConfig) -> Ints:
    """Return the largest current of each neuron; without any current, the largest that the chip can hold."""
    if not len(stimulus.graded_step):
        return np.full(config.neurons, config.state_range[1])
    found = np.zeros(config.neurons, np.int64)
    np.maximum.at(found, stimulus.graded_index, stimulus.graded_value)
    return found
