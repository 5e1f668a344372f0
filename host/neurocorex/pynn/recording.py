"""Recording of the PyNN backend: spikes and membranes of chosen cells, kept until somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import recording

from . import simulator
from .refusal import ParameterRefusedError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Recorder(recording.Recorder):
    """Recorder of one population.

    Spikes are kept with their cells and steps. Membranes are kept for each cell as pieces, each with the number of the
    sample that it begins with; what lies between pieces was not recorded, and is NaN.
    """

    _simulator = simulator

    def __init__(self, population: Any, file: Any = None) -> None:
        super().__init__(population, file)
        self._clear_simulator()

    def _record(self, variable: Any, new_ids: Any, sampling_interval: float | None = None) -> None:
        if variable.name == "spikes" or sampling_interval is None:
            return
        every = sampling_interval / simulator.state.dt
        if round(every) < 1 or abs(every - round(every)) > 1e-6:
            raise ParameterRefusedError(
                f"sampling_interval must be a multiple of the time step of {simulator.state.dt:g} ms, got "
                f"{sampling_interval!r}"
            )
        self.sampling_interval = round(every) * simulator.state.dt

    def places(self, variable: str) -> Ints:
        """Return the positions in the population of the cells of which a variable is recorded, rising."""
        ids = [int(cell) for each, cells in self.recorded.items() if each.name == variable for cell in cells]
        return np.unique(np.array(ids, np.int64)) - int(self.population.first_id)

    def fresh(self) -> Ints:
        """Return the positions of the cells whose membrane is recorded, but has no sample of this moment."""
        now = simulator.state.step
        return np.array([place for place in self.places("v").tolist() if self._end(place) != now + 1], np.int64)

    def _end(self, place: int) -> int:
        start, samples = self._pieces[place][-1] if place in self._pieces else (0, ())
        return start + len(samples)

    # What a run brings -------------------------------------------------------------------------

    def add_spikes(self, steps: Ints, places: Ints) -> None:
        """Take spikes: the step at whose beginning each is, and the position of its cell."""
        self._spikes.append((steps, places))

    def add_membranes(self, start: int, places: Ints, samples: Floats) -> None:
        """Take membranes [samples, cells] in mV from sample `start` on, which is at the time of that many steps."""
        for column, place in enumerate(places.tolist()):
            self._pieces.setdefault(place, []).append((start, samples[:, column]))

    # What PyNN asks for ------------------------------------------------------------------------

    def _get_spiketimes(self, ids: Iterable[int], clear: bool = False) -> dict[int, Floats]:
        steps, places = self._all_spikes()
        first = int(self.population.first_id)
        return {int(each): np.sort(steps[places == int(each) - first]) * simulator.state.dt for each in ids}

    def _get_all_signals(self, variable: Any, ids: Iterable[int], clear: bool = False) -> tuple[Floats, None]:
        first, every = int(self.population.first_id), round(self.sampling_interval / simulator.state.dt)
        columns = list(ids)
        begin = self._first_sample
        table = np.full((simulator.state.step - begin + 1, len(columns)), np.nan)
        for column, cell in enumerate(columns):
            for start, samples in self._pieces.get(int(cell) - first, ()):
                skipped = max(begin - start, 0)
                table[start + skipped - begin :, column][: len(samples) - skipped] = samples[skipped:]
        return table[::every], None

    def _local_count(self, variable: Any, filter_ids: Any = None) -> dict[int, int]:
        _, places = self._all_spikes()
        counts = np.bincount(places, minlength=self.population.size)
        first = int(self.population.first_id)
        return {int(each): int(counts[int(each) - first]) for each in self.filter_recorded(variable, filter_ids)}

    def _all_spikes(self) -> tuple[Ints, Ints]:
        empty = np.empty(0, np.int64)
        steps, places = (np.concatenate([empty, *(pair[k] for pair in self._spikes)]) for k in (0, 1))
        return steps, places

    def _clear_simulator(self) -> None:
        """Forget what was recorded; the membrane of this moment is the first sample of what follows."""
        self._spikes: list[tuple[Ints, Ints]] = []
        self._first_sample = simulator.state.step
        kept: dict[int, list[tuple[int, Floats]]] = {}
        for place, pieces in getattr(self, "_pieces", {}).items():
            start, samples = pieces[-1]
            if start + len(samples) - 1 == self._first_sample:
                kept[place] = [(self._first_sample, samples[-1:])]
        self._pieces = kept

    def _reset(self) -> None:
        """Record nothing any more."""

    def store_to_cache(self, annotations: Any = None) -> None:
        """Keep what was recorded as a segment, and begin a new one at time 0."""
        super().store_to_cache(annotations)
        self._spikes, self._pieces, self._first_sample = [], {}, 0
