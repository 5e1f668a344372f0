"""Self-test of a device: random networks against the emulator, bit for bit, and the step of the first difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ..device.device import Device
from ..device.open import open_device
from ..spec import CoreConfig
from .compare import Difference, differences
from .trial import Trial

#: Opens the device under test, with a geometry if it takes one.
Open = Callable[[CoreConfig | None], AbstractContextManager[Device]]


@dataclass(frozen=True)
class Divergence:
    """First step after which a device differs from the emulator.

    Attributes
    ----------
    steps : int
        Length of the shortest run, from the beginning of the trial, after which anything differs; 0: before any step.
    difference : Difference
        What differs then, the first of it.
    """

    steps: int
    difference: Difference

    def __str__(self) -> str:
        when = f"in step {self.steps - 1}" if self.steps else "when it is loaded"
        return f"first {when}: {self.difference}"


@dataclass(frozen=True)
class Outcome:
    """Outcome of one network.

    Attributes
    ----------
    number : int
        Which one, from 0 up.
    trial : Trial
        Network and stimulus.
    differences : list of Difference
        One for each quantity that differs after the whole run; empty if every bit is equal.
    first : Divergence, optional
        Where that began. None if nothing differs, or nothing did when it was tried again.
    """

    number: int
    trial: Trial
    differences: list[Difference]
    first: Divergence | None = None

    @classmethod
    def of(cls, device: Device, trial: Trial, number: int = 0) -> Outcome:
        """Run a trial, and search for the first difference if there is one. The device loses its network."""
        found = check(device, trial)
        return cls(number, trial, found, locate(device, trial) if found else None)


def check(device: Device, trial: Trial) -> list[Difference]:
    """Run a trial on a device and on the emulator; return what differs, see `differences`.

    The device loses its network.
    """
    with open_device("emulator", config=device.config) as reference:
        results = []
        for chip in (device, reference):
            chip.load(trial.image)
            chip.clear(state=False, counters=True)
            results.append(chip.run(spikes=trial.stimulus, record=("spikes", "v")))
        return differences(device, results[0], reference, results[1])


def locate(device: Device, trial: Trial) -> Divergence | None:
    """Find the first step of a trial after which device and emulator differ, by halving; None if they never do."""
    equal, differing, found = -1, trial.stimulus.steps, check(device, trial)
    if not found:
        return None
    while differing - equal > 1:
        middle = (equal + differing) // 2
        here = check(device, Trial(trial.image, trial.stimulus.cut(0, middle)))
        if here:
            differing, found = middle, here
        else:
            equal = middle
    return Divergence(differing, found[0])


def run(
    opened: Open, geometries: tuple[CoreConfig | None, ...], *, networks: int, seed: int, steps: int
) -> Iterator[Outcome]:
    """Check random networks, shared out over some geometries.

    Parameters
    ----------
    opened : callable
        Opens the device.
    geometries : tuple of CoreConfig or None
        What to open it with; None: it has one of its own.
    networks, seed, steps : int
        How many networks, of which seed, for how many steps each.
    """
    for position, geometry in enumerate(geometries):
        numbers = range(position, networks, len(geometries))
        if not numbers:
            continue
        with opened(geometry) as device:
            for number in numbers:
                yield Outcome.of(device, Trial.random(device.config, seed * 100_003 + number, steps), number)
