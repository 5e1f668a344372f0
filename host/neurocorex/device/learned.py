"""Weights as a chip that learns sees them, and what becomes of them during a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from ..spec import Control, CoreConfig, Region, layout
from ..wire.regions import Ints, from_bytes
from .connection import Task

#: Cuts a table of the chip to the axons and neurons of the network.
Crop = Callable[[Ints], Ints]


def drift_of(control: Ints, config: CoreConfig) -> int:
    """Return the drift of all plastic weights, from the items of `Region.CONTROL`."""
    if not config.learning:
        return 0
    sign = 1 << (Control.DRIFT.bits(config) - 1)
    return (int(control[Control.DRIFT]) ^ sign) - sign


def effective(stored: Ints, plastic: Ints, drift: int, config: CoreConfig) -> Ints:
    """Weights as they act: ``sat_W(stored + drift)`` where a synapse is plastic."""
    low, high = config.weight_range
    return np.where(plastic != 0, np.clip(stored + drift, low, high), stored).astype(stored.dtype)


class WeightLog:
    """Weights read now and then during a run, in the same exchange.

    Parameters
    ----------
    config : CoreConfig
        Geometry of the chip.
    crop : callable
        Cuts a table of the chip to the network.
    """

    def __init__(self, config: CoreConfig, crop: Crop) -> None:
        self._config, self._crop = config, crop
        self._plastic = bytearray()
        self._looks: list[tuple[int, bytearray, bytearray]] = []

    def look(self, step: int) -> Iterator[Task]:
        """Return the requests that read the weights as they are after `step` steps."""
        if self._config.learning and not self._looks:
            yield Task.reading(Region.PLASTIC, self._config, self._plastic)  # nothing in a run changes it
        control, weights = bytearray(), bytearray()
        self._looks.append((step, control, weights))
        yield Task.reading(Region.CONTROL, self._config, control)
        yield Task.reading(Region.WEIGHTS, self._config, weights)

    def taken(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
        """Return the steps after which weights were read, and the weights [K, A, N]; what is not whole is left out."""
        size = layout(Region.WEIGHTS, self._config)
        whole = [look for look in self._looks if len(look[2]) == size.items * size.item_bytes]
        axons, neurons = self._crop(np.zeros((self._config.axons, self._config.neurons), np.int16)).shape
        tables = np.empty((len(whole), axons, neurons), np.int16)
        for table, (_, control, weights) in zip(tables, whole, strict=True):
            table[:] = self._crop(self._weights(control, weights))
        return np.array([step for step, *_ in whole], np.int64), tables

    def _weights(self, control: bytearray, weights: bytearray) -> Ints:
        drift = drift_of(self._array(Region.CONTROL, control), self._config)
        table = self._array(Region.WEIGHTS, weights).reshape(self._config.axons, self._config.neurons)
        if not drift:
            return table
        plastic = self._array(Region.PLASTIC, self._plastic).reshape(table.shape)
        return effective(table, plastic, drift, self._config)

    def _array(self, region: Region, data: bytearray) -> Ints:
        return from_bytes(bytes(data), layout(region, self._config))
