"""The build hook of the package: what it puts into a wheel, and what it does where nothing can be compiled."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from neurocorex.emulator import machine_code
from support.paths import ROOT


class FakeInterface:
    """What hatchling gives a hook, as far as it is used."""

    def __init__(self, root: Path) -> None:
        self.root, self.app, self.warnings = str(root), self, list[str]()

    def __class_getitem__(cls, _item: object) -> type:
        return cls

    def display_warning(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = FakeInterface
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    spec = importlib.util.spec_from_file_location("build_kernels", ROOT / "tools/build_kernels.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(machine_code, "SHIPPED", tmp_path / "objects")
    return module.KernelHook(tmp_path)


def test_a_file_for_each_kind_of_chip_is_shipped(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[machine_code.Kind | machine_code.Draws] = []
    monkeypatch.setattr(machine_code, "compile_kernel", lambda kind: compiled.append(kind) or kind.name.encode())
    machine_code.SHIPPED.mkdir()
    (machine_code.SHIPPED / "of-an-earlier-source.o").touch()
    names = {machine_code.file_name(kind): kind for kind in machine_code.KINDS}
    for _ in range(2):
        data = {"artifacts": []}
        hook.initialize("standard", data)
        assert sorted(data["artifacts"]) == sorted(f"/objects/{name}" for name in names)
        assert not data["pure_python"]
        assert data["tag"].startswith("py3-none-")
    assert len(compiled) == len(machine_code.KINDS)
    assert set(compiled) == set(machine_code.KINDS)
    assert {path.name: path.read_text() for path in machine_code.SHIPPED.iterdir()} == {
        name: kind.name for name, kind in names.items()
    }


def test_a_package_is_built_without_where_nothing_can_be_compiled(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_kind: machine_code.Kind) -> bytes:
        raise OSError("no compiler")

    monkeypatch.setattr(machine_code, "compile_kernel", fail)
    data = {"artifacts": []}
    hook.initialize("editable", data)
    assert data == {"artifacts": []}
    assert "no compiler" in hook.warnings[0]
