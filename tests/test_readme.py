"""The README does what it says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT

README = (ROOT / "README.md").read_text()


def python_example() -> str:
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    return example


def test_python_example_is_twelve_lines_and_runs(tmp_path: Path) -> None:
    lines = [line for line in python_example().splitlines() if line.strip()]
    assert len(lines) == 12
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", python_example()],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "MPLBACKEND": "Agg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "raster.png").stat().st_size > 1000


@pytest.mark.parametrize("name", re.findall(r"^    ([\w./]+/?) {2,}", README, flags=re.MULTILINE))
def test_map_names_what_exists(name: str) -> None:
    assert list(ROOT.rglob(name.rstrip("/"))) or (ROOT / name).exists(), name


def shell_lines() -> list[str]:
    return list(re.findall(r"^ +(neurocorex .*?)(?: {3,}.*)?$", README, flags=re.MULTILINE))


@pytest.mark.parametrize("line", shell_lines())
def test_commands_know_their_options(line: str) -> None:
    words = shlex.split(line.rstrip(" &"))
    options = [word for word in words if word.startswith("-")]
    command = words[1:3] if words[1] == "demo" else words[1:2]
    helped = subprocess.run(
        [sys.executable, "-m", "neurocorex", *command, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert not [option for option in options if option not in helped]
