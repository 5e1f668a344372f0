"""Bitstreams of ECP5, as ecppack and Lattice's Diamond write them, and the SVF files that load them by JTAG.

After comments between FF 00 and FF comes FF FF BD B3, then commands with three bytes of information and an argument.
VERIFY_ID has the IDCODE. Configuration memory comes in frames, packed or not, with a CRC behind each. Format:
documentation and libtrellis of Project Trellis; Lattice's FPGA-TN-02039.
"""

from __future__ import annotations

import re

from ..parts import Family
from .bitstream import HEAD, Bitstream, BrokenError, Cursor, crc_msb

WHAT, SVF = "an ECP5 bitstream", "an SVF file for ECP5"
_PREAMBLE, _ENCRYPTED = bytes.fromhex("ffffbdb3"), bytes.fromhex("ffffbfb3")
#: FPGA and bytes of a frame by IDCODE.
_FPGAS = {
    code << 28 | 0x0111_0043 | die << 12: (f"LFE5{kind}-{size}F", frame)
    for kind, code in (("U", 4), ("UM", 0), ("UM5G", 8))
    for die, size, frame in ((1, 25, 74), (2, 45, 106), (3, 85, 142))
} | {0x21111043: ("LFE5U-12F", 74)}
_ID, _CRC, _DUMMY, _DONE, _USERCODE, _DICTIONARY, _JUMP = 0xE2, 0x3B, 0xFF, 0x5E, 0xC2, 0x02, 0x7E
_FRAMES, _PACKED, _BLOCK_RAM, _SPI_MODE = 0x82, 0xB8, 0xB2, 0x79
#: Bytes of the arguments of the other commands: control registers, address, checksum, security, place in block RAM.
_ARGUMENTS = {0x22: 4, 0x23: 4, 0x46: 0, 0xA2: 4, 0xCE: 0, 0xF6: 4, _USERCODE: 4, _DICTIONARY: 8, _SPI_MODE: 0}
#: These, and the writing of block RAM, end with a checksum if the highest bit of their information is set.
_CHECKED = (_USERCODE, _DICTIONARY, _BLOCK_RAM)
#: Bits of a byte in a packed frame: zero, one of sixteen, or any.
_SYMBOL = "(?:0|10.{4}|11.{8})"
_PACKAGE = re.compile(rb"Part: *LFE5\w+-\w+-\d[A-Z]+(\d+)")
_SVF_BEGIN = re.compile(rb"(?:\s|!.*|//.*)*+(?:HDR|HIR|TDR|TIR|TRST|ENDDR|ENDIR|STATE|FREQUENCY|SIR)\b")
#: Statements of an SVF file: an instruction, its end of the configuration, the IDCODE that it expects, and data.
_SVF_INSTRUCTION = re.compile(r"SIR 8 TDI ?\( ?([0-9A-F]{2}) ?\)", re.IGNORECASE)
_SVF_END = re.compile(r"SIR 8 TDI ?\( ?26 ?\)", re.IGNORECASE)
_SVF_IDCODE = re.compile(r"TDO ?\( ?([0-9A-F]{8}) ?\)", re.IGNORECASE)
_SVF_DATA = re.compile(r"SDR \d+ TDI ?\(([0-9A-F ]+)\)", re.IGNORECASE)
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def is_one(data: bytes) -> bool:
    """Whether a file begins as one of these."""
    head = data[:HEAD]
    begins = head.startswith((b"\xff\0", b"LSCC\xff\0", _PREAMBLE, _ENCRYPTED))
    return begins and (_PREAMBLE in head or _ENCRYPTED in head)


def read(data: bytes) -> Bitstream:
    """Read a whole bitstream, with all of its checksums; raises BrokenError."""
    comments, mark, _ = data.partition(_PREAMBLE)
    if not mark or _ENCRYPTED in comments:
        raise BrokenError(f"{WHAT} that is encrypted, so that its FPGA cannot be told")
    found = _PACKAGE.search(comments)
    idcode = _Reader(data, len(comments) + len(mark)).idcode()
    return Bitstream(
        family=Family.ECP5,
        kind="bit",
        fpga=_FPGAS[idcode][0],
        idcode=idcode,
        package=found[1].decode() if found else "",
    )


def is_svf(data: bytes) -> bool:
    """Whether a file is an SVF file, for whatever chip."""
    return _SVF_BEGIN.match(data[: 4 * HEAD]) is not None


def read_svf(data: bytes) -> Bitstream:
    """Read an SVF file: the IDCODE that it expects, and the bitstream that it loads; raises BrokenError."""
    text = re.sub(r"(?:!|//).*", "", data.decode("ascii", "replace"))
    statements = [" ".join(each.split()) for each in text.split(";")]
    if statements.pop():
        raise BrokenError(f"{SVF} that is cut off after {len(data)} bytes")
    expected, stream = _svf_content(statements)
    if not stream:
        raise BrokenError("an SVF file that loads no ECP5 bitstream")
    if _PREAMBLE not in stream or not any(_SVF_END.match(each) for each in statements):
        raise BrokenError(f"{SVF} that is cut off")
    idcode = _Reader(stream, stream.index(_PREAMBLE) + len(_PREAMBLE)).idcode()
    if idcode != expected:
        raise BrokenError(f"{SVF} that expects IDCODE {expected:08x} and loads a bitstream for {idcode:08x}")
    return Bitstream(family=Family.ECP5, kind="svf", fpga=_FPGAS[idcode][0], idcode=idcode)


def _svf_content(statements: list[str]) -> tuple[int, bytes]:
    """Return the IDCODE that an SVF file expects, and the bitstream that it sends."""
    expected, instruction, content = 0, "", bytearray()
    for statement in statements:
        if found := _SVF_INSTRUCTION.match(statement):
            instruction = found[1].upper()
        elif instruction == "E0" and (found := _SVF_IDCODE.search(statement)):
            expected = int(found[1], 16)
        elif instruction == "7A" and (found := _SVF_DATA.match(statement)):
            digits = found[1].replace(" ", "")
            content += bytes.fromhex(digits.zfill(len(digits) + 1 & ~1))[::-1].translate(_REVERSED)
    return expected, bytes(content)


class _Reader:
    """Reader of the commands behind the preamble."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._cursor = Cursor(data, place, WHAT)
        self._covered = bytearray()
        self._idcode = 0
        self._framed = False

    def idcode(self) -> int:
        """Return the IDCODE after everything has been read up to the command that ends the configuration."""
        while (code := self._cursor.take(1)[0]) != _DONE:
            if code != _DUMMY:
                self._covered.append(code)
                self._command(code, self._take(3))
        self._covered.append(code)
        if self._take(3)[0] & 0x80:
            self._check()
        if not self._framed:
            raise BrokenError(f"{WHAT} without configuration")
        return self._idcode

    def _command(self, code: int, information: bytes) -> None:
        """Read what follows a command."""
        if code == _ID:
            self._identify(int.from_bytes(self._take(4)))
        elif code in (_FRAMES, _PACKED):
            self._frames(information, packed=code == _PACKED)
        elif code == _BLOCK_RAM:
            self._take(9 * int.from_bytes(information[1:]))
        elif code != _CRC:
            self._argument(code)
        if code in _CHECKED and information[0] & 0x80:
            self._check()
        if code in (_CRC, _USERCODE):
            self._covered.clear()

    def _identify(self, idcode: int) -> None:
        if idcode not in _FPGAS:
            raise BrokenError(f"a bitstream of Lattice for an FPGA that is no ECP5 (IDCODE {idcode:08x})")
        self._idcode = idcode

    def _take(self, count: int) -> bytes:
        taken = self._cursor.take(count)
        self._covered += taken
        return taken

    def _argument(self, code: int) -> None:
        """Read the argument of a command that sets something."""
        if code == _JUMP:
            raise BrokenError("a jump to another ECP5 bitstream, not one itself")
        if code not in _ARGUMENTS:
            raise BrokenError(f"{WHAT} with a command that is not known here ({code:02x})")
        self._take(_ARGUMENTS[code])

    def _check(self) -> None:
        """Compare the checksum behind what has been read."""
        if crc_msb(self._covered) != self._cursor.number(2):
            raise BrokenError(f"{WHAT} with a wrong checksum, before byte {self._cursor.place}")
        self._covered.clear()

    def _frames(self, information: bytes, *, packed: bool) -> None:
        """Read frames of configuration, each with its checksum."""
        if not self._idcode:
            raise BrokenError(f"{WHAT} that does not say for which FPGA")
        self._framed = True
        size, count = _FPGAS[self._idcode][1], int.from_bytes(information[1:])
        checked, last_only, dummies = information[0] & 0x80, information[0] & 0x40, information[0] & 15
        lengths = _Packed(self._data, self._cursor.place, size, count) if packed else None
        for each in range(count):
            self._take(size if lengths is None else lengths.of_frame(self._cursor.place))
            if checked and (not last_only or each == count - 1):
                self._check()
            self._take(dummies)


class _Packed:
    """Lengths of packed frames. A frame is padded to 64 bits before it is packed, and to whole bytes behind it.

    The regular expression passes over the bytes of a frame faster than a loop could.
    """

    def __init__(self, data: bytes, start: int, size: int, count: int) -> None:
        padded = (size + 7) // 8 * 8
        content = data[start : start + count * (padded * 10 // 8 + 20)]
        self._start, self._end = start, len(data)
        self._frame = re.compile(f"{_SYMBOL}{{{padded}}}+")
        self._bits = f"{int.from_bytes(content):0{8 * len(content)}b}"

    def of_frame(self, place: int) -> int:
        """Bytes of the frame at a place; more than there are if it is cut off."""
        found = self._frame.match(self._bits, 8 * (place - self._start))
        return (found.end() - found.start() + 7) // 8 if found else self._end
