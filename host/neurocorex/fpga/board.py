"""Board: FPGA, clock, serial port, how a bitstream gets onto it, and its default chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..spec.config import CoreConfig
from ..spec.protocol import DEFAULT_BAUD
from .parts import Family, Part


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A board on the market.

    Attributes
    ----------
    name : str
        Name on the command line.
    title : str
        Name in a shop.
    part : Part
        Its FPGA.
    oscillator_hz : int
        Frequency of the oscillator on the board.
    clock_hz : int
        Default clock of the core; a PLL makes it where it differs from the oscillator.
    config : CoreConfig
        Default geometry: as large as fits well, with learning.
    bridge : str
        Chip between USB and the serial port; empty if there is none.
    usb : tuple of (int, int)
        USB vendor and product of the bridge, or of the bootloader where there is no bridge.
    breaks : bool
        Whether the bridge can send a break; False where that is unknown.
    wiring : str
        What to wire, to switch or to know before the chip answers; empty if nothing.
    loader : tuple of str
        Options by which openFPGALoader reaches the board; empty if it does not know it.
    sram : tuple of str or None
        Options that load the FPGA until power is lost; None if that cannot be done.
    flash : tuple of str or None
        Options that write the flash from which the board starts; None if that cannot be done.
    lands_in : {"sram", "flash"}
        Where a bitstream goes unless the user says.
    sram_needs, flash_needs : str
        What to do before, such as jumpers to turn; empty if nothing.
    manual : str
        What to do with the file where openFPGALoader does not know the board; empty if it does.
    baud : int
        Baud rate after reset.
    """

    name: str
    title: str
    part: Part
    oscillator_hz: int
    clock_hz: int
    config: CoreConfig
    bridge: str
    usb: tuple[tuple[int, int], ...]
    breaks: bool = False
    wiring: str = ""
    loader: tuple[str, ...]
    sram: tuple[str, ...] | None = ("-m",)
    flash: tuple[str, ...] | None = ("-f",)
    lands_in: Literal["sram", "flash"] = "sram"
    sram_needs: str = ""
    flash_needs: str = ""
    manual: str = ""
    baud: int = DEFAULT_BAUD

    @property
    def family(self) -> Family:
        """FPGA family, which decides the tools."""
        return self.part.family
