"""Pictures of the README: small, drawn by a command, and true to the rooms; the page of plots names all of them."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
from neurocorex import plot
from support.markdown import table
from support.paths import ROOT

FOLDER = ROOT / "docs/pictures"
NAMES = ("raster", "diagram")
PLOTS = (ROOT / "docs/plots.md").read_text()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    subprocess.run([sys.executable, "-W", "error", FOLDER, folder], check=True)
    return folder


@pytest.fixture(scope="module")
def diagram() -> ModuleType:
    spec = importlib.util.spec_from_file_location("diagram", FOLDER / "diagram.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "diagram", module)
        spec.loader.exec_module(module)
        yield module


@pytest.mark.parametrize("name", NAMES)
def test_picture_is_what_make_pictures_draws(name: str, drawn: Path) -> None:
    assert (FOLDER / f"{name}.svg").read_text() == (drawn / f"{name}.svg").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_picture_is_small_white_and_in_the_readme(name: str) -> None:
    picture = FOLDER / f"{name}.svg"
    assert picture.stat().st_size < 100_000
    assert "fill: #ffffff" in picture.read_text()
    assert f"](docs/pictures/{name}.svg)" in (ROOT / "README.md").read_text()


def test_raster_has_two_colours_of_spikes() -> None:
    spikes = re.findall(r"<use [^>]*style=\"[^\"]*stroke: (#\w+)", (FOLDER / "raster.svg").read_text())
    assert len(set(spikes) - {"#000000"}) == 2


def test_diagram_names_existing_rooms(diagram: ModuleType) -> None:
    for panel in diagram.PANELS:
        package = ROOT / panel.title.split(": ")[1]
        assert all((package / room / "__init__.py").exists() for room in panel.rooms)


def test_page_of_plots_has_every_function() -> None:
    functions = {name for name, value in vars(plot).items() if isinstance(value, FunctionType)}
    rows = table(PLOTS, "function of `plot`", "picture")
    assert {row["function of `plot`"].strip("`") for row in rows} == functions


def test_example_of_the_page_of_plots_draws(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PLOTS, flags=re.DOTALL)
    subprocess.run([sys.executable, "-W", "error", "-c", example], check=True, cwd=tmp_path, timeout=120)
    assert {file.name for file in tmp_path.iterdir()} == set(re.findall(r'savefig\("(.*?)"\)', example))
