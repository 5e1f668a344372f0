"""Command that loads a bitstream onto a board: what will happen, the question before flash is written, the loader."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import output
from .boards import board_argument, ended_as_by_ctrl_c

if TYPE_CHECKING:
    from ..fpga.boards import Board
    from ..fpga.programming import Loading, Target


@click.command()
@board_argument
@click.option(
    "--file", "bitstream", type=click.Path(path_type=Path),
    help="Bitstream to load.  [default: the one in build/BOARD]",
)  # fmt: skip
@click.option(
    "--from", "release", metavar="FOLDER_OR_ZIP", type=click.Path(path_type=Path),
    help="Release that has a bitstream for the board.",
)  # fmt: skip
@click.option("--sram", is_flag=True, help="Load the FPGA until power is lost.")
@click.option("--flash", is_flag=True, help="Write the flash, from which the board starts. What was in it is lost.")
@click.option("--yes", is_flag=True, help="Write the flash without a question.")
@click.option("--dry-run", is_flag=True, help="Check everything and print the command, without a board.")
@click.option("--cable", help="Programming cable for openFPGALoader.  [default: that of the board]")
@output.json_option
def program(
    board: Board, bitstream: Path | None, release: Path | None, sram: bool, flash: bool, yes: bool, dry_run: bool,
    cable: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Load a bitstream onto BOARD over USB, by openFPGALoader.

    The file is read first: what is no whole bitstream for the FPGA of the board is refused. Without --sram and --flash
    it goes where the board has it: into the FPGA until power is lost, or into the flash, as on iCE40 boards. Flash is
    written after a question, or with --yes.

    \b
    Example:
      neurocorex build tang-nano-20k && neurocorex program tang-nano-20k
      neurocorex program icebreaker --from neurocorex-0.2.0-bitstreams.zip
      neurocorex selftest /dev/ttyUSB1
    """
    from ..fpga.programming import prepare

    if sram and flash:
        raise click.UsageError("give one of --sram and --flash", click.get_current_context())
    if bitstream is not None and release is not None:
        raise click.UsageError("give one of --file and --from", click.get_current_context())
    target: Target | None = "sram" if sram else "flash" if flash else None
    loading = prepare(board, _bitstream(board, bitstream, release), target=target, cable=cable)
    values: dict[str, Any] = {
        "board": board.name, "bitstream": loading.path, "target": loading.target, "flash": loading.target == "flash",
        "effect": loading.effect, "command": [] if board.manual else loading.command, "manual": board.manual,
        "dry_run": dry_run,
    }  # fmt: skip
    if dry_run:
        output.emit(as_json, values, lambda: _described(loading))
        return
    loading.ready()
    _announce(loading, yes=yes, as_json=as_json)
    values["command"] = _run(loading, quiet=as_json)
    place = "the flash" if loading.target == "flash" else "the FPGA"
    output.emit(as_json, values, lambda: f"loaded {loading.path} into {place} of {board.title}")


def _bitstream(board: Board, path: Path | None, release: Path | None) -> Path:
    """Return the file to load: that of --file, of a release, or of the last build."""
    from ..errors import InputError

    if path is not None:
        return path
    if release is not None:
        from ..fpga.release import take

        return take(board, release)
    folder = Path("build") / board.name
    found = next((path for suffix in ("bin", "bit", "fs") for path in sorted(folder.glob(f"*.{suffix}"))), None)
    if found is None:
        raise InputError(
            f"there is no bitstream in {folder}; make it first: neurocorex build {board.name}, or give --file or --from"
        )
    return found


def _described(loading: Loading) -> str:
    """Say what would be done."""
    if loading.board.manual:
        return f"{loading.path} is for {loading.board.title}; {loading.board.manual}"
    return f"{loading.effect}\n{shlex.join(loading.command)}"


def _announce(loading: Loading, *, yes: bool, as_json: bool) -> None:
    """Say what will happen, and ask before flash is written.

    Raises
    ------
    InputError
        If nobody can be asked.
    NeuroCoreXError
        If the answer is no.
    """
    from ..errors import InputError, NeuroCoreXError

    asked = loading.target == "flash" and not yes
    if asked and (as_json or not (sys.stdin.isatty() and sys.stderr.isatty())):
        why = "with --json nobody is asked" if as_json else "there is no terminal to ask at"
        raise InputError(f"program {loading.effect}; {why}: give --yes to write it{_other(loading)}")
    if not as_json:
        click.echo(f"{loading.board.name}: {loading.effect}", err=True)
    if asked and not click.confirm("Write the flash?", default=False, err=True):
        raise NeuroCoreXError(f"nothing was written: the answer was no{_other(loading)}")


def _other(loading: Loading) -> str:
    """Name the way that leaves flash alone, if the board has it."""
    return "" if loading.board.sram is None else ", or --sram to leave it alone"


def _run(loading: Loading, *, quiet: bool) -> list[str]:
    """Run the loader, with its output on a terminal; after Ctrl-C say in what state the board may be."""
    shown = not quiet and sys.stderr.isatty()
    try:
        with ended_as_by_ctrl_c():
            return loading.run((lambda text: click.echo(text, err=True, nl=False)) if shown else (lambda _: None))
    except KeyboardInterrupt:
        left = "its flash may be half-written" if loading.target == "flash" else "its FPGA may be half-loaded"
        click.echo(f"\n{loading.board.name}: the loader was ended, and {left}; program it again", err=True)
        raise
