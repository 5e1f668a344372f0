"""Fidelity: how many spikes of a network in floats are also those of its integers on a chip, on a given stimulus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..device.device import Device
from ..device.open import open_device
from ..errors import InputError
from ..image import Image
from ..network.network import Network
from ..quantiser.notice import muted
from ..quantiser.populations import scales_of
from ..quantiser.quantise import quantise
from ..quantiser.report import Report
from .floating import simulate_floats, stimulus_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Fidelity:
    """Spikes of a network in floats, on a chip, and the matches between them.

    Attributes
    ----------
    within : int
        Largest distance in steps of two spikes of a neuron that match.
    float_spikes, chip_spikes, matched : int64 array [N]
        Spikes of each neuron in floats, on the chip, and pairs that match; no spike is in two pairs.
    steps : int
        Steps of all samples together.
    first_difference : (int, int, int) or None
        Sample, step and neuron of the first spike that has no equal in the same step.
    saturations : int
        Updates on the chip in which a state was clamped.
    """

    within: int
    float_spikes: Ints
    chip_spikes: Ints
    matched: Ints
    steps: int
    first_difference: tuple[int, int, int] | None
    saturations: int

    @property
    def match(self) -> float:
        """Share of all spikes, in floats and on the chip, that match; 1 if there are none."""
        spikes = int(self.float_spikes.sum() + self.chip_spikes.sum())
        return 2 * int(self.matched.sum()) / spikes if spikes else 1.0

    @property
    def rates(self) -> tuple[Floats, Floats]:
        """Spikes per step of each neuron: in floats, and on the chip."""
        return self.float_spikes / max(self.steps, 1), self.chip_spikes / max(self.steps, 1)

    @property
    def rate_error(self) -> float:
        """Largest difference of the rates of a neuron, in spikes per step."""
        floats, chip = self.rates
        return float(np.abs(floats - chip).max(initial=0))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "within": self.within, "match": self.match, "float_spikes": int(self.float_spikes.sum()),
            "chip_spikes": int(self.chip_spikes.sum()), "matched": int(self.matched.sum()),
            "rate_error": self.rate_error, "steps": self.steps, "saturations": self.saturations,
            "first_difference": list(self.first_difference) if self.first_difference else None,
        }  # fmt: skip

    @property
    def lines(self) -> list[str]:
        """The comparison as text, a line each."""
        floats, chip = self.rates
        worst = int(np.argmax(np.abs(floats - chip)))
        rates = f"rates differ most for neuron {worst}: {floats[worst]:.4g} and {chip[worst]:.4g} a step"
        return [
            f"{self.match:.2%} of spikes matched within {self.within} steps: {int(self.float_spikes.sum())} in floats, "
            f"{int(self.chip_spikes.sum())} on the chip",
            rates if self.rate_error else "rates are equal",
            "first difference at sample {}, step {}, neuron {}".format(*self.first_difference)
            if self.first_difference else "no spike differs",
            *([f"{self.saturations} updates saturated"] if self.saturations else []),
        ]  # fmt: skip

    def __str__(self) -> str:
        return "\n".join(self.lines)


def measure_fidelity(
    source: Report | Network,
    spikes: ArrayLike | None = None,
    inject: ArrayLike | None = None,
    *,
    within: int = 1,
    device: Device | None = None,
) -> Fidelity:
    """Run a network in floats and its integers on a chip, on the same stimulus, and compare their spikes.

    Parameters
    ----------
    source : Report or Network
        What `quantise` or `Device.load` reported of a network. A network is quantised for the device, or for the
        smallest chip. Learning is switched off: weights stay as they are, in floats and on the chip.
    spikes : bool array [steps, M] or [samples, steps, M], optional
        Input spikes.
    inject : float array [steps, N] or [samples, steps, N], optional
        Injected currents, in the units of the network.
    within : int
        Largest distance in steps of two spikes that match.
    device : Device, optional
        Where the image is loaded and runs. By default an emulator, which is closed afterwards.

    Raises
    ------
    InputError
        For a stimulus of a wrong shape, without a stimulus, or for a report of an image whose network is unknown.
    """
    if isinstance(within, bool) or not isinstance(within, int) or within < 0:
        raise InputError(f"within must be a number of steps from 0 up, got {within!r}")
    net = _network(source)
    axons, currents = stimulus_of(net, spikes, inject)
    image = _image(source, device, np.abs(currents).max(axis=(0, 1), initial=0))
    floats = simulate_floats(net, axons, currents).spikes
    chip, saturations = _on_chip(image, axons, currents, device)
    chip = chip[..., : net.neuron_count]
    differs = np.argwhere(floats != chip)
    first = (int(differs[0][0]), int(differs[0][1]), int(differs[0][2])) if len(differs) else None
    return Fidelity(
        within, floats.sum(axis=(0, 1)), chip.sum(axis=(0, 1)), matches(floats, chip, within),
        floats.shape[0] * floats.shape[1], first, saturations,
    )  # fmt: skip


def _network(source: Report | Network) -> Network:
    if isinstance(source, Network):
        return source
    if not isinstance(source, Report):
        raise InputError(f"expected a Report or a Network, got {type(source).__name__}; quantise returns a report")
    if source.subject is None:
        raise InputError(
            "nothing is known of the floats of this image; take the report of quantise, or of Device.load of a network"
        )
    return source.subject[0]


def _image(source: Report | Network, device: Device | None, currents: Floats) -> Image:
    """Return the image of a report, or that of a network with room for the injected currents."""
    if isinstance(source, Report) and source.subject is not None:
        return source.subject[1]
    config = None if device is None or device.elastic else device.config
    return quantise(_network(source), config, inject_max=currents)[0]


def matches(one: Bools, other: Bools, within: int) -> Ints:
    """Return how many spikes of each neuron match one in the other raster; both are [samples, steps, N].

    In the order of time, each spike is paired with the first unpaired one that is near enough. No other way makes more
    pairs.
    """
    _, steps, neurons = one.shape
    found = np.zeros(neurons, np.int64)
    for neuron in range(neurons):
        # Samples are placed so far apart that no spike matches one of another sample.
        stride = steps + within + 1
        mine, theirs = ((np.argwhere(each[..., neuron]) @ np.array([stride, 1])).tolist() for each in (one, other))
        position = 0
        for time in mine:
            while position < len(theirs) and theirs[position] < time - within:
                position += 1
            if position < len(theirs) and theirs[position] <= time + within:
                found[neuron] += 1
                position += 1
    return found


def _on_chip(image: Image, spikes: Bools, inject: Floats, device: Device | None) -> tuple[Bools, int]:
    chip = device or open_device("emulator")
    try:
        chip.load(image)
        low, high = image.config.state_range
        currents = np.zeros((*inject.shape[:-1], image.config.neurons), np.int64)
        width = inject.shape[-1]
        currents[..., :width] = np.clip(np.rint(inject * scales_of(image)[:width]), low, high)
        learning = False if image.config.learning else None
        with muted():  # the fidelity has the saturations
            result = chip.run(spikes=spikes, inject=currents, units="chip", learning=learning)
        return result.spikes, result.counters["saturations"]
    finally:
        if device is None:
            chip.close()
