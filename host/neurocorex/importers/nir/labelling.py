"""Labels of the nodes of a graph: exact, approximate with an error, or unsupported with a reason."""

from __future__ import annotations

import numpy as np

from ...image import Image
from ...network.network import Network
from ...quantiser.inclusive import threshold_meant
from ...spec import Control, CoreConfig, Region
from ...spec.fixed import DECAY_ALL, DECAY_BITS
from ..labels import Item, Label
from .blueprint import Blueprint
from .graph import Graph
from .layer import Layer
from .node import LINEAR, STATEFUL, Floats, Node

#: Relative errors below this are the last bits of a division.
TINY = 1e-9


def items_of(graph: Graph, blueprint: Blueprint, net: Network, image: Image) -> list[Item]:
    """Label all nodes, in the order of the graph. Errors are relative; those of times are in steps."""
    errors = _weight_errors(net, image)
    return [_item(node, graph, blueprint, net, image, errors) for node in graph.nodes.values()]


def unsupported_items(graph: Graph, blueprint: Blueprint) -> list[Item]:
    """Label the unsupported nodes, in the order of the graph."""
    return [
        Item(f"node {name!r} ({node.kind})", Label.UNSUPPORTED, detail=blueprint.unsupported[name])
        for name, node in graph.nodes.items()
        if name in blueprint.unsupported
    ]


def _item(node: Node, graph: Graph, blueprint: Blueprint, net: Network, image: Image, errors: Floats) -> Item:
    name = f"{node.name} ({node.kind})"
    found = [(error, text) for error, text in blueprint.notes.get(node.name, []) if error > TINY]
    remarks = list(blueprint.remarks.get(node.name, []))
    if node.kind in STATEFUL:
        found += _parameter_errors(blueprint.layers[node.name], blueprint, image)
        late = blueprint.timing.latency[node.name]
        remarks += [f"{late} step{'s' if late > 1 else ''} later than in the graph"] if late else []
        remarks += ["read by its membrane"] if blueprint.layers[node.name].silent else []
    elif node.kind in LINEAR:
        found += _projection_errors(node.name, blueprint, net, errors)
    elif node.name in blueprint.readouts:
        layer = blueprint.layers[blueprint.readouts[node.name]]
        remarks.append(f"{'membranes' if layer.silent else 'spikes'} of {layer.name!r}")
    found.sort(key=lambda pair: -pair[0])
    detail = [f"{error:.3g} {text}" for error, text in found]
    return Item.rounded(name, found[0][0] if found else 0.0, "; ".join([*detail, *dict.fromkeys(remarks)]))


def _weight_errors(net: Network, image: Image) -> Floats:
    """Return the errors of all weights, shaped as the weights of the network."""
    config, control = image.config, image.regions[Region.CONTROL]
    columns = net.neuron_count
    inputs, neurons, extra = _rows(net, config)
    gains = (int(control[Control.GAIN_INPUT]), int(control[Control.GAIN_RECURRENT]))
    made = np.concatenate(
        [
            image.weights[rows, :columns] * (2.0**gain)
            for rows, gain in zip((inputs, neurons, extra), (*gains, gains[1]), strict=True)
        ]
    )
    return np.asarray(made / image.scale - net.weights)


def _rows(net: Network, config: CoreConfig) -> tuple[slice, slice, slice]:
    first, second = config.inputs, config.inputs + config.neurons
    return (
        slice(0, net.input_count),
        slice(first, first + net.neuron_count),
        slice(second, second + len(net.extra_source)),
    )


def _projection_errors(name: str, blueprint: Blueprint, net: Network, errors: Floats) -> list[tuple[float, str]]:
    """Return the largest error of the weights that a node contributes to, relative to the largest of them."""
    places, axons = blueprint.places(), blueprint.axons()
    worst = 0.0
    for projection in blueprint.projections:
        if name not in projection.via or not projection.weights.any():
            continue
        if projection.source in axons:
            rows = np.arange(net.input_count)[axons[projection.source]]
        else:
            own = np.arange(net.neuron_count)[places[projection.source]]
            extra = np.flatnonzero(np.isin(net.extra_source, own))
            rows = net.input_count + np.concatenate([own, net.neuron_count + extra])
        part = np.abs(errors[rows][:, places[projection.target]])
        worst = max(worst, float((part.max(axis=0) / np.abs(projection.weights).max()).max()))
    return [(worst, "of the largest weight")] if worst > TINY else []


def _parameter_errors(layer: Layer, blueprint: Blueprint, image: Image) -> list[tuple[float, str]]:
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
            got = threshold_meant(got, wanted * unit, int(image.regions[Region.CONTROL][Control.GAIN_RECURRENT]))
        if not (layer.silent and region is Region.THRESHOLD):
            found.append((_relative(got / unit, wanted), what))
    period = image.regions[Region.REFRACTORY][place]
    dt = float(image.meta["dt_ms"]) * 1e-3
    found.append((float(np.abs(period - layer.refractory / dt).max(initial=0.0)), "steps of the refractory period"))
    return [(error, what) for error, what in found if error > TINY]


def _relative(got: Floats, wanted: Floats) -> float:
    size = np.abs(wanted)
    return float((np.abs(got - wanted) / np.where(size > 0, size, 1.0)).max(initial=0.0))
