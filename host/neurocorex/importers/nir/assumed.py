"""What an import takes for granted: options that nobody stated, and values that the graph lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .graph import Graph
from .node import SILENT, SPIKING, STATEFUL, Node
from .options import Options
from .producers import PROFILES
from .timescales import MEMBRANE

#: What is said of a graph that NeuroCoreX wrote itself.
OWN = "nothing; the graph holds the integers that NeuroCoreX exported"

#: Options in the order in which they are told, with their names in the report.
TOLD = {
    "dt": "dt", "discretisation": "discretisation", "current": "current", "reset": "reset", "fires_at": "fires at",
    "refractory": "refractory", "hold": "hold",
}  # fmt: skip
#: Options that are only told if they are not at their default.
QUIET = ("refractory", "hold")
#: Values that stand for fields which a file may lack, by kind of node.
LACKED = {
    "LIF": {"v_leak": 0}, "CubaLIF": {"v_leak": 0, "w_in": 1}, "LI": {"v_leak": 0}, "CubaLI": {"v_leak": 0, "w_in": 1},
}  # fmt: skip


class Origins(NamedTuple):
    """Where the options of an import come from.

    Attributes
    ----------
    given : mapping
        Options that the user gave; None counts as not given.
    base : mapping
        Options of the producer for this graph.
    producer : str or None
    """

    given: Mapping[str, Any]
    base: Mapping[str, Any]
    producer: str | None

    def of(self, name: str, node: str | None = None) -> str:
        """Return where an option comes from, for all nodes or for one."""
        value = self.given.get(name)
        if value is not None and (node is None or not isinstance(value, Mapping) or node in value):
            return "given"
        if name not in self.base or isinstance(value, Mapping):
            return "default"
        found = self.producer is not None and PROFILES[self.producer].options.get(name) != self.base[name]
        return "read from the file" if found else f"{self.producer}"


def assumed(graph: Graph, chosen: Options, origins: Origins) -> list[str]:
    """Return what was assumed, a line for the whole graph and one for each node that differs."""
    parts = []
    for name, title in TOLD.items():
        value = getattr(chosen, name)
        if isinstance(value, Mapping):
            value = getattr(Options, name)
            parts.append(f"{title} {value} (default) but for nodes below")
        elif name not in QUIET or value != getattr(Options, name):
            parts.append(f"{title} {value} ({origins.of(name)})")
    lines = ["; ".join(parts)]
    if origins.producer is not None:
        profile = PROFILES[origins.producer]
        lines.append(f"the file was written by {profile.title}")
        lines += profile.remarks
    for node in graph.nodes.values():
        if node.kind in STATEFUL and (found := _of_node(node, chosen)):
            lines.append(f"{node.name!r}: {'; '.join(found)}")
    return lines


def doubts_of(graph: Graph, chosen: Options, given: Mapping[str, Any], producer: str | None) -> list[str]:
    """Return warnings about a `v_reset` that files lack and nobody stated, which decides about spikes."""
    stated = given.get("reset")
    if producer is not None or (stated is not None and not isinstance(stated, Mapping)):
        return []
    lacking = [name for name, node in graph.nodes.items() if _lacks_reset(node, chosen) and name not in (stated or {})]
    if not lacking:
        return []
    names = ", ".join(map(repr, lacking[:4])) + (", ..." if len(lacking) > 4 else "")
    return [
        f"{names} {'have' if len(lacking) > 1 else 'has'} no v_reset, and 0 was assumed. Before NIR 1.0.6 no file had "
        "one, and a spike took the threshold off the membrane: pass reset='subtract' for that, reset='value' for 0, "
        "or a producer"
    ]


def _lacks_reset(node: Node, chosen: Options) -> bool:
    return (
        node.kind in SPIKING - {"Threshold"}
        and node.fields.get("v_reset") is None
        and chosen.reset_of(node.name) == "value"
    )


def _of_node(node: Node, chosen: Options) -> list[str]:
    """Return what was assumed of one node."""
    found = []
    for name, title in (("reset", "reset"), ("fires_at", "fires at"), ("refractory", "refractory")):
        value = getattr(chosen, name)
        if isinstance(value, Mapping) and node.name in value and node.kind not in SILENT:
            found.append(f"{title} {value[node.name]} (given)")
    lacking = dict(LACKED.get(node.kind, {})) | ({"v_reset": 0} if _lacks_reset(node, chosen) else {})
    found += [f"{name} {value}, which the file lacks" for name, value in lacking.items() if _lacks(node, name)]
    for tau, gain in ((MEMBRANE.get(node.kind, ""), "r"), ("tau_syn", "w_in")):
        if np.isposinf(node.raw(tau)).any():
            found.append(f"{tau} and {gain} are infinite: no decay, and a unit of input adds 1")
    return found


def _lacks(node: Node, name: str) -> bool:
    return node.fields.get(name) is None
