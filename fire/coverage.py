"""Campaign of coverage: every reader under libFuzzer, which goes on from inputs that reach new lines (atheris)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from .campaign import Case, SkippedError, Work
from .fuzz import FINDING, seeds
from .readers import READERS, SLOW
from .talks import TALKS

ROOT = Path(__file__).parent.parent
#: Limits of one input: seconds, and megabytes of the process.
INPUT_S, MEMORY_MB = 20, 2000


def _fuzzed(work: Work) -> None:
    """Run one target; a finding is told as hex, with the command that repeats it."""
    if find_spec("atheris") is None:
        raise SkippedError("needs atheris: pip install 'neurocorex[fire]'")
    name = work.case.name.partition(".")[2]
    with TemporaryDirectory(prefix="fire-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, data in enumerate(seeds(name)):
            (corpus / str(number)).write_bytes(data)
        runs = -1 if work.minutes else work.count
        most_s = 60 * (work.minutes or 1)
        words = [
            sys.executable, "-m", "fire.fuzz", name, str(corpus), f"-runs={runs}", f"-max_total_time={most_s:.0f}",
            f"-timeout={INPUT_S}", f"-rss_limit_mb={MEMORY_MB}", "-print_final_stats=1", f"-artifact_prefix={folder}/",
            "-len_control=0", f"-seed={work.seed + 1}", "-max_len=65536",
        ]  # fmt: skip
        paths = [str(ROOT), str(ROOT / "tests"), *sys.path]
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, errors="replace",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        )  # fmt: skip
        said = done.stdout + done.stderr
        work.done = int((re.findall(r"number_of_executed_units: (\d+)", said) or ["0"])[-1])
        lines = re.findall(r"cov: (\d+)", said)
        work.notes.append(f"{lines[-1] if lines else 0} places reached")
        if done.returncode:
            _tell(work, name, said, Path(folder))


def _tell(work: Work, name: str, said: str, folder: Path) -> None:
    kept = [path.read_bytes() for path in folder.glob("*-*") if path.is_file()]
    found = re.findall(FINDING + "([0-9a-f]*)", said)
    data = bytes.fromhex(found[-1]) if found else kept[0] if kept else b""
    traced = said[said.find("Traceback") :] if "Traceback" in said else said
    lines = [line for line in traced.splitlines() if FINDING not in line and not line.startswith(("#", "INFO"))]
    what = "\n".join(line[:200] for line in lines[:40])
    work.fail(what, repeat=f"python -m fire.fuzz {name} --hex {data.hex()}")


#: Inputs by command, for a minute at most, and of a sample.
COUNT, SAMPLE = 30_000, 500
SLOW_COUNT, SLOW_SAMPLE = 1000, 50
CASES = [
    Case(
        f"coverage.{name}", f"whatever is read as {name}: typed errors only, no wait without end",
        "inputs", *((SLOW_COUNT, SLOW_SAMPLE) if name in SLOW else (COUNT, SAMPLE)), _fuzzed, seconds=40,
    )
    for name in (*READERS, *TALKS)
]  # fmt: skip
