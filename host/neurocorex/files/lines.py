"""Files that grow line by line: begun whole, flushed with each line, read up to where a killed process left them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import FileFormatError
from .writing import write_atomic


class LineWriter:
    """File that grows. It replaces an older one in one go, with its first lines; each further line is flushed.

    What the operating system has taken survives this process; a power cut, too, if it is `synchronous`.

    Parameters
    ----------
    path : Path
        The file.
    first : bytes
        Lines that it begins with.
    synchronous : bool
        Whether `add` waits for the disk.

    Raises
    ------
    FileFormatError
        If it cannot be written; an older file stays then.
    """

    def __init__(self, path: Path, first: bytes, *, synchronous: bool = False) -> None:
        self._path, self._synchronous = path, synchronous
        write_atomic(path, first)
        self._file: BinaryIO | None = None

    def add(self, lines: bytes) -> None:
        """Add whole lines.

        Raises
        ------
        FileFormatError
            If there is no room, or the file has gone. It ends with a whole line then, if that is possible.
        """
        try:
            if self._file is None:
                self._file = open(self._path, "r+b", buffering=0)  # noqa: SIM115  # until `close`
                self._file.seek(0, 2)
            size = self._file.tell()
            left = memoryview(lines)
            try:
                while left:
                    left = left[self._file.write(left) :]
                if self._synchronous:
                    os.fsync(self._file.fileno())
            except OSError:
                with suppress(OSError):
                    self._file.truncate(size)
                raise
        except OSError as error:
            raise FileFormatError(
                f"cannot write on in {self._path}: {error.strerror or error}; it ends with the line before"
            ) from error

    def close(self) -> None:
        """Release the file; `add` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None


def read_lines(path: str | Path, *, longest: int) -> Iterator[tuple[bytes, bool]]:
    """Read a file line by line, and hold one at a time.

    Parameters
    ----------
    path : path
        The file.
    longest : int
        Longest line in bytes.

    Yields
    ------
    (bytes, bool)
        A line without its end, and whether that was there: the last line of a killed process may be cut off.

    Raises
    ------
    FileFormatError
        If it cannot be read, or for a longer line.
    """
    try:
        with open(path, "rb") as file:
            while line := file.readline(longest + 1):
                whole = line.endswith(b"\n")
                if not whole and len(line) > longest:
                    raise FileFormatError(f"{path} has a line of more than {longest} bytes; it is of another format")
                yield line.removesuffix(b"\n"), whole
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = getattr(error, "strerror", None) or error
        raise FileFormatError(f"cannot read {path}: {reason}; check the path") from None
