"""Bitstreams of AMD 7-series: .bit with a header, and raw .bin, as Vivado and prjxray write them.

The header has fields a to e: the design, the part, a date, a time, and the length of what follows. That is words of 32
bits: AA995566, then packets that write registers; one of them has the IDCODE, and the last one ends the configuration.
Format: AMD's UG470. Its CRC is left to the FPGA.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..parts import Family
from .bitstream import HEAD, Bitstream, BrokenError, Cursor, revision_mask

WHAT = "a bitstream of AMD 7-series"
#: Device by IDCODE, without the revision.
_FPGAS = {
    0x03622093: "xc7s6", 0x03620093: "xc7s15", 0x037C4093: "xc7s25", 0x0362F093: "xc7s50", 0x037C8093: "xc7s75",
    0x037C7093: "xc7s100", 0x037C3093: "xc7a12t", 0x0362E093: "xc7a15t", 0x037C2093: "xc7a25t", 0x0362D093: "xc7a35t",
    0x0362C093: "xc7a50t", 0x03632093: "xc7a75t", 0x03631093: "xc7a100t", 0x03636093: "xc7a200t",
    0x03647093: "xc7k70t", 0x0364C093: "xc7k160t", 0x03651093: "xc7k325t", 0x03747093: "xc7k355t",
    0x03656093: "xc7k410t", 0x03752093: "xc7k420t", 0x03751093: "xc7k480t", 0x03723093: "xc7z007s",
    0x03722093: "xc7z010", 0x0373B093: "xc7z015", 0x03727093: "xc7z020", 0x0372C093: "xc7z030", 0x03731093: "xc7z045",
}  # fmt: skip
_SYNC = bytes.fromhex("aa995566")
#: First field of a header, which has no name: 9 bytes that are always the same.
_HEADER = bytes.fromhex("00090ff00ff00ff00ff0000001")
_WRITE = 2
_COMMAND, _IDCODE, _LENGTH_OF_ENCRYPTED = 4, 12, 26
_DESYNC = 13
_NAME = re.compile(r"(?:xc)?(7[a-z]\d+[ts]?)(?:i|l|)([a-z]+\d+)?(?:-.*)?\Z", re.IGNORECASE)


def is_one(data: bytes) -> bool:
    """Whether a file begins as one of these."""
    return data.startswith(_HEADER) or _SYNC in data[:HEAD]


def read(data: bytes) -> Bitstream:
    """Read a whole bitstream; raises BrokenError."""
    part, body = _header(data) if data.startswith(_HEADER) else ("", data)
    idcode = _idcode(body)
    if idcode not in _FPGAS:
        raise BrokenError(f"a bitstream of AMD for an FPGA that is not known here (IDCODE {idcode:08x})")
    fpga, package = _FPGAS[idcode], ""
    if part:
        named = _NAME.match(part)
        if not named or f"xc{named[1].lower()}" != fpga:
            raise BrokenError(f"{WHAT} that contradicts itself: its header says {part[:40]}, its IDCODE {fpga}")
        package = (named[2] or "").lower()
    return Bitstream(family=Family.XC7, kind="bit" if part else "bin", fpga=fpga, idcode=idcode, package=package)


def _header(data: bytes) -> tuple[str, bytes]:
    """Return the part that a header names, and what follows the header."""
    cursor, part = Cursor(data, len(_HEADER), WHAT), ""
    while (name := cursor.take(1)) != b"e":
        if name not in b"abcd":
            raise BrokenError(f"{WHAT} with a damaged header")
        text = cursor.take(cursor.number(2)).rstrip(b"\0")
        if name == b"b":
            part = text.decode("ascii", "replace")
    if not part:
        raise BrokenError(f"{WHAT} whose header names no part")
    length = cursor.number(4)
    return part, cursor.take(length)


def _idcode(body: bytes) -> int:
    """Return the IDCODE after all packets have been read up to the end of the configuration."""
    if _SYNC not in body[:HEAD]:
        raise BrokenError(f"{WHAT} without the word that begins it")
    found = 0
    for register, value in _writes(Cursor(body, body.index(_SYNC) + len(_SYNC), WHAT)):
        if register == _LENGTH_OF_ENCRYPTED:
            raise BrokenError(f"{WHAT} that is encrypted")
        if register == _IDCODE:
            found = value & revision_mask(Family.XC7)
        if register == _COMMAND and value == _DESYNC:
            break
    return found


def _writes(cursor: Cursor) -> Iterator[tuple[int, int]]:
    """Yield the registers that are written, with the first word of each."""
    register = 0
    while True:
        word = cursor.number(4)
        if word >> 29 == 1:
            register, count = word >> 13 & 31, word & 0x7FF
        elif word >> 29 == 2:
            count = word & 0x7FFFFFF
        else:
            raise BrokenError(f"{WHAT} with a word that is no packet ({word:08x})")
        if word >> 27 & 3 == _WRITE and count:
            yield register, int.from_bytes(cursor.take(4 * count)[:4])
