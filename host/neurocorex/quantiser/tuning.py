"""Learning rule in the integers of one chip: control registers, window tables, and the loss by rounding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FitError, InputError
from ..learning import ErrorRule, Rule, TraceRule, WindowRule
from ..spec import Control, CoreConfig, LearningFlag, Region
from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import DECAY_ALL, DECAY_BITS, signed_range
from ..spec.registers import GATE_ALL, MODULATION_ONE
from .errorrate import Arithmetic, ErrorRate
from .room import NO_ROOMS, STATED, Room
from .rounded import Rounded
from .tables import single_spikes, table_of
from .trace import Fading, applied, called_for, fading, rate_for

#: Key of `Image.meta` for the registers that change in the first steps: [[step, register, value], ...].
SCHEDULE = "schedule"
#: Registers of the traces of axons, and of neurons: decay, rate, increment, cap.
_PRE = (Control.PRE_DECAY, Control.POTENTIATION, Control.PRE_INCREMENT, Control.PRE_CAP)
_POST = (Control.POST_DECAY, Control.DEPRESSION, Control.POST_INCREMENT, Control.POST_CAP)
#: Error of a rate as a part of the changes of a whole window, above which another increment of the trace is tried.
FINE = 1e-3

__all__ = ["SCHEDULE", "Rounded", "Tuning", "schedule_of"]


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
    rooms : (Room, Room)
        How many spikes the traces of axons and of neurons can hold.
    feedback : array
        Weights of the feedback axons, in the units of the network; for a rule of errors.

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
    error_scale : float
        Scale of errors, see `feedback`.
    """

    rule: Rule
    config: CoreConfig
    dt_ms: float
    unit: float
    rooms: tuple[Room, Room] = NO_ROOMS
    feedback: NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.int64))
    control: dict[Control, int] = field(default_factory=dict)
    tables: dict[Region, NDArray[np.int64]] = field(default_factory=dict)
    schedule: list[list[int]] = field(default_factory=list)
    rounded: list[Rounded] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error_scale: float = 1.0

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
        elif isinstance(rule, ErrorRule):
            flags |= LearningFlag.ERRORS
            self._set_errors(rule)
        modulation = round(rule.modulation * MODULATION_ONE)
        self._note("modulation", rule.modulation, modulation / MODULATION_ONE, remedy="take a multiple of 1/256")
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
            clipped = not lowest <= whole <= highest
            remedy = "take a smaller scale" if clipped else "take wider weights"
            self._note(name, bound, self.control[register] * self.unit, clipped=clipped, remedy=remedy)
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
        for side, (name, tau_ms, change, registers) in enumerate((
            ("tau_pre_ms", rule.tau_pre_ms, rule.potentiation, _PRE),
            ("tau_post_ms", rule.tau_post_ms, rule.depression, _POST),
        )):  # fmt: skip
            decay, rate, increment, cap_register = registers
            units, left = self._decay(name, tau_ms)
            rise = cap if rule.nearest else self._rise(rate.name.lower(), side, change)
            if change and not side and rise * left < 1:
                raise InputError(f"{name} is too short: its trace is gone in one step; take {self.dt_ms:g} ms or more")
            self.control |= {decay: units, cap_register: cap}
            self.control[rate], self.control[increment] = self._rate(rate.name.lower(), side, rise, units)

    def _decay(self, name: str, tau_ms: float) -> tuple[int, float]:
        """Return the decay of a trace, and what part of the trace is left after a step."""
        units = min(round(-math.expm1(-self.dt_ms / tau_ms) * (1 << DECAY_BITS)), DECAY_ALL)
        left = 1 - units / (1 << DECAY_BITS) if units < DECAY_ALL else 0.0
        got = -self.dt_ms / math.log(left) if 0 < left < 1 else (math.inf if left else 0.0)
        self._note(name, tau_ms, got, remedy="take another dt_ms")
        return units, left

    def _rise(self, name: str, side: int, change: float) -> int:
        """Return how much a spike raises a trace that has to hold the spikes of its room.

        The more spikes there is room for, the larger is the rate that a change by one of them takes. A room that was
        not stated ends where the rate would be beyond its register.
        """
        cap, most = (1 << self.config.trace_bits) - 1, signed_range(self.config.change_bits)[1]
        limit = max(0.95 * most / (abs(change) * self._change_unit), 1.0) if change else math.inf
        if self.rooms[side].spikes > limit and self.rooms[side].why != STATED:
            less = Room(limit, f"{self.rooms[side].why}, as much as changes of this size allow")
            self.rooms = (less, self.rooms[1]) if side == 0 else (self.rooms[0], less)
        room = self.rooms[side].spikes
        rise = max(int(cap / room), 1)
        if cap / rise < 0.8 * room:
            self.warnings.append(
                f"traces of {self.config.trace_bits} bits hold {cap / rise:.0f} spikes for {name}, not {room:.0f}: "
                "take a chip with more trace_bits"
            )
        return rise

    def _rate(self, name: str, side: int, rise: int, decay: int) -> tuple[int, int]:
        """Return rate and increment of a trace at which all lags together change a weight by what the rule says.

        An increment that is a little smaller may let the product of both come closer. What the chip holds is told as
        the change at a lag of one step of the law that has its area.
        """
        rule, bits, limits = self.rule, self.config.trace_bits, signed_range(self.config.change_bits)
        change = float(rule.law(np.array([1]), self.dt_ms)[side][0])
        if not change:
            self._note(name, 0.0, 0.0)
            return 0, rise
        best: tuple[float, int, int] = (math.inf, 0, rise)
        for increment in range(rise, max(math.ceil(0.9 * rise), rise - 16, 1) - 1, -1):
            trace = fading(increment, decay)
            wanted = self._wanted(trace, side)
            rate, clipped = rate_for(trace, wanted, bits, limits)
            got = float(trace.times() @ called_for(np.arange(increment + 1), rate, bits))
            error = abs(got / wanted - 1)
            if error < best[0]:
                best = error, rate, increment
            if error < FINE or clipped:
                break
        _, rate, increment = best
        trace = fading(increment, decay)
        acts = float(trace.times() @ self._acting(called_for(np.arange(increment + 1), rate, bits)))
        self._note_change(name, change, change * self._change_unit * acts / self._wanted(trace, side), clipped=clipped)
        return rate, increment

    def _wanted(self, trace: Fading, side: int) -> float:
        """Return what all lags together have to change, in 1/256 of a weight; of one lag, if traces never fade."""
        law = self.rule.law(trace.lags + side, self.dt_ms)[side]
        return float(law.sum()) * trace.share * self._change_unit

    def _acting(self, called: NDArray[Any]) -> NDArray[np.float64]:
        """Return what traces and tables bring about on average, in 1/256 of a weight."""
        if self.rule.stochastic or self.rule.soft:
            return np.asarray(called, np.float64)
        return applied(np.asarray(called), stochastic=False)[0] * (1 << CHANGE_FRACTION)

    # Errors ------------------------------------------------------------------------------------

    def _set_errors(self, rule: ErrorRule) -> None:
        numbers = Arithmetic(self.config, rule.stochastic, self._span if rule.soft else 0)
        wanted = rule.rate * self._change_unit / (1 << CHANGE_FRACTION)
        found = ErrorRate.of(rule, numbers, wanted, self.rooms[0].spikes, self.feedback)
        acting = max((each * self.unit for each in found.slopes), key=lambda each: abs(each - rule.rate))
        self.rounded.append(Rounded("rate", rule.rate, acting))  # `errorchange` warns of it
        self.error_scale = found.scale
        self.control |= found.registers | {Control.PRE_DECAY: self._decay("tau_ms", rule.tau_ms)[0]}

    # Windows -----------------------------------------------------------------------------------

    def _set_tables(self, rule: WindowRule) -> None:
        limits, grain = signed_range(self.config.change_bits), 1
        if not (rule.stochastic or rule.soft):
            grain = 1 << CHANGE_FRACTION  # the nearest whole weight; the chip rounds fractions to zero
        kernels = rule.kernels(self.dt_ms, self.config.window_steps)
        for region, name, first, kernel in (
            (Region.PRE_TABLE, "potentiation", 0, kernels[0]), (Region.POST_TABLE, "depression", 1, kernels[1]),
        ):  # fmt: skip
            units = kernel * self._change_unit
            table, crowded = table_of(units, limits, nearest=rule.nearest, grain=grain)
            self.tables[region] = table
            entries = np.clip(single_spikes(table, self.config.window_steps), *limits)
            for lag in np.flatnonzero(kernel).tolist():
                clipped = not limits[0] <= grain * round(units[lag] / grain) <= limits[1]
                self._note_change(f"{name} at lag {lag + first}", kernel[lag], float(entries[lag]), clipped=clipped)
            if crowded:
                patterns = 1 << self.config.window_steps
                self.warnings.append(f"{name} is clipped where {crowded} of {patterns} patterns of spikes add up")

    def _set_drift(self, rule: WindowRule) -> None:
        low, high = signed_range(Control.DRIFT_STEP.bits(self.config))
        steps = []
        for step, change in enumerate(rule.drift):
            units = round(change / self.unit)
            steps.append(min(max(units, low), high))
            if change:
                self._note(
                    f"drift in step {step}", change, steps[-1] * self.unit, clipped=steps[-1] != units,
                    remedy="take wider weights or another scale, at which it is a whole unit of a weight",
                )  # fmt: skip
        self.control[Control.DRIFT_STEP] = steps[0] if steps else 0
        mask = (1 << Control.DRIFT_STEP.bits(self.config)) - 1
        self.schedule = [
            [step, int(Control.DRIFT_STEP), steps[step] & mask]
            for step in range(1, len(steps)) if steps[step] != steps[step - 1]
        ]  # fmt: skip

    # Notes -------------------------------------------------------------------------------------

    def _note_change(self, name: str, wanted: float, units: float, *, clipped: bool) -> None:
        """Note a change of `units` on average, in units of the chip with their fraction."""
        if clipped:
            remedy = "take a smaller one" + (", or accumulate=1.0" if isinstance(self.rule, TraceRule) else "")
        elif self.rule.stochastic:
            remedy = "take wider weights, closer bounds or a larger scale"
        else:
            remedy = "use stochastic=True, wider weights or a larger scale"
        self._note(name, wanted, units / self._change_unit, clipped=clipped, remedy=remedy)

    def _note(self, name: str, wanted: float, got: float, *, clipped: bool = False, remedy: str = "") -> None:
        rounded = Rounded(name, float(wanted), float(got), bool(clipped))
        self.rounded.append(rounded)
        warning = rounded.warning(remedy)
        if warning:
            self.warnings.append(warning)


def schedule_of(meta: Mapping[str, Any]) -> list[list[int]]:
    """Return the schedule in the meta of an image; nonsense in it is left out."""
    given = meta.get(SCHEDULE)
    rows = given if isinstance(given, list) else []
    known = [row for row in rows if isinstance(row, list) and len(row) == 3 and all(type(each) is int for each in row)]
    registers = [int(register) for register in Control]
    return [row for row in known if row[0] >= 0 and row[1] in registers and 0 <= row[2] < 1 << 32]
