"""Canvas of a picture: figure, axes of its own or of the user, panels, window of time, colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, MissingToolError
from .recorded import Recorded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#222222"
FAINT = "#c9c9c9"
#: What belongs to no group.
OTHERS = "#8c8c8c"
#: Distinguishable without colour vision, after Okabe and Ito.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: Gap between panels that share the axes of a user, as a part of these; with a colour bar in it.
GAP, BAR_GAP = 0.06, 0.22
Window = tuple[float, float]


def new_figure(width: float, height: float, title: str | None = None) -> Figure:
    """Return an empty figure, sizes in inches; it belongs to no window, needs no display, and a notebook shows it.

    Raises
    ------
    MissingToolError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise MissingToolError("pictures need matplotlib; install it with: pip install 'neurocorex[plot]'") from None
    from .picture import Picture

    figure = Picture(figsize=(width, height), dpi=120, layout="constrained")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    return figure


def one_panel(ax: Axes | None, width: float, height: float, title: str | None) -> tuple[Figure, Axes]:
    """Return where to draw one panel: `ax`, or axes of a new figure of that size in inches.

    Raises
    ------
    InputError
        If `ax` is something else than axes of matplotlib.
    """
    figure, axes, _ = panels(ax, (width, height), title, 1)
    return figure, axes[0]


def panels(
    ax: Axes | None,
    size: tuple[float, float],
    title: str | None,
    count: int,
    *,
    across: bool = False,
    shared: bool = True,
    sizes: Sequence[float] | None = None,
    gap: float = GAP,
) -> tuple[Figure, list[Axes], bool]:
    """Return where to draw panels: within `ax`, or in a new figure of that size in inches.

    Panels stand below each other and share the horizontal axis, or `across`, side by side, and share the vertical one;
    without `shared` they share none.

    Returns
    -------
    figure, axes, within
        `within` tells whether the panels are insets of `ax`, which several panels divide.
    """
    if ax is None:
        figure = new_figure(*size, title)
        shape = (1, count) if across else (count, 1)
        options: Any = (
            {"sharey": shared, "width_ratios": sizes} if across else {"sharex": shared, "height_ratios": sizes}
        )
        return figure, list(figure.subplots(*shape, squeeze=False, **options).ravel()), False
    axis = _axes(ax)
    if title:
        axis.set_title(title, loc="left", fontsize="medium", pad=22 if across else None)  # above those of panels
    found: Figure = axis.get_figure(root=True)  # type: ignore[assignment]
    return (
        (found, [axis], False)
        if count == 1
        else (found, _insets(axis, sizes or [1.0] * count, gap, across=across, shared=shared), True)
    )


def _axes(ax: Any) -> Axes:
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise InputError(
            f"ax is {type(ax).__name__}, expected one of matplotlib's axes, such as figure.subplots(1, 2)[0]"
        )
    return ax


def _insets(axis: Axes, sizes: Sequence[float], gap: float, *, across: bool, shared: bool) -> list[Axes]:
    """Divide axes into panels; the axes themselves become invisible, but for their title."""
    axis.set_axis_off()
    shares = np.asarray(sizes, np.float64)
    shares *= (1 - gap * (len(sizes) - 1)) / shares.sum()
    made: list[Axes] = []
    place = 0.0
    for share in shares.tolist():
        box = (place, 0.0, share, 1.0) if across else (0.0, 1 - place - share, 1.0, share)
        options: Any = {"sharey" if across else "sharex": made[0]} if made and shared else {}
        made.append(axis.inset_axes(box, **options))
        place += share + gap
    for inner in () if not shared else made[1:] if across else made[:-1]:
        inner.tick_params(labelleft=not across, labelbottom=across)
    return made


def colour_bar(
    picture: Any, axis: Axes, label: str, *, within: bool, extend: str, ticks: Sequence[float] | None
) -> None:
    """Add a colour bar beside axes; beside an inset it is an inset, too."""
    figure: Figure = axis.get_figure(root=True)  # type: ignore[assignment]
    place: Any = {"cax": axis.inset_axes((1.04, 0.0, 0.05, 1.0))} if within else {"ax": axis}
    bar = figure.colorbar(picture, label=label, extend=extend, ticks=ticks, **place)
    if within:
        bar.ax.tick_params(labelsize="small")


def step_length(given: Any, dt_ms: float | None) -> float:
    """Length of a step: `dt_ms` if given, else that of the result, else 1 ms."""
    if dt_ms is not None:
        return dt_ms
    return given.dt_ms if isinstance(given, Recorded) else 1.0


def time_window(window: Window | None, end_ms: float, start_ms: float = 0.0) -> Window:
    """Return the part of the time that is drawn, in milliseconds: all of it without a window.

    Raises
    ------
    InputError
        If it is no pair of ascending numbers, or lies outside of what there is.
    """
    if window is None:
        return start_ms, end_ms
    try:
        first, last = (float(each) for each in window)
    except (TypeError, ValueError):
        first, last = np.nan, np.nan
    if not (np.isfinite([first, last]).all() and first < last):
        raise InputError(f"window is {window!r}, expected two ascending times in milliseconds, such as (100, 200)")
    if last <= start_ms or first >= end_ms:
        raise InputError(f"window is {window!r} ms, there is something to draw from {start_ms:g} to {end_ms:g} ms only")
    return first, last


def refuse(function: str, gone: Mapping[str, object]) -> None:
    """Raise an error for keywords that a function does not take: in words for `scale`, by which numbers were divided.

    Raises
    ------
    InputError
        For `scale`, which earlier versions had.
    TypeError
        For any other.
    """
    if gone.get("scale") is not None:
        raise InputError(
            "scale= is gone: results and Device.weights are in units of the network, and so are thresholds; divide "
            "an array in units of the chip by its scale before"
        )
    for name in gone.keys() - {"scale"}:
        raise TypeError(f"{function} has no keyword {name!r}")


def unit_name(given: Any, array: NDArray[Any]) -> str:
    """Return what an axis says of the units: of a result those that it has, integers of an array are of the chip."""
    chip = given.units == "chip" if isinstance(given, Recorded) else array.dtype.kind in "iu"
    return " (units of the chip)" if chip else ""


def colours(count: int) -> list[str]:
    """Return a colour for each of several groups, no two the same: easily told apart as long as there are few."""
    if count <= len(COLOURS):
        return list(COLOURS[:count])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colour) for colour in colormaps["turbo"](np.linspace(0.05, 0.95, count))]


def colour_limit(values: NDArray[Any]) -> float:
    """Largest distance from zero, in float so that -128 of 8 bits has one; 1 if all are zero."""
    return float(np.abs(values.astype(np.float64)).max()) or 1.0


def points_of_unit(axis: Axes, width: float, height: float) -> float:
    """Points that one unit takes if `width` by `height` of them, equally long, have to fit; for sizes of text."""
    figure: Figure = axis.get_figure(root=True)  # type: ignore[assignment]
    return 72 / figure.dpi * min(axis.bbox.width / width, axis.bbox.height / height)


def whole_numbers(axis: Any) -> None:
    """Put the ticks of an axis on whole numbers alone, even if there is only one."""
    axis.get_major_locator().set_params(integer=True, min_n_ticks=1)
