"""Injected currents of the PyNN backend: the sum of the sources of each neuron, as events of a stimulus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .blueprint import Cells
from .simulator import State

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Injection:
    """Currents of all sources of a network.

    What is injected adds to the synaptic current, which fades. So a current that stays is injected once, and after that
    as much as has faded.

    Parameters
    ----------
    state : State
        With the current sources.
    cells : Cells
        All neurons.
    before : Injection, optional
        That of the network before, whose currents still flow.

    Attributes
    ----------
    largest : float array [N]
        Bound of what is injected in a step, in units of the network.
    """

    def __init__(self, state: State, cells: Cells, before: Injection | None) -> None:
        self._state, self._per_na = state, cells.per_na
        self._flowing_na = np.zeros(cells.count)
        if before is not None:
            self._flowing_na[: len(before._flowing_na)] = before._flowing_na
        bounds = np.zeros(cells.count)
        for source in state.current_sources:
            np.add.at(bounds, np.array(source.neurons, np.int64), source.bound())
        self.largest = 2 * bounds * cells.per_na  # a current that turns its sign takes twice of it
        self._scales, self._decay = np.ones(cells.count), np.zeros(cells.count, np.int64)

    def scale(self, scales: Floats, decay: NDArray[np.integer]) -> None:
        """Take the scale of each neuron, and the decay of its current in 1/65536 a step, as the chip has them."""
        self._scales, self._decay = scales, decay.astype(np.int64)

    def events(self, start: int, count: int) -> tuple[Ints, Ints, Ints]:
        """Return step, neuron and value of all currents that are injected in some steps."""
        sources = [source for source in self._state.current_sources if source.neurons]
        if not sources and not self._flowing_na.any():
            return (np.empty(0, np.int64),) * 3
        wanted = np.zeros((count + 1, len(self._scales)))
        wanted[0] = self._flowing_na
        for source in sources:
            waveform = source.currents(start, count)
            for neuron in source.neurons:
                wanted[1:, neuron] += waveform
        self._flowing_na = wanted[-1].copy()
        items = np.rint(wanted * self._per_na * self._scales).astype(np.int64)
        injected = items[1:] - self._faded(items[:-1])
        step, neuron = np.nonzero(injected)
        return step.astype(np.int64), neuron.astype(np.int64), injected[step, neuron]

    def _faded(self, items: Ints) -> Ints:
        """Return what a chip leaves of currents after a step: `shrink` of docs/model.md."""
        size = np.abs(items)
        left = size - -(-size * self._decay // 65536)
        return np.asarray(np.sign(items) * np.where(self._decay == 65535, 0, left))
