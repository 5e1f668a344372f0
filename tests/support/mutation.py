"""Seeded mutations of files: what a bad disk, a bad program or a bad person makes of a good one."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from random import Random
from typing import Any

#: Numbers at which readers stumble, as little-endian bytes of several widths.
NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 40,
    (1 << 63) - 1,
    (1 << 64) - 1,
)
#: Texts at which readers of JSON, CSV and heads of arrays stumble.
TEXTS = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"\\", b"\\ud800", b"{", b"}", b"[" * 40, b"[" * 20000, b"((", b")",
    b",", b",,", b"\n", b"-", b"-1", b"1e999", b"NaN", b"Infinity", b"null", b"true", b"9" * 25, b"9" * 5000, b"0x",
    b"1_0", b"'|O'", b"<U4", b"<f16", b"True", b"(1,)", b"(-1,)", b"(99999999999999999,)", b"(0, 99999999999)",
    b"PK\x01\x02", b"PK\x05\x06", b"\x93NUMPY", b"__reduce__",
)  # fmt: skip
#: Values at which readers of documents stumble.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2.5, 1e308, -1e308, 10**29, 10**31, 1 << 63, float("nan"), float("inf"), "", "x", "\0",
    "x" * 300, [], [[]], [0], {}, {"a": {}}, [1] * 70,
)  # fmt: skip


def mutated(data: bytes, rng: Random) -> bytes:
    """Return a file with one to three things done to it: to its bytes, or to what its format holds."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        ways = [_bytes]
        if data[:2] == b"PK":
            ways += [_archive, _archive, _directory]
        if data.lstrip()[:1] in (b"{", b"["):
            ways += [_document, _document]
        data = rng.choice(ways)(data, rng)
    return data


def _bytes(data: bytes, rng: Random) -> bytes:
    """Cut off, flip, overwrite, insert, take away or repeat bytes."""
    at, size = rng.randrange(len(data) + 1), rng.choice((1, 1, 2, 4, 8, 40, 400))
    match rng.randrange(8):
        case 0:
            return data[:at]
        case 1:
            return data[at:]
        case 2:
            return data[:at] + bytes(byte ^ 1 << rng.randrange(8) for byte in data[at : at + 1]) + data[at + 1 :]
        case 3:
            return data[:at] + rng.randbytes(size) + data[at + size :]
        case 4:
            return data[:at] + data[at + size :]
        case 5:
            return data[:at] + data[at : at + size] * 2 + data[at + size :]
        case 6:
            text = rng.choice(TEXTS)
            return data[:at] + text + data[at + rng.choice((0, len(text))) :]
        case _:
            number = (rng.choice(NUMBERS) & (1 << 8 * min(size, 8)) - 1).to_bytes(
                min(size, 8), rng.choice(("little", "big"))
            )
            return data[:at] + number + data[at + len(number) :]


def _archive(data: bytes, rng: Random) -> bytes:
    """Mutate, take away, add, rename, repeat or repack the entries of an archive, with right checksums."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [(name, archive.read(name)) for name in archive.namelist()]
    except Exception:  # it is broken already
        return _bytes(data, rng)
    if not entries:
        return _bytes(data, rng)
    at = rng.randrange(len(entries))
    name, content = entries[at]
    match rng.randrange(7):
        case 0:
            del entries[at]
        case 1:
            entries.append((name, content))
        case 2:
            entries.append((rng.choice(("extra.npy", "../x", "", "/etc/x", "x" * 300)), content))
        case 3:
            entries[at] = (rng.choice(entries)[0], content)
        case _:
            entries[at] = (name, mutated(content, rng))
    how = rng.choice(
        (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
    )
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", how) as archive:
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return out.getvalue()


#: Fields of an entry in the directory of an archive, and of its end: place and format.
_ENTRY = (
    (6, "<H"),
    (8, "<H"),
    (10, "<H"),
    (16, "<L"),
    (20, "<L"),
    (24, "<L"),
    (28, "<H"),
    (30, "<H"),
    (32, "<H"),
    (42, "<L"),
)
_END = ((4, "<H"), (8, "<H"), (10, "<H"), (12, "<L"), (16, "<L"), (20, "<H"))


def _directory(data: bytes, rng: Random) -> bytes:
    """Change a field of the directory of an archive: sizes, places, ways of packing, checksums, flags."""
    mark, fields = rng.choice(((b"PK\1\2", _ENTRY), (b"PK\5\6", _END)))
    places = [at for at in range(len(data) - 46) if data.startswith(mark, at)] or [max(data.rfind(mark), 0)]
    offset, form = rng.choice(fields)
    value = (
        rng.choice((*NUMBERS, rng.randrange(len(data) + 1), rng.randrange(20))) & (1 << 8 * struct.calcsize(form)) - 1
    )
    at = rng.choice(places) + offset
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


def _document(data: bytes, rng: Random) -> bytes:
    """Take away, replace or nest something somewhere in a document."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return _bytes(data, rng)
    _damage(document, rng)
    return json.dumps(document).encode()


def _damage(value: Any, rng: Random) -> None:
    if not isinstance(value, dict | list) or not value:
        return
    place = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
    way = rng.random()
    if isinstance(value[place], dict | list) and value[place] and way < 0.6:
        _damage(value[place], rng)
    elif way < 0.7:
        del value[place]
    elif way < 0.8 and isinstance(value, dict):
        value[rng.choice(("extra", "", "x" * 300))] = rng.choice(VALUES)
    elif way < 0.85:
        value[place] = [value[place]]
    else:
        value[place] = rng.choice(VALUES)
