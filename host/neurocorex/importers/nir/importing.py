"""Import of a NIR graph: a file or an object becomes an image with a label for every node."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from ...errors import InputError
from ...image import Image
from ...network.network import Network
from ...quantiser.comparison import Comparison
from ...quantiser.quantise import quantised, smallest_config, tell
from ...quantiser.report import Report
from ...spec import CoreConfig, Region
from ..labels import ImportReport
from .assumed import OWN, Origins, assumed, doubts_of
from .blueprint import Blueprint
from .building import blueprint_of
from .child import read_graph
from .graph import Graph
from .imported import Imported
from .intended import corrected
from .labelling import items_of, unsupported_items
from .losses import Losses
from .metadata import exported
from .options import GivenOptions, Options
from .places import Places, layers_of
from .producers import PRODUCERS, known_producer, options_of
from .signature import proposals
from .units import overshoot

#: State bits of a chip that is made for a graph, by the bits of its weights.
STATE_BITS = {4: 20, 8: 20, 16: 24}
#: Bits of the state that are reserved for spikes that arrive in one step.
SPARE_BITS = 2


def from_nir(
    source: str | Path | Mapping[str, Any] | Any,
    *,
    producer: str | None = None,
    weight_bits: int = 8,
    scale: float | None = None,
    config: CoreConfig | None = None,
    **options: Unpack[GivenOptions],
) -> Imported:
    """Read a NIR graph and quantise it for a chip.

    Parameters
    ----------
    source : path, dict, or nir.NIRGraph
        A file, a dictionary as of ``nir.NIRGraph.to_dict``, or the graph itself.
    producer : str, optional
        Tool that wrote the graph, for its options: one of `PRODUCERS`. "nir" states that the equations of NIR are
        meant, so that no other tool is proposed.
    weight_bits : {4, 8, 16}
        Width of the weights of a chip that is made for the graph.
    scale : float, optional
        See `neurocorex.quantise`.
    config : CoreConfig, optional
        Geometry of an existing chip, instead of one that is made for the graph.
    **options
        `dt`, `discretisation`, `current`, `reset`, `fires_at`, `refractory`, `hold`, `scaling`, see `Options`. They
        override those of the producer.

    Returns
    -------
    Imported
        The image, the network that it was made from, a label for every node, and where inputs and outputs are.

    Raises
    ------
    FileFormatError
        For a damaged file or an inconsistent graph; the message names the node.
    InputError
        For impossible options, a node whose matrix is too large, or nodes that look like those of several tools, if
        no option says which of them is meant.
    FitError
        If the chip has no room, or nodes are unsupported; the message gives the reason for each node.
    MissingToolError
        If `source` is a file, but there is no h5py.

    Warns
    -----
    QuantisationWarning
        For each warning of the report, once: among them guesses that decide about spikes, where the file looks like the
        work of another tool, or has no `v_reset`.
    """
    known_producer(producer)
    Options.of(PRODUCERS[producer] if producer else {}, options)
    if weight_bits not in STATE_BITS:
        raise InputError(f"weight_bits must be one of {', '.join(map(str, STATE_BITS))}, got {weight_bits!r}")
    is_file = isinstance(source, str | Path)
    name = str(source) if is_file else "the NIR graph"
    graph = Graph.of(read_graph(source) if isinstance(source, str | Path) else source)
    own = exported(graph, name)
    if isinstance(own, Imported):
        return replace(own, report=replace(own.report, assumed=[OWN]))
    graph.check_ports()
    base = options_of(producer, graph) if producer else {}
    chosen = Options.of(base, options)
    doubts = proposals(graph, chosen, options, producer)
    weight, state = (config.weight_bits, config.state_bits) if config else (weight_bits, STATE_BITS[weight_bits])
    blueprint = blueprint_of(graph, chosen, 2.0 ** (state - weight - SPARE_BITS), weight)
    if blueprint.unsupported:
        ImportReport(name, unsupported_items(graph, blueprint)).check()
    net = blueprint.network(chosen.dt)
    image, report = _quantised(net, blueprint, config, weight_bits, scale)
    doubts += doubts_of(graph, chosen, options, producer)
    losses = Losses(blueprint, net, image)
    places = Places(blueprint.axons(), layers_of(blueprint, image), blueprint.readouts)
    report = corrected(report, places, losses.warnings(chosen), blueprint.pacemakers())
    report = replace(report, warnings=[*doubts, *report.warnings])
    tell(report.alerts, image)
    items = items_of(graph, blueprint, image, losses)
    told = assumed(graph, chosen, Origins(options, base, producer))
    labels = ImportReport(name, items, _reason(image), report, [own] if own else [], assumed=told)
    return Imported(image, labels, chosen.dt, *places, net)


def _quantised(
    net: Network, blueprint: Blueprint, config: CoreConfig | None, weight_bits: int, scale: float | None
) -> tuple[Image, Report]:
    """Quantise, with thresholds out of reach for neurons that are only read by their membrane."""
    if config is None:
        config = replace(smallest_config(net), weight_bits=weight_bits, state_bits=STATE_BITS[weight_bits])
    image, report = quantised(net, config, scale=scale)
    needed = overshoot(blueprint, net, config, image.scale) if scale is None else 0.0
    if needed > 1:
        image, report = quantised(net, config, scale=image.scale / 2 ** math.ceil(math.log2(needed)))
    places = blueprint.places()
    silent = [places[name] for name, layer in blueprint.layers.items() if layer.silent]
    if not silent:
        return image, report
    # The scale has left room for their membranes by a threshold that they need no more.
    thresholds = image.regions[Region.THRESHOLD].copy()
    for place in silent:
        net.neurons[place].set(threshold=math.inf)
        thresholds[place] = config.state_range[1]
    image = Image(config, {**image.regions, Region.THRESHOLD: thresholds}, image.scale, image.meta)
    told = Report.of(image, comparison=Comparison.of(net, image), notes=report.notes)
    return image, replace(told, subject=(net, image))


def _reason(image: Image) -> str:
    share = float(np.abs(image.weights).max()) / -image.config.weight_range[0]
    return f"{image.scale:.6g} state units per unit of the network; the largest weight uses {share:.0%} of its range"
