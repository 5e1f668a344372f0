"""Sizes of what people read: files, functions and lists of parameters of host and gates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from support.paths import ROOT

FILE_LINES, FUNCTION_LINES, PARAMETERS = 300, 60, 8
#: The compiled loop is one function, and the functions it consists of take arrays one by one.
KERNEL = ROOT / "host/neurocorex/emulator/kernel"
#: Each option of a command is a parameter.
COMMANDS = ROOT / "host/neurocorex/cli"
SOURCES = sorted([*(ROOT / "host").rglob("*.py"), *(ROOT / "hdl").rglob("*.py")])

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function))


def lines(function: Function) -> int:
    """Lines of a function, decorators and docstring not counted."""
    first = function.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def parameters(function: Function) -> int:
    """Parameters of a function, `self` and `cls` not counted."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return len([each for each in every if each.arg not in ("self", "cls")])


def named(path: Path, function: Function) -> str:
    return f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"


def test_no_file_is_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert not {path: length for path, length in lengths.items() if length > FILE_LINES}


def test_no_function_is_long() -> None:
    found = [(named(path, f), lines(f)) for path in SOURCES if KERNEL not in path.parents for f in functions(path)]
    assert not [(name, length) for name, length in found if length > FUNCTION_LINES]


def test_no_function_takes_many_parameters() -> None:
    elsewhere = [path for path in SOURCES if not {KERNEL, COMMANDS} & set(path.parents)]
    found = [(named(path, function), parameters(function)) for path in elsewhere for function in functions(path)]
    assert not [(name, count) for name, count in found if count > PARAMETERS]
