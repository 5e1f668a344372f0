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
ROOMS = HOST.rooms | CHIP.rooms


@dataclass(frozen=True)
class Arrow:
    """From a side of a room's box to a side of another's; with two heads where an answer comes back."""

    start: str
    leaves: str
    end: str
    enters: str
    label: str = ""
    answered: bool = False

    @property
    def corners(self) -> list[tuple[float, float]]:
        """Both ends, and the bends between them."""
        (x, y), (to_x, to_y) = _side(self.start, self.leaves), _side(self.end, self.enters)
        if x == to_x or y == to_y:
            bends = []
        elif self.enters in ("top", "bottom"):
            bends = [(to_x, y)]
        else:
            bends = [((x + to_x) / 2, y), ((x + to_x) / 2, to_y)]
        return [(x, y), *bends, (to_x, to_y)]


def _side(room: str, side: str) -> tuple[float, float]:
    _, x, y = ROOMS[room]
    across = {"left": -HALF_WIDTH, "right": HALF_WIDTH}.get(side, 0.0)
    up = {"bottom": -HALF_HEIGHT, "top": HALF_HEIGHT}.get(side, 0.0)
    return x + across, y + up


ARROWS = (
    Arrow("network", "bottom", "quantiser", "top"),
    Arrow("quantiser", "bottom", "image", "top"),
    Arrow("image", "bottom", "device", "top"),
    Arrow("device", "right", "emulator", "left"),
    Arrow("device", "right", "wire", "left", answered=True),
    Arrow("wire", "right", "link", "left", "bytes", answered=True),
    Arrow("link", "top", "registers", "bottom", answered=True),
    Arrow("link", "right", "events", "left", answered=True),
    Arrow("events", "right", "synapses", "bottom", "arriving spikes"),
    Arrow("synapses", "left", "neurons", "right", "sums"),
    Arrow("neurons", "bottom", "events", "top", "spikes"),
    Arrow("neurons", "top", "learning", "bottom", "spikes"),
    Arrow("learning", "right", "synapses", "top", "weight changes"),
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
    for arrow in ARROWS:
        _arrow(axis, arrow)
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


def _arrow(axis: Axes, arrow: Arrow) -> None:
    corners = arrow.corners
    axis.plot(*zip(*corners[:-1], strict=True), color=INK, linewidth=1.1, solid_capstyle="butt")
    head = "<|-|>" if arrow.answered else "-|>"
    line = {"arrowstyle": head, "color": INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", corners[-1], corners[-2], arrowprops=line)
    (x, y), (to_x, to_y) = corners[:2]
    beside = (0.4, 0.0) if x == to_x else (0.0, 0.2)
    place = (x + to_x) / 2 + beside[0], (y + to_y) / 2 + beside[1]
    axis.text(*place, arrow.label, color=QUIET, ha="center", va="center", fontsize=8.5)
