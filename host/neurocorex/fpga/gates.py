"""Loader of gate modules: imports `neurocorex_hdl` when a build needs it, and names the extra that brings it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from ..errors import MissingToolError


def gates(name: str) -> ModuleType:
    """Return the module `neurocorex_hdl.name`; raises MissingToolError without the extra `boards`."""
    try:
        return import_module(f"neurocorex_hdl.{name}")
    except ImportError as error:
        raise MissingToolError(
            f"building a bitstream needs {error.name}; install it: pip install 'neurocorex[boards]'"
        ) from error
