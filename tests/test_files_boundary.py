"""One way to write files and one to read them: no module but those of `neurocorex.files` opens them by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.imports import PACKAGES, modules, path_of

ROOM = "neurocorex.files"
#: Functions and methods that write, move or make files, or parse what came from one, wherever they are found.
WRITING = {
    "write_text", "write_bytes", "savez", "savez_compressed", "savetxt", "savefig", "tofile", "dump", "rename",
    "renames", "copyfile", "copy2", "copytree", "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory",
    "hardlink_to", "ZipFile",
}  # fmt: skip
#: The same, of these modules only: other objects have methods of these names.
OF_MODULES = {
    *(("os", name) for name in ("replace", "open", "fdopen", "rename", "truncate")),
    *(("np", name) for name in ("load", "loadtxt", "genfromtxt", "fromfile", "save")),
    *(("json", name) for name in ("load", "loads")),
    *(("pickle", name) for name in ("load", "loads")),
    *(("shutil", name) for name in ("copy", "move")),
    ("npy", "read_array"), ("h5py", "File"),
}  # fmt: skip
#: Modules that do so nevertheless, and why.
EXCEPTIONS = {
    "neurocorex.demos.tables": "reads the table of an installed package",
    "neurocorex.importers.nir.child": "reads its arguments and the message of its own child process",
    "neurocorex.importers.nir.hdf5": "opens HDF5, which h5py reads itself; it writes into memory",
    "neurocorex.many.workers": "reads what the processes that it has started say",
    "neurocorex_hdl.boards.cells": "reads what the tools wrote in the scratch folder of a build",
    "neurocorex_hdl.boards.report": "reads what the tools wrote in the scratch folder of a build",
    "neurocorex_hdl.boards.flow": "writes scripts into the scratch folder of a build",
    "neurocorex_hdl.synthesis.tools": "gives a program a file for its output, in the scratch folder of a build",
    "neurocorex.fpga.build": "moves files from the scratch folder of a build to its draft",
    "neurocorex_sim.bench": "reads settings that its own parent process gave it",
    "neurocorex_sim.benches.core": "writes into the scratch folder of a bench",
    "neurocorex_sim.chip": "writes sources into the scratch folder of a compilation",
    "neurocorex_sim.netlist": "writes scripts into a scratch folder",
    "neurocorex_sim.runner": "writes sources into the scratch folder of a bench",
}
#: Functions of the room that have such a name.
OWN = {"write_text", "files.write_text"}


def found(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls that write or parse files."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        place, _, last = name.rpartition(".")
        into_stream = bool(node.args) and ast.unparse(node.args[0]) == "stream"  # of `write_atomic`
        named = last in WRITING and name not in OWN and not into_stream
        if (last == "open" and _writes(node)) or (place, last) in OF_MODULES or named:
            yield node.lineno, name


def _writes(call: ast.Call) -> bool:
    """Whether an `open` has a mode other than for reading: its second argument, the first for a method of a path."""
    given = [word.value for word in call.keywords if word.arg == "mode"]
    given += call.args[:1] if isinstance(call.func, ast.Attribute) else call.args[1:2]
    modes = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return any(set(mode) & set("wax+") and not set(mode) - set("rwaxbt+") for mode in modes)


def calls(module: str) -> list[str]:
    return [f"{module}:{line} {name}" for line, name in found(ast.parse(path_of(module).read_text()))]


EVERY = [module for package in PACKAGES for module in modules(package) if not module.startswith(ROOM)]


@pytest.mark.parametrize("package", PACKAGES)
def test_files_are_written_and_parsed_in_one_room(package) -> None:
    those = [module for module in EVERY if module.split(".")[0] == package and module not in EXCEPTIONS]
    assert not [call for module in those for call in calls(module)]


@pytest.mark.parametrize("module", EXCEPTIONS)
def test_every_exception_is_needed(module) -> None:
    assert calls(module)


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("open('x', 'w')", 1), ("path.open('wb')", 1), ("open('x', mode='a')", 1), ("open('x', 'r+')", 1),
        ("open('x')", 0), ("path.open('rb')", 0), ("device.open('rtl')", 0), ("path.write_text('')", 1),
        ("np.savez(path, a=a)", 1), ("figure.savefig(path)", 1), ("np.load(path)", 1), ("json.loads(text)", 1),
        ("figure.savefig(stream)", 0), ("write_text(path, text)", 0), ("json.dumps(value)", 0),
        ("os.replace(a, b)", 1), ("text.replace(a, b)", 0), ("image.save(path)", 0),
    ],
)  # fmt: skip
def test_calls_are_found(line, count) -> None:
    assert len(list(found(ast.parse(line)))) == count


def test_other_folders_of_the_packages_are_no_modules() -> None:
    assert all(Path(path_of(module)).exists() for module in EVERY)
