"""Places of a graph's inputs, layers and outputs on the chip, as JSON that is kept with the image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import files
from ...errors import FileFormatError
from ...image import Image
from ...quantiser.inputs import inputs_of
from .blueprint import Blueprint
from .node import Floats, Shape


@dataclass(frozen=True, eq=False)
class Place:
    """Place of one node on the chip.

    Attributes
    ----------
    neurons : int array
        Its neurons, in rising order.
    shape : tuple of int
        Shape of the node.
    latency : int
        Steps by which its spikes are later than in the graph.
    unit : float array [neurons]
        Units of the chip's state per unit of the membrane in the graph.
    rest : float array [neurons]
        Membrane in the graph that is 0 on the chip.
    silent : bool
        Whether its neurons never fire and are read by their membrane.
    late : bool
        Whether the importer gave its neurons weights onto themselves, which take off the threshold after the decay of
        the next step.
    """

    neurons: NDArray[np.intp]
    shape: Shape
    latency: int
    unit: Floats
    rest: Floats
    silent: bool = False
    late: bool = False


class Places(NamedTuple):
    """Where the parts of a graph are on the chip; the attributes are those of `Imported`."""

    inputs: dict[str, slice]
    layers: dict[str, Place]
    outputs: dict[str, str]

    @property
    def latency(self) -> int:
        """Latency of the latest layer, in steps."""
        return max(place.latency for place in self.layers.values())


def layers_of(blueprint: Blueprint, image: Image) -> dict[str, Place]:
    """Return the place of each layer of a blueprint on the chip."""
    every = np.arange(image.config.neurons)
    return {
        name: Place(
            every[place],
            blueprint.layers[name].shape,
            blueprint.timing.latency[name],
            blueprint.unit[name] * image.scale,
            blueprint.layers[name].rest,
            blueprint.layers[name].silent,
            blueprint.layers[name].late,
        )
        for name, place in blueprint.places().items()
    }


def places_text(model: Places) -> str:
    """Return places as JSON."""
    layers = {
        name: {
            "neurons": place.neurons.tolist(), "shape": list(place.shape), "latency": place.latency,
            "unit": place.unit.tolist(), "rest": place.rest.tolist(),
            "silent": bool(place.silent), "late": bool(place.late),
        }
        for name, place in model.layers.items()
    }  # fmt: skip
    inputs = {name: [axons.start, axons.stop] for name, axons in model.inputs.items()}
    return json.dumps({"inputs": inputs, "layers": layers, "outputs": model.outputs})


def read_places(text: str, image: Image) -> Places:
    """Read what `places_text` wrote; raises FileFormatError for places that the image does not have."""
    try:
        told = files.parse(text)
        inputs = {str(name): slice(int(start), int(stop)) for name, (start, stop) in told["inputs"].items()}
        if not all(0 <= place.start <= place.stop <= inputs_of(image) for place in inputs.values()):
            raise ValueError("inputs that the image does not have")
        layers = {str(name): _place(fields, image) for name, fields in told["layers"].items()}
        outputs = {str(name): str(layer) for name, layer in told["outputs"].items()}
        if not set(outputs.values()) <= set(layers):
            raise ValueError("outputs of layers that there are not")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise FileFormatError(f"metadata neurocorex: parts make no sense ({error}); write the graph again") from None
    return Places(inputs, layers, outputs)


def _place(fields: Any, image: Image) -> Place:
    neurons = np.asarray(fields["neurons"], np.intp)
    unit, rest = (np.asarray(fields[name], np.float64) for name in ("unit", "rest"))
    if not neurons.ndim == unit.ndim == rest.ndim == 1 or not neurons.size == unit.size == rest.size:
        raise ValueError("layers of another size than their neurons")
    if neurons.size and not 0 <= neurons.min() <= neurons.max() < image.config.neurons:
        raise ValueError("neurons that the image does not have")
    if not (np.isfinite(unit).all() and (unit > 0).all() and np.isfinite(rest).all()):
        raise ValueError("units that are not above 0")
    # Files of earlier versions have neither of the flags.
    silent, late = (bool(fields.get(flag, False)) for flag in ("silent", "late"))
    shape = tuple(int(size) for size in fields["shape"])
    return Place(neurons, shape, int(fields["latency"]), unit, rest, silent, late)
