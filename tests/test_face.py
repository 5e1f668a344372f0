"""The public face: what users call is `neurocorex.NAME`."""

import ast
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import neurocorex as ncx
import pytest
from support.paths import ROOT

FACE = [
    "Clear", "Control", "CoreConfig", "Device", "EventStream", "Fidelity", "Image", "Learning", "Network", "Pool",
    "Region", "Report", "Result", "Table", "apps", "encode", "errors", "from_nir", "from_superneuromat", "learning",
    "measure_fidelity", "on_device", "open", "plot", "quantise", "read_spikes", "scales_of", "search_scale",
    "simulate_floats", "smallest_config", "sweep", "to_nir", "write_spikes",
]  # fmt: skip


def test_the_face_is_this_list() -> None:
    assert ncx.__all__ == FACE
    assert set(FACE) <= set(dir(ncx))


@pytest.mark.parametrize("name", FACE)
def test_name_resolves_and_explains_itself(name: str) -> None:
    assert getattr(ncx, name).__doc__


@pytest.mark.parametrize("name", [name for name in FACE if name[0].islower()])
def test_verbs_are_functions_and_no_room_shadows_them(name: str) -> None:
    room = ROOT / "host/neurocorex" / name
    if isinstance(getattr(ncx, name), ModuleType):
        assert room.with_suffix(".py").exists() or room.is_dir()
    else:
        assert callable(getattr(ncx, name))
        assert not room.with_suffix(".py").exists()
        assert not room.is_dir()


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'quantize'"):
        _ = ncx.quantize


def test_importing_a_room_first_leaves_the_verbs_alone() -> None:
    rooms = [info.name for info in pkgutil.iter_modules(ncx.__path__) if not info.name.startswith("__")]
    program = (
        f"import neurocorex as ncx, importlib\nfor room in {rooms}: importlib.import_module('neurocorex.' + room)\n"
    )
    program += "assert all(callable(each) for each in (ncx.quantise, ncx.search_scale, ncx.on_device, ncx.open))"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_type_checkers_see_the_same_origins() -> None:
    tree = ast.parse((ROOT / "host/neurocorex/__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.asname: (node.module, alias.name) if node.module else (alias.name, None)
        for node in block.body if isinstance(node, ast.ImportFrom) and node.level for alias in node.names
    }  # fmt: skip
    assert typed == ncx._ORIGINS


#: A program of a user, and what mypy says of each of its lines: a type that it reveals, or an error.
TYPED = """
import neurocorex as ncx
net = ncx.Network(inputs=2, neurons=2)
reveal_type(ncx.quantise(net))  # tuple[neurocorex.image.image.Image, neurocorex.quantiser.report.Report]
reveal_type(net.neurons[0:1].set(threshold=1.0))  # neurocorex.network.population.Neurons
reveal_type(ncx.measure_fidelity(net).match)  # float
net.neurons.set(treshold=1)  # did you mean "threshold"
net.connect(net.inputs, net.neurons, 1, plastik=True)  # did you mean "plastic"
net.treshold = 1  # Incompatible types in assignment
ncx.quantize(net)  # Module has no attribute "quantize"
"""


def test_mypy_understands_the_face(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(TYPED)
    mypy = [sys.executable, "-m", "mypy", "--hide-error-context", "--no-error-summary", str(program)]
    said: dict[int, str] = {}
    for line in subprocess.run(mypy, cwd=ROOT, capture_output=True, text=True).stdout.splitlines():
        _, number, text = line.split(":", 2)
        said[int(number)] = said.get(int(number), "") + text
    expected = {n: line.split("  # ")[1] for n, line in enumerate(TYPED.splitlines(), 1) if "  # " in line}
    assert said.keys() == expected.keys(), said
    for number, text in expected.items():
        assert text in said[number]


@pytest.mark.parametrize(
    ("module", "name"), [("plot", "raster"), ("learning", "stdp"), ("encode", "poisson"), ("errors", "InputError")]
)
def test_names_of_public_modules_can_be_imported(module: str, name: str) -> None:
    assert getattr(import_module(f"neurocorex.{module}"), name) is getattr(getattr(ncx, module), name)


def test_public_modules_explain_every_name() -> None:
    for module in (ncx.encode, ncx.errors, ncx.learning, ncx.plot):
        names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
        own = [vars(module)[name] for name in names if callable(vars(module)[name])]
        assert own
        assert all(each.__doc__ for each in own if each.__module__.startswith("neurocorex"))
