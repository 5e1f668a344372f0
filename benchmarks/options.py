"""Cost of each option of a chip: LUTs, flip-flops, block RAM and multipliers that it adds.

    python benchmarks/options.py --build            synthesise and pack what is missing, and print the table
    python benchmarks/options.py --build --write    write it into docs/boards.md, and the costs that `plan` adds up
    python benchmarks/options.py --only patterns --build --write    these options anew, and their base; other rows stay

Each chip differs from the one that it is compared with in one option. All are synthesised and packed for the ULX3S-25F,
not placed.
"""

import argparse
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

from neurocorex.fpga.boards import BOARDS
from neurocorex.spec import CoreConfig, Learning
from page import markdown, section, write
from planner import measured

TARGET = Path(__file__).parent.parent / "host/neurocorex/fpga/optioncosts.py"
BOARD = BOARDS["ulx3s-25f"]
HEADS = ("option", "added to", "LUT", "flip-flops", "block RAM", "multipliers")
RESOURCES = ("lut", "ff", "bram", "dsp")
PLAIN = CoreConfig(neurons=64, inputs=64, lanes=8)
LEARNS = replace(PLAIN, learning=Learning.EXPONENTIAL)
#: Chips that options are added to: what the table calls them, and their geometry.
BASES = {"no learning": PLAIN, "learning=1": LEARNS, "learning=1, errors=1": replace(LEARNS, errors=True)}
#: Options, by the chip that they are added to.
OPTIONS: tuple[tuple[str, dict[str, int]], ...] = (
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
    ("no learning", {"patterns": 16}),
    ("no learning", {"reports": 1}),
    ("no learning", {"tallies": 8}),
    ("no learning", {"noise": 1}),
)
#: Options whose costs `neurocorex plan` adds to what its linear model knows, by the name that it has there: their place
#: above, and whether each lane has them, or the chip once.
PLANNED = {
    "groups": (1, False), "contexts": (2, False), "rules 2": (6, True), "rules 4": (7, True), "terms": (8, True),
    "rules 4, terms": (9, True), "eligibility": (10, True), "scaling": (11, True), "errors": (12, False),
    "errors, groups": (13, False), "patterns": (14, False), "reports": (15, False), "tallies": (16, False),
    "noise": (17, False),
}  # fmt: skip


@cache
def counts(config: CoreConfig, *, build: bool) -> dict[str, float]:
    """Return the resources of a chip; ends the program where it has not been built."""
    found = measured(BOARD, config, build=build)
    if found is None:
        sys.exit("not all chips have been built; run with --build")
    return found


def added(base: str, change: dict[str, int], *, build: bool) -> dict[str, float]:
    """Return what an option adds to a chip, by resource."""
    more, less = (counts(config, build=build) for config in (replace(BASES[base], **change), BASES[base]))
    return {resource: more[resource] - less[resource] for resource in RESOURCES}


def added_cells(base: str, change: dict[str, int], *, build: bool) -> list[str]:
    """Return what an option adds as cells of the table."""
    found = added(base, change, build=build)
    return [*names(base, change), *(f"{found[resource]:+,g}" for resource in RESOURCES)]


def names(base: str, change: dict[str, int]) -> list[str]:
    """Return the first cells of a row: the option, and the chip that it is added to."""
    return [", ".join(f"`{name}={value:d}`" for name, value in change.items()), base]


def base_cells(name: str, *, build: bool) -> list[str]:
    """Return what a chip has that options are added to, as cells."""
    return [f"{name} alone", "", *(f"{counts(BASES[name], build=build)[resource]:,g}" for resource in RESOURCES)]


def kept() -> dict[tuple[str, ...], list[str]]:
    """Return the rows that stand in docs/boards.md, by their first two cells."""
    rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in section("boards.md", "options")[1][2:])
    return {tuple(row[:2]): row for row in rows}


def table(only: list[str], *, build: bool) -> list[list[str]]:
    """Return the rows, all of them measured, or only those of options with one of these names and their bases."""
    wanted = [(base, change) for base, change in OPTIONS if not only or {*only} & {*change}]
    known = kept() if only else {}
    for name in dict.fromkeys(base for base, _ in wanted) if only else BASES:
        known[f"{name} alone", ""] = base_cells(name, build=build)
    for base, change in wanted:
        row = added_cells(base, change, build=build)
        known[row[0], row[1]] = row
    heads = [(f"{name} alone", "") for name in BASES] + [tuple(names(*each)) for each in OPTIONS]
    return [known[head] for head in heads]


def costs(found: dict[str, float], *, by_lane: bool) -> dict[str, tuple[int, int]]:
    """Return what an option costs a chip and each of its lanes, by resource."""
    return {
        resource: (0, round(found[resource] / PLAIN.lanes)) if by_lane else (round(found[resource]), 0)
        for resource in ("lut", "ff")
    }


def main() -> None:
    """Build, compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", action="store_true", help="build what is missing")
    parser.add_argument("--write", action="store_true", help="write the table into docs/boards.md, and the costs")
    every = sorted({name for _, change in OPTIONS for name in change})
    parser.add_argument("--only", nargs="+", choices=every, default=[], help="measure these options; other rows stay")
    options = parser.parse_args()
    rows = table(options.only, build=options.build)
    lines = markdown(HEADS, rows)
    print("\n".join(lines))
    if options.write:
        write("boards.md", "options", lines)
        found = [
            {resource: float(cell.replace(",", "")) for resource, cell in zip(RESOURCES, row[2:], strict=True)}
            for row in rows[len(BASES) :]
        ]
        write_costs({name: costs(found[place], by_lane=by_lane) for name, (place, by_lane) in PLANNED.items()})


def write_costs(known: dict[str, dict[str, tuple[int, int]]]) -> None:
    """Write the module of costs that the planner reads."""
    text = TARGET.read_text()
    head = text[: text.index("COSTS:")]
    lines = [f'    "{name}": {{"lut": {cost["lut"]}, "ff": {cost["ff"]}}},' for name, cost in known.items()]
    TARGET.write_text("\n".join([f"{head}COSTS: dict[str, dict[str, tuple[int, int]]] = {{", *lines, "}", ""]))


if __name__ == "__main__":
    main()
