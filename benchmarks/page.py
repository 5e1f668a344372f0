"""Tables between markers on a page, for the commands that write them."""

from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def markdown(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    return ["| " + " | ".join(line) + " |" for line in (heads, ["---"] * len(heads), *lines)]


def section(page: str, name: str) -> tuple[str, list[str], str]:
    """Text of a page before the lines between the markers of that name, they, and what follows."""
    text = (DOCS / page).read_text()
    start = text.index(f"<!-- {name}: benchmarks/")
    begin, end = text.index("-->", start) + 3, text.index(f"<!-- {name} ends -->")
    return text[:begin], [line for line in text[begin:end].splitlines() if line], text[end:]


def write(page: str, name: str, lines: list[str]) -> None:
    """Put lines between the markers of that name on a page."""
    head, _, tail = section(page, name)
    (DOCS / page).write_text("\n".join([head, "", *lines, "", tail]))
