"""Page of the live scope: its layout, and when each of its parts is drawn."""

from __future__ import annotations

import html
import time
from collections.abc import Sequence

from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.models.widgets.markups import Div

from .controls import Controls
from .figures import HistogramPanel, MembranePanel, Panel, RasterPanel, RatePanel, WeightPanel
from .runner import Runner
from .status import Status

#: Milliseconds from one tick to the next, from one raster to the next, and from one of the other parts to the next.
TICK_MS, RASTER_MS, PART_MS = 8, 40, 75
#: Pictures that may be on their way to the browser, so that it has the next one when it has drawn one.
ON_THE_WAY = 6
#: Seconds after which the next one is sent even if the browser says nothing: a page in the background draws nothing.
PATIENCE_S = 2.0
#: Seconds from one text to the next, unless there is news: a browser lays out the whole page for each.
TEXT_S = 1.0
TITLE = "NeuroCoreX live scope"
#: Says, from the next frame on, that the browser has taken a picture; a page that nobody sees has no frames.
_DRAWN = "requestAnimationFrame(() => { drawn.data = {number: cb_obj.data.number} })"


class Page:
    """Page of one browser.

    It sends a raster only if the browser has taken all but a few of those before, so a slow browser misses pictures and
    is not buried under them, and a hidden one gets hardly any. No tick draws two figures.

    Parameters
    ----------
    runner : Runner
        What is shown.
    document : Document
        Of the browser.
    heading : str
        Name of the device, and of the network.
    """

    def __init__(self, runner: Runner, document: Document, heading: str) -> None:
        self._runner, self._heading = runner, heading
        self._controls = Controls(runner)
        self._raster = RasterPanel(runner, 790, 500)
        rates, membranes = RatePanel(runner, 395, 220), MembranePanel(runner, 395, 220)
        weights, histogram = WeightPanel(runner, 470, 360), HistogramPanel(runner, 470, 190)
        self._slow: Sequence[Panel] = (rates, membranes, weights, histogram)
        height = 210 if runner.status().source else 160
        self._text = Div(name="status", width=450, height=height, styles={"font-size": "12px", "line-height": "1.45"})
        self._place = 0
        self._raster_at = self._part_at = self._text_at = 0.0
        self._news: tuple[object, ...] = ()
        self._drawn = ColumnDataSource({"number": [0]}, name="drawn")
        self._raster.source.js_on_change("data", CustomJS(args={"drawn": self._drawn}, code=_DRAWN))
        left = column(self._raster.plot, row(rates.plot, membranes.plot))
        right = column(weights.plot, histogram.plot, self._text)
        document.add_root(column(self._controls.layout, row(left, right, spacing=8), name="scope"))
        document.add_root(self._drawn)
        document.title = TITLE
        self._show_text()

        def begin(_event: object) -> None:
            document.add_periodic_callback(self.tick, TICK_MS)

        document.on_event("document_ready", begin)  # what is sent earlier is part of the page, and never acknowledged

    def tick(self) -> None:
        """Draw the raster, or the next of the other parts, if one of them is due."""
        now = time.monotonic()
        since = now - self._raster_at
        if since >= RASTER_MS / 1000.0 and (not self._behind or since > PATIENCE_S):
            self._raster_at = now
            self._raster.update()
        elif now - self._part_at >= PART_MS / 1000.0:
            self._part_at = now
            self._show_part()

    def _show_part(self) -> None:
        self._place = (self._place + 1) % (len(self._slow) + 1)
        if self._place == len(self._slow):
            self._controls.show()
            self._show_text()
        elif not self._behind:
            self._slow[self._place].update()

    @property
    def _behind(self) -> bool:
        """Whether as many pictures are on their way to the browser as may be."""
        return self._raster.number - int(self._drawn.data["number"][0]) >= ON_THE_WAY

    def _show_text(self) -> None:
        status, now = self._runner.status(), time.monotonic()
        news = (status.message, status.error, status.paused, status.paused and status.totals.steps)
        if news != self._news or now - self._text_at >= TEXT_S:
            self._news, self._text_at = news, now
            self._text.text = status_html(status, self._heading)


def status_html(status: Status, heading: str) -> str:
    """Describe where a run stands, as HTML."""
    steps, counters = max(status.totals.steps, 1), status.counters
    busy, stalls = (counters.get(name, 0) / steps for name in ("busy_cycles", "stall_cycles"))
    share = status.busy_s / status.network_s if status.network_s else 0.0
    rows = [
        ("device", heading),
        ("link", status.link or "not read yet"),
        ("time", f"{status.network_s:,.2f} s of the network, {status.totals.steps:,} steps"),
        ("spikes", f"{status.totals.spikes:,} of neurons, {status.totals.input_spikes:,} of inputs, none left out"),
        *([("events", status.source)] if status.source else []),
        ("core", f"{busy:,.0f} cycles a step, and {stalls:,.0f} waiting for the link"),
        ("pace", f"the chip takes {share:.2g} s for a second of the network, link included"),
        ("last", status.message or "-"),
    ]
    if status.error is not None:
        said = html.escape(f"{type(status.error).__name__}: {status.error}")
        return f'<b style="color:#b00020" id="ended">The run has ended. {said}</b>' + _table(rows)
    return _table(rows)


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(
        f'<tr><td style="color:#6b7480;padding-right:10px">{name}</td><td>{html.escape(text)}</td></tr>'
        for name, text in rows
    )
    return f"<table>{cells}</table>"
