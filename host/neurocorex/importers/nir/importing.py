"""NIR graphs as networks for a chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...image import Image
from ...network.network import Network
from ...network.population import named
from ...quantiser.quantise import quantise, smallest_config
from ...quantiser.report import Report
from ...spec import CoreConfig, Region
from ..labels import ImportReport
from .building import plan_of
from .extras import exported
from .graph import Graph
from .hdf5 import read_tree
from .imported import Imported, Part
from .judgement import items_of, unsupported_items
from .options import Options
from .plan import CLOCK, Plan

#: State bits of a chip that is made for a graph, by the bits of its weights.
STATE_BITS = {4: 20, 8: 20, 16: 24}
#: Bits of the state that are kept for all that arrives at once, beside a threshold.
SPARE_BITS = 2


def from_nir(
    source: str | Path | Mapping[str, Any] | Any,
    *,
    producer: str | None = None,
    dt: float | None = None,
    discretisation: str | None = None,
    current: str | None = None,
    reset: str | Mapping[str, str] | None = None,
    refractory: float | Mapping[str, float] | None = None,
    scaling: str | Mapping[str, float] | None = None,
    weight_bits: int = 8,
    scale: float | None = None,
    config: CoreConfig | None = None,
) -> Imported:
    """Read a NIR graph and quantise it for a chip.

    Parameters
    ----------
    source : path, dict, or nir.NIRGraph
        A file, what ``nir.NIRGraph.to_dict`` gives, or the graph itself.
    producer : {"snntorch", "norse"}, optional
        Take the options that belong to the tool that wrote the graph.
    dt, discretisation, current, reset, refractory, scaling
        See `Options`; what is given goes before what a producer does.
    weight_bits : {4, 8, 16}
        Of a chip that is made for the graph.
    scale : float, optional
        See `neurocorex.quantise`.
    config : CoreConfig, optional
        A chip that there is, instead.

    Returns
    -------
    Imported
        The image, the network that it was made from, a label for every node, and where inputs and outputs are.

    Raises
    ------
    FileFormatError
        For a damaged file or a graph that makes no sense; the message names the node.
    InputError
        For options that cannot be, or a node that is too large to be worked out.
    FitError
        If no chip, or not the one given, has room; or for all nodes that are unsupported, with the reason of each.
    MissingToolError
        If a file is to be read without h5py.
    """
    options = Options.of(
        producer,
        dt=dt,
        discretisation=discretisation,
        current=current,
        reset=reset,
        refractory=refractory,
        scaling=scaling,
    )
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
    plan = plan_of(graph, options, 2.0 ** (state - weight - SPARE_BITS))
    if plan.unsupported:
        ImportReport(name, unsupported_items(graph, plan)).check()
    net = plan.network(options.dt)
    image, report = _quantised(net, plan, config, weight_bits, scale)
    items = items_of(graph, plan, net, image)
    every = np.arange(image.config.neurons)
    layers = {
        key: Part(every[place], layer.shape, plan.timing.latency[key], plan.unit[key] * image.scale, layer.rest)
        for (key, place), layer in zip(plan.places().items(), plan.layers.values(), strict=True)
    }
    labels = ImportReport(name, items, _reason(image), report, [own] if own else [])
    return Imported(image, labels, options.dt, plan.axons(), layers, plan.readouts, net)


def _quantised(
    net: Network, plan: Plan, config: CoreConfig | None, weight_bits: int, scale: float | None
) -> tuple[Image, Report]:
    """Integers for a chip, with thresholds out of reach for neurons that are only read."""
    if config is None:
        config = replace(smallest_config(net), weight_bits=weight_bits, state_bits=STATE_BITS[weight_bits])
    image, report = quantise(net, config, scale=scale)
    places = plan.places()
    regions = dict(image.regions)
    thresholds = regions[Region.THRESHOLD].copy()
    for name, layer in plan.layers.items():
        if layer.silent:
            thresholds[places[name]] = config.state_range[1]
    regions[Region.THRESHOLD] = thresholds
    clock = list(range(net.neuron_count))[places[CLOCK]] if CLOCK in places else []
    restless = [neuron for neuron in report.never_silent if neuron not in clock]
    warnings = list(report.warnings)
    if clock and not restless:
        warnings = [each for each in warnings if not each.startswith(f"{named(clock)} will fire without")]
    report = replace(report, never_silent=restless, warnings=warnings)
    return Image(config, regions, image.scale, image.meta), report


def _reason(image: Image) -> str:
    share = float(np.abs(image.weights).max()) / -image.config.weight_range[0]
    return f"{image.scale:.6g} state units per unit of the network; the largest weight uses {share:.0%} of its range"
