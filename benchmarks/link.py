"""How much of the wire does the link use, and how often does the host wait? Measured on the simulated chip.

    python benchmarks/link.py [--json] [--frame-bytes 512]

The wire is a UART of 10 bits a byte. Efficiency is the data that was moved, without framing, over what the wire could
have carried between the first bit and the last, in the chip's own clock cycles: overhead of the protocol, gaps of the
chip and hesitations of the host all count against it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from neurocorex import encode
from neurocorex.device.device import Device
from neurocorex.spec import CoreConfig, Flag, Op, Region, layout
from neurocorex.spec.protocol import Request, RequestDecoder, Response, ResponseDecoder, Status
from neurocorex.transport import ProcessTransport, Transport
from neurocorex.trial import Trial
from neurocorex_sim.chip import build_chip

BITS_PER_BYTE = 10
STEPS = 100
GOAL = 0.9


class Tap(Transport):
    """Passes bytes on and keeps account of them."""

    def __init__(self, inner: Transport) -> None:
        self.name = inner.name
        self.written = self.read_bytes = 0
        self.exchanges = 0
        self._inner = inner
        self._requests, self._responses = RequestDecoder(), ResponseDecoder()
        self._waited = True

    def read(self, timeout_s: float) -> bytes:
        """Read, and note the ends of runs."""
        data = self._inner.read(timeout_s)
        self.read_bytes += len(data)
        for frame in self._responses.feed(data):
            if isinstance(frame, Response) and frame.op == Op.RUN and frame.status != Status.MORE:
                self._waited = True
        return data

    def write(self, data: bytes) -> None:
        """Write, and count runs that begin after another has ended."""
        self.written += len(data)
        for frame in self._requests.feed(data):
            # RUN requests that follow each other without an answer in between are one exchange.
            if isinstance(frame, Request) and frame.op == Op.RUN:
                self.exchanges += self._waited
                self._waited = False
        self._inner.write(data)

    def close(self) -> None:
        """Close the other end."""
        self._inner.close()


class Meter:
    """Reads what the chip's program reports of its wire, see docs/simulation.md."""

    def __init__(self, report: Path, tap: Tap) -> None:
        self._report, self._tap = report, tap
        self._seen = 0

    def measure(self, action: Callable[[], object]) -> dict[str, Any]:
        """Cycles on the wire, from the first bit to the last, and bytes either way, while `action` runs."""
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
        """Bursts since the last call, once the report has all bytes that were written."""
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
        with Device(tap) as device:
            return _measure(config, device, Meter(report, tap), tap)


def _measure(config: CoreConfig, device: Device, meter: Meter, tap: Tap) -> dict[str, Any]:
    trial = Trial.random(config, 1, STEPS)
    weights = trial.image.regions[Region.WEIGHTS]
    device.config  # noqa: B018  # the chip has been asked for its geometry before the clock counts
    for region, values in trial.image.regions.items():
        device.write(region, values)
    upload = meter.measure(lambda: device.write(Region.WEIGHTS, weights))
    read_back = meter.measure(lambda: np.testing.assert_array_equal(device.weights(), weights))
    device.write(Region.FLAGS, trial.image.regions[Region.FLAGS] & ~int(Flag.RECORD_MEMBRANE))
    spikes = encode.poisson(np.full(config.inputs, 0.1), STEPS, seed=1)
    tap.exchanges = 0
    batch = meter.measure(lambda: device.run(spikes=spikes))
    data = weights.size * layout(Region.WEIGHTS, config).item_bytes
    return {
        "config": config.to_dict(),
        "upload": {**upload, "data": data, "efficiency": _efficiency(data, upload)},
        "read_back": {**read_back, "data": data, "efficiency": _efficiency(data, read_back)},
        "batch": {**batch, "steps": STEPS, "exchanges": tap.exchanges},
    }


def _efficiency(data: int, moved: dict[str, Any]) -> float:
    return data * BITS_PER_BYTE * moved["divisor"] / moved["cycles"]


def main() -> int:
    """Measure and print; the exit code tells whether the goals were reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one object and nothing else")
    parser.add_argument("--frame-bytes", type=int, default=CoreConfig().frame_bytes, help="frame buffers of the chip")
    given = parser.parse_args()
    figures = run(CoreConfig(frame_bytes=given.frame_bytes))
    if given.json:
        print(json.dumps(figures))
    else:
        print(f"{'':22}{'data':>8}{'to chip':>9}{'from chip':>11}{'cycles':>9}   of the wire")
        for name in ("upload", "read_back"):
            row = figures[name]
            print(
                f"{'weights, ' + name.replace('_', '-'):22}{row['data']:8}{row['to_chip']:9}{row['from_chip']:11}"
                f"{row['cycles']:9}   {row['efficiency']:.1%}"
            )
        row = figures["batch"]
        print(f"{f'run of {STEPS} steps':22}{'':8}{row['to_chip']:9}{row['from_chip']:11}{row['cycles']:9}   ", end="")
        print(f"{row['exchanges']} exchange" + "s" * (row["exchanges"] != 1))
    reached = min(figures[name]["efficiency"] for name in ("upload", "read_back")) >= GOAL
    return 0 if reached and figures["batch"]["exchanges"] == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
