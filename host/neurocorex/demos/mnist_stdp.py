"""MNIST learned by STDP on the chip, with a teacher: 196 or 784 inputs, several neurons for each of 10 classes.

The way of learning is that of `neurocorex.demos.teacher`, the images are those of `neurocorex.demos.mnist`.
"""

from __future__ import annotations

from . import mnist
from .teacher import Settings, learn

__all__ = ["EPOCHS", "PER_CLASS", "WARP", "learn", "settings"]

PER_CLASS, EPOCHS, WARP = 40, 20, 0.6


def settings(size: int = mnist.SIZES[0], per_class: int = PER_CLASS, epochs: int = EPOCHS) -> Settings:
    """Return the settings for images of a size, 14 or 28.

    Bias and changes are large enough for the weights to use most of their 8 bits. Images of 28 have four times the
    spikes of those of 14, so the membranes rise four times as fast.
    """
    return Settings(
        inputs=size * size, per_class=per_class, spikes=mnist.SPIKES, bias=256 * (size // 14) ** 2, rise=40, late=28,
        epochs=epochs, batch=32, potentiation=1.0, depression=-1.06, decay=1.0, margin=4, rest=3, conscience=1.0,
        spread=40, opening=16.0, average=6,
    )  # fmt: skip
