"""Time of whole commands and of imports, each in a process of its own, as a user waits for them.

    python benchmarks/demos.py [--microseer DIR] [--write]

Every command runs once to warm the caches, and then three times. The table has wall time, processor time, and for a
demonstration the time on its device. `--write` puts it into docs/emulator.md. Fails if a target is missed. Targets of
whole commands are in processor time, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import page
from neurocorex.check.measuring import machine, versions

PAGE, REPETITIONS = "emulator.md", 3
HEADS = ("command", "wall, s", "processor, s", "on its device, s", "wanted")
PYTHON = (sys.executable,)
COMMAND = (*PYTHON, "-m", "neurocorex")


@dataclass(frozen=True)
class Job:
    """One command.

    Attributes
    ----------
    title : str
        The command as a user types it.
    words : sequence of str
        The words of the process.
    limit_s : float, optional
        Target in processor time.
    device_limit_s : float, optional
        Target of the time on its device.
    is_demo : bool
        Whether it prints JSON with ``seconds``, the time on its device.
    """

    title: str
    words: Sequence[str]
    limit_s: float | None = None
    device_limit_s: float | None = None
    is_demo: bool = True

    def run(self) -> tuple[float, float, float | None]:
        """Return seconds of wall, of the processor and of the device."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(self.words, check=True, capture_output=True, text=True, env=os.environ | ONE_THREAD)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return wall, spent, json.loads(done.stdout)["seconds"] if self.is_demo else None


#: Idle threads of linear algebra would otherwise add processor time by waiting.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def jobs(microseer: Path | None) -> list[Job]:
    """Return all commands to measure."""
    demos = [
        Job("neurocorex demo digits", (*COMMAND, "demo", "digits", "--json"), limit_s=2.0, device_limit_s=0.3),
        Job("neurocorex demo digits-stdp", (*COMMAND, "demo", "digits-stdp", "--json")),
        Job("neurocorex demo digits-unsupervised", (*COMMAND, "demo", "digits-unsupervised", "--json")),
    ]
    if microseer is not None:
        words = (*COMMAND, "demo", "microseer", "--data", str(microseer), "--json")
        demos.append(Job("neurocorex demo microseer --data DIR", words))
    return [
        Job("python -c pass", (*PYTHON, "-c", "pass"), is_demo=False),
        Job("python -c 'import neurocorex'", (*PYTHON, "-c", "import neurocorex"), limit_s=0.3, is_demo=False),
        Job("neurocorex --help", (*COMMAND, "--help"), limit_s=0.3, is_demo=False),
        *demos,
    ]


def measure(job: Job) -> tuple[float, float, float | None]:
    """Return medians of some runs, after one that warms the caches."""
    job.run()
    walls, spent, devices = zip(*(job.run() for _ in range(REPETITIONS)), strict=True)
    return statistics.median(walls), statistics.median(spent), statistics.median(devices) if job.is_demo else None


def row(job: Job, wall: float, spent: float, device: float | None) -> Sequence[str]:
    """Return one line of the table."""
    wanted = [f"{job.limit_s:g}"] if job.limit_s else []
    wanted += [f"{job.device_limit_s:g} on its device"] if job.device_limit_s else []
    return f"`{job.title}`", f"{wall:.2f}", f"{spent:.2f}", "" if device is None else f"{device:.2f}", ", ".join(wanted)


def main() -> int:
    """Measure, print, write; the exit code is 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--microseer", type=Path, help="folder with papers.csv and citations.csv")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    options = parser.parse_args()
    missed, lines = [], []
    for job in jobs(options.microseer):
        wall, spent, device = measure(job)
        lines.append(row(job, wall, spent, device))
        print(" | ".join(lines[-1]), flush=True)
        if spent > (job.limit_s or spent) or (device or 0) > (job.device_limit_s or device or 0):
            missed.append(job.title)
    about = f"Measured on {date.today()}, {machine()}, {versions()}; medians of {REPETITIONS}, caches warm."
    if options.write:
        page.write(PAGE, "jobs", [about, "", *page.markdown(HEADS, lines)])
    for title in missed:
        print(f"{title} takes longer than wanted", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
