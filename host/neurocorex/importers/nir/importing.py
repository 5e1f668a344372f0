"""Import of a NIR graph: a file or an object becomes an image with a label for every node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from ...errors import InputError
from ...image import Image
from ...network.network import Network
from ...quantiser.quantise import quantise, smallest_config
from ...quantiser.report import Report
from ...spec import CoreConfig, Region
from ..labels import ImportReport
from .blueprint import Blueprint
from .building import blueprint_of
from .graph import Graph
from .hdf5 import read_tree
from .imported import Imported
from .intended import corrected
from .labelling import items_of, unsupported_items
from .losses import Losses
from .metadata import exported
from .options import GivenOptions, Options
from .places import Places, layers_of

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
    producer : {"snntorch", "norse"}, optional
        Tool that wrote the graph, for its options.
    weight_bits : {4, 8, 16}
        Width of the weights of a chip that is made for the graph.
    scale : float, optional
        See `neurocorex.quantise`.
    config : CoreConfig, optional
        Geometry of an existing chip, instead of one that is made for the graph.
    **options
        `dt`, `discretisation`, `current`, `reset`, `refractory`, `scaling`, see `Options`. They override those of the
        producer.

    Returns
    -------
    Imported
        The image, the network that it was made from, a label for every node, and where inputs and outputs are.

    Raises
    ------
    FileFormatError
        For a damaged file or an inconsistent graph; the message names the node.
    InputError
        For impossible options, or a node whose matrix is too large.
    FitError
        If the chip has no room, or nodes are unsupported; the message gives the reason for each node.
    MissingToolError
        If `source` is a file, but there is no h5py.
    """
    chosen = Options.of(producer, **options)
    if weight_bits not in STATE_BITS:
        raise InputError(f"weight_bits must be one of {', '.join(map(str, STATE_BITS))}, got {weight_bits!r}")
    is_file = isinstance(source, str | Path)
    tree = read_tree(source).get("node") if isinstance(source, str | Path) else source
    name = str(source) if is_file else "the NIR graph"
    graph = Graph.of(tree)
    own = exported(graph, name)
    if isinstance(own, Imported):
        return own
    weight, state = (config.weight_bits, config.state_bits) if config else (weight_bits, STATE_BITS[weight_bits])
    blueprint = blueprint_of(graph, chosen, 2.0 ** (state - weight - SPARE_BITS))
    if blueprint.unsupported:
        ImportReport(name, unsupported_items(graph, blueprint)).check()
    net = blueprint.network(chosen.dt)
    image, report = _quantised(net, blueprint, config, weight_bits, scale)
    losses = Losses(blueprint, net, image)
    places = Places(blueprint.axons(), layers_of(blueprint, image), blueprint.readouts)
    report = corrected(report, places, losses.warnings(chosen))
    items = items_of(graph, blueprint, image, losses)
    labels = ImportReport(name, items, _reason(image), report, [own] if own else [])
    return Imported(image, labels, chosen.dt, *places, net)


def _quantised(
    net: Network, blueprint: Blueprint, config: CoreConfig | None, weight_bits: int, scale: float | None
) -> tuple[Image, Report]:
    """Quantise, with thresholds out of reach for neurons that are only read by their membrane."""
    if config is None:
        config = replace(smallest_config(net), weight_bits=weight_bits, state_bits=STATE_BITS[weight_bits])
    image, report = quantise(net, config, scale=scale)
    places = blueprint.places()
    regions = dict(image.regions)
    thresholds = regions[Region.THRESHOLD].copy()
    for name, layer in blueprint.layers.items():
        if layer.silent:
            thresholds[places[name]] = config.state_range[1]
    regions[Region.THRESHOLD] = thresholds
    return Image(config, regions, image.scale, image.meta), report


def _reason(image: Image) -> str:
    share = float(np.abs(image.weights).max()) / -image.config.weight_range[0]
    return f"{image.scale:.6g} state units per unit of the network; the largest weight uses {share:.0%} of its range"
