"""Overheads of the emulator: short runs on fresh devices or on one that is restored, and the first step of a process.

    python benchmarks/devices.py [--write]

`--write` puts the table into docs/emulator.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date

import neurocorex as ncx
import page
from neurocorex.check.measuring import machine, versions
from neurocorex.check.workload import Workload, stimulus
from neurocorex.emulator import machine_code

PAGE, TABLE = "emulator.md", "devices"
HEADS = ("what", "processor, s")
DEVICES, STEPS = 200, 2000
WORKLOAD = Workload(256, False)
#: A process that runs a first step: with machine code that is there, and without any.
FIRST_RUN = """
import sys
from pathlib import Path
from neurocorex.emulator import machine_code
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import CoreConfig
if sys.argv[1:]:
    machine_code.SHIPPED = Path(sys.argv[1])
Emulator(CoreConfig(neurons=256, inputs=64)).run(EventStream(1))
"""


def fresh_devices() -> None:
    """Open a device for each run."""
    image, events = WORKLOAD.image(), stimulus(STEPS)
    for _ in range(DEVICES):
        with ncx.open("emulator") as device:
            device.load(image)
            device.run(spikes=events, record="counts")


def one_device() -> None:
    """Restore one device before each run."""
    image, events = WORKLOAD.image(), stimulus(STEPS)
    with ncx.open("emulator") as device:
        for _ in range(DEVICES):
            device.restore(image)
            device.run(spikes=events, record="counts")


def first_run(*, compiles: bool) -> None:
    """Start a process for one step."""
    with tempfile.TemporaryDirectory() as empty:
        settings = os.environ | ({"NUMBA_CACHE_DIR": empty} if compiles else {})
        subprocess.run([sys.executable, "-c", FIRST_RUN, *([empty] if compiles else [])], check=True, env=settings)


def seconds(job: Callable[[], object], repetitions: int = 3) -> float:
    """Return the median processor time of a job and the processes that it starts."""
    spent = []
    for _ in range(repetitions):
        before = sum(os.times()[:4])
        job()
        spent.append(sum(os.times()[:4]) - before)
    return statistics.median(spent)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    options = parser.parse_args()
    machine_code.load(machine_code.Kind.of(WORKLOAD.config))
    rows = [
        (f"{DEVICES} runs of {STEPS:,} steps, each on a fresh device", seconds(fresh_devices)),
        (f"{DEVICES} runs of {STEPS:,} steps on one device, restored before each", seconds(one_device)),
        ("first step of a process", seconds(lambda: first_run(compiles=False))),
        ("first step of a process that has to compile", seconds(lambda: first_run(compiles=True), 1)),
    ]
    lines = page.markdown(HEADS, [(what, f"{value:.2f}") for what, value in rows])
    print("\n".join(lines))
    if options.write:
        page.write(
            PAGE, TABLE, [f"Measured on {date.today()}, {machine()}, {versions()}; {WORKLOAD.name}.", "", *lines]
        )


if __name__ == "__main__":
    main()
