"""Accuracy of the demonstrations that learn on the chip, over several seeds on the emulator.

    python benchmarks/accuracy.py [--seeds 3] [--only WORDS] [--data DIR] [--json] [--write]

Each row is a command, run in a process of its own for each seed. `--write` puts the rows into docs/figures.md; rows
that were not run stay as they are. `--data` has files of MNIST in place of the 5,000-image subset.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import page

PAGE, SECTION = "figures.md", "accuracy"
HEADS = ("what", "median", "of seeds", "hidden layer frozen", "rests on", "command")
#: Where the images are from, what learns, and the words of the command behind ``neurocorex demo``.
ROWS = (
    ("MNIST subset", "with a teacher, 400 neurons", "mnist"),
    ("MNIST subset", "with a teacher, 100 neurons", "mnist --per-class 10"),
    ("MNIST subset", "with a teacher, 400 neurons, raw", "mnist --raw"),
    ("MNIST subset", "with a teacher, 400 neurons, raw, no warped copies", "mnist --raw --warp 0"),
    ("MNIST subset", "without a teacher, 400 neurons", "mnist-unsupervised"),
    ("MNIST subset", "without a teacher, 400 neurons, raw but normed", "mnist-unsupervised --raw --norm"),
    ("MNIST subset", "by errors, 196-200-10, raw", "hidden --data mnist"),
    ("MNIST subset", "by errors, 196-200-10, raw, one spike a pixel", "hidden --data mnist --code latency"),
    ("MNIST subset", "by errors, 196-200-10, upright", "hidden --data mnist --upright"),
    ("digits", "by errors, 64-20-10", "hidden"),
    ("digits", "by errors, 64-20-10, one spike a pixel", "hidden --code latency"),
    ("digits", "by errors, 64-60-10", "hidden --hidden 60"),
    ("digits", "by errors, 10 neurons (delta rule)", "digits-delta"),
)  # fmt: skip


def measure(words: list[str], seeds: int) -> list[dict[str, Any]]:
    """Return what a command tells with each seed."""
    command = [sys.executable, "-m", "neurocorex", "demo", *words, "--json", "--seed"]
    return [
        json.loads(subprocess.run([*command, str(seed)], check=True, capture_output=True, text=True).stdout)
        for seed in range(seeds)
    ]


def line(title: str, words: str, told: list[dict[str, Any]]) -> list[str]:
    """Return one line of the table."""
    accuracy = [each["accuracy"] for each in told]
    frozen = [each["frozen"]["accuracy"] for each in told if each.get("frozen")]
    every = ", ".join(f"{100 * each:.1f}" for each in accuracy)
    return [
        title, f"**{median(accuracy):.2%}**", every, f"{median(frozen):.1%}" if frozen else "", "emulator",
        f"`neurocorex demo {words} --json`",
    ]  # fmt: skip


def written(lines: dict[str, list[str]]) -> list[str]:
    """Return the table with new lines, by title, in place of those on the page."""
    _, old, _ = page.section(PAGE, SECTION)
    known = [[cell.strip() for cell in row.strip("|").split("|")] for row in old if row.startswith("| ")]
    kept = {cells[0]: cells for cells in known} | lines
    titles = (f"{data}, {what}" for data, what, _ in ROWS)
    return page.markdown(HEADS, [kept[title] for title in titles if title in kept])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", metavar="WORDS", help="the row of this command, such as 'mnist --raw'")
    parser.add_argument("--data", type=Path, help="folder with MNIST's own files, instead of the subset")
    parser.add_argument("--json", action="store_true", help="one JSON object for each row")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    options = parser.parse_args()
    if options.write and options.data is not None:
        parser.error("--write is for the subset: leave --data out")
    lines = {}
    for source, what, words in ROWS:
        if options.only not in (None, words):
            continue
        title = f"{source}, {what}"
        given = words.split()
        if options.data is not None and "mnist" in words:
            given = [word for word in given if word not in ("--data", "mnist")] if given[0] == "hidden" else given
            given, title = [*given, "--data", str(options.data)], f"{options.data.name}, {what}"
        told = measure(given, options.seeds)
        lines[title] = line(title, words, told)
        print(json.dumps({"what": title, "runs": told}) if options.json else " | ".join(lines[title]), flush=True)
        if options.write:
            about = f"Medians of {options.seeds} seeds, on {date.today()}."
            page.write(PAGE, SECTION, [about, "", *written(lines)])


if __name__ == "__main__":
    main()
