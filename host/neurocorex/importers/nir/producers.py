"""Profiles of producers: what the tools that write NIR assume of a step, and how files show it.

A graph in continuous time does not say how its tool takes a step. Each profile has the options that make the chip do
what the tool does; see docs/importers.md for the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ...errors import InputError
from .graph import Graph
from .node import Floats, Node
from .timescales import decayed_dt, euler_dt, time_constants


class Profile(NamedTuple):
    """How one tool takes a step.

    Attributes
    ----------
    title : str
        Name of the tool.
    options : mapping
        Fields of `Options`.
    remarks : tuple of str
        What a chip, or the file, cannot have from this tool.
    found : callable, optional
        Options that a graph of this tool shows itself, which count more than `options`.
    """

    title: str
    options: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    found: Callable[[Graph], dict[str, Any]] | None = None


ONE_SPIKE = "a neuron of the chip spikes at most once in a step, where this tool may count several spikes"
#: Below it no time constant in seconds can be for Norse, whose step of 1 ms is Euler's.
NORSE_STEP = 1e-3


def _norse(graph: Graph) -> dict[str, Any]:
    """Tell by the time constants whether they are in seconds, or times 1 ms as Norse 1.1.0 writes them."""
    times = [(node, time_constants(node)) for node in graph.nodes.values()]
    times = [(node, tau) for node, tau in times if tau.size]
    small = [node for node, tau in times if (tau < NORSE_STEP).any()]
    large = [node for node, tau in times if (tau >= NORSE_STEP).any()]
    if small and large:
        raise InputError(
            f"time constants of {small[0].name!r} are below 1 ms, as Norse 1.1.0 writes them, those of "
            f"{large[0].name!r} are in seconds as other versions do; give producer='norse-1.1.0' or 'norse-seconds'"
        )
    return {"dt": 1e-6} if small else {}


def _sinabs(graph: Graph) -> dict[str, Any]:
    """Tell inputs that are not normed (norm_input=False), which Sinabs itself does not write: r = tau, in steps."""
    steps = _of_nodes(lambda node: euler_dt(node) if node.kind != "IF" else None)(graph)
    return {"current": "decayed"} if steps.get("dt") == 1 else {}


def _same_step(steps: list[Floats]) -> dict[str, Any]:
    """Return the step that all nodes agree on; nothing if they do not, or none tells."""
    every = np.concatenate([step.reshape(-1) for step in steps]) if steps else np.zeros(0)
    if not every.size or not np.isfinite(every).all() or np.ptp(every) > 1e-4 * every.max():
        return {}
    return {"dt": float(f"{np.median(every):.4g}")}


def _of_nodes(read: Callable[[Node], Floats | None]) -> Callable[[Graph], dict[str, Any]]:
    return lambda graph: _same_step([step for node in graph.nodes.values() if (step := read(node)) is not None])


_PLAIN = {"discretisation": "exact", "current": "filter", "reset": "value", "fires_at": ">"}
_NORSE = {"discretisation": "euler", "current": "jump", "reset": "value", "fires_at": ">"}

PROFILES: dict[str, Profile] = {
    "nir": Profile("the equations of NIR", {"dt": 1e-4, **_PLAIN}),
    "snntorch": Profile("snnTorch", {"dt": 1e-4, **_PLAIN, "discretisation": "euler", "reset": "subtract-late"}),
    "norse": Profile("Norse", {"dt": 1e-3, **_NORSE}, found=_norse),
    "norse-1.1.0": Profile("Norse 1.1.0, which multiplies time constants by 1 ms", {"dt": 1e-6, **_NORSE}),
    "norse-seconds": Profile("Norse before and after 1.1.0", {"dt": 1e-3, **_NORSE}),
    "sinabs": Profile(
        "Sinabs",
        {"dt": 1.0, "discretisation": "exact", "current": "jump", "reset": "subtract", "fires_at": ">="},
        (ONE_SPIKE, "time constants are numbers of steps", "the file has no lower bound of membranes (min_v_mem)"),
        _sinabs,
    ),
    "rockpool": Profile(
        "Rockpool",
        {"dt": 1e-3, "discretisation": "exact", "current": "decayed", "reset": "subtract", "fires_at": ">="},
        (ONE_SPIKE, "biases of LIFTorch and LIFNeuronTorch are not in the file"),
        _of_nodes(decayed_dt),
    ),
    "spikingjelly": Profile(
        "SpikingJelly 2",
        {"dt": 1e-4, **_PLAIN, "discretisation": "euler", "fires_at": ">="},
        found=_of_nodes(euler_dt),
    ),
    "nengo": Profile(
        "Nengo",
        {"dt": 1e-3, **_PLAIN, "refractory": 2e-3, "hold": True},
        (
            "the refractory time is tau_ref of Nengo's default, whose parts of steps the chip does not have",
            "Nengo keeps membranes above 0 (min_voltage), the chip does not",
        ),
    ),
}

#: Options of each producer by name.
PRODUCERS: dict[str, Mapping[str, Any]] = {name: profile.options for name, profile in PROFILES.items()}


def options_of(producer: str, graph: Graph) -> dict[str, Any]:
    """Return the options of a producer for one graph; raises InputError if the graph contradicts itself."""
    profile = PROFILES[producer]
    return {**profile.options, **(profile.found(graph) if profile.found else {})}


def known_producer(name: str | None) -> None:
    """Raise InputError for a producer that there is none of."""
    if name is not None and name not in PROFILES:
        raise InputError(f"producer must be one of {', '.join(map(repr, PROFILES))}, got {name!r}")
