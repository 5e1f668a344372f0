"""Build flow: from a board and a geometry through synthesis, place and route to a bitstream."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.lib import wiring
from neurocorex.fpga.boards import Board
from neurocorex.fpga.parts import Family
from neurocorex.fpga.placement import place
from neurocorex.spec import CoreConfig

from ..chip import Chip
from ..synthesis.placement import place_memories
from ..synthesis.tools import find, run
from ..synthesis.verilog import build_id, yosys_of_python
from ..synthesis.yosys import preparation, synthesis
from .platforms import PLATFORMS
from .pll import pll_settings
from .progress import Say, heard, quiet
from .top import BoardTop
from .vivado import with_timing_check

#: Name of the top module and of all files.
TOP = "neurocorex"
#: Cell counts of Yosys, its log, and that of nextpnr.
STAT, YOSYS_LOG, PNR_LOG = "stat.json", "yosys.log", "nextpnr.log"
#: The design as Amaranth writes it for Yosys.
RTLIL = f"{TOP}.il"

#: Suffix of the constraint file of a family, and of its bitstream.
CONSTRAINTS = {Family.ICE40: "pcf", Family.ECP5: "lpf", Family.GOWIN: "cst", Family.XC7: "xdc"}
BITSTREAMS = {Family.ICE40: "bin", Family.ECP5: "bit", Family.GOWIN: "fs", Family.XC7: "bit"}
#: Options of nextpnr that name its results.
_RESULTS = ("--asc", "--textcfg", "--write", "--fasm", "--report")
_TOOLCHAINS = {Family.ICE40: "IceStorm", Family.ECP5: "Trellis", Family.GOWIN: "Apicula", Family.XC7: "Vivado"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Order of a build: with the sources and the versions of the programs it determines the bitstream.

    Parameters
    ----------
    board : Board
        The board.
    config : CoreConfig
        Geometry of the chip.
    clock_hz : int
        Clock of the core.
    baud : int
        Rate of the serial port after reset.
    seed : int
        Seed of place and route; the same seed gives the same bits.

    Raises
    ------
    ValueError
        If the board has no such clock.
    """

    board: Board
    config: CoreConfig
    clock_hz: int
    baud: int
    seed: int = 1

    def __post_init__(self) -> None:
        given = self.board.oscillator_hz
        if self.clock_hz != given and pll_settings(self.board.family, given, self.clock_hz) is None:
            raise ValueError(
                f"{self.board.name} cannot make {self.clock_hz / 1e6:g} MHz of its {given / 1e6:g} MHz; "
                f"try {given / 1e6:g}, or another multiple"
            )


def sources(order: Order) -> dict[str, str]:
    """Input files of the programs, by name: RTLIL, constraints, scripts.

    The same for the same sources and order, on any machine.
    """
    board = order.board
    chip = Chip(order.config, order.clock_hz, order.baud, build_id(order.config))
    files = prepare(board, chip, order.clock_hz)
    placed = place(order.config, board.part)
    return files | {RTLIL: place_memories(files[RTLIL], f"{TOP}.chip.bytes", placed)}


def prepare(board: Board, chip: wiring.Component, clock_hz: int) -> dict[str, str]:
    """Put a chip, or a stand-in with its ports, onto a board: RTLIL, constraints and scripts."""
    platform = PLATFORMS[board.name](toolchain=_TOOLCHAINS[board.family])
    with yosys_of_python():
        plan = platform.prepare(BoardTop(board, chip, clock_hz), TOP, emit_src=False)
    suffixes = {".tcl", f".{CONSTRAINTS[board.family]}"}
    files = {name: text for name, text in plan.files.items() if Path(name).suffix in suffixes}
    if (script := files.get(f"{TOP}.tcl")) is not None:
        files[f"{TOP}.tcl"] = with_timing_check(script, TOP)
    return files | {RTLIL: platform.rtlil, f"{TOP}.ys": _script(board)}


def _script(board: Board) -> str:
    part = board.part
    return "\n".join([
        f"read_rtlil {RTLIL}",
        "design -save read",
        "proc -nomux -norom",
        "memory_collect",
        f"write_verilog -norename {TOP}.v",
        "design -load read",
        *preparation(),
        synthesis(board.family, TOP, multipliers=part.dsp > 0, single_port_ram=part.spram > 0),
        "autoname",
        f"tee -q -o {STAT} stat -json",
        f"write_json {TOP}.json",
        "",
    ])  # fmt: skip


def programs(order: Order) -> list[tuple[str, list[str]]]:
    """Programs that make the bitstream of a netlist, and their options; none where open ones cannot."""
    board, family = order.board, order.board.family
    platform: Any = PLATFORMS[board.name]
    common = ["--json", f"{TOP}.json", "--report", "pnr.json", "--timing-allow-fail", "--seed", str(order.seed)]
    pins, bits = f"{TOP}.{CONSTRAINTS[family]}", f"{TOP}.{BITSTREAMS[family]}"
    frequency = ["--freq", f"{order.clock_hz / 1e6:g}"]
    if family is Family.ICE40:
        device = [f"--{platform.device.lower().removeprefix('ice40')}", "--package", platform.package.lower()]
        return [
            ("nextpnr-ice40", [*device, *common, *frequency, "--pcf", pins, "--asc", f"{TOP}.asc"]),
            ("icepack", [f"{TOP}.asc", bits]),
        ]
    if family is Family.ECP5:
        size = platform.device.split("-")[1].lower().replace("f", "k")
        package = platform.package.replace("BG", "CABGA").replace("MG", "CSFBGA")
        device = [f"--{size}", "--package", package, "--speed", platform.speed]
        return [
            ("nextpnr-ecp5", [*device, *common, *frequency, "--lpf", pins, "--textcfg", f"{TOP}.config"]),
            ("ecppack", ["--compress", "--input", f"{TOP}.config", "--bit", bits, "--svf", f"{TOP}.svf"]),
        ]
    if family is Family.GOWIN:
        device = ["--device", platform.part, "--vopt", f"family={platform.family.replace('GW1NR', 'GW1N')}"]
        return [
            (
                "nextpnr-himbaechel-gowin",
                [*device, *common, *frequency, "--vopt", f"cst={pins}", "--write", f"{TOP}.pnr.json"],
            ),
            ("gowin_pack", ["-d", platform.family.replace("GW1NR", "GW1N"), "-o", bits, f"{TOP}.pnr.json"]),
        ]
    return _open_xc7(board, common, frequency)


def _open_xc7(board: Board, common: list[str], frequency: list[str]) -> list[tuple[str, list[str]]]:
    """Programs of openXC7, if they and their databases are installed; they are not on PyPI."""
    chips, bits = os.environ.get("CHIPDB"), os.environ.get("PRJXRAY_DB_DIR")
    if not (chips and bits and all(map(find, ("nextpnr-xilinx", "fasm2frames", "xc7frames2bit")))):
        return []
    # The database lists parts by package and speed, and only those without a temperature grade.
    part = board.part.name.replace("ti", "t").replace("-1L", "-1")
    chip, family, fasm, frames = part.rpartition("-")[0], f"{bits}/artix7", f"{TOP}.fasm", f"{TOP}.frames"
    known = ["--part_name", part, "--frm_file", frames]
    return [
        (
            "nextpnr-xilinx",
            ["--chipdb", f"{chips}/{chip}.bin", *common, *frequency, "--xdc", f"{TOP}.xdc", "--fasm", fasm],
        ),
        ("fasm2frames", ["--part", part, "--db-root", family, fasm, frames]),
        ("xc7frames2bit", ["--part_file", f"{family}/{part}/part.yaml", *known, "--output_file", f"{TOP}.bit"]),
    ]


def synthesis_inputs(order: Order) -> list[str]:
    """Text for all of an order that decides its netlist, beside the sources of the gates and the versions of programs.

    The seed is not part of it, nor are names and options of a board that only its owner or loader sees.
    """
    board = order.board
    numbers = (board.oscillator_hz, order.clock_hz, order.baud)
    styles = [f"{each.memory.component}.{each.memory.name} {each.style}" for each in place(order.config, board.part)]
    return [board.name, board.part.name, order.config.to_json(), repr(numbers), *styles, _script(board)]


def synthesise(order: Order, folder: Path, say: Say, sources: Callable[[Order], dict[str, str]] = sources) -> None:
    """Make the netlist of an order in a folder; `route` goes on from there.

    Parameters
    ----------
    order : Order
        What to build.
    folder : Path
        An existing folder.
    say : callable
        Called with the name of each stage and, with a colon, with all that a program tells about its progress.
    sources : callable
        Gives the input files, by default those of the chip.

    Raises
    ------
    ToolError
        If Yosys is missing or fails.
    """
    say("elaborating")
    texts = sources(order)
    say("synthesising")
    _synthesise(texts, folder, say)


def route(order: Order, folder: Path, say: Say) -> None:
    """Make the bitstream in a folder that has the results of `synthesise`; parameters and errors are the same."""
    for program, words in programs(order):
        placing = program.startswith("nextpnr")
        say("placing and routing" if placing else "packing")
        run(program, words, folder, log=PNR_LOG if placing else f"{program}.log", hear=heard(program, say))


def build(order: Order, folder: Path, say: Say, sources: Callable[[Order], dict[str, str]] = sources) -> None:
    """Run all programs in a folder, where `report` reads the results: `synthesise`, then `route`."""
    synthesise(order, folder, say, sources=sources)
    route(order, folder, say)


def pack(order: Order, texts: dict[str, str], folder: Path) -> None:
    """Stop after packing: the cells of the part are counted then."""
    _synthesise(texts, folder)
    for program, words in programs(order)[:1]:
        results = [place + step for place, word in enumerate(words) if word in _RESULTS for step in (0, 1)]
        kept = [word for place, word in enumerate(words) if place not in results]
        run(program, [*kept, "--pack-only"], folder, log=PNR_LOG)


def _synthesise(texts: dict[str, str], folder: Path, say: Say = quiet) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text)
    run("yosys", [f"{TOP}.ys"], folder, log=YOSYS_LOG, hear=heard("yosys", say))
