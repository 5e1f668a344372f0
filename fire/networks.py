"""Small chips of every kind of learning, and images and results of them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import neurocorex as ncx
import numpy as np
from neurocorex.check.trial import Trial
from neurocorex.image import Image, program_regions
from neurocorex.spec import CoreConfig, Learning
from numpy.typing import NDArray

from .campaign import SkippedError

#: One chip without learning, one of each kind.
LEARNING = (
    CoreConfig(neurons=7, inputs=5, lanes=2, state_bits=18, max_delay=4, frame_bytes=64),
    CoreConfig(
        neurons=6, inputs=4, lanes=2, learning=Learning.EXPONENTIAL, soft_bounds=True, extra_axons=3, max_delay=4,
        frame_bytes=64,
    ),
    CoreConfig(
        neurons=5, inputs=3, lanes=1, weight_bits=16, adaptation=False, learning=Learning.WINDOW, window_steps=3,
        extra_axons=2, max_delay=4, frame_bytes=64,
    ),
)  # fmt: skip


@functools.cache
def image_of(config: CoreConfig, seed: int) -> Image:
    """Return the image of a random network."""
    whole = Trial.random(config, seed, 1).image
    return Image(config, {region: whole.regions[region] for region in program_regions(config)}, 2.0, {"dt_ms": 0.5})


@functools.cache
def spikes_of(config: CoreConfig, *shape: int) -> NDArray[np.bool_]:
    """Return a stimulus of (steps) or (samples, steps)."""
    return np.random.default_rng(1).random((*shape, config.inputs)) < 0.3


@functools.cache
def result_of(record: Sequence[str], snapshot_every: int | None = None) -> ncx.Result:
    """Return the result of a short run of a chip that learns."""
    trial = Trial.random(LEARNING[1], 1, 12)
    with ncx.open("emulator", config=LEARNING[1]) as device:
        device.load(trial.image)
        return device.run(spikes=trial.stimulus, record=record, snapshot_every=snapshot_every)


def simulated_chip(config: CoreConfig) -> Path:
    """Return the program of a simulated chip; a case that needs one is skipped where there is none."""
    try:
        from neurocorex_sim.chip import build_chip
    except ImportError as error:
        raise SkippedError(f"needs {error.name}: pip install 'neurocorex[sim]'") from None
    return build_chip(config)
