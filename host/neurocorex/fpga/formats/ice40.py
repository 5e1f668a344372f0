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
    cursor = Cursor(data, data.index(PREAMBLE) + len(PREAMBLE), WHAT)
    state = {_BANK: 0, _WIDTH: 0, _HEIGHT: 0, _OFFSET: 0}
    width = height = covered = 0
    checked = False
    while True:
        code = cursor.take(1)[0]
        operation, argument = code >> 4, cursor.number(code & 15)
        if operation in state:
            state[operation] = argument
        elif operation == _CRC:
            if crc_hqx(data[covered : cursor.place], 0xFFFF):
                raise BrokenError(f"{WHAT} whose checksum is wrong")
            checked = True
        elif operation == _COMMAND and argument == _RESET_CRC:
            covered = cursor.place
        elif operation == _COMMAND and argument in (_CRAM, _BRAM):
            cursor.take((state[_WIDTH] + 1) * state[_HEIGHT] // 8)
            if cursor.number(2):
                raise BrokenError(f"{WHAT} with the wrong amount of data in a bank")
            if argument == _CRAM:
                width, height = max(width, state[_WIDTH] + 1), max(height, state[_OFFSET] + state[_HEIGHT])
        elif operation == _COMMAND and argument == _WAKE:
            break
        else:
            _refuse(operation, argument)
    if not checked:
        raise BrokenError(f"{WHAT} without a checksum")
    if (width, height) not in _FPGAS:
        raise BrokenError(f"{WHAT} for an FPGA that is not known here, with banks of {width} x {height} bits")
    return Bitstream(family=Family.ICE40, kind="bin", fpga=_FPGAS[width, height])


def _refuse(operation: int, argument: int) -> None:
    """Pass over what neither writes nor checks anything; refuse the rest."""
    if operation == _COMMAND and argument == _REBOOT:
        raise BrokenError("a list of several iCE40 bitstreams for warm boot, not one")
    if operation not in (_BOOT, _RATE, _WARM):
        raise BrokenError(f"{WHAT} with a command that does not exist ({operation:x}, {argument:x})")
