"""Record of an exception that nobody expected: a file with its traceback, for a bug report."""

from __future__ import annotations

import platform
import secrets
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..files import write_text
from ..files.cache import cache_folder

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
    FileFormatError
        If there can be no file.
    """
    folder = cache_folder("defects")
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
    path = folder / f"defect-{secrets.token_hex(4)}.txt"
    write_text(path, "\n".join(lines))
    for old in sorted(folder.glob("defect-*.txt"), key=lambda each: each.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path
