"""Verilog of the core alone, and the Yosys that writes it."""

from __future__ import annotations

from neurocorex.errors import MissingToolError
from neurocorex.spec import CoreConfig
from neurocorex_hdl.synthesis.tools import ToolError, prepare


def yosys() -> str:
    """Path of Yosys, ready to run.

    Raises
    ------
    MissingToolError
        If it is not installed.
    """
    try:
        return prepare("yosys")
    except ToolError as error:
        raise MissingToolError(str(error)) from error


def core_verilog(config: CoreConfig) -> str:
    """Verilog with the top module `core`: the ports of `neurocorex_hdl.core.Core`, and clk and rst."""
    from amaranth.back import verilog
    from neurocorex_hdl.core import Core
    from neurocorex_hdl.synthesis.verilog import yosys_of_python

    yosys()
    with yosys_of_python():
        return str(verilog.convert(Core(config), name="core", emit_src=False, strip_internal_attrs=True))
