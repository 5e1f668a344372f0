"""Weights in whole units, and what that loses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..spec import CoreConfig


@dataclass(frozen=True)
class WeightLoss:
    """What rounding did to one population of weights, in the units of the network.

    Attributes
    ----------
    synapses : int
        Weights other than zero, before.
    vanished : int
        Those that became zero.
    clipped : int
        Those beyond the largest weight that the chip holds.
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


def round_weights(
    weights: NDArray[Any], gain: int, scales: NDArray[np.float64], config: CoreConfig
) -> tuple[NDArray[np.int32], WeightLoss]:
    """Return weights of one kind on the chip, and what they lost."""
    step = (1 << gain) / scales
    low, high = config.weight_range
    # In place, as far as it goes: with a million weights most of the time would go into new memory.
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
