"""Picture of a network that learned classes: receptive fields with the class above each, learning curve, confusion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .answers import CLASSES, Learned

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Neurons from which on the picture is larger.
MANY = 200


def draw(outcome: Learned, title: str | None = None) -> Figure:
    """Draw what a network of one layer has learned from square images.

    The learning curve is left out if it was not measured.

    Parameters
    ----------
    outcome : Learned
        Weights, classes of the neurons, accuracy by epoch, and answers.
    title : str, optional
        Heading, such as where the images are from.

    Raises
    ------
    MissingToolError
        If matplotlib is not installed.
    """
    from .. import plot
    from ..plot.canvas import new_figure

    side = math.isqrt(outcome.inputs)
    # Labels of many fields are too small to read in a small picture.
    width, height = (13.5, 7.4) if outcome.neurons <= MANY else (18, 11)
    figure = new_figure(width, height, title)
    grid = figure.add_gridspec(3, 2)
    # Neurons of one class stand in one column, or in two, if classes go round.
    columns = CLASSES * max(round(math.sqrt(outcome.neurons) / CLASSES), 1)
    # The pixels are the first axons; those of neurons follow.
    weights, shape = outcome.weights[: outcome.inputs], (side, side)
    plot.fields(weights, shape=shape, labels=outcome.names, columns=columns, ax=figure.add_subplot(grid[:, 0]))
    if outcome.curve:
        above = figure.add_subplot(grid[0, 1])
        plot.learning_curve(outcome.curve, chance=1 / CLASSES, ax=above, title="test images, after each epoch")
    below = figure.add_subplot(grid[1 if outcome.curve else 0 :, 1])
    digits = [str(digit) for digit in range(CLASSES)]
    plot.confusion(outcome.labels, outcome.predictions, classes=digits, ax=below, title="test images")
    return figure
