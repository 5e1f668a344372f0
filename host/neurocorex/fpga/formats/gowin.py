"""Bitstreams of Gowin (.fs), as gowin_pack and Gowin's own tools write them.

Text: comments behind //, then lines of 0 and 1. After the preamble A5C3 come lines that begin with a command: 06 has
the IDCODE, 3B the number of frames. Frames follow, a line each, with a CRC-16 and six bytes of ones behind, and
commands again; 08 ends the configuration. Format: apicula's documentation, and Gowin's TN653.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..parts import Family
from .bitstream import HEAD, Bitstream, BrokenError, crc_lsb, revision_mask

WHAT = "a Gowin bitstream"
#: FPGAs by IDCODE, without the revision; those of apicula's database and of openFPGALoader's list.
_FPGAS = {
    0x0900281B: "GW1N-1",
    0x0100681B: "GW1NZ-1",
    0x0120681B: "GW1N-2",
    0x0300181B: "GW1NS-2C",
    0x0100381B: "GW1N-4",
    0x0100981B: "GW1NS-4",
    0x0100481B: "GW1N-9C",
    0x0100581B: "GW1N-9",
    0x0000081B: "GW2A-18",
    0x0000281B: "GW2A-55",
    0x0001281B: "GW5A-25",
    0x0001681B: "GW5AT-15",
    0x0001481B: "GW5AT-60",
    0x0001081B: "GW5AST-138",
    0x0001181B: "GW5AT-138",
}
_PREAMBLE = b"\xa5\xc3"
_ID, _FRAMES, _ADDRESS, _DONE = 0x06, 0x3B, 0xD2, 0x08
#: Bytes behind a frame: its checksum, and ones.
_CRC, _ONES = 2, 6
_CRC_ON = 0x80
#: Comment of Gowin's own tools.
_PACKAGE = re.compile(rb"^//Part Number: *GW\w+-[A-Z]{2}\d+C?([A-Z]+\d+P?)", re.MULTILINE)
_HEAD_LINE = re.compile(rb"(?:\s*(?://[^\n]*)?\n)*[01]{8,}\s", re.MULTILINE)


def is_one(data: bytes) -> bool:
    """Whether a file begins as one of these."""
    return _HEAD_LINE.match(data[: 4 * HEAD]) is not None


def read(data: bytes) -> Bitstream:
    """Read a whole bitstream, with the checksums of its frames; raises BrokenError."""
    lines = _lines(data)
    if _PREAMBLE not in lines:  # this reads up to it
        raise BrokenError(f"{WHAT} without the preamble that begins it")
    idcode, covered, announced = _header(lines)
    if not announced:
        raise BrokenError(f"{WHAT} that is cut off after {len(data)} bytes")
    _check_frames(lines, announced, covered, old=idcode not in _newer())
    if idcode not in _FPGAS:
        raise BrokenError(f"{WHAT} for an FPGA that is not known here (IDCODE {idcode:08x})")
    if not any(line[0] == _DONE for line in lines):
        raise BrokenError(f"{WHAT} that is cut off after {len(data)} bytes: it does not start the FPGA at its end")
    part = _PACKAGE.search(data[: 4 * HEAD])
    package = part[1].decode() if part else ""
    return Bitstream(family=Family.GOWIN, kind="fs", fpga=_FPGAS[idcode], idcode=idcode, package=package)


def _header(lines: Iterator[bytes]) -> tuple[int, bytearray, bytes]:
    """Read up to the command that announces the frames: IDCODE, what the checksum covers, and that command."""
    idcode, covered = 0, bytearray()
    for line in lines:
        if line[0] != _ADDRESS:
            covered += line
        if line[0] == _ID:
            idcode = int.from_bytes(line[4:]) & revision_mask(Family.GOWIN)
        if line[0] == _FRAMES:
            return idcode, covered, line
    return idcode, covered, b""


def _newer() -> set[int]:
    """Return the IDCODEs of Arora V, whose checksums are computed in another way."""
    return {idcode for idcode, name in _FPGAS.items() if name.startswith("GW5")}


def _lines(data: bytes) -> Iterator[bytes]:
    """Lines as bytes, without comments."""
    for number, line in enumerate(data.split(b"\n"), 1):
        bits = line.strip()
        if not bits or bits.startswith(b"//"):
            continue
        if bits.strip(b"01") or len(bits) % 8:
            raise BrokenError(f"{WHAT} that is cut off or damaged: line {number} is no row of whole bytes")
        yield int(bits, 2).to_bytes(len(bits) // 8)


def _check_frames(lines: Iterator[bytes], command: bytes, covered: bytearray, *, old: bool) -> None:
    """Read the frames that a command announces, and compare their checksums."""
    count = int.from_bytes(command[2:4])
    for number in range(count):
        frame = next(lines, None)
        if frame is None:
            raise BrokenError(f"{WHAT} that is cut off after {number} of {count} frames")
        if old and command[1] & _CRC_ON:
            ones = len(frame) - _ONES
            covered += frame[: max(ones - _CRC, 0)]
            if crc_lsb(covered) != int.from_bytes(frame[max(ones - _CRC, 0) : ones], "little"):
                raise BrokenError(f"{WHAT} with a wrong checksum, of frame {number + 1} of {count}")
            covered[:] = frame[ones:]
