"""Tables of docs/model.md and docs/protocol.md, as they follow from the declared rows.

A line ``<!-- rows: NAME -->`` stands before each in its page. After a row has changed, write the tables anew with
``python tests/support/pages.py``.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from neurocorex.spec import Control, Counter, Region
from neurocorex.spec.registers import OTHERS, PARAMETERS, RULE_ROWS, STATE
from neurocorex.spec.rows import (
    Row,
    always,
    has_contexts,
    has_eligibility,
    has_errors,
    has_groups,
    has_noise,
    has_patterns,
    has_scaling,
    has_window,
    judges,
    learns,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = (DOCS / "model.md", DOCS / "protocol.md")


def table(*rows: Iterable[str]) -> str:
    """A table in Markdown; the first row is its head."""
    lines = [" | ".join(row) for row in rows]
    lines.insert(1, "|".join(["---"] * (lines[0].count(" | ") + 1)))
    return "\n".join(f"|{line}|" if line.startswith("---") else f"| {line} |" for line in lines)


def bits(row: Row) -> str:
    return row.width.text + ", signed" * row.signed


def registers(chosen: Iterable[Control]) -> str:
    rows = ((f"`{each.name}`", str(each.value), bits(each.row), each.row.meaning) for each in chosen)
    return table(("register", "item", "bits", "meaning"), *rows)


def counters(chosen: Iterable[Counter]) -> str:
    rows = ((f"`{each.name}`", str(each.value), each.row.meaning) for each in chosen)
    return table(("counter", "number", "counts"), *rows)


def neurons() -> str:
    rows = (
        (each.row.meaning, each.row.symbol, f"`{each.name}`", f"0x{each:02X}", bits(each.row))
        for each in (*STATE, *PARAMETERS)
    )
    return table(("per neuron j", "name", "region", "number", "bits"), *rows)


def regions() -> str:
    rows = (
        (f"0x{each:02X}", f"`{each.name}`", each.row.per.per, bits(each.row), each.row.meaning)
        for each in Region
        if each not in (*STATE, *PARAMETERS)
    )
    return table(("number", "region", "one item per", "bits", "meaning"), *rows)


TABLES: dict[str, Callable[[], str]] = {
    "neurons": neurons,
    "shared registers": lambda: registers(each for each in Control if each.row.present is always),
    "registers of learning": lambda: registers(each for each in Control if each.row.present in (learns, has_window)),
    "registers of errors": lambda: registers(each for each in Control if each.row.present is has_errors),
    "registers of rules": lambda: registers(
        (*RULE_ROWS[0][5:], *(each for row in RULE_ROWS[1:] for each in row), *OTHERS.values())
    ),
    "registers of winners": lambda: registers(each for each in Control if each.row.present in (has_groups, judges)),
    "registers of eligibility": lambda: registers(each for each in Control if each.row.present is has_eligibility),
    "registers of scaling": lambda: registers(each for each in Control if each.row.present is has_scaling),
    "registers of contexts": lambda: registers(each for each in Control if each.row.present is has_contexts),
    "registers of patterns": lambda: registers(each for each in Control if each.row.present is has_patterns),
    "registers of noise": lambda: registers(each for each in Control if each.row.present is has_noise),
    "counters of the model": lambda: counters(each for each in Counter if each.row.of_model),
    "counters of the wire": lambda: counters(each for each in Counter if not each.row.of_model),
    "regions": regions,
}


def current(text: str) -> str:
    """A page with its tables as the rows have them."""
    return re.sub(
        r"(<!-- rows: (.+) -->\n)(?:\|.*\n)*", lambda found: f"{found[1]}{TABLES[found[2]]()}\n", text
    )  # fmt: skip


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(current(page.read_text()))
