"""Network of a folded SuperNeuroMAT model, in the units of the model, and the geometry of its chip."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FitError
from ...learning import superneuromat
from ...network.network import Network
from ...spec import CoreConfig, Learning
from ...spec.config import LIMITS
from .commonscale import below
from .model import Model
from .reader import WHOLE_LIMIT, Floats
from .refractory import Refractory
from .relays import Folding
from .scaling import STATE_BITS, WEIGHT_BITS, Scaling


def network(model: Model, folding: Folding, refractory: Refractory) -> Network:
    """Build the network in the units of the model. `set_levels` completes it when the scale is known."""
    kept = folding.neurons
    if len(kept) > max(LIMITS["neurons"]):
        raise FitError(f"the model has {len(kept)} neurons without relays, at most {max(LIMITS['neurons'])} can be "
                       "built; take a part of it")  # fmt: skip
    net = Network(inputs=1, neurons=len(kept))
    # For the choice of a scale. Infinite levels do not count; `set_levels` replaces them.
    levels = [np.where(np.isfinite(each), each, 0.0)[kept] for each in (model.thresholds - model.resets, model.leaks)]
    net.neurons.set(
        threshold=natural(levels[0]),
        leak=natural(levels[1]),
        refractory_ms=refractory.held(model.periods[kept]).astype(np.float64),
    )
    place = folding.position
    weights = natural(model.weights)
    groups: dict[tuple[int, bool], list[tuple[int, int, Any]]] = {}
    for hop in folding.hops:
        synapse = (place[hop.pre], place[hop.post], weights[hop.synapse])
        groups.setdefault((hop.delay, bool(model.plastic[hop.synapse])), []).append(synapse)
    for (delay, plastic), synapses in sorted(groups.items(), key=lambda group: group[0]):
        sources = sorted({pre for pre, _, _ in synapses})
        position = {pre: k for k, pre in enumerate(sources)}
        moved = [(position[pre], post, weight) for pre, post, weight in synapses]
        net.connect(net.neurons[sources], net.neurons, moved, delay_ms=float(delay), plastic=plastic)
    if model.gains:
        net.learn(superneuromat(model.gains, model.losses))
    return net


def set_levels(net: Network, model: Model, folding: Folding, scaling: Scaling, config: CoreConfig) -> None:
    """Set thresholds and leaks, in the units of the model, to values that the chip can hold.

    Where states are whole, a threshold does the same as the whole number below it. A threshold beyond the range of
    states becomes the end of the range. A leak beyond it becomes a decay of everything.
    """
    low, high = (bound / scaling.scale for bound in config.state_range)
    kept = folding.neurons
    thresholds: NDArray[Any] = np.clip((model.thresholds - model.resets)[kept], low, high)
    if scaling.whole:
        units = below(thresholds, scaling.scale)
        thresholds = units if scaling.scale == 1 else units / scaling.scale
    leaks = model.leaks[kept]
    wipes = leaks > high
    net.neurons.set(
        threshold=thresholds, leak=natural(np.where(wipes, 0, leaks)), decay=wipes.astype(np.float64)
    )  # fmt: skip


def geometry(
    net: Network, model: Model, folding: Folding, refractory: Refractory, config: CoreConfig | None
) -> CoreConfig:
    """Return the geometry of the image: that of a given chip with as many neurons as needed, or the smallest."""
    neurons, extra_axons = net.neuron_count, len(net.extra_source)
    if config is not None:
        return replace(config, neurons=neurons, inputs=1, extra_axons=extra_axons)
    return CoreConfig(
        neurons=neurons, inputs=1, extra_axons=extra_axons, lanes=lanes(neurons), weight_bits=WEIGHT_BITS,
        state_bits=STATE_BITS, adaptation=False, refractory_bits=refractory.bits,
        max_delay=max((hop.delay for hop in folding.hops), default=1),
        learning=Learning.WINDOW if model.gains else Learning.NONE, window_steps=max(len(model.gains), 1),
    )  # fmt: skip


def lanes(neurons: int) -> int:
    """Return the number of lanes: no more than the neurons, and than the default."""
    return min(CoreConfig().lanes, 1 << (neurons - 1).bit_length())


def natural(values: Floats) -> NDArray[Any]:
    """Return values as integers, if all are whole."""
    whole = np.abs(values).max(initial=0) < WHOLE_LIMIT and (values == np.rint(values)).all()
    return values.astype(np.int64) if whole else values
