"""Picture of a network that learned by errors: fields of its first layer, accuracy by epoch, and confusion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .answers import CLASSES
from .hidden import Beside

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(outcome: Beside, title: str | None = None) -> Figure:
    """Draw what a network has learned from square images, and how, beside the one with a frozen hidden layer.

    Above the field of a hidden neuron stands the class whose output it excites most.

    Parameters
    ----------
    outcome : Beside
        Of `hidden.learn`; without curves there is no learning curve.
    title : str, optional
        Heading, such as where the images are from.

    Raises
    ------
    MissingToolError
        If matplotlib is not installed.
    """
    from .. import plot
    from ..plot.canvas import new_figure

    learned = outcome.learned
    hidden, pixels = learned.neurons - CLASSES, learned.inputs - CLASSES
    to_outputs = learned.weights[learned.inputs : learned.inputs + hidden, hidden:]
    names = np.argmax(to_outputs, axis=1) if hidden else np.arange(CLASSES)
    drivers = hidden or CLASSES
    figure = new_figure(13.5, 7.4, title)
    grid = figure.add_gridspec(3, 2)
    shape = (math.isqrt(pixels), math.isqrt(pixels))
    fields = learned.weights[:pixels, :drivers]
    above = "receptive fields, the class that each excites most above it" if hidden else None
    plot.fields(fields, shape=shape, labels=names, ax=figure.add_subplot(grid[:, 0]), title=above)
    if learned.curve:
        curves = {"all layers learn" if outcome.frozen else "": learned.curve}
        if outcome.frozen is not None:
            curves["hidden layer frozen"] = outcome.frozen.curve
        told = "images to learn, each asked before it was learned"
        plot.learning_curve(curves, chance=1 / CLASSES, ax=figure.add_subplot(grid[0, 1]), title=told)
    below = figure.add_subplot(grid[1 if learned.curve else 0 :, 1])
    digits = [str(digit) for digit in range(CLASSES)]
    plot.confusion(learned.labels, learned.predictions, classes=digits, ax=below, title="test images")
    return figure
