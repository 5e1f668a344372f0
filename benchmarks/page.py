"""Tables of the pages in docs/, read and written between their markers."""

from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def markdown(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table."""
    return ["| " + " | ".join(line) + " |" for line in (heads, ["---"] * len(heads), *lines)]


def section(page: str, name: str) -> tuple[str, list[str], str]:
    """Return the text before the markers called `name`, the lines between them, and the text after."""
    text = (DOCS / page).read_text()
    start = text.index(f"<!-- {name}: benchmarks/")
    begin, end = text.index("-->", start) + 3, text.index(f"<!-- {name} ends -->")
    return text[:begin], [line for line in text[begin:end].splitlines() if line], text[end:]


def write(page: str, name: str, lines: list[str]) -> None:
    """Put lines between the markers called `name` on a page."""
    head, _, tail = section(page, name)
    (DOCS / page).write_text("\n".join([head, "", *lines, "", tail]))
