"""Platforms of all boards by name, and those of the boards with an FPGA of Gowin or Xilinx."""

from __future__ import annotations

from typing import Any

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import GowinPlatform, XilinxPlatform
from amaranth_boards.arty_a7 import ArtyA7_35Platform
from amaranth_boards.cmod_a7 import CmodA7_35Platform
from amaranth_boards.resources import ButtonResources, LEDResources, UARTResource
from amaranth_boards.tang_nano_9k import TangNano9kPlatform
from amaranth_boards.tang_primer_20k import TangPrimer20kDockPlatform

from . import lattice
from .fittings import Fittings, corrected

# ---------------------------------------------------------------------------------------------------------------- Gowin


class TangNano9K(Fittings, TangNano9kPlatform):
    """Tang Nano 9K; LEDs and buttons are in bank 3, which has 1.8 V."""

    resources = corrected(
        TangNano9kPlatform.resources,
        *LEDResources(pins="10 11 13 14 15 16", invert=True, attrs=Attrs(IO_TYPE="LVCMOS18")),
        *ButtonResources(pins="3 4", invert=True, attrs=Attrs(PULL_MODE="UP", IO_TYPE="LVCMOS18")),
    )
    button = ("button", 0)


class TangNano20K(Fittings, GowinPlatform):
    """Tang Nano 20K, which amaranth-boards lacks: clock, serial port, LEDs and buttons."""

    part = "GW2AR-LV18QN88C8/I7"
    family = "GW2A-18C"
    default_clk = "clk27"
    resources = [
        Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), Attrs(IO_TYPE="LVCMOS33")),
        UARTResource(0, rx="70", tx="69", attrs=Attrs(PULL_MODE="UP", IO_TYPE="LVCMOS33")),
        *LEDResources(pins="15 16 17 18 19 20", invert=True, attrs=Attrs(IO_TYPE="LVCMOS33")),
        *ButtonResources(pins="88 87", attrs=Attrs(PULL_MODE="DOWN", IO_TYPE="LVCMOS33")),
    ]
    connectors: list[Any] = []
    button = ("button", 0)

    def parse_part(self) -> None:
        """Read the family off the part: the flash-less GW2AR is a GW2A with memory in the same package."""
        self.series, self.size, self.subseries = "GW2AR", "18", "C"
        self.series_f, self.size_f, self.subseries_f = "GW2A", "18", "C"
        self.voltage, self.package, self.speed = "LV", "QN88", "C8/I7"


class TangPrimer20K(Fittings, TangPrimer20kDockPlatform):
    """Tang Primer 20K on its dock.

    Of LEDs and buttons it uses those at pins that have no part in configuration (C13, A13 and T10 have).
    """

    resources = corrected(
        TangPrimer20kDockPlatform.resources,
        *ButtonResources(pins={2: "T2"}, invert=True, attrs=Attrs(PULL_MODE="UP", IO_TYPE="LVCMOS15")),
    )
    leds = {"heartbeat": ("led", 2), "activity": ("led", 3), "error": ("led", 4)}
    button = ("button", 2)


# ------------------------------------------------------------------------------------------------------------- 7-series


class _Bank0At3V3:
    """7-series whose configuration pins have 3.3 V, which Vivado wants to be told."""

    def toolchain_prepare(self, fragment: Any, name: str, **overrides: Any) -> Any:
        """Add the two lines to the constraints."""
        volts = "set_property CFGBVS VCCO [current_design]\nset_property CONFIG_VOLTAGE 3.3 [current_design]\n"
        return super().toolchain_prepare(fragment, name, add_constraints=volts, **overrides)


class CmodA7(_Bank0At3V3, Fittings, CmodA7_35Platform):
    """Digilent Cmod A7-35T."""

    leds = {"heartbeat": ("led", 0), "activity": ("led", 1), "error": ("rgb_led", 0, "r")}
    button = ("button", 0)


class _ArtyPins(ArtyA7_35Platform):
    # That of amaranth-boards writes scripts of its own, into which no timing check can be added.
    toolchain_prepare = XilinxPlatform.toolchain_prepare


class ArtyA7(_Bank0At3V3, Fittings, _ArtyPins):
    """Digilent Arty A7-35T; its red reset button, and the LEDs of one colour."""

    button = ("rst", 0)


class ArtyA7With100T(ArtyA7):
    """Digilent Arty A7-100T, whose FPGA has the usual speed grade and temperature range."""

    device = "xc7a100t"
    speed = "1"


class Basys3(_Bank0At3V3, Fittings, XilinxPlatform):
    """Digilent Basys 3, which amaranth-boards lacks: clock, serial port, LEDs and buttons (the middle one first)."""

    device = "xc7a35t"
    package = "cpg236"
    speed = "1"
    default_clk = "clk100"
    resources = [
        Resource("clk100", 0, Pins("W5", dir="i"), Clock(100e6), Attrs(IOSTANDARD="LVCMOS33")),
        UARTResource(0, rx="B18", tx="A18", attrs=Attrs(IOSTANDARD="LVCMOS33")),
        *LEDResources(
            pins="U16 E19 U19 V19 W18 U15 U14 V14 V13 V3 W3 U3 P3 N3 P1 L1", attrs=Attrs(IOSTANDARD="LVCMOS33")
        ),
        *ButtonResources(pins="U18 T18 W19 T17 U17", attrs=Attrs(IOSTANDARD="LVCMOS33")),
    ]
    connectors: list[Any] = []
    leds = {"heartbeat": ("led", 0), "activity": ("led", 1), "error": ("led", 15)}
    button = ("button", 0)


#: By the names of `neurocorex.fpga.boards.BOARDS`.
PLATFORMS: dict[str, type] = {
    "icebreaker": lattice.ICEBreaker,
    "icebreaker-bitsy": lattice.ICEBreakerBitsy,
    "icesugar": lattice.ICESugar,
    "upduino-3": lattice.UPduino3,
    "hx8k-b-evn": lattice.HX8KBreakout,
    "ulx3s-12f": lattice.ULX3S12F,
    "ulx3s-25f": lattice.ULX3S25F,
    "ulx3s-45f": lattice.ULX3S45F,
    "ulx3s-85f": lattice.ULX3S85F,
    "icesugar-pro": lattice.ICESugarPro,
    "colorlight-i5": lattice.ColorlightI5,
    "colorlight-i9": lattice.ColorlightI9,
    "orangecrab-25f": lattice.OrangeCrab,
    "tang-nano-9k": TangNano9K,
    "tang-nano-20k": TangNano20K,
    "tang-primer-20k": TangPrimer20K,
    "cmod-a7-35t": CmodA7,
    "arty-a7-35t": ArtyA7,
    "arty-a7-100t": ArtyA7With100T,
    "basys3": Basys3,
}
