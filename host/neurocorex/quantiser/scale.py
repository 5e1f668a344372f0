"""Scale: how many units of the chip's state make one unit of a network, and the gains of its weights.

The scale is the largest one at which

- the state has room for a membrane at threshold, bias, noise, all axons firing in the same step, and what is injected,
- every parameter in the units of the weights fits into the state, and so does the adaptation step,
- the largest weight fits with the largest gain, so that nothing is clipped,

among those at which the largest input weight, the largest recurrent weight, a power of two, or the whole numbers of a
rule (see `ratio`) need no rounding. A weight that learns counts as its bounds. Of these kinds of scale, the one with
the smallest rounding error is taken: of weights and numbers of the rule, and of all weights that may be learned between
bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..learning import WindowRule
from ..spec import CoreConfig
from ..spec.fixed import GAIN_BITS
from .contexts import by_largest_gain
from .demand import Demand
from .ratio import LOSS, distortion, keeps, quanta, whole_numbers

Floats = NDArray[np.float64]
GAIN_MAX = (1 << GAIN_BITS) - 1
#: Parameters that add up in a membrane; every other one has to fit into the state alone.
ADDED = ("threshold", "reset", "bias", "noise")
#: Firings by which weights without bounds should be able to grow, if it costs little, and at least.
FIRINGS = (64, 16, 4, 1)
#: About how many weights of each kind are sampled to compare scales.
SAMPLE = 1 << 15


class Kinds:
    """The two kinds of weights of a network, from inputs and from neurons, each with a gain of its own.

    If both kinds learn by one rule they share one gain, because they share the rates and bounds of the rule.

    Parameters
    ----------
    demand : Demand
        Of the network.
    relative : float64 array [N], optional
        Scale of each neuron as a part of the scale that `gains` is asked for; by default 1.

    Attributes
    ----------
    parts : list of array
        Weights of the inputs, and of the neurons.
    fixed : list of array
        The same without the weights that learn between bounds, whose present value does not matter.
    extremes : list of float64 array [2]
        Lowest and highest value that the weights of each kind can get, 0 included.
    stated : list of float64 array [2]
        The same without what a rule that has no bounds adds, which is an estimate.
    spans : list of (float, int)
        Distance of the bounds of each rule that has any, and the kind that learns by it, or one of both.
    plastic_kind : int
        Index of the kind that learns, or of one of both; by the first rule.
    """

    def __init__(self, demand: Demand, relative: Floats | None = None) -> None:
        net, first = demand.net, demand.net.input_count
        lowest, highest = demand.lowest, demand.highest
        if relative is not None:
            lowest, highest = lowest * relative, highest * relative
        weights = demand.weights
        self.parts = [weights[:first], weights[first:]]
        self.extremes = _extremes(lowest, highest, first)
        self.stated, self._whole = self.extremes, [np.zeros(0)] * 2
        if demand.rows and all(row.rule.bounds is None for row in demand.rows):
            present = weights if relative is None else weights * relative
            self.stated = _extremes(present, present, first)
            # What loses its fractions at a larger gain: the weights, and the changes that a rule makes.
            steps = [changes_of(demand) if kind.any() else np.zeros(0) for kind in (
                net.plastic[:first], net.plastic[first:])]  # fmt: skip
            self._whole = [np.append(part.ravel(), more) for part, more in zip(
                (present[:first], present[first:]), steps, strict=True)]  # fmt: skip
        self.spans = [(row.span, row.kind) for row in demand.rows if row.span]
        bounded = [row.synapses for row in demand.rows if row.span]
        self.fixed = self.parts
        if bounded:
            free = np.logical_or.reduce(bounded)
            self.fixed = [weights[:first][~free[:first]], weights[first:][~free[first:]]]
        self._tied = any(row.is_tied for row in demand.rows)
        self.plastic_kind = demand.rows[0].kind if demand.rows else 0

    def gains(self, scale: float, config: CoreConfig) -> tuple[int, int]:
        """Gains of inputs and neurons at a scale.

        Where a rule has no bounds, the room that it is estimated to need never rounds weights that are whole without.
        """
        gains = [gain_for(extreme, scale, config) for extreme in self.extremes]
        least = [gain_for(extreme, scale, config) for extreme in self.stated]
        if self._tied:
            gains, least = [max(gains)] * 2, [max(least)] * 2
        if gains != least and not self._are_whole(gains, scale) and self._are_whole(least, scale):
            gains = least
        return gains[0], gains[1]

    def _are_whole(self, gains: list[int], scale: float) -> bool:
        units = [part * (scale / (1 << gain)) for part, gain in zip(self._whole, gains, strict=True)]
        return all(bool((np.abs(part - np.rint(part)) <= 1e-9).all()) for part in units)


def _extremes(lowest: NDArray[Any], highest: NDArray[Any], first: int) -> list[Floats]:
    """Return the lowest and the highest weight of the first rows, and of the others."""
    return [
        np.array([low.min(initial=0), high.max(initial=0)], np.float64)
        for low, high in ((lowest[:first], highest[:first]), (lowest[first:], highest[first:]))
    ]


def changes_of(demand: Demand) -> Floats:
    """Return the changes that a rule with windows makes: by lag, and by drift; none of another rule."""
    rule = demand.rule
    if not isinstance(rule, WindowRule):
        return np.zeros(0)
    steps = rule.steps(demand.net.dt_ms)
    return np.concatenate([*rule.kernels(demand.net.dt_ms, steps), rule.drift])


def integers_fit(demand: Demand, config: CoreConfig) -> bool:
    """Whether a network of integers fits a chip at scale 1, with any gain."""
    low, high = config.state_range
    fits = all(values.min() >= low and values.max() <= high for values in demand.states)
    return fits and max(weight_unit(extreme, config) for extreme in Kinds(demand).stated) <= 1 << GAIN_MAX


def largest(demand: Demand, neurons: NDArray[np.int64] | None = None) -> float:
    """Return the largest value that the state of some neurons, or of all, has to hold.

    That is a level of the membrane, and beyond it the larger of all excitation and all inhibition in one step.
    """
    chosen = slice(None) if neurons is None else neurons
    lowest, highest = demand.lowest[:, chosen], demand.highest[:, chosen]
    if demand.net.contexts:
        lowest, highest = (by_largest_gain(brought, demand.net, chosen) for brought in (lowest, highest))
    incoming = np.maximum(np.maximum(highest, 0).sum(axis=0), -np.minimum(lowest, 0).sum(axis=0))
    size = {name: np.abs(values[chosen]) for name, values in demand.levels.items()}
    level = (
        np.maximum(size["threshold"], size["reset"]) + size["bias"] + size["noise"] + incoming + demand.injected[chosen]
    )
    alone = (float(values.max()) for name, values in size.items() if name not in ADDED)
    return max(float(level.max()), *alone, float(demand.net.adaptation_step), float(demand.net.conscience))


def choose_scale(demand: Demand, config: CoreConfig) -> float:
    """Choose one scale for all neurons, see above; 1 for a network of zeros."""
    level = largest(demand)
    if not level:
        return 1.0
    kinds = Kinds(demand)
    units = [weight_unit(extreme, config) for extreme in kinds.extremes if extreme.any()]
    numbers = whole_numbers(demand) if demand.rule is not None else np.zeros(0)
    # A little less than the range, so that no sum of rounded values exceeds it.
    limit = min(0.999 * config.state_range[1] / level, *((1 << GAIN_MAX) / unit for unit in units), math.inf)
    scales = {largest_multiple(limit, 1 / quantum) for quantum in (*units, 1.0)}
    for quantum in quanta(numbers) if len(numbers) else ():  # at the largest scale, and at the largest without a gain
        scales |= {largest_multiple(bound, 1 / quantum) for bound in (limit, min(limit, 1 / max(units)))}
    samples = [sample(part) for part in kinds.fixed]

    def cost(scale: float) -> tuple[float, float]:
        steps = [(1 << gain) / scale for gain in kinds.gains(scale, config)]
        errors = [rounding(part, step) for part, step in zip(samples, steps, strict=True) if len(part)]
        errors += [(steps[kind] / span) ** 2 / 12 for span, kind in kinds.spans]
        if len(numbers):
            errors.append(distortion(numbers, steps[kinds.plastic_kind]))
        return round(sum(errors), 12), -scale

    return min(scales, key=cost)


def with_room_to_learn(demand: Demand, config: CoreConfig, choose: Callable[[Demand], Floats]) -> tuple[Floats, Demand]:
    """Choose scales at which weights that learn without bounds can grow, as far as that costs little.

    Returns
    -------
    scales : float64 array [N]
        By `choose`.
    demand : Demand
        With the room that they have.
    """
    for firings in FIRINGS:
        roomy = demand.with_room(firings)
        scales = choose(roomy)
        if costs_little(roomy, config, scales):
            break
    return scales, roomy


def costs_little(demand: Demand, config: CoreConfig, scales: Floats) -> bool:
    """Whether weights have their room, a rule keeps its numbers, and weights lose next to nothing, at some scales."""
    scale, kinds = float(scales.max()), Kinds(demand, scales / scales.max())
    gains = kinds.gains(scale, config)
    if any(gain < gain_for(most, scale, config) for gain, most in zip(gains, kinds.extremes, strict=True)):
        return False
    steps = [(1 << gain) / scale for gain in gains]
    learner = float(scales[int(np.argmax(demand.net.plastic.any(axis=0)))])
    parts = [sample(part) for part in kinds.fixed]
    losses = [rounding(part, step) for part, step in zip(parts, steps, strict=True) if len(part)]
    return max(losses, default=0.0) <= LOSS and keeps(
        whole_numbers(demand), steps[kinds.plastic_kind] * scale / learner
    )


def sample(weights: NDArray[Any]) -> NDArray[Any]:
    """Sample the weights other than 0."""
    nonzero = weights[weights != 0]
    sample: NDArray[Any] = nonzero[:: max(1, len(nonzero) // SAMPLE)]
    return sample


def weight_unit(weights: NDArray[Any], config: CoreConfig) -> float:
    """Return the unit of the chip, at gain 1, if the largest of some weights becomes the largest weight of the chip."""
    low, high = config.weight_range
    return max(float(weights.max()) / high, float(weights.min()) / low)


def gain_for(weights: NDArray[Any], scale: float, config: CoreConfig) -> int:
    """Return the smallest gain (a left shift) at which no weight is clipped; the largest if none is enough."""
    low, high = config.weight_range
    extremes = np.array([weights.min(), weights.max()]) * scale
    for gain in range(GAIN_MAX):
        lowest, highest = np.rint(extremes / (1 << gain))
        if low <= lowest and highest <= high:
            return gain
    return GAIN_MAX


def rounding(weights: NDArray[Any], step: float) -> float:
    """Return the part of the energy of some weights that is lost by rounding them to multiples of `step`."""
    error = weights / step
    np.rint(error, out=error)
    error *= step
    error -= weights
    return float(np.vdot(error, error) / np.vdot(weights, weights))


def largest_multiple(limit: float, unit: float) -> float:
    """Return the largest ``unit * 2**k`` that is not above `limit`, give or take a last bit."""
    return math.ldexp(unit, math.floor(math.log2(limit / unit) + 1e-9))
