"""Labels of the nodes of a graph: exact, approximate with an error, or unsupported with a reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...image import Image
from ...spec import Region
from ...spec.fixed import DECAY_ALL, DECAY_BITS
from ..labels import Item, Label
from .blueprint import CLOCK, Blueprint, Projection
from .graph import Graph
from .layer import Layer
from .losses import Loss, Losses
from .node import LINEAR, STATEFUL, Floats, Node

#: Relative errors below this are the last bits of a division.
TINY = 1e-9


def items_of(graph: Graph, blueprint: Blueprint, image: Image, losses: Losses) -> list[Item]:
    """Label all nodes, in the order of the graph. Errors are relative; those of times are in steps."""
    return [_item(node, blueprint, image, losses) for node in graph.nodes.values()]


def unsupported_items(graph: Graph, blueprint: Blueprint) -> list[Item]:
    """Label the unsupported nodes, in the order of the graph."""
    return [
        Item(f"node {name!r} ({node.kind})", Label.UNSUPPORTED, detail=blueprint.unsupported[name])
        for name, node in graph.nodes.items()
        if name in blueprint.unsupported
    ]


def _item(node: Node, blueprint: Blueprint, image: Image, losses: Losses) -> Item:
    name = f"{node.name} ({node.kind})"
    found = [(error, text) for error, text in blueprint.notes.get(node.name, []) if error > TINY]
    remarks = list(blueprint.remarks.get(node.name, []))
    if node.kind in STATEFUL:
        found += _parameter_errors(blueprint.layers[node.name], blueprint, image, losses.thresholds)
        late = blueprint.timing.latency[node.name]
        remarks += [f"{late} step{'s' if late > 1 else ''} later than in the graph"] if late else []
        remarks += ["read by its membrane"] if blueprint.layers[node.name].silent else []
    elif node.kind in LINEAR:
        through = [projection for projection in blueprint.projections if node.name in projection.via]
        found += _weight_errors(losses.of(through), "of a weight at worst")
    elif node.name in blueprint.readouts:
        layer = blueprint.layers[blueprint.readouts[node.name]]
        remarks.append(f"{'membranes' if layer.silent else 'spikes'} of {layer.name!r}")
    for what, projections in _made(node.name, blueprint).items():
        found += _weight_errors(losses.of(projections), what)
    found.sort(key=lambda pair: -pair[0])
    detail = [f"{error:.3g} {text}" for error, text in found]
    return Item.rounded(name, found[0][0] if found else 0.0, "; ".join([*detail, *dict.fromkeys(remarks)]))


def _made(name: str, blueprint: Blueprint) -> dict[str, list[Projection]]:
    """Return the projections to a layer that pass no node, by what they are."""
    found: dict[str, list[Projection]] = {}
    for projection in blueprint.projections:
        if projection.via or name != projection.target:
            continue
        if projection.source == CLOCK:
            what = "of a weight of the clock, which brings the bias, at worst"
        elif projection.source == name and blueprint.layers[name].late:
            what = "of a weight of its late reset at worst"
        else:
            what = f"of the effect of a spike of {projection.source!r} at worst"
        found.setdefault(what, []).append(projection)
    return found


def _weight_errors(loss: Loss, what: str) -> list[tuple[float, str]]:
    """Return the worst error of some weights, if there is one, with the rms and how many of them vanished."""
    return [(loss.worst, f"{what}, {loss}")] if loss.worst > TINY else []


def _parameter_errors(
    layer: Layer, blueprint: Blueprint, image: Image, thresholds: NDArray[np.int64]
) -> list[tuple[float, str]]:
    """Return the largest relative error of each parameter of a layer."""
    place = blueprint.places()[layer.name]
    unit = blueprint.unit[layer.name] * image.scale
    found: list[tuple[float, str]] = []
    for region, wanted, what in (
        (Region.DECAY, layer.decay, "of the decay"),
        (Region.CURRENT_DECAY, layer.decay_syn, "of the decay of the current"),
    ):  # fmt: skip
        units = image.regions[region][place]
        got = np.where(units == DECAY_ALL, 1.0, units / (1 << DECAY_BITS))
        found.append((_relative(got, wanted), what))
    for region, wanted, what in (
        (Region.THRESHOLD, layer.threshold, "of the threshold"), (Region.RESET, layer.reset, "of the reset value"),
        (Region.BIAS, blueprint.bias[layer.name], "of the bias"),
    ):  # fmt: skip
        got = image.regions[region][place]
        if region is Region.THRESHOLD and layer.inclusive:
            got = thresholds[place]
        if not (layer.silent and region is Region.THRESHOLD):
            found.append((_relative(got / unit, wanted), what))
    period = image.regions[Region.REFRACTORY][place]
    dt = float(image.meta["dt_ms"]) * 1e-3
    found.append((float(np.abs(period - layer.refractory / dt).max(initial=0.0)), "steps of the refractory period"))
    return [(error, what) for error, what in found if error > TINY]


def _relative(got: Floats, wanted: Floats) -> float:
    size = np.abs(wanted)
    return float((np.abs(got - wanted) / np.where(size > 0, size, 1.0)).max(initial=0.0))
