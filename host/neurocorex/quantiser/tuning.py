"""Learning rule in the integers of one chip: control registers, window tables, and the loss by rounding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FitError, InputError
from ..learning import Rule, TraceRule, WindowRule
from ..spec import Control, CoreConfig, LearningFlag, Region, shrink
from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import DECAY_ALL, DECAY_BITS, signed_range
from ..spec.registers import GATE_ALL, MODULATION_ONE

#: Key of `Image.meta` for the registers that change in the first steps: [[step, register, value], ...].
SCHEDULE = "schedule"
#: Relative difference of a rounded number above which the report warns.
TOLERANCE = 0.1


@dataclass(frozen=True)
class Rounded:
    """A number of a rule as wanted, and as the chip holds it.

    Attributes
    ----------
    name : str
        Name of the number.
    wanted, got : float
        In the units of the rule.
    clipped : bool
        Whether it is beyond the range of the chip.
    """

    name: str
    wanted: float
    got: float
    clipped: bool = False

    @property
    def exact(self) -> bool:
        """Whether both are equal, give or take the last bits of a division."""
        return math.isclose(self.wanted, self.got, rel_tol=1e-9, abs_tol=1e-12)

    def __str__(self) -> str:
        wanted, got = f"{self.wanted:.4g}", f"{self.got:.4g}"
        change = "" if wanted == got else f" (wanted {wanted}{', clipped' if self.clipped else ''})"
        return f"{self.name} {got}{change}"


@dataclass
class Tuning:
    """Registers and tables of one rule on one chip.

    Parameters
    ----------
    rule : Rule
        A rule that the learning engine of the chip can follow.
    config : CoreConfig
        Geometry of the chip.
    dt_ms : float
        Length of a step.
    unit : float
        One unit of a plastic weight on the chip, in the units of the network.

    Attributes
    ----------
    control : dict of Control to int
        Registers of the learning engine, with their sign.
    tables : dict of Region to int64 array
        `PRE_TABLE` and `POST_TABLE` of a window.
    schedule : list of [step, register, value]
        Registers that change in the first steps.
    rounded : list of Rounded
        Every number of the rule.
    warnings : list of str
        What was lost, and what will not work.
    """

    rule: Rule
    config: CoreConfig
    dt_ms: float
    unit: float
    control: dict[Control, int] = field(default_factory=dict)
    tables: dict[Region, NDArray[np.int64]] = field(default_factory=dict)
    schedule: list[list[int]] = field(default_factory=list)
    rounded: list[Rounded] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        rule, flags = self.rule, LearningFlag.ENABLE
        flags |= (LearningFlag.STOCHASTIC if rule.stochastic else LearningFlag(0)) | (
            LearningFlag.SOFT if rule.soft else LearningFlag(0)
        )
        self._set_bounds()
        if isinstance(rule, TraceRule):
            flags |= LearningFlag.NEAREST_PRE | LearningFlag.NEAREST_POST if rule.nearest else LearningFlag(0)
            self._set_traces(rule)
        elif isinstance(rule, WindowRule):
            self._set_tables(rule)
            self._set_drift(rule)
        modulation = round(rule.modulation * MODULATION_ONE)
        self._note("modulation", rule.modulation, modulation / MODULATION_ONE)
        self.control |= {
            Control.LEARNING: flags, Control.MODULATION: modulation, Control.GATE: GATE_ALL,
            Control.RANDOM: rule.random_state,
        }  # fmt: skip

    def registers(self) -> dict[Control, int]:
        """Return `control` as the bits of each register."""
        return {register: value & ((1 << register.bits(self.config)) - 1) for register, value in self.control.items()}

    # Weights -----------------------------------------------------------------------------------

    def _set_bounds(self) -> None:
        lowest, highest = self.config.weight_range
        wanted = self.rule.bounds or (lowest * self.unit, highest * self.unit)
        for register, name, bound in zip(
            (Control.WEIGHT_MIN, Control.WEIGHT_MAX), ("lower bound", "upper bound"), wanted, strict=True
        ):
            whole = round(bound / self.unit)
            self.control[register] = min(max(whole, lowest), highest)
            self._note(name, bound, self.control[register] * self.unit, clipped=not lowest <= whole <= highest)
        self._span = self.control[Control.WEIGHT_MAX] - self.control[Control.WEIGHT_MIN]
        if self._span < 1:
            raise FitError(f"the bounds {wanted} are one and the same weight on this chip; take wider weights")
        if self._span < 16 and self.config.weight_bits > 4:
            self.warnings.append(
                f"only {self._span} units of the chip lie between the bounds: give bounds and weights as floats, and "
                "they are scaled"
            )

    @property
    def _change_unit(self) -> float:
        """Units of change of the chip per unit of the network, for the synapse that is farthest from its bound."""
        soft = (1 << self.config.weight_bits) / self._span if self.rule.soft else 1.0
        return (1 << CHANGE_FRACTION) / self.unit * soft

    # Exponential traces ------------------------------------------------------------------------

    def _set_traces(self, rule: TraceRule) -> None:
        cap = (1 << self.config.trace_bits) - 1
        increment = cap if rule.nearest else max(round(cap / rule.accumulate), 1)
        for name, tau_ms, change, decay, rate, side in (
            ("tau_pre_ms", rule.tau_pre_ms, rule.potentiation, Control.PRE_DECAY, Control.POTENTIATION, 0),
            ("tau_post_ms", rule.tau_post_ms, rule.depression, Control.POST_DECAY, Control.DEPRESSION, 1),
        ):
            units = min(round(-math.expm1(-self.dt_ms / tau_ms) * (1 << DECAY_BITS)), DECAY_ALL)
            self.control[decay] = units
            left = 1 - units / (1 << DECAY_BITS) if units < DECAY_ALL else 0.0
            self._note(name, tau_ms, -self.dt_ms / math.log(left) if 0 < left < 1 else (math.inf if left else 0.0))
            # At a lag of one step, the trace that potentiation reads has faded once; that of depression has not.
            trace = increment if side else shrink(increment, units)
            self.control[rate] = self._rate(rate.name.lower(), change, trace, tau_name=name)
        self.control |= {
            Control.PRE_INCREMENT: increment, Control.POST_INCREMENT: increment,
            Control.PRE_CAP: cap, Control.POST_CAP: cap,
        }  # fmt: skip

    def _rate(self, name: str, change: float, trace: int, *, tau_name: str) -> int:
        """Return the rate at which a trace of this value changes a weight by `change`."""
        if not change:
            self._note(name, 0.0, 0.0)
            return 0
        if not trace:
            raise InputError(f"{tau_name} is too short: its trace is gone in one step; take {self.dt_ms:g} ms or more")
        low, high = signed_range(self.config.change_bits)
        wanted = round(change * self._change_unit * (1 << self.config.trace_bits) / trace)
        rate = min(max(wanted, low), high)
        self._note_change(name, change, trace * rate >> self.config.trace_bits, clipped=rate != wanted)
        return rate

    # Windows -----------------------------------------------------------------------------------

    def _set_tables(self, rule: WindowRule) -> None:
        steps = self.config.window_steps
        patterns = np.arange(1 << steps)[:, None] >> np.arange(steps) & 1  # [pattern, lag]
        if rule.nearest:
            patterns &= np.cumsum(patterns, axis=1) == 1
        low, high = signed_range(self.config.change_bits)
        kernels = rule.kernels(self.dt_ms, steps)
        for region, name, first, kernel in (
            (Region.PRE_TABLE, "potentiation", 0, kernels[0]), (Region.POST_TABLE, "depression", 1, kernels[1]),
        ):  # fmt: skip
            wanted = np.rint(patterns @ (kernel * self._change_unit))
            table = self.tables[region] = np.clip(wanted, low, high).astype(np.int64)
            for lag, change in enumerate(kernel):
                if change:
                    entry = int(table[1 << lag])
                    self._note_change(f"{name} at lag {lag + first}", change, entry, clipped=entry != wanted[1 << lag])
            crowded = int(np.count_nonzero(table != wanted))
            if crowded:
                self.warnings.append(f"{name} is clipped where {crowded} of {table.size} patterns of spikes add up")

    def _set_drift(self, rule: WindowRule) -> None:
        low, high = signed_range(Control.DRIFT_STEP.bits(self.config))
        steps = []
        for step, change in enumerate(rule.drift):
            units = round(change / self.unit)
            steps.append(min(max(units, low), high))
            if change:
                self._note(f"drift in step {step}", change, steps[-1] * self.unit, clipped=steps[-1] != units)
        self.control[Control.DRIFT_STEP] = steps[0] if steps else 0
        mask = (1 << Control.DRIFT_STEP.bits(self.config)) - 1
        self.schedule = [
            [step, int(Control.DRIFT_STEP), steps[step] & mask]
            for step in range(1, len(steps)) if steps[step] != steps[step - 1]
        ]  # fmt: skip

    # Notes -------------------------------------------------------------------------------------

    def _note_change(self, name: str, wanted: float, units: int, *, clipped: bool) -> None:
        """Note a change of `units`, in units of the chip with their fraction."""
        self._note(name, wanted, units / self._change_unit, clipped=clipped)
        if abs(units) < 1 << CHANGE_FRACTION and units and not self.rule.stochastic:
            self.warnings.append(
                f"{name} is less than one unit of a weight and rounds to nothing: use stochastic=True or wider weights"
            )

    def _note(self, name: str, wanted: float, got: float, *, clipped: bool = False) -> None:
        rounded = Rounded(name, float(wanted), float(got), bool(clipped))
        self.rounded.append(rounded)
        if clipped:
            hint = "a smaller one, or accumulate=1.0" if isinstance(self.rule, TraceRule) else "a smaller one"
            self.warnings.append(f"{name} is clipped from {wanted:.4g} to {got:.4g}: take {hint}")
        elif not rounded.exact and abs(got - wanted) > TOLERANCE * abs(wanted):
            self.warnings.append(f"{name} became {got:.4g} instead of {wanted:.4g}: take wider weights or more scale")


def schedule_of(meta: Mapping[str, Any]) -> list[list[int]]:
    """Return the schedule in the meta of an image; nonsense in it is left out."""
    given = meta.get(SCHEDULE)
    rows = given if isinstance(given, list) else []
    known = [row for row in rows if isinstance(row, list) and len(row) == 3 and all(type(each) is int for each in row)]
    registers = [int(register) for register in Control]
    return [row for row in known if row[0] >= 0 and row[1] in registers and 0 <= row[2] < 1 << 32]
