"""Content of a file, up to a limit."""

from __future__ import annotations

from pathlib import Path

from ..errors import FileFormatError

#: Largest file that is read if nothing else is said, in bytes.
FILE_LIMIT = 256 << 20


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
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = getattr(error, "strerror", None) or error
        raise FileFormatError(f"cannot read {path}: {reason}; check the path") from None
    if len(data) > limit:
        size = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
        raise FileFormatError(f"{path} has more than {size}, the most that is read of a file of this kind")
    return data


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
