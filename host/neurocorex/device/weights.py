"""Weights over the steps of a run: a log of what the chip held, with the gains that acted then."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..spec import CoreConfig, Region
from .chip import Look
from .loaded import LoadedNetwork
from .units import Gains


class WeightTables(NamedTuple):
    """Weights that were read in a run, as integers of the chip.

    Attributes
    ----------
    steps : int64 array [K]
        Steps of the run before each reading.
    items : int16 array [K, A, N]
        The weights.
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
    start : int
        Steps of the run before these; then the first reading is behind a step of these.

    Attributes
    ----------
    looks : list of Look
        What the run reads.
    earlier : WeightTables
        What was read before a run went on from a checkpoint.
    """

    def __init__(self, steps: int, every: int | None, config: CoreConfig, start: int = 0) -> None:
        self._config, self._start = config, start
        self.earlier: WeightTables | None = None
        first = 0 if not every or not start else every - start % every
        self.looks = [
            Look(step, (Region.CONTROL, Region.WEIGHTS)) for step in (range(first, steps + 1, every) if every else ())
        ]

    def over_time(self, network: LoadedNetwork, done: int) -> WeightTables:
        """Return the weights of the network as they were read, in a run of which so many steps are done."""
        # A chip that is stopped still carries out the readings that were sent for later steps: they came too early.
        whole = [look for look in self.looks if Region.WEIGHTS in look.contents and look.step <= done]
        own = network.geometry(self._config)
        tables = np.empty((len(whole), own.axons, own.neurons), np.int16)
        for table, look in zip(tables, whole, strict=True):
            table[:] = network.crop(look.contents[Region.WEIGHTS], self._config)
        gains = [Gains.of(look.contents[Region.CONTROL]) for look in whole]
        read_at = np.array([self._start + look.step for look in whole], np.int64)
        read = WeightTables(read_at, tables, np.array(gains, np.int64).reshape(-1, 2))
        if self.earlier is None:
            return read
        early = self.earlier
        return WeightTables(
            np.concatenate([early.steps, read.steps]), np.concatenate([early.items, read.items]),
            np.concatenate([early.gains, read.gains]),
        )  # fmt: skip

    def go_on(self, done: int, earlier: WeightTables) -> None:
        """Go on behind the first `done` steps of the run, with what was read until then.

        Raises
        ------
        InputError
            If that is not what this run reads.
        """
        before = [look.step for look in self.looks if look.step <= done]
        if earlier.steps.tolist() != before:
            raise InputError(f"weights of steps {earlier.steps.tolist()[:4]}..., expected {before[:4]}...")
        self.earlier = earlier
