"""Status of a live run: totals, registers, weights and the link, as a viewer is shown them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..device.device import Device
from ..errors import DeviceError, InputError
from ..spec import Control, LearningFlag, Region
from ..spec.registers import MODULATION_ONE
from .history import Totals


class Status(NamedTuple):
    """Where a run stands.

    Attributes
    ----------
    totals : Totals
        What the runner has counted.
    counters : dict of str to int
        What its runs have added to the counters of the chip, see `Device.counters`.
    paused, learning : bool
        Whether no block runs, and whether weights may change.
    modulation, rate_hz : float
        Factor of changes of weights; rate of the inputs at full intensity, spikes per second.
    pattern, message, link : str
        Pattern of the inputs; what happened last; the link, as text.
    network_s, busy_s : float
        Time of the network, and time of the wall that the chip took for it, in seconds.
    error : BaseException or None
        What ended the run.
    source : str
        What became of all that came from a live source, as text; empty without one.
    """

    totals: Totals
    counters: dict[str, int]
    paused: bool
    learning: bool
    modulation: float
    rate_hz: float
    pattern: str
    message: str
    link: str
    network_s: float
    busy_s: float
    error: BaseException | None
    source: str


@dataclass(frozen=True, eq=False)
class WeightTable:
    """Weights of a network at one step.

    Attributes
    ----------
    step : int
        Steps of the run before it.
    values : float64 array [A, N]
        As `Device.weights` returns them; in units of the chip where those of the network are not known.
    plastic : bool array [A, N]
        Which of them learn.
    """

    step: int
    values: npt.NDArray[np.float64]
    plastic: npt.NDArray[np.bool_]

    @classmethod
    def read(cls, device: Device, step: int, last: WeightTable | None, units: str) -> WeightTable:
        """Read them; weights that do not learn are read once, and so is which of them learn."""
        if last is not None and not last.plastic.any():
            return last
        values = np.asarray(device.weights(units=units), np.float64)
        if last is not None:
            return cls(step, values, last.plastic)
        return cls(step, values, device.plastic() if device.config.learning else np.zeros(values.shape, np.bool_))

    @property
    def shown(self) -> npt.NDArray[np.float64]:
        """The weights that a histogram is about: those that learn, or all that are not 0 if none does."""
        return self.values[self.plastic] if self.plastic.any() else self.values[self.values != 0]


def register_values(device: Device) -> tuple[bool, float]:
    """Return whether a chip that learns may change weights, and the factor of the changes."""
    control: npt.NDArray[Any] = device.read(Region.CONTROL)
    enabled = bool(int(control[Control.LEARNING]) & int(LearningFlag.ENABLE))
    bits = int(control[Control.MODULATION])
    return enabled, (bits - (1 << 16) if bits & 0x8000 else bits) / MODULATION_ONE


def units_of(device: Device) -> str:
    """Return the units in which a device tells membranes: the network's, or the chip's if it did not load it."""
    try:
        device.membranes()
    except InputError:
        return "chip"
    return "network"


def awake_neurons(device: Device) -> int:
    """Return how many neurons of a network can be recorded: on a chip that runs a smaller network the others sleep."""
    return min(device.neurons, device.config.in_use(*device.read(Region.IN_USE).tolist()).neurons)


def link_text(device: Device) -> str:
    """Describe the link to a chip at the end of a wire: its name, rate, and damaged frames."""
    try:
        link = device.link
    except DeviceError:
        return "in this process, no wire"
    traffic = link.traffic
    rate = f"{traffic.baud:,} bit/s" if traffic.baud else "no line rate"
    faults = "".join(f", {count} {name}" for name, count in link.faults.items() if count)
    return f"{link.name}: {rate}, {traffic.damaged} damaged frames{faults}"
