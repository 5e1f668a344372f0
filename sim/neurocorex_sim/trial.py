"""Random networks and stimuli that reach into the corners of the model, for comparing realisations bit by bit.

Values are drawn from mixtures: mostly such that neurons fire now and then and everything moves, some at the very ends
of their ranges, so that clamps, full decays and deepest delays all come up within a few dozen steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from neurocorex.spec import Control, CoreConfig, Flag, Region, controls, layout
from neurocorex.spec.fixed import DECAY_ALL
from neurocorex.spec.registers import PARAMETERS, STATE
from neurocorex.streams.streams import EventStream

Ints = npt.NDArray[np.int64]
#: Share of values that are drawn from the whole range, ends included.
WILD = 0.15


@dataclass(frozen=True)
class Trial:
    """A network in some state, and what happens to it.

    Attributes
    ----------
    config : CoreConfig
        Geometry.
    regions : dict of Region to int64 array
        Every writable region: CONTROL, WEIGHTS [A, N], parameters and state [N].
    stimulus : EventStream
        Input spikes, injected currents and clears.
    """

    config: CoreConfig
    regions: dict[Region, Ints]
    stimulus: EventStream

    @classmethod
    def random(cls, config: CoreConfig, seed: int, steps: int, *, record_all: bool = False) -> Trial:
        """Draw one; the same seed gives the same trial. `record_all` sets both recording flags of every neuron."""
        rng = np.random.default_rng(seed)
        regions = _random_regions(config, rng)
        if record_all:
            regions[Region.FLAGS] |= Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE
        return cls(config, regions, _random_stimulus(config, rng, steps))


def _random_regions(config: CoreConfig, rng: np.random.Generator) -> dict[Region, Ints]:
    writable = [Region.WEIGHTS, *PARAMETERS, *(region for region in STATE if layout(region, config).writable)]
    regions = {region: _full_range(region, config, rng) for region in writable}
    scale = _scale(config)
    tame: dict[Region, tuple[int, int]] = {
        Region.THRESHOLD: (scale // 4, 2 * scale),
        Region.RESET: (-scale // 2, scale // 2),
        Region.DECAY: (0, 1 << 14),
        Region.LEAK: (0, max(scale // 64, 2)),
        Region.CURRENT_DECAY: (1 << 13, DECAY_ALL),
        Region.BIAS: (-scale // 8, scale // 4),
        Region.REFRACTORY: (0, 4),
        Region.MEMBRANE: (-scale, scale),
        Region.CURRENT: (-scale, scale),
        Region.REFRACTORY_COUNT: (0, 3),
        Region.ADAPTATION: (0, scale),
    }
    for region, (low, high) in tame.items():
        if region not in regions:
            continue
        limit_low, limit_high = layout(region, config).range
        values = rng.integers(max(low, limit_low), min(high, limit_high), config.neurons, endpoint=True)
        regions[region] = np.where(rng.random(config.neurons) < WILD, regions[region], values)
    # Delays beyond the history do not exist; 0 does.
    regions[Region.DELAY] = rng.integers(0, config.max_delay, config.neurons, endpoint=True)
    control = {
        Control.GAIN_INPUT: rng.choice([0, 1, 2, 7], p=[0.5, 0.2, 0.2, 0.1]),
        Control.GAIN_RECURRENT: rng.choice([0, 1, 2, 7], p=[0.5, 0.2, 0.2, 0.1]),
        Control.ADAPTATION_STEP: rng.integers(0, scale),
        Control.ADAPTATION_DECAY: rng.choice([0, 700, 9_000, DECAY_ALL]),
    }
    regions[Region.CONTROL] = np.array([control[item] for item in controls(config)])
    return regions


def _full_range(region: Region, config: CoreConfig, rng: np.random.Generator) -> Ints:
    """Uniform over the range of the region, with a good share at either end and at zero."""
    shape = layout(region, config)
    low, high = shape.range
    size = (shape.rows, shape.columns) if shape.rows > 1 else shape.columns
    values = rng.integers(low, high, size, endpoint=True)
    ends = rng.choice([low, high, 0], size)
    return np.where(rng.random(size) < WILD, ends, values)


def _scale(config: CoreConfig) -> int:
    """Size of what a handful of simultaneous spikes adds to a current, or the state range if that is smaller."""
    handful = min(config.axons, 4)
    return int(min(handful * config.weight_range[1], config.state_range[1] // 4))


def _random_stimulus(config: CoreConfig, rng: np.random.Generator, steps: int) -> EventStream:
    # From silence, which may last, to every axon at once.
    density = np.where(rng.random(steps) < 0.3, 0.0, rng.choice([0.02, 0.1, 0.3, 1.0], steps, p=[0.3, 0.4, 0.25, 0.05]))
    spikes = rng.random((steps, config.inputs)) < density[:, None]
    inject = np.zeros((steps, config.neurons), np.int64)
    chosen = (rng.random(inject.shape) < 0.05) & (rng.random(steps) < 0.3)[:, None]
    scale = _scale(config)
    inject[chosen] = rng.integers(-scale, scale, int(chosen.sum()), endpoint=True)
    wild = chosen & (rng.random(inject.shape) < WILD)
    # The wire carries 24 bits, and more than the state has are cut off by the chip.
    inject[wild] = rng.integers(-(1 << 23), 1 << 23, int(wild.sum()))
    clear_steps = np.flatnonzero(rng.random(steps) < 0.02)
    return EventStream.from_dense(spikes, inject, clear_steps)
