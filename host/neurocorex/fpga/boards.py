"""Table of boards: FPGA, clock, serial port, loader, and the default chip that `neurocorex build` makes for each."""

from __future__ import annotations

import difflib
from dataclasses import replace

from ..errors import InputError
from ..spec.config import CoreConfig, Learning
from . import parts
from .board import Board

__all__ = ["BOARDS", "Board", "find_board"]

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


#: USB vendors and products.
_FT2232H = ((0x0403, 0x6010),)
_FT232H = ((0x0403, 0x6014),)
_FT231X = ((0x0403, 0x6015),)
_ICELINK = ((0x1D50, 0x602B),)

#: openFPGALoader overwrites the flash of an iCE40 unless it is told not to.
_ICEBREAKER = Board(
    name="icebreaker",
    title="iCEBreaker V1.0",
    part=parts.UP5K,
    oscillator_hz=12_000_000,
    clock_hz=12_000_000,
    config=replace(_smallest(128, 128), weight_ports=1, trace_bits=8, frame_bytes=256),
    bridge="FT2232H",
    usb=_FT2232H,
    breaks=True,
    loader=("-b", "ice40_generic"),
    lands_in="flash",
    sram_needs="cut J15 and J16 of the iCEBreaker and join their pads 1 and 2, and take off J18, as its schematic says",
)
_ULX3S_25F = Board(
    name="ulx3s-25f",
    title="ULX3S with LFE5U-25F",
    part=parts.ECP5_25F,
    oscillator_hz=25_000_000,
    clock_hz=80_000_000,
    config=CoreConfig(neurons=256, inputs=128, lanes=16, learning=_LEARNING),
    bridge="FT231X",
    usb=_FT231X,
    breaks=True,
    loader=("-b", "ulx3s"),
)
_CONFIG_45F = CoreConfig(neurons=320, inputs=160, lanes=16, learning=_LEARNING)
_COLORLIGHT_I5 = Board(
    name="colorlight-i5",
    title="Colorlight i5 on its extension board",
    part=parts.ECP5_25F,
    oscillator_hz=25_000_000,
    clock_hz=80_000_000,
    config=_ULX3S_25F.config,
    bridge="DAPLink",
    usb=((0x0D28, 0x0204),),
    wiring="plug the module into the extension board of Muse Lab, which has the programmer and the serial port",
    loader=("-b", "colorlight-i5"),
    # Its maker delivers the flash locked.
    flash=("-f", "--unprotect-flash"),
)
_TANG_NANO_20K = Board(
    name="tang-nano-20k",
    title="Tang Nano 20K",
    part=parts.GW2AR_18,
    oscillator_hz=27_000_000,
    clock_hz=54_000_000,
    config=CoreConfig(neurons=128, inputs=128, lanes=8, learning=_LEARNING),
    bridge="BL616",
    usb=_FT2232H,
    loader=("-b", "tangnano20k"),
)
_ARTY_A7_35T = Board(
    name="arty-a7-35t",
    title="Digilent Arty A7-35T",
    part=parts.XC7A35T_CSG324,
    oscillator_hz=100_000_000,
    clock_hz=80_000_000,
    config=CoreConfig(neurons=256, inputs=256, lanes=8, learning=_LEARNING),
    bridge="FT2232H",
    usb=_FT2232H,
    breaks=True,
    wiring="while jumper JP2 is on, DTR resets the chip each time that a program opens the port; take it off",
    loader=("-b", "arty_a7_35t"),
)

_ALL = (
    _ICEBREAKER,
    replace(
        _ICEBREAKER,
        name="icebreaker-bitsy",
        title="iCEBreaker Bitsy V1",
        bridge="",
        usb=((0x1D50, 0x6146),),
        breaks=False,
        wiring="join a 3.3 V USB serial adapter: its TX to pin P0 (FPGA 47), its RX to pin P1 (FPGA 44), and ground",
        loader=("-b", "icebreaker-bitsy"),
        sram=None,
        sram_needs="",
        flash=(),
        flash_needs="hold the button while you plug the board in, so that its bootloader stays",
    ),
    replace(
        _ICEBREAKER,
        name="icesugar",
        title="iCESugar 1.5",
        bridge="iCELink",
        usb=_ICELINK,
        breaks=False,
        loader=(),
        sram=None,
        sram_needs="",
        flash=None,
        manual="copy the file onto the USB drive iCELink, which the board shows when it is plugged in",
    ),
    replace(
        _ICEBREAKER,
        name="upduino-3",
        title="UPduino 3",
        bridge="FT232H",
        usb=_FT232H,
        wiring="close the jumper OSC (R16), which takes the 12 MHz to the FPGA; the serial port has the pins of the "
        "flash, so plug the board in again after programming",
        loader=("-b", "ice40_generic", "-c", "ft232"),
        sram_needs="move the resistors R12 and R13 of the UPduino to R11 and R27, as its documentation shows",
    ),
    Board(
        name="hx8k-b-evn",
        title="iCE40HX8K-B-EVN breakout board",
        part=parts.HX8K,
        oscillator_hz=12_000_000,
        clock_hz=12_000_000,
        config=_smallest(32, 32),
        bridge="FT2232H",
        usb=_FT2232H,
        breaks=True,
        loader=("-b", "ice40_generic"),
        lands_in="flash",
        sram_needs="set the jumpers J6 and J7 for SRAM, as the board's guide shows",
    ),
    replace(_ULX3S_25F, name="ulx3s-12f", title="ULX3S with LFE5U-12F", part=parts.ECP5_12F),
    _ULX3S_25F,
    replace(_ULX3S_25F, name="ulx3s-45f", title="ULX3S with LFE5U-45F", part=parts.ECP5_45F, config=_CONFIG_45F),
    replace(
        _ULX3S_25F,
        name="ulx3s-85f",
        title="ULX3S with LFE5U-85F",
        part=parts.ECP5_85F,
        config=CoreConfig(neurons=512, inputs=128, lanes=16, learning=_LEARNING),
    ),
    Board(
        name="icesugar-pro",
        title="iCESugar-Pro",
        part=parts.ECP5_25F_256,
        oscillator_hz=25_000_000,
        clock_hz=80_000_000,
        config=CoreConfig(neurons=192, inputs=128, lanes=16, learning=_LEARNING),
        bridge="iCELink",
        usb=_ICELINK,
        # Its iCELink has another product number than other CMSIS-DAP probes.
        loader=("-c", "cmsisdap", "--vid", "0x1d50", "--pid", "0x602b"),
    ),
    _COLORLIGHT_I5,
    replace(
        _COLORLIGHT_I5,
        name="colorlight-i9",
        title="Colorlight i9 on its extension board",
        part=parts.ECP5_45F,
        config=_CONFIG_45F,
        loader=("-b", "colorlight-i9"),
    ),
    Board(
        name="orangecrab-25f",
        title="OrangeCrab r0.2 with LFE5U-25F",
        part=parts.ECP5_25F_285,
        oscillator_hz=48_000_000,
        clock_hz=80_000_000,
        config=_ULX3S_25F.config,
        bridge="",
        usb=((0x1209, 0x5AF0),),
        wiring="join a 3.3 V USB serial adapter: its TX to pin 0 (FPGA N17), its RX to pin 1 (FPGA M18), and ground",
        loader=("-b", "orangeCrab"),
        sram=None,
        flash=(),
        lands_in="flash",
        flash_needs="hold the button while you plug the board in, so that its bootloader stays",
    ),
    Board(
        name="tang-nano-9k",
        title="Tang Nano 9K",
        part=parts.GW1NR_9,
        oscillator_hz=27_000_000,
        clock_hz=27_000_000,
        config=_small(64, 64, 2),
        bridge="BL702",
        usb=_FT2232H,
        loader=("-b", "tangnano9k"),
    ),
    _TANG_NANO_20K,
    replace(
        _TANG_NANO_20K,
        name="tang-primer-20k",
        title="Tang Primer 20K on its dock",
        part=parts.GW2A_18,
        bridge="BL702",
        wiring="put switch 1 of the dock down, which turns the core board on",
        loader=("-b", "tangprimer20k"),
    ),
    Board(
        name="cmod-a7-35t",
        title="Digilent Cmod A7-35T",
        part=parts.XC7A35T_CPG236,
        oscillator_hz=12_000_000,
        clock_hz=80_000_000,
        config=CoreConfig(neurons=384, inputs=64, lanes=8, learning=_LEARNING),
        bridge="FT2232H",
        usb=_FT2232H,
        breaks=True,
        loader=("-b", "cmoda7_35t"),
    ),
    _ARTY_A7_35T,
    replace(
        _ARTY_A7_35T,
        name="arty-a7-100t",
        title="Digilent Arty A7-100T",
        part=parts.XC7A100T_CSG324,
        config=CoreConfig(neurons=512, inputs=256, lanes=16, learning=_LEARNING),
        loader=("-b", "arty_a7_100t"),
    ),
    replace(
        _ARTY_A7_35T,
        name="basys3",
        title="Digilent Basys 3",
        part=parts.XC7A35T_CPG236,
        wiring="",
        loader=("-b", "basys3"),
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
