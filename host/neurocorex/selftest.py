"""A device against the emulator, on random networks, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .compare import differences
from .device.device import Device
from .opening import open_device
from .spec import CoreConfig
from .trial import Trial

#: Opens the device under test, with a geometry if it takes one.
Open = Callable[[CoreConfig | None], AbstractContextManager[Device]]


@dataclass(frozen=True)
class Outcome:
    """What came of one network.

    Attributes
    ----------
    number : int
        Which one, from 0 up.
    trial : Trial
        Network and stimulus.
    differences : list of str
        One line for each quantity that differs, the first one found first; empty if every bit is equal.
    """

    number: int
    trial: Trial
    differences: list[str]


def check(device: Device, trial: Trial) -> list[str]:
    """Run a trial on a device and on the emulator; return what differs, see `differences`.

    The device loses what it holds.
    """
    with open_device("emulator", config=device.config) as reference:
        results = []
        for chip in (device, reference):
            chip.load(trial.image)
            chip.clear(state=False, counters=True)
            results.append(chip.run(spikes=trial.stimulus, record=("spikes", "v")))
        return differences(device, results[0], reference, results[1])


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
                trial = Trial.random(device.config, seed * 100_003 + number, steps)
                yield Outcome(number, trial, check(device, trial))
