"""Rate of a rule of errors on a chip: the registers at which a spike and an error change a weight as the rule says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FitError
from ..learning import ErrorRule
from ..spec import Control, CoreConfig
from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import saturate, signed_range
from ..spec.registers import MODULATION_ONE
from .feedback import ERROR_MAX, error_scales, typical
from .rounded import TOLERANCE
from .trace import applied, called_for

Ints = NDArray[np.int64]
#: Relative error of a rate below which no other registers are tried.
FINE = 1e-3


@dataclass(frozen=True)
class Arithmetic:
    """What a chip makes of spikes and an error.

    Attributes
    ----------
    config : CoreConfig
        Geometry of the chip.
    stochastic : bool
        Whether changes are rounded by chance.
    span : int
        Distance of the bounds, if they are soft; else 0.
    """

    config: CoreConfig
    stochastic: bool = True
    span: int = 0

    @property
    def cap(self) -> int:
        """Largest value of a trace."""
        return (1 << self.config.trace_bits) - 1

    def changes(self, spikes: Ints, increment: int, rate: int, error: int) -> NDArray[np.float64]:
        """Return the mean change of a weight by some numbers of spikes and an error, all in units of the chip.

        With soft bounds it is that of a weight which is as far from its bound as it can be.
        """
        config = self.config
        factor = saturate(rate * error // MODULATION_ONE, config.change_bits)
        called = called_for(np.minimum(spikes * increment, self.cap), factor, config.trace_bits)
        if self.span:
            called = (called * self.span + (1 << (config.weight_bits - 1))) >> config.weight_bits
        return applied(called, stochastic=self.stochastic)[0]

    def slopes(self, increment: int, rate: int, error: int) -> tuple[float, float]:
        """Return the change per spike and unit of error, by errors of a size above and below zero.

        That is the mean over all numbers of spikes that a trace holds, each with its weight: what many lessons change.
        """
        spikes = np.arange(1, max(self.cap // max(increment, 1), 1) + 1, dtype=np.int64)
        above, below = (
            float(self.changes(spikes, increment, rate, each).sum()) / (float(spikes.sum()) * each)
            for each in (error, -error)
        )
        return above, below


class _Choice(NamedTuple):
    """Registers of a rate, and how far its slopes are off, as a part of what is wanted; infinite if none fits."""

    off: float
    rate: int
    increment: int


@dataclass(frozen=True)
class ErrorRate:
    """Registers of a rule of errors, and the scale of its errors.

    Attributes
    ----------
    scale : float
        Scale of errors, see `feedback`.
    registers : dict of Control to int
        All that say how much a weight changes.
    slopes : (float, float)
        Change of a weight by a spike and an error of 1 of the network, in units of the weight; see `Arithmetic.slopes`.
    """

    scale: float
    registers: dict[Control, int]
    slopes: tuple[float, float]

    @classmethod
    def of(cls, rule: ErrorRule, numbers: Arithmetic, wanted: float, room: float, feedback: NDArray[Any]) -> ErrorRate:
        """Choose them.

        Parameters
        ----------
        rule : ErrorRule
            The rule.
        numbers : Arithmetic
            Of the chip.
        wanted : float
            Change of a weight by a spike and an error of 1, in units of the weight; of soft bounds, at hard ones.
        room : float
            How many spikes have to count.
        feedback : array
            Weights of the feedback axons.

        Raises
        ------
        FitError
            If the traces do not count so many spikes, or a register does not hold the rate or the deadband.
        """
        rise = int(numbers.cap / room)
        if rise < 1:
            raise FitError(
                f"traces of {numbers.config.trace_bits} bits count up to {numbers.cap} spikes, not {room:.0f}: take "
                f"accumulate={numbers.cap}, clear traces more often, or take a chip with more trace_bits"
            )
        tried = []
        for scale, loss in error_scales(feedback, numbers.config):
            found = _best(Arithmetic(numbers.config), wanted / scale, rise, _at(feedback, scale))
            tried.append((loss + found.off**2, scale, found))
            if found.off <= TOLERANCE:
                break
        _, scale, found = min(tried, key=lambda each: each[0])
        if math.isinf(found.off):
            largest = max(each[1] for each in tried)
            raise _too_fast(rule, numbers.config, room, _ideal(numbers.config, wanted, rise) / largest)
        registers = {
            Control.POTENTIATION: found.rate, Control.PRE_INCREMENT: found.increment, Control.PRE_CAP: numbers.cap,
            Control.DEADBAND: _deadband(rule, scale),
        }  # fmt: skip
        above, below = numbers.slopes(found.increment, found.rate, _at(feedback, scale))
        return cls(scale, registers, (above * scale, below * scale))


def whole_deadband(deadband: float, scale: float) -> int:
    """Return a deadband on the chip: errors are whole there, and exceed it where they exceed what it was before."""
    return math.floor(deadband * scale * (1 + 1e-12))


def _deadband(rule: ErrorRule, scale: float) -> int:
    whole = whole_deadband(rule.deadband, scale)
    if whole > ERROR_MAX:
        raise FitError(
            f"a deadband of {rule.deadband:.4g} is beyond the largest error, {ERROR_MAX / scale:.4g}, so that nothing "
            "would learn; take a smaller one"
        )
    return whole


def _too_fast(rule: ErrorRule, config: CoreConfig, room: float, needed: float) -> FitError:
    """Return the error for a rule that needs at least such a rate on the chip."""
    part = _limit(config) / abs(needed)
    ways = [f"take one of {rule.rate * part:.3g} or less"]
    ways += [f"accumulate={room * part:.3g} or less"] if room * part >= 1 else []
    ways += ["wider weights"] if config.weight_bits < 16 else []
    return FitError(f"a rate of {rule.rate:.4g} is too large for this chip: {', or '.join(ways)}")


def _at(feedback: NDArray[Any], scale: float) -> int:
    """Return the error, in units of the chip, at which a rate is measured."""
    return typical(np.rint(feedback * scale), scale)


def _limit(config: CoreConfig) -> int:
    """Return the largest rate of a chip."""
    return signed_range(config.change_bits)[1]


def _ideal(config: CoreConfig, wanted: float, increment: int) -> float:
    """Return the rate at which nothing is rounded; `wanted` is per unit of error on the chip."""
    return wanted * (1 << config.trace_bits) * (1 << CHANGE_FRACTION) * MODULATION_ONE / increment


def _best(numbers: Arithmetic, wanted: float, rise: int, error: int) -> _Choice:
    """Return the rate and the increment, up to `rise`, whose slopes come closest to what is wanted."""
    best = _Choice(math.inf, 0, rise) if wanted else _Choice(0.0, 0, rise)
    # Where a product of rate and error is a whole factor, errors above and below zero act alike.
    whole = MODULATION_ONE // math.gcd(MODULATION_ONE, error)
    for increment in range(rise, max(math.ceil(0.9 * rise), rise - 16, 1) - 1, -1):
        ideal = _ideal(numbers.config, wanted, increment)
        for rate in (round(ideal), whole * round(ideal / whole)):
            if best.off < FINE or abs(rate) > _limit(numbers.config):
                continue
            off = max(abs(slope / wanted - 1) for slope in numbers.slopes(increment, rate, error))
            best = min(best, _Choice(off, rate, increment))
    return best
