"""All cases of all campaigns, by name."""

from __future__ import annotations

from importlib import import_module

from .campaign import Case

#: Modules with a list `CASES`, in the order of the table.
CAMPAIGNS = ("frames", "files", "coverage", "damage", "resets", "kills", "crowds", "disks")


def cases() -> dict[str, Case]:
    """Return every case by its name."""
    found = [case for name in CAMPAIGNS for case in import_module(f"fire.{name}").CASES]
    return {case.name: case for case in found}
