"""Numbers of a rule that a chip holds in whole units of a weight: at which scales they keep their ratios.

Drift, and the taps of a window if changes are not rounded by chance, act in whole units. They are right at every scale
at which their common unit, the largest number that all of them are multiples of, is a whole number of units.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..learning import WindowRule
from .demand import Demand
from .rounded import TOLERANCE

Floats = NDArray[np.float64]
#: Largest denominator of the numbers that a common unit is looked for.
DENOMINATOR = 1 << 16
#: Loss of weights by rounding, as a part of their energy, that room for what is learned may cost.
LOSS = 1e-4


def whole_numbers(demand: Demand) -> Floats:
    """Return the sizes of the numbers of the rule that act in whole units of a weight, without zeros."""
    rule = demand.rule
    if not isinstance(rule, WindowRule):
        return np.zeros(0)
    parts = [np.array(rule.drift, np.float64)]
    if not (rule.stochastic or rule.soft):
        parts += rule.kernels(demand.net.dt_ms, rule.steps(demand.net.dt_ms))
    numbers = np.concatenate(parts)
    return np.unique(np.abs(numbers[numbers != 0]))


def quanta(numbers: Floats) -> list[float]:
    """Return the units that numbers could be multiples of: the smallest of them, and the common one if there is any."""
    if not len(numbers):
        return []
    smallest = float(numbers.min())
    exact = [Fraction(number).limit_denominator(DENOMINATOR) for number in numbers.tolist()]
    if not all(
        math.isclose(float(f), number, rel_tol=1e-12) for f, number in zip(exact, numbers.tolist(), strict=True)
    ):
        return [smallest]
    below = math.lcm(*(each.denominator for each in exact))
    common = math.gcd(*(int(each * below) for each in exact)) / below if below < 1 << 60 else smallest
    return sorted({smallest, common})


def distortion(numbers: Floats, step: float) -> float:
    """Return the mean square of the relative errors if numbers are rounded to multiples of `step`."""
    return float(np.mean(np.square(np.rint(numbers / step) * step / numbers - 1))) if len(numbers) else 0.0


def keeps(numbers: Floats, step: float) -> bool:
    """Whether every number stays within `TOLERANCE` if it is rounded to a multiple of `step`."""
    return not len(numbers) or bool((np.abs(np.rint(numbers / step) * step / numbers - 1) <= TOLERANCE).all())
