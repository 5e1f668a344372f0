"""Command line of the campaigns: each case in a process of its own, with a limit of time, and a table of outcomes."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neurocorex.errors import QuantisationWarning

from .campaign import Case, SkippedError, Work
from .catalogue import cases

ROOT = Path(__file__).parent.parent
#: Marks the line in which the process of a case tells its outcome.
MARK = "fire-outcome: "
Row = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen cases; return the exit code."""
    options = _options(arguments)
    if options.list:
        for case in options.chosen:
            print(f"{case.name:<24} {case.count:>9,} {case.unit:<12} {case.seconds:>5} s  {case.fact}")
        return 0
    if options.here:
        (case,) = options.chosen
        # Ignored in the background of a shell, and so it would be by all that is to be killed with it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print(MARK + json.dumps(run_here(case, _work(case, options))), flush=True)
        return 0
    begun = time.monotonic()
    longest_first = sorted(options.chosen, key=lambda case: -case.seconds)
    rows: list[Row] = []
    for alone, jobs in ((False, options.jobs), (True, 1)):
        with ThreadPoolExecutor(jobs) as pool:
            these = [case for case in longest_first if case.alone == alone]
            rows += pool.map(lambda case: _told(_in_child(case, options)), these)
    failed = [row["name"] for row in rows if row["failed"]]
    print(f"\n{len(rows)} cases in {time.monotonic() - begun:,.0f} s; failed: {', '.join(failed) or 'none'}")
    if options.json:
        Path(options.json).write_text(json.dumps({"seed": options.seed, "cases": rows}, indent=1) + "\n")
    return int(bool(failed))


def run_here(case: Case, work: Work) -> Row:
    """Run one case in this process; return its row of the table."""
    begun, outcome = time.monotonic(), ""
    try:
        with _strict(work):
            case.run(work)
    except SkippedError as skip:
        outcome = f"skipped: {skip}"
    except BaseException as error:
        work.fail(f"{type(error).__name__}: {error}\n{traceback.format_exc()}", work.first + work.done)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "name": case.name, "fact": case.fact, "tries": work.done, "unit": case.unit, "failed": work.failed,
        "outcome": outcome or (f"{work.failed} FAILED" if work.failed else "all right"),
        "seconds": round(time.monotonic() - begun, 1),
        "processor_s": round(sum(each.ru_utime + each.ru_stime for each in used), 1),
        "memory_mb": max(each.ru_maxrss for each in used) >> 10, "failures": work.failures, "notes": work.notes,
    }  # fmt: skip


@contextmanager
def _strict(work: Work) -> Iterator[None]:
    """Make failures of warnings, threads that die, and what is left open or fails while it is taken away.

    A random network saturates, so what the quantiser has to say is left out.
    """

    def noted(unraisable: Any) -> None:
        work.fail(f"{unraisable.exc_type.__name__}: {unraisable.exc_value}")

    hooks = sys.unraisablehook, threading.excepthook
    sys.unraisablehook = threading.excepthook = noted
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", QuantisationWarning)
            yield
            gc.collect()
    finally:
        sys.unraisablehook, threading.excepthook = hooks


def _work(case: Case, options: argparse.Namespace) -> Work:
    """Return the tries that the options ask for."""
    count = options.count or (case.sample if options.sample else case.count)
    return Work(case, options.seed, count, options.minutes or 0, options.first, options.sample)


def _in_child(case: Case, options: argparse.Namespace) -> Row:
    """Run one case in a child, which ends with the stacks of all threads if it takes too long."""
    limit_s = case.limit_s + 60 * (options.minutes or 0)
    words = [sys.executable, "-X", "faulthandler", "-m", "fire", case.name, "--here", "--seed", str(options.seed)]
    for name in ("count", "minutes", "first"):
        if getattr(options, name):
            words += [f"--{name}", str(getattr(options, name))]
    if options.sample:
        words.append("--sample")
    begun = time.monotonic()
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"FIRE_LIMIT_S": str(limit_s)}
    )
    told = next((line for line in done.stdout.splitlines() if line.startswith(MARK)), None)
    if told is not None:
        return json.loads(told.removeprefix(MARK))  # type: ignore[no-any-return]
    said = (done.stdout + done.stderr)[-6000:]
    seconds = time.monotonic() - begun
    what = f"no end after {limit_s} s" if seconds > limit_s else f"the process ended with {done.returncode}"
    return {
        "name": case.name, "fact": case.fact, "tries": 0, "unit": case.unit, "failed": 1, "outcome": f"FAILED: {what}",
        "seconds": round(seconds, 1), "processor_s": 0, "memory_mb": 0, "failures": [said], "notes": [],
    }  # fmt: skip


def _told(row: Row) -> Row:
    """Print one row as soon as it is known."""
    lines = [
        f"{row['name']:<24} {row['tries']:>9,} {row['unit']:<14} {row['seconds']:>7,.1f} s {row['memory_mb']:>5} MB  "
        f"{row['outcome']}{''.join(f'; {note}' for note in row['notes'])}"
    ]
    lines += [f"    {failure}" for failure in row["failures"]]
    print("\n".join(lines), flush=True)
    return row


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fire", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CASE", help="a case such as frames.emulator, or a campaign")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn at random")
    parser.add_argument(
        "--count", type=int, help="tries of each case, instead of its own number; of coverage, a minute at most"
    )
    parser.add_argument("--sample", action="store_true", help="fewer tries, and shorter ones, as in the tests")
    parser.add_argument("--minutes", type=float, help="go on for so long in each case, whatever the count")
    parser.add_argument("--first", type=int, default=0, help="number of the first try, to repeat one that failed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="cases at once")
    parser.add_argument("--json", metavar="FILE", help="write the table as JSON, too")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    known = cases()
    chosen = [case for name, case in known.items() if not options.names or _is_named(name, options.names)]
    strange = [word for word in options.names if not any(_is_named(name, [word]) for name in known)]
    if strange:
        parser.error(f"no case or campaign {', '.join(strange)}; there are {', '.join(known)}")
    options.chosen = chosen
    if options.here and (limit := os.environ.get("FIRE_LIMIT_S")):
        faulthandler.dump_traceback_later(float(limit), exit=True)
    return options


def _is_named(name: str, words: Sequence[str]) -> bool:
    return name in words or name.partition(".")[0] in words
