"""Platforms of the boards with an FPGA of Lattice: pins, LEDs with their colours, and the reset button."""

from __future__ import annotations

from typing import Any

from amaranth.build import Attrs, Clock, Pins, PinsN, Resource
from amaranth.vendor import LatticeECP5Platform
from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.icebreaker_bitsy import ICEBreakerBitsyPlatform
from amaranth_boards.icesugar import ICESugarPlatform
from amaranth_boards.icesugar_pro import ICESugarProPlatform
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
from amaranth_boards.resources import RGBLEDResource, UARTResource
from amaranth_boards.ulx3s import ULX3S_12F_Platform, ULX3S_25F_Platform, ULX3S_45F_Platform, ULX3S_85F_Platform
from amaranth_boards.upduino_v3 import UpduinoV3Platform

from .fittings import Fittings, corrected

# ---------------------------------------------------------------------------------------------------------------- iCE40

#: A receiver with nothing plugged in must read an idle line.
_ICE40_UART = Attrs(IO_STANDARD="SB_LVCMOS", PULLUP=1)


class ICEBreaker(Fittings, ICEBreakerPlatform):
    """iCEBreaker; it uses the LEDs of the main board, not of the snap-off part."""

    leds = {"heartbeat": ("led_g", 0), "error": ("led_r", 0)}
    button = ("button", 0)
    clock_at_pll = True


class ICEBreakerBitsy(Fittings, ICEBreakerBitsyPlatform):
    """iCEBreaker Bitsy V1, whose USB goes to the FPGA; the serial port is on P0 and P1, as in its maker's examples."""

    resources = [*ICEBreakerBitsyPlatform.resources, UARTResource(0, rx="47", tx="44", attrs=_ICE40_UART)]
    leds = {"heartbeat": ("led_g", 0), "error": ("led_r", 0)}
    button = ("button", 0)
    clock_at_pll = True


class ICESugar(Fittings, ICESugarPlatform):
    """iCESugar 1.5, which has switches and no button; its LEDs have resistors."""

    leds = {"heartbeat": ("led_g", 0), "activity": ("led_b", 0), "error": ("led_r", 0)}
    clock_at_pll = True


class UPduino3(Fittings, UpduinoV3Platform):
    """UPduino 3.

    Its oscillator reaches pin 20 where the jumper OSC (R16) is closed. The FT232H has its serial port and its SPI on
    the same pins, so the flash must not be selected.
    """

    default_clk = "clk12"
    resources = [
        *UpduinoV3Platform.resources,
        UARTResource(0, rx="15", tx="14", attrs=_ICE40_UART),
        Resource("flash_select", 0, Pins("16", dir="o"), Attrs(IO_STANDARD="SB_LVCMOS")),
    ]
    leds = {"heartbeat": ("rgb_led", 0, "g"), "activity": ("rgb_led", 0, "b"), "error": ("rgb_led", 0, "r")}
    current_sources = True
    held = (("flash_select", 0),)


class HX8KBreakout(Fittings, ICE40HX8KBEVNPlatform):
    """iCE40HX8K-B-EVN, which has no button."""


# ----------------------------------------------------------------------------------------------------------------- ECP5


class _ULX3S(Fittings):
    """ULX3S; while wifi_gpio0 is low, its ESP32 may load another bitstream."""

    resources = corrected(
        ULX3S_25F_Platform.resources,
        UARTResource(0, rx="M1", tx="L4", attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")),
        Resource("wifi_gpio0", 0, Pins("L2", dir="o"), Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP", DRIVE="4")),
    )
    button = ("button_fire", 0)
    held = (("wifi_gpio0", 0),)


class ULX3S12F(_ULX3S, ULX3S_12F_Platform):
    """ULX3S with LFE5U-12F, which is a 25F that answers with another IDCODE."""


class ULX3S25F(_ULX3S, ULX3S_25F_Platform):
    """ULX3S with LFE5U-25F."""


class ULX3S45F(_ULX3S, ULX3S_45F_Platform):
    """ULX3S with LFE5U-45F."""


class ULX3S85F(_ULX3S, ULX3S_85F_Platform):
    """ULX3S with LFE5U-85F."""


class ICESugarPro(Fittings, ICESugarProPlatform):
    """iCESugar-Pro, which has no button on the module itself; amaranth-boards has other colours and polarity."""

    resources = corrected(
        ICESugarProPlatform.resources,
        RGBLEDResource(0, r="B11", g="A11", b="A12", invert=True, attrs=Attrs(IO_TYPE="LVCMOS33")),
    )
    leds = {"heartbeat": ("rgb_led", 0, "g"), "activity": ("rgb_led", 0, "b"), "error": ("rgb_led", 0, "r")}


class _Colorlight(Fittings, LatticeECP5Platform):
    """Colorlight i5 or i9 on the extension board of Muse Lab: clock, serial port, and the one LED of the module."""

    package = "BG381"
    speed = "6"
    default_clk = "clk25"
    resources = [
        Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), Attrs(IO_TYPE="LVCMOS33")),
        UARTResource(0, rx="H18", tx="J17", attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")),
    ]
    connectors: list[Any] = []
    leds = {"heartbeat": ("led", 0)}


class ColorlightI5(_Colorlight):
    """Colorlight i5 v7.0."""

    device = "LFE5U-25F"
    resources = [*_Colorlight.resources, Resource("led", 0, PinsN("U16", dir="o"), Attrs(IO_TYPE="LVCMOS33"))]


class ColorlightI9(_Colorlight):
    """Colorlight i9 v7.2."""

    device = "LFE5U-45F"
    resources = [*_Colorlight.resources, Resource("led", 0, PinsN("L2", dir="o"), Attrs(IO_TYPE="LVCMOS33"))]


class OrangeCrab(Fittings, OrangeCrabR0_2_25FPlatform):
    """OrangeCrab r0.2, whose USB goes to the FPGA; the serial port is on the pins 0 and 1 of a Feather."""

    resources = [
        *OrangeCrabR0_2_25FPlatform.resources,
        UARTResource(0, rx="N17", tx="M18", attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP")),
    ]
    leds = {"heartbeat": ("rgb_led", 0, "g"), "activity": ("rgb_led", 0, "b"), "error": ("rgb_led", 0, "r")}
    button = ("button", 0)
