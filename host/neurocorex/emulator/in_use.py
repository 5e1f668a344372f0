"""Neurons and axons in use: their memories as a core of its own, so that steps do not visit the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..events.arrays import Ints
from ..events.codec import NO_REGISTER
from ..events.stream import EventStream
from ..spec import CoreConfig, Region
from .memory import Memory


def used(memory: Memory) -> CoreConfig:
    """Geometry of what takes part in steps."""
    if not memory[Region.IN_USE].any():
        return memory.config
    return memory.config.in_use(*memory[Region.IN_USE].tolist())


class CoreInUse:
    """Memories of the neurons and axons in use, taken from those of the whole core and put back.

    Attributes
    ----------
    memory : Memory
        Of a core that has no others. An extra axon whose source is not in use names no neuron of it, and is silent.
    """

    def __init__(self, whole: Memory) -> None:
        config, part = whole.config, used(whole)
        first_extra = config.inputs + config.neurons
        self._whole = whole
        self._neurons = slice(part.neurons)
        self._axons: Ints = np.concatenate([
            np.arange(part.inputs), config.inputs + np.arange(part.neurons), np.arange(first_extra, config.axons),
        ])  # fmt: skip
        self.memory = Memory(part, axon_numbers=self._axons)
        self._take(set(self.memory.arrays) - {Region.IN_USE})

    def take_state(self) -> None:
        """Take what runs change as the whole core has it now; all else is as it was."""
        self._take(self.memory.moving)

    def put_back(self, stimulus: EventStream) -> None:
        """Give the whole core what a run has changed; what the stimulus cleared is cleared in the rest, too."""
        for flags in stimulus.change_value[stimulus.change_register == NO_REGISTER].tolist():
            self._whole.clear(flags)
        for region in self.memory.moving:
            self._whole[region][self._place(region)] = self.memory[region]

    def _take(self, regions: set[Region]) -> None:
        for region in regions:
            self.memory[region][...] = self._whole[region][self._place(region)]

    def _place(self, region: Region) -> Any:
        """Where the items of a region are in the whole core."""
        part = self.memory[region]
        axons = self._axons[: len(part)]  # none where the chip lacks the region
        if part.ndim == 2:
            return axons, self._neurons
        return axons if region is Region.PRE_TRACE else slice(len(part))
