"""Cards of objects in notebooks: a title, a table of a few rows, and details that unfold; everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

#: Most lines of one detail; more do not fit a screen, and the text of the object has them all.
LINES = 200
_CELL = 'style="text-align:left;vertical-align:top"'


@dataclass(frozen=True)
class Card:
    """Card that stands for an object in a notebook.

    Attributes
    ----------
    title : str
        What it is.
    rows : sequence of (str, object)
        Names and values; a list or tuple of values has a line for each.
    details : sequence of (str, sequence of str)
        Headings and lines below the table, folded until somebody asks; those without lines are left out.
    """

    title: str
    rows: Sequence[tuple[str, object]]
    details: Sequence[tuple[str, Sequence[str]]] = field(default=())

    @property
    def html(self) -> str:
        """The card as HTML, without scripts and without styles of its own beyond alignment."""
        rows = "".join(
            f"<tr><th {_CELL}>{escape(name)}</th><td {_CELL}>{_lines(value)}</td></tr>" for name, value in self.rows
        )
        folded = "".join(_folded(heading, lines) for heading, lines in self.details if lines)
        return f"<div><strong>{escape(self.title)}</strong><table>{rows}</table>{folded}</div>"


def _lines(value: object) -> str:
    values: Iterable[object] = value if isinstance(value, list | tuple) else [value]
    return "<br>".join(escape(str(each)) for each in values)


def _folded(heading: str, lines: Sequence[str]) -> str:
    left = len(lines) - LINES
    shown = [*lines[:LINES], *([f"... and {left} lines more"] if left > 0 else [])]
    return f"<details><summary>{escape(heading)}</summary>{_lines(shown)}</details>"
