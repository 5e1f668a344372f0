"""Table of boards: FPGA, clock, serial port, and the default chip that `neurocorex build` makes for each."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import InputError
from ..spec.config import CoreConfig, Learning
from ..spec.protocol import DEFAULT_BAUD
from . import parts
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
    loader : tuple of str
        Options of openFPGALoader that reach the board.
    sram : tuple of str, or None
        Its options that load the FPGA until power is lost; None if it cannot.
    flash : tuple of str, or None
        Its options that write the flash, from which the board starts; None if it cannot.
    lands_in : str
        What is done if the user does not say: ``sram`` or ``flash``.
    sram_needs, flash_needs : str
        What to do before, or why it cannot be done, as a sentence without its full stop; empty: nothing.
    manual : str
        What to do where openFPGALoader does not know the board; empty: not needed.
    bridge : str
        Chip between USB and the serial port.
    baud : int
        Baud rate after reset.
    """

    name: str
    title: str
    part: Part
    oscillator_hz: int
    clock_hz: int
    config: CoreConfig
    loader: tuple[str, ...]
    bridge: str
    baud: int = DEFAULT_BAUD
    sram: tuple[str, ...] | None = ("-m",)
    flash: tuple[str, ...] | None = ("-f",)
    lands_in: Literal["sram", "flash"] = "sram"
    sram_needs: str = ""
    flash_needs: str = ""
    manual: str = ""

    @property
    def family(self) -> Family:
        """FPGA family, which decides the tools."""
        return self.part.family


_LEARNING = Learning.EXPONENTIAL


def _small(neurons: int, inputs: int, lanes: int) -> CoreConfig:
    """Return a learning chip that saves block RAM: 16-bit state, short delays, and small frames and queues.

    At 1 Mbaud the small frames cost little speed.
    """
    return CoreConfig(
        neurons=neurons,
        inputs=inputs,
        lanes=lanes,
        state_bits=16,
        max_delay=8,
        learning=_LEARNING,
        trace_bits=8,
        frame_bytes=256,
        rx_frames=2,
        tx_frames=2,
    )


def _smallest(neurons: int, inputs: int) -> CoreConfig:
    """Return a learning chip that saves logic as well: one lane, 4-bit weights, no adaptation."""
    return replace(
        _small(neurons, inputs, 1),
        weight_bits=4,
        refractory_bits=4,
        max_delay=4,
        adaptation=False,
        trace_bits=6,
        frame_bytes=128,
    )


_ALL = (
    Board(
        name="icebreaker",
        title="iCEBreaker V1.0",
        part=parts.UP5K,
        oscillator_hz=12_000_000,
        clock_hz=12_000_000,
        config=replace(_smallest(128, 128), weight_ports=1, trace_bits=8, frame_bytes=256),
        loader=("-b", "ice40_generic"),
        lands_in="flash",
        bridge="FT2232H",
    ),
    Board(
        name="hx8k-b-evn",
        title="iCE40HX8K-B-EVN breakout board",
        part=parts.HX8K,
        oscillator_hz=12_000_000,
        clock_hz=12_000_000,
        config=_smallest(32, 32),
        loader=("-b", "ice40_generic"),
        lands_in="flash",
        bridge="FT2232H",
    ),
    Board(
        name="ulx3s-25f",
        title="ULX3S with LFE5U-25F",
        part=parts.ECP5_25F,
        oscillator_hz=25_000_000,
        clock_hz=80_000_000,
        config=CoreConfig(neurons=256, inputs=128, lanes=16, learning=_LEARNING),
        loader=("-b", "ulx3s"),
        bridge="FT231X",
    ),
    Board(
        name="ulx3s-85f",
        title="ULX3S with LFE5U-85F",
        part=parts.ECP5_85F,
        oscillator_hz=25_000_000,
        clock_hz=50_000_000,
        config=CoreConfig(neurons=512, inputs=128, lanes=16, learning=_LEARNING),
        loader=("-b", "ulx3s"),
        bridge="FT231X",
    ),
    Board(
        name="icesugar-pro",
        title="iCESugar-Pro",
        part=parts.ECP5_25F_256,
        oscillator_hz=25_000_000,
        clock_hz=80_000_000,
        config=CoreConfig(neurons=192, inputs=128, lanes=16, learning=_LEARNING),
        loader=("-c", "cmsisdap"),
        bridge="iCELink",
    ),
    Board(
        name="tang-nano-9k",
        title="Tang Nano 9K",
        part=parts.GW1NR_9,
        oscillator_hz=27_000_000,
        clock_hz=27_000_000,
        config=_small(64, 64, 2),
        loader=("-b", "tangnano9k"),
        bridge="BL702",
    ),
    Board(
        name="tang-nano-20k",
        title="Tang Nano 20K",
        part=parts.GW2AR_18,
        oscillator_hz=27_000_000,
        clock_hz=27_000_000,
        config=CoreConfig(neurons=128, inputs=128, lanes=8, learning=_LEARNING),
        loader=("-b", "tangnano20k"),
        bridge="BL616",
    ),
    Board(
        name="cmod-a7-35t",
        title="Digilent Cmod A7-35T",
        part=parts.XC7A35T_CPG236,
        oscillator_hz=12_000_000,
        clock_hz=80_000_000,
        config=CoreConfig(neurons=384, inputs=64, lanes=8, learning=_LEARNING),
        loader=("-b", "cmoda7_35t"),
        bridge="FT2232H",
    ),
    Board(
        name="arty-a7-35t",
        title="Digilent Arty A7-35T",
        part=parts.XC7A35T_CSG324,
        oscillator_hz=100_000_000,
        clock_hz=80_000_000,
        config=CoreConfig(neurons=256, inputs=256, lanes=8, learning=_LEARNING),
        loader=("-b", "arty_a7_35t"),
        bridge="FT2232H",
    ),
    Board(
        name="basys3",
        title="Digilent Basys 3",
        part=parts.XC7A35T_CPG236,
        oscillator_hz=100_000_000,
        clock_hz=80_000_000,
        config=CoreConfig(neurons=256, inputs=256, lanes=8, learning=_LEARNING),
        loader=("-b", "basys3"),
        bridge="FT2232H",
    ),
)

BOARDS: dict[str, Board] = {board.name: board for board in _ALL}


def find_board(name: str) -> Board:
    """Return the board called `name`.

    Raises
    ------
    InputError
        If there is none; the message names the closest match.
    """
    if name in BOARDS:
        return BOARDS[name]
    close = difflib.get_close_matches(name.lower(), BOARDS, n=1, cutoff=0.4)
    meant = f"did you mean {close[0]!r}? " if close else ""
    raise InputError(f"no board {name!r}; {meant}boards are {', '.join(BOARDS)}")
