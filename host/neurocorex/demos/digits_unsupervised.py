"""Digits learned by STDP on the chip, without a teacher: 64 inputs, 96 neurons that compete.

The way of learning is that of `neurocorex.demos.competition`, with 4 spikes for a white pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..progress import Wanted
from . import competition
from .answers import Learned
from .competition import Settings
from .samples import Samples

if TYPE_CHECKING:
    from ..device.device import Device

#: Chosen by cross-validation on the training images.
SETTINGS = Settings(
    inputs=64, neurons=96, spikes=4, bias=128, rise=32, late=20,
    epochs=8, rate=12.0, decay=0.125, fatigue=300, opening=0.0, named_only=False,
)  # fmt: skip
NEURONS = SETTINGS.neurons


def learn(
    device: Device,
    *,
    seed: int = 0,
    images: int | None = None,
    settings: Settings = SETTINGS,
    progress: Wanted = None,
) -> Learned:
    """Let a device learn the training images without a teacher, and test it; see `competition.learn`.

    `images` is the largest number of training images and of test images; by default all 1203 and 594.

    Raises
    ------
    MissingToolError
        If scikit-learn, which brings the images, is not installed.
    """
    from .digits import load_data

    samples = Samples.of(load_data(), settings.spikes, images)
    return competition.learn(device, samples, settings, seed=seed, progress=progress)
