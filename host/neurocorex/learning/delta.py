"""Rule of errors: at LEARN a weight changes by the spikes that came on its axon times the error of its neuron."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ..errors import InputError
from .rule import Rule, check_target, is_finite


@dataclass(frozen=True, kw_only=True)
class ErrorRule(Rule):
    """Change by errors (Widrow and Hoff's delta rule, in spikes); the chip needs `errors`.

    Attributes
    ----------
    rate : float
        Change of a weight by one spike and an error of 1. Above zero, errors that mean "fire more" are above zero.
    deadband : float
        Neurons learn only from errors that are larger in size, in the units of the feedback weights.
    accumulate : float, optional
        How many spikes of an axon count, at least 1. Further ones do not, until the traces are cleared. More of them
        leave less resolution. By default it follows from a stimulus that the quantiser is given, or is 16, which the
        report names as an assumption.
    tau_ms : float
        Time constant with which a spike is forgotten. Infinity (the default) counts spikes until traces are cleared.
    x_target : float
        What is taken off the spikes of each axon before they count, at least 0; the chip needs `terms`. So axons with
        fewer spikes change the other way.
    """

    rate: float
    deadband: float = 0.0
    accumulate: float | None = None
    tau_ms: float = math.inf
    x_target: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_target(self.x_target)
        if not is_finite(self.rate):
            raise InputError(f"rate must be a finite number, got {self.rate!r}; for example 0.01")
        if not (is_finite(self.deadband) and self.deadband >= 0):
            raise InputError(f"deadband must be 0 or more, got {self.deadband!r}; for example 0.5")
        if not _is_number(self.tau_ms) or not self.tau_ms > 0:
            raise InputError(f"tau_ms must be above 0 ms, got {self.tau_ms!r}; math.inf counts spikes")
        if self.accumulate is not None and not (is_finite(self.accumulate) and self.accumulate >= 1):
            raise InputError(f"accumulate must be 1 or more spikes, got {self.accumulate!r}; for example 16")

    @property
    def has_terms(self) -> bool:
        """Whether it has what only chips with `terms` do."""
        return self.x_target != 0


def errors(rate: float, *, deadband: float = 0.0, **options: Any) -> ErrorRule:
    """Learning from errors that feedback axons bring: at LEARN, ``rate * spikes * error``.

    `spikes` is how many came on the axon since the traces were cleared, `error` what `Network.feedback` brought to the
    neuron since the last LEARN. Spikes of neurons change nothing by themselves. Runs say when: ``run(learn=[19, 39])``.

    Parameters
    ----------
    rate : float
        Change of a weight by one spike and an error of 1.
    deadband : float
        Neurons learn only from errors that are larger in size.
    **options
        `accumulate`, `tau_ms`, `x_target`, see `ErrorRule`; `bounds`, `soft`, `stochastic`, `seed`, `modulation`,
        `weight_sum`, see `Rule`.

    Examples
    --------
    >>> errors(0.01, deadband=0.5, bounds=(-1.0, 1.0)).accumulate is None
    True
    """
    return ErrorRule(rate=rate, deadband=deadband, **options)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
