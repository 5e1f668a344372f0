"""Build report: resources, speed, versions and checksums, read from the folder of a build."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from neurocorex.fpga.parts import Family

from ..synthesis.tools import find, version
from . import cells
from .flow import BITSTREAMS, CONSTRAINTS, PNR_LOG, STAT, TOP, Order


def collect(order: Order, folder: Path) -> dict[str, Any]:
    """Read the results of a build.

    Returns
    -------
    dict
        `lut`, `ff`, `bram`, `dsp`, `spram`; `available`, the same of the part; `fmax_mhz` of the slowest clock,
        `clocks` with that of each, and `margin`, the smallest of Fmax over the frequency that is wanted, less 1;
        `modules`; `tools`, their versions; `bitstream` and its `sha256` (of the Verilog where there is no bitstream),
        and all that went into the build.
    """
    board, family = order.board, order.board.family
    used = cells.totals(family, folder / STAT, folder / PNR_LOG)
    clocks: dict[str, dict[str, float]] = {}
    if (folder / "pnr.json").exists():
        placed = json.loads((folder / "pnr.json").read_text())
        clocks = {
            name: {"fmax_mhz": round(clock["achieved"], 2), "wanted_mhz": round(clock["constraint"], 2)}
            for name, clock in placed["fmax"].items()
        }
    bitstream = folder / f"{TOP}.{BITSTREAMS[family]}"
    hashed = bitstream if bitstream.exists() else folder / f"{TOP}.v"
    return {
        "board": board.name,
        "part": board.part.name,
        "config": order.config.to_dict(),
        "clock_mhz": order.clock_hz / 1e6,
        "baud": order.baud,
        "seed": order.seed,
        **{resource: round(used[resource], 1) for resource in cells.RESOURCES},
        "available": {resource: getattr(board.part, resource) for resource in cells.RESOURCES},
        "fmax_mhz": min((clock["fmax_mhz"] for clock in clocks.values()), default=None),
        "margin": min((_margin(clock) for clock in clocks.values()), default=None),
        "clocks": clocks,
        "bitstream": bitstream.name if bitstream.exists() else None,
        "sha256": hashlib.sha256(hashed.read_bytes()).hexdigest(),
        "verilog": f"{TOP}.v",
        "constraints": f"{TOP}.{CONSTRAINTS[family]}",
        "script": f"{TOP}.tcl" if family is Family.XC7 else f"{TOP}.ys",
        "modules": cells.by_module(family, folder / f"{TOP}.json", TOP),
        "tools": {tool: version(tool) for tool in family.tools if find(tool)},
    }


def _margin(clock: dict[str, float]) -> float:
    """Share by which a clock could be faster; negative if it is too fast."""
    return round(clock["fmax_mhz"] / clock["wanted_mhz"] - 1, 4)


def missed_clocks(report: dict[str, Any]) -> list[str]:
    """One sentence for each clock that is too slow, or for a bitstream whose clocks no tool has timed."""
    if report["bitstream"] and not report["clocks"]:
        return ["place and route tells the speed of no clock"]
    return [
        f"{name} reaches {clock['fmax_mhz']:g} of {clock['wanted_mhz']:g} MHz"
        for name, clock in report["clocks"].items()
        if clock["fmax_mhz"] < clock["wanted_mhz"]
    ]


def to_text(report: dict[str, Any]) -> str:
    """Report as text."""
    config = ", ".join(f"{name} {value:d}" for name, value in report["config"].items())
    lines = [
        f"{report['board']}: {report['part']}, core clock {report['clock_mhz']:g} MHz, {report['baud']} baud",
        f"geometry: {config}",
        "",
    ]
    for resource, available in report["available"].items():
        if available:
            used = report[resource]
            lines.append(f"{resource.upper():>6} {used:>8g} of {available:>6} {100 * used / available:5.0f} %")
    for name, clock in report["clocks"].items():
        fmax, wanted = clock["fmax_mhz"], clock["wanted_mhz"]
        lines.append(f"  Fmax {fmax:>8g} MHz, {wanted:g} wanted, margin {_margin(clock):+.1%}, {name}")
    lines += ["", f"{'LUT':>6} {'FF':>6} {'BRAM':>6} {'DSP':>4}  module, without those inside it"]
    for scope, used in sorted(report["modules"].items(), key=lambda item: -item[1].get("lut", 0)):
        lut, ff, bram, dsp = (used.get(resource, 0) for resource in ("lut", "ff", "bram", "dsp"))
        lines.append(f"{lut:>6g} {ff:>6g} {bram:>6g} {dsp:>4g}  {scope}")
    lines += ["", *(f"{tool}: {words}" for tool, words in report["tools"].items()), f"seed {report['seed']}"]
    return "\n".join([*lines, f"sha256 {report['sha256']}", ""])
