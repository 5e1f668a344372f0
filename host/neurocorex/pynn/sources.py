"""Spikes of the sources of the PyNN backend, by steps: given times, and Poisson processes from a seeded generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import SpikeSourceArray
from .refusal import ParameterRefusedError

Ints = NDArray[np.int64]


def checked_times(times: Any, dt_ms: float) -> Ints:
    """Return the steps of given spike times in ms; raises ParameterRefusedError for what cannot be.

    Two spikes in a step are one event of an axon, so they are refused.
    """
    values = np.asarray(times, np.float64)
    wrong = values[~(np.isfinite(values) & (values >= 0))]
    if wrong.size:
        raise ParameterRefusedError(f"spike_times must be 0 ms or more, got {wrong[0]:g}")
    steps = np.rint(values / dt_ms).astype(np.int64)
    at = np.flatnonzero(np.diff(values) < 0)
    if at.size:
        raise ParameterRefusedError(
            f"spike_times must rise, got {values[at[0] + 1]:g} after {values[at[0]]:g} ms; sort them first"
        )
    at = np.flatnonzero(np.diff(steps) == 0)
    if at.size:
        raise ParameterRefusedError(
            f"spike_times {values[at[0]]:g} and {values[at[0] + 1]:g} ms fall into one step of {dt_ms:g} ms, and a "
            "source spikes at most once in a step; take a smaller timestep, or a second source"
        )
    return steps


def check_rates(rates: Any, dt_ms: float) -> None:
    """Raise ParameterRefusedError for rates in Hz that a step has no room for."""
    values = np.asarray(rates, np.float64)
    most = 1000.0 / dt_ms
    wrong = values[~((values >= 0) & (values <= most))]
    if wrong.size:
        raise ParameterRefusedError(
            f"rate must be 0 to {most:g} Hz with steps of {dt_ms:g} ms, got {wrong[0]:g}: a source spikes at most once "
            "in a step; take a smaller timestep, or several sources"
        )


class Emitter:
    """Spikes of one population of sources, made as time goes on.

    Parameters
    ----------
    population : Population
        Of sources.
    seed : sequence of int
        Of its random generator, which goes on after a reset.
    """

    def __init__(self, population: Any, seed: Sequence[int]) -> None:
        self._population = population
        self._random = np.random.default_rng(list(seed))
        self.restart()

    def restart(self) -> None:
        """Forget all spikes."""
        self.steps, self.cells = np.empty(0, np.int64), np.empty(0, np.int64)

    def emit(self, start: int, count: int, dt_ms: float) -> tuple[Ints, Ints]:
        """Make the spikes of the steps from `start` on, and remember them; return step and cell of each, by step."""
        parameters, size = self._population.parameters, self._population.size
        if isinstance(self._population.celltype, SpikeSourceArray):
            found = [checked_times(times.value, dt_ms) for times in parameters["spike_times"]]
            step = np.concatenate([np.empty(0, np.int64), *found])
            cell = np.repeat(np.arange(size), [len(each) for each in found])
            keep = (step >= start) & (step < start + count)
            step, cell = step[keep], cell[keep]
            order = np.lexsort((cell, step))
            step, cell = step[order], cell[order]
        else:
            probability = np.broadcast_to(np.asarray(parameters["rate"], np.float64) * dt_ms / 1000.0, (size,))
            first = np.rint(np.asarray(parameters["start"], np.float64) / dt_ms)
            last = np.rint((np.asarray(parameters["start"], np.float64) + parameters["duration"]) / dt_ms)
            now = np.arange(start, start + count)[:, np.newaxis]
            fires = (self._random.random((count, size)) < probability) & (now >= first) & (now < last)
            step, cell = (each.astype(np.int64) for each in np.nonzero(fires))
            step += start
        self.steps, self.cells = np.concatenate([self.steps, step]), np.concatenate([self.cells, cell])
        return step, cell

    def forget_before(self, step: int) -> None:
        """Forget spikes before a step, of which all have arrived."""
        keep = self.steps >= step
        self.steps, self.cells = self.steps[keep], self.cells[keep]
