"""Learning window of an image: the mean change by one pair of spikes at each lag, from registers and tables.

The mean is exact: it is taken over all draws, of traces that fade and of changes that are rounded by chance. With soft
bounds it is that of a weight which is as far from the bound as it can be.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from ..learning import Rule
from ..spec import Control, Learning, LearningFlag, Region
from ..spec.control import MODULATION_ONE
from ..spec.fixed import saturate, signed_range
from .populations import scales_of
from .room import ROOMS
from .tables import single_spikes
from .trace import applied, called_for, fading
from .window import REACH, ActingWindow, Side

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Width of traces up to which the report names how much single pairs vary.
FEW_BITS = 8


def acting_window(image: Image, rule: Rule | None = None) -> ActingWindow | None:
    """Compute the window of an image, beside what its rule asks for if that is given; None if no pair acts."""
    by_errors = int(image.regions[Region.CONTROL][Control.LEARNING]) & LearningFlag.ERRORS if image.learns else 0
    return _Reading(image, rule).window() if image.learns and not by_errors else None


class _Reading:
    """Window of one image, read from its registers and tables."""

    def __init__(self, image: Image, rule: Rule | None) -> None:
        self.image, self.rule, self.config = image, rule, image.config
        self.flags = LearningFlag(int(image.regions[Region.CONTROL][Control.LEARNING]))
        told = image.meta.get("dt_ms")
        self.dt_ms = float(told) if isinstance(told, int | float) and told > 0 else 1.0
        self.unit = plastic_unit(image)
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
        return ActingWindow(potentiation, depression, self.modulation / MODULATION_ONE, self._pairing(), single)

    def _trace_side(self, place: int) -> Side:
        decay, increment, cap, rate = (
            self.register(register)
            for register in (
                (Control.PRE_DECAY, Control.PRE_INCREMENT, Control.PRE_CAP, Control.POTENTIATION),
                (Control.POST_DECAY, Control.POST_INCREMENT, Control.POST_CAP, Control.DEPRESSION),
            )[place]
        )
        nearest = self.flags & (LearningFlag.NEAREST_PRE, LearningFlag.NEAREST_POST)[place]
        # A trace that is full after one spike holds its cap.
        trace = fading(increment if nearest else min(increment, cap), decay)
        modulated = saturate(rate * self.modulation >> 8, self.config.change_bits)
        called = called_for(trace.values, modulated, self.config.trace_bits)
        mean, square = (trace.mean(each) for each in self._applied(called))
        lags = trace.lags + place
        room, why = (0.0, "") if nearest or not increment else (cap / increment, room_of(self.image, place))
        return self._side(place, lags, (mean, square), trace.share, trace.endless, room=(room, why))

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
            span = self.register(Control.WEIGHT_MAX) - self.register(Control.WEIGHT_MIN)
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


def signed_value(image: Image, register: Control) -> int:
    """Return a control register of an image with its sign."""
    bits, value = register.bits(image.config), int(image.regions[Region.CONTROL][register])
    return value - (1 << bits) if register.signed and bits and value >> (bits - 1) & 1 else value


def plastic_unit(image: Image) -> float:
    """Return one unit of a weight that learns, in the units of the network."""
    plastic = image.regions[Region.PLASTIC].astype(np.bool_)
    inputs_learn = bool(plastic[: image.config.inputs].any())
    gain = signed_value(image, Control.GAIN_INPUT if inputs_learn else Control.GAIN_RECURRENT)
    return float((1 << gain) / scales_of(image)[int(np.argmax(plastic.any(axis=0)))])


def room_of(image: Image, place: int) -> str:
    """Why the traces of axons (0) or neurons (1) have their room, if the meta of an image tells."""
    told = image.meta.get(ROOMS)
    try:
        why = told[place][1]  # type: ignore[index]
    except (TypeError, LookupError):
        return ""
    return why if isinstance(why, str) else ""
