"""Bitstream build: synthesis, place and route of a board's chip, with a cache of results and a report.

The work is done by `neurocorex_hdl.boards` and the tools that it starts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .. import files, spec
from ..errors import InputError, MissingToolError, TimingError
from ..files import cache
from ..spec import CoreConfig
from .boards import Board
from .gates import gates

Say = Callable[[str], None]

#: Files of a build that are kept, by suffix; the others only pass data between the tools.
_KEPT = (".bin", ".bit", ".fs", ".svf", ".v", ".pcf", ".lpf", ".cst", ".xdc", ".tcl", ".ys", ".log")
_REPORT, _REPORT_TEXT = "report.json", "report.txt"


def build(
    board: Board,
    folder: Path,
    *,
    config: CoreConfig | None = None,
    clock_hz: int | None = None,
    baud: int | None = None,
    seed: int = 1,
    fresh: bool = False,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Build the chip of a board, or take it from the cache.

    Parameters
    ----------
    board : Board
        The board; its defaults hold for all options that are not given.
    folder : Path
        Folder for bitstream, Verilog, constraints and reports.
    config : CoreConfig, optional
        Geometry.
    clock_hz, baud : int, optional
        Clock of the core, and baud rate after reset.
    seed : int
        Seed of place and route.
    fresh : bool
        Build even if the cache has the result.
    say : callable
        Called with a line of progress.

    Returns
    -------
    dict
        The report of `neurocorex_hdl.boards.report.collect`, with `folder`, the path of each file, `seconds` of the
        build, and whether it was `cached`.

    Raises
    ------
    InputError
        If the board cannot make the clock, the clock cannot make the baud rate, or the folder cannot be made.
    MissingToolError
        If a tool is missing or fails.
    TimingError
        If the chip is too slow for its clock; its files are in the folder all the same.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {folder}: {error.strerror}; choose another folder") from error
    tools, report = gates("synthesis.tools"), gates("boards.report")
    try:
        for tool in board.family.tools:
            if board.family.routable or tool == "yosys":
                tools.require(tool)
        say("starting the tools, which compile themselves on first use")
        order, made_from, kept = _order(board, config, clock_hz, baud, seed)
        made: list[Path] = []

        def make(place: Path) -> None:
            made.append(place)
            _make(order, place, say)

        # A second process with the same order waits here, and then finds the result in the cache.
        cache.obtained(kept, made_from, make, fresh=fresh)
        for path in kept.iterdir():
            files.write_atomic(folder / path.name, path.read_bytes())
    except tools.ToolError as error:
        raise MissingToolError(str(error)) from error
    values: dict[str, Any] = files.read_json(kept / _REPORT)
    if late := report.missed_clocks(values):
        raise TimingError(
            f"{'; '.join(late)}; see {folder / _REPORT_TEXT}, and try a lower --clock-mhz or another --seed"
        )
    for name in ("bitstream", "verilog", "constraints", "script"):
        values[name] = values[name] and str(folder / values[name])
    return values | {"folder": str(folder), "cached": not made}


def kept_report(
    board: Board,
    *,
    config: CoreConfig | None = None,
    clock_hz: int | None = None,
    baud: int | None = None,
    seed: int = 1,
) -> dict[str, Any] | None:
    """Return the report of a cached build with these options, sources and tools, or None.

    It is returned whether or not that build met its clock.
    """
    _, made_from, kept = _order(board, config, clock_hz, baud, seed)
    if not cache.is_whole(kept, made_from):
        return None
    report: dict[str, Any] = files.read_json(kept / _REPORT)
    return report


def _order(
    board: Board, config: CoreConfig | None, clock_hz: int | None, baud: int | None, seed: int
) -> tuple[Any, str, Path]:
    """Return the order for the gates, the digest of all that decides its result, and the place of that in the cache."""
    clock, rate = clock_hz or board.clock_hz, baud or board.baud
    try:
        order = gates("boards.flow").Order(
            board=board, config=config or board.config, clock_hz=clock, baud=rate, seed=seed
        )
        gates("chip").baud_divisor(clock, rate)
    except ValueError as error:
        raise InputError(str(error)) from error
    made_from = _key(order)
    return order, made_from, _cache() / f"{board.name}-{made_from[:16]}"


def _cache() -> Path:
    """Return the folder of all builds in the cache."""
    return cache.cache_folder("boards")


def _make(order: Any, place: Path, say: Say) -> None:
    """Build in a scratch folder, then move what is worth keeping to the folder `place`."""
    report = gates("boards.report")
    started = time.perf_counter()
    place.mkdir()
    with cache.scratch(place.parent) as work:
        gates("boards.flow").build(order, work, say)
        values = report.collect(order, work)
        for path in work.iterdir():
            if path.suffix in _KEPT:
                path.rename(place / path.name)
        values["seconds"] = round(time.perf_counter() - started, 1)
        files.write_text(place / _REPORT, json.dumps(values, indent=1) + "\n")
        files.write_text(place / _REPORT_TEXT, report.to_text(values))


def sources_digest() -> str:
    """Return the hash of all sources that decide a bitstream: those of the gates and of the contract."""
    return cache.origin(*_sources())


def _sources() -> Iterator[str | bytes]:
    """Names and contents of the sources."""
    for module in (spec, gates("chip")):
        package = Path(str(module.__file__)).parent
        for source in sorted(package.rglob("*.py")):
            yield from (str(source.relative_to(package)), source.read_bytes())


def _key(order: Any) -> str:
    """Return the hash of everything that decides the result: order, sources of the gates, versions of the tools."""
    tools = gates("synthesis.tools")
    parts: list[str | bytes] = [repr(order), *_sources()]
    for name in ("amaranth", "amaranth-boards"):
        parts.append(version(name))
    for tool in order.board.family.tools:
        parts.append(tools.version(tool) if tools.find(tool) else "none")
    return cache.origin(*parts)
