"""Quantiser: a network in any units becomes the integers of one chip.

Everything that meets a membrane is multiplied by the scale of its neuron and rounded. Weights are divided by a gain as
well (a left shift that the chip undoes), one for weights from inputs and one for weights from neurons. `demand` says
which chips have room, `scale` and `populations` choose scales and gains, `rounding` rounds, and `tuning` turns a
learning rule into registers and tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..events.stream import EventStream
from ..image import Image
from ..network.network import Network
from ..network.population import Neurons, named
from ..spec import CoreConfig
from .assembly import Assembly
from .comparison import Comparison
from .demand import Demand, smallest_config
from .inputs import require_axons
from .losses import loss_warnings
from .notice import tell
from .populations import choose_scales, given_scales, groups_of, injected_units
from .report import Report
from .scale import Kinds, choose_scale, gain_for, integers_fit, with_room_to_learn

__all__ = ["Report", "quantise", "quantised", "smallest_config", "tell"]


def quantise(
    net: Network,
    config: CoreConfig | None = None,
    *,
    scale: ArrayLike | None = None,
    populations: Sequence[Neurons] | None = None,
    stimulus: EventStream | ArrayLike | None = None,
    inject_max: ArrayLike | None = None,
) -> tuple[Image, Report]:
    """Turn a network into integers for one chip.

    Parameters
    ----------
    net : Network
        The network, which is not changed.
    config : CoreConfig, optional
        Geometry of the chip; neurons and inputs beyond those of the network stay silent. By default the smallest that
        has room, see `smallest_config`.
    scale : float or array [N], optional
        State units per unit of the network, for all neurons or for each. By default it is chosen, see `scale` and
        `populations`. With ``scale=1``, integers that are stored as floats stay as they are.
    populations : sequence of Neurons, optional
        Parts of the network that get a scale each, see `populations`. By default all neurons share one.
    stimulus : bool array [steps, inputs] or [samples, steps, inputs], or EventStream, optional
        Spikes that the inputs will get. Traces of the learning rule get room for them, see `room`.
    inject_max : float or array [N], optional
        Largest size of a current that is injected in a step, in the units of the network, into all neurons or each. The
        scale leaves room for it, and neurons that fire by it only are no mistake. By default 0.

    Returns
    -------
    image : Image
        What `Device.load` writes.
    report : Report
        What was lost, and what looks like a mistake; told by QuantisationWarning, too, once for a network.

    Raises
    ------
    FitError
        If the chip has no room; the message names every limit.
    InputError
        If `scale` is not above 0, `inject_max` below 0, or `populations` are not disjoint parts of the network.
    """
    made = quantised(net, config, scale=scale, populations=populations, stimulus=stimulus, inject_max=inject_max)
    tell(made[1].alerts, made[0])
    return made


def quantised(
    net: Network,
    config: CoreConfig | None = None,
    *,
    scale: ArrayLike | None = None,
    populations: Sequence[Neurons] | None = None,
    stimulus: EventStream | ArrayLike | None = None,
    inject_max: ArrayLike | None = None,
) -> tuple[Image, Report]:
    """Do as `quantise`, for callers that tell the warnings of the report themselves, or try something out."""
    demand, notes = Demand.of(net, inject_max), list[str]()
    scales = None if scale is None else given_scales(demand, scale)
    groups = None if populations is None else groups_of(demand, populations, notes)
    if config is None:
        config = demand.smallest()
    if net.input_count > config.inputs:
        require_axons(net, config.inputs)
    demand.check(config)
    if scales is None:
        scales, demand = _chosen_scales(demand, config, groups, notes)
    top = float(scales.max())
    kinds = Kinds(demand, scales / top if (scales != top).any() else None)
    assembly = Assembly(demand, config, scales, kinds, kinds.gains(top, config), notes, stimulus)
    image = assembly.image()
    comparison = Comparison.of(net, image)
    notes += loss_warnings(comparison, config)
    report = Report.of(
        image, comparison=comparison, notes=notes, injected=injected_units(image, demand.injected),
        asked=assembly.tuning.asked if assembly.tuning else (),
    )  # fmt: skip
    return image, replace(report, remarks=[*report.remarks, *_remarks(net)], subject=(net, image))


def _remarks(net: Network) -> list[str]:
    """Say whose connections got another delay after they were made."""
    moved = net.moved_delays
    if not moved:
        return []
    before, now = next(iter(moved.values()))
    return [
        f"delays: connections of {named(moved)} that were given none take {now:g} ms, set after they were made "
        f"(before: {before:g} ms)"
    ]


def _chosen_scales(
    demand: Demand, config: CoreConfig, groups: Sequence[NDArray[np.int64]] | None, notes: list[str]
) -> tuple[NDArray[np.float64], Demand]:
    """Return 1 for integers that fit, else the best scales, and what they have room for; note what is lost."""
    ones = np.ones(demand.net.neuron_count)
    if demand.is_integer:
        if integers_fit(demand, config):
            kinds = Kinds(demand)
            gains = [gain_for(stated, 1.0, config) for stated in kinds.stated]
            if any((part % (1 << gain)).any() for part, gain in zip(kinds.parts, gains, strict=True)):
                notes.append(
                    f"integer weights are beyond {config.weight_bits} bits and lose up to {max(gains)} low bits"
                )
            return ones, demand
        bits = f"{config.weight_bits}-bit weights and {config.state_bits}-bit states"
        notes.append(f"the integers do not fit into {bits}: scaled")

    def choose(asked: Demand) -> NDArray[np.float64]:
        return ones * choose_scale(asked, config) if groups is None else choose_scales(asked, config, groups)

    return with_room_to_learn(demand, config, choose) if demand.unbounded else (choose(demand), demand)


# Scripts of 0.1.0, where `quantise` was a module, say ``neurocorex.quantise.quantise(net)``.
quantise.quantise = quantise  # type: ignore[attr-defined]
