"""NIR graph as a flat list of nodes and edges; graphs within the graph are resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import FileFormatError
from .node import KNOWN, Node

#: Limits of the nesting of graphs, and of the nodes of all graphs together.
DEPTH_LIMIT = 16
NODE_LIMIT = 10_000


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes and edges.

    Attributes
    ----------
    nodes : dict of Node
        By name, in the order of the file. Inputs and outputs of graphs within the graph only pass values on.
    sources : dict of list of str
        For each node, the nodes that lead to it.
    metadata : mapping
        Metadata of the graph.
    """

    nodes: dict[str, Node]
    sources: dict[str, list[str]]
    metadata: Mapping[str, Any]

    def is_port(self, name: str) -> bool:
        """Whether a node is an input or output of the whole graph."""
        return "/" not in name and self.nodes[name].kind in ("Input", "Output")

    def check_ports(self) -> None:
        """Raise FileFormatError for a graph that nothing can drive, or of which nothing is read."""
        kinds = {node.kind for name, node in self.nodes.items() if self.is_port(name)}
        for kind, why in (
            ("Input", "nothing could drive it; add a node of type Input with its shape, and an edge from it"),
            ("Output", "nothing would be read of it; add a node of type Output, and an edge from the last layer"),
        ):
            if kind not in kinds:
                raise FileFormatError(f"the graph has no {kind}, so {why}")

    @classmethod
    def of(cls, tree: Any) -> Graph:
        """Read nested dictionaries as of ``nir.NIRGraph.to_dict``, or an object that has `to_dict`.

        Raises
        ------
        FileFormatError
            For something that is no graph, a node of unknown type, or an edge to a node that does not exist.
        """
        if hasattr(tree, "to_dict"):
            tree = tree.to_dict()
        if not isinstance(tree, Mapping) or _text(tree.get("type", "NIRGraph")) != "NIRGraph":
            kind = tree.get("type") if isinstance(tree, Mapping) else type(tree).__name__
            raise FileFormatError(f"expected a NIR graph, got {kind!r}; wrap single nodes into a NIRGraph")
        nodes: dict[str, Node] = {}
        edges: list[tuple[str, str]] = []
        _collect(tree, "", nodes, edges, 0)
        sources: dict[str, list[str]] = {name: [] for name in nodes}
        for source, target in edges:
            if source in sources[target]:
                raise FileFormatError(f"the edge from {source!r} to {target!r} stands in the graph twice")
            sources[target].append(source)
        metadata = tree.get("metadata")
        return cls(nodes, sources, metadata if isinstance(metadata, Mapping) else {})


def _collect(
    tree: Mapping[str, Any], prefix: str, nodes: dict[str, Node], edges: list[tuple[str, str]], depth: int
) -> None:
    """Add the nodes and edges of a graph and of all graphs in it."""
    where = f"graph {prefix.rstrip('/')!r}" if prefix else "the graph"
    if depth > DEPTH_LIMIT:
        raise FileFormatError(f"{where} is nested more than {DEPTH_LIMIT} deep")
    members = tree.get("nodes")
    if not isinstance(members, Mapping) or not members:
        raise FileFormatError(f"{where} has no nodes")
    inner: dict[str, Mapping[str, Any]] = {}
    for key, fields in members.items():
        name = f"{prefix}{key}"
        if "/" in str(key):
            raise FileFormatError(f"node {name!r} has a slash in its name; rename it")
        if not isinstance(fields, Mapping) or "type" not in fields:
            raise FileFormatError(f"node {name!r} has no type")
        kind = _text(fields["type"])
        if kind == "NIRGraph":
            inner[str(key)] = fields
            _collect(fields, f"{name}/", nodes, edges, depth + 1)
        elif kind not in KNOWN:
            raise FileFormatError(
                f"node {name!r} is a {kind!r}, which is not known; known are {', '.join(sorted(KNOWN))}"
            )
        else:
            nodes[name] = Node(name, kind, fields)
        if len(nodes) > NODE_LIMIT:
            raise FileFormatError(f"{where} has more than {NODE_LIMIT} nodes, which is more than any chip holds")
    for source, target in _edges(tree.get("edges"), where):
        for end in (source, target):
            if end not in members:
                raise FileFormatError(f"{where} has an edge from {source!r} to {target!r}, but no node {end!r}")
        edges.append((_port(source, inner, prefix, "Output"), _port(target, inner, prefix, "Input")))


def _port(name: str, inner: Mapping[str, Mapping[str, Any]], prefix: str, kind: str) -> str:
    """Return the node at the end of an edge; for a graph within the graph, its only input or output."""
    graph = inner.get(name)
    if graph is None:
        return f"{prefix}{name}"
    ports = [key for key, node in graph["nodes"].items() if _text(node.get("type")) == kind]
    if len(ports) != 1:
        raise FileFormatError(
            f"an edge at graph {prefix + name!r} is ambiguous: it has {len(ports)} {kind} nodes, expected one"
        )
    return f"{prefix}{name}/{ports[0]}"


def _edges(given: Any, where: str) -> list[tuple[str, str]]:
    try:
        return [(_text(source), _text(target)) for source, target in ([] if given is None else given)]
    except (TypeError, ValueError):
        raise FileFormatError(f"{where} has edges that are no pairs of names") from None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
