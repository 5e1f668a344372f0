"""Quantiser: a network in any units becomes the integers of one chip.

Everything that meets a membrane is multiplied by the scale of its neuron and rounded. Weights are divided by a gain as
well (a left shift that the chip undoes), one for weights from inputs and one for weights from neurons. `demand` says
which chips have room, `scale` and `populations` choose scales and gains, `rounding` rounds, and `tuning` turns a
learning rule into registers and tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..image import Image
from ..learning import TraceRule
from ..network.network import Network
from ..network.population import Neurons, named
from ..spec import Control, CoreConfig, Flag, Region, controls, layout
from ..spec.regions import PARAMETERS
from ..spec.rows import Unit
from .comparison import Comparison
from .demand import Demand, smallest_config
from .inclusive import fire_at_threshold
from .populations import SCALES, choose_scales, given_scales, groups_of, scales_of
from .report import Report
from .rounding import Rounding
from .scale import Kinds, choose_scale, gain_for, integers_fit
from .tuning import SCHEDULE, Tuning

__all__ = ["Report", "quantise", "smallest_config"]

#: Relative error of a threshold above which the report warns.
COARSE = 0.01


def quantise(
    net: Network,
    config: CoreConfig | None = None,
    *,
    scale: ArrayLike | None = None,
    populations: Sequence[Neurons] | None = None,
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
    inject_max : float or array [N], optional
        Largest current that runs inject in a step, its size in the units of the network, into all neurons or into each.
        The scale leaves room for it, and neurons that fire by it only are no mistake. By default nothing is injected.

    Returns
    -------
    image : Image
        What `Device.load` writes.
    report : Report
        What was lost, and what looks like a mistake.

    Raises
    ------
    FitError
        If the chip has no room; the message names every limit.
    InputError
        If `scale` is not above 0, `inject_max` below 0, or `populations` are not disjoint parts of the network.
    """
    demand, notes = Demand.of(net, inject_max), list[str]()
    scales = None if scale is None else given_scales(demand, scale)
    groups = None if populations is None else groups_of(demand, populations, notes)
    if config is None:
        config = demand.smallest()
    demand.check(config)
    if scales is None:
        scales = _chosen_scales(demand, config, groups, notes)
    assembly = _Assembly(demand, Rounding(config, scales, notes=notes))
    image = assembly.image()
    report = Report.of(
        image, comparison=Comparison.of(net, image), notes=notes,
        learning=assembly.tuning.rounded if assembly.tuning else None, injected=_injected(demand, image),
    )  # fmt: skip
    return image, replace(report, subject=(net, image))


def _injected(demand: Demand, image: Image) -> NDArray[np.int64]:
    """Return the largest injected currents in units of the chip, for all of its neurons."""
    currents, count = np.zeros(image.config.neurons, np.int64), demand.net.neuron_count
    currents[:count] = np.ceil(np.minimum(demand.injected * scales_of(image)[:count], image.config.state_range[1]))
    return currents


def _chosen_scales(
    demand: Demand, config: CoreConfig, groups: Sequence[NDArray[np.int64]] | None, notes: list[str]
) -> NDArray[np.float64]:
    """Return 1 for integers that fit, else the best scales; note if integers are scaled or lose bits."""
    ones = np.ones(demand.net.neuron_count)
    if demand.is_integer:
        if integers_fit(demand, config):
            gain = max(gain_for(stated, 1.0, config) for stated in Kinds(demand).stated)
            if gain:
                notes.append(f"integer weights are beyond {config.weight_bits} bits and lose up to {gain} low bits")
            return ones
        bits = f"{config.weight_bits}-bit weights and {config.state_bits}-bit states"
        notes.append(f"the integers do not fit into {bits}: scaled")
    return ones * choose_scale(demand, config) if groups is None else choose_scales(demand, config, groups)


class _Assembly:
    """Image of one network on one chip, put together region by region.

    Parameters
    ----------
    demand : Demand
        Of the network.
    rounding : Rounding
        With the geometry of the chip and the scale of each neuron.

    Attributes
    ----------
    tuning : Tuning or None
        The learning rule on the chip.
    """

    def __init__(self, demand: Demand, rounding: Rounding) -> None:
        self.demand, self.net, self.rounding = demand, demand.net, rounding
        self.config, self.scales = rounding.config, rounding.scales
        self.regions: dict[Region, NDArray[Any]] = {}
        self.control = np.array([each.power_up(self.config) for each in controls(self.config)], np.int64)
        self.tuning: Tuning | None = None

    def image(self) -> Image:
        """Fill in everything."""
        net, config, differ = self.net, self.config, bool((self.scales != self.scales[0]).any())
        top = float(self.scales.max())
        kinds = Kinds(self.demand, self.scales / top if differ else None)
        gains = kinds.gains(top, config)
        self._put_weights(kinds, gains)
        learner = int(np.argmax(net.plastic.any(axis=0)))  # all that learn have the same scale
        self._put_rule((1 << gains[kinds.plastic_kind]) / float(self.scales[learner]))
        self._put_parameters()
        self._put_flags()
        self._put_axons()
        if net.parameters["inclusive"].any():
            fire_at_threshold(net, config, self.regions, self.control, self.rounding.notes)
        step, decay = np.array(net.adaptation_step), np.array(net.adaptation_decay)
        self.control[Control.ADAPTATION_STEP] = self.rounding.states("adaptation_step", step)
        self.control[Control.ADAPTATION_DECAY] = self.rounding.decays("adaptation_decay", decay)
        self.regions[Region.CONTROL] = self.control
        self.regions[Region.IN_USE] = np.array(config.blocks_for(net.neuron_count, net.input_count))
        meta: dict[str, Any] = {"dt_ms": net.dt_ms}
        if self.tuning and self.tuning.schedule:
            meta[SCHEDULE] = self.tuning.schedule
        if differ:
            meta[SCALES] = self.scales.tolist()
        return Image.completed(config, self.regions, float(self.scales[0]), meta)

    def _put_weights(self, kinds: Kinds, gains: tuple[int, int]) -> None:
        blocks = [self.rounding.weights(part, gain) for part, gain in zip(kinds.parts, gains, strict=True)]
        self.regions[Region.WEIGHTS] = self._placed(np.concatenate(blocks))
        self.control[Control.GAIN_INPUT], self.control[Control.GAIN_RECURRENT] = gains
        self._note_room(kinds, gains)

    def _note_room(self, kinds: Kinds, gains: tuple[int, int]) -> None:
        """Warn where a rule without bounds may lead weights beyond the range of the chip."""
        low, high = self.config.weight_range
        for stated, reached, gain in zip(kinds.stated, kinds.extremes, gains, strict=True):
            unit = float(self.scales.max()) / (1 << gain)
            (least, most), (bottom, top) = reached * unit, stated * unit
            if (most > high and most > top) or (least < low and least < bottom):
                self.rounding.notes.append(
                    f"weights that learn can grow from {top / unit:g} to {most / unit:g} by one spike, the chip stops "
                    f"them at {high / unit:g}: give the rule bounds, or take a smaller scale"
                )

    def _placed(self, table: NDArray[Any]) -> NDArray[np.int32]:
        """Return a table of the axons of the network with the rows and columns of the chip."""
        net, config = self.net, self.config
        placed = np.zeros((config.axons, config.neurons), np.int32)
        inputs, neurons, extra = np.split(table, [net.input_count, net.input_count + net.neuron_count])
        firsts = (0, config.inputs, config.inputs + config.neurons)
        for first, rows in zip(firsts, (inputs, neurons, extra), strict=True):
            placed[first : first + len(rows), : net.neuron_count] = rows
        return placed

    def _put_rule(self, unit: float) -> None:
        """Turn the rule into registers and tables; `unit` is that of a plastic weight on the chip."""
        net, rule, notes = self.net, self.demand.rule, self.rounding.notes
        if rule is None:
            if net.plastic.any():
                notes.append("synapses are plastic, but there is no rule: call Network.learn")
            elif net.rule is not None:
                notes.append("there is a rule, but no synapse is plastic: connect(..., plastic=True)")
            return
        if rule.bounds is None and isinstance(rule, TraceRule) and not self.demand.is_integer:
            raise InputError("the rule needs bounds in the units of the weights, for example bounds=(0.0, 1.0)")
        self.regions[Region.PLASTIC] = self._placed(net.plastic)
        self.tuning = Tuning(rule, self.config, net.dt_ms, unit)
        notes += self.tuning.warnings
        self.regions |= self.tuning.tables
        for register, value in self.tuning.registers().items():
            self.control[register] = value

    def _put_parameters(self) -> None:
        """Round the parameters that are declared with a quantity, each by its unit."""
        rounding, durations = self.rounding, self.demand.durations
        for region in PARAMETERS:
            quantity = region.row.quantity
            if quantity is None:
                continue
            values = self.net.parameters[quantity.name]
            if quantity.unit is Unit.MS:
                self._put(region, durations.steps[quantity.name])
            elif quantity.unit is Unit.FRACTION:
                self._put(region, rounding.decays(quantity.name, values))
            else:
                self._put(region, rounding.states(quantity.name, values, region.row.default_on(self.config)))
        self._note_coarse_thresholds()

    def _put_flags(self) -> None:
        subtract, hold, learns = (self.net.parameters[name] for name in ("subtract", "hold", "learns"))
        flags = subtract * int(Flag.RESET_SUBTRACT) | hold * int(Flag.REFRACTORY_HOLD)
        if self.config.learning:
            flags |= ~learns * int(Flag.PLASTICITY_OFF)
        self._put(Region.FLAGS, flags)

    def _put_axons(self) -> None:
        """Silence the axons that lead nowhere and were given no delay, and place the extra axons."""
        config, durations = self.config, self.demand.durations
        leads: NDArray[np.bool_] = np.asarray(self.regions[Region.WEIGHTS].any(axis=1))
        if Region.PLASTIC in self.regions:
            leads |= self.regions[Region.PLASTIC].any(axis=1)
        own = leads[config.inputs : config.inputs + self.net.neuron_count]
        self._put(Region.DELAY, np.where(durations.delay_given | own, durations.delays, 0))
        if self.net.extra_source:
            self._put(Region.EXTRA_SOURCE, np.array(self.net.extra_source))
            self._put(Region.EXTRA_DELAY, durations.extra_delays)

    def _put(self, region: Region, values: NDArray[Any]) -> None:
        """Give the first items of a region their values, and the others the default."""
        default = region.row.default_on(self.config) or 0
        self.regions[region] = np.full(layout(region, self.config).items, default, np.int64)
        self.regions[region][: len(values)] = values

    def _note_coarse_thresholds(self) -> None:
        """Warn of thresholds of so few units that rounding moves them noticeably."""
        wanted = self.net.parameters["threshold"]
        got = self.regions[Region.THRESHOLD][: self.net.neuron_count] / self.scales
        coarse = np.flatnonzero(np.abs(got - wanted) > COARSE * np.abs(wanted))
        if len(coarse):
            self.rounding.notes.append(
                f"thresholds of {named(coarse.tolist())} have so few units that they move by more than {COARSE:.0%}: "
                "give populations of their own, or take a larger scale"
            )
