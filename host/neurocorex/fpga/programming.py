"""Board programming: load a bitstream over USB with openFPGALoader, after the file has been checked."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

from ..errors import InputError, MissingToolError
from . import bitstreams
from .boards import Board
from .complaints import explained
from .gates import gates

Target = Literal["sram", "flash"]
Say = Callable[[str], object]
#: Seconds that a loader has to end after an interrupt, before it is killed.
PATIENCE_S = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Loading:
    """Bitstream that can be loaded onto a board; everything but the board itself has been checked.

    Attributes
    ----------
    board : Board
        The board.
    path : Path
        Its bitstream.
    target : str
        ``sram``: the FPGA, until power is lost; ``flash``: the memory from which the board starts.
    options : tuple of str
        Options of openFPGALoader, with the name of the file.
    """

    board: Board
    path: Path
    target: Target
    options: tuple[str, ...]

    @property
    def command(self) -> list[str]:
        """Command that loads it, whether or not the loader is installed."""
        return [gates("synthesis.tools").find("openFPGALoader") or "openFPGALoader", *self.options]

    @property
    def effect(self) -> str:
        """What happens to the board, as sentences."""
        if self.target == "flash":
            kept = ", but not its bootloader" if _by_bootloader(self.board) else ""
            what = f"writes the flash of {self.board.title}{kept}; what was in it is lost"
            needs = self.board.flash_needs
        else:
            what = f"loads the FPGA of {self.board.title} until power is lost; its flash stays as it is"
            needs = self.board.sram_needs
        return f"{what}; {needs}" if needs else what

    def ready(self) -> list[str]:
        """Return the command, if it can be run: before anybody is asked whether it should.

        Raises
        ------
        InputError
            If openFPGALoader does not know the board.
        MissingToolError
            If it is missing.
        """
        if self.board.manual:
            raise InputError(f"openFPGALoader does not know {self.board.title}: {self.board.manual}")
        tools = gates("synthesis.tools")
        try:
            return [tools.require("openFPGALoader"), *self.options]
        except tools.ToolError as error:
            raise MissingToolError(str(error)) from error

    def run(self, say: Say = lambda _: None) -> list[str]:
        """Start the loader, and wait for its end.

        Parameters
        ----------
        say : callable
            Called with pieces of what the loader prints.

        Returns
        -------
        list of str
            The command that was run.

        Raises
        ------
        InputError
            If openFPGALoader does not know the board or the cable.
        MissingToolError
            If it is missing or cannot be started.
        NoAnswerError
            If it finds no board, or cannot load it.
        KeyboardInterrupt
            After it has been ended.
        """
        command = self.ready()
        code, output = _run(command, say)
        if problem := explained(self.board, code, output):
            raise problem
        return command


def prepare(board: Board, path: Path, *, target: Target | None = None, cable: str | None = None) -> Loading:
    """Check that a file can be loaded onto a board.

    Parameters
    ----------
    board : Board
        The board.
    path : Path
        Its bitstream.
    target : str, optional
        ``sram`` or ``flash``; by default that of the board.
    cable : str, optional
        Programming cable by its name in openFPGALoader; by default that of the board.

    Raises
    ------
    InputError
        If the file is no bitstream for the board, or the board cannot be loaded so.
    FileFormatError
        If the file cannot be read.
    """
    chosen = target or board.lands_in
    options = board.flash if chosen == "flash" else board.sram
    if options is None and not (board.manual and chosen == board.lands_in):
        raise InputError(_cannot(board, chosen))
    found = bitstreams.check(board, path)
    if found.kind == "svf" and chosen == "flash":
        raise InputError(f"{path} is an SVF file, which loads the FPGA, not the flash: give --sram, or the .bit file")
    # A name with a hyphen in front would be an option.
    name = f".{os.sep}{path}" if str(path).startswith("-") else str(path)
    return Loading(board=board, path=path, target=chosen, options=(*_reach(board, cable), *(options or ()), name))


def program(
    board: Board, bitstream: Path, *, flash: bool | None = None, cable: str | None = None, say: Say = lambda _: None
) -> list[str]:
    """Load a bitstream onto a board, into `flash` or not; by default where the board has it.

    Parameters, result and errors are those of `prepare` and `Loading.run`. Nobody is asked before flash is written.
    """
    target: dict[bool | None, Target | None] = {None: None, True: "flash", False: "sram"}
    return prepare(board, bitstream, target=target[flash], cable=cable).run(say)


def _cannot(board: Board, target: Target) -> str:
    """Say why a board cannot be loaded so, and which option can."""
    if target == "flash":
        return f"the flash of {board.name} cannot be written over USB{_reason(board.flash_needs)}; use --sram"
    why = "its bootloader (DFU) only writes the flash" if _by_bootloader(board) else board.sram_needs
    return f"{board.name} cannot be loaded without its flash{_reason(why)}; use --flash"


def _reason(sentence: str) -> str:
    return f": {sentence}" if sentence else ""


def _by_bootloader(board: Board) -> bool:
    """Whether the board has a bootloader (DFU) that takes bitstreams: openFPGALoader needs no option for its flash."""
    return board.flash == ()


def _reach(board: Board, cable: str | None) -> tuple[str, ...]:
    """Options that reach the board. Another cable replaces its own, but not the way in which a board is programmed."""
    if cable is None:
        return board.loader
    named = board.loader[:2] if board.loader[:1] == ("-b",) else ()
    return (*named, "-c", cable)


def _run(command: list[str], say: Say) -> tuple[int, str]:
    """Run a loader; return its exit code and all that it printed.

    It has a process group of its own: openFPGALoader may hide behind a script, and both must end at an interrupt.
    """
    with _interrupts_held() as let_go:
        try:
            loader = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            why = f"cannot start {command[0]}: {error.strerror}"
            raise MissingToolError(f"{why}; set OPENFPGALOADER to another") from error
        output, stream = bytearray(), cast("IO[bytes]", loader.stdout)
        try:
            let_go()
            while piece := stream.read(4096):
                output += piece
                say(piece.decode(errors="replace"))
            loader.wait()
        finally:
            if loader.poll() is None:
                _end(loader)
            stream.close()
    return loader.returncode, output.decode(errors="replace")


@contextmanager
def _interrupts_held() -> Iterator[Callable[[], None]]:
    """Hold interrupts back until a function is called: one that comes while a program starts would leave it running."""
    came: list[int] = []
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda number, _: came.append(number))

    def let_go() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        before.clear()
        if came:
            came.clear()
            raise KeyboardInterrupt

    try:
        yield let_go
    finally:
        let_go()


def _end(loader: subprocess.Popen[bytes]) -> None:
    """End a loader and what it started: an interrupt first, so that it can let go of the board."""
    if os.name != "posix":
        loader.kill()
        loader.wait()
        return
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError, subprocess.TimeoutExpired, KeyboardInterrupt):
            os.killpg(loader.pid, number)
            loader.wait(PATIENCE_S)
