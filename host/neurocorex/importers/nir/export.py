"""Export of a network or image as a NIR graph that other tools can read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...image import Image
from ...network.network import Network
from ...quantiser.demand import Durations
from ...quantiser.quantise import quantised
from ...spec import Control, CoreConfig, Region
from ...spec.fixed import DECAY_ALL, DECAY_BITS
from .hdf5 import write_tree
from .imported import Imported
from .metadata import NAMESPACE, image_metadata
from .node import Floats

#: Version of NIR that is written.
NIR_VERSION = "1.0"
#: Time constant in steps that stands for infinity.
FOR_EVER = 2.0**32


def to_nir(
    model: Network | Image | Imported, path: str | Path | None = None, *, config: CoreConfig | None = None
) -> dict[str, Any]:
    """Write a network as a NIR graph of LIF, IF and CubaLIF neurons, Linear or Affine weights and delays.

    Simulated by Euler's method with the same step, the graph does what the network does. NIR cannot express refractory
    periods, subtracting resets, linear leaks, adaptation and learning. These, and the integers of the chip, are kept in
    metadata that other tools ignore and `from_nir` reads: a graph that comes back has the same image, bit for bit.

    Parameters
    ----------
    model : Network, Image or Imported
        A network is written with its floats, an image with the values that its integers stand for.
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
        If `model` is none of these.
    FitError
        If a network does not fit.
    FileFormatError
        If the file cannot be written.
    MissingToolError
        If there is a path, but no h5py.
    """
    imported = model if isinstance(model, Imported) else None
    if isinstance(model, Imported):
        model = model.image
    if isinstance(model, Network):
        image, cells = quantised(model, config)[0], _Cells.of_network(model)
        dt = model.dt_ms * 1e-3
    elif isinstance(model, Image):
        dt = float(model.meta.get("dt_ms", 1.0)) * 1e-3
        image, cells = model, _Cells.of_image(model)
    else:
        raise InputError(f"expected a Network or an Image, got {type(model).__name__}")
    tree = _Writer(cells, dt).graph()
    tree["metadata"] = {NAMESPACE: image_metadata(image, tree, dt, imported)}
    if path is not None:
        write_tree(path, {"version": NIR_VERSION, "node": tree})
    return tree


@dataclass(frozen=True, eq=False)
class _Cells:
    """Numbers of a network in floats: parameters [N], weights [axons, N], delays in steps."""

    weights: Floats
    decay: Floats
    decay_syn: Floats
    threshold: Floats
    reset: Floats
    bias: Floats
    delays: NDArray[np.int64]
    extra_source: NDArray[np.int64]
    extra_delays: NDArray[np.int64]

    @classmethod
    def of_network(cls, net: Network) -> _Cells:
        values, times = net.parameters, Durations.of(net)
        names = ("decay", "decay_syn", "threshold", "reset", "bias")
        decay, decay_syn, threshold, reset, bias = (values[name].astype(np.float64) for name in names)
        source = np.asarray(net.extra_source, np.int64)
        weights = net.weights.astype(np.float64)
        return cls(
            weights, decay, decay_syn, threshold, reset, bias, times.delays, source, times.extra_delays
        )  # fmt: skip

    @classmethod
    def of_image(cls, image: Image) -> _Cells:
        regions, config = image.regions, image.config
        gains = np.full(config.axons, int(regions[Region.CONTROL][Control.GAIN_RECURRENT]))
        gains[: config.inputs] = int(regions[Region.CONTROL][Control.GAIN_INPUT])
        weights = np.ldexp(image.weights.astype(np.float64), gains[:, None]) / image.scale
        decays = (regions[region] for region in (Region.DECAY, Region.CURRENT_DECAY))
        decay, decay_syn = (np.where(units == DECAY_ALL, 1.0, units / (1 << DECAY_BITS)) for units in decays)
        threshold, reset, bias = (
            regions[region] / image.scale for region in (Region.THRESHOLD, Region.RESET, Region.BIAS)
        )
        none = np.zeros(0, np.int64)
        source, delays = (
            np.asarray(regions.get(region, none), np.int64) for region in (Region.EXTRA_SOURCE, Region.EXTRA_DELAY)
        )
        own = regions[Region.DELAY].astype(np.int64)
        return cls(weights, decay, decay_syn, threshold, reset, bias, own, source, delays)


class _Writer:
    """Builder of the graph of one network."""

    def __init__(self, cells: _Cells, dt: float) -> None:
        self.cells, self.dt = cells, dt
        self.neurons = cells.decay.size
        self.inputs = len(cells.weights) - self.neurons - cells.extra_source.size
        self.nodes: dict[str, Any] = {}
        self.edges: list[list[str]] = []
        kinds = np.where(cells.decay_syn < 1, "CubaLIF", np.where(cells.decay > 0, "LIF", "IF"))
        found = sorted(set(kinds.tolist()))
        self.groups = {
            ("neurons" if len(found) == 1 else f"neurons_{kind.lower()}"): (kind, np.flatnonzero(kinds == kind))
            for kind in found
        }

    def graph(self) -> dict[str, Any]:
        self.nodes["input"] = {"type": "Input", "shape": np.array([self.inputs])}
        for name, (kind, members) in self.groups.items():
            self.nodes[name] = self._neurons(kind, members)
        for target, (kind, members) in self.groups.items():
            bias = self.cells.bias[members] * (self.cells.decay_syn[members] if kind == "CubaLIF" else 1.0)
            self._connect("input", target, self.cells.weights[: self.inputs, members], bias=bias)
        axons = [(self.inputs + np.arange(self.neurons), self.cells.delays), *self._extra()]
        for number, (rows, delays) in enumerate(axons):
            for source, (_, senders) in self.groups.items():
                for target, (_, members) in self.groups.items():
                    weights = np.where(
                        (delays > 0)[senders, None], self.cells.weights[np.ix_(rows[senders], members)], 0.0
                    )
                    self._connect(
                        source, target, weights, delays=delays[senders], suffix=f"_{number}" if number else ""
                    )
        for name, (_, members) in self.groups.items():
            out = name.replace("neurons", "output")
            self.nodes[out] = {"type": "Output", "shape": np.array([members.size])}
            self.edges.append([name, out])
        return {"type": "NIRGraph", "nodes": self.nodes, "edges": self.edges}

    def _extra(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Return the rows and delays [N] of the first, second, ... extra axon of each neuron; 0 where there is none."""
        rounds: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        used = np.zeros(self.neurons, np.int64)
        for extra, (source, delay) in enumerate(zip(self.cells.extra_source, self.cells.extra_delays, strict=True)):
            if source >= self.neurons:
                continue
            if used[source] == len(rounds):
                rounds.append((np.zeros(self.neurons, np.int64), np.zeros(self.neurons, np.int64)))
            rows, delays = rounds[used[source]]
            rows[source], delays[source] = self.inputs + self.neurons + extra, delay
            used[source] += 1
        return rounds

    def _connect(
        self, source: str, target: str, weights: Floats, *, bias: Floats | None = None,
        delays: NDArray[np.int64] | None = None, suffix: str = "",
    ) -> None:  # fmt: skip
        """Add a matrix [source, target], behind a Delay node if a delay is longer than one step."""
        biased = bias is not None and bias.any()
        if not weights.any() and not biased:
            return
        name = f"{source}_to_{target}{suffix}"
        self.nodes[name] = {"type": "Affine" if biased else "Linear", "weight": np.ascontiguousarray(weights.T)}
        if biased:
            self.nodes[name]["bias"] = bias
        if delays is not None and (delays > 1).any():
            wait = f"{name}_delay"
            self.nodes[wait] = {"type": "Delay", "delay": delays * self.dt}
            self.edges += [[source, wait], [wait, name], [name, target]]
        else:
            self.edges += [[source, name], [name, target]]

    def _neurons(self, kind: str, members: NDArray[np.intp]) -> dict[str, Any]:
        cells = self.cells
        node: dict[str, Any] = {
            "type": kind, "v_threshold": cells.threshold[members], "v_reset": cells.reset[members],
            "metadata": {NAMESPACE: {"neurons": members}},
        }  # fmt: skip
        if kind == "IF":
            return node | {"r": np.full(members.size, 1 / self.dt)}
        steps = _steps(cells.decay[members])
        node |= {"v_leak": np.zeros(members.size), "r": steps}
        if kind == "LIF":
            return node | {"tau": steps * self.dt}
        synaptic = _steps(cells.decay_syn[members])
        return node | {"tau_mem": steps * self.dt, "tau_syn": synaptic * self.dt, "w_in": synaptic}


def _steps(fraction: Floats) -> Floats:
    """Return the time constant, in steps, at which a step of Euler's method loses a fraction."""
    return np.asarray(1 / np.maximum(fraction, 1 / FOR_EVER))
