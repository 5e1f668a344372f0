"""Fades of eligibilities: the part that synapses lose, and every how many steps, for a time constant of a rule.

A fade takes ``ceil(|c| / 2^k)`` off an eligibility c. The loss is rounded up, so that small ones end, sooner than an
exponential would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..events.arrays import Ints
from ..image import Image
from ..spec import CoreConfig
from ..spec.fixed import FADE_ALL

#: Key of `Image.meta` for the fades of a network: [k, steps from one to the next, first step].
FADES = "fades"
#: Logarithms of the part, in the order in which they are tried. Large parts round least; of a quarter the steps from
#: one fade to the next are still a third of the time constant.
_PARTS = (2, 1, 3, 4)
#: Steps that no run has.
_EVER = 1 << 48
#: Error of a time constant that is good enough.
_FINE = 0.01


@dataclass(frozen=True)
class Fades:
    """Fades of a network, which a device adds to its runs.

    Attributes
    ----------
    k : int
        An eligibility loses the part 2^-k; `Control.FADE`.
    every : int
        Steps from one fade to the next.
    first : int
        Step of the first one, from that on in which the network is loaded.
    """

    k: int
    every: int
    first: int

    @classmethod
    def of(cls, tau_steps: float, config: CoreConfig) -> Fades | None:
        """Return those of a time constant in steps; None if it is infinite, or beyond all runs."""
        if tau_steps > _EVER:
            return None
        found: list[Fades] = []
        for k in _PARTS:
            if k < config.weight_bits - 1:
                every = max(round(-tau_steps * math.log1p(-(2.0**-k))), 1)
                found.append(cls(k, every, every - 1))
        errors = [abs(each.tau_steps / tau_steps - 1) for each in found]
        return found[next((place for place, error in enumerate(errors) if error <= _FINE), int(np.argmin(errors)))]

    @property
    def tau_steps(self) -> float:
        """Time constant of large eligibilities, in steps."""
        return -self.every / math.log1p(-(2.0**-self.k))

    def at(self, age: int, steps: int) -> Ints:
        """Return the fades of a run, as its steps, of a network that is so many steps old."""
        return np.arange(self.aged(age).first, steps, self.every, dtype=np.int64)

    def aged(self, age: int) -> Fades:
        """Return those of a network that begins where this one is after so many steps."""
        first = self.first - age
        return Fades(self.k, self.every, first if first >= 0 else first % self.every)

    def gone(self, eligibility: int) -> int:
        """Return how many fades an eligibility lasts."""
        count = 0
        while eligibility:
            eligibility -= -(-eligibility >> self.k)
            count += 1
        return count

    @property
    def meta(self) -> list[int]:
        """Return what `Image.meta` keeps of them."""
        return [self.k, self.every, self.first]


def fades_of(image: Image) -> Fades | None:
    """Return the fades in the meta of an image; nonsense in it is left out."""
    given: Any = image.meta.get(FADES)
    if not (isinstance(given, list) and len(given) == 3 and all(type(each) is int for each in given)):
        return None
    k, every, first = given
    return Fades(k, every, first) if 1 <= k < FADE_ALL and 1 <= every <= _EVER and 0 <= first <= _EVER else None


def fades_told(image: Image) -> list[str]:
    """Say how the eligibilities of a network fade."""
    fades = fades_of(image)
    if fades is None:
        return []
    most, dt_ms = image.config.weight_range[1], image.meta.get("dt_ms")
    step_ms = dt_ms if isinstance(dt_ms, int | float) else 1.0
    times = [fades.gone(size) * fades.every * step_ms for size in (1, most)]
    return [
        f"eligibility: each loses 1/{1 << fades.k}, rounded up, every {fades.every} step{'s' * (fades.every > 1)}; "
        f"one of a unit of the chip is gone after {times[0]:g} ms, the largest, {most} units, after {times[1]:g} ms"
    ]
