"""Rate of a rule of errors on a chip: the registers at which a spike and an error change a weight as the rule says."""

from __future__ import annotations

import math
from collections.abc import Sequence
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

    def changes(self, spikes: Ints, increment: int, rate: int, error: int, offset: int = 0) -> NDArray[np.float64]:
        """Return the mean change of a weight by some numbers of spikes and an error, all in units of the chip.

        `offset` is taken off the trace. With soft bounds it is the change of a weight which is as far from its bound as
        it can be.
        """
        config = self.config
        factor = saturate(rate * error // MODULATION_ONE, config.change_bits)
        called = called_for(np.minimum(spikes * increment, self.cap) - offset, factor, config.trace_bits)
        if self.span:
            called = (called * self.span + (1 << (config.weight_bits - 1))) >> config.weight_bits
        return applied(called, stochastic=self.stochastic)[0]

    def slopes(self, increment: int, rate: int, error: int, offset: int = 0) -> tuple[float, float]:
        """Return the change per spike and unit of error, by errors of a size above and below zero.

        That is the mean over all numbers of spikes that a trace holds, each with its weight: what many lessons change.
        With an offset it is what they change beyond no spike.
        """
        spikes = np.arange(max(self.cap // max(increment, 1), 1) + 1, dtype=np.int64)
        above, below = (self.changes(spikes, increment, rate, each, offset) for each in (error, -error))
        total = float(spikes.sum()) * error
        return float((above - above[0]).sum()) / total, float((below - below[0]).sum()) / -total


class Wanted(NamedTuple):
    """Rule of errors, the arithmetic of its row, and its rate in units of the weight; of soft bounds, at hard ones."""

    rule: ErrorRule
    numbers: Arithmetic
    rate: float

    def offset(self, increment: int) -> int:
        """Return what is taken off the trace of an axon of which a spike is `increment`."""
        return round(self.rule.x_target * increment)


class _Choice(NamedTuple):
    """Rates of rules, how far the worst slope is off, as a part of what is wanted; infinite if one does not fit."""

    off: float
    rates: tuple[int, ...]
    increment: int


@dataclass(frozen=True)
class ErrorRates:
    """Registers of rules of errors, and the scale of their errors.

    Attributes
    ----------
    scale : float
        Scale of errors, see `feedback`.
    registers : dict of Control to int
        Those that the rules share.
    rates : tuple of int
        Rate of each rule.
    slopes : list of (float, float)
        Change of a weight by a spike and an error of 1 of the network, in units of the weight; see `Arithmetic.slopes`.
    """

    scale: float
    registers: dict[Control, int]
    rates: tuple[int, ...]
    slopes: list[tuple[float, float]]

    @classmethod
    def of(cls, wanted: Sequence[Wanted], room: float, feedback: NDArray[Any], shared: int | None = None) -> ErrorRates:
        """Choose them.

        Parameters
        ----------
        wanted : sequence of Wanted
            The rules.
        room : float
            How many spikes have to count.
        feedback : array
            Weights of the feedback axons.
        shared : int, optional
            Increment of the traces of axons, if other rules have chosen it.

        Raises
        ------
        FitError
            If the traces do not count so many spikes, or a register does not hold a rate or the deadband.
        """
        config, cap = wanted[0].numbers.config, wanted[0].numbers.cap
        rise = int(cap / room) if shared is None else shared
        if rise < 1:
            raise FitError(
                f"traces of {config.trace_bits} bits count up to {cap} spikes, not {room:.0f}: take "
                f"accumulate={cap}, clear traces more often, or take a chip with more trace_bits"
            )
        increments = _increments(rise) if shared is None else range(shared, shared + 1)
        tried = []
        for scale, loss in error_scales(feedback, config):
            found = _best(wanted, scale, increments, _at(feedback, scale))
            tried.append((loss + found.off**2, scale, found))
            if found.off <= TOLERANCE:
                break
        _, scale, found = min(tried, key=lambda each: each[0])
        if math.isinf(found.off):
            largest = max(each[1] for each in tried)
            raise _too_fast(wanted, room, rise, largest)
        registers = {
            Control.PRE_INCREMENT: found.increment, Control.PRE_CAP: cap,
            Control.DEADBAND: _deadband(wanted[0].rule, scale),
        }  # fmt: skip
        slopes = []
        for each, rate in zip(wanted, found.rates, strict=True):
            offset = each.offset(found.increment)
            above, below = each.numbers.slopes(found.increment, rate, _at(feedback, scale), offset)
            slopes.append((above * scale, below * scale))
        return cls(scale, registers, found.rates, slopes)


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


def _too_fast(wanted: Sequence[Wanted], room: float, rise: int, scale: float) -> FitError:
    """Return the error for a rule, of some, that needs too large a rate on the chip at any scale of errors."""
    config = wanted[0].numbers.config
    needed, rule = max((abs(_ideal(config, each.rate, rise) / scale), each.rule.rate) for each in wanted)
    part = _limit(config) / needed
    ways = [f"take one of {rule * part:.3g} or less"]
    ways += [f"accumulate={room * part:.3g} or less"] if room * part >= 1 else []
    ways += ["wider weights"] if config.weight_bits < 16 else []
    return FitError(f"a rate of {rule:.4g} is too large for this chip: {', or '.join(ways)}")


def _at(feedback: NDArray[Any], scale: float) -> int:
    """Return the error, in units of the chip, at which a rate is measured."""
    return typical(np.rint(feedback * scale), scale)


def _limit(config: CoreConfig) -> int:
    """Return the largest rate of a chip."""
    return signed_range(config.change_bits)[1]


def _ideal(config: CoreConfig, wanted: float, increment: int) -> float:
    """Return the rate at which nothing is rounded; `wanted` is per unit of error on the chip."""
    return wanted * (1 << config.trace_bits) * (1 << CHANGE_FRACTION) * MODULATION_ONE / increment


def _increments(rise: int) -> range:
    """Return the increments that are tried: some up to `rise`, the largest first."""
    return range(rise, max(math.ceil(0.9 * rise), rise - 16, 1) - 1, -1)


def _best(wanted: Sequence[Wanted], scale: float, increments: range, error: int) -> _Choice:
    """Return the rates and the increment whose slopes come closest to what is wanted."""
    best = _Choice(math.inf, (0,) * len(wanted), increments[0])
    for increment in increments:
        found = [_rate(each, scale, increment, error) for each in wanted]
        best = min(best, _Choice(max(off for off, _ in found), tuple(rate for _, rate in found), increment))
        if best.off < FINE:
            break
    return best


def _rate(wanted: Wanted, scale: float, increment: int, error: int) -> tuple[float, int]:
    """Return how far the slopes of the best rate at an increment are off, and that rate."""
    rate_wanted, numbers = wanted.rate / scale, Arithmetic(wanted.numbers.config)
    if not rate_wanted:
        return 0.0, 0
    best, offset = (math.inf, 0), wanted.offset(increment)
    shift = abs(offset / (wanted.rule.x_target * increment) - 1) if wanted.rule.x_target else 0.0
    # Where a product of rate and error is a whole factor, errors above and below zero act alike.
    whole, ideal = MODULATION_ONE // math.gcd(MODULATION_ONE, error), _ideal(numbers.config, rate_wanted, increment)
    for rate in (round(ideal), whole * round(ideal / whole)):
        if best[0] < FINE or abs(rate) > _limit(numbers.config):
            continue
        slopes = numbers.slopes(increment, rate, error, offset)
        best = min(best, (max(shift, *(abs(slope / rate_wanted - 1) for slope in slopes)), rate))
    return best
