"""Imports of the project's packages, read from the sources: nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from support.paths import ROOT

#: Folder of each package.
PACKAGES = {"neurocorex": ROOT / "host", "neurocorex_hdl": ROOT / "hdl", "neurocorex_sim": ROOT / "sim"}


class Arrow(NamedTuple):
    """One import: from a module to another, project's or not."""

    source: str
    target: str
    line: int
    at_start: bool
    """Whether it takes place when the module is loaded: not inside functions, not for type checkers only."""


def path_of(module: str) -> Path:
    """Source file of a module."""
    path = PACKAGES[module.partition(".")[0]].joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def modules(package: str) -> tuple[str, ...]:
    """Names of all modules of a package, packages under their own name."""
    folder = PACKAGES[package]
    found = (".".join(path.relative_to(folder).with_suffix("").parts) for path in (folder / package).rglob("*.py"))
    return tuple(sorted(name.removesuffix(".__init__") for name in found))


@cache
def arrows(package: str) -> tuple[Arrow, ...]:
    """All imports of a package: at the top, in functions, for type checkers, and by `import_module`."""
    return tuple(arrow for module in modules(package) for arrow in _arrows_of(module))


def reached(module: str) -> set[str]:
    """Modules that importing `module` loads, the project's own and the roots of others."""
    found, waiting = set[str](), [module]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found.add(here)
        package = here.partition(".")[0]
        if package in PACKAGES:
            parts = here.split(".")
            waiting += [".".join(parts[:depth]) for depth in range(1, len(parts))]
            waiting += _loaded_by(package).get(here, ())
    return found


@cache
def _loaded_by(package: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for arrow in arrows(package):
        if arrow.at_start:
            found.setdefault(arrow.source, []).append(arrow.target)
    return found


def circles(pairs: set[tuple[str, str]]) -> list[list[str]]:
    """Groups of more than one node that all reach each other (strongly connected components)."""
    targets: dict[str, set[str]] = {}
    for source, target in pairs:
        targets.setdefault(source, set()).add(target)

    def closure(node: str) -> set[str]:
        seen, waiting = set[str](), [node]
        while waiting:
            for target in targets.get(waiting.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return seen

    reach = {node: closure(node) for node in targets}
    groups = {frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in reach}
    return sorted(sorted(group) for group in groups if group)


def _arrows_of(module: str) -> Iterator[Arrow]:
    path = path_of(module)
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node, at_start in _imports(ast.parse(path.read_text()), at_start=True):
        for target in _targets(node, package):
            yield Arrow(module, target, node.lineno, at_start)


def _imports(tree: ast.AST, *, at_start: bool) -> Iterator[tuple[ast.stmt | ast.Call, bool]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, at_start
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield node, False
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        yield from _imports(node, at_start=at_start and not later and not types)


def _targets(node: ast.stmt | ast.Call, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) + 1 - node.level] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        known = modules(base.partition(".")[0]) if base.partition(".")[0] in PACKAGES else ()
        for alias in node.names:
            full = f"{base}.{alias.name}"
            yield full if full in known else base
    elif isinstance(node, ast.Call):
        name = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
        if isinstance(name, ast.Constant):
            yield str(name.value).rstrip(".")
