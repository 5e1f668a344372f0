"""Learning rules with names and units, for `Network.learn`.

A rule says by how much one pair of spikes, an arrival at an axon and a spike of its neuron, changes the weight of the
synapse between them. Changes are in the units of the weights and signed: above zero strengthens. What lies in between
is the lag, in milliseconds or in steps:

- potentiation acts when the neuron fires, on axons whose spikes arrived 0, 1, 2, ... steps before;
- depression acts when a spike arrives, on neurons that fired 1, 2, ... steps before.

The names follow the usual signs, but nothing forbids others: a positive depression makes a rule symmetric, both signs
turned make it anti-Hebbian.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError

__all__ = [
    "Rule", "TraceRule", "WindowRule", "rectangular_stdp", "reward_stdp", "stdp", "superneuromat", "symmetric_stdp",
    "window_stdp",
]  # fmt: skip

Floats = NDArray[np.float64]
Bounds = tuple[float, float]
#: Changes by lag: one for each step, or a function of lags in ms (an array) that returns as many changes.
Kernel = Callable[[Floats], ArrayLike] | tuple[float, ...]

#: Largest factor of reward, and the smallest: what `Control.MODULATION` holds.
MODULATION_LIMIT = 127


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What all rules have.

    Attributes
    ----------
    bounds : (float, float) or None
        Smallest and largest weight that learning leaves behind, in the units of the weights. None: what the chip holds,
        which has a meaning only for networks of integers, or at a scale of one's own.
    soft : bool
        Whether a change shrinks with the distance to the bound that it goes to: ``change * distance / (high - low)``.
    stochastic : bool
        Whether a change that is no whole unit of the chip is rounded by chance, so that it is right on average;
        otherwise it is rounded to zero.
    seed : int
        Of that chance.
    modulation : float
        Factor of all changes at first, -127 to 127; runs can change it.
    """

    bounds: Bounds | None = None
    soft: bool = False
    stochastic: bool = True
    seed: int = 1
    modulation: float = 1.0

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

    @property
    def random_state(self) -> int:
        """State of the chip's generator that belongs to the seed: 32 bits, not 0."""
        return (self.seed * 0x9E3779B1 + 0x7F4A7C15) & 0xFFFF_FFFF or 1

    def reach(self, dt_ms: float) -> float:
        """How far one spike can strengthen a weight that has no bounds, from a guess; 0 where there is none."""
        return 0.0

    @property
    def bounds_are_integers(self) -> bool:
        """Whether there are no bounds, or integers."""
        return self.bounds is None or all(isinstance(bound, int | np.integer) for bound in self.bounds)


@dataclass(frozen=True, kw_only=True)
class TraceRule(Rule):
    """A rule whose changes fade exponentially with the lag; needs a chip with exponential traces.

    Attributes
    ----------
    tau_pre_ms, tau_post_ms : float
        Time constants of potentiation and depression.
    potentiation, depression : float
        Changes at a lag of one step.
    nearest : bool
        Whether only the latest spike counts, instead of all of them.
    accumulate : float
        How many spikes at once a trace has room for, at least 1; more of them count no more. Room costs resolution.
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


@dataclass(frozen=True, kw_only=True)
class WindowRule(Rule):
    """A rule of any shape over the last few steps; needs a chip with windows.

    Attributes
    ----------
    potentiation, depression : callable or tuple of float
        Changes by lag. A tuple: at lags of 0, 1, 2, ... steps for potentiation, of 1, 2, ... steps for depression.
    span_ms : float
        How far callables reach; they are asked for lags up to it.
    nearest : bool
        Whether only the latest spike counts, instead of the sum over all that are in the window.
    drift : tuple of float
        What every plastic synapse changes by in each step from the first one on; the last value goes on for ever.
    """

    potentiation: Kernel = ()
    depression: Kernel = ()
    span_ms: float = 0.0
    nearest: bool = False
    drift: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("potentiation", "depression", "drift"):
            given = getattr(self, name)
            if not callable(given):
                object.__setattr__(self, name, _changes(name, given))
        if not 0 <= self.span_ms < math.inf:
            raise InputError(f"span_ms must be 0 or more, got {self.span_ms!r}")

    def steps(self, dt_ms: float) -> int:
        """Return how many steps the window needs if each takes `dt_ms`."""
        reach = math.floor(self.span_ms / dt_ms + 1e-9)
        pre = reach + 1 if callable(self.potentiation) else len(self.potentiation)
        post = reach if callable(self.depression) else len(self.depression)
        return max(pre, post, 1)

    def reach(self, dt_ms: float) -> float:
        """Return the sum of all potentiation of a full window: a weight without bounds gets room for that."""
        return float(np.maximum(self.kernels(dt_ms, self.steps(dt_ms))[0], 0).sum())

    def kernels(self, dt_ms: float, steps: int) -> tuple[Floats, Floats]:
        """Return the changes by potentiation at lags 0 to ``steps - 1``, and by depression at lags 1 to `steps`."""
        return (
            _sampled("potentiation", self.potentiation, 0, dt_ms, steps, self.span_ms),
            _sampled("depression", self.depression, 1, dt_ms, steps, self.span_ms),
        )


# Rules by name -------------------------------------------------------------------------------------


def stdp(tau_pre_ms: float, tau_post_ms: float, potentiation: float, depression: float, **options: Any) -> TraceRule:
    """Pair-based STDP with exponential windows (Song, Miller and Abbott 2000).

    Parameters
    ----------
    tau_pre_ms, tau_post_ms : float
        Time constants of potentiation and depression.
    potentiation, depression : float
        Changes at a lag of one step; the usual rule has a `depression` below zero.
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
    """Change by the distance of two spikes in time, whichever comes first; options as for `stdp`."""
    return stdp(tau_ms, tau_ms, change, change, **options)


def reward_stdp(
    tau_pre_ms: float, tau_post_ms: float, potentiation: float, depression: float, *, modulation: float = 0.0,
    **options: Any,
) -> TraceRule:  # fmt: skip
    """`stdp` times a reward, which is `modulation` at first and changed in runs: ``device.run(..., modulation=...)``.

    The reward in force when a pair is complete counts. A reward below zero turns the signs of the rule.
    """
    return stdp(tau_pre_ms, tau_post_ms, potentiation, depression, modulation=modulation, **options)


def rectangular_stdp(
    window_ms: float, potentiation: float, depression: float, *, window_post_ms: float | None = None, **options: Any
) -> WindowRule:
    """Change by the same amount at every lag up to `window_ms`, both ends included.

    Parameters
    ----------
    window_ms, window_post_ms : float
        Longest lags of potentiation and of depression (by default the same).
    potentiation, depression : float
        The changes; the usual rule has a `depression` below zero.
    **options
        `nearest`, `bounds`, `soft`, `stochastic`, `seed`, see `WindowRule`.
    """
    window_post_ms = window_ms if window_post_ms is None else window_post_ms
    return WindowRule(
        potentiation=_Rectangle(potentiation, window_ms), depression=_Rectangle(depression, window_post_ms),
        span_ms=max(window_ms, window_post_ms), **options,
    )  # fmt: skip


def window_stdp(
    potentiation: Kernel | Sequence[float] | Floats, depression: Kernel | Sequence[float] | Floats, *,
    span_ms: float = 0.0, **options: Any,
) -> WindowRule:  # fmt: skip
    """Change by any function of the lag.

    Parameters
    ----------
    potentiation, depression : callable or sequence of float
        A function of lags in ms (an array) up to `span_ms`; or the changes at lags of 0, 1, 2, ... steps for
        `potentiation`, and of 1, 2, ... steps for `depression`.
    span_ms : float
        How far functions reach.
    **options
        As for `rectangular_stdp`.

    Examples
    --------
    >>> window_stdp([0.0, 0.5, 0.25], [-0.5, -0.25]).steps(dt_ms=1.0)
    3
    """
    kernels = [k if callable(k) else _changes("a kernel", k) for k in (potentiation, depression)]
    return WindowRule(potentiation=kernels[0], depression=kernels[1], span_ms=span_ms, **options)


def superneuromat(apos: Iterable[float], aneg: Iterable[float], *, bounds: Bounds | None = None) -> WindowRule:
    """Learn as SuperNeuroMAT 3.5 does: in every step, for each lag k, a synapse gains ``apos[k-1]`` or ``aneg[k-1]``.

    It gains `apos` if its source fired k steps before its neuron, which fires now, and `aneg` in all other cases,
    silence included. In the first steps only the lags count that exist; a `Device` sees to that from `load` on. Equal
    to SuperNeuroMAT to the bit if all numbers are whole at the scale of the chip, no weight leaves its range, and
    axons have the delays of its synapses.

    Parameters
    ----------
    apos, aneg : sequence of float
        As there, equally long; at most 10. `aneg` is not above zero.
    bounds : (float, float), optional
        SuperNeuroMAT has none; then those of the chip's numbers hold.
    """
    gain, loss = _changes("apos", apos), _changes("aneg", aneg)
    if len(gain) != len(loss):
        raise InputError(f"apos and aneg must be equally long, got {len(gain)} and {len(loss)}; pad with zeros")
    drift = tuple(math.fsum(loss[:lags]) for lags in range(len(loss) + 1))
    return WindowRule(
        potentiation=tuple(a - b for a, b in zip(gain, loss, strict=True)), drift=drift, bounds=bounds,
        stochastic=False,
    )  # fmt: skip


# Details -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rectangle:
    """The same change at all lags up to a limit."""

    change: float
    window_ms: float

    def __call__(self, lags_ms: Floats) -> Floats:
        return np.where(lags_ms <= self.window_ms * (1 + 1e-9), self.change, 0.0)


def _changes(name: str, given: Any) -> tuple[float, ...]:
    try:
        values = tuple(float(value) for value in given)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a sequence of numbers, got {given!r}; for example [1.0, 0.5]") from None
    if not all(map(math.isfinite, values)):
        raise InputError(f"{name} must hold finite numbers, got {values}")
    return values


def _sampled(name: str, kernel: Kernel, first: int, dt_ms: float, steps: int, span_ms: float) -> Floats:
    """Return the changes at `steps` lags from step `first` on; none beyond what the kernel covers."""
    lags = (first + np.arange(steps)) * dt_ms
    if not callable(kernel):
        return np.pad(np.array(kernel[:steps], np.float64), (0, max(steps - len(kernel), 0)))
    changes = np.asarray(kernel(lags.astype(np.float64)), np.float64)
    if changes.shape not in ((), lags.shape) or not np.isfinite(changes).all():
        raise InputError(f"{name} of a rule returned {changes} for lags of {lags} ms; it must return a number for each")
    return np.asarray(np.where(lags <= span_ms * (1 + 1e-9), changes, 0.0), np.float64)
