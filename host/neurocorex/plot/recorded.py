"""Recorded run, as far as pictures need it; `neurocorex.device.result.Result` is one, and describes each array."""

# ruff: noqa: D102  # the arrays are described there

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@runtime_checkable
class Recorded(Protocol):
    """Spikes, membranes and weights of a run; anything else that is drawn is taken as an array."""

    @property
    def samples(self) -> int | None: ...
    @property
    def steps(self) -> int: ...
    @property
    def neurons(self) -> int: ...
    @property
    def dt_ms(self) -> float: ...
    @property
    def has_raster(self) -> bool: ...
    @property
    def spike_samples(self) -> Ints: ...
    @property
    def spike_times(self) -> Ints: ...
    @property
    def spike_neurons(self) -> Ints: ...
    @property
    def spikes_of(self) -> Ints: ...
    @property
    def v(self) -> NDArray[np.int32]: ...
    @property
    def v_neurons(self) -> Ints: ...
    @property
    def weight_steps(self) -> Ints: ...
    @property
    def weights_over_time(self) -> NDArray[np.int16]: ...
