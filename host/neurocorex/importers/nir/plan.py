"""What a graph becomes on a chip: layers of neurons, links between them, and the network made of both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...errors import FitError
from ...network.network import Network
from ...spec.config import LIMITS
from .latency import Timing
from .layer import Layer
from .node import Floats

#: What an importer adds: neurons that hold inputs back, and one that fires in every step. No node has such a name.
RELAY, CLOCK = "/relay/", "/clock"


@dataclass(frozen=True, eq=False)
class Link:
    """Weights from one source to one layer, with one delay.

    Attributes
    ----------
    source, target : str
        A source is an input, a layer, or what an importer adds.
    steps : int
        From spike to arrival; 0 only from inputs.
    weights : float array [source, target]
        In the unit that the membrane of each target has on the chip.
    via : frozenset of str
        Nodes on the way.
    """

    source: str
    target: str
    steps: int
    weights: Floats
    via: frozenset[str]


@dataclass(eq=False)
class Plan:
    """All that a network is built from.

    Attributes
    ----------
    inputs : dict of int
        Size of each input, in the order of the graph.
    layers : dict of Layer
        All neurons by layer, in the order that they have on the chip.
    links : list of Link
        All connections.
    bias : dict of float array [size]
        What membranes get in every step.
    height : dict of float array [size]
        Thresholds; for neurons that never fire about as high as their membrane gets, which is what a scale needs.
    unit : dict of float array [size]
        Units of the chip's network per unit of the graph, for each neuron of a layer.
    timing : Timing
        Latencies.
    readouts : dict of str
        For each output of the graph the layer that it stands for.
    unsupported : dict of str
        By node that cannot be had: the reason, and what to do. The network lacks what these would do.
    notes : dict of list of (float, str)
        By node: what is not as in the graph before anything is rounded.
    remarks : dict of list of str
        By node: what a person should know.
    """

    inputs: dict[str, int]
    layers: dict[str, Layer]
    links: list[Link]
    bias: dict[str, Floats]
    height: dict[str, Floats]
    unit: dict[str, Floats]
    timing: Timing
    readouts: dict[str, str]
    unsupported: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)

    def places(self) -> dict[str, slice]:
        """Neurons of each layer on the chip."""
        return _places({name: layer.size for name, layer in self.layers.items()})

    def axons(self) -> dict[str, slice]:
        """Input axons of each input."""
        return _places(self.inputs)

    def network(self, dt: float) -> Network:
        """Build it; raises FitError if there are more inputs or neurons than any chip has."""
        sizes = {"inputs": sum(self.inputs.values()), "neurons": sum(layer.size for layer in self.layers.values())}
        for what, size in sizes.items():
            if size > max(LIMITS[what]):
                largest = max(self.inputs if what == "inputs" else self.layers, key=lambda name: self._size(name))
                raise FitError(
                    f"the graph needs {size} {what}, at most {max(LIMITS[what])} can be built; the largest part is "
                    f"{largest!r} with {self._size(largest)}"
                )
        deepest = max(self.links, key=lambda link: link.steps, default=None)
        if deepest is not None and deepest.steps > max(LIMITS["max_delay"]):
            raise FitError(
                f"node {deepest.target!r} needs spikes that are {deepest.steps} steps old, at most "
                f"{max(LIMITS['max_delay'])} can be built; take a longer dt or shorter delays"
            )
        net = Network(max(sizes["inputs"], 1), max(sizes["neurons"], 1), dt_ms=dt * 1e3)
        places, axons = self.places(), self.axons()
        for name, layer in self.layers.items():
            unit = self.unit[name]
            net.neurons[places[name]].set(
                threshold=self.height[name] * unit, reset=layer.reset * unit, bias=self.bias[name] * unit,
                decay=layer.decay, decay_syn=layer.decay_syn, refractory_ms=layer.refractory * 1e3,
                reset_mode="subtract" if layer.subtract else "value", refractory="hold" if layer.hold else "integrate",
            )  # fmt: skip
        for link in self.links:
            target = net.neurons[places[link.target]]
            used = np.flatnonzero(link.weights.any(axis=1))
            if not used.size:
                continue
            if link.source in axons:
                net.connect(net.inputs[axons[link.source]][used], target, link.weights[used])
            else:
                source = net.neurons[places[link.source]][used]
                net.connect(source, target, link.weights[used], delay_ms=link.steps * net.dt_ms)
        return net

    def into(self, name: str) -> list[Link]:
        """Return the connections to a layer."""
        return [link for link in self.links if link.target == name]

    def _size(self, name: str) -> int:
        return self.inputs[name] if name in self.inputs else self.layers[name].size


def _places(sizes: dict[str, int]) -> dict[str, slice]:
    """One place behind the other."""
    ends = np.cumsum(list(sizes.values()))
    return {name: slice(int(end) - sizes[name], int(end)) for name, end in zip(sizes, ends, strict=True)}
