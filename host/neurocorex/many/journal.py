"""Journal of a sweep: a file that grows by a line for each point that is done, so that a sweep can go on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, InputError
from ..files import LineWriter, Lock, decoded, parse, read_lines
from .table import Row

FORMAT, VERSION = "neurocorex-sweep", 1
#: Longest line in bytes.
LONGEST = 1 << 22


class Journal:
    """Journal of one sweep, new or going on.

    Parameters
    ----------
    path : path
        The file. What it has of the same sweep is taken over; without a file it is begun.
    identity : mapping of str to str
        What the sweep is, part by part.
    points : int
        Points of the grid.

    Attributes
    ----------
    found : dict of int to dict
        What the points have returned that are done, by number.

    Raises
    ------
    InputError
        If the file is of another sweep, with the names of what differs, or of one that goes on now.
    FileFormatError
        If it is no journal, or cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str], identity: Mapping[str, str], points: int) -> None:
        self._path = Path(path)
        self.found: dict[int, Row] = {}
        lines = [_line({"format": FORMAT, "version": VERSION, "sweep": dict(identity)})]
        held = Lock(self._path, "a sweep") if self._path.exists() else None
        try:
            lines += self._earlier(identity, points)
            self._writer = LineWriter(self._path, b"".join(lines), synchronous=True)
            # The writer has replaced the file, and who waits for the old one is not to get the new one meanwhile.
            self._lock = Lock(self._path, "a sweep")
        finally:
            if held is not None:
                held.release()

    def _earlier(self, identity: Mapping[str, str], points: int) -> list[bytes]:
        """Take over what the file has of the same sweep; return its lines."""
        if not self._path.exists():
            return []
        earlier, self.found = read(self._path, points)
        self._require_same(earlier, identity)
        return [_line({"point": number, "found": row}) for number, row in self.found.items()]

    def add(self, number: int, found: Row) -> Row:
        """Write what a point has returned; return it as it will be read.

        Raises
        ------
        InputError
            For a value that JSON cannot hold.
        FileFormatError
            If it cannot be written.
        """
        kept: Row = {name: _plain(name, value) for name, value in found.items()}
        self._writer.add(_line({"point": number, "found": kept}))
        self.found[number] = kept
        return kept

    def close(self) -> None:
        """Release the file."""
        self._writer.close()
        self._lock.release()

    def _require_same(self, earlier: Mapping[str, str], identity: Mapping[str, str]) -> None:
        others = [name for name in {**identity, **earlier} if identity.get(name) != earlier.get(name)]
        if others:
            raise InputError(
                f"{self._path} is of another sweep, which differs in {', '.join(others)}; name another file, or "
                "delete this one to begin anew"
            )


def read(path: Path, points: int | None = None) -> tuple[dict[str, str], dict[int, Row]]:
    """Read a journal: what its sweep is, and what its points have returned. A last line that is damaged is left out.

    Raises
    ------
    FileFormatError
        For everything else that is wrong with it.
    """
    lines = list(read_lines(path, longest=LONGEST))
    if not lines or not lines[0][1]:
        raise FileFormatError(f"{path} is no journal of a sweep, or empty; delete it, or name another file")
    identity = _identity(path, _parsed(path, 1, lines[0][0]))
    found: dict[int, Row] = {}
    for at, (line, is_whole) in enumerate(lines[1:], 2):
        try:
            number, row = _entry(path, at, _parsed(path, at, line), points)
        except FileFormatError:
            if at == len(lines):  # a power cut may leave anything there
                break
            raise
        if is_whole:
            found[number] = row
    return identity, found


def _parsed(path: Path, at: int, line: bytes) -> Any:
    try:
        return parse(decoded(line, "it"), constants=True)
    except (ValueError, FileFormatError) as error:
        raise FileFormatError(f"{path}, line {at}: no JSON ({error!s:.100}); it is no journal, or corrupt") from None


def _identity(path: Path, head: Any) -> dict[str, str]:
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise FileFormatError(f"{path} is no journal of a sweep; name another file")
    parts = head.get("sweep")
    if head.get("version") != VERSION or not isinstance(parts, dict):
        raise FileFormatError(f"{path} is a journal of version {head.get('version')!r:.40}, this library has {VERSION}")
    if not all(isinstance(part, str) for part in parts.values()):
        raise FileFormatError(f"{path} is a corrupt journal of a sweep; delete it")
    return parts


def _entry(path: Path, at: int, entry: Any, points: int | None) -> tuple[int, Row]:
    number, row = (entry.get("point"), entry.get("found")) if isinstance(entry, dict) else (None, None)
    if type(number) is not int or number < 0 or not isinstance(row, dict):
        raise FileFormatError(f"{path}, line {at}: no point of a sweep; the file is corrupt")
    if points is not None and number >= points:
        raise FileFormatError(f"{path}, line {at}: point {number} of a sweep of {points}; the file is corrupt")
    return number, row


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _plain(name: str, value: Any) -> Any:
    """Return a value as JSON holds it; raises InputError."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(name, each) for each in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(name, each) for key, each in value.items()}
    raise InputError(
        f"{name} is a {type(value).__name__}, which a file to resume from cannot hold; return numbers, words and lists"
    )
