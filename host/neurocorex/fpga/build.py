"""Bitstreams: made by another package and programs beside it, kept, and put onto boards."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import InputError, MissingToolError, NoAnswerError, TimingError
from ..spec import CoreConfig
from .boards import Board

Say = Callable[[str], None]

#: Files of a build that are worth keeping; the rest is between the programs, or their talk.
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
    """Make the chip of a board, or take it from the cache.

    Parameters
    ----------
    board : Board
        Which one; what is not said otherwise is as it wants it.
    folder : Path
        Where bitstream, Verilog, constraints and reports go.
    config : CoreConfig, optional
        Geometry.
    clock_hz, baud : int, optional
        Clock of the core, and rate of the serial port after reset.
    seed : int
        Where place and route begins.
    fresh : bool
        Build also what the cache has.
    say : callable
        Told what is being done.

    Returns
    -------
    dict
        The report, see `neurocorex_hdl.boards.report.collect`, with `folder`, the path of each file, `seconds` that
        the build took, and whether it was `cached`.

    Raises
    ------
    InputError
        If the board cannot make the clock, or the clock not the rate; or if there can be no such folder.
    MissingToolError
        If a program is missing or fails.
    TimingError
        If the chip is too slow for its clock; its files are in the folder all the same.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {folder}: {error.strerror}; choose another folder") from error
    flow, report, tools = (_gates(name) for name in ("boards.flow", "boards.report", "synthesis.tools"))
    try:
        for tool in board.family.tools:
            if board.family.routable or tool == "yosys":
                tools.require(tool)
        say("starting the programs, which compile themselves the first time")
        order, place = _order(board, config, clock_hz, baud, seed)
        # A second process that wants the same waits, and finds it made.
        with _gates("synthesis.cache").alone(place.parent / f".{place.name}.lock"):
            cached = (place / _REPORT).exists() and not fresh
            if not cached:
                _make(order, place, flow, report, say)
            for path in place.iterdir():
                shutil.copyfile(path, folder / path.name)
    except tools.ToolError as error:
        raise MissingToolError(str(error)) from error
    values: dict[str, Any] = json.loads((folder / _REPORT).read_text())
    late = report.missed_clocks(values)
    if late:
        raise TimingError(f"{'; '.join(late)}; see {folder / _REPORT_TEXT}, and try a lower --clock-mhz, or --seed")
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
    """Report of a build with the same options, sources and tools, timing met or not; None if there was none."""
    path = _order(board, config, clock_hz, baud, seed)[1] / _REPORT
    return json.loads(path.read_text()) if path.exists() else None


def _order(
    board: Board, config: CoreConfig | None, clock_hz: int | None, baud: int | None, seed: int
) -> tuple[Any, Path]:
    """Find out what is wanted, and where in the cache it is or goes."""
    clock, rate = clock_hz or board.clock_hz, baud or board.baud
    try:
        order = _gates("boards.flow").Order(
            board=board, config=config or board.config, clock_hz=clock, baud=rate, seed=seed
        )
        _gates("chip").baud_divisor(clock, rate)
    except ValueError as error:
        raise InputError(str(error)) from error
    return order, _cache() / f"{board.name}-{_key(order, _gates('synthesis.tools'))[:16]}"


def _make(order: Any, place: Path, flow: ModuleType, report: ModuleType, say: Say) -> None:
    """Build in a folder of its own, and move what is worth keeping to where nobody finds half of it."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="build-", dir=place.parent) as scratch:
        work, done = Path(scratch) / "work", Path(scratch) / "done"
        work.mkdir()
        done.mkdir()
        flow.build(order, work, say)
        values = report.collect(order, work)
        for path in work.iterdir():
            if path.suffix in _KEPT:
                path.rename(done / path.name)
        values["seconds"] = round(time.perf_counter() - started, 1)
        (done / _REPORT).write_text(json.dumps(values, indent=1) + "\n")
        (done / _REPORT_TEXT).write_text(report.to_text(values))
        shutil.rmtree(place, ignore_errors=True)
        done.rename(place)


def _key(order: Any, tools: ModuleType) -> str:
    """Hash of all that decides what comes out: the order, every source of the gates, every program's version."""
    from .. import spec

    digest = hashlib.sha256(repr(order).encode())
    hdl = Path(str(_gates("chip").__file__)).parent
    for package in (Path(spec.__file__).parent, hdl):
        for source in sorted(package.rglob("*.py")):
            digest.update(str(source.relative_to(package)).encode() + source.read_bytes())
    for name in ("amaranth", "amaranth-boards"):
        digest.update(_version(name).encode())
    for tool in order.board.family.tools:
        digest.update((tools.version(tool) if tools.find(tool) else "none").encode())
    return digest.hexdigest()


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def _cache() -> Path:
    base: Path = _gates("synthesis.cache").cache_folder()
    folder = base / "boards"
    folder.mkdir(exist_ok=True)
    return folder


def _gates(name: str) -> ModuleType:
    """Import a module of the gates."""
    try:
        return import_module(f"neurocorex_hdl.{name}")
    except ImportError as error:
        raise MissingToolError(
            f"building a bitstream needs {error.name}; install it: pip install 'neurocorex[boards]'"
        ) from error


def program(board: Board, bitstream: Path, *, flash: bool = False, cable: str | None = None) -> list[str]:
    """Load a bitstream onto a board.

    Parameters
    ----------
    board : Board
        What it is connected to.
    bitstream : Path
        What `build` made.
    flash : bool
        Write it to the memory from which the board starts, instead of loading it until power is lost.
    cable : str, optional
        Name of the programming cable for openFPGALoader, if it is not that of the board.

    Returns
    -------
    list of str
        The command that was run.

    Raises
    ------
    InputError
        If there is no such file.
    MissingToolError
        If openFPGALoader is missing or cannot be started.
    NoAnswerError
        If it finds no board, with what it said.
    """
    tools = _gates("synthesis.tools")
    if not bitstream.exists():
        raise InputError(f"there is no {bitstream}; make it first: neurocorex build {board.name}")
    try:
        loader = tools.require("openFPGALoader")
    except tools.ToolError as error:
        raise MissingToolError(str(error)) from error
    how = ["-c", cable] if cable else list(board.loader)
    command = [loader, *how, *(["-f"] if flash else []), str(bitstream)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", check=False, env=dict(os.environ),
    )  # fmt: skip
    if "error while loading shared libraries" in done.stdout:
        library = done.stdout.split("libraries: ")[1].split(":")[0]
        raise MissingToolError(
            f"openFPGALoader needs {library}; on Debian: apt-get install libusb-1.0-0 libftdi1-2 libhidapi-libusb0"
        )
    if done.returncode:
        said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        reason = next((line for line in said if "fail" in line.lower() or "error" in line.lower()), "no reason given")
        raise NoAnswerError(
            f"no {board.title} answers ({reason[:120]}); check the USB cable and the rights to it (udev rules of "
            f"openFPGALoader), and stop what else uses the board"
        )
    return command
