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
_CHECKED = (_USERCODE, _DICTIONARY, _BLOCK_RAM, _DONE)
#: Bits of a byte in a packed frame: zero, one of sixteen, or any.
_SYMBOL = "(?:0|10.{4}|11.{8})"
_PACKAGE = re.compile(rb"Part: *LFE5\w+-\w+-\d[A-Z]+(\d+)")
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
    return re.match(rb"(?:\s|!.*|//.*)*(?:HDR|HIR|TDR|TIR|TRST|ENDDR|ENDIR|STATE|FREQUENCY|SIR)\b", data) is not None


def read_svf(data: bytes) -> Bitstream:
    """Read an SVF file: the IDCODE that it expects, and the bitstream that it loads; raises BrokenError."""
    text = re.sub(r"(?:!|//).*", "", data.decode("ascii", "replace"))
    statements = [" ".join(each.split()) for each in text.split(";")]
    if statements.pop():
        raise BrokenError(f"{SVF} that is cut off after {len(data)} bytes")
    content: list[bytes] = []
    expected, instruction, done = 0, "", False
    for statement in statements:
        if sent := re.match(r"SIR 8 TDI ?\( ?([0-9A-F]{2}) ?\)", statement, re.IGNORECASE):
            instruction = sent[1].upper()
            done = done or (instruction == "26" and bool(content))
        elif instruction == "E0" and (asked := re.search(r"TDO ?\( ?([0-9A-F]{8}) ?\)", statement, re.IGNORECASE)):
            expected = int(asked[1], 16)
        elif instruction == "7A" and (sent := re.match(r"SDR \d+ TDI ?\(([0-9A-F ]+)\)", statement, re.IGNORECASE)):
            digits = sent[1].replace(" ", "")
            content.append(bytes.fromhex(digits.zfill(len(digits) + 1 & ~1))[::-1].translate(_REVERSED))
    stream = b"".join(content)
    if not content:
        raise BrokenError("an SVF file that loads no ECP5 bitstream")
    if not done or _PREAMBLE not in stream:
        raise BrokenError(f"{SVF} that is cut off")
    idcode = _Reader(stream, stream.index(_PREAMBLE) + len(_PREAMBLE)).idcode()
    if idcode != expected:
        raise BrokenError(f"{SVF} that expects IDCODE {expected:08x} and loads a bitstream for {idcode:08x}")
    return Bitstream(family=Family.ECP5, kind="svf", fpga=_FPGAS[idcode][0], idcode=idcode)


class _Reader:
    """Reader of the commands behind the preamble."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._cursor = Cursor(data, place, WHAT)
        self._covered = bytearray()

    def idcode(self) -> int:
        """Return the IDCODE after everything has been read up to the command that ends the configuration."""
        found, framed = 0, False
        while True:
            code = self._cursor.take(1)[0]
            if code == _DUMMY:
                continue
            self._covered.append(code)
            information = self._take(3)
            if code == _CRC:
                self._covered.clear()
            elif code == _ID:
                found = int.from_bytes(self._take(4))
                if found not in _FPGAS:
                    raise BrokenError(f"a bitstream of Lattice for an FPGA that is no ECP5 (IDCODE {found:08x})")
            elif code in (_FRAMES, _PACKED):
                self._frames(found, information, packed=code == _PACKED)
                framed = True
            elif code == _BLOCK_RAM:
                self._take(9 * int.from_bytes(information[1:]))
            elif code == _JUMP:
                raise BrokenError("a jump to another ECP5 bitstream, not one itself")
            elif code != _DONE:
                self._argument(code)
            if code in _CHECKED and information[0] & 0x80:
                self._check()
            if code == _USERCODE:
                self._covered.clear()
            if code == _DONE:
                break
        if not framed:
            raise BrokenError(f"{WHAT} without configuration")
        return found

    def _take(self, count: int) -> bytes:
        taken = self._cursor.take(count)
        self._covered += taken
        return taken

    def _argument(self, code: int) -> None:
        if code not in _ARGUMENTS:
            raise BrokenError(f"{WHAT} with a command that is not known here ({code:02x})")
        self._take(_ARGUMENTS[code])

    def _check(self) -> None:
        """Compare the checksum behind what has been read."""
        if crc_msb(self._covered) != self._cursor.number(2):
            raise BrokenError(f"{WHAT} with a wrong checksum, before byte {self._cursor.place}")
        self._covered.clear()

    def _frames(self, idcode: int, information: bytes, *, packed: bool) -> None:
        """Read frames of configuration, each with its checksum."""
        if idcode not in _FPGAS:
            raise BrokenError(f"{WHAT} that does not say for which FPGA")
        size, count = _FPGAS[idcode][1], int.from_bytes(information[1:])
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
