"""Rows of the table of facts about boards: clock, serial port, LEDs, buttons, loader, and the board itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Oscillator: pin, frequency in MHz and IO standard."""

    pin: str
    mhz: float
    standard: str = "LVCMOS33"
    by: str


@dataclass(frozen=True, kw_only=True)
class Serial:
    """Serial port as the FPGA sees it: it hears on `rx` and speaks on `tx`. `wires` if there is no bridge on it."""

    rx: str
    tx: str
    standard: str = "LVCMOS33"
    wires: bool = False
    by: str


@dataclass(frozen=True, kw_only=True)
class Led:
    """LED: pin, colour ("" where all are alike), and the level at which it shines."""

    pin: str
    colour: str = ""
    on: int
    standard: str = "LVCMOS33"


@dataclass(frozen=True, kw_only=True)
class Button:
    """Button: pin, level while pressed, and the pull the FPGA may give ("" for none said; the board has a resistor)."""

    pin: str
    pressed: int
    standard: str = "LVCMOS33"
    pulls: tuple[str, ...] = ("",)


@dataclass(frozen=True, kw_only=True)
class Loader:
    """How openFPGALoader reaches the board: options, USB devices, and whether it can load the SRAM and the flash.

    No options: openFPGALoader cannot, and the user has to be told what to do. `sram_needs`: the SRAM can be loaded
    only after jumpers or resistors are changed.
    """

    options: dict[str, str]
    usb: tuple[tuple[int, int], ...]
    sram: bool = True
    sram_needs: bool = False
    by: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a board.

    `held` gives pins that must have a level all the time, `properties` the lines that an XDC file must have, and
    `gpio` the dual-purpose functions of Gowin pins that must be given up, by pin.
    """

    part: str
    idcode: int
    part_by: str
    clock: Clock
    serial: Serial
    leds: tuple[Led, ...]
    leds_by: str
    buttons: tuple[Button, ...] = ()
    buttons_by: str = ""
    loader: Loader
    held: dict[str, int] = field(default_factory=dict)
    held_by: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    properties_by: str = ""
    gpio: dict[str, str] = field(default_factory=dict)
    gpio_by: str = ""
