"""Script of the gallery: a file that runs as the command of its name does."""

from __future__ import annotations

import sys
from pathlib import Path

from . import gallery
from .application import main


def script(path: str) -> None:
    """Run a file of the gallery with the words of the command line, and exit as `neurocorex demo` does."""
    name = Path(path).stem
    gallery.scripts[name] = Path(path)
    main(["demo", name, *sys.argv[1:]])
