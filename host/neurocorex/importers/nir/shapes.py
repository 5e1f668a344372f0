"""Output shapes of all nodes of a graph, inferred from the nodes that tell theirs."""

from __future__ import annotations

import math

from . import linear
from .graph import Graph
from .node import LINEAR, Node, Shape

#: For each kind of neuron, the fields with a number for each neuron, or one for all. The first one must be there.
_SIZED = {
    "LIF": ("v_threshold", "tau", "r", "v_leak", "v_reset"),
    "CubaLIF": ("v_threshold", "tau_mem", "tau_syn", "r", "w_in", "v_leak", "v_reset"),
    "IF": ("v_threshold", "r", "v_reset"),
    "Threshold": ("threshold",),
    "LI": ("tau", "r", "v_leak"),
    "CubaLI": ("tau_mem", "tau_syn", "r", "w_in", "v_leak"),
    "I": ("r",),
}


def infer_shapes(graph: Graph) -> dict[str, Shape]:
    """Infer the output shape of every node.

    Neurons whose parameters are single numbers take the shape of their input, as layers of PyTorch do.

    Raises
    ------
    FileFormatError
        If shapes contradict each other, or a shape cannot be inferred; the message names the node.
    """
    known: dict[str, Shape] = {}
    for name, node in graph.nodes.items():
        shape = _own(node)
        if shape is not None:
            known[name] = shape
    _drop_batches(graph, known)
    waiting = [name for name in graph.nodes if name not in known]
    while waiting:
        found = {name: shape for name in waiting if (shape := _given(graph, name, known)) is not None}
        if not found:
            node = graph.nodes[waiting[0]]
            raise node.bad("nothing says what shape it has; connect it to an Input, or give it an input_shape")
        known |= found
        waiting = [name for name in waiting if name not in known]
    for name, node in graph.nodes.items():
        _check(graph, node, known[name], known)
    return known


def _drop_batches(graph: Graph, known: dict[str, Shape]) -> None:
    """Remove the leading ones, batch and time, that a tool left in the shape of a port or of neurons."""
    for name in graph.sources:
        for source in graph.sources[name]:
            if name not in known or source not in known:
                continue
            target = graph.nodes[name]
            takes = linear.input_shape(target) if target.kind in LINEAR else known[name]
            given = known[source]
            if takes is None or takes == given:
                continue
            if target.kind not in LINEAR and _without_ones(takes, given):
                known[name] = given
            elif graph.nodes[source].kind not in LINEAR and _without_ones(given, takes):
                known[source] = takes


def _without_ones(shape: Shape, other: Shape) -> bool:
    """Whether a shape is another one behind leading ones."""
    extra = len(shape) - len(other)
    return extra > 0 and shape[:extra] == (1,) * extra and shape[extra:] == other


def _own(node: Node) -> Shape | None:
    """Return the output shape that the fields of a node tell, or None."""
    if node.kind in ("Input", "Output"):
        shape = node.shape_field("shape")
        if shape is None:
            field = node.fields.get("input_type" if node.kind == "Input" else "output_type")
            if isinstance(field, dict):
                return Node(node.name, node.kind, {"shape": next(iter(field.values()), None)}).shape_field("shape")
        return shape
    if node.kind in _SIZED:
        shapes = [node.raw(name).shape for name in _SIZED[node.kind]]
        return next((shape for shape in shapes if math.prod(shape) > 1), None)
    if node.kind in LINEAR:
        takes = linear.input_shape(node)
        return None if takes is None else linear.output_shape(node, takes)
    return None


def _given(graph: Graph, name: str, known: dict[str, Shape]) -> Shape | None:
    """Return the output shape that follows from the input of a node, or None if that is not known yet."""
    node = graph.nodes[name]
    for source in graph.sources[name]:
        if source in known:
            return linear.output_shape(node, known[source]) if node.kind in LINEAR else known[source]
    if node.kind == "Input":
        targets = [graph.nodes[target] for target, sources in graph.sources.items() if name in sources]
        taken = [linear.input_shape(each) if each.kind in LINEAR else known.get(each.name) for each in targets]
        return next((shape for shape in taken if shape is not None), None)
    if not graph.sources[name] and node.kind in _SIZED:
        return node.floats(_SIZED[node.kind][0]).shape or (1,)
    return None


def _check(graph: Graph, node: Node, shape: Shape, known: dict[str, Shape]) -> None:
    node.check_size(shape, "its output")
    for source in graph.sources[node.name]:
        given = known[source]
        made = linear.output_shape(node, given) if node.kind in LINEAR else given
        if made != shape:
            raise node.bad(f"gets values of shape {given} from {source!r}, which does not fit its shape {shape}")
