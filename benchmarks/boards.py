"""Area and speed of the boards' default chips, from real builds; and LUTs over the number of neurons.

    python benchmarks/boards.py                     table of what is in the cache
    python benchmarks/boards.py --build --write     build what is missing, and put the tables into docs/hardware.md

Building everything takes about an hour. Steps per second are the clock of the board over the cycles that the digits
demonstration counts on the emulator, which counts as the chip does.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import neurocorex as ncx
from neurocorex.demos import digits
from neurocorex.errors import FitError, NeuroCoreXError
from neurocorex.fpga import build as building
from neurocorex.fpga.boards import BOARDS, Board
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.timing import row_cycles
from page import markdown, write
from planner import BASE_BOARD, measured

PAGE = "hardware.md"
#: Peers by the figures of their authors: sizes, LUTs, flip-flops, block RAM, multipliers, clock, cycles, steps/s.
PEERS = (
    ("NeuroCoreX of ORNL, Cmod A7-35T", "90, 96", "6,981", "11,175", "30.5", "8", "100", "96,000", "1,041"),
    (
        "SpikeEngine of ORNL, Basys 3, 8 lanes",
        "256",
        "20,437",
        "34,363",
        "50",
        "",
        "100",
        "over 16,000",
        "6,250 at most",
    ),
    ("metr0jw, PYNQ-Z2, with STDP", "256", "27,205", "24,639", "", "38", "", "", ""),
)
HEADS = (
    "board", "N, M, L, W", "learning", "LUT", "FF", "block RAM", "DSP", "Fmax MHz", "clock MHz",
    "cycles a step, digits", "steps/s, digits", "synaptic operations/s",
)  # fmt: skip
SCALING_HEADS = ("N", "LUT", "FF", "block RAM", "DSP")
SCALING = tuple(
    CoreConfig(neurons=neurons, inputs=64, lanes=4, learning=Learning.EXPONENTIAL) for neurons in (64, 128, 256)
)


def digits_cycles(config: CoreConfig) -> float | None:
    """Return the cycles of a step of the digits demonstration, or None if the chip is too small for it."""
    with ncx.open("emulator", config=config) as device:
        try:
            device.load(digits.image())
        except FitError:
            return None
        counters = digits.evaluate(device).counters
    return float(counters["busy_cycles"] / counters["steps"])


def report(board: Board, *, build: bool) -> dict[str, Any] | None:
    """Return the report of a board's default chip, even if it missed its clock; build it if it is not in the cache."""
    found = building.kept_report(board)
    if found is None and build:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                building.build(board, Path(scratch), say=lambda what: print(f"{board.name}: {what}", file=sys.stderr))
            except NeuroCoreXError as error:
                print(f"{board.name}: {error}", file=sys.stderr)
        found = building.kept_report(board)
    return found


def row(board: Board, found: dict[str, Any]) -> list[str]:
    """Return one line of the table."""
    config = board.config
    cycles = digits_cycles(config)
    spram = f" + {found['spram']:g} SPRAM" if found["spram"] else ""
    return [
        f"`{board.name}`", f"{config.neurons}, {config.inputs}, {config.lanes}, {config.weight_bits}",
        config.learning.name.lower(),
        f"{found['lut']:,.0f} ({found['lut'] / board.part.lut:.0%})", f"{found['ff']:,.0f}",
        f"{found['bram']:g} of {board.part.bram}{spram}", f"{found['dsp']:g}",
        f"{found['fmax_mhz']:.1f}" if found["fmax_mhz"] else "by Vivado", f"{board.clock_hz / 1e6:g}",
        *(("too small", "") if cycles is None else (f"{cycles:.1f}", f"{board.clock_hz / cycles:,.0f}")),
        f"{board.clock_hz * config.neurons / row_cycles(config) / 1e6:,.0f} M",
    ]  # fmt: skip


def boards_table(*, build: bool) -> list[str]:
    """Return the table of all boards and of the peers."""
    lines: list[Sequence[str]] = []
    for board in BOARDS.values():
        if (found := report(board, build=build)) is not None:
            lines.append(row(board, found))
    for title, sizes, lut, ff, bram, dsp, clock, cycles, rate in PEERS:
        lines.append([title, sizes, "STDP", lut, ff, bram, dsp, "", clock, cycles, rate, ""])
    return markdown(HEADS, lines)


def scaling_table(*, build: bool) -> list[str]:
    """Return the table of LUTs over neurons, all else equal."""
    lines = []
    for config in SCALING:
        found = measured(BASE_BOARD, config, build=build)
        if found is not None:
            cells = (config.neurons, found["lut"], found["ff"], found["bram"], found["dsp"])
            lines.append([f"{cell:,.0f}" for cell in cells])
    return markdown(SCALING_HEADS, lines)


def main() -> None:
    """Build, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", action="store_true", help="build what is missing")
    parser.add_argument("--write", action="store_true", help="write docs/hardware.md")
    options = parser.parse_args()
    for name, table in (("boards", boards_table), ("scaling", scaling_table)):
        lines = table(build=options.build)
        print("\n".join(lines))
        if options.write:
            write(PAGE, name, lines)


if __name__ == "__main__":
    main()
