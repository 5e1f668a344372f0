"""Learning window of an image: the mean change by one pair of spikes at each lag, from registers and tables.

The mean is exact: it is taken over all draws, of traces that fade and of changes that are rounded by chance. With soft
bounds it is that of a weight which is as far from the bound as it can be.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from ..learning import Rule, TraceRule
from ..spec import Control, Learning, LearningFlag, Region
from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import saturate, signed_range
from ..spec.registers import MODULATION_ONE, RULE_ROWS
from .imagerows import kind_of_axons, learning_synapses, of_axons, row_flags, signed_value
from .populations import scales_of
from .room import ROOMS
from .tables import single_spikes
from .trace import applied, called_for, fading
from .window import REACH, ActingWindow, Alone, Side

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Width of traces up to which the report names how much single pairs vary.
FEW_BITS = 8


def acting_window(image: Image, row: int, rule: Rule | None = None) -> ActingWindow:
    """Compute the window of a rule row, by which plastic synapses learn from spikes, beside what its rule asks for."""
    return _Reading(image, row, rule).window()


class _Reading:
    """Window of a rule row of one image, read from its registers and tables."""

    def __init__(self, image: Image, row: int, rule: Rule | None) -> None:
        self.image, self.rule, self.config = image, rule, image.config
        self.number, self.flags, self.row = row, row_flags(image, row), RULE_ROWS[row]
        told = image.meta.get("dt_ms")
        self.dt_ms = float(told) if isinstance(told, int | float) and told > 0 else 1.0
        self.unit = plastic_unit(image, learning_synapses(image)[row])
        self.modulation = self.register(Control.MODULATION) or MODULATION_ONE

    def register(self, register: Control) -> int:
        return signed_value(self.image, register)

    def window(self) -> ActingWindow:
        side = self._window_side if self.config.learning is Learning.WINDOW else self._trace_side
        potentiation, depression = side(0), side(1)
        single = ""
        if self.config.learning is Learning.EXPONENTIAL and self.config.trace_bits <= FEW_BITS:
            shown = [each for each in (potentiation, depression) if any(each.acting)]
            varied = ", ".join(f"{self._spread(each):.2g} of the mean in {each.name}" for each in shown)
            single = f"a single pair varies by {varied} where the mean is 1/e" if varied else ""
        factor, alone = self.modulation / MODULATION_ONE, self._alone() if self.config.terms else None
        return ActingWindow(potentiation, depression, factor, self._pairing(), single, alone)

    def _trace_side(self, place: int) -> Side:
        kind = kind_of_axons(self.image, self.number)
        decay, increment, cap, rate = (
            self.register(of_axons(register, kind, self.config))
            for register in (
                (Control.PRE_DECAY, Control.PRE_INCREMENT, Control.PRE_CAP, self.row.potentiation),
                (Control.POST_DECAY, Control.POST_INCREMENT, Control.POST_CAP, self.row.depression),
            )[place]
        )
        nearest = self.flags & (LearningFlag.NEAREST_PRE, LearningFlag.NEAREST_POST)[place]
        # A trace that is full after one spike holds its cap.
        trace = fading(increment if nearest else min(increment, cap), decay)
        mean, square = self._called(place, rate, trace.values)
        if self.config.terms:  # a pair is what the trace changes beyond a trace of 0
            zero = self._base(place, rate)
            square = np.where(trace.values > 0, square - 2 * zero * mean + zero**2, 0.0)
            mean = np.where(trace.values > 0, mean - zero, 0.0)
        mean, square = trace.mean(mean), trace.mean(square)
        lags = trace.lags + place
        room, why = (0.0, "") if nearest or not increment else (cap / increment, room_of(self.image, place, kind))
        return self._side(place, lags, (mean, square), trace.share, trace.endless, room=(room, why))

    def _called(self, place: int, rate: int, traces: Ints) -> tuple[Floats, Floats]:
        """Return the mean change by some traces, and the mean square, with the terms of the row."""
        bits, offset = self.config.change_bits, 0 if place else self.register(self.row.offset)
        only = self._modulated(self.register(self.row.pre_only if place else self.row.post_only))
        called = called_for(traces - offset, self._modulated(rate), self.config.trace_bits) + only
        return self._applied(np.clip(called, *signed_range(bits)))

    def _base(self, place: int, rate: int) -> float:
        """Return the mean change that all traces begin from; what is rounded by chance averages out over the lags."""
        if not self.flags & LearningFlag.STOCHASTIC:
            return float(self._called(place, rate, np.zeros(1, np.int64))[0][0])
        offset, only = (0, self.row.pre_only) if place else (self.register(self.row.offset), self.row.post_only)
        called = self._modulated(self.register(only)) - offset * self._modulated(rate) / (1 << self.config.trace_bits)
        return called * self._distance / (1 << CHANGE_FRACTION)

    @property
    def _distance(self) -> float:
        """What part of a change acts on the weight that is farthest from its bound."""
        if not (self.flags & LearningFlag.SOFT and self.config.soft_bounds):
            return 1.0
        span = self.register(self.row.weight_max) - self.register(self.row.weight_min)
        return span / (1 << self.config.weight_bits)

    def _modulated(self, value: int) -> int:
        return saturate(value * self.modulation >> 8, self.config.change_bits)

    def _alone(self) -> Alone | None:
        """Return what an arrival and a spike change by themselves; None if that is nothing, as without terms."""
        acting, wanted = (self._by_none(1), self._by_none(0)), None
        if isinstance(self.rule, TraceRule):
            arrival, spike = (each * self.modulation / MODULATION_ONE for each in self.rule.alone(self.dt_ms))
            wanted = (arrival, spike)
        return Alone(acting, wanted) if any((*acting, *(wanted or ()))) else None

    def _by_none(self, place: int) -> float:
        """Return the mean change where the trace is 0, in units of the network."""
        rate = self.register(self.row.depression if place else self.row.potentiation)
        return float(self._called(place, rate, np.zeros(1, np.int64))[0][0]) * self.unit

    def _window_side(self, place: int) -> Side:
        table = self.image.regions[(Region.PRE_TABLE, Region.POST_TABLE)[place]].astype(np.int64)
        entries = single_spikes(table, self.config.window_steps)
        limits = signed_range(self.config.change_bits)
        called = np.clip(np.clip(entries, *limits) * self.modulation >> 8, *limits)
        lags = np.arange(self.config.window_steps) + place
        return self._side(place, lags, self._applied(called), 1.0, False)

    def _applied(self, called: Ints) -> tuple[Floats, Floats]:
        """Return the mean change of a weight, and the mean square, for each change that is called for."""
        if self.flags & LearningFlag.SOFT and self.config.soft_bounds:
            span = self.register(self.row.weight_max) - self.register(self.row.weight_min)
            called = (called * span + (1 << (self.config.weight_bits - 1))) >> self.config.weight_bits
        return applied(called, stochastic=bool(self.flags & LearningFlag.STOCHASTIC))

    def _side(
        self, place: int, lags: Ints, moments: tuple[Floats, Floats], share: float, endless: bool, *,
        room: tuple[float, str] = (0.0, ""),
    ) -> Side:  # fmt: skip
        mean, square = moments
        wanted = None
        if self.rule is not None:
            wanted = tuple((self.rule.law(lags, self.dt_ms)[place] * self.modulation / MODULATION_ONE).tolist())
        deviation = np.sqrt(np.maximum(square - mean**2, 0))
        return Side(
            ("potentiation", "depression")[place], tuple((lags * self.dt_ms).tolist()),
            tuple((mean * self.unit).tolist()), tuple((deviation * self.unit).tolist()), share * self.dt_ms, wanted,
            endless, *room, 1.0 if self.config.learning is Learning.WINDOW else REACH,
        )  # fmt: skip

    def _pairing(self) -> str:
        """Which spikes make pairs; a table tells by two spikes that call for no more than the later one."""
        if self.config.learning is Learning.EXPONENTIAL:
            return "nearest" if self.flags & (LearningFlag.NEAREST_PRE | LearningFlag.NEAREST_POST) else "all"
        tables = [self.image.regions[region] for region in (Region.PRE_TABLE, Region.POST_TABLE)]
        return "nearest" if any(len(t) > 3 and t[2] and t[3] == t[1] for t in tables) else "all"

    def _spread(self, side: Side) -> float:
        """Deviation of a single pair as a part of the mean, at the lag at which the mean is 1/e of the first."""
        sizes = np.abs(side.acting)
        place = int(np.argmin(np.abs(sizes - sizes[0] / math.e)))
        return side.deviation[place] / float(sizes[place]) if sizes[place] else math.inf


def plastic_unit(image: Image, synapses: NDArray[np.bool_]) -> float:
    """Return one unit of the weights of some synapses that learn by one rule, in the units of the network."""
    inputs_learn = bool(synapses[: image.config.inputs].any())
    gain = signed_value(image, Control.GAIN_INPUT if inputs_learn else Control.GAIN_RECURRENT)
    return float((1 << gain) / scales_of(image)[int(np.argmax(synapses.any(axis=0)))])


def room_of(image: Image, place: int, kind: int) -> str:
    """Why the traces of axons of a kind (0) or of neurons (1) have their room, if the meta of an image tells."""
    told: Any = image.meta.get(ROOMS)
    try:
        why = told[2 if kind and not place and len(told) > 2 else place][1]
    except (TypeError, LookupError):
        return ""
    return why if isinstance(why, str) else ""
