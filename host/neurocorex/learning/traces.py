"""STDP with exponential windows, by traces: pair-based, symmetric, and modulated by reward."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from .rule import Rule


@dataclass(frozen=True, kw_only=True)
class TraceRule(Rule):
    """STDP with exponential windows; the chip needs exponential traces.

    Attributes
    ----------
    tau_pre_ms, tau_post_ms : float
        Time constants of potentiation and depression.
    potentiation, depression : float
        Changes at a lag of one step.
    nearest : bool
        Whether a pair is made with the latest spike only, instead of all.
    accumulate : float
        How many simultaneous spikes a trace can hold, at least 1. Further spikes are not counted. Larger values leave
        less resolution.
    """

    tau_pre_ms: float
    tau_post_ms: float
    potentiation: float
    depression: float
    nearest: bool = False
    accumulate: float = 4.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("tau_pre_ms", "tau_post_ms"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} of a rule must be above 0 ms, got {getattr(self, name)!r}; for example 20.0")
        for name in ("potentiation", "depression"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"{name} must be a finite number, got {getattr(self, name)!r}")
        if not 1 <= self.accumulate < math.inf:
            raise InputError(f"accumulate must be 1 or more spikes, got {self.accumulate!r}; for example 4.0")


def stdp(tau_pre_ms: float, tau_post_ms: float, potentiation: float, depression: float, **options: Any) -> TraceRule:
    """Pair-based STDP with exponential windows (Song, Miller and Abbott 2000).

    Parameters
    ----------
    tau_pre_ms, tau_post_ms : float
        Time constants of potentiation and depression.
    potentiation, depression : float
        Changes at a lag of one step. In the usual rule `depression` is below zero.
    **options
        `nearest`, `accumulate`, `bounds`, `soft`, `stochastic`, `seed`, see `TraceRule`.

    Examples
    --------
    >>> stdp(20.0, 20.0, 0.01, -0.012, bounds=(0.0, 1.0)).nearest
    False
    """
    return TraceRule(
        tau_pre_ms=tau_pre_ms, tau_post_ms=tau_post_ms, potentiation=potentiation, depression=depression, **options
    )


def symmetric_stdp(tau_ms: float, change: float, **options: Any) -> TraceRule:
    """STDP in which the order of the two spikes does not matter; options as for `stdp`."""
    return stdp(tau_ms, tau_ms, change, change, **options)


def reward_stdp(
    tau_pre_ms: float, tau_post_ms: float, potentiation: float, depression: float, *, modulation: float = 0.0,
    **options: Any,
) -> TraceRule:  # fmt: skip
    """STDP multiplied by a reward.

    The reward begins at `modulation`, and runs set it: ``device.run(..., modulation=...)``. A pair takes the reward of
    the step that completes it. A reward below zero turns the signs of the rule.
    """
    return stdp(tau_pre_ms, tau_post_ms, potentiation, depression, modulation=modulation, **options)
