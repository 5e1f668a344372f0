"""Area and speed of the boards' default chips, from real builds; Fmax by seed; LUTs over the number of neurons.

    python benchmarks/boards.py                             tables of what is in the cache
    python benchmarks/boards.py --build --jobs 2 --write    build what is missing, and put them into docs/hardware.md
    python benchmarks/boards.py --build --seeds 4 5 --boards icebreaker hx8k-b-evn

Building everything takes hours. Each build is a process, and its result is in the cache as soon as it is done: after an
interrupt the same command goes on. The first seed of all boards comes first. A build that fails does not stop the
others; the exit code is 1 then, and if a chip misses its clock.

Steps per second are the clock of the board over the cycles that the digits demonstration counts on the emulator, which
counts as the chip does.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import neurocorex as ncx
from neurocorex.demos import digits
from neurocorex.errors import FitError, TimingError
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
#: Seeds of place and route; 1 is that of `neurocorex build`, and of the table of boards.
SEEDS = (1, 2, 3)
NOT_BUILT = "not built"
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


def missing(boards: Sequence[Board], seeds: Sequence[int]) -> Iterator[tuple[Board, int]]:
    """Return the builds that are not in the cache, by seed. For 7-series nothing is placed, so one is enough."""
    for seed in seeds:
        for board in boards:
            if (board.family.routable or seed == seeds[0]) and building.kept_report(board, seed=seed) is None:
                yield board, seed


def build(board: Board, seed: int) -> str:
    """Build a board's default chip by the command line; return what came of it in one line."""
    with tempfile.TemporaryDirectory() as scratch:
        words = ["build", board.name, "--seed", str(seed), "--out", scratch, "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "neurocorex", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
    if done.returncode == 0:
        found = json.loads(done.stdout)
        return f"{found['seconds']:.0f} s" + (f", margin {found['margin']:+.1%}" if found["clocks"] else "")
    try:
        said = json.loads(done.stdout)["error"]["message"]
    except (ValueError, KeyError):
        said = done.stdout[-500:]
    return f"{'MISSED' if done.returncode == TimingError.exit_code else 'FAILED'}: {said}"


def build_all(orders: Sequence[tuple[Board, int]], jobs: int) -> None:
    """Build, some at a time, and say what came of each."""
    pool = ThreadPoolExecutor(jobs)

    def work(order: tuple[Board, int]) -> None:
        board, seed = order
        print(f"{board.name}, seed {seed}: {build(board, seed)}", file=sys.stderr, flush=True)

    try:
        for _ in pool.map(work, orders):
            pass
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C, which the builds have got as well


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


def boards_table(boards: Sequence[Board], seed: int) -> list[str]:
    """Return the table of boards and of the peers."""
    lines: list[Sequence[str]] = []
    for board in boards:
        if (found := building.kept_report(board, seed=seed)) is not None:
            lines.append(row(board, found))
    for title, sizes, lut, ff, bram, dsp, clock, cycles, rate in PEERS:
        lines.append([title, sizes, "STDP", lut, ff, bram, dsp, "", clock, cycles, rate, ""])
    return markdown(HEADS, lines)


def seeds_heads(seeds: Sequence[int]) -> list[str]:
    """Return the heads of the table of seeds."""
    return ["board", "clock MHz", *(f"Fmax, seed {seed}" for seed in seeds), "margin of the worst"]


def seeds_row(board: Board, reports: Sequence[dict[str, Any] | None]) -> list[str]:
    """Return Fmax with each seed and the smallest margin; a clock that is missed is marked."""
    cells = []
    for found in reports:
        cell = NOT_BUILT
        if found is not None:
            slowest = min(found["clocks"].values(), key=lambda clock: clock["fmax_mhz"] / clock["wanted_mhz"])
            cell = f"{slowest['fmax_mhz']:.1f}" + (", **missed**" if found["margin"] < 0 else "")
        cells.append(cell)
    built = [found["margin"] for found in reports if found is not None]
    worst = f"{min(built):+.1%}" if built else ""
    return [f"`{board.name}`", f"{board.clock_hz / 1e6:g}", *cells, worst]


def seeds_table(boards: Sequence[Board], seeds: Sequence[int]) -> list[str]:
    """Return the table of Fmax by seed, of the boards that open tools build for."""
    routable = [board for board in boards if board.family.routable]
    lines = [
        seeds_row(board, [building.kept_report(board, seed=seed) for seed in seeds]) for board in routable
    ]  # fmt: skip
    return markdown(seeds_heads(seeds), lines)


def scaling_table(*, build: bool) -> list[str]:
    """Return the table of LUTs over neurons, all else equal."""
    lines = []
    for config in SCALING:
        found = measured(BASE_BOARD, config, build=build)
        if found is not None:
            cells = (config.neurons, found["lut"], found["ff"], found["bram"], found["dsp"])
            lines.append([f"{cell:,.0f}" for cell in cells])
    return markdown(SCALING_HEADS, lines)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", action="store_true", help="build what is missing")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="seeds of place and route")
    parser.add_argument("--boards", choices=BOARDS, nargs="+", default=[*BOARDS], metavar="NAME", help="these only")
    parser.add_argument("--jobs", type=int, default=1, help="builds at a time")
    parser.add_argument("--write", action="store_true", help="write docs/hardware.md")
    options = parser.parse_args()
    if options.write and (options.boards != [*BOARDS] or tuple(options.seeds) != SEEDS):
        parser.error("--write needs all boards, and the seeds 1 2 3: the page would lose the others")
    if options.jobs < 1:
        parser.error(f"--jobs must be 1 or more, such as 2; got {options.jobs}")
    return options


def main() -> None:
    """Build, print, write."""
    options = parse()
    boards = [BOARDS[name] for name in options.boards]
    if options.build:
        build_all([*missing(boards, options.seeds)], options.jobs)
    tables = {"boards": boards_table(boards, options.seeds[0]), "seeds": seeds_table(boards, options.seeds)}
    if options.boards == [*BOARDS]:
        tables["scaling"] = scaling_table(build=options.build)
    for name, lines in tables.items():
        print("\n".join(lines))
        if options.write:
            write(PAGE, name, lines)
    bad = [line for line in tables["seeds"] if "missed" in line or NOT_BUILT in line]
    sys.exit(bool(options.build and bad))


if __name__ == "__main__":
    main()
