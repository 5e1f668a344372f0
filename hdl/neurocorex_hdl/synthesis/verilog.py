"""Verilog of the chip, and the build number that identifies its sources."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from amaranth.back import verilog as backend
from neurocorex import spec
from neurocorex.spec import CoreConfig

from ..chip import Chip, baud_divisor
from .tools import find, prepare

#: Name of the module, and of its clock and reset beside the ports of `Chip`: clk, rst, rx, tx, busy, heartbeat,
#: activity, error, divisor.
TOP = "neurocorex"


def build_id(config: CoreConfig) -> int:
    """32 bits that change with the geometry and with every source file that goes into a chip."""
    crc = zlib.crc32(config.to_json().encode())
    for package in (Path(__file__).parents[1], Path(spec.__file__).parent):
        for source in sorted(package.rglob("*.py")):
            crc = zlib.crc32(source.read_bytes(), zlib.crc32(source.name.encode(), crc))
    return crc


def verilog(config: CoreConfig, clock_hz: int, baud: int) -> str:
    """Verilog of the whole chip, the same text for the same sources.

    Parameters
    ----------
    config : CoreConfig
        Geometry.
    clock_hz : int
        Frequency at which `clk` is going to run.
    baud : int
        Rate of the serial port after reset.

    Returns
    -------
    str
        Top module `neurocorex` with the ports clk, rst, rx, tx, busy, heartbeat, activity, error and divisor.

    Raises
    ------
    ValueError
        If the clock cannot be divided to the rate.
    amaranth._toolchain.ToolNotFound
        If there is no Yosys to write it.
    """
    baud_divisor(clock_hz, baud)  # refuses before anything is built
    chip = Chip(config, clock_hz, baud, build_id(config))
    with yosys_of_python():
        return str(backend.convert(chip, name=TOP, emit_src=False, strip_internal_attrs=True))


@contextmanager
def yosys_of_python() -> Iterator[None]:
    """Let Amaranth find the Yosys of this Python environment, activated or not, unless YOSYS names another."""
    if find("yosys") is None:  # Amaranth's own error names the program
        yield
        return
    with mock.patch.dict(os.environ, YOSYS=prepare("yosys")):
        yield
