"""Benchmark network: all-to-all, of four sizes, driven by Poisson inputs, with and without learning.

N leaky neurons (time constant 20 steps, refractory for 2) hear 64 Poisson inputs of 20 Hz, and every neuron every other
one and itself after one step. At one step a millisecond they fire at about 15 Hz. With learning every synapse
between neurons follows the pair rule of STDP. A simulator in floats can be given the same network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..events.stream import EventStream
from ..image import Image, blank, program_regions
from ..spec import Control, CoreConfig, Learning, Region
from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import DECAY_BITS
from ..spec.registers import GATE_ALL

INPUTS = 64
INPUT_RATE = 0.02
#: Input weights are shifted by this against those between neurons, so that the drive prevails at any size.
INPUT_GAIN = 4
TAU_STEPS = 20
REFRACTORY_STEPS = 2
#: By number of neurons: the largest weight between them, and the threshold at which they fire at about 15 Hz.
SIZES: Mapping[int, tuple[int, int]] = {100: (16, 30700), 256: (16, 31000), 1024: (16, 32500), 4096: (4, 32700)}
TRACE_BITS = 12
TRACE_INCREMENT = 1000
#: What a pair of spikes in the same step changes, in weights. Common input makes more of them look like post before
#: pre.
POTENTIATION, DEPRESSION = 2, 1


@dataclass(frozen=True)
class Workload:
    """One of the benchmark networks.

    Parameters
    ----------
    neurons : int
        One of `SIZES`.
    learns : bool
        Whether the synapses between neurons do.

    Raises
    ------
    InputError
        For another number of neurons.
    """

    neurons: int
    learns: bool

    def __post_init__(self) -> None:
        if self.neurons not in SIZES:
            raise InputError(f"the networks have {', '.join(map(str, SIZES))} neurons, got {self.neurons!r}")

    @property
    def name(self) -> str:
        """Name in tables."""
        return f"{self.neurons} {'stdp' if self.learns else 'static'}"

    @property
    def weight_max(self) -> int:
        """Largest weight between neurons; the smallest is 0."""
        return SIZES[self.neurons][0]

    @property
    def threshold(self) -> int:
        """Threshold of all neurons; the reset value is 0."""
        return SIZES[self.neurons][1]

    @property
    def config(self) -> CoreConfig:
        """Geometry of a chip for it."""
        learning = Learning.EXPONENTIAL if self.learns else Learning.NONE
        return CoreConfig(neurons=self.neurons, inputs=INPUTS, learning=learning, trace_bits=TRACE_BITS)

    def weights(self) -> npt.NDArray[np.int32]:
        """All weights at the beginning, int32 [64 + N, N], those of inputs without their gain."""
        rng = np.random.default_rng(self.neurons)
        inputs = rng.integers(40, 101, (INPUTS, self.neurons), np.int32)
        recurrent = rng.integers(0, self.weight_max + 1, (self.neurons, self.neurons), np.int32)
        return np.concatenate([inputs, recurrent])

    def image(self) -> Image:
        """Return the network as the integers of a chip."""
        n, config = self.neurons, self.config
        decay = round((1 - np.exp(-1 / TAU_STEPS)) * (1 << DECAY_BITS))
        regions: dict[Region, npt.NDArray[Any]] = {
            Region.WEIGHTS: self.weights(),
            Region.THRESHOLD: np.full(n, self.threshold),
            Region.DECAY: np.full(n, decay),
            Region.CURRENT_DECAY: np.full(n, (1 << DECAY_BITS) - 1),
            Region.REFRACTORY: np.full(n, REFRACTORY_STEPS),
            Region.DELAY: np.ones(n, np.int64),
        }
        control = {Control.GAIN_INPUT: INPUT_GAIN}
        if self.learns:
            plastic = np.zeros((config.axons, n), np.uint8)
            plastic[INPUTS:] = 1
            regions[Region.PLASTIC] = plastic
            rate = (1 << CHANGE_FRACTION + TRACE_BITS) // TRACE_INCREMENT
            cap = (1 << TRACE_BITS) - 1
            control |= {
                Control.LEARNING: 1, Control.WEIGHT_MAX: self.weight_max, Control.POTENTIATION: POTENTIATION * rate,
                Control.DEPRESSION: (1 << config.change_bits) - DEPRESSION * rate, Control.MODULATION: 256,
                Control.GATE: GATE_ALL,
                Control.PRE_DECAY: decay, Control.POST_DECAY: decay, Control.PRE_INCREMENT: TRACE_INCREMENT,
                Control.POST_INCREMENT: TRACE_INCREMENT, Control.PRE_CAP: cap, Control.POST_CAP: cap,
            }  # fmt: skip
        registers = blank(Region.CONTROL, config)
        for register, value in control.items():
            registers[register] = value
        empty = {region: blank(region, config) for region in program_regions(config)}
        return Image(config, empty | regions | {Region.CONTROL: registers})


def stimulus(steps: int, seed: int = 0) -> EventStream:
    """Return the input spikes of a number of steps."""
    return EventStream.from_dense(np.random.default_rng(seed).random((steps, INPUTS)) < INPUT_RATE)
