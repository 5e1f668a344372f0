"""Latency of a round trip, and of the timer of a USB bridge that may cause it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...spec import Op, Region
from ...spec.protocol import READ_ARGUMENTS
from ...wire.link import Link

#: Folder in which Linux has the latency timers of USB bridges, in milliseconds.
TIMERS = Path("/sys/bus/usb-serial/devices")
#: Round trips between these, in microseconds, look like a bridge that waits for more bytes.
SYMPTOM_US = (7_000, 40_000)
#: Shortest setting of such a timer, in milliseconds.
SHORTEST_MS = 1


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Times from a request to its answer, in microseconds.

    Attributes
    ----------
    count : int
        Requests that were timed.
    median_us, worst_us : float
        Of all of them.
    """

    count: int
    median_us: float
    worst_us: float

    @classmethod
    def measured(
        cls, link: Link, count: int, *, clock: Callable[[], float] = time.perf_counter
    ) -> RoundTrip:  # fmt: skip
        """Time `count` readings of one word, one after the other."""
        times = []
        for _ in range(count):
            started = clock()
            link.call(Op.READ, READ_ARGUMENTS.pack(Region.INFO, 0, 0, 1))
            times.append((clock() - started) * 1e6)
        return cls(count, round(statistics.median(times), 1), round(max(times), 1))


def latency_timer(port: str, timers: Path = TIMERS) -> int | None:
    """Return the latency timer of the bridge behind a serial port, in milliseconds; None if it has none."""
    try:
        return int((timers / Path(port).name / "latency_timer").read_text())
    except (OSError, ValueError):
        return None


def advice(port: str, trip: RoundTrip, timer_ms: int | None, timers: Path = TIMERS) -> str | None:
    """Return how to shorten round trips, if a bridge holds answers back."""
    low, high = SYMPTOM_US
    if timer_ms is not None and timer_ms > SHORTEST_MS:
        file = timers / Path(port).name / "latency_timer"
        return (
            f"the USB bridge holds short answers back for {timer_ms} ms; on Linux: "
            f"echo {SHORTEST_MS} | sudo tee {file} (until it is plugged in again; for good by a udev rule)"
        )
    if timer_ms is None and low <= trip.median_us <= high:
        return (
            f"a round trip of {trip.median_us / 1e3:.0f} ms looks like the latency timer of an FTDI bridge (16 ms): "
            f"set it to {SHORTEST_MS} ms, on Linux in {timers}/PORT/latency_timer, on Windows in the port's settings"
        )
    return None
