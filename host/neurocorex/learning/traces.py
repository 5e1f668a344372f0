"""STDP with exponential windows, by traces: pair-based, symmetric, and modulated by reward."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from ..errors import InputError
from .rule import Floats, Ints, Rule, check_target, is_finite, with_pairing


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
        Whether a pair is made with the latest spike only, instead of all; see `pairing`.
    accumulate : float or (float, float), optional
        How many simultaneous spikes a trace can hold, at least 1; of axons and of neurons, if they differ. Further
        spikes are cut short, and counted by the chip. Larger values leave less resolution. By default it follows from
        the rates, from a stimulus that the quantiser is given, or is 4, which the report names as an assumption. For
        bursts: the spikes of a burst that is shorter than the time constant.
    pre_rate_hz, post_rate_hz : float, optional
        Largest mean rate of an axon, and of a neuron, whose synapses learn. The traces get room for spikes that come at
        random at that rate.
    x_target : float
        What a spike of the neuron takes off the trace of the axon before it strengthens, in spikes held by the trace:
        an arrival adds 1, which fades with `tau_pre_ms`. So axons whose trace is below it are weakened, such as those
        that are silent (Diehl and Cook 2015). At least 0. It needs a chip with `terms`, as the next two do.
    pre_only, post_only : float
        What each arrival, and each spike of the neuron, adds to a weight whatever the traces are; in units of the
        weights, signed.
    eligibility_tau_ms : float, optional
        Have changes wait for a reward, ``run(reward={step: 1.0})``: each synapse gathers them, and forgets them with
        this time constant; `math.inf`: never. Rules of one network share it. It needs a chip with `eligibility`.
    """

    tau_pre_ms: float
    tau_post_ms: float
    potentiation: float
    depression: float
    nearest: bool = False
    accumulate: float | tuple[float, float] | None = None
    pre_rate_hz: float | None = None
    post_rate_hz: float | None = None
    x_target: float = 0.0
    pre_only: float = 0.0
    post_only: float = 0.0
    eligibility_tau_ms: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("tau_pre_ms", "tau_post_ms"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} of a rule must be above 0 ms, got {getattr(self, name)!r}; for example 20.0")
        for name in ("potentiation", "depression"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"{name} must be a finite number, got {getattr(self, name)!r}")
        for name in ("pre_only", "post_only"):
            if not is_finite(getattr(self, name)):
                raise InputError(f"{name} must be a finite number, got {getattr(self, name)!r}; for example -0.01")
        check_target(self.x_target)
        if self.eligibility_tau_ms is not None and not _is_time(self.eligibility_tau_ms):
            raise InputError(
                f"eligibility_tau_ms must be above 0 ms, got {self.eligibility_tau_ms!r}; for example 500.0, or "
                "math.inf for changes that wait for ever"
            )
        self._check_rooms()
        for side in ("pre", "post"):
            rate, tau_ms = getattr(self, f"{side}_rate_hz"), getattr(self, f"tau_{side}_ms")
            if rate is None:
                continue
            if not 0 <= rate < math.inf:
                raise InputError(f"{side}_rate_hz must be 0 or more spikes a second, got {rate!r}; for example 30.0")
            if tau_ms == math.inf:
                raise InputError(
                    f"a trace that never fades (tau_{side}_ms is infinite) holds the spikes of a whole run, whatever "
                    f"{side}_rate_hz is; give accumulate, for example accumulate=20.0"
                )

    def _check_rooms(self) -> None:
        if self.accumulate is None:
            return
        try:
            given = tuple(float(each) for each in np.broadcast_to(np.asarray(self.accumulate, np.float64), (2,)))
        except (TypeError, ValueError):
            given = (math.nan, math.nan)
        if not all(1 <= each < math.inf for each in given):
            raise InputError(
                f"accumulate must be 1 or more spikes, got {self.accumulate!r}; for example 4.0, or (4.0, 30.0) for "
                "axons and neurons"
            )
        if not isinstance(self.accumulate, int | float):
            object.__setattr__(self, "accumulate", given)

    def law(self, lags: Ints, dt_ms: float) -> tuple[Floats, Floats]:
        """Return the changes by one pair at some lags in steps: potentiation, and depression (0 at lag 0)."""
        after_first = (lags - 1) * dt_ms
        potentiation = self.potentiation * np.exp(-after_first / self.tau_pre_ms)
        return potentiation, np.where(lags > 0, self.depression * np.exp(-after_first / self.tau_post_ms), 0.0)

    def alone(self, dt_ms: float) -> tuple[float, float]:
        """Return what an arrival changes by itself, and what a spike of the neuron does: without any pair."""
        # The trace of an arrival in the same step is 1, so that of one a step before has faded once.
        whole = self.potentiation * math.exp(dt_ms / self.tau_pre_ms)
        return self.pre_only, self.post_only - whole * self.x_target

    @property
    def has_terms(self) -> bool:
        """Whether it has what only chips with `terms` do."""
        return bool(self.x_target or self.pre_only or self.post_only)

    @property
    def rooms(self) -> tuple[float, float] | None:
        """Spikes that the traces of axons and of neurons can hold, if the rule states it."""
        if self.accumulate is None:
            return None
        return self.accumulate if isinstance(self.accumulate, tuple) else (float(self.accumulate),) * 2

    @property
    def pairing(self) -> str:
        """Which spikes make pairs, "all" or "nearest", see `stdp`."""
        return "nearest" if self.nearest else "all"


def _is_time(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and float(value) > 0


def stdp(tau_pre_ms: float, tau_post_ms: float, potentiation: float, depression: float, **options: Any) -> TraceRule:
    """Pair-based STDP with exponential windows (Song, Miller and Abbott 2000).

    Parameters
    ----------
    tau_pre_ms, tau_post_ms : float
        Time constants of potentiation and depression.
    potentiation, depression : float
        Changes at a lag of one step. In the usual rule `depression` is below zero.
    **options
        `accumulate`, `pre_rate_hz`, `post_rate_hz`, `x_target`, `pre_only`, `post_only`, `eligibility_tau_ms`,
        `weight_sum`, `bounds`, `soft`, `stochastic`, `seed`, see `TraceRule`. And `pairing`: "all" (the default) pairs
        each spike with all of the other side; "nearest" pairs each spike with the latest of the other side, the
        symmetric nearest-neighbour scheme of Morrison, Diesmann and Gerstner 2008. ``nearest=True`` is the same.

    Examples
    --------
    >>> stdp(20.0, 20.0, 0.01, -0.012, bounds=(0.0, 1.0)).nearest
    False
    """
    return TraceRule(
        tau_pre_ms=tau_pre_ms, tau_post_ms=tau_post_ms, potentiation=potentiation, depression=depression,
        **with_pairing(options),
    )  # fmt: skip


def symmetric_stdp(tau_ms: float, change: float, **options: Any) -> TraceRule:
    """STDP in which the order of the two spikes does not matter; options as for `stdp`."""
    return stdp(tau_ms, tau_ms, change, change, **options)


def reward_stdp(
    tau_pre_ms: float, tau_post_ms: float, potentiation: float, depression: float, *, modulation: float = 0.0,
    **options: Any,
) -> TraceRule:  # fmt: skip
    """STDP multiplied by a reward.

    The reward begins at `modulation`, and runs set it: ``device.run(..., modulation=...)``. A pair takes the reward of
    the step that completes it. A reward below zero turns the signs of the rule. For a reward that comes later take
    ``stdp(..., eligibility_tau_ms=...)``.
    """
    return stdp(tau_pre_ms, tau_post_ms, potentiation, depression, modulation=modulation, **options)
