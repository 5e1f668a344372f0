"""Present state of a SuperNeuroMAT model as a snapshot of the chip."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...device.remarks import UNBOUNDED
from ...errors import FitError
from ...image import Image, blank, program_regions, state_regions
from ...network.network import Network
from ...quantiser.tuning import SCHEDULE
from ...spec import CoreConfig, Region
from .model import Model
from .reader import Ints
from .relays import Folding


def with_state(image: Image, model: Model, folding: Folding, net: Network) -> Image:
    """Return the image as a snapshot of the model: states, spikes in flight, traces, and drift of learned weights."""
    config, kept = image.config, folding.neurons
    regions: dict[Region, NDArray[Any]] = {region: blank(region, config) for region in state_regions(config)} | {
        region: array.astype(np.int64) for region, array in image.regions.items() if region in program_regions(config)
    }
    membranes = np.rint((model.states - model.resets)[kept] * image.scale)
    low, high = config.state_range
    beyond = (membranes < low) | (membranes > high)
    if beyond.any():
        at = int(kept[np.argmax(beyond)])
        raise FitError(f"the state of neuron {at}, {model.states[at]:g}, is beyond the chip's {low} to {high} at scale "
                       f"{image.scale:g}; take a smaller scale")  # fmt: skip
    regions[Region.MEMBRANE][:] = membranes
    regions[Region.REFRACTORY_COUNT][:] = np.minimum(model.counts[kept], (1 << config.refractory_bits) - 1)
    regions[Region.HISTORY][:] = folding.history()
    meta = dict(image.meta)
    if model.gains:
        meta[UNBOUNDED] = True
        _set_traces(regions[Region.PRE_TRACE], model, folding, net, config)
        meta[SCHEDULE] = _started(regions[Region.CONTROL], meta.get(SCHEDULE, []), len(model.train))
    return Image(config, regions, image.scale, meta)


def _set_traces(traces: Ints, model: Model, folding: Folding, net: Network, config: CoreConfig) -> None:
    """Set bit k of a trace where a spike arrived k ticks ago, which is one tick after its carrier fired."""
    past = model.train[-2 : -2 - config.window_steps : -1].astype(np.int64)
    bits = (past << np.arange(len(past))[:, None]).sum(axis=0)
    traces[rows(net, folding)] = bits[[hop.carrier for hop in folding.hops]]


def _started(control: Ints, schedule: list[list[int]], ticks: int) -> list[list[int]]:
    """Set the drift to that of the model's present tick, and return the rest of its schedule."""
    for step, register, value in schedule:
        if step <= ticks:
            control[register] = value
    return [[step - ticks, register, value] for step, register, value in schedule if step > ticks]


def rows(net: Network, folding: Folding) -> list[int]:
    """Return the row of each hop in the weights of the network: that of its neuron, or of an extra axon."""
    first = net.input_count + net.neuron_count
    extra = {axon: first + k for k, axon in enumerate(zip(net.extra_source, net.extra_delay_ms, strict=True))}
    place = folding.position
    own = net.parameters["delay_ms"]
    return [
        net.input_count + place[hop.pre] if own[place[hop.pre]] == hop.delay
        else extra[place[hop.pre], float(hop.delay)]
        for hop in folding.hops
    ]  # fmt: skip
