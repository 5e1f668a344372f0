"""Who may import whom, asked of a fresh interpreter for every module."""

import json
import pkgutil
import subprocess
import sys

import pytest
from support.paths import ROOT

PACKAGES = {"neurocorex": "host", "neurocorex_hdl": "hdl", "neurocorex_sim": "sim"}


def modules_of(package: str) -> list[str]:
    folder = ROOT / PACKAGES[package] / package
    found = [info.name for info in pkgutil.walk_packages([str(folder)], prefix=f"{package}.")]
    return [package, *(name for name in found if not name.endswith("__main__"))]


def imported_by(module: str) -> set[str]:
    """Names of all modules that importing `module` loads."""
    program = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def roots(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("module", [name for name in modules_of("neurocorex") if ".spec" in name])
def test_spec_needs_the_standard_library_only(module: str) -> None:
    loaded = imported_by(module)
    outside = roots(loaded) - set(sys.stdlib_module_names) - {"neurocorex", "sitecustomize", "__mp_main__"}
    assert not {name for name in outside if not name.startswith("_")}
    assert not {name for name in loaded if name.startswith("neurocorex.")} - set(modules_of("neurocorex"))
    assert "numpy" not in loaded


@pytest.mark.parametrize("module", modules_of("neurocorex_hdl"))
def test_gates_need_amaranth_and_spec_only(module: str) -> None:
    loaded = imported_by(module)
    assert not roots(loaded) & {"numpy", "serial", "click", "neurocorex_sim", "cocotb"}
    host = {name for name in loaded if name.startswith("neurocorex.") and not name.startswith("neurocorex.spec")}
    assert not host


@pytest.mark.parametrize("module", modules_of("neurocorex"))
def test_host_needs_no_gates_and_no_simulator(module: str) -> None:
    assert not roots(imported_by(module)) & {"neurocorex_hdl", "neurocorex_sim", "amaranth", "cocotb"}


def test_the_library_and_its_command_start_light() -> None:
    heavy = {"numba", "matplotlib", "scipy", "sklearn", "rich", "serial"}
    assert not roots(imported_by("neurocorex")) & heavy
    assert not roots(imported_by("neurocorex.cli")) & (heavy | {"numpy"})


def test_emulator_and_gates_do_not_know_each_other() -> None:
    for package, stranger in (("host", "neurocorex_hdl.core"), ("hdl", "neurocorex.emulator")):
        for path in (ROOT / package).rglob("*.py"):
            assert stranger not in path.read_text(), path
