"""Content of a file, up to a limit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import FileFormatError

#: Largest file that is read if nothing else is said, in bytes.
FILE_LIMIT = 256 << 20
#: Bytes that are read at once.
PIECE = 1 << 20


#: Letters of a message about what a file holds.
WORDS_LIMIT = 500


def printable(text: str) -> str:
    """Return what a message says of a file: cut at `WORDS_LIMIT`, without characters that a terminal would obey."""
    shown = text if len(text) <= WORDS_LIMIT else f"{text[:WORDS_LIMIT]}..."
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in shown)


def read_bytes(path: str | Path, limit: int = FILE_LIMIT) -> bytes:
    """Return the content of a file.

    Parameters
    ----------
    path : path
        The file; a pipe is read to its end.
    limit : int
        Largest content in bytes. Never more than one byte beyond it is read.

    Raises
    ------
    FileFormatError
        If it cannot be read, or is larger.
    """
    try:
        with open(path, "rb") as file:
            data = b"".join(_pieces(file, limit))
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = getattr(error, "strerror", None) or error
        raise FileFormatError(f"cannot read {path}: {reason}; check the path") from None
    if len(data) > limit:
        size = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
        raise FileFormatError(f"{path} has more than {size}, the most that is read of a file of this kind")
    return data


def _pieces(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """Content up to one byte beyond a limit, in pieces: to read all at once would reserve the limit."""
    left = limit + 1
    while left and (piece := file.read(min(left, PIECE))):
        left -= len(piece)
        yield piece


def read_text(path: str | Path, limit: int = FILE_LIMIT) -> str:
    """Return a text file as str, see `decoded`; raises FileFormatError as `read_bytes` does, too."""
    return decoded(read_bytes(path, limit), str(path))


def decoded(data: bytes, label: str) -> str:
    """Return text: UTF-8, or UTF-16 with the mark that begins it, without NULs.

    Raises
    ------
    FileFormatError
        For anything else, with its place; `label` names the file.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise FileFormatError(f"{label} is no text: byte {error.start} is not {name}; save it as UTF-8") from None
    if "\0" in text:
        raise FileFormatError(f"{label} is no text: it has a NUL at place {text.index(chr(0))}; save it as UTF-8")
    return text
