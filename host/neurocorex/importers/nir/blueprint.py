"""Blueprint of a graph's network: layers of neurons, projections between them, and the network made of both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...errors import FitError
from ...network.network import Network
from ...network.parts import LONGEST
from ...network.population import Population
from ...spec.config import LIMITS
from .latency import Timing
from .layer import Layer
from .node import Floats

#: Name of a neuron that the importer adds, a clock that fires in every step. No node can have such a name.
CLOCK = "/clock"


@dataclass(frozen=True, eq=False)
class Projection:
    """Weights from one source to one layer, with one delay.

    Attributes
    ----------
    source, target : str
        Names: a source is an input, a layer, or the clock.
    steps : int
        Delay from spike to arrival; 0 only from inputs.
    weights : float array [source, target]
        In the unit of each target's membrane on the chip.
    via : frozenset of str
        Nodes on the way.
    """

    source: str
    target: str
    steps: int
    weights: Floats
    via: frozenset[str]


@dataclass(eq=False)
class Blueprint:
    """Everything that the network of a graph is built from.

    Attributes
    ----------
    inputs : dict of int
        Size of each input, in the order of the graph.
    layers : dict of Layer
        All layers, in their order on the chip.
    projections : list of Projection
        All connections.
    bias : dict of float array [size]
        Bias of each layer, added to membranes in every step.
    height : dict of float array [size]
        Thresholds. For neurons that never fire, an estimate of their highest membrane, which the scale is chosen by.
    unit : dict of float array [size]
        Units of the chip's network per unit of the graph, for each neuron of a layer.
    timing : Timing
        Latencies.
    readouts : dict of str
        For each output of the graph, the layer that it reads.
    unsupported : dict of str
        For each unsupported node the reason, and what to do. The network leaves these nodes out.
    notes : dict of list of (float, str)
        For each node its differences from the graph before rounding: relative size, and description.
    remarks : dict of list of str
        For each node what else the user should know.
    """

    inputs: dict[str, int]
    layers: dict[str, Layer]
    projections: list[Projection]
    bias: dict[str, Floats]
    height: dict[str, Floats]
    unit: dict[str, Floats]
    timing: Timing
    readouts: dict[str, str]
    unsupported: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)

    def places(self) -> dict[str, slice]:
        """Return the neurons of each layer on the chip."""
        return _places({name: layer.size for name, layer in self.layers.items()})

    def axons(self) -> dict[str, slice]:
        """Return the input axons of each input."""
        return _places(self.inputs)

    def network(self, dt: float) -> Network:
        """Build the network; raises FitError if no chip has so many inputs or neurons, or such long delays."""
        sizes = {"inputs": sum(self.inputs.values()), "neurons": sum(layer.size for layer in self.layers.values())}
        for what, size in sizes.items():
            if size > max(LIMITS[what]):
                largest = max(self.inputs if what == "inputs" else self.layers, key=lambda name: self._size(name))
                raise FitError(
                    f"the graph needs {size} {what}, at most {max(LIMITS[what])} can be built; the largest part is "
                    f"{largest!r} with {self._size(largest)}"
                )
        for each in self.projections:
            most = LONGEST if each.source in self.inputs else max(LIMITS["max_delay"])
            if each.steps > most:
                raise FitError(
                    f"node {each.target!r} needs spikes that are {each.steps} steps old, at most {most} are possible; "
                    "take a longer dt or shorter delays"
                )
        net = Network(max(sizes["inputs"], 1), max(sizes["neurons"], 1), dt_ms=dt * 1e3)
        places, axons = self.places(), self.axons()
        for name, layer in self.layers.items():
            unit = self.unit[name]
            net.neurons[places[name]].set(
                threshold=self.height[name] * unit, reset=layer.reset * unit, bias=self.bias[name] * unit,
                decay=layer.decay, decay_syn=layer.decay_syn, refractory_ms=layer.refractory * 1e3,
                reset_mode="subtract" if layer.subtract else "value", refractory="hold" if layer.hold else "integrate",
                fires_at=">=" if layer.inclusive else ">",
            )  # fmt: skip
        for projection in self.projections:
            target = net.neurons[places[projection.target]]
            used = np.flatnonzero(projection.weights.any(axis=1))
            if not used.size:
                continue
            source: Population = (
                net.inputs[axons[projection.source]][used]
                if projection.source in axons
                else net.neurons[places[projection.source]][used]
            )
            net.connect(source, target, projection.weights[used], delay_ms=projection.steps * net.dt_ms)
        return net

    def pacemakers(self) -> list[int]:
        """Return the neurons that the graph means to fire without input: they rest above their threshold."""
        drives = [np.broadcast_to(layer.drive, layer.size) for layer in self.layers.values()]
        return [int(neuron) for neuron in np.flatnonzero(np.concatenate(drives) > 0)]

    def into(self, name: str) -> list[Projection]:
        """Return the projections to a layer."""
        return [projection for projection in self.projections if projection.target == name]

    def _size(self, name: str) -> int:
        return self.inputs[name] if name in self.inputs else self.layers[name].size


def _places(sizes: dict[str, int]) -> dict[str, slice]:
    """Return consecutive slices of given sizes."""
    ends = np.cumsum(list(sizes.values()))
    return {name: slice(int(end) - sizes[name], int(end)) for name, end in zip(sizes, ends, strict=True)}
