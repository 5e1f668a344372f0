"""Names of files that are no bitstreams, for messages."""

from __future__ import annotations

import re

#: What begins a file, and what such a file is.
_BEGINNINGS = (
    (b"\x1f\x8b", "a gzip file; unpack it first"),
    (b"PK\3\4", "a zip archive; a release is taken with --from"),
    (b"\xfd7zXZ\0", "an xz file; unpack it first"),
    (b"BZh", "a bzip2 file; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd file; unpack it first"),
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"BM", "a picture (BMP)"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program (ELF)"),
    (b"UF2\n", "a UF2 file for a microcontroller"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
)
#: The same of text, by a pattern.
_TEXTS = (
    (r"\.device LFE5|\.comment.*\n(?:.*\n)?\.device LFE5", "input of ecppack, which makes a .bit file of it"),
    (r"(?:\.comment .*\n)?\.device \w+\s*\n", "input of icepack, which makes a .bin file of it"),
    (r":[0-9A-Fa-f]{10,}\s", "a hex file (Intel HEX, MCS)"),
    (r"\s*[{\[]", "JSON, or other text"),
    (r"#!", "a script"),
)
#: Bytes that are looked at to tell text from other files.
_LOOKED_AT = 4096


def described(data: bytes) -> str:
    """Say what a file is, as the end of a sentence after "it is"."""
    for beginning, name in _BEGINNINGS:
        if data.startswith(beginning):
            return name
    if not data.strip(data[:1]):
        return f"{len(data)} bytes that are all {data[0]:02x}"
    if data[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    text = data[:_LOOKED_AT].decode("utf-8", "ignore")
    if len(text) * 4 < min(len(data), _LOOKED_AT) or any(
        not each.isprintable() and each not in "\t\r\n\f" for each in text
    ):
        return f"no bitstream that is known here ({len(data)} bytes)"
    return next((name for pattern, name in _TEXTS if re.match(pattern, text)), "text")
