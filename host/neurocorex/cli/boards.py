"""Commands of boards: list, plan, and build a bitstream."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import output
from .geometry import GeometryCommand, configured

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ..fpga.boards import Board


def _board(_ctx: click.Context, _param: click.Parameter, name: str | None) -> Board | None:
    """Return the board of a name."""
    from ..fpga.boards import find_board

    return None if name is None else find_board(name)


def _board_or_path(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> list[Board | Path | None]:
    """Return a path for what exists or has a suffix or a folder, and otherwise the board of that name."""
    paths = [Path(name) for name in names]
    return [
        path if path.suffix or path.parent != Path() or path.exists() else _board(ctx, param, str(path))
        for path in paths
    ]


def _complete_board(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a board in the shell."""
    from click.shell_completion import CompletionItem

    from ..fpga.boards import BOARDS

    return [CompletionItem(each.name, help=each.title) for each in BOARDS.values() if each.name.startswith(incomplete)]


def _complete_board_or_path(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    # Bash forgets what comes before the item of type `file`, and offers files if nothing comes after it.
    return [CompletionItem(incomplete, type="file"), *_complete_board(ctx, param, incomplete)]


board_argument = click.argument("board", metavar="BOARD", callback=_board, shell_complete=_complete_board)
_config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Geometry as a JSON file.  [default: that of the board]",
)


@click.command()
@output.json_option
def boards(as_json: bool) -> None:
    """List the boards that a chip can be built for.

    Geometry and clock are the defaults of the board. Bitstreams for 7-series boards need Vivado; `build` writes its
    input.
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
            "wiring": board.wiring,
            "lands_in": board.lands_in,
            "tools": list(board.family.tools),
            "open_bitstream": board.family.routable,
        }
        for board in BOARDS.values()
    ]

    def text() -> str:
        lines = [f"{'name':<16} {'FPGA':<21} {'MHz':>4} {'N':>4} {'M':>4} {'L':>3} {'W':>3}  title"]
        for board in BOARDS.values():
            config, clock = board.config, board.clock_hz / 1e6
            sizes = f"{config.neurons:>4} {config.inputs:>4} {config.lanes:>3} {config.weight_bits:>3}"
            by = "" if board.family.routable else " (bitstream by Vivado)"
            lines.append(f"{board.name:<16} {board.part.name:<21} {clock:>4g} {sizes}  {board.title}{by}")
        first = [f"{board.name:<16} {board.wiring}" for board in BOARDS.values() if board.wiring]
        return "\n".join([*lines, "", "before the first use:", *first])

    output.emit(as_json, {"boards": entries}, text)


@click.command(cls=GeometryCommand)
@click.argument(
    "what", nargs=-1, metavar="[BOARD] [MODEL]", callback=_board_or_path, shell_complete=_complete_board_or_path
)
@click.option("--board", metavar="BOARD", callback=_board, shell_complete=_complete_board, help="The same as BOARD.")
@click.option("--clock-mhz", type=float, help="Clock of the core.  [default: that of the board]")
@click.option("--arrivals", type=float, help="Axons that arrive in a step.  [default: a tenth of the inputs]")
@click.option("--fired", type=float, help="Neurons that fire and learn in a step.  [default: one in a hundred]")
@_config_option
@output.json_option
def plan(
    what: list[Board | Path], board: Board | None, clock_mhz: float | None, arrivals: float | None,
    fired: float | None, config: Path | None, as_json: bool, **fields: int | None,
) -> None:  # fmt: skip
    """Estimate whether a chip fits on BOARD, and its speed.

    Nothing is built. If the chip does not fit, the plan says which options to change, and the exit code is 5. Without
    BOARD all boards are planned; the exit code is 5 if none fits. The chip is the default of the board with the given
    options, or what the network in MODEL needs (a file of `Image.save` or `neurocorex demo digits --save`). Block RAM
    is counted. LUTs, flip-flops and multipliers are estimated from real builds, within the margin that is shown.

    \b
    Examples:
      neurocorex plan ulx3s-25f --neurons 256 --inputs 128
      neurocorex plan digits.npz
      neurocorex plan icebreaker digits.npz
    """
    from ..errors import FitError, InputError
    from ..fpga import plan as planned
    from ..fpga.boards import BOARDS

    board, model = _board_and_model(what, board)
    needed = None
    if model is not None:
        from ..image import Image

        needed = Image.load(model).config
    plans, refused = [], dict[str, str]()
    for each in [board] if board is not None else BOARDS.values():
        try:
            geometry = configured(config, fields, needed or each.config)
        except InputError as error:  # options may not go with what the board has by default
            refused[each.name] = str(error)
            continue
        plans.append(planned.make(each, geometry, clock_hz=_hertz(clock_mhz), arrivals=arrivals, fired=fired))
    if not plans:
        raise InputError(next(iter(refused.values())))
    values: dict[str, Any] = {"model": model, "boards": [each.board.name for each in plans if each.fits]}
    if board is not None:
        values |= plans[0].to_dict()
        values["boards"] = planned.boards_for(plans[0].config)
    else:
        values |= {"fits": bool(values["boards"]), "plans": [each.to_dict() for each in plans], "refused": refused}
    told = [*(each.to_text() for each in plans), *(f"{name}: {why}" for name, why in refused.items())]
    output.emit(as_json, values, lambda: "\n\n".join(told))
    if not values["fits"]:
        raise SystemExit(FitError.exit_code)


def _board_and_model(what: list[Board | Path], board: Board | None) -> tuple[Board | None, Path | None]:
    """Tell the board from the model, in whatever order they were given."""
    models = [each for each in what if isinstance(each, Path)]
    named = [each for each in what if not isinstance(each, Path)]
    named += [board] if board is not None else []
    if len(models) > 1 or len(named) > 1:
        raise click.UsageError("give one board and one model at most", click.get_current_context())
    return next(iter(named), None), next(iter(models), None)


def _hertz(megahertz: float | None) -> int | None:
    from ..errors import InputError

    if megahertz is None:
        return None
    if not 1 <= megahertz * 1e6 < math.inf:
        raise InputError(f"--clock-mhz must be a number above 0, such as 12; got {megahertz:g}")
    return round(megahertz * 1e6)


@click.command(cls=GeometryCommand)
@board_argument
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the results.  [default: build/BOARD]"
)
@click.option("--clock-mhz", type=float, help="Clock of the core, made by a PLL.  [default: that of the board]")
@click.option(
    "--baud", type=click.IntRange(1), help="Rate of the serial port after reset.  [default: that of the board]"
)
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0),
    help="Seed of place and route; try others if timing fails.",
)  # fmt: skip
@click.option("--fresh", is_flag=True, help="Build again what is in the cache.")
@click.option("--force", is_flag=True, help="Build even if the plan says that it does not fit.")
@_config_option
@output.json_option
def build(
    board: Board, out: Path | None, clock_mhz: float | None, baud: int | None, seed: int, fresh: bool, force: bool,
    config: Path | None, as_json: bool, **fields: int | None,
) -> None:  # fmt: skip
    """Build the bitstream of a chip for BOARD, with a report.

    Takes one to ten minutes, and tells how far it is. The same sources, options and tools give the same bits; the
    second time they come from a cache, and another seed is only placed and routed. A chip that cannot fit is refused
    before anything starts. For 7-series boards the folder gets Verilog, constraints and a script for Vivado instead:
    vivado -mode batch -source neurocorex.tcl

    \b
    Examples:
      neurocorex build icebreaker
      neurocorex build ulx3s-85f --neurons 400 --lanes 32 --clock-mhz 60
    """
    from ..errors import FitError
    from ..fpga import plan as planned
    from ..fpga.build import build as make

    geometry = configured(config, fields, board.config)
    expected = planned.make(board, geometry, clock_hz=_hertz(clock_mhz))
    if not (expected.fits or force):
        raise FitError(f"{board.name} has not enough {expected.shortage}; {expected.advice[0]}")
    with ended_as_by_ctrl_c(), _progress(board.name, quiet=as_json) as say:
        values = make(
            board, out or Path("build") / board.name, config=geometry, clock_hz=_hertz(clock_mhz), baud=baud, seed=seed,
            fresh=fresh, say=say,
        )  # fmt: skip
    values["wiring"] = board.wiring
    output.emit(as_json, values, lambda: (Path(values["folder"]) / "report.txt").read_text() + _next_step(values))


def _next_step(values: dict[str, Any]) -> str:
    if values["bitstream"]:
        first = f"\nbefore the first use: {values['wiring']}" if values["wiring"] else ""
        return f"{first}\nnext: neurocorex program {values['board']} --file {values['bitstream']}"
    return f"\nnext: cd {values['folder']} && vivado -mode batch -source {Path(values['script']).name}"


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Make a function that tells progress on standard error.

    On a terminal stages stay, and what is within them moves in one line with a spinner; elsewhere all are lines.
    """
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console

    console, started = Console(stderr=True, highlight=False), time.perf_counter()
    with console.status(name) as status:

        def say(what: str) -> None:
            if ": " not in what or not console.is_terminal:
                console.print(f"{time.perf_counter() - started:6.1f} s  {what}", markup=False, soft_wrap=True)
            status.update(f"{name}: {what}")

        yield say


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Let a closed terminal and `kill` end a command as Ctrl-C does, so that it ends the programs that it started."""
    numbers = [each for name in ("SIGTERM", "SIGHUP") if (each := getattr(signal, name, None)) is not None]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # as of nohup
    for number in before:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
