"""Pictures of learning windows: what was asked for as lines, what acts as points; one, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..errors import InputError
from .canvas import COLOURS, FAINT, INK, one_panel, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class DrawnSide(Protocol):
    """One side of a window, see `neurocorex.quantiser.window.Side`."""

    @property
    def name(self) -> str:
        """What happens on this side."""

    @property
    def lags_ms(self) -> Sequence[float]:
        """Lags."""

    @property
    def acting(self) -> Sequence[float]:
        """Mean change at each."""

    @property
    def wanted(self) -> Sequence[float] | None:
        """Change that was asked for."""


class DrawnAlone(Protocol):
    """Changes without a pair, see `neurocorex.quantiser.window.Alone`."""

    @property
    def acting(self) -> tuple[float, float]:
        """By an arrival, and by a spike of the neuron."""


class DrawnWindow(Protocol):
    """Both sides of a window, see `neurocorex.quantiser.window.ActingWindow`."""

    @property
    def potentiation(self) -> DrawnSide:
        """When the neuron fires after an arrival."""

    @property
    def depression(self) -> DrawnSide:
        """When an arrival comes after it fired."""

    @property
    def alone(self) -> DrawnAlone | None:
        """Changes without a pair; None if there are none."""


def learning_window(window: DrawnWindow, *, ax: Axes | None = None, title: str | None = None) -> Figure:
    """Draw both sides of a learning window: what was asked for as lines, what acts as points.

    What an arrival or a spike changes without a pair is a dotted line, on the side of depression or of potentiation.

    Parameters
    ----------
    window : ActingWindow
        As `Report.window`.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    title : str, optional
        Heading.

    Raises
    ------
    MissingToolError
        If matplotlib is not installed.
    """
    figure, axis = one_panel(ax, 6, 3.5, title or ("learning window" if ax is None else None))
    for side, sign, colour in ((window.depression, -1, COLOURS[1]), (window.potentiation, 1, COLOURS[0])):
        lags = sign * np.asarray(side.lags_ms)
        axis.plot(lags, side.acting, ".", markersize=4, color=colour, label=f"{side.name}, acting")
        if side.wanted is not None:
            axis.plot(lags, side.wanted, color=INK, linewidth=0.8, label=None if sign > 0 else "wanted")
    for change, side, sign in zip(
        window.alone.acting if window.alone else (), (window.depression, window.potentiation), (-1, 1), strict=False
    ):
        label = None if sign < 0 else "without a pair"
        axis.plot([0, sign * max(side.lags_ms)], [change] * 2, ":", color=INK, linewidth=0.8, label=label)
    axis.axhline(0, color=FAINT, linewidth=0.8)
    axis.axvline(0, color=FAINT, linewidth=0.8)
    axis.set_xlabel("spike of the neuron after the arrival (ms)")
    axis.set_ylabel("change of a weight")
    axis.legend(frameon=False, fontsize="small")
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def learning_windows(windows: Mapping[str, DrawnWindow], *, ax: Axes | None = None, title: str | None = None) -> Figure:
    """Draw the learning windows of several rules side by side, each as `learning_window` does, under its name.

    Parameters
    ----------
    windows : mapping of str to ActingWindow
        Windows by name.
    ax : Axes, optional
        Where to draw all of them; by default in a figure of its own.
    title : str, optional
        Heading.

    Raises
    ------
    InputError
        If there are none.
    MissingToolError
        If matplotlib is not installed.
    """
    if not windows:
        raise InputError("there are no learning windows to draw; give a mapping of name to window")
    heading = title or ("learning windows" if ax is None else None)
    figure, axes, _ = panels(ax, (1 + 5 * len(windows), 3.5), heading, len(windows), across=True, shared=False)
    for axis, (name, window) in zip(axes, windows.items(), strict=True):
        learning_window(window, ax=axis)
        axis.set_title(name, fontsize="medium")
    return figure
