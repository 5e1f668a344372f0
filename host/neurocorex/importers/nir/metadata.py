"""Metadata of exported graphs: the image of the chip, which NIR itself cannot express.

They hold a whole image, and a digest of the graph that it belongs to. Other tools ignore them. When a graph comes back
and its digest is still the same, its image is used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import files
from ...errors import FileFormatError, InputError
from ...image import Image, blank, program_regions, state_regions
from ...quantiser.inputs import inputs_of
from ...quantiser.report import Report
from ...spec import CoreConfig, Region
from ..labels import ImportReport, Item
from .graph import Graph
from .imported import Imported
from .intended import corrected
from .node import Node
from .places import Place, Places, places_text, read_places

#: Key of the metadata, and the version of their format.
NAMESPACE = "neurocorex"
VERSION = 1


def image_metadata(
    image: Image, graph: Mapping[str, Any], dt: float, places: Places, errors: Mapping[str, float]
) -> dict[str, Any]:
    """Return the metadata for a graph that was made from an image.

    Parameters
    ----------
    image : Image
        The image.
    graph : mapping
        The graph.
    dt : float
        Length of a step in seconds.
    places : Places
        Its inputs, layers and outputs, by the names that `from_nir` gives them.
    errors : mapping of str to float
        For each node whose numbers are not those of the image, the largest relative difference.
    """
    return {
        "version": np.int64(VERSION),
        "parts": places_text(places),
        "errors": json.dumps(dict(errors)),
        "config": image.config.to_json(),
        "scale": np.float64(image.scale),
        "meta": json.dumps(dict(image.meta)),
        "dt": np.float64(dt),
        "digest": digest_of(Graph.of(graph)),
        "regions": {region.name.lower(): array for region, array in image.regions.items() if array.size},
    }


def digest_of(graph: Graph) -> str:
    """Return a digest of nodes and edges that does not depend on their order or the width of numbers."""
    state = hashlib.sha256()
    for name, node in sorted(graph.nodes.items()):
        state.update(f"{name}\0{node.kind}\0{sorted(graph.sources[name])}\0".encode())
        for key in sorted(node.fields):
            if key not in ("type", "metadata"):
                value = _array(node.fields[key])
                numbers = value.astype("<f8") if value.dtype.kind in "iufb" else value.astype("U").astype("S")
                state.update(f"{key}\0{value.shape}\0".encode() + numbers.tobytes())
    return state.hexdigest()


def _array(value: Any) -> NDArray[Any]:
    """Return a field as an array; one that is no array of ours only has to change the digest."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.asarray(repr(value))


def exported(graph: Graph, source: str) -> Imported | str | None:
    """Return the model in the metadata of a graph; None if there are none, a note if they cannot be used.

    Raises
    ------
    FileFormatError
        If the metadata are damaged.
    """
    extras = graph.metadata.get(NAMESPACE)
    if not isinstance(extras, Mapping):
        return None
    if _number(extras, "version") != VERSION:
        return f"metadata of NeuroCoreX in another version ({extras.get('version')!r}) were not used"
    if str(extras.get("digest")) != digest_of(graph):
        return "the graph was changed after NeuroCoreX wrote it; its integers and metadata were not used"
    image = _image(extras)
    return _imported(image, graph, source, extras)


def _image(extras: Mapping[str, Any]) -> Image:
    try:
        config = CoreConfig.from_json(str(extras["config"]))
        meta = files.parse(str(extras["meta"]))
        if not isinstance(meta, dict) or not isinstance(extras["regions"], Mapping):
            raise ValueError("meta or regions are no mapping")
        named = {str(name).upper(): np.asarray(array) for name, array in extras["regions"].items()}
        if unknown := sorted(set(named) - set(Region.__members__)):
            raise ValueError(f"holds {', '.join(unknown)}, which this version does not know; update neurocorex")
        given = {Region[name]: array for name, array in named.items()}
        empty = {
            region: np.zeros(0, np.int64) if region.row.default is None else blank(region, config)
            for region in (*program_regions(config), *(state_regions(config) if Region.MEMBRANE in given else ()))
            if region not in given
        }
        return Image(config, empty | given, _number(extras, "scale"), meta)
    except (KeyError, ValueError, TypeError, InputError) as error:
        raise FileFormatError(f"metadata {NAMESPACE}: {error}; write the graph again") from None


def _number(extras: Mapping[str, Any], name: str) -> float:
    try:
        number = float(np.asarray(extras[name]).item())
    except (KeyError, TypeError, ValueError):
        raise FileFormatError(f"metadata {NAMESPACE}: {name} is no number; write the graph again") from None
    return number


def _members(given: Any, node: Node, every: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the neurons of an exported node."""
    members = np.atleast_1d(np.asarray(given))
    if members.dtype.kind not in "iu" or members.ndim != 1 or not np.isin(members, every).all():
        raise node.bad(
            f"metadata {NAMESPACE}: neurons must be numbers from 0 to {every.size - 1}; write the graph again"
        )
    return np.asarray(every[np.sort(members)])


def _places(image: Image, graph: Graph, extras: Mapping[str, Any]) -> Places:
    if "parts" in extras:
        return read_places(str(extras["parts"]), image)
    # Files of earlier versions tell the neurons of each node only.
    every = np.arange(image.config.neurons)
    layers: dict[str, Place] = {}
    for name, node in graph.nodes.items():
        own = node.fields.get("metadata")
        if isinstance(own, Mapping) and isinstance(own.get(NAMESPACE), Mapping):
            members = _members(own[NAMESPACE].get("neurons"), node, every)
            unit = np.full(members.size, image.scale)
            layers[name] = Place(members, (members.size,), 0, unit, np.zeros(members.size))
    outputs = {name: graph.sources[name][0] for name, node in graph.nodes.items() if node.kind == "Output"}
    return Places({"input": slice(0, inputs_of(image))}, layers, outputs)


def _errors(extras: Mapping[str, Any]) -> dict[str, float]:
    """Return the largest relative difference between the numbers of each node and the image, where there is one."""
    try:
        return {str(name): float(error) for name, error in files.parse(str(extras.get("errors", "{}"))).items()}
    except (ValueError, TypeError, AttributeError):
        raise FileFormatError(f"metadata {NAMESPACE}: errors make no sense; write the graph again") from None


def _imported(image: Image, graph: Graph, source: str, extras: Mapping[str, Any]) -> Imported:
    places, errors = _places(image, graph, extras), _errors(extras)
    items = []
    for node in graph.nodes.values():
        error = errors.get(node.name, 0.0)
        detail = f"{error:.3g} of a number, which the network had in floats" if error else ""
        items.append(Item.rounded(f"{node.name} ({node.kind})", error, detail))
    reason = "the integers that the graph was exported with"
    report = ImportReport(source, items, reason, corrected(Report.of(image), places))
    return Imported(image, report, _number(extras, "dt"), *places)
