"""Stuffing and checksum of frames: content without zero bytes on the wire.

A frame is its content and a CRC-32 over it, stuffed by COBS so that it holds no zero byte, between zero
bytes. In frames from the chip each distance stands behind its block: a chip can then send every byte as it comes,
where COBS would have to know the distance to the next zero first.
"""

from __future__ import annotations

import zlib

CRC_BYTES = 4


class FrameError(ValueError):
    """A frame that cannot be trusted: too short, bad stuffing, or a wrong checksum."""


def cobs_encode(content: bytes) -> bytes:
    """Replace zeros by distances (Consistent Overhead Byte Stuffing); no delimiter is added."""
    out = bytearray()
    for block in content.split(b"\0"):
        for start in range(0, len(block) - 253, 254):
            out.append(0xFF)
            out += block[start : start + 254]
        rest = len(block) % 254
        out.append(rest + 1)
        out += block[len(block) - rest :]
    return bytes(out)


def cobs_decode(stuffed: bytes) -> bytes:
    """Inverse of `cobs_encode`; raises FrameError if a distance leads beyond the end."""
    out = bytearray()
    position = 0
    while position < len(stuffed):
        code = stuffed[position]
        block = stuffed[position + 1 : position + code]
        if code == 0 or len(block) != code - 1:
            raise FrameError(f"bad stuffing: distance {code} at byte {position} of {len(stuffed)}")
        out += block
        position += code
        if code != 0xFF and position < len(stuffed):
            out.append(0)
    return bytes(out)


#: Distance behind a block without its zero, by the length of the block.
_DISTANCES = [bytes([length + 1]) for length in range(254)]


def trailing_encode(content: bytes) -> bytes:
    """COBS with each distance behind its block instead of before it; no delimiter is added."""
    blocks = content.split(b"\0")
    if max(map(len, blocks)) < 254:
        return b"".join([block + _DISTANCES[len(block)] for block in blocks])
    out = bytearray()
    for block in blocks:
        for start in range(0, len(block) - 253, 254):
            out += block[start : start + 254]
            out.append(0xFF)
        rest = len(block) % 254
        out += block[len(block) - rest :]
        out.append(rest + 1)
    return bytes(out)


def trailing_decode(stuffed: bytes) -> bytes:
    """Inverse of `trailing_encode`, from the end; raises FrameError if a distance leads beyond the beginning."""
    out, end = bytearray(stuffed), len(stuffed)
    while end > 0:
        code = out[end - 1]
        if not 0 < code <= end:
            raise FrameError(f"bad stuffing: distance {code} at byte {end - 1} of {len(stuffed)}")
        if code == 0xFF or end == len(stuffed):
            del out[end - 1]
        else:
            out[end - 1] = 0
        end -= code
    return bytes(out)


def with_crc(content: bytes) -> bytes:
    """Content followed by its CRC-32 (the one of Ethernet and zlib), low byte first."""
    return content + zlib.crc32(content).to_bytes(CRC_BYTES, "little")


def without_crc(checked: bytes) -> bytes:
    """Inverse of `with_crc`; raises FrameError if the checksum is wrong."""
    content = checked[:-CRC_BYTES]
    if with_crc(content) != checked:
        raise FrameError(f"bad checksum in a frame of {len(checked)} bytes")
    return content
