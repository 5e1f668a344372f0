"""From a NIR graph to a network: which neurons there are, and what connects them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ...errors import FitError, InputError
from ...network.network import Network
from ...spec.config import LIMITS
from .graph import Graph
from .latency import Timing
from .layer import Layer
from .node import STATEFUL, Floats
from .options import Options
from .shapes import infer_shapes
from .wiring import Arrivals, Wiring

#: What an importer adds: neurons that hold inputs back, and one that fires in every step. No node has such a name.
RELAY, CLOCK = "/relay/", "/clock"
#: Steps, at most, for which a membrane that is only read is taken to add up the most that can arrive in one.
PILE = 64.0


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
    notes: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Graph, options: Options, levels: float) -> Plan:
        """Read a graph; raises FileFormatError or InputError naming the node that cannot be had.

        Parameters
        ----------
        graph : Graph
            The graph.
        options : Options
            What it leaves open.
        levels : float
            How many times the largest weight a threshold may be, before it and not the weights decides on the unit of
            its layer: what the state of the chip holds more than a weight.
        """
        return _Planner(graph, options, levels).plan()

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


class _Planner:
    """One graph on its way to a plan."""

    def __init__(self, graph: Graph, options: Options, levels: float) -> None:
        self.graph, self.options, self.levels = graph, options, levels
        self.shapes = infer_shapes(graph)
        self.wiring = Wiring(graph, self.shapes, options.dt)
        nodes = graph.nodes
        self.inputs = {
            name: int(np.prod(self.shapes[name]))
            for name, node in nodes.items()
            if node.kind == "Input" and graph.is_port(name)
        }
        self.layers = {
            name: Layer.of(node, self.shapes[name], options) for name, node in nodes.items() if node.kind in STATEFUL
        }
        options.check_names(list(self.layers))
        self.arrivals = {name: self.wiring.arrivals(name) for name in self.layers}
        self.readouts = {
            name: self._readout(name) for name, node in nodes.items() if node.kind == "Output" and graph.is_port(name)
        }
        if not self.layers:
            raise InputError("the graph has no neurons and no output; there is nothing to run")
        self.plan_ = Plan(self.inputs, self.layers, [], {}, {}, {}, self._timing(), self.readouts)

    def plan(self) -> Plan:
        plan = self.plan_
        for name, layer in list(self.layers.items()):
            plan.notes.setdefault(name, []).extend(layer.notes)
            plan.bias[name] = np.zeros(layer.size)
            for link in self._links(layer, self.arrivals[name]):
                plan.links.append(link)
            if layer.late:
                weights = np.diag(-layer.decay * layer.threshold)
                plan.links.append(Link(name, name, 1, weights, frozenset()))
        for name, error in self.wiring.delay_errors.items():
            plan.notes.setdefault(name, []).append((error, "steps, by rounding delays"))
        self._scale()
        return plan

    def _readout(self, name: str) -> str:
        """Layer that an output reads: the one that leads to it, or one that is made to add up what does."""
        sources = self.graph.sources[name]
        seen = {name}
        while len(sources) == 1 and sources[0] not in seen:
            source = sources[0]
            seen.add(source)
            if source in self.layers:
                return source
            if self.graph.nodes[source].kind not in ("Input", "Output") or source in self.inputs:
                break
            sources = self.graph.sources[source]
        self.layers[name] = Layer.memoryless(name, self.shapes[name], 1.0, silent=True)
        self.arrivals[name] = self.wiring.arrivals(name)
        if self.arrivals[name].membrane:
            self.wiring.refuse_membrane(self.arrivals[name].membrane, name)
        return name

    def _timing(self) -> Timing:
        edges = [
            (source, target, steps) for target, arrivals in self.arrivals.items() for source, steps in arrivals.matrices
        ]
        return Timing.of(list(self.layers), edges, list(self.inputs))

    def _links(self, layer: Layer, arrivals: Arrivals) -> Iterator[Link]:
        """All connections to a layer."""
        plan, timing = self.plan_, self.plan_.timing
        for key in arrivals.matrices:
            source, asked = key
            weights = self.wiring.matrix(key, arrivals, layer.name).T * layer.factor
            steps = timing.steps(source, layer.name, asked)
            via = frozenset(arrivals.via[key])
            if source in self.inputs and steps:
                plan.remarks.setdefault(source, []).append(
                    f"{self.inputs[source]} relay neurons hold it back for {layer.name!r}"
                )
                source = self._relay(source)
            elif (
                source in self.layers
                and timing.loop[source] == timing.loop[layer.name]
                and source != layer.name
                and not asked
            ):
                text = f"connections within its loop take one step each; from {source!r}"
                plan.remarks.setdefault(layer.name, []).append(text)
            yield Link(source, layer.name, steps, weights, via)
        if arrivals.constant is not None and arrivals.constant.any():
            yield from self._constant(layer, arrivals.constant.reshape(-1) * layer.factor)

    def _constant(self, layer: Layer, amount: Floats) -> Iterator[Link]:
        """Give a layer its bias: a parameter, or spikes of a clock where it must not act from the first step on."""
        late = self.plan_.timing.latency[layer.name]
        if not late and not layer.filters:
            self.plan_.bias[layer.name] = amount
            return
        if CLOCK not in self.layers:
            self._add(Layer.memoryless(CLOCK, (1,), -1.0))
        if not late:
            self.plan_.notes[layer.name].append((1.0, "steps, by which the bias reaches the synaptic current late"))
        yield Link(CLOCK, layer.name, max(late, 1), amount[None, :], frozenset())

    def _relay(self, source: str) -> str:
        name = RELAY + source
        if name not in self.layers:
            size = self.inputs[source]
            self._add(Layer.memoryless(name, (size,), 0.5))
            self.plan_.links.append(Link(source, name, 0, np.eye(size), frozenset()))
        return name

    def _add(self, layer: Layer) -> None:
        self.layers[layer.name] = layer
        self.plan_.bias[layer.name] = np.zeros(layer.size)
        self.plan_.timing.latency[layer.name] = 0

    def _scale(self) -> None:
        """Choose the unit of each layer, and bring all that meets its membranes to it."""
        plan, scaling = self.plan_, self.options.scaling
        for name, layer in self.layers.items():
            plan.height[name] = self._height(layer)
            if isinstance(scaling, str):
                unit = self._unit(layer, each=scaling == "neuron") if scaling != "none" else np.ones(layer.size)
            else:
                unit = np.full(layer.size, scaling.get(name, 1.0))
            plan.unit[name] = unit
        plan.links = [
            Link(link.source, link.target, link.steps, link.weights * plan.unit[link.target], link.via)
            for link in plan.links
        ]

    def _height(self, layer: Layer) -> Floats:
        if not layer.silent:
            return layer.threshold
        zeros = np.zeros(layer.size)
        arriving = sum((np.abs(link.weights).sum(axis=0) for link in self.plan_.into(layer.name)), zeros)
        steps = np.minimum(1 / np.maximum(layer.decay * layer.decay_syn, 1 / PILE), PILE)
        height = np.maximum(arriving, np.abs(self.plan_.bias[layer.name])) * steps
        return np.where(height > 0, height, 1.0)

    def _unit(self, layer: Layer, *, each: bool) -> Floats:
        largest = np.zeros(layer.size)
        for link in self.plan_.into(layer.name):
            largest = np.maximum(largest, np.abs(link.weights).max(axis=0, initial=0.0))
        plan = self.plan_
        level = np.maximum(np.abs(plan.height[layer.name]), np.abs(layer.reset))
        level = np.maximum(level, np.abs(plan.bias[layer.name]))
        size = np.where(largest > 0, np.maximum(largest, level / self.levels), level)
        size = size if each else np.full(layer.size, size.max(initial=0.0))
        return np.where(size > 0, 1 / np.where(size > 0, size, 1.0), 1.0)
