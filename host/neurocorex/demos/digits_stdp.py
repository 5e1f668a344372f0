"""Digits learned by STDP on the chip, with a teacher: 64 inputs, 9 neurons for each of 10 classes, 8-bit weights.

The way of learning is that of `neurocorex.demos.teacher`, with 4 spikes for a white pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..network.network import Network
from ..progress import Wanted
from . import teacher
from .answers import Learned
from .samples import Samples
from .teacher import Settings

if TYPE_CHECKING:
    from ..device.device import Device

#: Chosen by cross-validation on the training images.
SETTINGS = Settings(
    inputs=64, per_class=9, spikes=4, bias=128, rise=18, late=10, epochs=40, batch=16,
    potentiation=0.25, depression=-0.265, decay=1.0, margin=4, rest=4, conscience=0.5, spread=10, opening=0.0,
)  # fmt: skip
NEURONS = SETTINGS.neurons


def build(seed: int = 0) -> Network:
    """Return the untrained network: random weights, all plastic."""
    return teacher.build(SETTINGS, seed)


def learn(
    device: Device,
    *,
    seed: int = 0,
    images: int | None = None,
    settings: Settings = SETTINGS,
    progress: Wanted = None,
) -> Learned:
    """Teach a device the training images, and test it; see `teacher.learn`.

    `images` is the largest number of training images and of test images; by default all 1203 and 594.

    Raises
    ------
    MissingToolError
        If scikit-learn, which brings the images, is not installed.
    """
    from .digits import load_data

    samples = Samples.of(load_data(), settings.spikes, images)
    return teacher.learn(device, samples, settings, seed=seed, progress=progress)
