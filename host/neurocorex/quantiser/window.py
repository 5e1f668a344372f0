"""Learning window that a chip acts by: what a pair of spikes changes on average at each lag, beside what was asked for.

`acting` computes it from the integers of an image.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

#: Part of the change over all lags that has come at the reach of an exponential window.
REACH = 0.9
#: Relative error of a reach above which those are told who do not print the report, and the end of other warnings.
FAR = 0.1
SMALL = "; single pairs at long lags are rounded to nothing, their sum at shorter lags is right"
#: Relative error of area, reach and balance above which the report warns.
TOLERANCE = 0.01


@dataclass(frozen=True)
class Side:
    """One side of the window.

    Attributes
    ----------
    name : str
        "potentiation" or "depression".
    lags_ms : tuple of float
        Time from the arrival to the spike of the neuron, or for depression from the spike to the arrival.
    acting : tuple of float
        Mean change of a weight by one pair, in the units of the network.
    deviation : tuple of float
        Standard deviation of that change.
    share_ms : float
        How much time each lag stands for: a step, or several.
    wanted : tuple of float or None
        Change that was asked for; None if it is not known, as for an image from a file.
    endless : bool
        Whether the trace never fades. Then there is one lag, and neither area nor reach.
    room : float
        Spikes that a trace can hold; 0 for windows and for nearest neighbours.
    why : str
        Where the room comes from, see `room.Room`; empty if it is not known.
    part : float
        See `reach_ms`: `REACH` for traces, 1 for windows.
    """

    name: str
    lags_ms: tuple[float, ...]
    acting: tuple[float, ...]
    deviation: tuple[float, ...]
    share_ms: float
    wanted: tuple[float, ...] | None = None
    endless: bool = False
    room: float = 0.0
    why: str = ""
    part: float = REACH

    @property
    def area(self) -> float:
        """Sum of the changes over all lags, in units of the network times ms; signed."""
        return self._area(self.acting)

    @property
    def wanted_area(self) -> float | None:
        """The same of what was asked for."""
        return None if self.wanted is None else self._area(self.wanted)

    @property
    def reach_ms(self) -> float:
        """Lag up to which `part` of the change over all lags comes; for windows the last lag at all."""
        return self._reach(self.acting)

    @property
    def area_error(self) -> float | None:
        """Error of the area as a part of what was asked for; None if that is not known, or nothing."""
        if self.wanted is None or self.endless:
            return None
        size = math.fsum(map(abs, self.wanted)) * self.share_ms
        return (self.area - self._area(self.wanted)) / size * _sign(self._area(self.wanted)) if size else None

    @property
    def reach_error(self) -> float | None:
        """Error of the reach, as a part of what was asked for."""
        wanted = 0.0 if self.wanted is None or self.endless else self._reach(self.wanted)
        return (self.reach_ms - wanted) / wanted if wanted else None

    def _area(self, changes: tuple[float, ...]) -> float:
        total = math.fsum(changes) * self.share_ms
        return math.copysign(math.inf, total) if self.endless and total else total

    def _reach(self, changes: tuple[float, ...]) -> float:
        sizes = np.abs(changes)
        if not sizes.any():
            return 0.0
        if self.endless:
            return math.inf
        come = np.cumsum(sizes) / sizes.sum()
        return self.lags_ms[int(np.argmax(come >= self.part * (1 - 1e-9)))]

    def __str__(self) -> str:
        if self.endless:
            return f"{self.name}: {self.acting[0]:.4g} at every lag, as traces never fade{self._room}"
        area, reach = _error(self.area_error), _error(self.reach_error)
        return f"{self.name}: area {self.area:.4g} weight x ms{area}, reach {self.reach_ms:.4g} ms{reach}{self._room}"

    @property
    def _room(self) -> str:
        return f", room for {self.room:.3g} spikes{f' ({self.why})' if self.why else ''}" if self.room else ""


@dataclass(frozen=True)
class Alone:
    """Changes of a weight without a pair, by a rule with terms, in the units of the network.

    Attributes
    ----------
    acting : (float, float)
        Mean change by an arrival while the trace of the neuron is 0, and by a spike while the trace of the axon is.
    wanted : (float, float) or None
        What was asked for; None if it is not known.
    """

    acting: tuple[float, float]
    wanted: tuple[float, float] | None = None

    @property
    def errors(self) -> tuple[float | None, float | None]:
        """Errors of both as parts of what was asked for; None if that is not known, or nothing."""
        wanted = self.wanted or (0.0, 0.0)
        arrival, spike = (
            (got - asked) / abs(asked) if asked else None for got, asked in zip(self.acting, wanted, strict=True)
        )
        return arrival, spike

    @property
    def found(self) -> list[str]:
        """What differs from what was asked for by more than `TOLERANCE`."""
        names = ("the change by an arrival alone", "the change by a spike alone")
        return [f"{name} is {error:+.1%}" for name, error in zip(names, self.errors, strict=True) if _differs(error)]

    def __str__(self) -> str:
        told = [f"{change:.4g}{_error(error)}" for change, error in zip(self.acting, self.errors, strict=True)]
        return f"alone, an arrival changes a weight by {told[0]}, a spike by {told[1]}"


@dataclass(frozen=True)
class ActingWindow:
    """Both sides of the learning window of a chip.

    Attributes
    ----------
    potentiation, depression : Side
        When the neuron fires after an arrival, and when an arrival comes after it fired.
    modulation : float
        Factor of all changes that is in them: that of the chip, or 1 if that is 0.
    pairing : str
        "all" or "nearest", see `learning.stdp`.
    single : str
        How much single pairs vary, in words; empty if traces have many bits.
    alone : Alone or None
        What arrivals and spikes change without a pair; None of a rule without terms.
    """

    potentiation: Side
    depression: Side
    modulation: float
    pairing: str
    single: str = ""
    alone: Alone | None = None

    @property
    def balance(self) -> float | None:
        """Area of depression as a part of that of potentiation, above 0 if the signs differ; None without areas."""
        return _ratio(self.depression.area, self.potentiation.area)

    @property
    def wanted_balance(self) -> float | None:
        """The same of what was asked for."""
        return _ratio(self.depression.wanted_area, self.potentiation.wanted_area)

    @property
    def balance_error(self) -> float | None:
        """Error of the balance, as a part of what was asked for."""
        wanted, balance = self.wanted_balance, self.balance
        return (balance - wanted) / abs(wanted) if wanted and balance is not None else None

    @property
    def warnings(self) -> list[str]:
        """What differs from what was asked for by more than `TOLERANCE`, areas first, then reaches."""
        sides = (self.potentiation, self.depression)
        areas = [f"the area of {side.name} is {side.area_error:+.1%}" for side in sides if _differs(side.area_error)]
        if _differs(self.balance_error):
            areas.append(f"depression / potentiation is {self.balance_error:+.1%}")
        areas += self.alone.found if self.alone else []
        # A reach is a number of steps: the next step is no error.
        reaches = [
            f"the reach of {side.name} is {side.reach_error:+.1%}"
            for side in sides if _differs(side.reach_error, 1.5 * side.share_ms / (side.reach_ms or 1))
        ]  # fmt: skip
        small = not any(_differs(side.reach_error, FAR) for side in sides)
        remedy = "take wider weights, closer bounds, larger changes, or stochastic=True where it is off"
        return [
            f"learning window: {', '.join(found)} from what was asked for: {remedy}{end}"
            for found, end in ((areas, ""), (reaches, SMALL if small else "")) if found
        ]  # fmt: skip

    @property
    def lines(self) -> list[str]:
        """The window as text, a line for each side and one for both."""
        balance = "" if self.balance is None else f"depression / potentiation {self.balance:.4g}"
        both = [
            f"pairing {self.pairing}",
            *([f"{balance}{_error(self.balance_error)}"] if balance else []),
            *([f"modulation {self.modulation:.4g}"] if self.modulation != 1 else []),
            *([self.single] if self.single else []),
        ]
        sides = [f"window of {self.potentiation}", f"window of {self.depression}", f"window: {', '.join(both)}"]
        return sides + ([f"window: {self.alone}"] if self.alone else [])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold; None for what is infinite."""
        sides = {}
        for side in (self.potentiation, self.depression):
            figures = {
                name: getattr(side, name) for name in ("area", "wanted_area", "area_error", "reach_ms", "reach_error")
            }
            arrays = {
                name: None if getattr(side, name) is None else list(getattr(side, name))
                for name in ("lags_ms", "acting", "wanted", "deviation")
            }
            sides[side.name] = {
                **{name: _finite(value) for name, value in figures.items()},
                "room": side.room, "why": side.why, "endless": side.endless, **arrays,
            }  # fmt: skip
        return {
            **sides, "balance": self.balance, "wanted_balance": self.wanted_balance,
            "balance_error": self.balance_error, "modulation": self.modulation, "pairing": self.pairing,
            "alone": asdict(self.alone) | {"errors": self.alone.errors} if self.alone else None,
        }  # fmt: skip


def _ratio(depression: float | None, potentiation: float | None) -> float | None:
    if not depression or not potentiation or math.isinf(depression) or math.isinf(potentiation):
        return None
    return -depression / potentiation


def _differs(error: float | None, more_than: float = 0.0) -> bool:
    return error is not None and abs(error) > max(TOLERANCE, more_than)


def _sign(value: float) -> float:
    return -1.0 if value < 0 else 1.0


def _error(error: float | None) -> str:
    return "" if error is None else f" ({round(error, 3) + 0.0:+.1%} of wanted)"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
