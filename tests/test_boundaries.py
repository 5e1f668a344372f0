"""Floors of the tree: which room may import which, for host and gates; read from the sources."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.imports import PACKAGES, Arrow, arrows, circles, modules, reached

#: Rooms and loose modules of the host, bottom first: a module imports from its own room and from those before it.
HOST_FLOORS = (
    "errors", "files", "notebook", "progress", "spec", "events", "learning", "encode", "image", "network",
    "plot", "quantiser", "wire", "emulator", "server", "fpga", "device", "many", "apps", "check", "importers", "demos",
    "gallery", "scope", "pynn", "cli", "__main__",
)  # fmt: skip
#: The same for the gates.
GATE_FLOORS = (
    "lib", "registers", "synapses", "neurons", "learning", "events", "link", "core", "chip", "synthesis", "boards",
)  # fmt: skip
#: What the gates may know of the host: the contract, files and caches, and the facts about boards.
GATES_READ = (
    "neurocorex.spec",
    "neurocorex.files",
    "neurocorex.fpga.boards",
    "neurocorex.fpga.parts",
    "neurocorex.fpga.placement",
)
#: Where the host reaches for the other packages, by name and only when they are needed.
DOORS = ("neurocorex.device.open", "neurocorex.fpga.gates")
#: Packages that take long to load. None of them is loaded before something needs it.
HEAVY = {
    "numba", "matplotlib", "scipy", "sklearn", "rich", "serial", "h5py", "amaranth", "cocotb", "pandas",
    "neo", "xarray", "bokeh", "tornado", "pyNN", "quantities", "lazyarray", "distributed", "dask",
}  # fmt: skip


def room(module: str) -> str:
    """Room or loose module that a module of a package belongs to; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


def within(package: str) -> list[Arrow]:
    """Imports from module to module of one package; its front, which names everything, aside."""
    return [a for a in arrows(package) if a.target.startswith(f"{package}.") and a.source != package]


def is_in(module: str, allowed: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize(("package", "floors"), [("neurocorex", HOST_FLOORS), ("neurocorex_hdl", GATE_FLOORS)])
def test_every_module_has_a_floor(package: str, floors: tuple[str, ...]) -> None:
    assert {room(module) for module in modules(package)} - {""} == set(floors)


@pytest.mark.parametrize(("package", "floors"), [("neurocorex", HOST_FLOORS), ("neurocorex_hdl", GATE_FLOORS)])
def test_no_arrow_goes_up(package: str, floors: tuple[str, ...]) -> None:
    upward = [a for a in within(package) if floors.index(room(a.source)) < floors.index(room(a.target))]
    assert not [f"{a.source}:{a.line} imports {a.target}" for a in upward]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other(package: str) -> None:
    assert not circles({(a.source, a.target) for a in within(package)})


def test_gates_read_the_contract_only() -> None:
    strange = [a for a in arrows("neurocorex_hdl") if a.target.startswith(("neurocorex.", "neurocorex_sim"))]
    assert not [f"{a.source}:{a.line} imports {a.target}" for a in strange if not is_in(a.target, GATES_READ)]


def test_host_reaches_gates_and_simulator_through_its_doors_only() -> None:
    others = ("neurocorex_hdl", "neurocorex_sim", "amaranth", "cocotb")
    assert not [
        f"{a.source}:{a.line}" for a in arrows("neurocorex") if is_in(a.target, others) and a.source not in DOORS
    ]
    assert not [a for a in arrows("neurocorex") if is_in(a.target, others) and a.at_start]


@pytest.mark.parametrize("module", [name for name in modules("neurocorex") if is_in(name, GATES_READ)])
def test_what_gates_read_needs_the_standard_library_only(module: str) -> None:
    roots = {name.partition(".")[0] for name in reached(module)}
    assert roots <= {*sys.stdlib_module_names, "neurocorex"}


def test_no_numpy_in_gates() -> None:
    loaded = {name.partition(".")[0] for module in modules("neurocorex_hdl") for name in reached(module)}
    assert not loaded & {"numpy", "serial", "click", "neurocorex_sim", "cocotb"}


def test_library_and_command_start_light() -> None:
    program = (
        "import json, sys, neurocorex; library = set(sys.modules)\n"
        "import neurocorex.cli; print(json.dumps([sorted(library), sorted(sys.modules)]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    library, command = ({name.partition(".")[0] for name in names} for names in json.loads(done.stdout))
    assert not library & HEAVY
    assert not command & (HEAVY | {"numpy"})


def test_circles_are_found() -> None:
    assert circles({("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")}) == [["a", "b", "c"]]
    assert circles({("a", "b"), ("b", "c")}) == []
