"""Platforms of the boards: pins, LEDs with their colours, and the reset button."""

from __future__ import annotations

from typing import Any

from amaranth.back import rtlil
from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import GowinPlatform, XilinxPlatform
from amaranth_boards.arty_a7 import ArtyA7_35Platform
from amaranth_boards.cmod_a7 import CmodA7_35Platform
from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.icesugar_pro import ICESugarProPlatform
from amaranth_boards.resources import ButtonResources, LEDResources, UARTResource
from amaranth_boards.tang_nano_9k import TangNano9kPlatform
from amaranth_boards.ulx3s import ULX3S_25F_Platform, ULX3S_85F_Platform

#: A pin: name and number of its resource, and its part of it, if it is one of several.
Place = tuple[str, int] | tuple[str, int, str]


class Fittings:
    """LEDs and button that a chip uses on a board; mixed into its Amaranth platform.

    Attributes
    ----------
    leds : dict of str to Place
        LEDs for `heartbeat`, `activity` and `error`; by default the first three of a row. Boards without one for
        `activity` show it on the heartbeat LED, which then flickers.
    button : Place or None
        Button that resets the chip.
    clock_at_pll : bool
        Whether the clock comes in at the pin of an iCE40's PLL, which then takes it before the buffer.
    rtlil : str
        The design, once it has been prepared.
    """

    leds: dict[str, Place] = {"heartbeat": ("led", 0), "activity": ("led", 1), "error": ("led", 2)}
    button: Place | None = None
    clock_at_pll = False
    rtlil: str

    def toolchain_prepare(self, fragment: Any, name: str, **overrides: Any) -> Any:
        """Keep the RTLIL, which is not among the files of every toolchain."""
        self.rtlil, _ = rtlil.convert_fragment(fragment, name=name, emit_src=False, propagate_domains=False)
        return super().toolchain_prepare(fragment, name, **overrides)


class ICEBreaker(Fittings, ICEBreakerPlatform):
    """iCEBreaker; it uses the LEDs of the main board, not of the snap-off part."""

    leds = {"heartbeat": ("led_g", 0), "error": ("led_r", 0)}
    button = ("button", 0)
    clock_at_pll = True


class HX8KBreakout(Fittings, ICE40HX8KBEVNPlatform):
    """iCE40HX8K-B-EVN, which has no button."""


class _ULX3S(Fittings):
    button = ("button_fire", 0)


class ULX3S25F(_ULX3S, ULX3S_25F_Platform):
    """ULX3S with the smaller FPGA."""


class ULX3S85F(_ULX3S, ULX3S_85F_Platform):
    """ULX3S with the larger FPGA."""


class ICESugarPro(Fittings, ICESugarProPlatform):
    """iCESugar-Pro, which has no button on the module itself."""

    leds = {"heartbeat": ("rgb_led", 0, "g"), "activity": ("rgb_led", 0, "b"), "error": ("rgb_led", 0, "r")}


class TangNano9K(Fittings, TangNano9kPlatform):
    """Tang Nano 9K."""

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


class CmodA7(Fittings, CmodA7_35Platform):
    """Digilent Cmod A7-35T."""

    leds = {"heartbeat": ("led", 0), "activity": ("led", 1), "error": ("rgb_led", 0, "r")}
    button = ("button", 0)


class ArtyA7(Fittings, ArtyA7_35Platform):
    """Digilent Arty A7-35T; its red reset button, and the LEDs of one colour."""

    button = ("rst", 0)


class Basys3(Fittings, XilinxPlatform):
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
    "icebreaker": ICEBreaker,
    "hx8k-b-evn": HX8KBreakout,
    "ulx3s-25f": ULX3S25F,
    "ulx3s-85f": ULX3S85F,
    "icesugar-pro": ICESugarPro,
    "tang-nano-9k": TangNano9K,
    "tang-nano-20k": TangNano20K,
    "cmod-a7-35t": CmodA7,
    "arty-a7-35t": ArtyA7,
    "basys3": Basys3,
}
