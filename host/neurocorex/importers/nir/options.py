"""Options of the import: what a NIR graph leaves open, such as the time step, the discretisation and the reset."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypedDict, TypeVar

from ...errors import InputError
from ...network.attributes import unknown_keyword

Value = TypeVar("Value")

DISCRETISATIONS = ("exact", "euler")
CURRENTS = ("filter", "jump", "decayed")
RESETS = ("value", "zero", "zero-late", "subtract", "subtract-late")
SCALINGS = ("population", "neuron", "none")
FIRES_AT = (">", ">=")


class GivenOptions(TypedDict, total=False):
    """Types of the options as keywords of `from_nir`; one that is None counts as not given."""

    dt: float | None
    discretisation: str | None
    current: str | None
    reset: str | Mapping[str, str] | None
    refractory: float | Mapping[str, float] | None
    scaling: str | Mapping[str, float] | None
    fires_at: str | Mapping[str, str] | None
    hold: bool | None


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a graph in continuous time becomes steps. A mapping is by the names of nodes.

    Parameters
    ----------
    dt : float
        Length of a step, in the unit of the time constants of the graph, which is seconds by default.
    discretisation : {"exact", "euler"}
        Fraction that is lost in a step: ``1 - exp(-dt / tau)``, or ``dt / tau`` as most deep-learning simulators do.
    current : {"filter", "jump", "decayed"}
        Effect of a spike on the synaptic current of a CubaLIF and on the membrane of an IF: an input of 1 in the
        equation of NIR for one step ("filter"), or a jump by the weight times ``w_in`` or ``r`` ("jump"). "decayed",
        as Rockpool does: a jump by the weight, whatever `r` and `w_in` are, of the membrane of a LIF, or of the
        current of a CubaLIF, which decays in the same step.
    reset : str, or mapping to str
        Effect of a spike on the membrane. "value": it goes to ``v_reset``. "zero": it goes to 0. "zero-late": it goes
        to 0 and stays there for the next step (the "zero" of a Synaptic of snnTorch). "subtract": it loses the
        threshold at once. "subtract-late": it loses the threshold after the decay of the next step (the default of
        snnTorch).
    refractory : float, or mapping to float
        Time without spikes after each spike, in the unit of `dt`.
    fires_at : {">", ">="}, or mapping to str
        Whether a neuron fires only above its threshold, or at it as well.
    hold : bool
        Whether the membrane stays at its reset value while the neuron is refractory.
    scaling : {"population", "neuron", "none"}, or mapping to float
        Unit of each layer of neurons, which changes no spike. "population" and "neuron" choose it so that the largest
        weight of each layer, or of each neuron, uses all bits of a weight. A mapping gives factors.
    """

    dt: float = 1e-4
    discretisation: str = "exact"
    current: str = "filter"
    reset: str | Mapping[str, str] = "value"
    refractory: float | Mapping[str, float] = 0.0
    scaling: str | Mapping[str, float] = "population"
    fires_at: str | Mapping[str, str] = ">"
    hold: bool = False

    def __post_init__(self) -> None:
        _positive("dt", self.dt)
        _among("discretisation", self.discretisation, DISCRETISATIONS)
        _among("current", self.current, CURRENTS)
        for reset in _each(self.reset):
            _among("reset", reset, RESETS)
        for comparison in _each(self.fires_at):
            _among("fires_at", comparison, FIRES_AT)
        if not isinstance(self.hold, bool):
            raise InputError(f"hold must be True or False, got {self.hold!r}")
        for time in _each(self.refractory):
            if not (isinstance(time, int | float) and 0 <= time < math.inf):
                raise InputError(f"refractory must be 0 or more, in the unit of dt, got {time!r}")
        if isinstance(self.scaling, Mapping):
            for factor in self.scaling.values():
                _positive("scaling", factor)
        else:
            _among("scaling", self.scaling, SCALINGS)

    @classmethod
    def of(cls, base: Mapping[str, Any], given: Mapping[str, Any]) -> Options:
        """Return options of a producer, overridden by those given; None counts as not given."""
        known = {field.name for field in fields(cls)}
        for name in given.keys() - known:
            raise unknown_keyword("from_nir", name, known)
        return replace(cls(**base), **{name: value for name, value in given.items() if value is not None})

    def check_names(self, names: list[str]) -> None:
        """Raise InputError for a mapping with a name that is no layer of neurons."""
        for option in ("reset", "refractory", "scaling", "fires_at"):
            value = getattr(self, option)
            for name in value if isinstance(value, Mapping) else ():
                if name not in names:
                    raise InputError(
                        f"{option} names {name!r}, which is no layer of neurons; there are {', '.join(names)}"
                    )

    def reset_of(self, name: str) -> str:
        """Return the reset of a node."""
        return _of(self.reset, name, "value")

    def fires_at_of(self, name: str) -> str:
        """Return the comparison of a node."""
        return _of(self.fires_at, name, ">")

    def refractory_of(self, name: str) -> float:
        """Return the refractory time of a node."""
        return _of(self.refractory, name, 0.0)


def _of(value: Value | Mapping[str, Value], name: str, default: Value) -> Value:
    return value.get(name, default) if isinstance(value, Mapping) else value


def _each(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, Mapping) else [value]


def _among(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")


def _positive(name: str, value: Any) -> None:
    if not (isinstance(value, int | float) and 0 < value < math.inf):
        raise InputError(f"{name} must be above 0, got {value!r}")
