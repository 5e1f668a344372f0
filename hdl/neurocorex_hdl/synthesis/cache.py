"""Cache folder of simulators and tools, and locks so that only one process builds an entry."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: no lock there
    fcntl = None  # type: ignore[assignment]


def cache_folder() -> Path:
    """Folder of what is built once and used often: `$XDG_CACHE_HOME/neurocorex`, or `~/.cache/neurocorex`."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "neurocorex"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock of a file, made if need be: another process, or thread, that wants it waits.

    A process that ends, however it does, lets go of its locks; the file stays.
    """
    with path.open("w") as handle:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
