"""Speed of the emulator: the networks of `neurocorex.check.workload`, run through a device as users run it."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ..device.open import open_device
from .workload import Workload, stimulus

#: Steps by number of neurons, for some tenths of a second.
STEPS = {100: 100_000, 256: 50_000, 1024: 10_000, 4096: 2_000}
REPETITIONS = 5


@dataclass(frozen=True)
class Speed:
    """Speed of one network.

    Attributes
    ----------
    workload : Workload
        The network.
    steps : int
        Steps of each run.
    seconds : float
        Median of the processor time of a run.
    load_seconds : float
        Processor time of `Device.load`.
    rate_hz : float
        Mean rate of its neurons, at one step a millisecond.
    """

    workload: Workload
    steps: int
    seconds: float
    load_seconds: float
    rate_hz: float

    @property
    def steps_per_second(self) -> float:
        """Steps in a second of one processor."""
        return self.steps / self.seconds


def measure(
    workloads: Iterable[Workload], *, repetitions: int = REPETITIONS, progress: Callable[[int], None] | None = None
) -> list[Speed]:
    """Run networks on the emulator, in one thread, each several times.

    Parameters
    ----------
    workloads : iterable of Workload
        The networks.
    repetitions : int
        Runs of each.
    progress : callable, optional
        Called with the number of runs done.
    """
    speeds, done = [], 0
    for workload in workloads:
        image, steps, seconds = workload.image(), STEPS[workload.neurons], []
        events = stimulus(steps)
        with open_device("emulator") as device:
            start = time.process_time()
            device.load(image)
            load_seconds = time.process_time() - start
            spikes = 0
            for repetition in range(-1, repetitions):  # the first one loads the kernel, and is not counted
                start = time.process_time()
                result = device.run(spikes=events, record="counts", clear=True)
                if repetition >= 0:
                    seconds.append(time.process_time() - start)
                    spikes += int(result.counts.sum())
                    done += 1
                    if progress is not None:
                        progress(done)
        rate = spikes / repetitions / workload.neurons / steps * 1000
        speeds.append(Speed(workload, steps, statistics.median(seconds), load_seconds, rate))
    return speeds


def machine() -> str:
    """Return the processor and the Python that figures were measured with."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = f"{len(models)} x {models[0]}" if models else platform.processor() or platform.machine()
    return f"{name}, Python {platform.python_version()}, {platform.system()}"


def versions(*packages: str) -> str:
    """Return what figures were measured with: this package, NumPy and numba, and further distributions by name."""
    names = ("neurocorex", "numpy", "numba", *packages)
    return ", ".join(f"{name} {version(name)}" for name in names)
