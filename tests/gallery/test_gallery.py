"""Gallery: every system has its names, its small version reaches its goals, and figures and pictures are kept."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex import gallery
from neurocorex.errors import FileFormatError, InputError
from support.paths import ROOT

FOLDER = ROOT / "examples/gallery"
NAMES = gallery.names()


def test_names_are_the_files_of_the_repository():
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == NAMES
    assert gallery.folder() == FOLDER


@pytest.mark.parametrize("name", NAMES)
def test_file_is_short_and_says_what_it_is(name):
    system = gallery.load(name)
    assert len((FOLDER / f"{name}.py").read_text().splitlines()) < 200
    assert f"python examples/gallery/{name}.py" in system.text
    assert system.title.endswith(".")
    assert system.about.paper
    assert system.about.idealised


@pytest.mark.parametrize("name", NAMES)
def test_small_version_reaches_its_goals_and_is_drawn(name, tmp_path):
    system = gallery.load(name)
    with ncx.open("emulator") as device:
        outcome = system.measure(device, True)
    assert any(each.goal for each in outcome.findings)
    assert not outcome.missed
    json.dumps(outcome.to_list())
    system.draw(outcome).savefig(tmp_path / "drawn.png")
    assert (tmp_path / "drawn.png").stat().st_size > 5000


@pytest.mark.parametrize("name", NAMES)
def test_first_part_is_the_same_again(name):
    system = gallery.load(name)
    with ncx.open("emulator") as device:
        once, again = system.first(device), system.first(device)
    assert once
    assert all(np.array_equal(once[key], again[key]) for key in once)
    assert any(np.any(value) for value in once.values())


def test_figures_of_all_systems_are_kept_and_small():
    found = gallery.measured()
    assert sorted(found) == NAMES
    assert all(found[name]["title"] == gallery.load(name).title for name in NAMES)
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.suffix in (".png", ".json")) < 200_000
    assert all((FOLDER / f"{name}.png").is_file() for name in NAMES)


def test_unknown_system_is_refused_by_name():
    with pytest.raises(InputError, match="the gallery has no 'nothing'; it has "):
        gallery.load("nothing")


def test_file_without_the_names_is_refused(tmp_path):
    path = tmp_path / "half.py"
    path.write_text("ABOUT = None\n")
    with pytest.raises(FileFormatError, match="has no first; a file of the gallery has ABOUT, first, measure, draw"):
        gallery.System.of(path)


def test_installed_package_finds_its_own_copy(tmp_path, monkeypatch):
    included = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    package = tmp_path / "neurocorex"
    shutil.copytree(ROOT / "host/neurocorex", package, ignore=shutil.ignore_patterns("__pycache__"))
    for source, target in included["force-include"].items():
        shutil.copytree(ROOT / source, tmp_path / target)
    for words in (["gallery", "--json"], ["demo", "cam", "--quick", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "neurocorex", *words], capture_output=True, text=True, cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
    assert told["reached"]
    assert (package / "gallery/systems/cam.py").is_file()


def test_script_is_the_command_of_its_file(tmp_path):
    path = Path(shutil.copy(FOLDER / "cam.py", tmp_path / "mine.py"))
    done = subprocess.run(
        [sys.executable, path, "--quick", "--json"], capture_output=True, text=True, timeout=300, check=True
    )
    assert json.loads(done.stdout)["name"] == "mine"
