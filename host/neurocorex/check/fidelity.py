"""How much the integers of a chip do what the floats of a network would: on the user's own stimulus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..image import Image
from ..network.network import Network
from ..quantiser.populations import scales_of
from .floating import simulate

if TYPE_CHECKING:
    from ..device.device import Device

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Fidelity:
    """Spikes of a network in floats, and of the same on a chip.

    Attributes
    ----------
    within : int
        Steps by which two spikes of a neuron may differ to count as the same.
    float_spikes, chip_spikes, matched : int64 array [N]
        Spikes of each neuron in floats, on the chip, and those of both that are the same; no spike counts twice.
    steps : int
        Steps of all samples.
    first_difference : (int, int, int) or None
        Sample, step and neuron of the first spike that only one of them has at that very step.
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
        """Share of all spikes, of both, that have a partner; 1 if there are none."""
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


def compare(
    net: Network,
    image: Image,
    spikes: ArrayLike | None = None,
    inject: ArrayLike | None = None,
    *,
    within: int = 1,
    device: Device | None = None,
) -> Fidelity:
    """Run a network in floats and its image on a chip.

    Parameters
    ----------
    net : Network
        In floats, see `neurocorex.check.floating`; its weights stay as they are, and so do the chip's.
    image : Image
        The same quantised.
    spikes : bool array [steps, M] or [samples, steps, M], optional
        Input spikes.
    inject : float array [steps, N] or [samples, steps, N], optional
        Injected currents, in the units of the network.
    within : int
        Steps by which two spikes may differ.
    device : Device, optional
        Where the image runs and stays; by default an emulator of its own.

    Raises
    ------
    InputError
        For a wrong shape, or without any stimulus.
    """
    if isinstance(within, bool) or not isinstance(within, int) or within < 0:
        raise InputError(f"within must be a number of steps from 0 up, got {within!r}")
    axons, currents = stimulus_of(net, spikes, inject)
    floats = simulate(net, axons, currents).spikes
    chip, saturations = _on_chip(image, axons, currents, device)
    chip = chip[..., : net.neuron_count]
    differs = np.argwhere(floats != chip)
    first = (int(differs[0][0]), int(differs[0][1]), int(differs[0][2])) if len(differs) else None
    return Fidelity(
        within, floats.sum(axis=(0, 1)), chip.sum(axis=(0, 1)), matches(floats, chip, within),
        floats.shape[0] * floats.shape[1], first, saturations,
    )  # fmt: skip


def stimulus_of(net: Network, spikes: ArrayLike | None, inject: ArrayLike | None) -> tuple[Bools, Floats]:
    """Check a stimulus, and give it a sample axis and both parts."""
    if spikes is None and inject is None:
        raise InputError("nothing to compare; give spikes as a bool array [steps, inputs], or inject")
    tables = []
    for name, given, width in (("spikes", spikes, net.input_count), ("inject", inject, net.neuron_count)):
        table = None if given is None else np.asarray(given, np.float64)
        if table is not None and (table.ndim not in (2, 3) or table.shape[-1] != width or not np.isfinite(table).all()):
            raise InputError(f"{name} must be finite, [steps, {width}] or [samples, steps, {width}]; got {table.shape}")
        tables.append(table)
    shapes = {table.shape[:-1] for table in tables if table is not None}
    if len(shapes) > 1:
        raise InputError(f"spikes and inject must agree in samples and steps, got {' and '.join(map(str, shapes))}")
    leading = (1, *shapes.pop())[-2:]
    widths = (net.input_count, net.neuron_count)
    axons, currents = (
        np.zeros((*leading, width)) if table is None else table.reshape(*leading, width)
        for table, width in zip(tables, widths, strict=True)
    )
    return axons != 0, currents


def matches(one: Bools, other: Bools, within: int) -> Ints:
    """Return how many spikes of each neuron have a partner in the other raster, [samples, steps, N] both.

    Spikes are paired in the order of time, each with the first one that is left and near enough, which pairs as many as
    can be.
    """
    _, steps, neurons = one.shape
    found = np.zeros(neurons, np.int64)
    for neuron in range(neurons):
        # Samples lie so far apart that no spike has a partner in another one.
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
    from ..device.open import open_device

    chip = device or open_device("emulator")
    try:
        chip.load(image)
        low, high = image.config.state_range
        currents = np.zeros((*inject.shape[:-1], image.config.neurons), np.int64)
        width = inject.shape[-1]
        currents[..., :width] = np.clip(np.rint(inject * scales_of(image)[:width]), low, high)
        axons = np.zeros((*spikes.shape[:-1], image.config.inputs), np.bool_)
        axons[..., : spikes.shape[-1]] = spikes
        learning = False if image.config.learning else None
        result = chip.run(spikes=axons, inject=currents, learning=learning)
        return result.spikes, result.counters["saturations"]
    finally:
        if device is None:
            chip.close()
