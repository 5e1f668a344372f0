"""Figures of the page: raster, rates, membranes, weights and their histogram; each is told to draw what is new."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from bokeh.models import ColumnDataSource, LinearColorMapper, Range1d
from bokeh.models.annotations import Title
from bokeh.plotting import figure

from .history import BIN_MS, BINS, COLUMNS
from .runner import Runner
from .status import WeightTable

INK, FAINT, PAPER = "#1f3b63", "#8a94a3", "#ffffff"
#: Distinguishable without colour vision, after Okabe and Ito.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: Rows and columns of the picture of the weights at most, and bars of the histogram.
SIDE, BARS = 256, 40
#: Colours of the weights from below zero over zero to above.
BELOW, ABOVE = (213, 94, 0), (0, 114, 178)


class Panel(Protocol):
    """Figure that is told to draw what is new."""

    plot: Any

    def update(self) -> None:
        """Draw what is new; nothing if there is nothing."""


class RasterPanel:
    """Raster of all neurons, as one image of fixed size and ranges: nothing else of it is laid out or drawn again.

    Attributes
    ----------
    number : int
        Pictures that were sent.
    """

    def __init__(self, runner: Runner, width: int, height: int) -> None:
        self._history = runner.history
        window = self._history.window_ms
        empty = np.zeros((self._history.rows, COLUMNS), np.uint8)
        self.source = ColumnDataSource({"image": [empty], "number": [0]}, name="spikes")
        self.plot = _plot("raster", "Spikes", width, height, "time before now (ms)", "neuron")
        self.plot.x_range = _span(-window, 0)
        self.plot.y_range = _span(0, self._history.neurons)
        self.plot.image(
            "image", x=-window, y=0, dw=window, dh=self._history.neurons, source=self.source,
            color_mapper=LinearColorMapper(palette=[PAPER, INK], low=0, high=1),
        )  # fmt: skip
        self._steps = self.number = 0

    def update(self) -> None:
        """Draw the spikes, if there were steps since the last time."""
        raster = self._history.raster()
        if raster.steps != self._steps:
            self._steps = raster.steps
            self.number += 1
            self.source.data = {"image": [raster.cells], "number": [self.number]}


class RatePanel:
    """Mean rates of neurons and of inputs over the last seconds."""

    def __init__(self, runner: Runner, width: int, height: int) -> None:
        self._history = runner.history
        self._time = np.arange(-BINS + 0.5, 0) * (self._history.steps_per_bin * self._history.dt_ms / 1000.0)
        self._end_s = -1.0
        self.source = ColumnDataSource(self._data(np.zeros(BINS), np.zeros(BINS)), name="rates")
        self.plot = _plot("rates", f"Rates, each {BIN_MS:g} ms", width, height, "time before now (s)", "spikes/s")
        self.plot.x_range = _span(round(float(self._time[0])), 0)
        self.plot.y_range = _span(0, 10)
        self.plot.line("time", "inputs", source=self.source, color=FAINT, line_width=1.5, legend_label="an input")
        self.plot.line("time", "neurons", source=self.source, color=INK, line_width=2, legend_label="a neuron")
        _plain_legend(self.plot)

    def update(self) -> None:
        """Draw the rates, if a bin has come."""
        rates = self._history.rates()
        if rates.end_s != self._end_s:
            self._end_s = rates.end_s
            self.source.data = self._data(rates.neurons, rates.inputs)
            _reach(self.plot.y_range, 0.0, float(max(rates.neurons.max(), rates.inputs.max())))

    def _data(self, neurons: npt.NDArray[Any], inputs: npt.NDArray[Any]) -> dict[str, Any]:
        return {"time": self._time, "neurons": neurons, "inputs": inputs}


class MembranePanel:
    """Membranes of some neurons, in the window of the raster."""

    def __init__(self, runner: Runner, width: int, height: int) -> None:
        self._history, chosen = runner.history, runner.settings.membranes
        window = self._history.window_ms
        self._time = np.linspace(-window, 0, COLUMNS, endpoint=False)
        self.plot = _plot("membranes", "Membranes", width, height, "time before now (ms)", f"v ({runner.units} units)")
        self.plot.x_range = _span(-window, 0)
        self.plot.y_range = _span(0, 1e-6)
        empty = np.full((len(chosen), COLUMNS), np.nan, np.float32)
        self.source = ColumnDataSource(self._data(empty), name="membranes")
        for place, neuron in enumerate(chosen):
            colour = COLOURS[place % len(COLOURS)]
            self.plot.line("time", f"v{place}", source=self.source, color=colour, legend_label=f"neuron {neuron}")
        _plain_legend(self.plot)

    def update(self) -> None:
        """Draw the membranes."""
        membranes = self._history.membranes()
        if not np.isfinite(membranes).any():
            return
        self.source.data = self._data(membranes)
        _reach(self.plot.y_range, float(np.nanmin(membranes)), float(np.nanmax(membranes)))

    def _data(self, membranes: npt.NDArray[Any]) -> dict[str, Any]:
        return {"time": self._time, **{f"v{place}": row for place, row in enumerate(membranes)}}


class WeightPanel:
    """Weights of all axons onto all neurons, as they were read last; large ones are thinned out."""

    def __init__(self, runner: Runner, width: int, height: int) -> None:
        self._runner = runner
        self._last: WeightTable | None = None
        self.source = ColumnDataSource({"image": [np.zeros((1, 1), np.uint32)], "dh": [1]}, name="weights")
        self.plot = _plot(
            "weights",
            "Weights, above 0 blue, below orange",
            width,
            height,
            "onto neuron",
            "axon (inputs, then neurons)",
        )
        self.plot.x_range, self.plot.y_range = _span(0, runner.history.neurons), _span(1, 0)
        self.plot.image_rgba("image", x=0, y=0, dw=runner.history.neurons, dh="dh", source=self.source)

    def update(self) -> None:
        """Draw the weights, if they were read since the last time."""
        table = self._runner.weights
        if table is None or table is self._last:
            return
        axons = len(table.values)
        if self._last is None:
            self.plot.y_range.start = axons
        self._last = table
        self.source.data = {"image": [coloured(_thinned(table.values))], "dh": [axons]}


class HistogramPanel:
    """Histogram of the weights that learn, or of all where none does."""

    def __init__(self, runner: Runner, width: int, height: int) -> None:
        self._runner = runner
        self._last: WeightTable | None = None
        self.source = ColumnDataSource({"left": [0.0], "right": [1.0], "top": [0]}, name="histogram")
        self.plot = _plot("histogram", "Plastic weights", width, height, f"weight ({runner.units} units)", "synapses")
        self.plot.x_range, self.plot.y_range = _span(0, 1e-6), _span(0, 10)
        self.plot.quad("left", "right", "top", 0, source=self.source, fill_color=COLOURS[0], line_color=PAPER)

    def update(self) -> None:
        """Draw the histogram, if the weights were read since the last time."""
        table = self._runner.weights
        if table is None or table is self._last:
            return
        if self._last is None and not table.plastic.any():
            self.plot.title.text = "Weights that are not 0"
        self._last = table
        shown = table.shown
        if not shown.size:
            return
        _reach(self.plot.x_range, float(shown.min()), float(shown.max()))
        counts, edges = np.histogram(shown, BARS, (self.plot.x_range.start, self.plot.x_range.end))
        self.source.data = {"left": edges[:-1], "right": edges[1:], "top": counts}
        _reach(self.plot.y_range, 0.0, float(counts.max()))


def coloured(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    """Return RGBA pixels: white for 0, blue above and orange below it, by the square root of the strongest's part.

    The root keeps weak weights visible beside strong ones, such as excitation beside strong inhibition.
    """
    part = np.sign(weights) * np.sqrt(np.abs(weights) / max(np.abs(weights).max(initial=0.0), 1e-12))
    pixels = np.full((*weights.shape, 4), 255, np.uint8)
    full = np.where(part[..., None] >= 0, ABOVE, BELOW)
    pixels[..., :3] = 255 - np.abs(part)[..., None] * (255 - full)
    return pixels.view(np.uint32)[..., 0]


def _thinned(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a picture of at most `SIDE` rows and columns: of the weights in a cell the one farthest from 0."""
    for axis in (0, 1):
        cells = -(-weights.shape[axis] // SIDE)
        if cells > 1:
            starts = np.arange(0, weights.shape[axis], cells)
            high, low = np.maximum.reduceat(weights, starts, axis), np.minimum.reduceat(weights, starts, axis)
            weights = np.where(high >= -low, high, low)
    return weights


def _plot(name: str, title: str, width: int, height: int, x_label: str, y_label: str) -> Any:
    plot = figure(
        name=name, width=width, height=height, toolbar_location=None, tools="", x_axis_label=x_label,
        y_axis_label=y_label, background_fill_color=PAPER, border_fill_color=PAPER, outline_line_color="#d5dae1",
    )  # fmt: skip
    plot.title = Title(text=title, text_color=INK, text_font_size="13px")
    plot.grid.grid_line_color = None
    plot.min_border_left, plot.min_border_right = 56, 12
    for axis in (plot.xaxis, plot.yaxis):
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = axis.major_label_text_font_size = "11px"
        axis.axis_line_color = axis.major_tick_line_color = FAINT
        axis.minor_tick_line_color = None
    return plot


def _plain_legend(plot: Any) -> None:
    if not plot.legend:
        return
    plot.legend.location, plot.legend.orientation = "top_left", "horizontal"
    plot.legend.label_text_font_size = "11px"
    plot.legend.border_line_color, plot.legend.background_fill_alpha = None, 0.6
    plot.legend.padding = plot.legend.margin = 2


def _span(start: float, end: float) -> Range1d:
    return Range1d(start=start, end=end)


def _reach(span: Any, low: float, high: float) -> None:
    """Widen a range so that it holds two numbers; a range seldom changes, since axes are laid out anew then."""
    width = max(span.end - span.start, high - low)
    if low < span.start:
        span.start = low - 0.1 * width
    if high > span.end or (span.end > 10 * abs(high) > 0 and span.start >= 0):
        span.end = high + 0.25 * width
