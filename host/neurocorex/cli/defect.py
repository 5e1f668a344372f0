"""Record of an exception that nobody expected: a file with its traceback, for a bug report."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

#: Records that are kept; the oldest go first.
KEPT = 20


def record(error: Exception, words: Sequence[str]) -> Path:
    """Write what a bug report needs to a new file in the cache folder; it appears complete or not at all.

    Parameters
    ----------
    error : Exception
        With its traceback.
    words : sequence of str
        Command line.

    Raises
    ------
    OSError
        If there can be no file.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurocorex" / "defects"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        release = version("neurocorex")
    except PackageNotFoundError:
        release = "unknown"
    lines = [
        f"neurocorex {' '.join(words)}",
        f"version {release}, Python {platform.python_version()}, {platform.platform()}",
        "",
        *traceback.format_exception(error),
    ]
    handle, unfinished = tempfile.mkstemp(prefix=".", dir=folder)
    with os.fdopen(handle, "w") as file:
        file.write("\n".join(lines))
    path = folder / f"defect{Path(unfinished).name.replace('.', '-')}.txt"
    Path(unfinished).replace(path)
    for old in sorted(folder.glob("defect-*.txt"), key=lambda each: each.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path
