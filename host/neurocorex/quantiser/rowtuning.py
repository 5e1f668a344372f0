"""Numbers of one rule that a chip has for each rule row, such as bounds, and the loss by rounding."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FitError
from ..learning import Rule, TraceRule
from ..spec import Control, CoreConfig, LearningFlag
from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import DECAY_ALL, DECAY_BITS, signed_range
from ..spec.registers import RuleRow
from .rounded import Rounded
from .sums import most_of
from .trace import applied


@dataclass
class RowTuning:
    """Registers of one rule row, and every number of its rule beside what the chip holds.

    Parameters
    ----------
    rule : Rule
        The rule.
    config : CoreConfig
        Geometry of the chip.
    dt_ms : float
        Length of a step.
    unit : float
        One unit of a weight that learns by it on the chip, in the units of the network.
    registers : RuleRow
        Registers of the row.
    traces : int
        Registers of the traces of its axons, see `rows.trace_sets`.

    Attributes
    ----------
    control : dict of Control to int
        Registers, with their sign; without the flags.
    flags : LearningFlag
        Flags that the row has of its own.
    span : int
        Distance of the bounds, in units of the chip.
    rounded : list of Rounded
        Every number of the rule.
    warnings : list of str
        What was lost.
    weight_sum : int
        Sum that scaling brings weights to, in units of the chip; 0 if the rule states none.
    """

    rule: Rule
    config: CoreConfig
    dt_ms: float
    unit: float
    registers: RuleRow
    traces: int = 0
    control: dict[Control, int] = field(default_factory=dict)
    flags: LearningFlag = field(default_factory=lambda: LearningFlag(0))
    span: int = 0
    rounded: list[Rounded] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    weight_sum: int = 0

    def __post_init__(self) -> None:
        self.flags = LearningFlag.SOFT if self.rule.soft else LearningFlag(0)
        lowest, highest = self.config.weight_range
        wanted = self.rule.bounds or (lowest * self.unit, highest * self.unit)
        low, high = self.registers.weight_min, self.registers.weight_max
        for register, name, bound in zip((low, high), ("lower bound", "upper bound"), wanted, strict=True):
            whole = round(bound / self.unit)
            self.control[register] = min(max(whole, lowest), highest)
            clipped = not lowest <= whole <= highest
            remedy = "take a smaller scale" if clipped else "take wider weights"
            self.note(name, bound, self.control[register] * self.unit, clipped=clipped, remedy=remedy)
        self.span = self.control[high] - self.control[low]
        if self.span < 1:
            raise FitError(f"the bounds {wanted} are one and the same weight on this chip; take wider weights")
        if self.rule.weight_sum is not None:
            self._set_sum(self.rule.weight_sum)
        if self.span < 16 and self.config.weight_bits > 4:
            self.warnings.append(
                f"only {self.span} units of the chip lie between the bounds: give bounds and weights as floats, and "
                "they are scaled"
            )

    def _set_sum(self, wanted: float) -> None:
        whole = round(wanted / self.unit)
        self.weight_sum = min(max(whole, 1), most_of(self.config))
        clipped = whole != self.weight_sum
        self.note("weight_sum", wanted, self.weight_sum * self.unit, clipped=clipped, remedy="take another scale")

    @property
    def highest(self) -> int:
        """Upper bound of a weight, in units of the chip."""
        return self.control[self.registers.weight_max]

    @property
    def change_unit(self) -> float:
        """Units of change of the chip per unit of the network, for the synapse that is farthest from its bound."""
        soft = (1 << self.config.weight_bits) / self.span if self.rule.soft else 1.0
        return (1 << CHANGE_FRACTION) / self.unit * soft

    def acting(self, called: NDArray[Any]) -> NDArray[np.float64]:
        """Return what traces and tables bring about on average, in 1/256 of a weight."""
        if self.rule.stochastic or self.rule.soft:
            return np.asarray(called, np.float64)
        return applied(np.asarray(called), stochastic=False)[0] * (1 << CHANGE_FRACTION)

    def decay(self, name: str, tau_ms: float) -> tuple[int, float]:
        """Return the decay of a trace, and what part of the trace is left after a step."""
        units = min(round(-math.expm1(-self.dt_ms / tau_ms) * (1 << DECAY_BITS)), DECAY_ALL)
        left = 1 - units / (1 << DECAY_BITS) if units < DECAY_ALL else 0.0
        got = -self.dt_ms / math.log(left) if 0 < left < 1 else (math.inf if left else 0.0)
        self.note(name, tau_ms, got, remedy="take another dt_ms")
        return units, left

    def set_constant(self, name: str, register: Control, change: float) -> None:
        """Set a change that needs no pair; one of 0 needs no register."""
        if not change:
            return
        low, high = signed_range(self.config.change_bits)
        whole = round(change * self.change_unit)
        self.control[register] = min(max(whole, low), high)
        acts = float(self.acting(np.array([self.control[register]]))[0])
        self.note_change(name, change, acts, clipped=not low <= whole <= high)

    def set_offset(self, x_target: float, increment: int) -> None:
        """Set what is taken off the traces of axons, of which a spike is `increment`.

        Raises
        ------
        FitError
            If no trace is larger.
        """
        if not x_target:
            return
        offset, cap = round(x_target * increment), (1 << self.config.trace_bits) - 1
        if offset > cap:
            raise FitError(
                f"x_target {x_target:g} is beyond what the trace of an axon can hold, {cap / increment:.3g} spikes: "
                "take a smaller one, or state with accumulate= how many spikes it shall hold"
            )
        self.control[self.registers.offset] = offset
        self.note("x_target", x_target, offset / increment, remedy="take a chip with more trace_bits, or another one")

    def note_change(self, name: str, wanted: float, units: float, *, clipped: bool) -> None:
        """Note a change of `units` on average, in units of the chip with their fraction."""
        if clipped:
            remedy = "take a smaller one" + (", or accumulate=1.0" if isinstance(self.rule, TraceRule) else "")
        elif self.rule.stochastic:
            remedy = "take wider weights, closer bounds or a larger scale"
        else:
            remedy = "use stochastic=True, wider weights or a larger scale"
        self.note(name, wanted, units / self.change_unit, clipped=clipped, remedy=remedy)

    def note(self, name: str, wanted: float, got: float, *, clipped: bool = False, remedy: str = "") -> None:
        """Note a number, and warn if it is off."""
        rounded = Rounded(name, float(wanted), float(got), bool(clipped))
        self.rounded.append(rounded)
        warning = rounded.warning(remedy)
        if warning:
            self.warnings.append(warning)
