"""Cache of built chips: each file is made once, by one process, and appears complete or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from neurocorex.files.cache import cache_folder, drop, obtained

#: Chips that are kept, and as many Verilog files; the least recently used go first.
KEPT = 24


def cached(name: str, made_from: str, make: Callable[[Path], object]) -> Path:
    """Return the path of a cached file.

    Parameters
    ----------
    name : str
        Its name, which tells what it is made from already: there is no other with this one.
    made_from : str
        Digest of what it is made from.
    make : callable
        Writes it to the path that it is given, if it is not there.
    """
    folder = cache_folder("chips")
    path = obtained(folder / name, made_from, make)
    _prune(folder)
    return path


def _prune(folder: Path) -> None:
    for suffix in (".chip", ".v"):
        newest_first = sorted(folder.glob(f"*{suffix}"), key=lambda path: -path.stat().st_mtime)
        for path in newest_first[KEPT:]:
            drop(path)
