"""Learning rules in the integers of one chip: control registers, window tables, and the loss by rounding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..learning import ErrorRule, Rule, TraceRule, WindowRule
from ..spec import Control, CoreConfig, LearningFlag, Region
from ..spec.config import CHANGE_FRACTION
from ..spec.registers import GATE_ALL, MODULATION_ONE, OTHERS, RULE_ROWS
from .errorrate import Arithmetic, ErrorRates, Wanted
from .fades import Fades
from .imagerows import of_axons
from .room import NO_ROOM, Room
from .rounded import Rounded
from .rowtuning import RowTuning
from .tracetuning import TraceTuning
from .windowtuning import WindowTuning

#: Key of `Image.meta` for the registers that change in the first steps: [[step, register, value], ...].
SCHEDULE = "schedule"

__all__ = ["SCHEDULE", "Rounded", "Tuning", "schedule_of"]


@dataclass
class Tuning:
    """Registers and tables of the rules of a network on one chip.

    Parameters
    ----------
    rules : sequence of Rule
        Rules that the learning engine of the chip can follow, in the order of rule rows.
    config : CoreConfig
        Geometry of the chip.
    dt_ms : float
        Length of a step.
    units : sequence of float
        One unit of a weight that learns by each rule on the chip, in the units of the network.
    traces : sequence of int
        Registers of the traces of axons that each rule reads, see `rows.trace_sets`.
    rooms : sequence of Room
        How many spikes traces can hold, see `room.rooms_of`.
    feedback : array
        Weights of the feedback axons, in the units of the network; for rules of errors.

    Attributes
    ----------
    rows : list of RowTuning
        Numbers of each rule.
    control : dict of Control to int
        Registers of the learning engine, with their sign.
    tables : dict of Region to int64 array
        `PRE_TABLE` and `POST_TABLE` of a window.
    schedule : list of [step, register, value]
        Registers that change in the first steps.
    error_scale : float
        Scale of errors, see `feedback`.
    fades : Fades or None
        How changes that wait for a reward are forgotten; None if none wait, or for ever.
    """

    rules: Sequence[Rule]
    config: CoreConfig
    dt_ms: float
    units: Sequence[float]
    traces: Sequence[int]
    rooms: Sequence[Room] = (NO_ROOM, NO_ROOM)
    feedback: NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.int64))
    rows: list[RowTuning] = field(default_factory=list)
    control: dict[Control, int] = field(default_factory=dict)
    tables: dict[Region, NDArray[np.int64]] = field(default_factory=dict)
    schedule: list[list[int]] = field(default_factory=list)
    error_scale: float = 1.0
    fades: Fades | None = None

    def __post_init__(self) -> None:
        self.rows = [
            RowTuning(rule, self.config, self.dt_ms, unit, registers, traces)
            for rule, unit, registers, traces in zip(self.rules, self.units, RULE_ROWS, self.traces, strict=False)
        ]
        shared = LearningFlag.ENABLE | (LearningFlag.STOCHASTIC if self.rules[0].stochastic else LearningFlag(0))
        if traces := [(row, row.rule) for row in self.rows if isinstance(row.rule, TraceRule)]:
            shared |= self._set_traces(traces)
        for row, rule in [(row, row.rule) for row in self.rows if isinstance(row.rule, WindowRule)]:
            self._set_windows(row, rule)
        if errors := [(row, row.rule) for row in self.rows if isinstance(row.rule, ErrorRule)]:
            self._set_errors(errors)
        modulation = round(self.rules[0].modulation * MODULATION_ONE)
        for row in self.rows:
            got = modulation / MODULATION_ONE
            row.note("modulation", row.rule.modulation, got, remedy="take a multiple of 1/256")
            self.control |= row.control | {row.registers.flags: row.flags}
        if sums := [row.weight_sum for row in self.rows if row.weight_sum]:
            self.control[Control.TARGET] = sums[0]  # runs set that of each rule before they scale
        self.control |= {
            Control.LEARNING: shared | self.rows[0].flags, Control.MODULATION: modulation, Control.GATE: GATE_ALL,
            Control.RANDOM: self.rules[0].random_state,
        }  # fmt: skip
        if not any(self.traces):
            found = {others: self.control[own] for own, others in OTHERS.items() if others.bits(self.config)}
            self.control |= found

    def registers(self) -> dict[Control, int]:
        """Return `control` as the bits of each register."""
        return {register: value & ((1 << register.bits(self.config)) - 1) for register, value in self.control.items()}

    @property
    def asked(self) -> list[tuple[Rule, list[Rounded]]]:
        """Each rule, and every number of it."""
        return [(row.rule, row.rounded) for row in self.rows]

    @property
    def warnings(self) -> list[str]:
        """What was lost, and what will not work; with the number of the rule, from 1, if there are several."""
        several = len(self.rows) > 1
        return [
            f"rule {number}: {line}" if several else line
            for number, row in enumerate(self.rows, 1) for line in row.warnings
        ]  # fmt: skip

    def _set_traces(self, rows: Sequence[tuple[RowTuning, TraceRule]]) -> LearningFlag:
        found = TraceTuning(rows, self.rooms)
        self.rooms = found.rooms
        self.control |= found.control
        rule, nearest = rows[0][1], LearningFlag.NEAREST_PRE | LearningFlag.NEAREST_POST
        return (nearest if rule.nearest else LearningFlag(0)) | self._set_eligibility(rows)

    def _set_eligibility(self, rows: Sequence[tuple[RowTuning, TraceRule]]) -> LearningFlag:
        """Have changes wait for a reward, if the rules say so."""
        tau_ms = rows[0][1].eligibility_tau_ms
        if tau_ms is None:
            return LearningFlag(0)
        self.fades = Fades.of(tau_ms / self.dt_ms, self.config)
        acts_ms = self.fades.tau_steps * self.dt_ms if self.fades else math.inf
        for row, _ in rows:
            row.note("eligibility_tau_ms", tau_ms, acts_ms, remedy="take a longer one, or a shorter dt_ms")
        return LearningFlag.ELIGIBLE

    def _set_windows(self, row: RowTuning, rule: WindowRule) -> None:
        found = WindowTuning(row, rule)
        self.tables, self.schedule = found.tables, found.schedule
        self.control |= found.control

    def _set_errors(self, rows: Sequence[tuple[RowTuning, ErrorRule]]) -> None:
        """Set the rates of rules of errors; the traces that rules of spikes have are theirs."""
        wanted = []
        for row, rule in rows:
            numbers = Arithmetic(self.config, rule.stochastic, row.span if rule.soft else 0)
            wanted.append(Wanted(rule, numbers, rule.rate * row.change_unit / (1 << CHANGE_FRACTION)))
        traces = rows[0][0].traces
        shared = self.control.get(of_axons(Control.PRE_INCREMENT, traces, self.config))
        found = ErrorRates.of(wanted, self.rooms[2 * traces].spikes, self.feedback, shared)
        self.error_scale = found.scale
        self.control |= {of_axons(each, traces, self.config): value for each, value in found.registers.items()}
        for (row, rule), rate, slopes in zip(rows, found.rates, found.slopes, strict=True):
            row.flags |= LearningFlag.ERRORS
            row.control[row.registers.potentiation] = rate
            above, below = (slope * row.unit for slope in slopes)
            acting = below if abs(below - rule.rate) > abs(above - rule.rate) else above
            row.rounded.append(Rounded("rate", rule.rate, acting))  # `errorchange` warns of it
            row.set_offset(rule.x_target, found.registers[Control.PRE_INCREMENT])
            self.control[of_axons(Control.PRE_DECAY, traces, self.config)] = row.decay("tau_ms", rule.tau_ms)[0]


def schedule_of(meta: Mapping[str, Any]) -> list[list[int]]:
    """Return the schedule in the meta of an image; nonsense in it is left out."""
    given = meta.get(SCHEDULE)
    rows = given if isinstance(given, list) else []
    known = [row for row in rows if isinstance(row, list) and len(row) == 3 and all(type(each) is int for each in row)]
    registers = [int(register) for register in Control]
    return [row for row in known if row[0] >= 0 and row[1] in registers and 0 <= row[2] < 1 << 32]
