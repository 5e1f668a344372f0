"""From the nodes of a NIR graph to the plan of a network: which neurons there are, and what connects them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...errors import InputError
from .graph import Graph
from .latency import Timing
from .layer import Layer
from .node import STATEFUL, Floats
from .options import Options
from .plan import CLOCK, RELAY, Link, Plan
from .shapes import infer_shapes
from .wiring import Arrivals, Wiring

#: Steps, at most, for which a membrane that is only read is taken to add up the most that can arrive in one.
PILE = 64.0


def plan_of(graph: Graph, options: Options, levels: float) -> Plan:
    """Work out what a graph becomes.

    Parameters
    ----------
    graph : Graph
        The graph.
    options : Options
        What it leaves open.
    levels : float
        How many times the largest weight a threshold may be, before it and not the weights decides on the unit of its
        layer: what the state of the chip holds more than a weight.

    Raises
    ------
    FileFormatError, InputError, FitError
        Naming the node that makes no sense, is too large, or cannot be had.
    """
    return _Planner(graph, options, levels).plan()


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
        self.plan_ = Plan(
            self.inputs, self.layers, [], {}, {}, {}, self._timing(), self.readouts, self.wiring.unsupported
        )

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
