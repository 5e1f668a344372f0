"""Weight matrices between layers: all nodes between neurons multiplied out, with a delay for each matrix.

Nodes without memory are evaluated once, in the order of the data. The input of a node is kept as one array for each
source and delay; a source is an input of the graph, or a layer of neurons.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from ...errors import FileFormatError
from . import linear
from .graph import Graph
from .node import PORTS, SILENT, STATEFUL, Floats, Node, Shape

#: A source, and the steps from its spike to the arrival that the graph asks for.
Key = tuple[str, int]


@dataclass
class Arrivals:
    """Input or output of a node.

    Attributes
    ----------
    matrices : dict of float array [*shape, S], or None
        For each source and delay; None stands for the identity.
    constant : float array [*shape] or None
        Part that does not depend on spikes.
    via : dict of set of str
        For each source and delay the nodes on the way.
    membrane : str
        Name of neurons whose membrane is part of it, which only an output can have; "" if none.
    """

    matrices: dict[Key, Floats | None] = field(default_factory=dict)
    constant: Floats | None = None
    via: dict[Key, set[str]] = field(default_factory=dict)
    membrane: str = ""


class Wiring:
    """Evaluation of the nodes without memory of one graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    shapes : dict of tuple
        Output shape of every node.
    dt : float
        Length of a step.

    Attributes
    ----------
    delay_errors : dict of float
        For each Delay, the largest difference of a delay from whole steps, in steps.
    unsupported : dict of str
        For each unsupported node the reason, and what to do.
    """

    def __init__(self, graph: Graph, shapes: dict[str, Shape], dt: float) -> None:
        self._graph, self._shapes, self._dt = graph, shapes, dt
        self._leaving: dict[str, Arrivals] = {}
        self.delay_errors: dict[str, float] = {}
        self.unsupported: dict[str, str] = {}
        for name, node in graph.nodes.items():
            if self._is_source(name):
                self._leaving[name] = Arrivals({(name, 0): None}, None, {(name, 0): set()})
            elif node.kind in SILENT:
                self._leaving[name] = Arrivals(membrane=name)
        for name in self._order():
            self._leaving[name] = self._passed(graph.nodes[name], self.arrivals(name))

    def arrivals(self, name: str) -> Arrivals:
        """Return the sum of all inputs of a node. Membranes cannot be sent and are refused."""
        total = Arrivals()
        for source in self._graph.sources[name]:
            given = self._leaving[source]
            if given.membrane and self._graph.nodes[name].kind not in PORTS:
                self.refuse_membrane(given.membrane, name)
            else:
                total.membrane = total.membrane or given.membrane
            for key, matrix in given.matrices.items():
                if key not in total.matrices:
                    total.matrices[key] = matrix
                else:
                    total.matrices[key] = self._dense(key, total.matrices[key], name) + self._dense(key, matrix, name)
                total.via.setdefault(key, set()).update(given.via[key])
            if given.constant is not None:
                total.constant = given.constant if total.constant is None else total.constant + given.constant
        return total

    def refuse_membrane(self, name: str, target: str) -> None:
        """Record that the membrane of a node is sent to a target that cannot get it."""
        self.unsupported[name] = (
            f"its membrane goes to {target!r}, but neurons of a chip send spikes only; connect it to an output alone, "
            "or use a CubaLIF for a synapse with memory"
        )

    def matrix(self, key: Key, arrivals: Arrivals, name: str) -> Floats:
        """Return the matrix from one source with one delay, [size, S]."""
        values = self._dense(key, arrivals.matrices[key], name)
        return values.reshape(-1, values.shape[-1])

    def _is_source(self, name: str) -> bool:
        node = self._graph.nodes[name]
        top_input = node.kind == "Input" and self._graph.is_port(name)
        return top_input or (node.kind in STATEFUL and node.kind not in SILENT)

    def _order(self) -> Iterable[str]:
        """Return the nodes without memory, each after the nodes that lead to it."""
        waiting = {
            name: {source for source in self._graph.sources[name] if source not in self._leaving}
            for name in self._graph.nodes
            if name not in self._leaving
        }
        while waiting:
            ready = [name for name, before in waiting.items() if not before & waiting.keys()]
            if not ready:
                # Nodes behind the cycle are left out of the message.
                while loose := waiting.keys() - {name for before in waiting.values() for name in before}:
                    waiting = {name: before for name, before in waiting.items() if name not in loose}
                names = " and ".join(repr(name) for name in list(waiting)[:3])
                raise FileFormatError(
                    f"node {names}: part of a cycle without neurons, which means nothing in steps; add neurons"
                )
            for name in ready:
                del waiting[name]
            yield from ready

    def _passed(self, node: Node, given: Arrivals) -> Arrivals:
        """Return the output of a node for an input."""
        if node.kind in ("Input", "Output"):
            return given
        shape = self._shapes[self._graph.sources[node.name][0]] if self._graph.sources[node.name] else ()
        made = Arrivals()
        for key, values in given.matrices.items():
            via = given.via[key] | {node.name}
            if node.kind == "Delay":
                for steps, part in self._delayed(node, key, values):
                    late = (key[0], key[1] + steps)
                    held = made.matrices.get(late)
                    made.matrices[late] = part if held is None else held + self._dense(late, part, node.name)
                    made.via.setdefault(late, set()).update(via)
            else:
                made.matrices[key] = linear.apply(node, self._dense(key, values, node.name))
                made.via[key] = via
        if self._graph.sources[node.name]:
            made.constant = linear.constant(node, shape)
            if given.constant is not None and node.kind != "Delay":
                moved = linear.apply(node, given.constant[..., None])[..., 0]
                made.constant = moved if made.constant is None else made.constant + moved
            elif node.kind == "Delay":
                made.constant = given.constant
        return made

    def _delayed(self, node: Node, key: Key, values: Floats | None) -> list[tuple[int, Floats | None]]:
        """Split values by the delay of their rows in steps."""
        shape = self._shapes[node.name]
        time = node.parameter("delay", shape)
        if (time < 0).any():
            raise node.bad(f"delay must be 0 or more, got {time.min():g}")
        exact = np.minimum(time / self._dt, 1e9)
        steps = np.rint(exact).astype(np.int64)
        error = float(np.abs(exact - steps).max())
        self.delay_errors[node.name] = 0.0 if error < 1e-6 else error
        different = np.unique(steps)
        if different.size == 1:
            return [(int(different[0]), values)]
        dense = self._dense(key, values, node.name)
        return [(int(each), np.where((steps == each)[..., None], dense, 0.0)) for each in different]

    def _dense(self, key: Key, values: Floats | None, name: str) -> Floats:
        if values is not None:
            return values
        shape = self._shapes[key[0]]
        size = int(np.prod(shape))
        self._graph.nodes[name].check_size((size, size), "the matrix from its sources")
        return np.eye(size).reshape(*shape, size)
