"""History of a run without an end: totals that are exact, and rings of what came last, for pictures."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

#: Columns of the raster, rows at most, and bins of the rates.
COLUMNS, ROWS, BINS = 500, 512, 100
#: Length of a bin of the rates, in milliseconds of the network.
BIN_MS = 100.0

Floats = npt.NDArray[np.float32]
Number = TypeVar("Number", bound=np.generic)


class Raster(NamedTuple):
    """Picture of the last spikes.

    Attributes
    ----------
    cells : uint8 array [rows, columns]
        1 where a neuron of this row fired in this column, else 0; the last column is that of the newest step.
    steps : int
        Steps until now.
    """

    cells: npt.NDArray[np.uint8]
    steps: int


class Rates(NamedTuple):
    """Mean rates of the last whole bins, in spikes per second: of a neuron and of an input, float32 [bins] each.

    `end_s` is the time at the end of the last one, in seconds of the network.
    """

    neurons: Floats
    inputs: Floats
    end_s: float


class Totals(NamedTuple):
    """Everything since the start, exactly.

    Attributes
    ----------
    steps, spikes, input_spikes : int
        Steps, spikes of all neurons, and spikes of all inputs.
    counts : int64 array [neurons]
        Spikes of each neuron.
    """

    steps: int
    spikes: int
    input_spikes: int
    counts: npt.NDArray[np.int64]


class History:
    """What a runner has seen: added by its thread, and copied by any other.

    It has a fixed size, and nothing is kept for whoever looks: someone who looks seldom misses pictures, and the totals
    are exact whether anybody looks or not.

    Parameters
    ----------
    neurons, inputs : int
        Of the network.
    dt_ms : float
        Length of a step in milliseconds.
    membranes : int
        Neurons whose membranes are recorded.
    window_ms : float
        Time that the raster and the membranes show; at least one step for each of the 500 columns.
    """

    def __init__(
        self, neurons: int, inputs: int, dt_ms: float, *, membranes: int = 0, window_ms: float = 1000.0
    ) -> None:
        self.neurons, self.inputs, self.dt_ms = neurons, inputs, dt_ms
        self.rows = min(neurons, ROWS)
        self.steps_per_column = max(round(window_ms / dt_ms / COLUMNS), 1)
        self.steps_per_bin = max(round(BIN_MS / dt_ms), 1)
        self.window_ms = COLUMNS * self.steps_per_column * dt_ms
        self._lock = threading.Lock()
        self._cells = np.zeros((self.rows, COLUMNS), np.uint8)
        self._membranes = np.full((membranes, COLUMNS), np.nan, np.float32)
        self._rates = np.zeros((2, BINS + 1), np.int64)
        self._counts = np.zeros(neurons, np.int64)
        self._steps = self._input_spikes = 0

    def add(
        self,
        steps: int,
        times: npt.NDArray[np.int64],
        neurons: npt.NDArray[np.int64],
        membranes: npt.NDArray[np.float64],
        input_times: npt.NDArray[np.int64],
    ) -> None:
        """Add the next steps.

        Parameters
        ----------
        steps : int
            How many.
        times, neurons : int64 array [E]
            Step, counted from 0 in these steps, and neuron of each spike.
        membranes : float64 array [steps, K]
            Membranes at the end of each step.
        input_times : int64 array [I]
            Step of each input spike.
        """
        with self._lock:
            start, end = self._steps, self._steps + steps
            self._counts += np.bincount(neurons, minlength=self.neurons)
            self._input_spikes += input_times.size
            _renew(self._cells, start, end, self.steps_per_column, 0)
            _renew(self._membranes, start, end, self.steps_per_column, np.nan)
            _renew(self._rates, start, end, self.steps_per_bin, 0)
            oldest = (end - 1) // self.steps_per_column - COLUMNS + 1
            columns = (start + times) // self.steps_per_column
            rows = neurons * self.rows // self.neurons
            self._cells[rows[columns >= oldest], columns[columns >= oldest] % COLUMNS] = 1
            for row, those in zip(self._rates, (times, input_times), strict=True):
                bins = (start + those) // self.steps_per_bin
                np.add.at(row, bins[bins > (end - 1) // self.steps_per_bin - row.size] % row.size, 1)
            first = max(start, oldest * self.steps_per_column)
            # Of several steps in a column NumPy keeps the last.
            self._membranes[:, np.arange(first, end) // self.steps_per_column % COLUMNS] = membranes[first - start :].T
            self._steps = end

    def raster(self) -> Raster:
        """Copy the picture of the last spikes."""
        with self._lock:
            return Raster(_unrolled(self._cells, max(self._steps - 1, 0) // self.steps_per_column), self._steps)

    def membranes(self) -> Floats:
        """Copy the last membranes, float32 [K, columns], in the columns of the raster; NaN before the start."""
        with self._lock:
            return _unrolled(self._membranes, max(self._steps - 1, 0) // self.steps_per_column)

    def rates(self) -> Rates:
        """Copy the rates of the last whole bins."""
        with self._lock:
            present = self._steps // self.steps_per_bin
            neurons, inputs = _unrolled(self._rates, present)[:, :-1] * (1000.0 / (self.steps_per_bin * self.dt_ms))
        end_s = present * self.steps_per_bin * self.dt_ms / 1000.0
        return Rates(
            (neurons / max(self.neurons, 1)).astype(np.float32),
            (inputs / max(self.inputs, 1)).astype(np.float32),
            end_s,
        )

    def totals(self) -> Totals:
        """Copy the totals."""
        with self._lock:
            return Totals(self._steps, int(self._counts.sum()), self._input_spikes, self._counts.copy())


def _renew(ring: npt.NDArray[Any], start: int, end: int, steps: int, value: float) -> None:
    """Empty the places of a ring, each of so many steps, that begin between two steps."""
    first, size = -(-start // steps), ring.shape[1]
    begun = np.arange(max(first, -(-end // steps) - size), -(-end // steps))
    ring[:, begun % size] = value


def _unrolled(ring: npt.NDArray[Number], last: int) -> npt.NDArray[Number]:
    """Copy a ring so that the place with this number comes last."""
    return np.roll(ring, -(last + 1) % ring.shape[1], axis=1)
