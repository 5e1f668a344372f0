"""Bitstream build: synthesis, place and route of a board's chip, with a cache of results and a report.

The work is done by `neurocorex_hdl.boards` and the tools that it starts.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .. import spec
from ..errors import InputError, MissingToolError, TimingError
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
        order, kept = _order(board, config, clock_hz, baud, seed)
        # A second process with the same order waits here, and then finds the result in the cache.
        with gates("synthesis.cache").alone(kept.parent / f".{kept.name}.lock"):
            cached = (kept / _REPORT).exists() and not fresh
            if not cached:
                _make(order, kept, say)
            for path in kept.iterdir():
                shutil.copyfile(path, folder / path.name)
    except tools.ToolError as error:
        raise MissingToolError(str(error)) from error
    values: dict[str, Any] = json.loads((folder / _REPORT).read_text())
    if late := report.missed_clocks(values):
        raise TimingError(
            f"{'; '.join(late)}; see {folder / _REPORT_TEXT}, and try a lower --clock-mhz or another --seed"
        )
    for name in ("bitstream", "verilog", "constraints", "script"):
        values[name] = values[name] and str(folder / values[name])
    return values | {"folder": str(folder), "cached": cached}


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
    path = _order(board, config, clock_hz, baud, seed)[1] / _REPORT
    return json.loads(path.read_text()) if path.exists() else None


def _order(
    board: Board, config: CoreConfig | None, clock_hz: int | None, baud: int | None, seed: int
) -> tuple[Any, Path]:
    """Return the order for the gates, and the folder of its result in the cache."""
    clock, rate = clock_hz or board.clock_hz, baud or board.baud
    try:
        order = gates("boards.flow").Order(
            board=board, config=config or board.config, clock_hz=clock, baud=rate, seed=seed
        )
        gates("chip").baud_divisor(clock, rate)
    except ValueError as error:
        raise InputError(str(error)) from error
    return order, _cache() / f"{board.name}-{_key(order)[:16]}"


def _cache() -> Path:
    """Return the folder of all builds in the cache."""
    folder: Path = gates("synthesis.cache").cache_folder() / "boards"
    folder.mkdir(exist_ok=True)
    return folder


def _make(order: Any, kept: Path, say: Say) -> None:
    """Build in a scratch folder, then move what is worth keeping to `kept` at once, so no reader finds half of it."""
    report = gates("boards.report")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="build-", dir=kept.parent) as scratch:
        work, done = Path(scratch) / "work", Path(scratch) / "done"
        work.mkdir()
        done.mkdir()
        gates("boards.flow").build(order, work, say)
        values = report.collect(order, work)
        for path in work.iterdir():
            if path.suffix in _KEPT:
                path.rename(done / path.name)
        values["seconds"] = round(time.perf_counter() - started, 1)
        (done / _REPORT).write_text(json.dumps(values, indent=1) + "\n")
        (done / _REPORT_TEXT).write_text(report.to_text(values))
        shutil.rmtree(kept, ignore_errors=True)
        done.rename(kept)


def _key(order: Any) -> str:
    """Return the hash of everything that decides the result: order, sources of the gates, versions of the tools."""
    tools = gates("synthesis.tools")
    digest = hashlib.sha256(repr(order).encode())
    for module in (spec, gates("chip")):
        package = Path(str(module.__file__)).parent
        for source in sorted(package.rglob("*.py")):
            digest.update(str(source.relative_to(package)).encode() + source.read_bytes())
    for name in ("amaranth", "amaranth-boards"):
        digest.update(version(name).encode())
    for tool in order.board.family.tools:
        digest.update((tools.version(tool) if tools.find(tool) else "none").encode())
    return digest.hexdigest()
