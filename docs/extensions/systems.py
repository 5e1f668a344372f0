"""Systems of the gallery in a page: their figures beside those of the papers, and their pictures, as last measured.

In a page ``{system} cam`` becomes what `examples/gallery` holds of the system of that name, and ``{systems}`` the table
of all. The JSON of ``make gallery`` is the only source, so a page cannot say anything else.
"""

import os
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from neurocorex import gallery
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def line(cells: list[str]) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def picture(name: str, page: str) -> str:
    """Return the path of a picture from the folder of a page."""
    return os.path.relpath(gallery.folder() / f"{name}.png", Path(page).parent)


class SystemFigures(SphinxDirective):
    """Directive that becomes figures and picture of a system; its argument is the name."""

    required_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Write them in Markdown, and let the parser of the page read it."""
        name = self.arguments[0]
        measured = gallery.measured()
        if name not in measured:
            raise self.error(f"no figures of {name!r}; there are: {', '.join(measured)}")
        held = measured[name]
        verdicts = {True: "reached", False: "**not reached**", None: ""}
        rows = [
            [each["name"], each["ours"], each["goal"], verdicts[each["reached"]], each["paper"], each["differs"]]
            for each in held["findings"]
        ]
        command = f"neurocorex demo {name}" + (" --data FOLDER" if gallery.load(name).reads_data else "")
        boards = ", ".join(f"`{board}`" for board in held["boards"]) or "none"
        return self.parse_text_to_nodes(
            f"![{held['title']}]({picture(name, self.env.doc2path(self.env.docname))})\n\n"
            f"{table(['figure', 'ours', 'goal', '', 'paper', 'what to know'], rows)}\n\n"
            f"*Published:* {held['paper']}.\n\n*Idealised:* {held['idealised']}\n\n"
            f"*Boards that the first part fits, by plan:* {boards}.\n\n"
            f"Measured on the emulator by `{command}`; "
            f"`{command} --device rtl` runs the first part on the simulated chip, and compares.\n"
        )


class SystemsTable(SphinxDirective):
    """Directive that becomes the table of all systems, each with its picture."""

    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Write the table in Markdown, and let the parser of the page read it."""
        page = self.env.doc2path(self.env.docname)
        rows = [
            [f"[{held['title'].partition(':')[0]}](gallery/{name}.md)", f"![]({picture(name, page)})",
             "yes" if held["reached"] else "**not all**"]
            for name, held in gallery.measured().items()
        ]  # fmt: skip
        return self.parse_text_to_nodes(table(["system", "picture", "goals reached"], rows))


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directives."""
    app.add_directive("system", SystemFigures)
    app.add_directive("systems", SystemsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
