"""Releases: bitstreams of boards with a manifest, in a folder or a zip archive; how they are made, and taken.

A release comes from elsewhere, so it is read without trust: sizes are bounded, a name stays in its folder, the hash of
a file is compared, and what this version does not speak is refused.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .. import files
from ..errors import FileFormatError, InputError, NeuroCoreXError
from ..files import cache
from ..spec.version import PROTOCOL_VERSION, text
from . import manifest
from .bitstreams import LARGEST, check
from .boards import Board
from .build import build, sources_digest
from .manifest import Entry

#: Largest archive, and all of its files unpacked, in bytes.
ARCHIVE_LIMIT, UNPACKED_LIMIT = 128 << 20, 512 << 20
#: What of the report of a build stands in a manifest.
_REPORTED = ("part", "sha256", "config", "clock_mhz", "baud", "fmax_mhz", "seed", "tools")
Content = Callable[[str, int], bytes]


def make(boards: Iterable[Board], folder: Path, say: Callable[[str], None] = lambda _: None) -> dict[str, str]:
    """Make the bitstreams of boards, from the cache of builds where it has them, with manifest and archive.

    Parameters
    ----------
    boards : iterable of Board
        Boards that open tools can build for.
    folder : Path
        An existing folder; it gets a bitstream for each board, `manifest.json`, and an archive of these.
    say : callable
        Called with a line of progress.

    Returns
    -------
    dict of str to str
        Names of the boards that failed, with the reason; the rest is there nevertheless.
    """
    contents: dict[str, bytes] = {}
    entries: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    for board in sorted(boards, key=lambda board: board.name):
        say(board.name)
        try:
            name, content, entries_of_board = _made(board, folder, say)
        except NeuroCoreXError as error:
            failed[board.name] = str(error)
            continue
        contents[name], entries[name] = content, entries_of_board
    if entries:
        for name, content in contents.items():
            files.write_atomic(folder / name, content)
        files.write_json(folder / manifest.NAME, _document(entries))
        packed = {manifest.NAME: (folder / manifest.NAME).read_bytes(), **contents}
        archive = folder / f"neurocorex-{version('neurocorex')}-bitstreams.zip"
        files.write_atomic(archive, lambda stream: files.pack(stream, packed))
    return failed


def take(board: Board, source: Path) -> Path:
    """Take the bitstream of a board out of a release.

    Parameters
    ----------
    board : Board
        The board.
    source : Path
        Folder or zip archive with a `manifest.json`.

    Returns
    -------
    Path
        The bitstream: in the folder, or for an archive in the cache.

    Raises
    ------
    FileFormatError
        If the release cannot be read, or a file is not the one of its manifest.
    InputError
        If it has no bitstream for the board, or one that this version does not speak with.
    """
    content = _content(source)
    entries = manifest.read(content(manifest.NAME, files.JSON_LIMIT), f"{manifest.NAME} in {source}")
    if board.name not in entries:
        has = ", ".join(sorted(entries)) or "none"
        raise InputError(f"{source} has no bitstream for {board.name}; it has those for: {has}")
    entry = entries[board.name]
    _check_spoken(entry, source)
    if entry.part != board.part.name:
        raise InputError(
            f"{source} has a bitstream for {board.name} with {entry.part}, but it has {board.part.name} here; "
            f"take the release of neurocorex {version('neurocorex')}"
        )
    data = content(entry.file, LARGEST)
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise FileFormatError(f"{entry.file} in {source} is not the file of its manifest; download the release again")
    return source / entry.file if source.is_dir() else _unpacked(entry, data)


def _made(board: Board, folder: Path, say: Callable[[str], None]) -> tuple[str, bytes, dict[str, Any]]:
    """Build a board's bitstream; return its name in the release, its content, and its entry of the manifest."""
    if not board.family.routable:
        raise InputError("open tools cannot place and route it; Vivado makes its bitstream")
    with cache.scratch(folder) as work:
        report = build(board, work, say=say)
        path = Path(report["bitstream"])
        check(board, path)
        content = files.read_bytes(path, LARGEST)
    entry = {key: report[key] for key in _REPORTED} | {
        "board": board.name,
        "bytes": len(content),
        "neurocorex": version("neurocorex"),
        "protocol": manifest.protocol_entry(PROTOCOL_VERSION),
        "sources": sources_digest(),
    }
    return f"neurocorex-{board.name}{path.suffix}", content, dict(sorted(entry.items()))


def _document(entries: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"format": manifest.FORMAT, "version": manifest.VERSION, "files": dict(sorted(entries.items()))}


def _content(source: Path) -> Content:
    """Return what reads a file of a release by name, up to a limit."""
    if source.is_dir():
        return lambda name, limit: _of_folder(source, name, limit)
    if not source.exists():
        raise InputError(f"there is no {source}; give the folder or zip archive of a release, such as dist")
    _check_regular(source)
    archive = files.Archive(
        source, kind="a release (a folder, or a zip archive)", limit=ARCHIVE_LIMIT, unpacked=UNPACKED_LIMIT
    )
    return archive.content


def _of_folder(folder: Path, name: str, limit: int) -> bytes:
    path = folder / name
    if not path.exists():
        advice = "give the folder or zip archive of a release, such as dist"
        raise FileFormatError(f"there is no {name} in {folder}; {advice}")
    _check_regular(path)
    return files.read_bytes(path, limit)


def _check_regular(path: Path) -> None:
    """Refuse devices and pipes, which have no end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise FileFormatError(f"{path} is a device or pipe, not a file; give the folder or zip archive of a release")


def _check_spoken(entry: Entry, source: Path) -> None:
    """Refuse a chip whose protocol this version does not speak."""
    if entry.protocol != PROTOCOL_VERSION:
        raise InputError(
            f"{source} is of neurocorex {entry.neurocorex}, whose chips speak protocol version {text(entry.protocol)}; "
            f"this is {version('neurocorex')}, which speaks {text(PROTOCOL_VERSION)}: take the release of this "
            f"version, or install neurocorex {entry.neurocorex}"
        )


def _unpacked(entry: Entry, data: bytes) -> Path:
    """Return a file of the cache with this content, for openFPGALoader, which reads no archives."""
    place = cache.cache_folder("releases") / f"{entry.sha256[:16]}-{entry.file}"
    return cache.obtained(place, entry.sha256, lambda draft: files.write_atomic(draft, data))
