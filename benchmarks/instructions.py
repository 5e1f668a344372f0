"""Instructions that a step of the emulator takes, counted by valgrind: a check that nothing else on a machine disturbs.

    python benchmarks/instructions.py [--write]

The kernel is compiled for x86-64-v3 whatever the processor is, so that counts are the same on every machine with AVX2.
They are those of `Emulator.run`, of which every run is made. What does not depend on the number of steps falls away:
two runs are counted, one twice as long as the other. Fails if a count differs from the one in docs/emulator.md by more
than 5 %; `--write` puts the new counts there all the same. Needs valgrind and gcc.
"""

from __future__ import annotations

import argparse
import ctypes
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import page
from neurocorex.check.measuring import versions
from neurocorex.check.workload import Workload, stimulus
from neurocorex.emulator import machine_code
from neurocorex.emulator.emulator import Emulator

PAGE, TABLE, TOLERANCE = "emulator.md", "instructions", 0.05
HEADS = ("network", "instructions a step")
#: Steps of the shorter run, by network: enough for many spikes, few enough for valgrind, which takes long.
STEPS = {Workload(100, False): 2000, Workload(100, True): 2000, Workload(1024, False): 300, Workload(1024, True): 300}
#: Valgrind is told what to count by instructions that do nothing elsewhere; C has them as macros.
MARKS = """
#include <valgrind/callgrind.h>
void begin(void) { CALLGRIND_START_INSTRUMENTATION; CALLGRIND_ZERO_STATS; }
void end(void) { CALLGRIND_DUMP_STATS; CALLGRIND_STOP_INSTRUMENTATION; }
"""


def run_all(begin: Callable[[], object], end: Callable[[], object]) -> None:
    """Run every network, once to load the kernel, and then twice between the marks."""
    for workload, steps in STEPS.items():
        emulator = Emulator(workload.config)
        for region, values in workload.image().regions.items():
            emulator.write(region, values)
        short, long = stimulus(steps), stimulus(2 * steps)
        emulator.run(short)
        for events in (short, long):
            begin()
            emulator.run(events)
            end()


def child(library: str) -> None:
    """Do what is counted."""
    marks = ctypes.CDLL(library)
    run_all(marks.begin, marks.end)


def count() -> dict[str, float]:
    """Return instructions a step by network."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "marks.c").write_text(MARKS)
        library = folder / "marks.so"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, folder / "marks.c"], check=True)
        words = [sys.executable, __file__, "--child", str(library)]
        subprocess.run(words, check=True)  # compiles if need be, which valgrind would take an hour for
        valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder / 'counts'}"]
        done = subprocess.run([*valgrind, *words], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        totals = [_total(folder / f"counts.{number}") for number in range(1, 2 * len(STEPS) + 1)]
    pairs = zip(totals[::2], totals[1::2], strict=True)
    return {
        workload.name: (long - short) / steps
        for (workload, steps), (short, long) in zip(STEPS.items(), pairs, strict=True)
    }


def _total(path: Path) -> int:
    """Return the instructions of one dump."""
    found = re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{path} tells no total; is this another version of valgrind?")
    return int(found[1])


def committed() -> dict[str, float]:
    """Return the counts of the page."""
    cells = (line.strip("| ").split(" | ") for line in page.section(PAGE, TABLE)[1] if line.startswith("| "))
    return {name: float(value.replace(",", "")) for name, value in cells if value.replace(",", "").isdigit()}


def main() -> int:
    """Count, compare, write; the exit code tells whether the counts are those of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return 0
    counts, before = count(), committed()
    changed = 0
    for name, value in counts.items():
        known = before.get(name)
        change = f"{value / known - 1:+.1%}" if known else "new"
        print(f"{name:<12} {value:>10,.0f} instructions a step, {change}")
        changed += known is None or abs(value / known - 1) > TOLERANCE
    if options.write:
        valgrind = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=True).stdout.strip()
        about = f"Counted with {versions('llvmlite')}, {valgrind}, code for {machine_code.processor()}."
        lines = page.markdown(HEADS, [(name, f"{value:,.0f}") for name, value in counts.items()])
        page.write(PAGE, TABLE, [about, "", *lines])
    if changed:
        print(f"more than {TOLERANCE:.0%} off; if that is meant, keep what --write makes of the page", file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
