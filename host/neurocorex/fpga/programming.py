"""Board programming: load a bitstream over USB with openFPGALoader."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ..errors import InputError, MissingToolError, NoAnswerError
from .boards import Board
from .gates import gates


def program(board: Board, bitstream: Path, *, flash: bool = False, cable: str | None = None) -> list[str]:
    """Load a bitstream onto a board.

    Parameters
    ----------
    board : Board
        The board that is plugged in.
    bitstream : Path
        A file made by `neurocorex.fpga.build.build`.
    flash : bool
        Write it to flash, from which the board starts, instead of loading it until power is lost.
    cable : str, optional
        Programming cable by its name in openFPGALoader; by default that of the board.

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
        If it finds no board, with its own words.
    """
    tools = gates("synthesis.tools")
    if not bitstream.exists():
        raise InputError(f"there is no {bitstream}; make it first: neurocorex build {board.name}")
    try:
        loader = tools.require("openFPGALoader")
    except tools.ToolError as error:
        raise MissingToolError(str(error)) from error
    reach = ["-c", cable] if cable else list(board.loader)
    command = [loader, *reach, *(["-f"] if flash else []), str(bitstream)]
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
        raise NoAnswerError(
            f"no {board.title} answers ({_reason(done.stdout)}); check the USB cable and the udev rules of "
            f"openFPGALoader, and close other programs that use the board"
        )
    return command


def _reason(output: str) -> str:
    """Return the first line of the loader's output that tells of a failure, cut to 120 characters."""
    lines = [line.strip() for line in output.splitlines()]
    failures = (line for line in lines if "fail" in line.lower() or "error" in line.lower())
    return next(failures, "no reason given")[:120]
