"""Neurons and axons in use: their memories as a core of its own, so that steps do not visit the others."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..events.arrays import Ints
from ..events.codec import NO_REGISTER
from ..events.stream import EventStream
from ..spec import Control, CoreConfig, Flag, Learning, LearningFlag, Region
from ..spec.rows import AXON, CONTEXT, PATTERN
from .memory import Memory


def used(memory: Memory) -> CoreConfig:
    """Geometry of what takes part in steps."""
    if not memory[Region.IN_USE].any():
        return memory.config
    return memory.config.in_use(*memory[Region.IN_USE].tolist())


class Recorded(NamedTuple):
    """What is recorded of the neurons in use: spikes, None for those of all, and neurons with their membranes."""

    spikes: npt.NDArray[np.bool_] | None
    membranes: Ints

    @classmethod
    def of(cls, memory: Memory) -> Recorded:
        """Read the flags."""
        flags = memory[Region.FLAGS][: used(memory).neurons]
        spikes = flags & int(Flag.RECORD_SPIKES) != 0
        return cls(None if spikes.all() else spikes, np.flatnonzero(flags & int(Flag.RECORD_MEMBRANE)))


def drifts(stimulus: EventStream, control: Ints, config: CoreConfig) -> list[int]:
    """Drift of plastic weights in a run, step by step, as sums over the steps between two turns of its sign.

    Parameters
    ----------
    stimulus : EventStream
        Its changes set `LEARNING` and `DRIFT_STEP` on the way.
    control : int64 array
        Registers before the run.
    config : CoreConfig
        Of a chip with windows.
    """
    registers = {register: int(control[register]) for register in (Control.LEARNING, Control.DRIFT_STEP)}
    half = 1 << (Control.DRIFT_STEP.bits(config) - 1)
    sums, since = [0], 0
    columns = (stimulus.change_step.tolist(), stimulus.change_register.tolist(), stimulus.change_value.tolist())
    changes = zip(*columns, strict=True)
    for step, register, value in (*changes, (stimulus.steps, NO_REGISTER, 0)):
        if register not in (Control.LEARNING, Control.DRIFT_STEP) and step < stimulus.steps:
            continue
        if registers[Control.LEARNING] & LearningFlag.ENABLE:
            drift = (step - since) * ((registers[Control.DRIFT_STEP] + half) % (2 * half) - half)
            sums = [*sums[:-1], sums[-1] + drift] if sums[-1] * drift >= 0 else [*sums, drift]
        since = step
        if register in registers:
            registers[Control(register)] = value
    return [total for total in sums if total]


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
        self._control = whole[Region.CONTROL].copy()
        self._drifting = self._sleeping_synapses() if config.learning is Learning.WINDOW else None
        self._take(set(self.memory.arrays) - {Region.IN_USE})

    def take_state(self) -> None:
        """Take what runs change as the whole core has it now; all else is as it was."""
        self._take(self.memory.moving)
        self._control[:] = self._whole[Region.CONTROL]

    def put_back(self, stimulus: EventStream) -> None:
        """Give the whole core what a run has changed; what the stimulus cleared is cleared in the rest, too.

        The plastic weights of those that sleep drift like the others.
        """
        for flags in stimulus.change_value[stimulus.change_register == NO_REGISTER].tolist():
            self._whole.clear(flags)
        for region in self.memory.moving:
            self._whole[region][self._place(region)] = self.memory[region]
        if self._drifting is not None:
            low, high = self._whole.config.weight_range
            weights = self._whole[Region.WEIGHTS]
            for drift in drifts(stimulus, self._control, self._whole.config):
                weights[self._drifting] = np.clip(weights[self._drifting].astype(np.int64) + drift, low, high)

    def _sleeping_synapses(self) -> tuple[Ints, ...] | None:
        """Rows and columns of the plastic synapses of axons or neurons that sleep; None if there are none."""
        plastic = self._whole[Region.PLASTIC].copy()
        plastic[self._place(Region.PLASTIC)] = 0
        return plastic.nonzero() if plastic.any() else None

    def _take(self, regions: set[Region]) -> None:
        for region in regions:
            self.memory[region][...] = self._whole[region][self._place(region)]

    def _place(self, region: Region) -> Any:
        """Where the items of a region are in the whole core."""
        part = self.memory[region]
        axons = self._axons[: len(part)]  # none where the chip lacks the region
        if region.row.per is CONTEXT:
            return slice(None), self._neurons
        if region.row.per is PATTERN:
            return slice(None), slice(part.shape[1])
        if part.ndim == 2:
            return axons, self._neurons
        return axons if region.row.per is AXON else slice(len(part))
