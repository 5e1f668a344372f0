"""Injected currents from the input spikes of a SuperNeuroMAT model."""

from __future__ import annotations

import numpy as np

from ...events.stream import EventStream
from ...image import Image
from ...spec import CoreConfig
from .model import Inputs
from .reader import Ints
from .relays import Folding


def currents(inputs: Inputs, folding: Folding, image: Image) -> tuple[EventStream, float]:
    """Return input spikes as a stimulus, and the largest amount by which one was cut to the range of states.

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
    return stream, float(np.abs(wanted - values).max(initial=0) / image.scale)


def strongest(stimulus: EventStream, config: CoreConfig) -> Ints:
    """Return the largest current of each neuron; without any current, the largest that the chip can hold."""
    if not len(stimulus.graded_step):
        return np.full(config.neurons, config.state_range[1])
    found = np.zeros(config.neurons, np.int64)
    np.maximum.at(found, stimulus.graded_index, stimulus.graded_value)
    return found
