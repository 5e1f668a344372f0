"""STDP with windows of any shape over the last few steps: rectangular, by a function, and SuperNeuroMAT's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from .rule import Bounds, Floats, Ints, Rule, changes, with_pairing

#: Changes by lag: one for each step, or a function that takes an array of lags in ms and returns an array of changes.
Kernel = Callable[[Floats], ArrayLike] | tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class WindowRule(Rule):
    """STDP with windows of any shape; the chip needs windows.

    Attributes
    ----------
    potentiation, depression : callable or tuple of float
        Changes by lag. A tuple: at lags of 0, 1, 2, ... steps for potentiation, of 1, 2, ... steps for depression.
    span_ms : float
        Longest lag at which callables are evaluated.
    nearest : bool
        Whether only the latest spike in the window counts, instead of the sum over all; windows of up to 10 steps.
    drift : tuple of float
        Change of every plastic synapse in each step, from the first step on. The last value holds for all later steps.
    """

    potentiation: Kernel = ()
    depression: Kernel = ()
    span_ms: float = 0.0
    nearest: bool = False
    drift: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weight_sum is not None:
            raise InputError("weight_sum belongs to rules of exponential traces and of errors; windows have none")
        for name in ("potentiation", "depression", "drift"):
            given = getattr(self, name)
            if not callable(given):
                object.__setattr__(self, name, changes(name, given))
        if not 0 <= self.span_ms < math.inf:
            raise InputError(f"span_ms must be 0 or more, got {self.span_ms!r}")

    @property
    def pairing(self) -> str:
        """Which spikes make pairs, "all" or "nearest", see `stdp`."""
        return "nearest" if self.nearest else "all"

    def steps(self, dt_ms: float) -> int:
        """Return the length of the window in steps of `dt_ms`."""
        reach = math.floor(self.span_ms / dt_ms + 1e-9)
        pre = reach + 1 if callable(self.potentiation) else len(self.potentiation)
        post = reach if callable(self.depression) else len(self.depression)
        return max(pre, post, 1)

    def reach(self, dt_ms: float) -> float:
        """Return the sum of all potentiation of a full window."""
        return float(np.maximum(self.kernels(dt_ms, self.steps(dt_ms))[0], 0).sum())

    def law(self, lags: Ints, dt_ms: float) -> tuple[Floats, Floats]:
        """Return the changes by one pair at some lags in steps: potentiation, and depression (0 at lag 0)."""
        potentiation, depression = self.kernels(dt_ms, int(lags.max(initial=0)) + 1)
        return potentiation[lags], np.concatenate([[0.0], depression])[lags]

    def kernels(self, dt_ms: float, steps: int) -> tuple[Floats, Floats]:
        """Return the changes by potentiation at lags 0 to ``steps - 1``, and by depression at lags 1 to `steps`."""
        return (
            _sampled("potentiation", self.potentiation, 0, dt_ms, steps, self.span_ms),
            _sampled("depression", self.depression, 1, dt_ms, steps, self.span_ms),
        )


def rectangular_stdp(
    window_ms: float, potentiation: float, depression: float, *, window_post_ms: float | None = None, **options: Any
) -> WindowRule:
    """STDP with the same change at every lag up to `window_ms`, both ends included.

    Parameters
    ----------
    window_ms, window_post_ms : float
        Longest lags of potentiation and of depression (by default the same).
    potentiation, depression : float
        The changes. In the usual rule `depression` is below zero.
    **options
        `pairing` ("all" or "nearest", see `stdp`), `bounds`, `soft`, `stochastic`, `seed`, see `WindowRule`.
    """
    window_post_ms = window_ms if window_post_ms is None else window_post_ms
    return WindowRule(
        potentiation=Rectangle(potentiation, window_ms), depression=Rectangle(depression, window_post_ms),
        span_ms=max(window_ms, window_post_ms), **_checked(options),
    )  # fmt: skip


def window_stdp(
    potentiation: Kernel | Sequence[float] | Floats, depression: Kernel | Sequence[float] | Floats, *,
    span_ms: float = 0.0, **options: Any,
) -> WindowRule:  # fmt: skip
    """STDP with any function of the lag.

    Parameters
    ----------
    potentiation, depression : callable or sequence of float
        A function that takes an array of lags in ms, up to `span_ms`. Or the changes at lags of 0, 1, 2, ... steps for
        `potentiation`, and of 1, 2, ... steps for `depression`.
    span_ms : float
        Longest lag at which functions are evaluated.
    **options
        As for `rectangular_stdp`.

    Examples
    --------
    >>> window_stdp([0.0, 0.5, 0.25], [-0.5, -0.25]).steps(dt_ms=1.0)
    3
    """
    kernels = [k if callable(k) else changes("a kernel", k) for k in (potentiation, depression)]
    return WindowRule(potentiation=kernels[0], depression=kernels[1], span_ms=span_ms, **_checked(options))


def superneuromat(apos: Iterable[float], aneg: Iterable[float], *, bounds: Bounds | None = None) -> WindowRule:
    """STDP of SuperNeuroMAT 3.5: in every step, for each lag k, a synapse gains ``apos[k-1]`` or ``aneg[k-1]``.

    It gains `apos` if its neuron fires now and its source fired k steps ago, and `aneg` in all other cases, silence
    included. The first steps have fewer lags; a `Device` follows that from `load` on.

    The weights equal SuperNeuroMAT's bit for bit if all numbers are whole at the scale of the chip, no weight leaves
    its range, and axons have the delays of its synapses.

    Parameters
    ----------
    apos, aneg : sequence of float
        As in SuperNeuroMAT, equally long, at most 20. `aneg` is not above zero.
    bounds : (float, float), optional
        SuperNeuroMAT has none. By default the range of the chip's weights.
    """
    gain, loss = changes("apos", apos), changes("aneg", aneg)
    if len(gain) != len(loss):
        raise InputError(f"apos and aneg must be equally long, got {len(gain)} and {len(loss)}; pad with zeros")
    drift = tuple(math.fsum(loss[:lags]) for lags in range(len(loss) + 1))
    return WindowRule(
        potentiation=tuple(a - b for a, b in zip(gain, loss, strict=True)), drift=drift, bounds=bounds,
        stochastic=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Rectangle:
    """Kernel with the same change at all lags up to a limit; equal ones compare equal, as rules do."""

    change: float
    window_ms: float

    def __call__(self, lags_ms: Floats) -> Floats:
        """Return the changes at some lags."""
        return np.where(lags_ms <= self.window_ms * (1 + 1e-9), self.change, 0.0)


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a rule with windows, as `with_pairing`; raises InputError for those of traces."""
    for name in ("x_target", "pre_only", "post_only", "eligibility_tau_ms", "weight_sum"):
        if name in options:
            raise InputError(f"{name} belongs to rules of exponential traces; take stdp(..., {name}={options[name]!r})")
    return with_pairing(options)


def _sampled(name: str, kernel: Kernel, first: int, dt_ms: float, steps: int, span_ms: float) -> Floats:
    """Return the changes at `steps` lags, from step `first` on; 0 beyond the end of the kernel."""
    lags = (first + np.arange(steps)) * dt_ms
    if not callable(kernel):
        return np.pad(np.array(kernel[:steps], np.float64), (0, max(steps - len(kernel), 0)))
    values = np.asarray(kernel(lags.astype(np.float64)), np.float64)
    if values.shape not in ((), lags.shape) or not np.isfinite(values).all():
        raise InputError(f"{name} of a rule returned {values} for lags of {lags} ms; it must return a number for each")
    return np.asarray(np.where(lags <= span_ms * (1 + 1e-9), values, 0.0), np.float64)
