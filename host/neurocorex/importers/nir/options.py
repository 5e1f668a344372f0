"""What a NIR graph leaves open: how time is cut into steps, and what a spike does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from ...errors import InputError

Value = TypeVar("Value")

DISCRETISATIONS = ("exact", "euler")
CURRENTS = ("filter", "jump")
RESETS = ("value", "zero", "zero-late", "subtract", "subtract-late")
SCALINGS = ("population", "neuron", "none")

#: What the tools that write NIR do, as options.
PRODUCERS: dict[str, dict[str, Any]] = {
    "snntorch": {"dt": 1e-4, "discretisation": "euler", "reset": "subtract-late"},
    # Norse 1.1 writes tau as dt * tau instead of tau, and means a current that jumps by the weight.
    "norse": {"dt": 1e-6, "discretisation": "euler", "current": "jump"},
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to turn a graph in continuous time into steps. Where a mapping is taken, it is by the name of a node.

    Parameters
    ----------
    dt : float
        Length of a step in seconds, or whatever unit the time constants of the graph have.
    discretisation : {"exact", "euler"}
        Fraction that is lost in a step: ``1 - exp(-dt / tau)``, or ``dt / tau`` as most simulators of deep learning do.
    current : {"filter", "jump"}
        What a spike does to what adds it up, the synaptic current of a CubaLIF and the membrane of an IF: the equation
        of NIR with an input of 1 that lasts one step, or a jump by the weight, times ``w_in`` or ``r``.
    reset : str, or mapping to str
        After a spike the membrane goes to ``v_reset`` ("value") or to 0 ("zero"), to 0 and stays there for the next
        step too ("zero-late", what a Synaptic of snnTorch calls zero), or loses the threshold at once ("subtract")
        or after the decay of the next step ("subtract-late", what snnTorch does by default).
    refractory : float, or mapping to float
        Time without spikes after each, in the unit of `dt`.
    scaling : {"population", "neuron", "none"}, or mapping to float
        Each layer of neurons may have a unit of its own, which changes no spike: "population" and "neuron" choose it
        such that the largest weight of each layer, or of each neuron, uses all bits of a weight.
    """

    dt: float = 1e-4
    discretisation: str = "exact"
    current: str = "filter"
    reset: str | Mapping[str, str] = "value"
    refractory: float | Mapping[str, float] = 0.0
    scaling: str | Mapping[str, float] = "population"

    def __post_init__(self) -> None:
        _positive("dt", self.dt)
        _among("discretisation", self.discretisation, DISCRETISATIONS)
        _among("current", self.current, CURRENTS)
        for reset in _each(self.reset):
            _among("reset", reset, RESETS)
        for time in _each(self.refractory):
            if not (isinstance(time, int | float) and 0 <= time < math.inf):
                raise InputError(f"refractory must be 0 or more, in the unit of dt, got {time!r}")
        if isinstance(self.scaling, Mapping):
            for factor in self.scaling.values():
                _positive("scaling", factor)
        else:
            _among("scaling", self.scaling, SCALINGS)

    @classmethod
    def of(cls, producer: str | None = None, **given: Any) -> Options:
        """Those of a producer, with what was given instead; what is None was not given."""
        if producer is not None:
            _among("producer", producer, tuple(PRODUCERS))
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(given) - known)
        if unknown:
            raise InputError(f"unknown option {unknown[0]!r}; known are {', '.join(sorted(known))}")
        base = cls(**PRODUCERS[producer]) if producer else cls()
        return replace(base, **{name: value for name, value in given.items() if value is not None})

    def check_names(self, names: list[str]) -> None:
        """Raise InputError for a mapping that names a node that is no neuron."""
        for option in ("reset", "refractory", "scaling"):
            value = getattr(self, option)
            for name in value if isinstance(value, Mapping) else ():
                if name not in names:
                    raise InputError(
                        f"{option} names {name!r}, which is no layer of neurons; there are {', '.join(names)}"
                    )

    def reset_of(self, name: str) -> str:
        """Return the reset of a node."""
        return _of(self.reset, name, "value")

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
