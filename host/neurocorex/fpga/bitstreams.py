"""Bitstream files: what a file is, read from its content, and whether it is for a board.

A file is checked before a loader starts. Its name does not say what it is, but openFPGALoader goes by the suffix, so it
must be the one of the content.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

from ..errors import FileFormatError, InputError
from ..files import printable, read_bytes, read_json
from .boards import BOARDS, Board
from .formats import ecp5, foreign, gowin, ice40, xc7
from .formats.bitstream import Bitstream, BrokenError
from .parts import Family

__all__ = ["LARGEST", "Bitstream", "check", "identify"]

#: Largest file that is read; a flash has 16 MiB, the largest bitstream of a board, as text, 5 MB.
LARGEST = 16 << 20
#: Report that a build leaves beside its bitstream.
REPORT = "report.json"
_FORMS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Bitstream]], ...] = (
    (ice40.is_one, ice40.read),
    (ecp5.is_one, ecp5.read),
    (gowin.is_one, gowin.read),
    (xc7.is_one, xc7.read),
    (ecp5.is_svf, ecp5.read_svf),
)
_KINDS = {
    Family.ICE40: "an iCE40 bitstream (.bin)",
    Family.ECP5: "an ECP5 bitstream (.bit or .svf)",
    Family.GOWIN: "a Gowin bitstream (.fs)",
    Family.XC7: "a 7-series bitstream (.bit or .bin)",
}


def identify(data: bytes) -> Bitstream:
    """Tell the FPGA that a bitstream is for.

    Parameters
    ----------
    data : bytes
        Content of a file.

    Returns
    -------
    Bitstream
        Family, kind of file, FPGA and IDCODE; what has a checksum that is read here was whole.

    Raises
    ------
    InputError
        If it is no bitstream, or not a whole one; the message goes on after "it is".
    """
    if not data:
        raise InputError("empty")
    try:
        for is_one, read in _FORMS:
            if is_one(data):
                return read(data)
    except BrokenError as error:
        raise InputError(str(error)) from None
    raise InputError(foreign.described(data))


def check(board: Board, path: Path) -> Bitstream:
    """Check that a file is a whole bitstream for the FPGA of a board.

    Parameters
    ----------
    board : Board
        The board that it is for.
    path : Path
        The file.

    Returns
    -------
    Bitstream
        What it is.

    Raises
    ------
    InputError
        If not; the message says what the file is, what the board needs, and what to do.
    FileFormatError
        If it cannot be read.
    """
    _check_regular(board, path)
    data = read_bytes(path, LARGEST)
    try:
        found = identify(data)
    except InputError as error:
        raise _unsuitable(board, path, str(error)) from None
    if not found.suits(board.part):
        raise _unsuitable(board, path, f"{_article(found.family)} bitstream for {found}")
    _check_name(path, found)
    _check_report(board, path, data)
    return found


def _check_regular(board: Board, path: Path) -> None:
    """Refuse what is no regular file: a pipe would wait, a device has no end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise InputError(f"there is no {path}; make it first: neurocorex build {board.name}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {printable(str(path))}: {reason}; check the path") from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a device or pipe, not a file"
        raise _unsuitable(board, path, kind)


def _check_name(path: Path, found: Bitstream) -> None:
    """Refuse a name from which openFPGALoader would take the file for another kind."""
    if path.suffix != f".{found.kind}":
        raise InputError(
            f"{path} is {_article(found.family)} bitstream, but openFPGALoader goes by the name: "
            f"copy it to {path.with_suffix(f'.{found.kind}').name}"
        )
    if ".svf" in str(path) and found.kind != "svf":
        raise InputError(f"openFPGALoader takes {path} for an SVF file, since .svf is in its name: copy it elsewhere")


def _check_report(board: Board, path: Path, data: bytes) -> None:
    """Refuse what was built for another board with the same FPGA, if the report of the build is still beside it."""
    report = path.with_name(REPORT)
    if not report.is_file():
        return
    try:
        values = read_json(report)
    except FileFormatError:  # it may be of anything
        return
    if not isinstance(values, dict) or values.get("sha256") != hashlib.sha256(data).hexdigest():
        return
    made_for = values.get("board")
    if isinstance(made_for, str) and made_for != board.name and made_for in BOARDS:
        raise InputError(
            f"{path} was built for {made_for}, as {REPORT} beside it says, and {board.name} has its pins elsewhere; "
            f"make one: neurocorex build {board.name}"
        )


def _article(family: Family) -> str:
    return {Family.ICE40: "an iCE40", Family.ECP5: "an ECP5", Family.GOWIN: "a Gowin", Family.XC7: "a 7-series"}[family]


def _unsuitable(board: Board, path: Path, what: str) -> InputError:
    advice = f"make one: neurocorex build {board.name}"
    if board.family is Family.XC7:
        advice = f"make one by neurocorex build {board.name} and Vivado"
    needed = f"{board.name} needs {_KINDS[board.family]} for {board.part.name}"
    return InputError(f"{printable(str(path))} is {what}; {needed}; {advice}")
