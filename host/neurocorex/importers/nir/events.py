"""Recorded spikes as files of NIR event data, which the `nir` package reads and writes as well."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...device.result import Result
from ...errors import FileFormatError, InputError
from .child import read_tree
from .hdf5 import DATASET_LIMIT, opened

#: Name of the observable.
SPIKES = "spikes"


def write_spikes(
    result: Result, path: str | Path, *, nodes: Mapping[str, Iterable[int]] | None = None, dt: float | None = None
) -> None:
    """Write the spikes of a run as NIR event data.

    Parameters
    ----------
    result : Result
        A result with spikes, of one run or of samples.
    path : path
        HDF5 file to write.
    nodes : mapping of str to neurons, optional
        Neurons of each node of the graph; by default a single node "neurons" has all. For an `Imported` it is
        ``{name: place.neurons for name, place in imported.layers.items()}``.
    dt : float, optional
        Length of a step in seconds; by default that of the network. A spike of step k is written at ``k * dt``.

    Raises
    ------
    InputError
        If no spikes were recorded, or a neuron does not exist.
    FileFormatError
        If the file cannot be written.
    """
    raster = result.spikes if result.samples is not None else result.spikes[None]
    step = result.dt_ms * 1e-3 if dt is None else dt
    groups = {"neurons": range(result.neurons)} if nodes is None else nodes
    chosen = {name: np.fromiter(members, np.int64) for name, members in groups.items()}
    for name, members in chosen.items():
        if members.size and not 0 <= members.min() <= members.max() < result.neurons:
            raise InputError(f"node {name!r} names a neuron that is not among the {result.neurons} of the result")
    with opened(path, "w") as file:
        file.attrs["__type__"] = "NIRGraphData"
        for name, members in chosen.items():
            node = file.create_group(f"nodes/{name}")
            node.attrs["__type__"] = "NIRNodeData"
            _write_events(node.create_group(f"observables/{SPIKES}"), raster[..., members], step)


def _write_events(group: Any, raster: NDArray[np.bool_], dt: float) -> None:
    """Write spikes [samples, steps, n] as a row for each sample, padded with neuron -1 at infinity."""
    samples, steps, neurons = raster.shape
    sample, step, neuron = np.nonzero(raster)
    counts = np.bincount(sample, minlength=samples)
    position = np.arange(sample.size) - np.repeat(np.cumsum(counts) - counts, counts)
    idx = np.full((samples, counts.max(initial=0)), -1, np.int64)
    time = np.full(idx.shape, np.inf)
    idx[sample, position], time[sample, position] = neuron, step * dt
    group.attrs["__type__"] = "EventData"
    group.attrs["n_neurons"], group.attrs["t_max"] = neurons, steps * dt
    group.create_dataset("idx", data=idx)
    group.create_dataset("time", data=time)


def read_spikes(path: str | Path, dt: float, *, node: str | None = None) -> NDArray[np.bool_]:
    """Read NIR event data as a raster, such as `Device.run` takes for input spikes.

    Parameters
    ----------
    path : path
        HDF5 file.
    dt : float
        Length of a step in seconds; an event belongs to the step in which it falls.
    node : str, optional
        Name of a node; by default the only one.

    Returns
    -------
    bool array [samples, steps, neurons]

    Raises
    ------
    FileFormatError
        If it is no such file, or its sizes are inconsistent.
    InputError
        For a node that is not in it, or a `dt` that is not above 0.
    """
    if not dt > 0:
        raise InputError(f"dt must be above 0, got {dt!r}")
    nodes = _members(read_tree(path, attributes=True), "nodes", path)
    if node is None and len(nodes) != 1:
        raise InputError(f"{path} has events of {len(nodes)} nodes; name one of {', '.join(nodes)}")
    if node is not None and node not in nodes:
        raise InputError(f"{path} has no events of {node!r}; there are {', '.join(nodes)}")
    name = node or next(iter(nodes))
    group = _members(_members(_members(nodes, name, path), "observables", path), SPIKES, path)
    try:
        neurons, end = int(group["@n_neurons"]), float(group["@t_max"])
        idx, time = np.asarray(group["idx"]), np.asarray(group["time"])
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"{path}: the events of node {name!r} lack {error}; it is damaged or no event data"
        ) from None
    shape = idx.shape
    if time.shape != shape or len(shape) != 2 or idx.dtype.kind not in "iuf" or time.dtype.kind not in "iuf":
        raise FileFormatError(f"{path}: node {name!r} has events of shape {shape} and {time.shape}")
    steps = end / dt
    if not (neurons >= 0 and steps >= 0 and shape[0] * (steps + 1) * neurons <= DATASET_LIMIT):
        raise FileFormatError(f"{path}: node {name!r} has {neurons} neurons in {steps:g} steps, which is too much")
    # k * dt may be rounded down in its last bit; the spike belongs to step k nevertheless.
    count = int(np.rint(steps)) if abs(steps - np.rint(steps)) < 1e-6 else math.ceil(steps)
    sample, place = np.nonzero(idx >= 0)
    step = np.floor(time[sample, place] / dt + 1e-6)
    neuron = idx[sample, place]
    if not ((step >= 0) & (step < max(count, 1)) & (neuron < neurons)).all():
        raise FileFormatError(f"{path}: node {name!r} has events of neurons or at times that there are not")
    raster = np.zeros((shape[0], count, neurons), np.bool_)
    raster[sample, step.astype(np.int64), neuron] = True
    return raster


def _members(group: Any, name: str, path: str | Path) -> dict[str, Any]:
    """Return a group within a group, without its attributes where it holds nodes; raises FileFormatError."""
    found = group.get(name) if isinstance(group, dict) else None
    if not isinstance(found, dict):
        raise FileFormatError(f"cannot read {path} as NIR event data: it has no {name!r}; it is of another kind")
    return found if "idx" in found else {key: value for key, value in found.items() if not key.startswith("@")}
