"""The tables of docs/model.md and docs/protocol.md are the declared rows and codes."""

import re
from pathlib import Path

import pytest
from neurocorex.spec import Control, Counter, Op, Region, Status
from neurocorex.spec.protocol import DIVISOR_MIN
from neurocorex.spec.registers import MAGIC
from neurocorex.spec.rows import never
from neurocorex.spec.version import PROTOCOL_VERSION, RULES, text
from support.pages import PAGES, TABLES, current

PROTOCOL = PAGES[1].read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_are_the_rows(page: Path) -> None:
    """If this fails, look at the difference, then run `python tests/support/pages.py`."""
    assert page.read_text() == current(page.read_text())


def test_every_table_stands_in_a_page() -> None:
    found = [name for page in PAGES for name in re.findall(r"<!-- rows: (.+) -->\n\| ", page.read_text())]
    assert sorted(found) == sorted(TABLES)


def test_every_row_stands_in_a_table() -> None:
    tables = "\n".join(make() for make in TABLES.values())
    for row in (*Region, *Control, *Counter):
        assert (f"| `{row.name}` |" in tables) == (row.row.present is not never)


@pytest.mark.parametrize("code", [*Op, *Status], ids=lambda code: code.name)
def test_codes_are_those_of_the_contract(code: Op | Status) -> None:
    name = code.name if isinstance(code, Op) else f"`{code.name}`"
    assert f"\n| {name} | 0x{code:02X} |" in PROTOCOL


def test_page_says_how_the_version_is_made() -> None:
    assert f"`RULES` ({RULES}) in the upper 16 bits" in PROTOCOL
    assert text(PROTOCOL_VERSION).startswith(f"{RULES}.")
    assert f"write it as `{RULES}.`, followed by the four hexadecimal digits" in PROTOCOL
    assert f"0x{MAGIC:08X}" in PROTOCOL
    assert f"cycles per bit u16, at least {DIVISOR_MIN}" in PROTOCOL
