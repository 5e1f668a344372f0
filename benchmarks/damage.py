"""Throughput over a damaged line, as a part of that over a clean one: commands one by one, and long runs that learn.

A part of the frames of each direction is lost, changed or doubled. The emulator answers by wire, and silence takes its
time as on any line. `--device rtl` measures the simulated chip instead.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import page
from neurocorex.device.device import Device
from neurocorex.device.open import open_transport
from neurocorex.device.wired import WiredChip
from neurocorex.spec import Clear, CoreConfig, Region
from neurocorex.wire.transport import Transport

RATES = (0.0, 0.001, 0.01)
COMMANDS, STEPS, SEEDS = 1500, 3000, 7
#: Least part of the clean throughput, by rate.
GOALS = {0.001: 0.95}
HEADS = ["frames damaged", "commands", "run"]
CONFIG = CoreConfig(neurons=64, inputs=64, lanes=4)


class DamagedFrames(Transport):
    """Loses, changes or doubles frames of both directions, each with one third of a probability."""

    def __init__(self, inner: Transport, rate: float, seed: int) -> None:
        self.name, self.baud = inner.name, inner.baud
        self._inner, self._rate, self._rng = inner, rate, np.random.default_rng(seed)
        self._begun = b""

    def read(self, timeout_s: float) -> bytes:
        """Return what is left of the bytes that are there; silence goes on for as long as it was to be waited for."""
        until = time.monotonic() + timeout_s
        while data := self._inner.read(max(until - time.monotonic(), 0.0)):
            *frames, self._begun = (self._begun + data).split(b"\0")
            if left := b"".join(map(self._damage, frames)):
                return left
        return b""

    def write(self, data: bytes) -> None:
        """Hand on what is left of some frames."""
        self._inner.write(b"".join(map(self._damage, data.split(b"\0")[:-1])))

    def close(self) -> None:
        """Close the transport."""
        self._inner.close()

    def _damage(self, frame: bytes) -> bytes:
        whole = frame + b"\0"
        if self._rng.random() >= self._rate or not frame:
            return whole
        kind = self._rng.integers(3)
        at = int(self._rng.integers(len(frame)))
        return [b"", frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1 :] + b"\0", 2 * whole][kind]


def commands(device: Device) -> None:
    """Carry out commands, each of them waited for."""
    with device._session.exchange() as chip:
        for _ in range(COMMANDS):
            chip.clear(Clear.STATE)


def run(device: Device) -> None:
    """Run steps with many input spikes, and record all membranes."""
    spikes = np.random.default_rng(0).random((STEPS, CONFIG.inputs)) < 0.1
    device.run(spikes=spikes, record="v", counters=False)


def seconds(work: Callable[[Device], None], device_name: str, rate: float, seed: int) -> float:
    """Return how long some work takes."""
    with Device(WiredChip(DamagedFrames(open_transport(device_name, config=CONFIG), rate, seed))) as device:
        device.write(Region.BIAS, np.ones(CONFIG.neurons, int))
        device.prepare()
        work(device)
        begun = time.perf_counter()
        work(device)
        return time.perf_counter() - begun


def measure(device_name: str) -> list[dict[str, float]]:
    """Return the part of the clean throughput at each rate: median of the seeds, clean and damaged in turn."""
    rows = []
    for rate in RATES:
        row = {"rate": rate}
        for work in (commands, run):
            one = partial(seconds, work, device_name)
            ratios = [one(0.0, seed) / one(rate, seed) for seed in range(SEEDS)]
            row[work.__name__] = statistics.median(ratios)
        rows.append(row)
    return rows


def main() -> int:
    """Measure and print; the exit code is 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one list and nothing else")
    parser.add_argument("--device", default="emulator", choices=("emulator", "rtl"), help="what is measured")
    given = parser.parse_args()
    rows = measure(given.device)
    table = [[f"{row['rate']:.1%}", f"{row['commands']:.1%}", f"{row['run']:.1%}"] for row in rows]
    print(json.dumps(rows) if given.json else "\n".join(page.markdown(HEADS, table)))
    return 0 if all(min(row["commands"], row["run"]) >= GOALS.get(row["rate"], 0) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
