"""Signatures of producers: what in a graph tells which tool wrote it, and what an import then should state.

A graph that looks like the work of one tool, and is imported by other rules, leads to a warning that proposes the
profile of that tool. Nodes that point to tools which exclude each other are an error if no option was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import InputError
from .graph import Graph
from .node import SPIKING, Node
from .options import Options
from .producers import PROFILES
from .timescales import MEMBRANE, decayed_dt, euler_dt, is_round, time_constants

#: Step that snnTorch writes, and SpikingJelly unless it is told otherwise.
STEP = 1e-4
#: Steps that count as such in ``r = tau / dt``: other quotients are as likely a resistance.
STEPS = (STEP, 1e-3, 1.0)
#: Options that decide about spikes.
DECISIVE = ("dt", "discretisation", "current", "reset", "fires_at")

Evidence = tuple[frozenset[str], str]


def evidence_of(node: Node, *, usual: bool = False) -> Evidence | None:
    """Return the producers that write nodes like this one, with the reason; None if any tool may.

    With `usual`, ``r = tau / dt`` counts only for the steps that tools write by default, not for others: who states how
    steps are taken may have written the graph so.
    """
    if node.kind == "IF":
        r = node.raw("r")
        if r.size and (r == 1).all():
            return frozenset({"sinabs", "norse", "norse-1.1.0", "norse-seconds"}), "r = 1, so that weights are jumps"
        step = _step(node, usual)
        if step is not None and step < 1:
            return frozenset({"spikingjelly"}), f"r = {r.flat[0]:g}, one over a step"
        return None
    if node.kind not in MEMBRANE:
        return None
    tau, r = node.raw(MEMBRANE[node.kind]), node.raw("r")
    if tau.size and r.size and np.isposinf(tau).any() and np.isposinf(r).any():
        return frozenset({"snntorch"}), "tau and r are infinite, as for beta = 1"
    return _unit_resistance(node) if r.size and (r == 1).all() else _resistance(node, usual)


def _unit_resistance(node: Node) -> Evidence | None:
    times = time_constants(node)
    if times.size and (times < STEP).all():
        return frozenset({"norse", "norse-1.1.0"}), f"time constants below {STEP:g}, which Norse 1.1.0 writes for ms"
    if times.size and (times >= 1).all():
        return frozenset({"sinabs"}), "time constants of 1 or more, which are numbers of steps (or ms: give dt)"
    return None


def _step(node: Node, usual: bool) -> float | None:
    """Return the step that stands in r by Euler's method, if it is one of `STEPS`."""
    step = is_round(euler_dt(node))
    found = next((each for each in STEPS if step is not None and abs(step / each - 1) < 1e-3), None)
    return None if usual and found not in (STEP, 1.0) else found


def _resistance(node: Node, usual: bool) -> Evidence | None:
    step = _step(node, usual)
    if step == STEP:
        if node.raw("v_reset").size == 0 and node.kind in SPIKING:
            return frozenset({"snntorch"}), f"r = tau / {STEP:g}, and no v_reset"
        moved = any(node.raw(name).any() for name in ("v_leak", "v_reset"))
        return frozenset({"spikingjelly"} if moved else {"snntorch", "spikingjelly"}), f"r = tau / {STEP:g}"
    if step is not None:
        return frozenset({"spikingjelly", "sinabs"} if step == 1 else {"spikingjelly"}), f"r = tau / {step:g}"
    step = is_round(decayed_dt(node))
    return None if step is None else (frozenset({"rockpool"}), f"r = tau * exp(-dt / tau) / dt with dt {step:g}")


def proposals(graph: Graph, chosen: Options, stated: Mapping[str, Any], producer: str | None) -> list[str]:
    """Return warnings about options that differ from those of the tool that seems to have written a graph.

    Parameters
    ----------
    graph : Graph
        The graph.
    chosen : Options
        Options of the import.
    stated : mapping
        Those that the user gave.
    producer : str, optional
        The producer that the user gave.

    Raises
    ------
    InputError
        If nodes point to tools that exclude each other, and nothing was stated.
    """
    if producer == "nir":
        return []
    steps_stated = any(stated.get(each) is not None for each in ("dt", "discretisation"))
    found = {name: seen for name, node in graph.nodes.items() if (seen := evidence_of(node, usual=steps_stated))}
    common = frozenset.intersection(*(seen[0] for seen in found.values())) if found else frozenset()
    if found and not common:
        return _contradiction(found, stated, producer)
    if producer is not None:
        return _other_tool(found, common, producer)
    if not found:
        found = _outputs(graph)
        common = frozenset({"rockpool"}) if found else common
    names = [name for name in PROFILES if name in common and not _same_as_another(name, common)]
    differing = {name: text for name in names if (text := _differences(name, graph, chosen, stated))}
    if not differing:
        return []
    node, (_, reason) = next(iter(found.items()))
    titles = " or ".join(PROFILES[name].title for name in differing)
    return [
        f"this looks like a file of {titles} ({node!r} has {reason}), but it was imported with other rules: "
        f"{'; '.join(f'{PROFILES[name].title} has {text}' for name, text in differing.items())}. Pass "
        f"{' or '.join(f'producer={name!r}' for name in differing)}, or producer='nir' for the equations of NIR"
    ]


def _same_as_another(name: str, common: frozenset[str]) -> bool:
    """Whether a version of a tool need not be named, for its general profile finds it."""
    return name.startswith("norse-") and "norse" in common


def _outputs(graph: Graph) -> dict[str, Evidence]:
    """Return outputs with batch and time in their shape, which Rockpool leaves there."""
    shapes = {name: node.raw("shape").reshape(-1) for name, node in graph.nodes.items() if node.kind == "Output"}
    reason = "batch and time in its shape, as Rockpool and the files of the NIR paper of 2023 have"
    return {
        name: (frozenset({"rockpool"}), reason)
        for name, shape in shapes.items()
        if shape.size >= 3 and (shape[:2] == 1).all() and graph.is_port(name)
    }


def _differences(name: str, graph: Graph, chosen: Options, stated: Mapping[str, Any]) -> str:
    """Return the options of a producer that are others than those in use, and that nobody stated."""
    profile = PROFILES[name]
    wanted = {**profile.options, **(profile.found(graph) if profile.found else {})}
    timeless = chosen.current == "jump" and all(not time_constants(node).size for node in graph.nodes.values())
    looked_at = [each for each in DECISIVE if not (timeless and each in ("dt", "discretisation"))]
    return ", ".join(
        f"{each} {wanted[each]}"
        for each in looked_at
        if stated.get(each) is None and getattr(chosen, each) != wanted[each]
    )


def _contradiction(found: Mapping[str, Evidence], stated: Mapping[str, Any], producer: str | None) -> list[str]:
    reasons = dict[frozenset[str], str]()
    for name, (tools, reason) in found.items():
        reasons.setdefault(tools, f"{name!r} has {reason}, as {' and '.join(sorted(tools))} write")
    text = "nodes point to different tools: " + "; ".join(reasons.values())
    if producer is None and all(stated.get(each) is None for each in DECISIVE):
        raise InputError(f"{text}. They give other spikes: pass a producer, or producer='nir' for the equations of NIR")
    return [text]


def _other_tool(found: Mapping[str, Evidence], common: frozenset[str], producer: str) -> list[str]:
    if not found or producer in common or producer == "nengo":
        return []
    node, (_, reason) = next(iter(found.items()))
    titles = " or ".join(name for name in PROFILES if name in common and not _same_as_another(name, common))
    return [f"producer={producer!r} was given, but the file looks like one of {titles}: {node!r} has {reason}"]
