"""Direct coding: real-valued inputs of an imported graph as currents for the neurons that they lead to.

A spike on an input axon adds its weights to neurons. A number x on an input adds x times these weights, which no axon
can do, but an injected current can.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...image import Image
from ...network.network import Network
from ...quantiser.populations import scales_of
from .cells import Cells
from .connections import Connections
from .node import Floats
from .places import Places


def currents_of(image: Image, net: Network | None, places: Places, values: Any, steps: int | None) -> Floats:
    """Return what `Imported.currents` returns, for its image, network, places and arguments."""
    table = _table(places.inputs, values, steps)
    cells = Cells.of_image(image) if net is None else Cells.of_network(net, image)
    connections = Connections(cells, places)
    duration, width = table.shape[-2], image.config.neurons
    lateness = places.latency
    total = np.zeros((*table.shape[:-2], duration + lateness, width))
    last = duration
    scales = scales_of(image)
    for each in connections.of_inputs():
        place, given = places.layers[each.target], table[..., places.inputs[each.source]]
        for wait in np.unique(each.steps).tolist():
            weights = np.where((each.steps == wait)[:, None], each.weights, 0.0)
            late = wait + place.latency
            # What arrives after the last step of the graph changes nothing that anybody reads.
            kept = min(duration, duration + lateness - late)
            if kept > 0:
                unit = place.unit / scales[place.neurons]
                total[..., late : late + kept, place.neurons] += given[..., :kept, :] @ weights * unit
                last = max(last, late + kept)
    return total[..., :last, :]


def _table(inputs: Mapping[str, slice], values: Any, steps: int | None) -> Floats:
    """Return values of all inputs, [steps, inputs] or [samples, steps, inputs]."""
    if not inputs:
        raise InputError("the graph has no input that real values could go to")
    if isinstance(values, Mapping):
        if set(values) != set(inputs):
            raise InputError(f"give values for each input, {', '.join(inputs)}; got {', '.join(map(str, values))}")
        parts = [_part(values[name], place.stop - place.start, steps, name) for name, place in inputs.items()]
        if len({part.shape[:-1] for part in parts}) > 1:
            shapes = " and ".join(str(part.shape) for part in parts)
            raise InputError(f"all inputs must agree in samples and steps, got shapes {shapes}")
        return np.concatenate(parts, axis=-1)
    return _part(values, sum(place.stop - place.start for place in inputs.values()), steps, "")


def _part(values: Any, size: int, steps: int | None, name: str) -> Floats:
    """Return values of one input, or of all, as an array with an axis of steps."""
    where = f" for {name!r}" if name else ""
    try:
        given: npt.NDArray[Any] = np.asarray(values)
        if given.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError):
        raise InputError(f"values{where} must be an array of numbers, got {type(values).__name__}") from None
    if not np.isfinite(given).all():
        raise InputError(f"values{where} must be finite, got {given[~np.isfinite(given)].flat[0]}")
    table = _flattened(given, size, 1 if steps is None else 0)
    if table is None:
        wanted = f"[steps, {size}] or [samples, steps, {size}]" if steps is None else f"[{size}] or [samples, {size}]"
        raise InputError(
            f"values{where} must have shape {wanted}, got {given.shape}; for the same values in every step give one "
            "frame and steps=100"
        )
    if steps is None:
        return table
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InputError(f"steps must be an integer from 1 up, got {steps!r}")
    return np.repeat(table[..., None, :], steps, axis=-2)


def _flattened(given: npt.NDArray[Any], size: int, least: int) -> Floats | None:
    """Merge the last axes, whose sizes have the product `size`; None unless `least` or one more axes come before."""
    for leading in (least, least + 1):
        if leading < given.ndim and math.prod(given.shape[leading:]) == size:
            return given.reshape(*given.shape[:leading], size).astype(np.float64)
    return None
