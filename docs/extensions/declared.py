"""Tables of the reference, from what the code declares: regions, registers, counters, flags, frames, exit codes.

In a page ``{declared} registers`` becomes the table of that name in `TABLES`. The row of the code is the only source,
so the page cannot say anything else.
"""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import Any, ClassVar

from docutils import nodes
from neurocorex.cli.application import exit_codes
from neurocorex.spec import Clear, Control, Counter, Flag, JudgeFlag, LearningFlag, Op, Region, Status
from neurocorex.spec.rows import Row
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

Line = tuple[str, ...]


def bits(row: Row) -> str:
    """Width of a number, and whether it has a sign."""
    return row.width.text + ", signed" * row.signed


def default(row: Row) -> str:
    """Value after power-up, where it is the same on all chips."""
    return "by geometry" if callable(row.default) else f"{row.default or 0:,}"


def regions() -> Iterator[Line]:
    """Memories, each with the head of the table before them."""
    yield "number", "region", "meaning", "one item per", "bits", "symbol"
    for each in Region:
        row = each.row
        yield f"0x{each:02X}", f"`{each.name}`", row.meaning, row.per.per, bits(row), row.symbol


def registers() -> Iterator[Line]:
    """Control registers."""
    yield "item", "register", "meaning", "bits", "unit", "after power-up"
    for each in Control:
        yield str(each.value), f"`{each.name}`", each.row.meaning, bits(each.row), each.row.unit, default(each.row)


def counters() -> Iterator[Line]:
    """Counters."""
    yield "number", "counter", "the same on every chip", "counts"
    for each in Counter:
        yield str(each.value), f"`{each.name}`", "yes" if each.row.of_model else "no", each.row.meaning


def documented(kind: type[IntEnum]) -> dict[str, str]:
    """Text below each member of an enumeration, from its source."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - what else would the source of a class be
    texts = {}
    for here, after in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(here, ast.Assign) and isinstance(here.targets[0], ast.Name):
            told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            texts[here.targets[0].id] = str(after.value.value) if told else ""
    return texts


def members(kind: type[Any], digits: int) -> Callable[[], Iterator[Line]]:
    """Make the table of an enumeration."""

    def table() -> Iterator[Line]:
        yield "value", "name", "meaning"
        texts = documented(kind)
        for each in kind:
            yield f"0x{each.value:0{digits}X}", f"`{each.name}`", texts[each.name]

    return table


def codes() -> Iterator[Line]:
    """Exit codes of the command line."""
    yield "exit code", "meaning"
    for code, meaning in exit_codes().items():
        yield str(code), meaning


TABLES: dict[str, Callable[[], Iterable[Line]]] = {
    "regions": regions,
    "registers": registers,
    "counters": counters,
    "neuron flags": members(Flag, 2),
    "learning flags": members(LearningFlag, 2),
    "judge flags": members(JudgeFlag, 2),
    "clear flags": members(Clear, 2),
    "operations": members(Op, 2),
    "statuses": members(Status, 2),
    "exit codes": codes,
}


class DeclaredTable(SphinxDirective):
    """Directive that becomes a table; its argument is a name in `TABLES`."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Write the table in Markdown, and let the parser of the page read it."""
        name = self.arguments[0]
        if name not in TABLES:
            raise self.error(f"no table {name!r}; there are: {', '.join(TABLES)}")
        head, *rows = TABLES[name]()
        lines = [head, tuple("---" for _ in head), *rows]
        text = "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
        return self.parse_text_to_nodes(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("declared", DeclaredTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
