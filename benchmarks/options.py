"""Cost of each option of a chip: LUTs, flip-flops, block RAM and multipliers that it adds.

    python benchmarks/options.py --build            synthesise and pack what is missing, and print the table
    python benchmarks/options.py --build --write    write it into docs/boards.md as well

Each chip differs from the one that it is compared with in one option. All of them are synthesised and packed for the
ULX3S-25F, not placed.
"""

import argparse
import sys
from dataclasses import replace

from neurocorex.fpga.boards import BOARDS
from neurocorex.spec import CoreConfig, Learning
from page import markdown, write
from planner import measured

BOARD = BOARDS["ulx3s-25f"]
HEADS = ("option", "added to", "LUT", "flip-flops", "block RAM", "multipliers")
RESOURCES = ("lut", "ff", "bram", "dsp")
PLAIN = CoreConfig(neurons=64, inputs=64, lanes=8)
LEARNS = replace(PLAIN, learning=Learning.EXPONENTIAL)
ERRS = replace(LEARNS, errors=True)
#: Chips that options are added to: what the table calls them, and their geometry.
BASES = {"no learning": PLAIN, "learning=1": LEARNS, "learning=1, errors": ERRS}
#: Options, by the chip that they are added to.
OPTIONS = (
    ("no learning", {"adaptation": False}),
    ("no learning", {"extra_axons": 32}),
    ("no learning", {"learning": Learning.EXPONENTIAL}),
    ("no learning", {"learning": Learning.WINDOW}),
    ("learning=1", {"soft_bounds": True}),
    ("learning=1", {"rules": 2}),
    ("learning=1", {"rules": 4}),
    ("learning=1", {"terms": True}),
    ("learning=1", {"rules": 4, "terms": True}),
    ("learning=1", {"errors": True}),
    ("learning=1, errors", {"groups": 10}),
)


def counts(config: CoreConfig, *, build: bool) -> list[float]:
    """Return the resources of a chip; ends the program where it has not been built."""
    found = measured(BOARD, config, build=build)
    if found is None:
        sys.exit("not all chips have been built; run with --build")
    return [found[resource] for resource in RESOURCES]


def main() -> None:
    """Build, compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", action="store_true", help="build what is missing")
    parser.add_argument("--write", action="store_true", help="write the table into docs/boards.md")
    options = parser.parse_args()
    known = {name: counts(config, build=options.build) for name, config in BASES.items()}
    rows = [[f"{name} alone", "", *(f"{count:,g}" for count in found)] for name, found in known.items()]
    for base, change in OPTIONS:
        found = counts(replace(BASES[base], **change), build=options.build)
        text = ", ".join(f"`{name}={value:d}`" for name, value in change.items())
        rows.append([text, base, *(f"{more - less:+,g}" for more, less in zip(found, known[base], strict=True))])
    lines = markdown(HEADS, rows)
    print("\n".join(lines))
    if options.write:
        write("boards.md", "options", lines)


if __name__ == "__main__":
    main()
