"""Command line `neurocorex`: thin commands around the library."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a documented code. Ctrl-C is quiet already while the commands are loaded."""
    try:
        from .application import main as run
    except KeyboardInterrupt:
        sys.stderr.write("\nneurocorex: interrupted\n")  # below the ^C of the terminal
        sys.exit(130)
    run(arguments)
