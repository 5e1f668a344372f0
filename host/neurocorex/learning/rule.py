"""Learning rule: bounds, rounding and modulation, which every rule has."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, fields
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..notebook import Card

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bounds = tuple[float, float]

#: Largest modulation, and with the other sign the smallest: what `Control.MODULATION` holds.
MODULATION_LIMIT = 127


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Base of all learning rules.

    Attributes
    ----------
    bounds : (float, float) or None
        Smallest and largest weight that learning can reach, in the units of the weights. None means the range of the
        chip's weights; only networks of integers, and networks with a given scale, can do without bounds.
    soft : bool
        Whether changes shrink with the distance to the bound that they approach:
        ``change * distance / (high - low)``.
    stochastic : bool
        Whether fractions of a unit of the chip are rounded at random, so that changes are right on average. Otherwise
        they are rounded to zero.
    seed : int
        Seed of the random rounding.
    modulation : float
        Factor of all changes, -127 to 127. Runs can change it.
    weight_sum : float, optional
        Sum to which ``run(scale=steps)`` brings the weights onto each neuron that learn by the rule, in the units of
        the weights, above 0 (Diehl and Cook 2015). It needs a chip with `scaling`, so no rule of windows has one.
    """

    bounds: Bounds | None = None
    soft: bool = False
    stochastic: bool = True
    seed: int = 1
    modulation: float = 1.0
    weight_sum: float | None = None

    def __post_init__(self) -> None:
        if self.bounds is not None:
            try:
                low, high = self.bounds
                ordered = math.isfinite(low) and math.isfinite(high) and low < high
            except (TypeError, ValueError):
                ordered = False
            if not ordered:
                raise InputError(f"bounds must be (low, high) with low < high, got {self.bounds!r}; e.g. (0.0, 1.0)")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer) or self.seed < 0:
            raise InputError(f"the seed of a rule must be an integer from 0 up, got {self.seed!r}")
        if not abs(self.modulation) <= MODULATION_LIMIT:
            raise InputError(f"modulation must be {-MODULATION_LIMIT} to {MODULATION_LIMIT}, got {self.modulation!r}")
        if self.weight_sum is not None and not (is_finite(self.weight_sum) and self.weight_sum > 0):
            raise InputError(f"weight_sum must be above 0, got {self.weight_sum!r}; for example 78.4")

    @property
    def random_state(self) -> int:
        """State of the chip's random generator for this seed: 32 bits, not 0."""
        return (self.seed * 0x9E3779B1 + 0x7F4A7C15) & 0xFFFF_FFFF or 1

    def reach(self, dt_ms: float) -> float:
        """Estimate how much a single spike can strengthen a weight that has no bounds."""
        return 0.0

    def law(self, lags: Ints, dt_ms: float) -> tuple[Floats, Floats]:
        """Return the changes by one pair at some lags in steps: potentiation, and depression (0 at lag 0)."""
        raise NotImplementedError

    @property
    def has_terms(self) -> bool:
        """Whether it has what only chips with `terms` do."""
        return False

    @property
    def chosen(self) -> dict[str, Any]:
        """What was given: its fields that have no default, or another value than their default."""
        values = {each.name: (each.default, getattr(self, each.name)) for each in fields(self)}
        return {name: value for name, (default, value) in values.items() if default is MISSING or value != default}

    @property
    def short(self) -> str:
        """The rule on one line: its kind, and what was given."""
        return f"{type(self).__name__} ({', '.join(f'{name} {_shown(value)}' for name, value in self.chosen.items())})"

    def _repr_html_(self) -> str:
        return Card(type(self).__name__, [(name, _shown(value)) for name, value in self.chosen.items()]).html

    @property
    def bounds_are_integers(self) -> bool:
        """Whether the bounds are integers, or there are none."""
        return self.bounds is None or all(isinstance(bound, int | np.integer) for bound in self.bounds)


def _shown(value: Any) -> str:
    """Return a value of a rule as short text: functions by their name."""
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value[:8]))}{', ...' if len(value) > 8 else ''})"
    return f"{value:g}" if isinstance(value, float) else str(value)


def is_finite(value: Any) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def check_target(x_target: Any) -> None:
    """Raise InputError for an `x_target` that cannot be."""
    if not (is_finite(x_target) and x_target >= 0):
        raise InputError(f"x_target must be 0 or more spikes, got {x_target!r}; for example 0.4")


def changes(name: str, given: Any) -> tuple[float, ...]:
    """Check a sequence of finite numbers, one for each lag or step; raises InputError with `name`."""
    try:
        values = tuple(float(value) for value in given)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a sequence of numbers, got {given!r}; for example [1.0, 0.5]") from None
    if not all(map(math.isfinite, values)):
        raise InputError(f"{name} must hold finite numbers, got {values}")
    return values


def with_pairing(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a rule with `nearest` for `pairing`; raises InputError for a scheme that no chip has.

    Schemes as in Morrison, Diesmann and Gerstner 2008 ("Phenomenological models of synaptic plasticity based on spike
    timing"): "all" is all-to-all; "nearest" is the symmetric nearest-neighbour scheme; "once" would be
    the reduced symmetric one.
    """
    options = dict(options)
    if "pairing" not in options:
        return options
    pairing = options.pop("pairing")
    if pairing == "once":
        raise InputError(
            "pairing='once' (each spike in one pair only) needs to know for each synapse whether its axon and its "
            "neuron have spiked since their last pair; a chip keeps one trace for each axon and one for each neuron, "
            "so it cannot; take pairing='nearest', where each spike pairs with the latest of the other side"
        )
    if pairing not in ("all", "nearest"):
        raise InputError(f"pairing must be 'all' or 'nearest', got {pairing!r}")
    if options.setdefault("nearest", pairing == "nearest") != (pairing == "nearest"):
        raise InputError(f"pairing={pairing!r} and nearest={options['nearest']!r} contradict each other; give one")
    return options
