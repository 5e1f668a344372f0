"""Caches: folders of one's own, and entries that say what they were made from and the hashes of their files.

An entry is a file or folder. Its manifest stands beside it; what has none, or does not match it, is made anew. Cached
code is executed, so nothing is taken that somebody else could have put there.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from ..errors import FileFormatError
from .documents import read_json, write_json
from .writing import sweep, temporary_name

try:
    import fcntl
except ImportError:  # Windows: no lock there
    fcntl = None  # type: ignore[assignment]

FORMAT, VERSION = "neurocorex-cache", 1
#: Rights of others to write.
OTHERS = stat.S_IWGRP | stat.S_IWOTH

_log = logging.getLogger(__name__)


class ForeignError(PermissionError):
    """File or folder that belongs to somebody else, or that others can write."""


def cache_folder(*parts: str, variable: str = "XDG_CACHE_HOME") -> Path:
    """Folder of a cache, made if need be: ``$XDG_CACHE_HOME/neurocorex``, or ``~/.cache/neurocorex``, and `parts`.

    It is of this user, and others cannot write it; where it would not be, a folder for temporary files is taken, which
    the log tells. What killed processes left in it is swept.

    Parameters
    ----------
    parts : str
        Folders within it.
    variable : str
        Environment variable of the folder above it. A relative path is ignored, which the log tells.

    Raises
    ------
    FileFormatError
        If there can be no such folder.
    """
    base = absolute(variable) or _home() / ".cache"
    try:
        folder = _own(base / "neurocorex", parts)
    except ForeignError as error:
        folder = _instead(error, parts)
    except OSError as error:
        raise FileFormatError(
            f"cannot make a cache in {base}: {error.strerror or error}; set {variable} to a folder that can be written"
        ) from None
    _sweep_once(folder)
    return folder


def absolute(variable: str) -> Path | None:
    """Path in an environment variable; None without one, or for a relative one, which the log tells."""
    chosen = os.environ.get(variable)
    if not chosen:
        return None
    if not os.path.isabs(chosen):
        _say_once(f"{variable}={chosen} is ignored, since it is relative: set it to a path from / on")
        return None
    return Path(chosen)


def _wait_in_silence() -> None:
    """Tell nobody that a lock is held by another."""


@contextmanager
def alone(path: Path, waiting: Callable[[], object] = _wait_in_silence) -> Iterator[None]:
    """Hold the lock of a file, made if need be: another process, or thread, that wants it waits.

    A process that ends, however it does, lets go of its locks; the file stays. `waiting` is called before a wait.
    """
    with path.open("a") as handle:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Folder for work within a cache folder, removed at the end; after a kill, by the next process."""
    place = temporary_name(folder)
    place.mkdir(mode=0o700)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def origin(*parts: str | bytes) -> str:
    """Return a digest of what an entry is made from: equal for equal parts only."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        found.update(b"%d " % len(data) + data)
    return found.hexdigest()


def obtained(
    entry: Path,
    made_from: str,
    make: Callable[[Path], object],
    *,
    fresh: bool = False,
    waiting: Callable[[], object] = _wait_in_silence,
) -> Path:
    """Return the path of an entry; if it is not there and whole, it is made, by one process at a time.

    Parameters
    ----------
    entry : Path
        File or folder in a cache folder.
    made_from : str
        Digest of what it is made from, see `origin`.
    make : callable
        Makes a file or folder at the path that it is given.
    fresh : bool
        Make it in any case.
    waiting : callable
        Called before a wait for a process that is making the same entry.

    Raises
    ------
    FileFormatError
        If it cannot be written. What `make` raises otherwise goes through.
    """
    try:
        return _obtained(entry, made_from, make, fresh, waiting)
    except OSError as error:
        raise FileFormatError(
            f"cannot write {entry} in the cache: {error.strerror or error}; make room, or set XDG_CACHE_HOME"
        ) from error


def _obtained(
    entry: Path, made_from: str, make: Callable[[Path], object], fresh: bool, waiting: Callable[[], object]
) -> Path:
    with alone(entry.with_name(f".{entry.name}.lock"), waiting):
        if not fresh and is_whole(entry, made_from):
            os.utime(entry)
            return entry
        draft = temporary_name(entry.parent)
        try:
            make(draft)
            _remove(entry)
            draft.replace(entry)
            seal(entry, made_from)
        finally:
            _remove(draft)
    return entry


def is_whole(entry: Path, made_from: str) -> bool:
    """Whether an entry is there and is what its manifest says; the log tells what is wrong with one that is there."""
    if not entry.exists():
        return False
    try:
        manifest = read_json(_owned(_manifest(_owned(entry))))
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
            raise FileFormatError("its manifest is of another format")
        if manifest.get("made_from") != made_from:
            raise FileFormatError("it was made from something else")
        if manifest.get("files") != _hashes(entry):
            raise FileFormatError("its files are not those of its manifest")
    except (OSError, FileFormatError) as error:
        _log.warning("%s in the cache is broken or foreign (%s); it is made anew", entry, error)
        return False
    return True


def content(entry: Path, made_from: str) -> bytes | None:
    """Return the bytes of an entry that is one file, or None if it is not there and whole."""
    return entry.read_bytes() if is_whole(entry, made_from) else None


def seal(entry: Path, made_from: str) -> None:
    """Take away the rights of others to write an entry, and write its manifest."""
    inner = list(entry.rglob("*")) if entry.is_dir() else []
    for path in (entry, *inner):
        _close(path)
    values = {"format": FORMAT, "version": VERSION, "made_from": made_from, "files": _hashes(entry)}
    write_json(_manifest(entry), values)
    _close(_manifest(entry))


def drop(entry: Path) -> None:
    """Remove an entry and its manifest."""
    _remove(_manifest(entry))
    _remove(entry)


def _close(path: Path) -> None:
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)


def _manifest(entry: Path) -> Path:
    return entry.with_name(f".{entry.name}.manifest")


def _files(entry: Path) -> dict[str, Path]:
    """Files of an entry by their names in it; a single file has the empty name."""
    if not entry.is_dir():
        return {"": entry}
    return {path.relative_to(entry).as_posix(): path for path in sorted(entry.rglob("*")) if not path.is_dir()}


def _hashes(entry: Path) -> dict[str, str]:
    return {name: hashlib.sha256(_owned(path).read_bytes()).hexdigest() for name, path in _files(entry).items()}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _home() -> Path:
    """Home folder; for an account without one a place where nothing can be, so that it is told what cannot be kept."""
    try:
        home = Path.home()
    except RuntimeError:
        return Path(os.devnull)
    return home if home.is_absolute() else Path(os.devnull)


def _own(root: Path, parts: tuple[str, ...]) -> Path:
    """Make a folder of this user below `root`, and take away the rights of others to write it."""
    root.parent.mkdir(parents=True, exist_ok=True)
    folder = root
    for part in ("", *parts):
        folder = folder / part
        folder.mkdir(mode=0o700, exist_ok=True)
        if hasattr(os, "getuid") and folder.stat().st_uid == os.getuid() and folder.stat().st_mode & OTHERS:
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~OTHERS)
            _log.info("others can no longer write %s: what is kept there is executed", folder)
        _owned(folder)
    return folder


def _instead(error: ForeignError, parts: tuple[str, ...]) -> Path:
    """Folder of this user among temporary files, in place of one that is not."""
    other = Path(tempfile.gettempdir()) / f"neurocorex-{os.getuid()}"
    _say_once(f"{error}; {other} is used instead")
    try:
        return _own(other, parts)
    except OSError as another:
        raise FileFormatError(f"{error}, and {another}; set XDG_CACHE_HOME to a folder of your own") from None


def _owned(path: Path) -> Path:
    """Return a path; raise ForeignError if it is somebody else's, by itself or by a link."""
    if not hasattr(os, "getuid"):
        return path
    for state in (path.lstat(), path.stat()):
        if state.st_uid != os.getuid():
            raise ForeignError(f"{path} belongs to user {state.st_uid}, not to user {os.getuid()} who runs this")
    if path.stat().st_mode & OTHERS:
        raise ForeignError(f"{path} can be written by others")
    return path


@cache
def _say_once(text: str) -> None:
    _log.warning("%s", text)


@cache
def _sweep_once(folder: Path) -> None:
    with suppress(OSError):
        sweep(folder)
