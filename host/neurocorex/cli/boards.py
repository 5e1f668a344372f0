"""Commands about boards: which there are, what fits on them, making a bitstream and loading it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import common
from .geometry import configured, geometry_options

if TYPE_CHECKING:
    from ..fpga.boards import Board


def _board(name: str) -> Board:
    from ..errors import InputError
    from ..fpga.boards import find_board

    try:
        return find_board(name)
    except ValueError as error:
        raise InputError(str(error)) from error


_config_option = click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="Geometry as a JSON file, for that of the board."
)


@click.command()
@common.json_option
def boards(as_json: bool) -> None:
    """List the boards that a bitstream can be made for.

    Geometry and clock are those that a board gets if nothing else is said. Where a bitstream takes tools of the maker,
    `build` writes all that they need.
    """
    from ..fpga.boards import BOARDS

    entries = [
        {
            "name": board.name,
            "title": board.title,
            "family": board.family,
            "part": board.part.name,
            "config": board.config.to_dict(),
            "clock_mhz": board.clock_hz / 1e6,
            "oscillator_mhz": board.oscillator_hz / 1e6,
            "baud": board.baud,
            "bridge": board.bridge,
            "tools": list(board.family.tools),
            "open_bitstream": board.family.routable,
        }
        for board in BOARDS.values()
    ]

    def text() -> str:
        lines = [f"{'name':<14} {'FPGA':<21} {'MHz':>4} {'N':>4} {'M':>4} {'L':>3} {'W':>3}  title"]
        for board in BOARDS.values():
            config, clock = board.config, board.clock_hz / 1e6
            sizes = f"{config.neurons:>4} {config.inputs:>4} {config.lanes:>3} {config.weight_bits:>3}"
            by = "" if board.family.routable else " (bitstream by Vivado)"
            lines.append(f"{board.name:<14} {board.part.name:<21} {clock:>4g} {sizes}  {board.title}{by}")
        return "\n".join(lines)

    common.emit(as_json, {"boards": entries}, text)


@click.command()
@click.argument("model", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--board", "name", help="A board of `neurocorex boards`; without it, all of them are looked at.")
@click.option("--clock-mhz", type=float, help="Clock of the core.  [default: that of the board]")
@click.option("--arrivals", type=float, help="Axons that arrive in a step.  [default: a tenth of the inputs]")
@click.option("--fired", type=float, help="Neurons that fire and learn in a step.  [default: one in a hundred]")
@_config_option
@geometry_options
@common.json_option
def plan(
    model: Path | None, name: str | None, clock_mhz: float | None, arrivals: float | None, fired: float | None,
    config: Path | None, as_json: bool, **fields: int | None,
) -> None:  # fmt: skip
    """Say whether a chip fits on a board, without building it.

    Says also what it would take, how fast it would be, and what to turn. The chip is that of the board with the options
    that are given, or what the network in MODEL needs (a file of `Image.save` or `neurocorex demo digits --save`).
    Block RAM is counted; LUTs, flip-flops and multipliers are estimated from real builds, within the margin that is
    shown.

    \b
    Examples:
      neurocorex plan --board ulx3s-25f --neurons 256 --inputs 128
      neurocorex plan digits.npz
    """
    from ..fpga import plan as planned
    from ..fpga.boards import BOARDS

    chosen = [_board(name)] if name is not None else list(BOARDS.values())
    needed = None
    if model is not None:
        from ..image import Image

        needed = Image.load(model).config
    plans = []
    for board in chosen:
        geometry = configured(config, fields, needed or board.config)
        plans.append(planned.make(board, geometry, clock_hz=_hertz(clock_mhz), arrivals=arrivals, fired=fired))
    values: dict[str, Any] = {"model": model, "boards": [each.board.name for each in plans if each.fits]}
    if name is not None:
        values |= plans[0].to_dict()
        values["boards"] = planned.boards_for(plans[0].config)
    else:
        values |= {"fits": bool(values["boards"]), "plans": [each.to_dict() for each in plans]}
    common.emit(as_json, values, lambda: "\n\n".join(each.to_text() for each in plans))


def _hertz(megahertz: float | None) -> int | None:
    from ..errors import InputError

    if megahertz is None:
        return None
    if not 1 <= megahertz * 1e6 < math.inf:
        raise InputError(f"--clock-mhz must be a number above 0, such as 12; got {megahertz:g}")
    return round(megahertz * 1e6)


@click.command()
@click.argument("name", metavar="BOARD")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the results.  [default: build/BOARD]"
)
@click.option("--clock-mhz", type=float, help="Clock of the core, made by a PLL.  [default: that of the board]")
@click.option(
    "--baud", type=click.IntRange(1), help="Rate of the serial port after reset.  [default: that of the board]"
)
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0),
    help="Where place and route begins; try others if timing fails.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Build also what has been built before.")
@click.option("--force", is_flag=True, help="Try also what the plan says does not fit.")
@_config_option
@geometry_options
@common.json_option
def build(
    name: str, out: Path | None, clock_mhz: float | None, baud: int | None, seed: int, fresh: bool, force: bool,
    config: Path | None, as_json: bool, **fields: int | None,
) -> None:  # fmt: skip
    """Make the bitstream of a chip for BOARD, with a report.

    Takes one to ten minutes. The same sources, options and tools give the same bits, and are taken from a cache
    the second time. What cannot fit is refused before anything starts. For 7-series boards the folder gets Verilog,
    constraints and a script instead: vivado -mode batch -source neurocorex.tcl

    \b
    Examples:
      neurocorex build icebreaker
      neurocorex build ulx3s-85f --neurons 400 --lanes 32 --clock-mhz 60
    """
    from ..errors import FitError
    from ..fpga import plan as planned
    from ..fpga.build import build as make

    board = _board(name)
    geometry = configured(config, fields, board.config)
    expected = planned.make(board, geometry, clock_hz=_hertz(clock_mhz))
    if not (expected.fits or force):
        raise FitError(f"{board.name} has not enough {expected.shortage}; {expected.advice[0]}")
    with _progress(name, quiet=as_json) as say:
        values = make(
            board, out or Path("build") / board.name, config=geometry, clock_hz=_hertz(clock_mhz), baud=baud, seed=seed,
            fresh=fresh, say=say,
        )  # fmt: skip
    common.emit(as_json, values, lambda: (Path(values["folder"]) / "report.txt").read_text() + _next_step(values))


def _next_step(values: dict[str, Any]) -> str:
    if values["bitstream"]:
        return f"\nnext: neurocorex program {values['board']} --file {values['bitstream']}"
    return f"\nnext: cd {values['folder']} && vivado -mode batch -source {Path(values['script']).name}"


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Make what says on standard error what is being done, and shows that something is."""
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console

    console, started = Console(stderr=True, highlight=False), time.perf_counter()
    with console.status(name) as status:

        def say(what: str) -> None:
            console.print(f"{time.perf_counter() - started:6.1f} s  {what}", markup=False)
            status.update(f"{name}: {what}")

        yield say


@click.command()
@click.argument("name", metavar="BOARD")
@click.option(
    "--file", "bitstream", type=click.Path(path_type=Path, dir_okay=False),
    help="Bitstream to load.  [default: the one in build/BOARD]",
)  # fmt: skip
@click.option("--flash", is_flag=True, help="Write it to flash, so that the board starts with it.")
@click.option("--cable", help="Programming cable for openFPGALoader, if not that of the board.")
@common.json_option
def program(name: str, bitstream: Path | None, flash: bool, cable: str | None, as_json: bool) -> None:
    """Load a bitstream onto BOARD over USB, by openFPGALoader.

    \b
    Example:
      neurocorex build tang-nano-20k && neurocorex program tang-nano-20k
      neurocorex selftest /dev/ttyUSB1
    """
    from ..errors import InputError
    from ..fpga.programming import program as load

    board = _board(name)
    if bitstream is None:
        folder = Path("build") / board.name
        bitstream = next((path for suffix in ("bin", "bit", "fs") for path in folder.glob(f"*.{suffix}")), None)
        if bitstream is None:
            raise InputError(f"there is no bitstream in {folder}; make it first: neurocorex build {board.name}")
    command = load(board, bitstream, flash=flash, cable=cable)
    values = {"board": board.name, "bitstream": bitstream, "flash": flash, "command": command}
    common.emit(as_json, values, lambda: f"loaded {bitstream} onto {board.title}")
