"""The best scale for a stimulus, found by trying.

The scale that `quantise` chooses leaves room for all axons firing at once, which may never happen, and looks at single
numbers, not at spikes. Here scales around it are tried on the user's own stimulus: all populations together first, then
each by itself.
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
from ..quantiser.populations import groups_of, scales_of
from ..quantiser.quantise import quantise
from ..quantiser.report import Report
from ..spec import CoreConfig
from .fidelity import Fidelity

#: Factors that are tried: half octaves, from a quarter of the scale to sixteen times as much.
FACTORS = tuple(math.sqrt(2.0) ** k for k in range(-4, 9))


@dataclass(frozen=True)
class Trial:
    """One scale that was tried.

    Attributes
    ----------
    scales : float64 array [N]
        Scale of each neuron.
    fidelity : Fidelity
        What came of it.
    """

    scales: NDArray[np.float64]
    fidelity: Fidelity

    @property
    def rank(self) -> tuple[float, int]:
        """Larger is better: more spikes matched, then fewer saturations."""
        return self.fidelity.match, -self.fidelity.saturations


@dataclass(frozen=True)
class Found:
    """The best of them.

    Attributes
    ----------
    image, report
        As `quantise` returns them.
    fidelity : Fidelity
        What `Report.compare` says of it.
    trials : list of Trial
        All that were tried; the first is what `quantise` chooses.
    """

    image: Image
    report: Report
    fidelity: Fidelity
    trials: list[Trial]


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

    Of equal ones the first is taken, so where nothing is better it is the scale of `quantise`; nothing more is tried
    once all spikes are matched.

    Parameters
    ----------
    net, config, populations
        As for `quantise`.
    spikes, inject, within
        As for `Report.compare`.

    Raises
    ------
    FitError
        If the network has no room.
    InputError
        For a wrong stimulus.
    """
    image, _ = quantise(net, config, populations=populations)
    first = scales_of(image)[: net.neuron_count]
    trials: list[Trial] = []
    with open_device("emulator", config=image.config) as device:

        def tried(scales: NDArray[np.float64]) -> Trial | None:
            try:
                _, report = quantise(net, image.config, scale=scales)
            except FitError:  # a threshold beyond the range
                return None
            trials.append(Trial(scales, report.compare(spikes, inject, within=within, device=device)))
            return trials[-1]

        best = tried(first)
        if best is None:
            raise AssertionError("what quantise has chosen fits")
        groups = groups_of(net, populations, [])
        for group in [np.arange(net.neuron_count), *(groups if len(groups) > 1 else [])]:
            start = best.scales
            for factor in FACTORS:
                if best.rank == (1.0, 0):
                    break
                scales = start.copy()
                scales[group] *= factor
                trial = None if factor == 1 else tried(scales)
                if trial and trial.rank > best.rank:
                    best = trial
    return Found(*quantise(net, image.config, scale=best.scales), best.fidelity, trials)
