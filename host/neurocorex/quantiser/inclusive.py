"""Firing at the threshold, not only above it: on integers ``v >= th`` is ``v > th - 1``, so the chip gets ``th - 1``.

A reset by subtraction then takes off one unit less than it should. A synapse of the neuron onto itself, which acts one
step after the spike, takes off the rest. It needs an axon with a delay of one step, and a membrane that gets inputs
without a synaptic current; its smallest weight is one unit times the gain of recurrent weights. So with a gain the
threshold goes down by that much, where no membrane can lie between: without decay, bias and leak, on weights that are
all multiples of it. A leak would stop at zero before the rest is taken off, so that neurons with a leak go without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from ..network.data import NetworkData
from ..network.population import named
from ..spec import Control, CoreConfig, Region
from ..spec.fixed import DECAY_ALL, DECAY_BITS
from .contexts import acts_on
from .populations import scales_of

Ints = NDArray[np.int64]
#: A unit that a reset lacks is told for thresholds of fewer units than this.
NOTICEABLE = 1000


def fire_at_threshold(
    net: NetworkData,
    config: CoreConfig,
    regions: Mapping[Region, NDArray[Any]],
    control: NDArray[Any],
    notes: list[str],
) -> None:
    """Lower the thresholds of the neurons that fire at them, in place, and complete their resets.

    Parameters
    ----------
    net : NetworkData
        The network; neurons with the parameter `inclusive` are meant.
    config : CoreConfig
        Geometry of the chip.
    regions, control
        Regions and control registers as they are for neurons that fire above their threshold only.
    notes : list of str
        Gets a warning for neurons whose reset lacks one unit.
    """
    chosen = np.flatnonzero(net.parameters["inclusive"])
    threshold = regions[Region.THRESHOLD]
    lacking = []
    for neuron in chosen.tolist():
        if np.isposinf(net.parameters["threshold"][neuron]):
            continue  # never fires
        step = 1
        if net.parameters["subtract"][neuron]:
            step = _step(neuron, regions, control)
            # With a gain and a membrane between its multiples, one unit is less than what rounding takes anyway.
            if step == 1 << int(control[Control.GAIN_RECURRENT]) and not _gives_back(neuron, config, regions):
                step = 1
                if threshold[neuron] < NOTICEABLE:
                    lacking.append(neuron)
        threshold[neuron] = max(int(threshold[neuron]) - step, config.state_range[0])
    if lacking:
        notes.append(
            f"a spike of {named(lacking)} takes off one unit of the chip less than the threshold: they fire at it, "
            "and have a leak, or no axon of one step and no weight that could take off the rest"
        )


def as_meant(net: NetworkData, image: Image) -> tuple[Ints, list[tuple[int, int]]]:
    """Return what the thresholds and weights of an image stand for, of neurons that fire at their threshold.

    Returns
    -------
    thresholds : int64 array [N]
        In units of the chip: where a neuron fires, or what a spike takes off in all, if that is not the same. Those of
        other neurons are as they are.
    returned : list of (axon, neuron)
        Weights of the chip that are one unit lower than meant, because they complete the reset of their neuron.
    """
    config, regions, values = image.config, image.regions, net.parameters
    control, scales = regions[Region.CONTROL], scales_of(image)
    held = regions[Region.THRESHOLD][: net.neuron_count].astype(np.int64)
    rest = 1 << int(control[Control.GAIN_RECURRENT])
    returned: list[tuple[int, int]] = []
    meant = held.copy()
    for neuron in np.flatnonzero(values["inclusive"] & ~np.isposinf(values["threshold"])).tolist():
        fires_at = int(held[neuron]) + (_step(neuron, regions, control) if values["subtract"][neuron] else 1)
        meant[neuron] = fires_at
        if not values["subtract"][neuron] or not _left(neuron, regions):
            continue
        row, off = _one_step_axon(neuron, config, regions), int(held[neuron])
        if row is not None and _can_give_back(neuron, row, regions):
            extra = row - config.inputs - config.neurons
            own = neuron if extra < 0 else net.neuron_count + extra
            wanted = np.rint(net.recurrent_weights[own, neuron] * scales[neuron] / rest)
            if np.clip(wanted, *config.weight_range) - int(regions[Region.WEIGHTS][row, neuron]) == 1:
                returned.append((row, neuron))
                off += rest
        if fires_at == round(float(values["threshold"][neuron] * scales[neuron])):
            meant[neuron] = off
    return meant, returned


def _step(neuron: int, regions: Mapping[Region, NDArray[Any]], control: NDArray[Any]) -> int:
    """Return the distance to the next lower membrane that a neuron can have, as far as a weight can express it."""
    grid = 1 << int(control[Control.GAIN_RECURRENT])
    drifts = any(int(regions[region][neuron]) for region in (Region.DECAY, Region.LEAK, Region.BIAS))
    drifts |= any(acts_on(neuron, regions))
    # A neuron that is held at its reset starts from there, and an adaptive threshold may stop anywhere.
    levels = [regions[region][neuron] for region in (Region.THRESHOLD, Region.RESET)]
    whole = int(control[Control.GAIN_INPUT]) >= int(control[Control.GAIN_RECURRENT]) and not any(
        int(level) % grid for level in levels
    )
    return grid if whole and not drifts and not control[Control.ADAPTATION_STEP] else 1


def _one_step_axon(neuron: int, config: CoreConfig, regions: Mapping[Region, NDArray[Any]]) -> int | None:
    """Return the row of an axon that brings a spike of a neuron back after one step, as a current."""
    errors = regions.get(Region.FEEDBACK, np.zeros(config.axons, np.int64))
    if regions[Region.DELAY][neuron] == 1 and not errors[config.inputs + neuron]:
        return config.inputs + neuron
    if Region.EXTRA_SOURCE in regions:
        currents = errors[config.inputs + config.neurons :] == 0
        found = np.flatnonzero((regions[Region.EXTRA_SOURCE] == neuron) & (regions[Region.EXTRA_DELAY] == 1) & currents)
        if found.size:
            return config.inputs + config.neurons + int(found[0])
    return None


def _left(neuron: int, regions: Mapping[Region, NDArray[Any]]) -> int:
    """Return how much of one unit a membrane still has one step later: its decay takes its part."""
    return round(1 - int(regions[Region.DECAY][neuron]) / (1 << DECAY_BITS))


def _can_give_back(neuron: int, row: int, regions: Mapping[Region, NDArray[Any]]) -> bool:
    """Whether a weight of a neuron onto itself acts on the membrane as it is, and stays as it is."""
    remembers = int(regions[Region.CURRENT_DECAY][neuron]) != DECAY_ALL
    learns = Region.PLASTIC in regions and bool(regions[Region.PLASTIC][row, neuron])
    _, scaled = acts_on(neuron, regions)
    return not (remembers or learns or scaled or int(regions[Region.LEAK][neuron]))


def _gives_back(neuron: int, config: CoreConfig, regions: Mapping[Region, NDArray[Any]]) -> bool:
    """Lower the weight of a neuron onto itself by one, if that takes off the rest of the threshold."""
    if not _left(neuron, regions):
        return True
    delay, weights, own = regions[Region.DELAY], regions[Region.WEIGHTS], config.inputs + neuron
    idle = not delay[neuron] and not weights[own].any()
    row = own if idle else _one_step_axon(neuron, config, regions)
    if row is None or weights[row, neuron] <= config.weight_range[0] or not _can_give_back(neuron, row, regions):
        return False
    if idle:
        delay[neuron] = 1  # an axon that leads nowhere is free
    weights[row, neuron] -= 1
    return True
