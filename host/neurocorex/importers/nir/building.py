"""Builder of blueprints: which neurons the nodes of a NIR graph become, and which projections connect them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...errors import InputError
from .blueprint import CLOCK, Blueprint, Projection
from .graph import Graph
from .latency import Timing
from .layer import Layer
from .node import STATEFUL, Floats
from .options import Options
from .shapes import infer_shapes
from .units import unit_of
from .wiring import Arrivals, Wiring

#: A membrane that is only read is assumed to add up the largest input of a step for at most so many steps.
PILE = 64.0


def blueprint_of(graph: Graph, options: Options, levels: float, weight_bits: int) -> Blueprint:
    """Make the blueprint of a graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    options : Options
        Options of the import.
    levels : float
        Largest ratio of a threshold to the largest weight at which the weights set the unit of a layer; above it the
        threshold does.
    weight_bits : int
        Width of a weight of the chip.

    Raises
    ------
    FileFormatError, InputError, FitError
        For a node that is inconsistent, too large or impossible; the message names it.
    """
    return _Builder(graph, options, levels, weight_bits).build()


class _Builder:
    """Builder of the blueprint of one graph."""

    def __init__(self, graph: Graph, options: Options, levels: float, weight_bits: int) -> None:
        self.graph, self.options, self.levels, self.weight_bits = graph, options, levels, weight_bits
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
        self.blueprint = Blueprint(
            self.inputs, self.layers, [], {}, {}, {}, self._timing(), self.readouts, self.wiring.unsupported
        )

    def build(self) -> Blueprint:
        blueprint = self.blueprint
        for name, layer in list(self.layers.items()):
            layer = self.layers[name] = layer.started(blueprint.timing.latency[name])
            blueprint.notes.setdefault(name, []).extend(layer.notes)
            blueprint.bias[name] = np.zeros(layer.size) + layer.drive
            if layer.restless:
                blueprint.remarks.setdefault(name, []).append("rests above its threshold and fires by itself")
            for projection in self._projections(layer, self.arrivals[name]):
                blueprint.projections.append(projection)
            if layer.late:
                weights = np.diag(-layer.decay * layer.threshold)
                blueprint.projections.append(Projection(name, name, 1, weights, frozenset()))
        for name, error in self.wiring.delay_errors.items():
            blueprint.notes.setdefault(name, []).append((error, "steps, by rounding delays"))
        self._scale()
        return blueprint

    def _readout(self, name: str) -> str:
        """Return the layer that an output reads: its only source, or a new layer that sums its sources."""
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

    def _projections(self, layer: Layer, arrivals: Arrivals) -> Iterator[Projection]:
        """Return the projections to a layer."""
        blueprint, timing = self.blueprint, self.blueprint.timing
        for key in arrivals.matrices:
            source, asked = key
            weights = self.wiring.matrix(key, arrivals, layer.name).T * layer.factor
            steps = timing.steps(source, layer.name, asked)
            via = frozenset(arrivals.via[key])
            if source in self.inputs and steps:
                blueprint.remarks.setdefault(source, []).append(
                    f"its spikes reach {layer.name!r} {steps} step{'s' * (steps > 1)} later"
                )
            elif (
                source in self.layers
                and timing.loop[source] == timing.loop[layer.name]
                and source != layer.name
                and not asked
            ):
                text = f"connections within its loop take one step each; from {source!r}"
                blueprint.remarks.setdefault(layer.name, []).append(text)
            yield Projection(source, layer.name, steps, weights, via)
        if arrivals.constant is not None and arrivals.constant.any():
            yield from self._constant(layer, arrivals.constant.reshape(-1) * layer.factor)

    def _constant(self, layer: Layer, amount: Floats) -> Iterator[Projection]:
        """Give a layer its bias: a parameter, or spikes of a clock if it must not act from the first step on."""
        late = self.blueprint.timing.latency[layer.name]
        if not late and not layer.filters:
            self.blueprint.bias[layer.name] += amount
            return
        if CLOCK not in self.layers:
            self._add(Layer.memoryless(CLOCK, (1,), -1.0))
        if not late:
            self.blueprint.notes[layer.name].append((1.0, "steps, by which the bias reaches the synaptic current late"))
        yield Projection(CLOCK, layer.name, max(late, 1), amount[None, :], frozenset())

    def _add(self, layer: Layer) -> None:
        self.layers[layer.name] = layer
        self.blueprint.bias[layer.name] = np.zeros(layer.size)
        self.blueprint.timing.latency[layer.name] = 0

    def _scale(self) -> None:
        """Choose the unit of each layer, and multiply the weights of its projections by it."""
        blueprint, scaling = self.blueprint, self.options.scaling
        for name, layer in self.layers.items():
            blueprint.height[name] = self._height(layer)
            if scaling == "none":
                unit = np.ones(layer.size)
            elif isinstance(scaling, str):
                unit = unit_of(blueprint, name, self.levels, self.weight_bits, each=scaling == "neuron")
            else:
                unit = np.full(layer.size, scaling.get(name, 1.0))
            blueprint.unit[name] = unit
        blueprint.projections = [
            Projection(
                projection.source,
                projection.target,
                projection.steps,
                projection.weights * blueprint.unit[projection.target],
                projection.via,
            )
            for projection in blueprint.projections
        ]

    def _height(self, layer: Layer) -> Floats:
        if not layer.silent:
            return layer.threshold
        zeros = np.zeros(layer.size)
        arriving = sum(
            (np.abs(projection.weights).sum(axis=0) for projection in self.blueprint.into(layer.name)), zeros
        )
        steps = np.minimum(1 / np.maximum(layer.decay * layer.decay_syn, 1 / PILE), PILE)
        height = np.maximum(arriving, np.abs(self.blueprint.bias[layer.name])) * steps
        return np.where(height > 0, height, 1.0)
