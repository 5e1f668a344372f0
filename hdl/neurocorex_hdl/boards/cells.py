"""Cell counts: LUTs, flip-flops, block RAM and multipliers of a netlist, in all and by module."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neurocorex.fpga.parts import Family

#: Resource that a cell counts as, by the beginning of its type; the longest beginning decides.
_KINDS: dict[Family, dict[str, tuple[str, float]]] = {
    Family.ICE40: {
        "SB_LUT4": ("lut", 1), "SB_DFF": ("ff", 1), "SB_RAM40": ("bram", 1), "SB_MAC16": ("dsp", 1),
        "SB_SPRAM": ("spram", 1),
    },
    Family.ECP5: {
        "LUT4": ("lut", 1), "CCU2C": ("lut", 2), "TRELLIS_DPR16X4": ("lut", 4), "TRELLIS_FF": ("ff", 1),
        "DP16KD": ("bram", 1), "PDPW16KD": ("bram", 1), "MULT18X18D": ("dsp", 1),
    },
    Family.GOWIN: {
        "LUT": ("lut", 1), "ALU": ("lut", 1), "RAM16SDP1": ("lut", 1), "RAM16SDP2": ("lut", 2),
        "RAM16SDP4": ("lut", 4), "DFF": ("ff", 1), "DP": ("bram", 1), "SDP": ("bram", 1), "SP": ("bram", 1),
        "MULT18X18": ("dsp", 1), "MULT9X9": ("dsp", 0.5), "MULT36X36": ("dsp", 4), "MULTADDALU": ("dsp", 2),
    },
    Family.XC7: {
        "LUT": ("lut", 1), "SRL": ("lut", 1), "RAM32M": ("lut", 4), "RAM64M": ("lut", 4), "RAM32X1D": ("lut", 2),
        "RAM64X1D": ("lut", 2), "RAM128X1D": ("lut", 4), "RAM256X1D": ("lut", 8), "FD": ("ff", 1),
        "RAMB18": ("bram", 0.5), "RAMB36": ("bram", 1), "DSP48": ("dsp", 1),
    },
}  # fmt: skip

#: Amaranth's suffix to a name that occurs more than once.
_TWIN = re.compile(r"\$\d+")
RESOURCES = ("lut", "ff", "bram", "dsp", "spram")


def kind(family: Family, cell: str) -> tuple[str, float] | None:
    """Return the resource that a cell of that type counts as, and how many of it; None if it costs nothing."""
    found = [begin for begin in _KINDS[family] if cell.startswith(begin)]
    return _KINDS[family][max(found, key=len)] if found else None


#: Names of resources in nextpnr's log, and as how many they count, where packing needs more than the netlist.
_PACKED: dict[Family, dict[str, tuple[str, int]]] = {
    Family.ICE40: {"ICESTORM_LC": ("lut", 1)},
    Family.ECP5: {
        "TRELLIS_COMB": ("lut", 1), "TRELLIS_FF": ("ff", 1), "DP16KD": ("bram", 1), "MULT18X18D": ("dsp", 1),
    },
    Family.GOWIN: {
        "LUT4": ("lut", 1), "ALU": ("lut", 1), "RAM16SDP4": ("lut", 4), "DFF": ("ff", 1), "BSRAM": ("bram", 1),
        "MULT18X18": ("dsp", 1),
    },
    Family.XC7: {},
}  # fmt: skip
_USED = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*\d+\s+\d+%$", re.MULTILINE)


def totals(family: Family, stat: Path, packed: Path) -> dict[str, float]:
    """Resources as counted by `stat -json` of Yosys, and by the log of nextpnr if there is one."""
    counted: Counter[str] = Counter(dict.fromkeys(RESOURCES, 0))
    for cell, count in json.loads(stat.read_text())["design"]["num_cells_by_type"].items():
        if (what := kind(family, cell)) is not None:
            counted[what[0]] += count * what[1]
    if packed.exists():
        used = Counter[str]()
        for cell, count in dict(_USED.findall(packed.read_text())).items():
            if cell in _PACKED[family]:
                resource, each = _PACKED[family][cell]
                used[resource] += each * int(count)
        counted.update({resource: used[resource] - counted[resource] for resource in used})
    return dict(counted)


def by_module(family: Family, netlist: Path, top: str) -> dict[str, dict[str, float]]:
    """Resources by module, without those of the modules inside it.

    Synthesis flattens the hierarchy. It keeps the paths of the modules, though, and names each cell after a signal
    that it drives or reads, so the counts are right except for logic at the borders.
    """
    cells: dict[str, Any] = json.loads(netlist.read_text())["modules"][top]["cells"]
    scopes = sorted(name for name, cell in cells.items() if cell["type"] == "$scopeinfo")
    found: dict[str, Counter[str]] = {}
    for name, cell in cells.items():
        if (what := kind(family, cell["type"])) is not None:
            scope = _TWIN.sub("", next((scope for scope in _outwards(name, scopes)), top))
            found.setdefault(scope, Counter())[what[0]] += what[1]  # type: ignore[assignment]
    return {scope: dict(found[scope]) for scope in sorted(found)}


def _outwards(name: str, scopes: list[str]) -> Iterator[str]:
    """Modules that a cell may be in by its name, the innermost first."""
    while "." in name:
        name = name.rpartition(".")[0]
        place = bisect_right(scopes, name) - 1
        if place >= 0 and scopes[place] == name:
            yield name
