"""Help texts of commands as the shell shows them: lines that click keeps are kept with their columns, as code."""

from itertools import groupby

import click
from sphinx.application import Sphinx

#: What sphinx-click puts before each line that click is told to keep.
KEPT = "| "


def keep(_app: Sphinx, _context: click.Context, lines: list[str]) -> None:
    """Turn kept lines into a block of code."""
    found: list[str] = []
    for kept, lines_of in groupby(lines, lambda line: line.startswith(KEPT)):
        block = list(lines_of)
        if kept:
            block = [".. code-block:: text", "", *(f"    {line[len(KEPT) :]}" for line in block), ""]
        found += block
    lines[:] = found


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell sphinx-click of it."""
    app.setup_extension("sphinx_click")
    for event in ("sphinx-click-process-description", "sphinx-click-process-epilog"):
        app.connect(event, keep)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
