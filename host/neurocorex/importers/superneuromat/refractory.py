"""Refractory periods of a SuperNeuroMAT model on a chip that counts less far: equal, if runs are short enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...spec import CoreConfig
from ...spec.config import LIMITS
from .model import Bools, Model
from .reader import Ints


@dataclass(frozen=True)
class Refractory:
    """How far a chip counts refractory ticks.

    A period or count beyond its range is held at the end of the range, `most`. A neuron that is refractory then stays
    so for `most` ticks at least, so runs of up to `most` ticks are the same.

    Attributes
    ----------
    most : int
        Largest period and count that the chip holds.
    longest : int
        Largest period and count of the model.
    beyond : int
        Neurons with a larger period or count.
    pieces : bool
        Whether longer runs are made of runs of up to `most` ticks, with the true counts set between them.
    """

    most: int
    longest: int
    beyond: int
    pieces: bool

    @classmethod
    def of(cls, model: Model, config: CoreConfig | None, *, pieces: bool) -> Refractory:
        """Compare a model with a given chip, or with the largest that can be built."""
        bits = max(LIMITS["refractory_bits"]) if config is None else config.refractory_bits
        most = (1 << bits) - 1
        each = np.maximum(model.periods, model.counts)
        return cls(most, int(each.max()), int(np.count_nonzero(each > most)), pieces)

    @property
    def bits(self) -> int:
        """Width of the counts in the smallest chip that counts as far."""
        return max(min(self.longest, self.most).bit_length(), 1)

    @property
    def run_limit(self) -> int | None:
        """Largest number of ticks after `load` that are sure to be the same; None without limit."""
        return self.most if self.beyond else None

    def held(self, values: Ints) -> Ints:
        """Return periods or counts as the chip holds them."""
        return np.minimum(values, self.most)


def counts_after(model: Model, spikes: Bools) -> Ints:
    """Return the refractory counts, [N], after ticks in which a model gave these spikes, [ticks, N]."""
    ticks = len(spikes)
    since = np.argmax(spikes[::-1], axis=0)  # ticks since the last spike, where there is one
    fired = spikes.any(axis=0)
    return np.maximum(np.where(fired, model.periods - since, model.counts - ticks), 0)
