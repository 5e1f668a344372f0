"""Weights as a chip that learns sees them, and what becomes of them during a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .connection import Task
from .items import Ints, from_bytes, read_request
from .spec import Control, CoreConfig, Region, layout

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
        self._steps: list[int] = []
        self._parts: dict[Region, list[bytes]] = {Region.WEIGHTS: [], Region.CONTROL: [], Region.PLASTIC: []}
        self._weights: list[npt.NDArray[np.int16]] = []
        self._plastic: Ints | None = None

    def look(self, step: int) -> Iterator[Task]:
        """Return the requests that read the weights as they are after `step` steps."""
        regions = [Region.CONTROL, Region.WEIGHTS]
        if self._config.learning and not step:
            regions.insert(0, Region.PLASTIC)  # nothing in a run changes it
        for region in regions:
            yield Task(*read_request(region, self._config), self._taker(region, step))

    def taken(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
        """Return the steps after which weights were read, and the weights [K, A, N]."""
        empty = np.empty((0, *self._crop(np.zeros(self._shape, np.int16)).shape), np.int16)
        return np.array(self._steps, np.int64), np.stack(self._weights) if self._weights else empty

    @property
    def _shape(self) -> tuple[int, int]:
        return self._config.axons, self._config.neurons

    def _taker(self, region: Region, step: int) -> Callable[[int, bytes], None]:
        def take(_status: int, data: bytes) -> None:
            self._parts[region].append(data)
            received = sum(map(len, self._parts[region]))
            place = layout(region, self._config)
            if received == place.items * place.item_bytes:
                self._complete(region, step)

        return take

    def _complete(self, region: Region, step: int) -> None:
        items: Any = from_bytes(b"".join(self._parts[region]), layout(region, self._config))
        self._parts[region].clear()
        if region is Region.PLASTIC:
            self._plastic = items.reshape(self._shape)
        elif region is Region.CONTROL:
            self._drift = drift_of(items, self._config)
        else:
            weights = items.reshape(self._shape)
            if self._drift and self._plastic is not None:
                weights = effective(weights, self._plastic, self._drift, self._config)
            self._steps.append(step)
            self._weights.append(self._crop(weights).astype(np.int16))
