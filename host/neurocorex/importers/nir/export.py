"""Export of a network, an image or an imported graph as a NIR graph that other tools can read."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...image import Image
from ...network.network import Network
from ...quantiser.populations import scales_of
from ...quantiser.quantise import quantised
from ...spec import CoreConfig, Region
from ...spec.registers import CONTEXTS
from .cells import Cells
from .connections import Connection, Connections
from .hdf5 import write_tree
from .imported import Imported
from .latency import Timing
from .metadata import NAMESPACE, image_metadata
from .node import Floats
from .places import Place, Places

#: Version of NIR that is written.
NIR_VERSION = "1.0"
#: Relative differences below this are the last bits of a division.
TINY = 1e-9
#: Time constant in steps that stands for infinity.
FOR_EVER = 2.0**32


def to_nir(
    model: Network | Image | Imported, path: str | Path | None = None, *, config: CoreConfig | None = None
) -> dict[str, Any]:
    """Write a network as a NIR graph of LIF, IF, CubaLIF and LI neurons, Linear or Affine weights and delays.

    Simulated by Euler's method with the same step, the graph does what the network does. NIR cannot express refractory
    periods, subtracting resets, linear leaks, adaptation and learning. These, and the integers of the chip, are kept in
    metadata that other tools ignore and `from_nir` reads: a graph that comes back has the same image, bit for bit.
    Axons that bring errors are refused, because other tools would take them for ordinary ones.

    Parameters
    ----------
    model : Network, Image or Imported
        A network is written with its floats, an image with the values that its integers stand for. An imported graph
        is written with these values, too, layer by layer and in its own time, without the clock that the importer
        added.
    path : path, optional
        File to write.
    config : CoreConfig, optional
        Chip to quantise a network for; see `neurocorex.quantise`.

    Returns
    -------
    dict
        The graph as ``nir.NIRGraph.from_dict`` takes it.

    Raises
    ------
    InputError
        If `model` is none of these, or has axons that bring errors, or contexts.
    FitError
        If a network does not fit.
    FileFormatError
        If the file cannot be written.
    MissingToolError
        If there is a path, but no h5py.
    """
    if not isinstance(model, Network | Image | Imported):
        raise InputError(f"expected a Network, an Image or an imported graph, got {type(model).__name__}")
    if _has_feedback(model):
        raise InputError("NIR has no axons that bring errors (Network.feedback); export a network without them")
    if _has_contexts(model):
        raise InputError("NIR has no contexts (Network.context); export a network without them")
    if isinstance(model, Network):
        image = quantised(model, config)[0]
        cells = Cells.of_network(model, image)
    else:
        image = model.image if isinstance(model, Imported) else model
        cells = Cells.of_image(image)
    places = model.places if isinstance(model, Imported) else _grouped(cells, scales_of(image))
    dt = float(image.meta.get("dt_ms", 1.0)) * 1e-3
    tree = _Writer(cells, places, dt).graph()
    held = _Writer(Cells.of_image(image), places, dt).graph() if isinstance(model, Network) else tree
    tree["metadata"] = {NAMESPACE: image_metadata(image, tree, dt, places, _errors(tree, held))}
    if path is not None:
        write_tree(path, {"version": NIR_VERSION, "node": tree})
    return tree


def _has_feedback(model: Network | Image | Imported) -> bool:
    """Whether an axon brings errors."""
    if isinstance(model, Network):
        return bool(model.is_feedback.any())
    regions = (model.image if isinstance(model, Imported) else model).regions
    return Region.FEEDBACK in regions and bool(regions[Region.FEEDBACK].any())


def _has_contexts(model: Network | Image | Imported) -> bool:
    """Whether there is a context that does anything."""
    if isinstance(model, Network):
        return bool(model.contexts)
    image = model.image if isinstance(model, Imported) else model
    held = ((each, image.regions[each]) for each in CONTEXTS if each in image.regions)
    return any(bool((items != each.row.power_up(image.config)).any()) for each, items in held)


def _grouped(cells: Cells, scales: Floats) -> Places:
    """Return the neurons of a network without names by their kind, each with an output."""
    kinds = np.where(cells.decay_syn < 1, "CubaLIF", np.where(cells.decay > 0, "LIF", "IF"))
    found = sorted(set(kinds.tolist()))
    layers = {}
    for kind in found:
        members = np.flatnonzero(kinds == kind)
        name = "neurons" if len(found) == 1 else f"neurons_{kind.lower()}"
        layers[name] = Place(members, (members.size,), 0, scales[members], np.zeros(members.size))
    outputs = {name.replace("neurons", "output"): name for name in layers}
    return Places({"input": slice(0, cells.line.inputs)}, layers, outputs)


def _errors(tree: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, float]:
    """Return the largest relative difference of the numbers of each node from those of the chip, where there is one."""
    found = {}
    for name, node in tree["nodes"].items():
        # A node whose numbers have all become 0 is missing.
        other = held["nodes"].get(name, {})
        worst = 0.0
        for key, value in node.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                size = np.abs(value)
                error = np.abs(np.asarray(other.get(key, 0.0)) - value) / np.where(size > 0, size, 1.0)
                worst = max(worst, float(error.max(initial=0.0)))
        if worst > TINY:
            found[name] = worst
    return found


class _Writer:
    """Builder of the graph of one network."""

    def __init__(self, cells: Cells, places: Places, dt: float) -> None:
        self.cells, self.places, self.dt = cells, places, dt
        self.connections = Connections(cells, places)
        self.layers = self.connections.layers
        self.nodes: dict[str, Any] = {}
        self.edges: list[list[str]] = []
        self.inputs = {
            self._free(name): axons.stop - axons.start for name, axons in places.inputs.items()
        } or {"input": cells.line.inputs}  # fmt: skip
        self.names: dict[str, str] = {}

    def graph(self) -> dict[str, Any]:
        for name, size in self.inputs.items():
            self.nodes[name] = {"type": "Input", "shape": np.array([size])}
        self.names = dict(zip(self.places.inputs, self.inputs, strict=False))
        for name, place in self.layers.items():
            self.names[name] = own = self._free(name)
            self.nodes[own] = (
                {"type": "Output", "shape": np.array([place.neurons.size])}
                if self._is_sum(name)
                else self._neurons(name, place)
            )
        arriving = [*self.connections.of_inputs(), *self.connections.of_layers()]
        loop = self._loops(arriving)
        for name in self.layers:
            self._lead([each for each in arriving if each.target == name], name, loop)
        self._end_inputs()
        self._end_layers()
        return {"type": "NIRGraph", "nodes": self.nodes, "edges": self.edges}

    def _is_sum(self, name: str) -> bool:
        """Whether a layer stands for an output that weights lead to."""
        return self.places.outputs.get(name) == name

    def _free(self, wanted: str) -> str:
        """Return a name for a node that none has yet; names of graphs within graphs have no slash here."""
        plain = wanted.replace("/", ".")
        name, number = plain, 1
        while name in self.nodes:
            name, number = f"{plain}_{number}", number + 1
        return name

    def _loops(self, arriving: list[Connection]) -> Mapping[str, int]:
        edges = [(each.source, each.target, int(each.steps.min())) for each in arriving]
        return Timing.of(list(self.layers), edges, list(self.places.inputs)).loop

    def _lead(self, arriving: list[Connection], target: str, loop: Mapping[str, int]) -> None:
        """Add all that leads to a layer; its bias goes with the first connection, or with weights of zero."""
        bias = self.connections.bias(target)
        if not arriving:
            source, size = next(iter(self.inputs.items()))
            self._connect(source, target, np.zeros((size, bias.size)), bias)
        for number, each in enumerate(arriving):
            within = each.source in loop and loop[each.source] == loop[target]
            steps = np.where(each.steps == 1, 0, each.steps) if within and each.steps.max() <= 1 else each.steps
            own = bias if number == 0 else np.zeros_like(bias)
            self._connect(self.names[each.source], target, each.weights, own, np.asarray(steps * self.dt, np.float64))

    def _connect(self, source: str, target: str, weights: Floats, bias: Floats, delay: Floats | None = None) -> None:
        """Add a matrix [source, target], behind a Delay node if there is a delay."""
        end = self.names[target]
        name = self._free(f"{source}_to_{end}")
        self.nodes[name] = {"type": "Affine" if bias.any() else "Linear", "weight": np.ascontiguousarray(weights.T)}
        if bias.any():
            self.nodes[name]["bias"] = bias
        way = [source, name, end]
        if delay is not None and delay.any():
            wait = self._free(f"{name}_delay")
            self.nodes[wait] = {"type": "Delay", "delay": delay}
            way.insert(1, wait)
        self.edges += [list(pair) for pair in pairwise(way)]

    def _end_inputs(self) -> None:
        """Lead inputs without effect to a layer that runs on time, since the nir package adds an output to others."""
        first = min(self.layers, key=lambda name: self.layers[name].latency)
        for name, size in self.inputs.items():
            if not any(source == name for source, _ in self.edges):
                width = self.layers[first].neurons.size
                self._connect(name, first, np.zeros((size, width)), np.zeros(width))

    def _end_layers(self) -> None:
        """Add the outputs, and one for each layer that leads nowhere, as the nir package would."""
        for output, layer in self.places.outputs.items():
            if output != layer:
                self._output(output, layer)
        for name in self.layers:
            if not self._is_sum(name) and not any(source == self.names[name] for source, _ in self.edges):
                self._output(f"{name}_output", name)
        if not any(node["type"] == "Output" for node in self.nodes.values()):
            self._output("output", list(self.layers)[-1])

    def _output(self, name: str, layer: str) -> None:
        own = self._free(name)
        self.nodes[own] = {"type": "Output", "shape": np.array([self.layers[layer].neurons.size])}
        self.edges.append([self.names[layer], own])

    def _neurons(self, name: str, place: Place) -> dict[str, Any]:
        cells, members, unit = self.cells, place.neurons, self.connections.unit[name]
        decay, synaptic = cells.decay[members], cells.decay_syn[members]
        node: dict[str, Any] = {"metadata": {NAMESPACE: {"neurons": members}}}
        if not place.silent:
            node["v_threshold"] = cells.threshold[members] / unit + place.rest
            node["v_reset"] = cells.reset[members] / unit + place.rest
        suffix = "" if place.silent else "F"
        if (synaptic == 1).all() and not decay.any() and not place.rest.any():
            return node | {"type": f"I{suffix}", "r": np.full(members.size, 1 / self.dt)}
        steps = _steps(decay)
        node |= {"v_leak": np.array(place.rest, np.float64), "r": steps}
        if (synaptic == 1).all():
            return node | {"type": f"LI{suffix}", "tau": steps * self.dt}
        late = _steps(synaptic)
        return node | {
            "type": f"CubaLI{suffix}", "tau_mem": steps * self.dt, "tau_syn": late * self.dt, "w_in": late,
        }  # fmt: skip


def _steps(fraction: Floats) -> Floats:
    """Return the time constant, in steps, at which a step of Euler's method loses a fraction."""
    return np.asarray(1 / np.maximum(fraction, 1 / FOR_EVER))
