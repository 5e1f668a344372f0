"""Exponential traces of rules on a chip: decays, increments and caps, which all rules share, and the rates of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..learning import TraceRule
from ..spec import Control
from ..spec.fixed import signed_range
from ..spec.registers import OTHERS
from .room import STATED, Room
from .rowtuning import RowTuning
from .trace import Fading, called_for, fading, rate_for

#: Registers of the traces of axons, of neurons, and of axons that are no inputs: decay, increment, cap.
_SHARED = (
    (Control.PRE_DECAY, Control.PRE_INCREMENT, Control.PRE_CAP),
    (Control.POST_DECAY, Control.POST_INCREMENT, Control.POST_CAP),
    tuple(OTHERS.values()),
)
#: Error of a rate as a part of the changes of a whole window, above which another increment of the trace is tried.
FINE = 1e-3


class _Rate(NamedTuple):
    """Rate of one side of a rule at an increment: how far the changes are off, the rate, and whether it is clipped."""

    off: float
    rate: int
    clipped: bool


class _Side:
    """One side of one rule: potentiation by traces of axons (0), or depression by traces of neurons (1)."""

    def __init__(self, row: RowTuning, rule: TraceRule, place: int) -> None:
        self.row, self.rule, self.place, self.bits = row, rule, place, row.config.trace_bits
        self.name = ("potentiation", "depression")[place]
        self.tau_name = ("tau_pre_ms", "tau_post_ms")[place]
        self.change = float((rule.potentiation, rule.depression)[place])
        self.x_target = 0.0 if place else rule.x_target

    def offset(self, increment: int) -> int:
        """Return what is taken off a trace of which a spike is `increment`."""
        return round(self.x_target * increment)

    def wanted(self, trace: Fading) -> float:
        """Return what all lags together have to change, in 1/256 of a weight; of one lag, if traces never fade."""
        law = self.rule.law(trace.lags + self.place, self.row.dt_ms)[self.place]
        return float(law.sum()) * trace.share * self.row.change_unit

    def paired(self, increment: int, rate: int) -> NDArray[np.float64]:
        """Return what traces from 0 to `increment` change on average beyond a trace of 0, in 1/256 of a weight."""
        values, offset = np.arange(increment + 1), self.offset(increment)
        called = self.row.acting(called_for(values - offset, rate, self.bits))
        # What is rounded by chance averages out over the lags, so what all of them begin from is not rounded.
        alone = -offset * rate / (1 << self.bits) if self.rule.stochastic or self.rule.soft else called[0]
        return np.where(values > 0, called - alone, 0.0)

    def rate(self, increment: int, decay: int) -> _Rate:
        """Return the rate at which all lags together change a weight by what the rule says."""
        if not self.change:
            return _Rate(0.0, 0, False)
        trace, offset = fading(increment, decay), self.offset(increment)
        wanted, limits = self.wanted(trace), signed_range(self.row.config.change_bits)
        if not self.x_target:
            rate, clipped = rate_for(trace, wanted, self.bits, limits)
            called = called_for(np.arange(increment + 1), rate, self.bits)
            return _Rate(abs(float(trace.times() @ called) / wanted - 1), rate, clipped)
        # With an offset, small changes do not round to nothing: no larger rate has to make up for them.
        ideal = wanted * (1 << self.bits) / float(trace.times() @ np.arange(increment + 1))
        rate = min(max(round(ideal), limits[0]), limits[1])
        off = max(abs(rate / ideal - 1), abs(offset / (self.x_target * increment) - 1))
        return _Rate(off, rate, round(ideal) != rate)

    def set(self, found: _Rate, increment: int, decay: int) -> None:
        """Set the rate, and note the change at a lag of one step of the law that has its area."""
        row = self.row
        row.control[row.registers.depression if self.place else row.registers.potentiation] = found.rate
        if not self.change:
            row.note(self.name, 0.0, 0.0)
        else:
            trace = fading(increment, decay)
            acts = float(trace.times() @ self.paired(increment, found.rate))
            units = self.change * row.change_unit * acts / self.wanted(trace)
            row.note_change(self.name, self.change, units, clipped=found.clipped)
        if self.place:
            row.set_constant("pre_only", row.registers.pre_only, self.rule.pre_only)
        else:
            row.set_offset(self.x_target, increment)
            row.set_constant("post_only", row.registers.post_only, self.rule.post_only)


class TraceTuning:
    """Traces of all rules of spikes on one chip.

    Parameters
    ----------
    rows : sequence of (RowTuning, TraceRule)
        The rules; their registers are filled in. Those with the same `RowTuning.traces` share the time constant of
        axons, all share that of neurons.
    rooms : sequence of Room
        How many spikes traces have to hold, see `room.rooms_of`.

    Attributes
    ----------
    control : dict of Control to int
        Registers of traces.
    rooms : list of Room
        What the traces hold.
    """

    def __init__(self, rows: Sequence[tuple[RowTuning, TraceRule]], rooms: Sequence[Room]) -> None:
        self.rooms, self._cap = list(rooms), (1 << rows[0][0].config.trace_bits) - 1
        self.control: dict[Control, int] = {}
        for which, place, some in (
            (0, 0, [each for each in rows if not each[0].traces]),
            (2, 0, [each for each in rows if each[0].traces]),
            (1, 1, rows),
        ):
            if some:
                self._set(which, [_Side(row, rule, place) for row, rule in some])

    def _set(self, which: int, sides: Sequence[_Side]) -> None:
        first, (decay, increment, cap) = sides[0], _SHARED[which]
        for side in sides:
            units, left = side.row.decay(side.tau_name, getattr(side.rule, side.tau_name))
        rise = self._cap if first.rule.nearest else self._rise(which, sides)
        if any(side.change for side in sides) and not first.place and rise * left < 1:
            raise InputError(
                f"{first.tau_name} is too short: its trace is gone in one step; take {first.row.dt_ms:g} ms or more"
            )
        rise, rates = self._best(sides, rise, units)
        self.control |= {decay: units, cap: self._cap, increment: rise}
        for side, rate in zip(sides, rates, strict=True):
            side.set(rate, rise, units)

    def _rise(self, which: int, sides: Sequence[_Side]) -> int:
        """Return how much a spike raises a trace that has to hold the spikes of its room.

        The more spikes there is room for, the larger is the rate that a change by one of them takes. A room that was
        not stated ends where a rate would be beyond its register.
        """
        row, room = sides[0].row, self.rooms[which]
        most = signed_range(row.config.change_bits)[1]
        largest = max(abs(side.change) * side.row.change_unit for side in sides)
        limit = max(0.95 * most / largest, 1.0) if largest else math.inf
        if room.spikes > limit and room.why != STATED:
            room = self.rooms[which] = Room(limit, f"{room.why}, as much as changes of this size allow")
        rise = max(int(self._cap / room.spikes), 1)
        if self._cap / rise < 0.8 * room.spikes:
            row.warnings.append(
                f"traces of {row.config.trace_bits} bits hold {self._cap / rise:.0f} spikes for {sides[0].name}, not "
                f"{room.spikes:.0f}: take a chip with more trace_bits"
            )
        return rise

    def _best(self, sides: Sequence[_Side], rise: int, decay: int) -> tuple[int, list[_Rate]]:
        """Return the increment, up to `rise`, at which the worst rate is best, and the rates.

        An increment that is a little smaller may let the products of both come closer.
        """
        best = rise, [_Rate(math.inf, 0, False) for _ in sides]
        if not any(side.change for side in sides):
            return best
        for increment in range(rise, max(math.ceil(0.9 * rise), rise - 16, 1) - 1, -1):
            found = [side.rate(increment, decay) for side in sides]
            off = max(each.off for each in found)
            if off < max(each.off for each in best[1]):
                best = increment, found
            if off < FINE or any(each.clipped for each in found):
                break
        return best
