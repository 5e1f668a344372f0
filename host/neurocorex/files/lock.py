"""Lock of a file: one process, or one part of it, at a time; the operating system opens it when its holder ends."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from ..errors import FileFormatError, InputError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


class Lock:
    """Lock of a file that is there, from now on until `release`; does nothing where the system has no such locks.

    Parameters
    ----------
    path : Path
        The file. Whoever replaces it locks the new one before this lock is released.
    what : str
        What holds it, in words, such as "a sweep".

    Raises
    ------
    InputError
        If another one holds it.
    FileFormatError
        If it cannot be opened.
    """

    def __init__(self, path: Path, what: str) -> None:
        self._number: int | None = None
        if fcntl is None:
            return
        try:
            number = os.open(path, os.O_RDWR)
        except OSError as error:
            raise FileFormatError(f"cannot write {path}: {error.strerror}") from None
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(number)
            raise InputError(
                f"{path} is in use by {what} that goes on now, here or in another process; wait for its end, or name "
                "another file"
            ) from None
        except OSError:  # a file system without locks
            os.close(number)
            return
        self._number = number

    def release(self) -> None:
        """Let others have the file; may be called twice."""
        number, self._number = self._number, None
        if number is not None:
            os.close(number)
