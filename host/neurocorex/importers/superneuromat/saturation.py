"""Saturation in a run of a SuperNeuroMAT model, by cause: bounds that a chip has, and SuperNeuroMAT has not."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...spec import CoreConfig
from .model import Model


class Cause(StrEnum):
    """What reached the bounds of a chip, so that a run may differ from that of SuperNeuroMAT."""

    INPUTS = "input spikes"
    """Queued input spikes beyond the range of states, which were cut to it."""
    STATES = "states"
    """Updates of neurons in which a state, or the sum that is added to it, was cut to the range of states."""
    ABOVE = "learned weights"
    """Changes by coincidences that led above the range of weights, and were cut short."""
    DRIFT = "weights pushed down by depression"
    """Changes of weights that stood at the lower end of their range while depression led below it, and weights that
    stand there after the run."""

    def warning(self, count: int) -> str:
        """Return the warning of a run in which something saturated `count` times."""
        return (
            f"{self} reached the bounds of the chip, which SuperNeuroMAT does not have ({self.counted(count)}), so "
            f"the run may differ; take {self._remedy}"
        )

    def counted(self, count: int) -> str:
        """Return what was counted, in words."""
        return {
            Cause.INPUTS: f"{count} of them", Cause.STATES: f"counter saturations: {count}",
            Cause.ABOVE: f"counter clips_high: {count}",
            Cause.DRIFT: f"counter drift_clips, and weights at the lower end: {count}",
        }[self]  # fmt: skip

    @property
    def _remedy(self) -> str:
        if self in (Cause.INPUTS, Cause.STATES):
            return "a smaller scale"
        return "a smaller scale, wider weights or smaller taps"


def saturated(
    model: Model, config: CoreConfig, counters: Mapping[str, int], learned: NDArray[Any], cut: int
) -> dict[Cause, int]:
    """Return how often each cause occurred in a run; causes that did not are left out.

    A weight can only be too low because depression took it below the range. It then stands at the lower end until a
    coincidence lifts it, which is counted, or until the end. Coincidences are the only cause above.

    Parameters
    ----------
    model : Model
        What ran.
    config : CoreConfig
        Geometry of the chip.
    counters : mapping of str to int
        Counters of the run, see `Result.counters`.
    learned : int array [P]
        Weights of the synapses that learn after the run, in units of the chip.
    cut : int
        Input spikes that were cut.
    """
    at_end = int(np.count_nonzero(learned == config.weight_range[0])) if any(model.losses) else 0
    found = {
        Cause.INPUTS: cut,
        Cause.STATES: counters.get("saturations", 0),
        Cause.ABOVE: counters.get("clips_high", 0) + counters.get("clips_low", 0),
        Cause.DRIFT: counters.get("drift_clips", 0) + at_end,
    }
    return {cause: int(count) for cause, count in found.items() if count}
