"""Terminal scope: a small raster and the rates of a run, drawn in place while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ..events.stream import EventStream
from .history import COLUMNS, History

#: Rows and columns of the raster in characters, and pictures in a second.
ROWS, WIDTH, REFRESH = 16, 100, 5
#: Parts of a character's cells with a spike, in fifths and up, and heights of the rates.
_SHADES, _BARS = " ░▒▓█", " ▁▂▃▄▅▆▇█"


class TerminalScope:
    """Small raster and rates of one run; its `watch` is for `Device.run`.

    Parameters
    ----------
    neurons, steps : int
        Of the network, and of the run.
    dt_ms : float
        Length of a step in milliseconds.
    """

    def __init__(self, neurons: int, steps: int, dt_ms: float = 1.0) -> None:
        self._steps, self._dt_ms = steps, dt_ms
        self.history = History(neurons, 0, dt_ms)
        self._none = np.empty(0, np.int64)

    def watch(self, _start: int, results: EventStream) -> None:
        """Take the next results."""
        nothing = np.empty((results.steps, 0))
        self.history.add(results.steps, results.event_step, results.event_index, nothing, self._none)

    def __rich__(self) -> Group:
        """Return the present picture."""
        totals, rates = self.history.totals(), self.history.rates()
        window = f"{self.history.window_ms:g} ms"
        mean = 1000.0 * totals.spikes / max(totals.steps * self._dt_ms * self.history.neurons, 1e-9)
        head = f"step {totals.steps:,} of {self._steps:,}, {totals.spikes:,} spikes, {mean:.1f} spikes/s of a neuron"
        peak = float(rates.neurons.max())
        bars = "".join(_BARS[round(8 * float(rate) / max(peak, 1e-9))] for rate in rates.neurons)
        lines = [Text(head, "bold"), *(Text(line, "cyan") for line in self._raster())]
        lines.append(
            Text(f"above: the last {window}, neuron 0 at the bottom; below: rates, at most {peak:.1f} spikes/s", "dim")
        )
        return Group(*lines, Text(bars, "green"))

    def _raster(self) -> list[str]:
        """Return the rows of the raster, that of the last neurons first."""
        cells = self.history.raster().cells
        rows = min(ROWS, len(cells))
        edges = np.arange(rows) * len(cells) // rows
        sums = np.add.reduceat(cells.reshape(len(cells), WIDTH, COLUMNS // WIDTH).sum(axis=2, dtype=np.int64), edges, 0)
        sizes = np.diff([*edges, len(cells)])[:, None] * (COLUMNS // WIDTH)
        shades = np.where(sums > 0, np.clip(np.ceil(5 * sums / sizes), 1, 4), 0).astype(np.int64)
        return ["".join(_SHADES[shade] for shade in row) for row in shades[::-1].tolist()]


@contextmanager
def drawing(scope: TerminalScope, console: Console | None = None) -> Iterator[None]:
    """Draw a scope some times a second, and once more at the end, by default on standard error."""
    with Live(scope, console=console or Console(stderr=True), refresh_per_second=REFRESH):
        yield
