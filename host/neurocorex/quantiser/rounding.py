"""Rounding: weights, parameters and decays in whole units of the chip."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FitError
from ..network.population import named
from ..spec import CoreConfig
from ..spec.fixed import DECAY_ALL, DECAY_BITS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Rounding:
    """Rounds the numbers of one network for one chip.

    Parameters
    ----------
    config : CoreConfig
        Geometry of the chip.
    scales : float64 array [N]
        Units of the chip's state per unit of the network, for each neuron.

    Attributes
    ----------
    notes : list of str
        Warnings.
    """

    config: CoreConfig
    scales: Floats
    notes: list[str] = field(default_factory=list)

    def weights(self, weights: NDArray[Any], gain: int) -> NDArray[np.int32]:
        """Return weights of one kind, [axons, N], in units of the chip at a gain; those beyond its range are cut."""
        # In place where possible: with a million weights most of the time would go into new memory.
        whole = weights / ((1 << gain) / self.scales)
        np.rint(whole, out=whole)
        np.clip(whole, *self.config.weight_range, out=whole)
        return whole.astype(np.int32)

    def states(self, name: str, values: NDArray[Any], default: int | None = None) -> Ints:
        """Return values in the units of the weights as states; NaN, which is not set, becomes `default`.

        An infinite one becomes the largest state, which as a threshold is out of reach.

        Raises
        ------
        FitError
            For a value that a state cannot hold.
        """
        unset = np.isnan(values) & (default is not None)
        scales = self.scales if values.ndim else self.scales[0]
        scaled = np.where(unset, 0, values) * scales
        low, high = self.config.state_range
        whole = np.where(np.isposinf(scaled), high, np.rint(scaled))
        beyond = (whole < low) | (whole > high)
        if beyond.any():
            scale = np.broadcast_to(scales, beyond.shape)[beyond][0]
            raise FitError(
                f"{name} {values[beyond].flat[0]:g} becomes {scaled[beyond].flat[0]:.0f} at scale {scale:g}, the "
                f"chip holds {low} to {high} (state_bits {self.config.state_bits}); take a smaller scale or more bits"
            )
        return np.where(unset, 0 if default is None else default, whole).astype(np.int64)

    def decays(self, name: str, fractions: NDArray[Any]) -> Ints:
        """Return fractions that are lost per step as decays of the chip."""
        # 65535 does not stand for 65535/65536 but for 1: everything is lost.
        units: Ints = np.minimum(np.rint(fractions * (1 << DECAY_BITS)), DECAY_ALL).astype(np.int64)
        endless = np.flatnonzero((units == 0) & (fractions > 0))
        if len(endless) and fractions.ndim:
            self.notes.append(f"{named(endless.tolist())} have a {name} below 1/65536 a step, which becomes 0")
        return units
