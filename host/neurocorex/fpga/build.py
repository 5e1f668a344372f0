"""Bitstream build: synthesis, place and route of a board's chip, with a cache of results and a report.

The work is done by `neurocorex_hdl.boards` and the tools that it starts.
"""

from __future__ import annotations

import gzip
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
#: Seconds between lines of progress within a stage.
_PERIOD_S = 3.0
#: Suffix of what is compressed in the cache, and name of the output of a program that failed.
_PACKED, _FAILED = ".gz", "failed.log"


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
        Called with a line of progress: the name of each stage, and every few seconds what a tool tells about its own,
        which has a colon, such as "routing: 5,747 arcs left".

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
        If a tool is missing or fails; its output is in the folder.
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
        work = _Work(_order(board, config, clock_hz, baud, seed), folder, fresh, _paced(say))
        kept = work.result()
    except tools.ToolError as error:
        raise MissingToolError(str(error)) from error
    _hand_over(kept, folder)
    values: dict[str, Any] = files.read_json(kept / _REPORT)
    if late := report.missed_clocks(values):
        raise TimingError(
            f"{'; '.join(late)}; see {folder / _REPORT_TEXT}, and try a lower --clock-mhz or another --seed"
        )
    for name in ("bitstream", "verilog", "constraints", "script"):
        values[name] = values[name] and str(folder / values[name])
    return values | {"folder": str(folder), "cached": not work.made}


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
    made_from, kept = _kept(_order(board, config, clock_hz, baud, seed))
    if not cache.is_whole(kept, made_from):
        return None
    report: dict[str, Any] = files.read_json(kept / _REPORT)
    return report


def _order(board: Board, config: CoreConfig | None, clock_hz: int | None, baud: int | None, seed: int) -> Any:
    """Return the order for the gates."""
    clock, rate = clock_hz or board.clock_hz, baud or board.baud
    try:
        order = gates("boards.flow").Order(
            board=board, config=config or board.config, clock_hz=clock, baud=rate, seed=seed
        )
        gates("chip").baud_divisor(clock, rate)
    except ValueError as error:
        raise InputError(str(error)) from error
    return order


def _cache() -> Path:
    """Return the folder of all builds in the cache."""
    return cache.cache_folder("boards")


class _Work:
    """Work on one order: a netlist, which is the same for all seeds, and a result, each an entry of the cache."""

    def __init__(self, order: Any, folder: Path, fresh: bool, say: Say) -> None:
        self._order, self._folder, self._fresh, self._say = order, folder, fresh, say
        self._flow = gates("boards.flow")
        self.made = False

    def result(self) -> Path:
        """Return the folder of bitstream and reports in the cache."""
        made_from, kept = _kept(self._order)
        return self._obtained(kept, made_from, self._make_result)

    def _obtained(self, entry: Path, made_from: str, make: Callable[[Path], None]) -> Path:
        def waiting() -> None:
            self._say("waiting for another process that builds the same")

        return cache.obtained(entry, made_from, make, fresh=self._fresh, waiting=waiting)

    def _make_result(self, place: Path) -> None:
        self.made = True
        report, started = gates("boards.report"), time.perf_counter()
        made_from = _origin_of_netlist(self._order)
        entry = _cache() / f"netlist-{self._order.board.name}-{made_from[:16]}"
        netlist = self._obtained(entry, made_from, self._make_netlist)
        with self._scratch(place) as work:
            for path in netlist.iterdir():
                packed, data = path.suffix == _PACKED, path.read_bytes()
                (work / path.name.removesuffix(_PACKED)).write_bytes(gzip.decompress(data) if packed else data)
            self._flow.route(self._order, work, self._say)
            values = report.collect(self._order, work)
        values["seconds"] = round(time.perf_counter() - started, 1)
        files.write_text(place / _REPORT, json.dumps(values, indent=1) + "\n")
        files.write_text(place / _REPORT_TEXT, report.to_text(values))

    def _make_netlist(self, place: Path) -> None:
        with self._scratch(place) as work:
            self._flow.synthesise(self._order, work, self._say)
            for path in work.glob("*.json"):
                (place / f"{path.name}{_PACKED}").write_bytes(gzip.compress(path.read_bytes(), 1, mtime=0))

    @contextmanager
    def _scratch(self, place: Path) -> Iterator[Path]:
        """Folder to work in. What is worth keeping moves to a new folder; the user gets the log of a failure."""
        tools = gates("synthesis.tools")
        place.mkdir()
        with cache.scratch(place.parent) as work:
            try:
                yield work
            except tools.ToolError as error:
                if error.log is None:
                    raise
                log = self._folder / _FAILED
                files.write_atomic(log, error.log.read_bytes())
                raise tools.ToolError(error.said, log) from error
            for path in work.iterdir():
                if path.suffix in _KEPT:
                    path.rename(place / path.name)


def _paced(say: Say, clock: Callable[[], float] = time.monotonic) -> Say:
    """Return what passes each stage on to `say`, but the progress of a tool only every few seconds."""
    due = -math.inf

    def paced(line: str) -> None:
        nonlocal due
        if ": " in line and clock() < due:
            return
        due = clock() + _PERIOD_S
        say(line)

    return paced


def _hand_over(kept: Path, folder: Path) -> None:
    """Copy a result to the folder of the user, the report last: where it is, all files beside it are of its build."""
    (folder / _REPORT).unlink(missing_ok=True)
    for path in sorted(kept.iterdir(), key=lambda path: path.name == _REPORT):
        files.write_atomic(folder / path.name, path.read_bytes())


def _kept(order: Any) -> tuple[str, Path]:
    """Return the digest of all that decides a result, and its place in the cache."""
    made_from = _origin(order)
    return made_from, _cache() / f"{order.board.name}-{made_from[:16]}"


def _origin(order: Any) -> str:
    """Return the hash of all that decides a result: the netlist, the seed, and the programs with their options."""
    parts = [_origin_of_netlist(order), str(order.seed)]
    for program, words in gates("boards.flow").programs(order):
        parts += [program, *words, _version(program)]
    return cache.origin(*parts)


def _origin_of_netlist(order: Any) -> str:
    """Return the hash of all that decides a netlist: the order without its seed, sources of the gates, and Yosys."""
    parts: list[str | bytes] = [*gates("boards.flow").synthesis_inputs(order), *_sources()]
    parts += [version(name) for name in ("amaranth", "amaranth-boards")]
    return cache.origin(*parts, _version("yosys"))


def sources_digest() -> str:
    """Return the hash of all sources that decide a bitstream: those of the gates and of the contract."""
    return cache.origin(*_sources())


def _sources() -> Iterator[str | bytes]:
    """Names and contents of these sources."""
    for module in (spec, gates("chip")):
        package = Path(str(module.__file__)).parent
        for source in sorted(package.rglob("*.py")):
            yield from (str(source.relative_to(package)), source.read_bytes())


def _version(program: str) -> str:
    tools = gates("synthesis.tools")
    return str(tools.version(program)) if tools.find(program) else "none"
