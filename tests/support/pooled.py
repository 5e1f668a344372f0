"""Devices of pools that die, and functions that their workers import."""

import os
import signal
from pathlib import Path

import neurocorex as ncx
import numpy as np

#: Environment variable that names the file which tells that a process has killed itself already.
MARK = "NEUROCOREX_TEST_MARK"


def kill_once(always: bool = False) -> None:
    """Kill this process without any warning, the first time that any process comes here."""
    mark = Path(os.environ[MARK])
    if always or not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


class _Mortal(ncx.Device):
    """Emulator that kills its process before it runs a sample whose first input fires in the first step.

    A patient one, which others may have in the pool, goes on then.
    """

    always = False

    def run(self, *arguments, **options):
        if np.asarray(options["spikes"])[:, 0, 0].any():
            if not self.always and _gate().exists() and not Path(os.environ[MARK]).exists():
                _gate().open("wb").close()
            kill_once(self.always)
        return super().run(*arguments, **options)


class _Doomed(_Mortal):
    """The same, each time."""

    always = True

    def run(self, *arguments, **options):
        if (gate := _gate()).exists() and Path(os.environ[MARK]).exists():
            gate.open("wb").close()  # its second death: others may go on
        return super().run(*arguments, **options)


class _Patient(ncx.Device):
    """Emulator that runs nothing before a doomed one is about to die for the second time."""

    waits = True

    def run(self, *arguments, **options):
        if self.waits:
            _gate().open("rb").close()
            self.waits = False
        return super().run(*arguments, **options)


def _gate() -> Path:
    """Named pipe, beside the mark, whose two ends wait for each other."""
    return Path(os.environ[MARK] + ".gate")


def _as(kind) -> ncx.Device:
    device = ncx.open("emulator")
    device.__class__ = kind
    return device


def mortal() -> ncx.Device:
    return _as(_Mortal)


def patient() -> ncx.Device:
    return _as(_Patient)


def doomed() -> ncx.Device:
    return _as(_Doomed)


def counted(device: ncx.Device, seed: int) -> tuple[int, int]:
    """Spikes of a trial, and the sum of the weights that it has learned."""
    rng = np.random.default_rng(seed)
    result = device.run(spikes=rng.random((80, device.inputs)) < 0.3)
    return int(result.counts.sum()), int(device.weights(units="chip").sum())


def counted_mortally(device: ncx.Device, seed: int) -> tuple[int, int]:
    if seed == 3:
        kill_once()
    return counted(device, seed)


def counted_fatally(device: ncx.Device, seed: int) -> tuple[int, int]:
    if seed == 3:
        kill_once(always=True)
    return counted(device, seed)


def who(_device: ncx.Device, _item: int) -> int:
    return os.getpid()


def breaks(_device: ncx.Device, item: int) -> float:
    return 1 / (item - 2)


def fatal(a: int) -> int:
    """Ten times a, with a line for each call in a file; where a is 2 it kills its process once."""
    with Path(os.environ[MARK] + ".calls").open("a") as file:
        file.write(f"{a}\n")
    if a == 2:
        kill_once()
    return 10 * a


def always_fatal(a: int) -> int:
    if a == 2:
        kill_once(always=True)
    return 10 * a


def at(a: int) -> dict[str, int]:
    return {"tenfold": 10 * a, "process": os.getpid()}


def network(threshold: float) -> ncx.Network:
    """Network that learns."""
    net = ncx.Network(inputs=6, neurons=3)
    net.connect(net.inputs, net.neurons, 0.4, plastic=True)
    net.neurons.set(threshold=threshold, tau_ms=10.0)
    net.learn(ncx.learning.stdp(20.0, 20.0, 0.02, -0.02, bounds=(0.0, 1.0), pre_rate_hz=200.0, post_rate_hz=400.0))
    return net


def stimulus(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((120, 6)) < 0.2


def learned(result: ncx.Result, device: ncx.Device, threshold: float) -> dict[str, float]:
    return {"spikes": result.counts.sum(), "weights": device.weights().sum(), "twice": 2 * threshold}
