"""Markdown of the pages: links, headings, tables and commands, for the tests of README and docs."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from .paths import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(text: str) -> set[str]:
    """Return the anchors of all headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def tables(text: str) -> Iterator[list[dict[str, str]]]:
    """Return the rows of each table, by the heads of its columns."""
    for block in re.findall(r"(?:^\|.*\n)+", text + "\n", flags=re.MULTILINE):
        heads, _, *rows = [[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in block.splitlines()]
        yield [dict(zip(heads, row, strict=True)) for row in rows]


def table(text: str, *heads: str) -> list[dict[str, str]]:
    """Return the rows of the one table that has these columns, and any others."""
    (found,) = (rows for rows in tables(text) if set(heads) <= set(rows[0]))
    return found


def commands(text: str) -> list[list[str]]:
    """Return the words of each shell command, from indented lines and from code between backticks."""
    programs = r"(?:neurocorex|make|pytest|python) [^`\n]*"
    lines = re.findall(rf"^ {{4}}({programs})$", text, flags=re.MULTILINE)
    found = [re.split(r" {3,}| #| &&| &$", line)[0] for line in lines] + re.findall(rf"`({programs})`", text)
    return [shlex.split(line) for line in found]


def headline(page: Path) -> str:
    """Return a page's name for test ids."""
    return str(page.relative_to(ROOT))
