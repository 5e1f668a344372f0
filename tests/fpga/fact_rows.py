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
    """Serial port as the FPGA sees it: it hears on `rx` and speaks on `tx`."""

    rx: str
    tx: str
    standard: str = "LVCMOS33"
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

    No options: openFPGALoader cannot, and the user has to be told what to do. The SRAM is loaded with -m, and only
    after jumpers or resistors are changed if `sram_needs`. `flash` is the option that writes the flash: "" for none
    (DFU), None for never.
    """

    options: dict[str, str]
    usb: tuple[tuple[int, int], ...]
    sram: bool = True
    flash: str | None = "-f"
    sram_needs: bool = False
    by: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a board.

    `held` gives pins that must have a level all the time, `properties` the lines that an XDC file must have, `gpio`
    the dual-purpose functions of Gowin pins that must be given up, by pin, and `tell` words without which a user cannot
    be told what to do by hand.
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
    tell: tuple[str, ...] = ()
    tell_by: str = ""
