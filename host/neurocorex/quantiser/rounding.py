"""Rounding: weights, parameters and decays in whole units of the chip, and what that loses."""

from __future__ import annotations

import math
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


@dataclass(frozen=True)
class WeightLoss:
    """Loss of one kind of weights, in the units of the network.

    Attributes
    ----------
    synapses : int
        Weights other than zero, before.
    vanished : int
        How many of them became zero.
    clipped : int
        Weights beyond the largest that the chip holds.
    clipped_at : list of (int, int)
        The first few of them: row (input, or neuron) and neuron.
    max_error, rms_error : float
        Largest and root mean square difference over the synapses.
    relative_error : float
        `rms_error` as a part of the root mean square weight.
    """

    synapses: int
    vanished: int
    clipped: int
    clipped_at: list[tuple[int, int]]
    max_error: float
    rms_error: float
    relative_error: float

    def __str__(self) -> str:
        text = f"{self.synapses} weights, error {self.relative_error:.2%} rms, at most {self.max_error:.3g}"
        return text + "".join(
            f", {count} {what}" for count, what in ((self.vanished, "became 0"), (self.clipped, "clipped")) if count
        )


@dataclass
class Rounding:
    """Rounds the numbers of one network for one chip, and keeps the largest errors.

    Parameters
    ----------
    config : CoreConfig
        Geometry of the chip.
    scales : float64 array [N]
        Units of the chip's state per unit of the network, for each neuron.

    Attributes
    ----------
    errors : dict of float
        Largest error of each parameter that was not exact, in the units of the network.
    notes : list of str
        Warnings.
    """

    config: CoreConfig
    scales: Floats
    errors: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def weights(self, weights: NDArray[Any], gain: int) -> tuple[NDArray[np.int32], WeightLoss]:
        """Return weights of one kind, [axons, N], in units of the chip at a gain, and their loss."""
        step = (1 << gain) / self.scales
        low, high = self.config.weight_range
        # In place where possible: with a million weights most of the time would go into new memory.
        whole = weights / step
        np.rint(whole, out=whole)
        beyond = None
        if whole.min() < low or whole.max() > high:
            beyond = (whole < low) | (whole > high)
            np.clip(whole, low, high, out=whole)
        error = whole * step
        error -= weights
        synapses = int(np.count_nonzero(weights))
        energy = float(np.vdot(weights, weights))
        squares = float(np.vdot(error, error))
        loss = WeightLoss(
            synapses=synapses,
            vanished=synapses - int(np.count_nonzero(whole)),
            clipped=0 if beyond is None else int(np.count_nonzero(beyond)),
            clipped_at=[] if beyond is None else [(int(row), int(column)) for row, column in np.argwhere(beyond)[:8]],
            max_error=float(max(error.max(), -error.min())),
            rms_error=math.sqrt(squares / max(synapses, 1)),
            relative_error=math.sqrt(squares / energy) if energy else 0.0,
        )
        return whole.astype(np.int32), loss

    def states(self, name: str, values: NDArray[Any], default: int | None = None) -> Ints:
        """Return values in the units of the weights as states; NaN, which is not set, becomes `default`.

        Raises
        ------
        FitError
            For a value that a state cannot hold.
        """
        unset = np.isnan(values) & (default is not None)
        scales = self.scales if values.ndim else self.scales[0]
        scaled = np.where(unset, 0, values) * scales
        whole = np.rint(scaled)
        low, high = self.config.state_range
        beyond = (whole < low) | (whole > high)
        if beyond.any():
            scale = np.broadcast_to(scales, beyond.shape)[beyond][0]
            raise FitError(
                f"{name} {values[beyond].flat[0]:g} becomes {scaled[beyond].flat[0]:.0f} at scale {scale:g}, the "
                f"chip holds {low} to {high} (state_bits {self.config.state_bits}); take a smaller scale or more bits"
            )
        self._note_error(name, np.where(unset, 0, whole / scales - values))
        return np.where(unset, 0 if default is None else default, whole).astype(np.int64)

    def decays(self, name: str, fractions: NDArray[Any]) -> Ints:
        """Return fractions that are lost per step as decays of the chip."""
        # 65535 does not stand for 65535/65536 but for 1: everything is lost.
        units: Ints = np.minimum(np.rint(fractions * (1 << DECAY_BITS)), DECAY_ALL).astype(np.int64)
        effective = np.where(units == DECAY_ALL, 1.0, units / (1 << DECAY_BITS))
        self._note_error(name, effective - fractions)
        endless = np.flatnonzero((units == 0) & (fractions > 0))
        if len(endless) and fractions.ndim:
            self.notes.append(f"{named(endless.tolist())} have a {name} below 1/65536 a step, which becomes 0")
        return units

    def _note_error(self, name: str, differences: NDArray[Any]) -> None:
        error = float(np.abs(differences).max())
        if error:
            self.errors[name] = error
