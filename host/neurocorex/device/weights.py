"""Weights of a chip that learns: what its drift makes of them, and a log of them over the steps of a run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..spec import Control, CoreConfig, Region
from ..wire.regions import Items
from .chip import Look
from .loaded import LoadedNetwork
from .units import Gains


def drift_of(control: Items, config: CoreConfig) -> int:
    """Return the drift of all plastic weights, from the items of `Region.CONTROL`."""
    if not config.learning:
        return 0
    sign = 1 << (Control.DRIFT.bits(config) - 1)
    return (int(control[Control.DRIFT]) ^ sign) - sign


def effective(stored: Items, plastic: Items, drift: int, config: CoreConfig) -> Items:
    """Weights as they act: ``sat_W(stored + drift)`` where a synapse is plastic."""
    low, high = config.weight_range
    return np.where(plastic != 0, np.clip(stored + drift, low, high), stored).astype(stored.dtype)


class WeightTables(NamedTuple):
    """Weights that were read in a run, as integers of the chip.

    Attributes
    ----------
    steps : int64 array [K]
        Steps of the run before each reading.
    items : int16 array [K, A, N]
        The weights as they acted.
    gains : int64 array [K, 2]
        Gains of the weights from inputs, and of the others.
    """

    steps: npt.NDArray[np.int64]
    items: npt.NDArray[np.int16]
    gains: npt.NDArray[np.int64]


class WeightLog:
    """Weights before the first step of a run and after every `every` steps, read on the way.

    Parameters
    ----------
    steps : int
        Steps of the run.
    every : int or None
        None: nothing is read.
    config : CoreConfig
        Geometry of the chip.

    Attributes
    ----------
    looks : list of Look
        What the run reads; the first look of a chip that learns has the plastic flags, which no run changes.
    """

    def __init__(self, steps: int, every: int | None, config: CoreConfig) -> None:
        self._config = config
        self.looks = [
            Look(step, (Region.CONTROL, Region.WEIGHTS)) for step in (range(0, steps + 1, every) if every else ())
        ]
        if self.looks and config.learning:
            self.looks[0].regions = (Region.PLASTIC, *self.looks[0].regions)

    def over_time(self, network: LoadedNetwork) -> WeightTables:
        """Return the weights of the network as they were read."""
        whole = [look for look in self.looks if Region.WEIGHTS in look.contents]
        own = network.geometry(self._config)
        tables = np.empty((len(whole), own.axons, own.neurons), np.int16)
        for table, look in zip(tables, whole, strict=True):
            table[:] = network.crop(self._weights(look), self._config)
        gains = [Gains.of(look.contents[Region.CONTROL]) for look in whole]
        steps = np.array([look.step for look in whole], np.int64)
        return WeightTables(steps, tables, np.array(gains, np.int64).reshape(-1, 2))

    def _weights(self, look: Look) -> Items:
        stored, drift = look.contents[Region.WEIGHTS], drift_of(look.contents[Region.CONTROL], self._config)
        if not drift:
            return stored
        return effective(stored, self.looks[0].contents[Region.PLASTIC], drift, self._config)
