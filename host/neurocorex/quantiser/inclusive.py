"""Firing at the threshold, not only above it: on integers ``v >= th`` is ``v > th - 1``, so the chip gets ``th - 1``.

A reset by subtraction then takes off one unit less than it should. A synapse of the neuron onto itself, which acts one
step after the spike, takes off the rest. It needs an axon with a delay of one step, and a membrane that gets inputs
without a synaptic current; its smallest weight is one unit times the gain of recurrent weights. So with a gain the
threshold goes down by that much, where no membrane can lie between: without decay, bias and leak, on weights that are
all multiples of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network.data import NetworkData
from ..network.population import named
from ..spec import Control, CoreConfig, Region
from ..spec.fixed import DECAY_ALL, DECAY_BITS

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
    gains = int(control[Control.GAIN_INPUT]), int(control[Control.GAIN_RECURRENT])
    lacking = []
    for neuron in chosen.tolist():
        step = 1
        if net.parameters["subtract"][neuron]:
            step = _step(neuron, regions, gains)
            # With a gain and a membrane between its multiples, one unit is less than what rounding takes anyway.
            if step == 1 << gains[1] and not _gives_back(neuron, config, regions):
                step = 1
                if threshold[neuron] < NOTICEABLE:
                    lacking.append(neuron)
        threshold[neuron] = max(int(threshold[neuron]) - step, config.state_range[0])
    if lacking:
        notes.append(
            f"a spike of {named(lacking)} takes off one unit of the chip less than the threshold: they fire at it, "
            "and have no axon of one step and no weight that could take off the rest"
        )


def threshold_meant(held: NDArray[Any], wanted: NDArray[Any], gain: int) -> Ints:
    """Return the thresholds that lowered ones stand for.

    Parameters
    ----------
    held : int array
        Thresholds of a chip, of neurons that fire at them.
    wanted : float array
        Thresholds that were asked for, in units of the chip.
    gain : int
        Gain of recurrent weights.
    """
    whole = np.rint(wanted).astype(np.int64)
    below = whole - held
    return np.where((below == 1) | (below == 1 << gain), whole, held).astype(np.int64)


def weights_meant(net: NetworkData, held: NDArray[Any], wanted: NDArray[Any]) -> Ints:
    """Return recurrent weights without what `fire_at_threshold` took off them.

    Parameters
    ----------
    net : NetworkData
        The network.
    held : int array [N + extra axons, N]
        Weights of a chip, of the axons of neurons and of the extra axons.
    wanted : float array, of the same shape
        Weights that were asked for, in units of the chip's weights.
    """
    source = np.concatenate([np.arange(net.neuron_count), np.asarray(net.extra_source, np.int64)])
    lowered = net.parameters["inclusive"] & net.parameters["subtract"]
    meant = np.asarray(held, np.int64).copy()
    rows = np.flatnonzero(lowered[source])
    columns = source[rows]
    meant[rows, columns] += held[rows, columns] == np.rint(wanted[rows, columns]) - 1
    return meant


def _step(neuron: int, regions: Mapping[Region, NDArray[Any]], gains: tuple[int, int]) -> int:
    """Return the distance to the next lower membrane that a neuron can have, as far as a weight can express it."""
    grid = 1 << gains[1]
    drifts = any(int(regions[region][neuron]) for region in (Region.DECAY, Region.LEAK, Region.BIAS))
    whole = gains[0] >= gains[1] and int(regions[Region.THRESHOLD][neuron]) % grid == 0
    return grid if whole and not drifts else 1


def _own_axon(neuron: int, config: CoreConfig, regions: Mapping[Region, NDArray[Any]]) -> int | None:
    """Return the row of an axon that brings a spike back after one step; an axon that leads nowhere becomes one."""
    row = config.inputs + neuron
    delay = regions[Region.DELAY]
    if not delay[neuron] and not regions[Region.WEIGHTS][row].any():
        delay[neuron] = 1
    if delay[neuron] == 1:
        return row
    if Region.EXTRA_SOURCE in regions:
        found = np.flatnonzero((regions[Region.EXTRA_SOURCE] == neuron) & (regions[Region.EXTRA_DELAY] == 1))
        if found.size:
            return config.inputs + config.neurons + int(found[0])
    return None


def _gives_back(neuron: int, config: CoreConfig, regions: Mapping[Region, NDArray[Any]]) -> bool:
    """Lower the weight of a neuron onto itself by one, if that takes off the rest of the threshold."""
    row = _own_axon(neuron, config, regions)
    remembers = int(regions[Region.CURRENT_DECAY][neuron]) != DECAY_ALL
    if row is None or remembers or (Region.PLASTIC in regions and regions[Region.PLASTIC][row, neuron]):
        return False
    weights = regions[Region.WEIGHTS]
    if weights[row, neuron] <= config.weight_range[0]:
        return False
    # The decay of a step takes its part of the rest as well.
    weights[row, neuron] -= round(1 - int(regions[Region.DECAY][neuron]) / (1 << DECAY_BITS))
    return True
