"""Warnings of lost weights: what makes neurons silent or changes their rates, with the remedy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..network.population import named
from ..spec import CoreConfig
from .comparison import FEEDBACK, Comparison
from .difference import Loss

#: Root mean square loss of the weights onto a neuron, as a part of them, above which its rate changes noticeably.
COARSE_WEIGHTS = 0.1
#: The same of all feedback weights, above which errors change noticeably.
COARSE_ERRORS = 0.01
#: End of the warning of weights that a rule without bounds may lead out of range.
UNBOUNDED = ": give the rule bounds, or take a smaller scale"


def loss_warnings(comparison: Comparison, config: CoreConfig) -> list[str]:
    """Warn of weights that were clipped, and of neurons that lost much of theirs."""
    found = []
    for name, loss in comparison.weights.items():
        if loss.clipped:
            places = ", ".join(map(str, loss.clipped_at)) + (", ..." if loss.clipped > len(loss.clipped_at) else "")
            found.append(
                f"{loss.clipped} {name} weights were clipped, at {places}: take a smaller scale or wider weights"
            )
    feedback = comparison.weights.get(FEEDBACK)
    if feedback and feedback.relative_error > COARSE_ERRORS:
        found.append(
            f"feedback weights lost {feedback.relative_error:.1%} by rounding, {feedback.vanished} of "
            f"{feedback.synapses} became 0, so that errors are off: take wider weights, or some of similar size"
        )
    return found + _coarse_weights(comparison.loss, config)


def _coarse_weights(loss: Loss, config: CoreConfig) -> list[str]:
    """Warn of neurons that lost so much of their weights that they fall silent or fire at another rate."""
    empty = (loss.given > 0) & (loss.vanished == loss.given)
    coarse = (loss.relative > COARSE_WEIGHTS) & ~empty
    found = []
    for chosen, what in (
        (empty, "all weights onto {} became 0, so that nothing drives them"),
        (coarse, "weights onto {} lost up to {:.0%} by rounding, {} of {} became 0, so that rates change"),
    ):
        if chosen.any():
            who, worst = named(np.flatnonzero(chosen).tolist()), loss.relative[chosen].max()
            text = what.format(who, worst, loss.vanished[chosen].sum(), loss.given[chosen].sum())
            found.append(f"{text}: {_remedy(loss, chosen, config)}")
    return found


def _remedy(loss: Loss, chosen: NDArray[np.bool_], config: CoreConfig) -> str:
    """Name what keeps the weights: a scale of their own, if that is enough, or wider weights."""
    # Steps of the largest weight onto a neuron, rounded evenly, are off by a step / sqrt(12) on average.
    alone = loss.spread[chosen] / config.weight_range[1] / math.sqrt(12)
    ways = []
    if not chosen.all() and (alone <= COARSE_WEIGHTS).all():
        ways.append('give them a scale of their own (quantise(populations=...), from_nir(scaling="neuron"))')
    if config.weight_bits < 16:
        ways.append("take 16-bit weights")
    return " or ".join(ways) or "take a larger scale, or weights of similar size"
