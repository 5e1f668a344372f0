"""Cache of built chips: each file is made once, by one process, and appears complete or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from neurocorex_hdl.synthesis.cache import alone, cache_folder

#: Chips that are kept, and as many Verilog files; the least recently used go first.
KEPT = 24


def cached(name: str, make: Callable[[Path], object]) -> Path:
    """Return the path of a cached file; `make` writes it to the path it is given if it is not there."""
    folder = cache_folder() / "chips"
    folder.mkdir(exist_ok=True)
    path = folder / name
    with alone(folder / f".{name}.lock"):
        if path.exists():
            os.utime(path)
            return path
        unfinished = folder / f"{name}.{os.getpid()}"
        try:
            make(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    _prune(folder)
    return path


def digest(*parts: str) -> str:
    """Return a name for contents: equal for equal parts only."""
    found = hashlib.sha256()
    for part in parts:
        found.update(f"{len(part)} {part}".encode())
    return found.hexdigest()[:24]


def _prune(folder: Path) -> None:
    for suffix in (".chip", ".v"):
        newest_first = sorted(folder.glob(f"*{suffix}"), key=lambda path: -path.stat().st_mtime)
        for path in newest_first[KEPT:]:
            path.unlink(missing_ok=True)
