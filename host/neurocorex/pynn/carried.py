"""State that the PyNN backend carries from one loaded network to the next, in units of PyNN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..device.device import Device
from ..spec import Control, CoreConfig, Region, controls
from .blueprint import Axon, Blueprint
from .refusal import ParameterRefusedError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Carried:
    """State of the neurons, and of traces of axons and neurons.

    Attributes
    ----------
    membranes_mv, currents : float array [N]
        Membranes, and synaptic currents in nA.
    refractory, history : int64 array [N]
        Steps of refractoriness left, and the last steps in which each neuron fired.
    pre, post : dict of Axon to float, float array [N]
        Traces, in spikes.
    """

    membranes_mv: Floats
    currents: Floats
    refractory: Ints
    history: Ints
    pre: dict[Axon, float]
    post: Floats

    @classmethod
    def at_first(cls, plan: Blueprint) -> Carried:
        """Return the initial state."""
        count = plan.cells.count
        zeros = np.zeros(count, np.int64)
        carried = cls(np.zeros(count), np.zeros(count), zeros, zeros.copy(), {}, np.zeros(count))
        carried.initialise(plan, everything=True)
        return carried

    @classmethod
    def of(cls, device: Device, plan: Blueprint, scales: Floats) -> Carried:
        """Read the state of a device."""
        cells = plan.cells
        held = {region: values[: cells.count].astype(np.int64) for region, values in device.state().items()}
        pre, post = dict[Axon, float](), np.zeros(cells.count)
        if Region.PRE_TRACE in device.state():
            rises = _rises(device)
            traces, config = device.read(Region.PRE_TRACE), device.config
            for axon, row in plan.axons.items():
                pre[axon] = float(traces[_row_of_chip(row, plan, config)] / rises[0 if axon[0] else 1])
            post = held[Region.POST_TRACE] / rises[2]
        return cls(
            held[Region.MEMBRANE] / scales * cells.unit_mv + cells.rest_mv, held[Region.CURRENT] / scales,
            held[Region.REFRACTORY_COUNT], held[Region.HISTORY], pre, post,
        )  # fmt: skip

    def initialise(self, plan: Blueprint, *, everything: bool = False) -> None:
        """Take initial values of populations: all, or those that were given since the last run, and of new cells."""
        known = 0 if everything else len(self.membranes_mv)
        grown = plan.cells.count - len(self.membranes_mv)
        for name in ("membranes_mv", "currents", "refractory", "history", "post"):
            setattr(self, name, np.pad(getattr(self, name), (0, grown)))
        for population in plan.cells.populations:
            place = population.first + np.arange(population.size)
            fresh = place >= known
            for variable, values in population.initial.items():
                chosen = fresh | population.moved.get(variable, np.zeros(population.size, np.bool_))
                if variable == "v":
                    self.membranes_mv[place[chosen]] = values[chosen]
                elif chosen.any():
                    # One synaptic current holds both, so that either gives all of it.
                    both = sum(each for name, each in population.initial.items() if name != "v")
                    self.currents[place[chosen]] = np.asarray(both)[chosen]

    def put(self, device: Device, plan: Blueprint, scales: Floats) -> None:
        """Write it to a device that a network was loaded onto.

        Raises
        ------
        ParameterRefusedError
            For membranes or currents that are beyond the range of the chip.
        """
        self.initialise(plan)
        cells, config = plan.cells, device.config
        low, high = config.state_range
        items: dict[Region, NDArray[Any]] = {
            Region.MEMBRANE: (self.membranes_mv - cells.rest_mv) / cells.unit_mv * scales,
            Region.CURRENT: self.currents * scales,
        }
        for region, values in items.items():
            wrong = np.flatnonzero((values < low) | (values > high))
            if wrong.size:
                raise ParameterRefusedError(
                    f"neuron {wrong[0]} begins with a {region.row.meaning} beyond the range of the chip; initialise it "
                    "closer to rest"
                )
        items |= {Region.REFRACTORY_COUNT: self.refractory, Region.HISTORY: self.history}
        if self.post.any() or any(self.pre.values()):
            rises = _rises(device)
            top = (1 << config.trace_bits) - 1
            traces = np.zeros(config.axons)
            for axon, row in plan.axons.items():
                traces[_row_of_chip(row, plan, config)] = self.pre.get(axon, 0.0) * rises[0 if axon[0] else 1]
            device.write(Region.PRE_TRACE, np.minimum(np.rint(traces), top).astype(np.int64))
            items[Region.POST_TRACE] = np.minimum(self.post * rises[2], top)
        for region, values in items.items():
            if values.any():
                whole = np.zeros(config.neurons, np.int64)
                whole[: cells.count] = np.rint(values).astype(np.int64)
                device.write(region, whole)


def _rises(device: Device) -> tuple[int, int, int]:
    """Return what a spike adds to traces: of axons of inputs, of other axons, and of neurons."""
    present, held = controls(device.config), device.read(Region.CONTROL)
    others = Control.PRE_INCREMENT_OTHERS if Control.PRE_INCREMENT_OTHERS in present else Control.PRE_INCREMENT
    registers = (Control.PRE_INCREMENT, others, Control.POST_INCREMENT)
    values = [max(int(held[register]), 1) for register in registers]
    return values[0], values[1], values[2]


def _row_of_chip(row: int, plan: Blueprint, config: CoreConfig) -> int:
    """Return the row of a chip, which may be larger, for a row of the network."""
    net = plan.net
    if row < net.input_count:
        return row
    if row < net.input_count + net.neuron_count:
        return row - net.input_count + config.inputs
    return row - net.input_count - net.neuron_count + config.inputs + config.neurons
