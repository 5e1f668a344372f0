"""Summary of a result for a notebook: how long, how many spikes, at which rates, and what else was recorded."""

from __future__ import annotations

import numpy as np

from ..notebook import Card
from .resultdata import ResultData


def card_of(result: ResultData) -> Card:
    """Return the card of a result."""
    samples = 1 if result.samples is None else result.samples
    length = f"{result.steps} steps of {result.dt_ms:g} ms"
    rows: list[tuple[str, object]] = [
        ("length", length if result.samples is None else f"{samples} samples of {length}"),
        ("spikes", _spikes(result)),
    ]
    if result.stopped_at is not None:
        rows.append(("stopped", f"after {result.stopped_at} steps, before the end of the run"))
    recorded = result.spikes_of.size
    seconds = samples * result.steps * result.dt_ms / 1000
    if recorded and seconds:
        rates = result.spike_counts.reshape(samples, -1).sum(axis=0)[result.spikes_of] / seconds
        rows += [
            ("rate of a neuron", f"{rates.mean():.4g} Hz in the mean, {rates.min():.4g} to {rates.max():.4g} Hz"),
            ("silent", f"{np.count_nonzero(rates == 0)} of {recorded} neurons"),
        ]
    if result.v_neurons.size:
        rows.append(("membranes", f"of {result.v_neurons.size} neurons"))
    if result.i_neurons.size:
        rows.append(("currents", f"of {result.i_neurons.size} neurons"))
    if result.first_items is not None:
        known = result.first_items[result.first_items >= 0]
        rows.append(
            ("first spikes", f"{known.size}, at steps {known.min()} to {known.max()}" if known.size else "none")
        )
    if result.winner_items is not None:
        won = result.winner_items.reshape(-1)
        rows.append(
            ("winners", f"{np.unique(won[won >= 0]).size} neurons in {np.count_nonzero(won >= 0)} of {won.size}")
        )
    if result.weight_steps.size:
        rows.append(("weights", f"read {result.weight_steps.size} times"))
    rows.append(("units", f"of the {result.units}"))
    if result.link is not None:
        rows.append(("link", str(result.link)))
    return Card("Result", rows, [("counters", [f"{name}: {count}" for name, count in result.counters.items()])])


def kept_of(result: ResultData) -> list[str]:
    """Return what was recorded besides spikes and membranes, in words."""
    found = [f"currents of {result.i_neurons.size}"] * bool(result.i_neurons.size)
    found += ["first steps"] * (result.first_items is not None)
    if result.winner_items is not None:
        winner = result.winner_items
        found.append("winners" if winner.ndim else f"winner {winner}" if winner >= 0 else "no winner")
    return found


def _spikes(result: ResultData) -> str:
    recorded = result.spikes_of.size
    if not recorded:
        return "not recorded"
    some = "" if recorded == result.neurons else f"{recorded} of "
    only = "" if result.has_raster else ", only counted"
    return f"{int(result.spike_counts.sum())} of {some}{result.neurons} neurons{only}"
