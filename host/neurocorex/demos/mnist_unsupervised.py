"""MNIST learned by STDP on the chip, without a teacher: 196 or 784 inputs, neurons that compete.

The way of learning is that of `neurocorex.demos.competition`, the images are those of `neurocorex.demos.mnist`.
"""

from __future__ import annotations

from . import mnist
from .competition import Settings, learn

__all__ = ["EPOCHS", "NEURONS", "WARP", "learn", "settings"]

NEURONS, EPOCHS, WARP = 400, 8, 0.6
#: Rise of the threshold for each spike, in units of weight, for each neuron that competes: where there are fewer, each
#: fires more often.
FATIGUE = 0.125


def settings(size: int = mnist.SIZES[0], neurons: int = NEURONS, epochs: int = EPOCHS) -> Settings:
    """Return the settings for images of a size, 14 or 28.

    The membranes rise so slowly that neurons which the winner has inhibited do not fire in the same image. Images of 28
    have four times the spikes, so membranes and thresholds rise about four times as fast.
    """
    more = (size // 14) ** 2
    return Settings(
        inputs=size * size, neurons=neurons, spikes=mnist.SPIKES, bias=64 * more, rise=64, late=16,
        epochs=epochs, rate=12.0, decay=0.05, fatigue=max(round(FATIGUE * neurons), 1) * more,
        opening=5.0, named_only=True,
    )  # fmt: skip
