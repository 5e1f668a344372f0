"""Bitstreams of iCE40, as icepack and Lattice's tools write them.

After comments between FF 00 and 00 FF comes 7E AA 99 7E, then commands: four bits of an opcode, four bits with the
number of bytes of its argument, the argument, and data behind the commands that write memory. There is no IDCODE; the
sizes of the four banks of configuration memory tell the FPGA. Format: documentation of Project IceStorm.
"""

from __future__ import annotations

from binascii import crc_hqx

from ..parts import Family
from .bitstream import HEAD, Bitstream, BrokenError, Cursor

WHAT = "an iCE40 bitstream"
PREAMBLE = bytes.fromhex("7eaa997e")
#: FPGAs by bits in a row of their configuration banks, and rows.
_FPGAS = {
    (182, 80): "iCE40LP384",
    (332, 144): "iCE40HX1K or iCE40LP1K",
    (656, 176): "iCE5LP4K",
    (692, 176): "iCE40UL4K or iCE40U4K",
    (692, 336): "iCE40UP5K",
    (872, 272): "iCE40HX8K or iCE40HX4K or iCE40LP8K or iCE40LP4K",
}
_COMMAND, _BANK, _CRC, _BOOT, _RATE, _WIDTH, _HEIGHT, _OFFSET, _WARM = 0, 1, 2, 4, 5, 6, 7, 8, 9
_CRAM, _BRAM, _RESET_CRC, _WAKE, _REBOOT = 1, 3, 5, 6, 8


def is_one(data: bytes) -> bool:
    """Whether a file begins as one of these."""
    return data.startswith(PREAMBLE) or (data.startswith(b"\xff\0") and PREAMBLE in data[:HEAD])


def read(data: bytes) -> Bitstream:
    """Read a whole bitstream, with its checksum; raises BrokenError."""
    size = _Reader(data, data.index(PREAMBLE) + len(PREAMBLE)).size()
    if size not in _FPGAS:
        raise BrokenError(f"{WHAT} for an FPGA that is not known here, with banks of {size[0]} x {size[1]} bits")
    return Bitstream(family=Family.ICE40, kind="bin", fpga=_FPGAS[size])


class _Reader:
    """Reader of the commands behind the preamble."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._cursor = Cursor(data, place, WHAT)
        self._set = {_BANK: 0, _WIDTH: 0, _HEIGHT: 0, _OFFSET: 0}
        self._covered = 0
        self._checked = False

    def size(self) -> tuple[int, int]:
        """Return bits in a row and rows of the banks, after everything has been read up to the start of the FPGA."""
        width = height = 0
        while (command := self._command()) != (_COMMAND, _WAKE):
            if command == (_COMMAND, _CRAM):
                width = max(width, self._set[_WIDTH] + 1)
                height = max(height, self._set[_OFFSET] + self._set[_HEIGHT])
        if not self._checked:
            raise BrokenError(f"{WHAT} without a checksum")
        return width, height

    def _command(self) -> tuple[int, int]:
        """Read a command with its data; return operation and argument."""
        code = self._cursor.take(1)[0]
        operation, argument = code >> 4, self._cursor.number(code & 15)
        if operation in self._set:
            self._set[operation] = argument
        elif operation == _CRC:
            if crc_hqx(self._data[self._covered : self._cursor.place], 0xFFFF):
                raise BrokenError(f"{WHAT} whose checksum is wrong")
            self._checked = True
        elif operation == _COMMAND:
            self._act(argument)
        elif operation not in (_BOOT, _RATE, _WARM):
            raise BrokenError(f"{WHAT} with a command that does not exist ({code:02x})")
        return operation, argument

    def _act(self, argument: int) -> None:
        """Read what follows a command that does something."""
        if argument == _RESET_CRC:
            self._covered = self._cursor.place
        elif argument in (_CRAM, _BRAM):
            self._cursor.take((self._set[_WIDTH] + 1) * self._set[_HEIGHT] // 8)
            if self._cursor.number(2):
                raise BrokenError(f"{WHAT} with the wrong amount of data in a bank")
        elif argument == _REBOOT:
            raise BrokenError("a list of several iCE40 bitstreams for warm boot, not one")
        elif argument != _WAKE:
            raise BrokenError(f"{WHAT} with a command that does not exist (0, {argument:x})")
