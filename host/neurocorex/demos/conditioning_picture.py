"""Picture of conditioning: answers to both cues by block of the session, and the weights that it left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .conditioning import CUES, Conditioned, Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(outcome: Conditioned, settings: Settings, title: str | None = None) -> Figure:
    """Draw the learning curve of both cues, and the weights of their inputs onto all neurons.

    Parameters
    ----------
    outcome : Conditioned
        Of `conditioning.learn`.
    settings : Settings
        With which it was made.
    title : str, optional
        Heading.

    Raises
    ------
    MissingToolError
        If matplotlib is not installed.
    """
    from ..plot.canvas import COLOURS, new_figure, whole_numbers

    figure = new_figure(10, 3.8, title)
    curves, held = figure.subplots(1, 2)
    names = {"pays": f"{CUES[outcome.pays]}, which pays", "other": CUES[1 - outcome.pays]}
    for colour, (name, values) in zip(COLOURS, outcome.curve.items(), strict=False):
        at = settings.block * np.arange(1, len(values) + 1)
        curves.plot(at, values, color=colour, marker="o", markersize=3, label=names[name])
        cue = outcome.pays if name == "pays" else 1 - outcome.pays
        first = cue * settings.per_cue
        weights = np.sort(outcome.weights[first : first + settings.per_cue, : settings.neurons].ravel())
        held.plot(weights, np.linspace(0, 1, weights.size), color=colour, label=names[name])
    curves.set(xlabel="cues", ylabel="spikes of a neuron in answer", title="answers")
    curves.set_ylim(bottom=0)
    whole_numbers(curves.xaxis)
    held.set(xlabel="weight (units of the chip)", ylabel="share of synapses below", title="weights in the end")
    for axis in (curves, held):
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False)
    return figure
