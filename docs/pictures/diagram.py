"""Block diagram of the README: rooms of the host and of the gates, and what flows between them."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

INK, QUIET = "#222222", "#555555"
WIDTH, HEIGHT, INCHES_A_UNIT = 13.5, 5.5, 0.72
#: Half the size of a box, in units of the picture.
HALF_WIDTH, HALF_HEIGHT = 1.05, 0.34


@dataclass(frozen=True)
class Panel:
    """One side of the picture: title, left and right edge, colours, and the rooms in it by name.

    A room has a line about what it holds, and the middle of its box.
    """

    title: str
    left: float
    right: float
    paper: str
    box: str
    rooms: dict[str, tuple[str, float, float]]


HOST = Panel(
    "on the PC, in Python: host/neurocorex", 0.0, 5.0, "#f2f7fc", "#cfe3f5",
    {
        "network": ("floats and milliseconds", 1.25, 4.3),
        "quantiser": ("rounds, with a report", 1.25, 3.2),
        "image": ("integers of the chip", 1.25, 2.1),
        "device": ("load, run, read back", 1.25, 1.0),
        "emulator": ("the same bits", 3.75, 2.1),
        "wire": ("CRC and resends", 3.75, 1.0),
    },
)  # fmt: skip
CHIP = Panel(
    "on a board, or simulated from the same Verilog: hdl/neurocorex_hdl", 5.3, 13.5, "#fdf6f0", "#f8dcc4",
    {
        "link": ("UART, frames, access", 6.65, 1.0),
        "registers": ("settings and counters", 6.65, 2.65),
        "events": ("spikes in and out", 9.4, 1.0),
        "neurons": ("one update a cycle", 9.4, 2.65),
        "learning": ("traces and STDP", 9.4, 4.3),
        "synapses": ("L weights a cycle", 12.15, 2.65),
    },
)  # fmt: skip
PANELS = (HOST, CHIP)

Corners = tuple[tuple[float, float], ...]

#: Corners of each arrow; a label, and the middle of the label.
ARROWS: tuple[tuple[Corners, str, tuple[float, float]], ...] = (
    (((1.25, 3.96), (1.25, 3.54)), "", (0, 0)),
    (((1.25, 2.86), (1.25, 2.44)), "", (0, 0)),
    (((1.25, 1.76), (1.25, 1.34)), "", (0, 0)),
    (((2.3, 1.0), (2.5, 1.0), (2.5, 2.1), (2.7, 2.1)), "", (0, 0)),
    (((10.45, 1.0), (12.15, 1.0), (12.15, 2.31)), "arriving spikes", (11.3, 0.8)),
    (((11.1, 2.65), (10.45, 2.65)), "sums", (10.78, 2.85)),
    (((9.4, 2.31), (9.4, 1.34)), "spikes", (9.8, 1.82)),
    (((9.4, 2.99), (9.4, 3.96)), "spikes", (9.8, 3.48)),
    (((10.45, 4.3), (12.15, 4.3), (12.15, 2.99)), "weight changes", (11.3, 4.5)),
)
#: Arrows with two heads, between rooms where a request goes one way and its answer the other.
ANSWERED: tuple[Corners, ...] = (
    ((2.3, 1.0), (2.7, 1.0)),
    ((4.8, 1.0), (5.6, 1.0)),
    ((6.65, 1.34), (6.65, 2.31)),
    ((7.7, 1.0), (8.35, 1.0)),
)


def draw() -> Figure:
    """Draw both panels and all arrows."""
    figure = Figure(figsize=(WIDTH * INCHES_A_UNIT, HEIGHT * INCHES_A_UNIT), facecolor="white")
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_xlim(-0.15, WIDTH + 0.15)
    axis.set_ylim(0.2, HEIGHT + 0.2)
    axis.set_axis_off()
    for panel in PANELS:
        _panel(axis, panel)
    for corners, label, middle in ARROWS:
        _arrow(axis, corners, "-|>")
        axis.text(*middle, label, color=QUIET, ha="center", va="center", fontsize=8.5)
    for corners in ANSWERED:
        _arrow(axis, corners, "<|-|>")
    axis.text(5.17, 1.2, "bytes", color=QUIET, ha="center", va="center", fontsize=8.5)
    return figure


def _panel(axis: Axes, panel: Panel) -> None:
    size = panel.right - panel.left, HEIGHT - 0.3
    axis.add_patch(Rectangle((panel.left, 0.35), *size, facecolor=panel.paper, edgecolor="none"))
    axis.text(panel.left + 0.2, HEIGHT - 0.25, panel.title, color=INK, va="center", fontsize=9.5)
    for room, (holds, x, y) in panel.rooms.items():
        corner, sizes = (x - HALF_WIDTH, y - HALF_HEIGHT), (2 * HALF_WIDTH, 2 * HALF_HEIGHT)
        shape = "round,pad=0,rounding_size=0.08"
        axis.add_patch(
            FancyBboxPatch(corner, *sizes, boxstyle=shape, facecolor=panel.box, edgecolor=INK, linewidth=0.8)
        )
        axis.text(x, y + 0.13, room, color=INK, ha="center", va="center", fontsize=10, fontweight="bold")
        axis.text(x, y - 0.15, holds, color=INK, ha="center", va="center", fontsize=8.5)


def _arrow(axis: Axes, corners: Corners, style: str) -> None:
    axis.plot(*zip(*corners[:-1], strict=True), color=INK, linewidth=1.1, solid_capstyle="butt")
    line = {"arrowstyle": style, "color": INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", corners[-1], corners[-2], arrowprops=line)
