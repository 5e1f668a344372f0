"""Check of an imported graph against spikes that the tool that wrote it has recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...check.fidelity import matches
from ...device.device import Device
from ...device.open import open_device
from ...errors import InputError
from ...image import Image
from ...network.network import Network
from ...quantiser.inputs import inputs_of
from .direct import currents_of
from .places import Places
from .recording import Recording

Bools = npt.NDArray[np.bool_]
#: Shifts in steps that are tried to tell a late recording from a wrong one, and the gain that is worth a remark.
SHIFTS, BETTER = (-2, -1, 1, 2), 0.2
#: Neurons that the text names.
NAMED = 3


@dataclass(frozen=True)
class Agreement:
    """Spikes of one output or layer: as recorded, and on the chip, in the time of the graph.

    Attributes
    ----------
    name : str
        Name of the output or layer.
    within : int
        Steps that two spikes of a neuron may be apart.
    recorded, on_chip : list of int
        Spikes of each neuron.
    same : float
        Share of all spikes, recorded and on the chip, that have a partner in the same step; 1 if there are none.
    near : float
        The same within `within` steps; no spike is partner of two.
    shift : int
        Steps by which the chip is earlier than the recording, if shifting it by so many makes the share much better;
        else 0.
    """

    name: str
    within: int
    recorded: list[int]
    on_chip: list[int]
    same: float
    near: float
    shift: int = 0

    @classmethod
    def of(cls, name: str, wanted: Bools, got: Bools, within: int) -> Agreement:
        """Compare two rasters [samples, steps, n]."""
        same = _share(wanted, got, 0)
        shifted = {shift: _share(*_overlap(wanted, got, shift), 0) for shift in SHIFTS if abs(shift) < wanted.shape[1]}
        best = max(shifted, key=lambda shift: shifted[shift], default=0)
        late = best if shifted.get(best, 0.0) > same + BETTER else 0
        near = same if not within else _share(wanted, got, within)
        recorded, on_chip = (each.sum(axis=(0, 1)).tolist() for each in (wanted, got))
        return cls(name, within, recorded, on_chip, same, near, late)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "name": self.name, "same_step": self.same, "within": self.within, "near": self.near, "shift": self.shift,
            "recorded": self.recorded, "on_chip": self.on_chip,
        }  # fmt: skip

    @property
    def lines(self) -> list[str]:
        """The comparison as text, a line each."""
        recorded, on_chip = np.array(self.recorded), np.array(self.on_chip)
        apart = np.abs(recorded - on_chip)
        worst = [neuron for neuron in np.argsort(-apart, kind="stable")[:NAMED].tolist() if apart[neuron]]
        counts = "; ".join(f"neuron {neuron}: {on_chip[neuron]} instead of {recorded[neuron]}" for neuron in worst)
        return [
            f"{self.name}: {self.same:.2%} of spikes in the same step, {self.near:.2%} {_span(self.within)}; "
            f"{recorded.sum()} recorded, {on_chip.sum()} on the chip",
            f"{self.name}: spikes of {np.count_nonzero(apart)} of {apart.size} neurons differ in number"
            + (f", most of all {counts}" if worst else ""),
            *([] if recorded.any() or on_chip.any() else [f"{self.name}: there are no spikes to compare"]),
            *([_late(self.name, self.shift)] if self.shift else []),
        ]  # fmt: skip


@dataclass(frozen=True)
class Check:
    """Result of holding an imported graph against a recording.

    Attributes
    ----------
    agreements : list of Agreement
        For each recorded output or layer.
    share : float
        Smallest share of spikes within `within` steps that passes.
    steps, samples : int
        Steps of each sample, and samples.
    """

    agreements: list[Agreement]
    share: float
    steps: int
    samples: int

    @property
    def passed(self) -> bool:
        """Whether all of them reach the share."""
        return all(each.near >= self.share for each in self.agreements)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "passed": self.passed, "share": self.share, "samples": self.samples, "steps": self.steps,
            "spikes": [each.to_dict() for each in self.agreements],
        }  # fmt: skip

    @property
    def lines(self) -> list[str]:
        """The check as text, a line each."""
        verdict = "passed" if self.passed else "failed"
        spans = {each.within for each in self.agreements}
        needed = ", ".join(f"{self.share:.2%} {_span(within)}" for within in sorted(spans))
        return [
            f"check against a recording of {self.samples} x {self.steps} steps: {verdict}, {needed} is needed",
            *(line for each in self.agreements for line in each.lines),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def check_recording(
    image: Image, net: Network | None, places: Places, recording: str | Path | Mapping[str, Any], *,
    share: float, within: int, device: Device | None,
) -> Check:  # fmt: skip
    """Do what `Imported.check` does, for an image, its network if known, and the places of the graph."""
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        raise InputError(f"share must be from 0 to 1, got {share!r}; for example 0.99")
    if isinstance(within, bool) or not isinstance(within, int) or within < 0:
        raise InputError(f"within must be a number of steps from 0 up, got {within!r}")
    held = Recording.of(recording, places)
    samples, steps, width = held.inputs.shape
    stimulus: dict[str, Any] = {}
    if held.is_real:
        stimulus["inject"] = currents_of(image, net, places, held.inputs, None)
    else:
        table = np.zeros((samples, steps, inputs_of(image)), np.bool_)
        table[..., :width] = held.inputs
        stimulus["spikes"] = table
    chip = device or open_device("emulator")
    try:
        chip.load(image)
        raster = chip.run(steps=steps + places.latency, **stimulus).spikes
    finally:
        if device is None:
            chip.close()
    found = []
    for name, wanted in held.spikes.items():
        place = places.layers[places.outputs.get(name, name)]
        got = raster[:, place.latency : place.latency + steps, place.neurons]
        found.append(Agreement.of(name, wanted, got, within))
    return Check(found, float(share), steps, samples)


def _share(wanted: Bools, got: Bools, within: int) -> float:
    spikes = int(wanted.sum()) + int(got.sum())
    pairs = matches(wanted, got, within) if within else np.count_nonzero(wanted & got, axis=(0, 1))
    return 2 * int(pairs.sum()) / spikes if spikes else 1.0


def _overlap(wanted: Bools, got: Bools, shift: int) -> tuple[Bools, Bools]:
    """Return what is left of two rasters if the second one is put `shift` steps later."""
    if shift > 0:
        return wanted[:, shift:], got[:, :-shift]
    return wanted[:, :shift], got[:, -shift:]


def _span(within: int) -> str:
    return f"within {within} step{'s' if within != 1 else ''}"


def _late(name: str, shift: int) -> str:
    steps = f"{abs(shift)} step{'s' if abs(shift) > 1 else ''}"
    when = f"{steps} {'later' if shift > 0 else 'earlier'}"
    return f"{name}: the recording is {when} than the graph; was it made with another option, or with a delay?"
