"""The emulator against other simulators, on the same networks, in one run; writes docs/emulator.md.

Every peer runs in a process of its own, with one thread, in the environment that ``make peers`` sets up. Their runs
take turns, so that what else the machine does falls on all alike, and time is that of the processor: the ratios are
what counts. Who is not installed is left out, and named. Networks run with input spikes that were drawn before, the
same for all; and once more with an own drive: every simulator draws the spikes by its own means, and that counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import page
from neurocorex.check.measuring import machine
from neurocorex.check.workload import (
    DEPRESSION,
    INPUT_GAIN,
    INPUT_RATE,
    INPUTS,
    POTENTIATION,
    REFRACTORY_STEPS,
    SIZES,
    TAU_STEPS,
    TRACE_INCREMENT,
    Workload,
    stimulus,
)  # fmt: skip
from neurocorex.spec import Control, Region

HERE, PAGE = Path(__file__).absolute().parent, "emulator.md"
#: Runs by number of neurons, if not as many as of the others: what follows is too slow for more.
REPETITIONS, FEWER = 5, {4096: 1}
#: Steps by number of neurons: a second or less for the slowest of those that matter.
STEPS = {100: 50_000, 256: 20_000, 1024: 5_000, 4096: 500}
#: Sizes of the networks that also run with an own drive, which in larger ones takes next to nothing of any simulator's
#: time; and who does not, for the same reason.
OWN_DRIVE, GIVEN_ONLY = (100, 256), ("snnTorch",)
#: Peers by name: their script, their environment (None: this one), and whether they learn by pair STDP.
PEERS: dict[str, tuple[str, str | None, bool]] = {
    "NeuroCoreX": ("peer_neurocorex.py", None, True),
    "bare C": ("peer_c.py", None, True),
    "Brian2 C++": ("peer_brian2.py", "brian2", True),
    "NEST": ("peer_nest.py", "nest", True),
    "snnTorch": ("peer_snntorch.py", "snntorch", False),
}
#: Largest difference of the rates of two simulators, as a part; bare C has to be equal to the spike.
RATE_TOLERANCE = 0.15
#: Networks of which a row is missing.
LOST: list[str] = []
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class GoneError(Exception):
    """A simulator that ended before its time."""


class Peer:
    """A simulator in its own process; every call raises GoneError if that is gone."""

    def __init__(self, name: str, python: Path, network: Path) -> None:
        script = HERE / "peers" / PEERS[name][0]
        self._process = subprocess.Popen(
            [python, script, network], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | ONE_THREAD, cwd=network.parent,
        )  # fmt: skip
        self.name, self.runs = name, list[dict[str, Any]]()
        self.about = self._answer()

    def run(self) -> None:
        """Run once more."""
        with suppress(BrokenPipeError):  # no answer says the same
            print("run", file=self._process.stdin, flush=True)
        self.runs.append(self._answer())

    def close(self) -> None:
        """Let it go."""
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        for line in self._process.stdout or ():
            if line.startswith("@"):
                answer: dict[str, Any] = json.loads(line[1:])
                return answer
        raise GoneError(f"{self.name} ended with exit code {self._process.wait()}")


def write_network(workload: Workload, steps: int, own_drive: bool, path: Path) -> None:
    """Write what a peer has to know."""
    image, events = workload.image(), stimulus(steps)
    control = image.regions[Region.CONTROL]
    rates = [
        int(control[register]) if workload.learns else 0 for register in (Control.POTENTIATION, Control.DEPRESSION)
    ]
    rates[1] -= 1 << workload.config.change_bits if workload.learns else 0
    np.savez(
        path, own_drive=int(own_drive), rate=INPUT_RATE, steps=steps,
        neurons=workload.neurons, inputs=INPUTS, learns=int(workload.learns),
        weights=workload.weights(), event_step=events.event_step, event_axon=events.event_index, gain=INPUT_GAIN,
        threshold=workload.threshold, refractory=REFRACTORY_STEPS, tau=TAU_STEPS,
        keep=(1 << 16) - int(image.regions[Region.DECAY][0]), weight_min=0, weight_max=workload.weight_max,
        potentiation=rates[0], depression=rates[1], potentiation_float=POTENTIATION, depression_float=-DEPRESSION,
        increment=TRACE_INCREMENT, cap=(1 << workload.config.trace_bits) - 1,
    )  # fmt: skip


def interpreter(environment: str | None, folder: Path) -> Path:
    """Python of an environment."""
    # Absolute, as peers run in folders of their own; not resolved, as an environment is known by its link to Python.
    return Path(sys.executable) if environment is None else folder.absolute() / environment / "bin" / "python"


@contextmanager
def reported(workload: Workload, then: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Say it if a simulator is gone, and go on without it: the others took long enough."""
    try:
        yield
    except GoneError as error:
        print(f"{workload.name}: {error}; its row is missing", file=sys.stderr, flush=True)
        LOST.append(workload.name)
        then()


def compare(workload: Workload, own_drive: bool, folder: Path, names: list[str]) -> list[dict[str, Any]]:
    """Run one network everywhere; return a row for each simulator."""
    steps = STEPS[workload.neurons]
    with tempfile.TemporaryDirectory() as scratch:
        network = Path(scratch) / "network.npz"
        write_network(workload, steps, own_drive, network)
        peers = []
        for name in names:
            _, environment, learns = PEERS[name]
            python = interpreter(environment, folder)
            if python.exists() and (learns or not workload.learns):
                own = Path(scratch) / name.replace(" ", "") / "network.npz"
                own.parent.mkdir()
                own.hardlink_to(network)
                with reported(workload):
                    peers.append(Peer(name, python, own))
        for _ in range(FEWER.get(workload.neurons, REPETITIONS)):
            for peer in tuple(peers):
                with reported(workload, lambda peer=peer: peers.remove(peer)):
                    peer.run()
        for peer in peers:
            peer.close()
    rows = []
    for peer in peers:
        seconds = statistics.median(run["seconds"] for run in peer.runs)
        rows.append({
            "network": workload.name, "drive": "own" if own_drive else "given",
            "simulator": peer.name, "version": peer.about["version"],
            "construct_s": round(peer.about["construct_s"], 2), "us_per_step": seconds / steps * 1e6,
            "rate_hz": peer.runs[-1]["spikes"] / workload.neurons / steps * 1000,
        })  # fmt: skip
    for row in rows:
        row["times_slower"] = row["us_per_step"] / rows[0]["us_per_step"]
        tolerance = 0.0 if row["simulator"] == "bare C" and not own_drive else RATE_TOLERANCE
        row["same_rate"] = abs(row["rate_hz"] / rows[0]["rate_hz"] - 1) <= tolerance
    return rows


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Lines of a table of rows."""
    heads = ("network", "drive", "simulator", "µs a step", "times slower", "rate, Hz", "constructed in, s")
    lines = [
        (
            row["network"], row["drive"], row["simulator"], f"{row['us_per_step']:.2f}", f"{row['times_slower']:.2f}",
            f"{row['rate_hz']:.2f}{'' if row['same_rate'] else ' (differs)'}", str(row["construct_s"]),
        )
        for row in rows
    ]  # fmt: skip
    return page.markdown(heads, lines)


def main() -> int:
    """Compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".peers", help="folder of the peers' environments")
    parser.add_argument("--networks", default=",".join(map(str, SIZES)), help="numbers of neurons")
    parser.add_argument("--only", help="simulators, by name; without them the table is not written")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(PEERS)
    rows = []
    for neurons in map(int, options.networks.split(",")):
        cases = [(learns, own) for learns in (False, True) for own in (False, True) if neurons in OWN_DRIVE or not own]
        for learns, own_drive in cases:
            chosen = [name for name in names if not own_drive or name not in GIVEN_ONLY]
            found = compare(Workload(neurons, learns), own_drive, options.peers, chosen)
            rows += found
            print("\n".join(table(found)), flush=True)
    versions = {row["simulator"]: row["version"] for row in rows}
    absent = [name for name in PEERS if name not in versions]
    about = ", ".join(f"{name} {version}" for name, version in versions.items())
    if options.write and not options.only:
        missing = f" Not installed: {', '.join(absent)}." if absent else ""
        fewer = "".join(f", of {count} at {neurons:,} neurons" for neurons, count in FEWER.items())
        measured = f"Measured on {date.today()}, {machine()}; medians of {REPETITIONS} runs{fewer}. {about}.{missing}"
        page.write(PAGE, "peers", [measured, "", *table(rows)])
    return 0 if all(row["same_rate"] for row in rows) and not LOST else 1


if __name__ == "__main__":
    sys.exit(main())
