"""Files that appear whole or not at all: a temporary file beside them, flushed to the disk, then renamed.

An older file stays as it was until the new one is complete: a kill, an interrupt or a full disk cost the new file only.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

from ..errors import FileFormatError

Writer = Callable[[BinaryIO], object]
#: Names of temporary files and folders: where and in which process they are made, and a random part.
_TEMPORARY = re.compile(r"\.neurocorex-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.part\Z")
#: Links that are followed; more are taken for a circle, as the kernel does.
_LINKS = 40
#: Folders whose leftovers this process has looked for.
_swept: set[str] = set()


def write_atomic(path: str | Path, data: bytes | Writer) -> None:
    """Write a file as a whole, or leave what is there unchanged.

    Parameters
    ----------
    path : path
        The file. A link is followed; a device or pipe is written directly. The mode of an older file is kept.
    data : bytes, or callable
        Content, or what writes it to the binary stream that it is given.

    Raises
    ------
    FileFormatError
        If it cannot be written. What `data` raises otherwise goes through, and nothing is written either.
    """
    with _told(path), replacing(path) as temporary, open(temporary, "r+b") as file:
        if isinstance(data, bytes):
            file.write(data)
        else:
            data(file)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text as `write_atomic` does; ends of lines are kept as they are."""
    write_atomic(path, text.encode())


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Name of an empty temporary file, for a program or library that writes a file by its name.

    It becomes the file at the end of the ``with`` statement, and is removed after an exception.

    Raises
    ------
    FileFormatError
        As `write_atomic` does: at the start, if there can be no file in this place.
    """
    with _told(path):
        draft = _draft(Path(path))
    try:
        yield draft.temporary
        with _told(path):
            draft.finish()
    finally:
        draft.discard()


def temporary_name(folder: Path) -> Path:
    """Return a new name in a folder, which `sweep` recognises once this process is dead."""
    return folder / f".neurocorex-{_here()}-{os.getpid()}-{secrets.token_hex(4)}.part"


def sweep(folder: Path) -> None:
    """Remove the temporary files and folders that dead processes of this machine and user left in a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            named = _TEMPORARY.match(entry.name)
            if named and named[1] == _here() and not _lives(int(named[2])):
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path)
                    else:
                        os.unlink(entry.path)


@contextmanager
def _told(path: str | Path) -> Iterator[None]:
    """Turn errors of the operating system into one that names the file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise FileFormatError(f"cannot write {path}: {reason}; choose another place") from error


class _Draft:
    """Temporary file beside a regular one, which it replaces at the end."""

    def __init__(self, target: Path) -> None:
        self._target, self._older = target, _older(target)
        folder = target.parent
        if str(folder) not in _swept:
            _swept.add(str(folder))
            sweep(folder)
        self.temporary = temporary_name(folder)
        mode = 0o666 if self._older is None else 0o600
        os.close(os.open(self.temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))

    def finish(self) -> None:
        """Flush, then rename: the older file is there, or the new one."""
        _flush(self.temporary, os.O_RDWR)
        if self._older is not None:
            _like(self.temporary, self._older)
        os.replace(self.temporary, self._target)
        if os.name == "posix":
            _flush(self._target.parent, os.O_RDONLY)

    def discard(self) -> None:
        """Remove what was not finished."""
        with suppress(OSError):
            os.unlink(self.temporary)


class _DeviceDraft:
    """Temporary file for a device or pipe, to which its content goes at the end."""

    def __init__(self, device: Path) -> None:
        self._device = device
        handle, name = tempfile.mkstemp()
        os.close(handle)
        self.temporary = Path(name)

    def finish(self) -> None:
        """Copy the content."""
        with self.temporary.open("rb") as content, self._device.open("wb") as device:
            shutil.copyfileobj(content, device)

    def discard(self) -> None:
        """Remove the copy."""
        self.temporary.unlink(missing_ok=True)


def _draft(path: Path) -> _Draft | _DeviceDraft:
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "there is a NUL in its name")
    target = _target(path)
    return _DeviceDraft(path) if target is None else _Draft(target)


def _older(target: Path) -> os.stat_result | None:
    """Return the state of an older file that may be written; None if there is none."""
    try:
        older = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(older.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not os.access(target, os.W_OK):  # a rename would not ask for it
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return older


def _like(temporary: Path, older: os.stat_result) -> None:
    """Give the mode of an older file, and its owner if that is possible."""
    made = temporary.stat()
    if (made.st_uid, made.st_gid) != (older.st_uid, older.st_gid) and hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(temporary, older.st_uid, older.st_gid)
    os.chmod(temporary, older.st_mode & 0o777)


def _flush(path: Path, flags: int) -> None:
    """Have a file or folder on the disk; file systems that cannot are passed over."""
    try:
        handle = os.open(path, flags)
    except PermissionError:  # a folder may be closed to reading
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(handle)


def _target(path: Path) -> Path | None:
    """Follow links to the place of a regular file; None for a device, a pipe, or what a process has open."""
    here = path
    for _ in range(_LINKS):
        if not here.is_symlink():
            break
        if os.path.realpath(here.parent).startswith("/proc/"):  # such as /dev/stdout, which may be a file
            return None
        here = here.parent / os.readlink(here)
    else:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    try:
        mode = here.stat().st_mode
    except FileNotFoundError:
        return here
    return here if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else None


@cache
def _here() -> str:
    """Return a checksum that tells machines, and containers in one, apart: process numbers are told in each anew."""
    place: Any = platform.node()
    with suppress(OSError):
        place += os.readlink("/proc/self/ns/pid")
    return f"{crc32(place.encode()):08x}"


def _lives(process: int) -> bool:
    if process == os.getpid():
        return True
    if os.name != "posix":  # there `kill` ends a process whatever the signal
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
