"""Picture of a network that learned classes: receptive fields with the class above each, and confusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .answers import CLASSES, Learned

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(outcome: Learned, *, shape: tuple[int, int] = (8, 8)) -> Figure:
    """Draw what a network of one layer has learned.

    Parameters
    ----------
    outcome : Learned
        Weights, labels and answers. The fact `digits` names the class of each neuron; without it neuron j stands for
        class j % 10.
    shape : (int, int)
        Rows and columns of an image.

    Raises
    ------
    InputError
        If there are fewer inputs than pixels.
    MissingToolError
        If matplotlib is not installed.
    """
    from .. import plot
    from ..plot.canvas import new_figure

    names = outcome.facts.get("digits", np.arange(outcome.weights.shape[1]) % CLASSES)
    figure = new_figure(15, 7.4)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    # The pixels are the first axons; those of neurons follow.
    plot.fields(outcome.weights[: shape[0] * shape[1]], shape=shape, labels=names, axis=left)
    digits = [str(digit) for digit in range(CLASSES)]
    plot.confusion(outcome.labels, outcome.predictions, classes=digits, axis=right, title="test images")
    return figure
