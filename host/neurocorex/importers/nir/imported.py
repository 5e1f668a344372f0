"""A graph that became an image, and the way back from what a chip says to the graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...device.result import Result
from ...errors import InputError
from ...image import Image
from ...network.network import Network
from ..labels import ImportReport
from .node import Floats, Shape


@dataclass(frozen=True, eq=False)
class Part:
    """Neurons of one node.

    Attributes
    ----------
    neurons : int array
        Which they are, rising.
    shape : tuple of int
        Of the node.
    latency : int
        Steps by which they are later than in the graph.
    unit : float array [neurons]
        Units of the chip's state per unit of the membrane in the graph.
    rest : float array [neurons]
        Membrane in the graph where the chip has 0.
    """

    neurons: NDArray[np.intp]
    shape: Shape
    latency: int
    unit: Floats
    rest: Floats


@dataclass(frozen=True, eq=False)
class Imported:
    """What `from_nir` returns.

    Attributes
    ----------
    image : Image
        Ready for `Device.load`.
    report : ImportReport
        A label for every node, and what quantising lost.
    dt : float
        Length of a step in the unit of the graph.
    inputs : dict of slice
        Input axons of each input of the graph.
    layers : dict of Part
        Neurons of each node, and those that the importer added.
    outputs : dict of str
        For each output of the graph the layer that it stands for.
    network : Network or None
        In floats; None for a graph that came from `to_nir` and has its integers in it.
    """

    image: Image
    report: ImportReport
    dt: float
    inputs: dict[str, slice]
    layers: dict[str, Part]
    outputs: dict[str, str]
    network: Network | None = None

    def __repr__(self) -> str:
        return f"<imported: {self.image!r}, {len(self.layers)} layers, {len(self.outputs)} outputs>"

    def part(self, name: str | None = None) -> Part:
        """Neurons of a layer or output by name; without one of the only output. Raises InputError if there is none."""
        if name is None:
            if len(self.outputs) != 1:
                raise InputError(
                    f"the graph has {len(self.outputs)} outputs; name one of {', '.join(self.outputs) or 'none'}"
                )
            name = next(iter(self.outputs))
        layer = self.outputs.get(name, name)
        if layer not in self.layers:
            raise InputError(f"{name!r} is no layer or output; there are {', '.join([*self.layers, *self.outputs])}")
        return self.layers[layer]

    @property
    def latency(self) -> int:
        """Steps to run longer than the graph, so that its last layer has seen everything."""
        return max(part.latency for part in self.layers.values())

    def spikes(self, result: Result, name: str | None = None) -> NDArray[np.bool_]:
        """Return spikes of a layer, [steps, n] or [samples, steps, n], in the time of the graph."""
        part = self.part(name)
        return result.spikes[..., part.latency :, part.neurons]

    def membranes(self, result: Result, name: str | None = None) -> Floats:
        """Return recorded membranes of a layer in units and time of the graph, shaped as those of `spikes`.

        Raises
        ------
        InputError
            If not all of them were recorded.
        """
        part = self.part(name)
        wanted = part.neurons
        columns = np.searchsorted(result.v_neurons, wanted)
        if not np.isin(wanted, result.v_neurons).all():
            raise InputError(
                f"membranes of neurons {wanted[0]} to {wanted[-1]} were not recorded; run with record={{'v': ...}}"
            )
        return np.asarray(result.v[..., part.latency :, columns] / part.unit + part.rest)
