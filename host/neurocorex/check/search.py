"""Search for the scale at which most spikes match, on a given stimulus.

`quantise` chooses a scale that leaves room for all axons firing at once, which may never happen, and it looks at
numbers, not at spikes. The search tries scales around that one on the user's own stimulus: for all populations
together, then for each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..device.open import open_device
from ..errors import FitError
from ..image import Image
from ..network.network import Network
from ..network.population import Neurons
from ..quantiser.demand import Demand
from ..quantiser.populations import groups_of, scales_of
from ..quantiser.quantise import quantised
from ..quantiser.report import Report
from ..spec import CoreConfig
from .fidelity import Fidelity, measure_fidelity

#: Factors of the scale that are tried: half octaves, from a quarter to sixteen.
FACTORS = tuple(math.sqrt(2.0) ** k for k in range(-4, 9))


@dataclass(frozen=True)
class Attempt:
    """One scale that was tried.

    Attributes
    ----------
    scales : float64 array [N]
        Scale of each neuron.
    fidelity : Fidelity
        Fidelity at this scale.
    """

    scales: NDArray[np.float64]
    fidelity: Fidelity

    @property
    def rank(self) -> tuple[float, int]:
        """Larger is better: more spikes match, then fewer states saturate."""
        return self.fidelity.match, -self.fidelity.saturations


@dataclass(frozen=True)
class Found:
    """The best scale, and all that were tried.

    Attributes
    ----------
    image, report
        As `quantise` returns them.
    fidelity : Fidelity
        As `measure_fidelity` returns it.
    attempts : list of Attempt
        All scales that were tried, the choice of `quantise` first.
    """

    image: Image
    report: Report
    fidelity: Fidelity
    attempts: list[Attempt]

    @property
    def trials(self) -> list[Attempt]:
        """Earlier name of `attempts`."""
        return self.attempts


def search_scale(
    net: Network,
    config: CoreConfig | None = None,
    spikes: ArrayLike | None = None,
    inject: ArrayLike | None = None,
    *,
    populations: Sequence[Neurons] | None = None,
    within: int = 1,
) -> Found:
    """Try scales on a stimulus, and take the one at which most spikes are those of the network in floats.

    Of equally good scales the first is taken, so the choice of `quantise` stands unless another is better. The search
    ends when all spikes match.

    Parameters
    ----------
    net, config, populations
        As for `quantise`.
    spikes, inject, within
        As for `measure_fidelity`.

    Raises
    ------
    FitError
        If the chip has no room for the network.
    InputError
        For a wrong stimulus.
    """
    image, _ = quantised(net, config, populations=populations)
    first = scales_of(image)[: net.neuron_count]
    attempts: list[Attempt] = []
    with open_device("emulator", config=image.config) as device:

        def attempt(scales: NDArray[np.float64]) -> Attempt | None:
            try:
                _, report = quantised(net, image.config, scale=scales)
            except FitError:  # a threshold beyond the range
                return None
            attempts.append(Attempt(scales, measure_fidelity(report, spikes, inject, within=within, device=device)))
            return attempts[-1]

        best = attempt(first)
        if best is None:
            raise AssertionError("the scale that quantise has chosen fits")
        groups = groups_of(Demand.of(net), populations, [])
        for group in [np.arange(net.neuron_count), *(groups if len(groups) > 1 else [])]:
            start = best.scales
            for factor in FACTORS:
                if best.rank == (1.0, 0):
                    break
                scales = start.copy()
                scales[group] *= factor
                another = None if factor == 1 else attempt(scales)
                if another and another.rank > best.rank:
                    best = another
    return Found(*quantised(net, image.config, scale=best.scales), best.fidelity, attempts)
