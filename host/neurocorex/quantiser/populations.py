"""Scales of populations: each population of a network may have a scale of its own.

A spike has no size, so every neuron may count in its own units: its parameters in the units of the weights, and the
weights onto it, are multiplied by its scale. All neurons of a chip share the two gains of the weights, the adaptation
step and the learning rule; populations that adapt or learn therefore share a scale.

Scales are chosen together. For each pair of gains, every population gets the best of the scales that

- leave room for a membrane at threshold, the bias, and all axons firing in the same step (headroom),
- clip no weight at these gains,
- need no rounding for the largest weight of either kind, for a power of two, or for the whole numbers of a rule;

the best is the one with the smallest rounding error of weights and thresholds (as a part of their energy), then the
largest. The pair of gains with the smallest sum of errors is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..image import Image
from ..network.population import Neurons, named
from ..spec import CoreConfig, Region
from .activity import in_use, rooms
from .demand import Demand
from .ratio import distortion, quanta, whole_numbers
from .scale import GAIN_MAX, Kinds, choose_scale, largest, largest_multiple, rounding, sample, weight_unit

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Key of `Image.meta` for the scale of each neuron, if they differ.
SCALES = "scales"


def scales_of(image: Image) -> Floats:
    """Return the scale of each neuron of an image, [N]; nonsense in its meta is not used."""
    scales = np.full(image.config.neurons, image.scale)
    given = image.meta.get(SCALES)
    if isinstance(given, list) and all(isinstance(each, int | float) and 0 < each < math.inf for each in given):
        scales[: len(given)] = given[: len(scales)]
    return scales


def injected_units(image: Image, currents: NDArray[Any]) -> Ints:
    """Return injected currents of the neurons of a network, in its units, as units of the chip, for all its neurons."""
    units, count = np.zeros(image.config.neurons, np.int64), len(currents)
    units[:count] = np.ceil(np.minimum(currents * scales_of(image)[:count], image.config.state_range[1]))
    return units


@dataclass(frozen=True)
class PopulationScale:
    """Neurons that share a scale.

    Attributes
    ----------
    neurons : list of int
        Their numbers.
    scale : float
        Units of the chip's state per unit of the network.
    headroom : float
        Largest part of the state's range that one of them uses, as `Report.headroom`.
    threshold_units : int
        Smallest threshold, in units of the chip: the resolution of thresholds.
    """

    neurons: list[int]
    scale: float
    headroom: float
    threshold_units: int

    @classmethod
    def all_of(cls, image: Image) -> list[PopulationScale]:
        """Return the populations of an image, the one with neuron 0 first."""
        scales, room = scales_of(image), rooms(image)
        units = np.abs(image.regions[Region.THRESHOLD].astype(np.int64))
        used = in_use(image) | ~in_use(image).any()
        groups = [np.flatnonzero(used & (scales == scale)) for scale in dict.fromkeys(scales[used].tolist())]
        return [
            cls(group.tolist(), float(scales[group[0]]), float(room[group].max()), int(units[group].min()))
            for group in groups
        ]

    def __str__(self) -> str:
        return (
            f"{named(self.neurons)}: scale {self.scale:.6g}, uses {self.headroom:.0%} of the state's range, smallest "
            f"threshold {self.threshold_units} units"
        )


def groups_of(demand: Demand, populations: Sequence[Neurons] | None, notes: list[str]) -> list[Ints]:
    """Return the neurons of each population; neurons in none are a population, too.

    Raises
    ------
    InputError
        For something that is no population of this network, or a neuron that is in two of them.
    """
    net = demand.net
    if populations is None:
        return [np.arange(net.neuron_count)]
    group = np.full(net.neuron_count, -1)
    for number, population in enumerate(populations):
        if not isinstance(population, Neurons) or population.network is not net:
            raise InputError(f"populations are parts of this network such as net.neurons[0:4], got {population!r}")
        if (group[population.indices] >= 0).any():
            twice = population.indices[group[population.indices] >= 0][0]
            raise InputError(f"neuron {twice} is in two populations; each has one scale")
        group[population.indices] = number
    if net.adaptation_step or net.conscience:
        notes.append("all populations share a scale, because they share the adaptation step")
        return [np.arange(net.neuron_count)]
    for row in demand.rows:
        learning = np.unique(group[row.neurons])
        if len(learning) > 1:
            notes.append(f"{len(learning)} populations share a scale, because they learn by one rule")
            group[np.isin(group, learning)] = learning[0]
    return [np.flatnonzero(group == number) for number in np.unique(group)]


def given_scales(demand: Demand, scale: ArrayLike) -> Floats:
    """Check scales that a user gives, one for all neurons or one for each; return one for each, [N].

    Raises
    ------
    InputError
        If one is not above 0, or if neurons that adapt or learn have different ones.
    """
    net = demand.net
    try:
        scales = np.broadcast_to(np.asarray(scale, np.float64), (net.neuron_count,))
    except (TypeError, ValueError):
        raise InputError(f"scale must be one number, or {net.neuron_count}, one for each neuron") from None
    wrong = ~(np.isfinite(scales) & (scales > 0))
    if wrong.any():
        raise InputError(f"scale must be above 0, got {scales[wrong][0]!s}")
    alike = net.adaptation_step or net.conscience
    together = [np.arange(net.neuron_count)] if alike else [row.neurons for row in demand.rows]
    if any(len(np.unique(scales[neurons])) > 1 for neurons in together):
        raise InputError("neurons that adapt, or learn by one rule, share a scale; give them one")
    return scales


def choose_scales(demand: Demand, config: CoreConfig, groups: Sequence[Ints]) -> Floats:
    """Choose a scale for each neuron, [N], see above; for a single population see `scale`."""
    net = demand.net
    if len(groups) == 1:
        return np.full(net.neuron_count, choose_scale(demand, config))
    tables = [_Group.of(demand, config, group) for group in groups]
    tied = any(row.is_tied for row in demand.rows)
    best: tuple[float, float] | None = None
    scales = np.ones(net.neuron_count)
    for gains in np.ndindex(GAIN_MAX + 1, GAIN_MAX + 1):
        if tied and gains[0] != gains[1]:
            continue
        choices = [table.best(gains[0], gains[1]) for table in tables]
        # Rounded, so that the last bits of a sum do not decide against a larger scale.
        total = (round(sum(cost for cost, _ in choices), 12), -sum(math.log2(scale) for _, scale in choices))
        if best is None or total < best:
            best = total
            for group, (_, scale) in zip(groups, choices, strict=True):
                scales[group] = scale
    return scales


@dataclass(frozen=True)
class _Group:
    """Numbers of one population that the choice of its scale depends on.

    Attributes
    ----------
    room : float
        Largest scale that the range of states allows.
    samples : list of arrays
        Samples of the weights from inputs, and from neurons.
    units : list of float
        Unit of the chip, at gain 1, if the largest weight of each kind becomes the largest of the chip; 0 if none.
    thresholds : float64 array
        Thresholds that are not 0.
    spans : list of (float, int)
        Distance of the bounds between which its weights learn, and their kind, of each rule that has bounds.
    numbers : float64 array
        Whole numbers of the rule by which its weights learn, see `ratio`; empty if there are none.
    learns : int
        Index of the kind of weights that `numbers` are of.
    """

    room: float
    samples: list[NDArray[Any]]
    units: list[float]
    thresholds: Floats
    spans: list[tuple[float, int]]
    numbers: Floats
    learns: int

    @classmethod
    def of(cls, demand: Demand, config: CoreConfig, group: Ints) -> _Group:
        net = demand.net
        lowest, highest = demand.lowest[:, group], demand.highest[:, group]
        level = largest(demand, group)
        first = net.input_count
        units = [
            weight_unit(np.array([low.min(initial=0), high.max(initial=0)], np.float64), config)
            for low, high in ((lowest[:first], highest[:first]), (lowest[first:], highest[first:]))
        ]
        weights = demand.weights[:, group]
        thresholds = demand.levels["threshold"][group].astype(np.float64)
        room = 0.999 * config.state_range[1] / level if level else math.inf
        kinds, numbers = Kinds(demand), whole_numbers(demand)
        rows = [(row, row.synapses[:, group]) for row in demand.rows]
        rows = [(row, synapses) for row, synapses in rows if synapses.any()]
        # A weight that learns between bounds may become anything there, so its present value does not matter.
        fixed = weights
        for row, synapses in rows:
            fixed = np.where(synapses & bool(row.span), 0, fixed)
        return cls(
            room, [sample(fixed[:first]), sample(fixed[first:])], units, thresholds[thresholds != 0],
            [(row.span, row.kind) for row, _ in rows if row.span], numbers if rows else numbers[:0], kinds.plastic_kind,
        )  # fmt: skip

    def best(self, *gains: int) -> tuple[float, float]:
        """Return the smallest cost at some gains, and its scale."""
        bounds = [(1 << gain) / unit for gain, unit in zip(gains, self.units, strict=True) if unit]
        limit = min(self.room, *bounds, math.inf)
        if limit == math.inf:
            return 0.0, 1.0
        units = quanta(self.numbers) + [
            unit / (1 << gain) for gain, unit in zip(gains, self.units, strict=True) if unit
        ]
        scales = {largest_multiple(limit, 1 / quantum) for quantum in (*units, 1.0)}
        cost, negative = min((self._cost(scale, gains), -scale) for scale in scales)
        return cost, -negative

    def _cost(self, scale: float, gains: tuple[int, ...]) -> float:
        parts = [(part, (1 << gain) / scale) for part, gain in zip(self.samples, gains, strict=True)]
        learned = (1 << gains[self.learns]) / scale
        parts += [(self.thresholds, 1 / scale)]
        learning = distortion(self.numbers, learned)
        learning += sum(((1 << gains[kind]) / scale / span) ** 2 / 12 for span, kind in self.spans)
        return round(sum(rounding(part, step) for part, step in parts if len(part)) + learning, 12)
