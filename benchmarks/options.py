"""Cost of each option of a chip: LUTs, flip-flops, block RAM and multipliers that it adds.

    python benchmarks/options.py --build            synthesise and pack what is missing, and print the table
    python benchmarks/options.py --build --write    write it into docs/boards.md, and the costs that `plan` adds up

Each chip differs from the one that it is compared with in one option, with few lanes and with many: so what an option
costs a chip and what it costs each lane come apart. All are synthesised and packed for the ULX3S-25F, not placed.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from pprint import pformat

from neurocorex.fpga.boards import BOARDS
from neurocorex.spec import CoreConfig, Learning
from page import markdown, write
from planner import measured

TARGET = Path(__file__).parent.parent / "host/neurocorex/fpga/optioncosts.py"
BOARD = BOARDS["ulx3s-25f"]
#: Lanes of the two chips that an option is measured on.
LANES = (4, 16)
HEADS = (
    "option",
    "added to",
    *(f"{what}, {lanes} lanes" for what in ("LUT", "flip-flops", "block RAM, multipliers") for lanes in LANES),
)
PLAIN = CoreConfig(neurons=64, inputs=64)
LEARNS = replace(PLAIN, learning=Learning.EXPONENTIAL)
#: Chips that options are added to: what the table calls them, and their geometry.
BASES = {"no learning": PLAIN, "learning=1": LEARNS, "learning=1, errors=1": replace(LEARNS, errors=True)}
#: Options, by the chip that they are added to.
OPTIONS: tuple[tuple[str, dict[str, int]], ...] = (
    ("no learning", {"adaptation": 0}),
    ("no learning", {"extra_axons": 32}),
    ("no learning", {"groups": 10}),
    ("no learning", {"contexts": 4}),
    ("no learning", {"learning": Learning.EXPONENTIAL}),
    ("no learning", {"learning": Learning.WINDOW}),
    ("learning=1", {"soft_bounds": 1}),
    ("learning=1", {"rules": 2}),
    ("learning=1", {"rules": 4}),
    ("learning=1", {"terms": 1}),
    ("learning=1", {"rules": 4, "terms": 1}),
    ("learning=1", {"eligibility": 1}),
    ("learning=1", {"scaling": 1}),
    ("learning=1", {"errors": 1}),
    ("learning=1, errors=1", {"groups": 10}),
)
#: Options whose costs `neurocorex plan` adds to what its linear model knows, by the name that it has there.
PLANNED = {
    "groups": 2, "contexts": 3, "rules 2": 7, "rules 4": 8, "terms": 9, "rules 4, terms": 10, "eligibility": 11,
    "scaling": 12, "errors": 13, "errors, groups": 14,
}  # fmt: skip


def counts(config: CoreConfig, *, build: bool) -> dict[str, float]:
    """Return the resources of a chip; ends the program where it has not been built."""
    found = measured(BOARD, config, build=build)
    if found is None:
        sys.exit("not all chips have been built; run with --build")
    return found


def added(base: str, change: dict[str, int], *, build: bool) -> Iterator[dict[str, float]]:
    """Return what an option adds, for each number of `LANES`."""
    for lanes in LANES:
        chip = replace(BASES[base], lanes=lanes)
        more, less = (counts(config, build=build) for config in (replace(chip, **change), chip))
        yield {resource: more[resource] - less[resource] for resource in ("lut", "ff", "bram", "dsp")}


def row(what: str, base: str, found: list[dict[str, float]], sign: str) -> list[str]:
    """Return a row of the table."""
    pairs = [f"{each['bram']:{sign}g}, {each['dsp']:{sign}g}" for each in found]
    return [what, base, *(f"{each[resource]:{sign},g}" for resource in ("lut", "ff") for each in found), *pairs]


def costs(found: list[dict[str, float]]) -> dict[str, tuple[int, int]]:
    """Return what an option costs a chip and each of its lanes, by resource."""
    few, many = LANES
    made = {}
    for resource in ("lut", "ff"):
        lane = (found[1][resource] - found[0][resource]) / (many - few)
        made[resource] = (round(found[0][resource] - few * lane), round(lane))
    return made


def main() -> None:
    """Build, compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", action="store_true", help="build what is missing")
    parser.add_argument("--write", action="store_true", help="write the table into docs/boards.md, and the costs")
    options = parser.parse_args()
    alone = {
        name: [counts(replace(config, lanes=lanes), build=options.build) for lanes in LANES]
        for name, config in BASES.items()
    }
    found = [[*added(base, change, build=options.build)] for base, change in OPTIONS]
    rows = [row(f"{name} alone", "", each, "") for name, each in alone.items()]
    for (base, change), each in zip(OPTIONS, found, strict=True):
        rows.append(row(", ".join(f"`{name}={value:d}`" for name, value in change.items()), base, each, "+"))
    lines = markdown(HEADS, rows)
    print("\n".join(lines))
    if options.write:
        write("boards.md", "options", lines)
        write_costs({name: costs(found[place]) for name, place in PLANNED.items()})


def write_costs(known: dict[str, dict[str, tuple[int, int]]]) -> None:
    """Write the module of costs that the planner reads."""
    text = TARGET.read_text()
    head = text[: text.index("COSTS:")]
    table = pformat(known, width=118, sort_dicts=False)
    TARGET.write_text(f"{head}COSTS: dict[str, dict[str, tuple[int, int]]] = {table}\n")


if __name__ == "__main__":
    main()
