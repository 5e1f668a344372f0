"""Bitstream of an FPGA, as read from the content of a file, and its checksums."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ..parts import Family, Part

#: Bytes at the beginning of a file in which its comments end and the bitstream begins.
HEAD = 4096


class BrokenError(ValueError):
    """Bitstream that is not whole or that no FPGA would take; the message goes on after "it is"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bitstream:
    """Bitstream of an FPGA.

    Attributes
    ----------
    family : Family
        Family of the FPGA.
    kind : str
        Suffix of such files: ``bin``, ``bit``, ``svf`` or ``fs``.
    fpga : str
        The FPGA, or those that take the same bitstreams.
    idcode : int
        JTAG IDCODE of the FPGA, without the bits of its revision; 0 where the family has none.
    package : str
        Package, of ECP5 its digits; empty if the file does not tell.
    """

    family: Family
    kind: str
    fpga: str
    idcode: int = 0
    package: str = ""

    def __str__(self) -> str:
        return f"{self.fpga} in package {self.package}" if self.package else self.fpga

    def suits(self, part: Part) -> bool:
        """Whether it is for a part, as far as the file tells."""
        if self.family is not part.family:
            return False
        if self.family is Family.ICE40:
            return any(part.name.startswith(name) for name in self.fpga.split(" or "))
        same = self.idcode == part.idcode & revision_mask(self.family)
        return same and self.package in ("", package_of(part))


def revision_mask(family: Family) -> int:
    """Bits of an IDCODE that tell FPGAs apart: the highest four are a revision, but for Lattice's."""
    return 0xFFFFFFFF if family is Family.ECP5 else 0x0FFFFFFF


def package_of(part: Part) -> str:
    """Package of a part, as `Bitstream.package` has it."""
    pattern = {
        Family.ECP5: r"-\d[A-Z]+(\d+)",
        Family.GOWIN: r"-[A-Z]{2}\d+C?([A-Z]+\d+P?)",
        Family.XC7: r"xc7[a-z]\d+t?i?([a-z]+\d+)",
    }.get(part.family)
    found = re.search(pattern, part.name) if pattern else None
    return found[1] if found else ""


def crc_msb(data: bytes | bytearray) -> int:
    """CRC-16 of Lattice's ECP5: polynomial 0x8005, highest bit first, from 0."""
    table, found = _msb_table(), 0
    for byte in data:
        found = (found << 8 & 0xFF00) ^ table[found >> 8 ^ byte]
    return found


def crc_lsb(data: bytes | bytearray) -> int:
    """CRC-16 of Gowin: polynomial 0x8005, lowest bit first, from 0."""
    table, found = _lsb_table(), 0
    for byte in data:
        found = found >> 8 ^ table[found & 0xFF ^ byte]
    return found


@cache
def _msb_table() -> Sequence[int]:
    table = []
    for found in range(0, 1 << 16, 1 << 8):
        for _ in range(8):
            found = found << 1 ^ (0x18005 if found & 0x8000 else 0)
        table.append(found)
    return table


@cache
def _lsb_table() -> Sequence[int]:
    table = []
    for found in range(256):
        for _ in range(8):
            found = found >> 1 ^ (0xA001 if found & 1 else 0)
        table.append(found)
    return table


class Cursor:
    """Place in the content of a bitstream; to read beyond its end is a BrokenError."""

    def __init__(self, data: bytes, place: int, what: str) -> None:
        self._data, self._what = data, what
        self.place = place

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        found = self._data[self.place : self.place + count]
        if len(found) < count:
            raise BrokenError(f"{self._what} that is cut off after {len(self._data)} bytes")
        self.place += count
        return found

    def number(self, count: int) -> int:
        """Return the next bytes as a number, the highest byte first."""
        return int.from_bytes(self.take(count))
