"""Corrections of a quantiser's report: what looks like a mistake in other networks, but is meant in an imported one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...network.population import named
from ...quantiser.report import Report
from .blueprint import CLOCK
from .places import Places

#: How the quantiser says that neurons never fire, or never stop.
MUTE, RESTLESS = " can never fire", " will fire without any input"
#: How it begins what the importer says with the names of nodes.
COARSE = ("weights onto ", "all weights onto ")


def corrected(report: Report, places: Places, losses: Iterable[str] = (), pacemakers: Iterable[int] = ()) -> Report:
    """Return a report without false alarms, and with what the importer knows better.

    Neurons that are read by their membrane never fire, neurons of a larger chip that the graph does not use neither,
    and the clock always does: none of them is a mistake.

    Parameters
    ----------
    report : Report
        Of the image of a graph.
    places : Places
        Parts of the graph.
    losses : iterable of str
        Warnings about weights by the names of nodes, which come first.
    pacemakers : iterable of int
        Neurons that the graph means to fire without input.
    """
    losses = list(losses)
    firing = {
        neuron for name, place in places.layers.items() if not place.silent and name != CLOCK
        for neuron in place.neurons.tolist()
    }  # fmt: skip
    mute = [neuron for neuron in report.never_fire if neuron in firing]
    restless = [neuron for neuron in report.never_silent if neuron in firing.difference(pacemakers)]
    undriven = set(getattr(report, "undriven", ()))
    warned = {MUTE: [neuron for neuron in mute if neuron not in undriven], RESTLESS: restless}
    warnings = list(losses)
    for text in report.warnings:
        known = next((phrase for phrase in warned if phrase in text), None)
        if known is not None:
            if warned[known]:
                warnings.append(named(warned[known]) + text[text.index(known) :])
        elif not (losses and text.startswith(COARSE)):
            warnings.append(text)
    return replace(report, never_fire=mute, never_silent=restless, warnings=warnings)
