"""Names as links: arguments in docstrings are none, and a link that says the file of a page says its title instead."""

from pathlib import PurePosixPath

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx


def name(_app: Sphinx, page: nodes.document) -> None:
    """Settle what links of a page are called, before they are looked up.

    A bare word in lower case, such as `steps` or the `neurons` of "array [neurons]", becomes text, for several classes
    have attributes of that name. `Network` and `Device.run` are looked up. Pages call each other by their files, as
    readers of the repository need it; here the title is better.
    """
    for reference in list(page.findall(pending_xref)):
        domain, target = reference.get("refdomain"), reference.get("reftarget", "")
        if domain == "py" and "." not in target and not target[:1].isupper():
            reference.replace_self(reference.children)
        elif domain == "doc" and reference.astext() == f"{PurePosixPath(target).name}.md":
            reference["refexplicit"] = False


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of it."""
    app.connect("doctree-read", name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
