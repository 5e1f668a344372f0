"""Digits at the pace of the chip: it makes the input spikes from rates, and answers with the winner of each image.

A pixel fires up to three times in 19 steps, evenly spaced, as in `digits`; here the chip is sent its rate in place of
its spikes, rounded to the bits that the chip has. What a spike in the 20th step would do comes too late for an answer.
The class is the output of which the chip says that it was the first to have most spikes, the tie-break of `digits`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..progress import Wanted
from ..spec import CoreConfig, Region
from . import digits
from .answers import Answers

if TYPE_CHECKING:
    from ..device.device import Device
    from ..device.result import Result
    from ..wire.traffic import Traffic

#: Bits of the counts of spikes on the chip: an output fires 20 times at most.
TALLIES = 5


@dataclass(frozen=True, kw_only=True)
class OnChip(Answers):
    """Answers of the digits network from rates and winners.

    Attributes
    ----------
    result : Result
        Winners.
    input : str
        How images went in: "rates", "patterns" by number, or "spikes" to a chip that draws none.
    output : str
        How answers came out: "winner", or "spikes" of the outputs from a chip that reports no winners.
    link : Traffic or None
        Bytes on the line; None in one process.
    rate_bits : int
        Bits to which rates were rounded.
    """

    result: Result
    input: str
    output: str
    link: Traffic | None
    rate_bits: int

    @property
    def bytes_per_image(self) -> tuple[float, float] | None:
        """Bytes to the chip and from it for each image, framing and counters included; None in one process."""
        if self.link is None:
            return None
        return tuple(  # type: ignore[return-value]
            round(each / len(self.labels), 2) for each in (self.link.bytes_to_chip, self.link.bytes_from_chip)
        )


def config(*, rate_bits: int = 8, patterns: int = 1) -> CoreConfig:
    """Return the geometry of the shipped network with what this job uses: patterns, tallies, reports and a group."""
    return replace(
        digits.image().config, groups=1, tallies=TALLIES, reports=True, patterns=patterns, rate_bits=rate_bits
    )


def rates(images: NDArray[Any], rate_bits: int) -> NDArray[np.float64]:
    """Return the probability of a spike of each pixel in a step, float [samples, 64], as a chip can hold it."""
    exact = np.asarray(images) * (digits.SPIKES / digits.WHITE / (digits.STEPS - 1))
    return np.asarray(np.rint(exact * (1 << rate_bits)) / (1 << rate_bits))


def load(device: Device) -> None:
    """Put the shipped network onto a device; its outputs become a group, where the device has groups."""
    device.load(digits.image())
    if device.config.groups:
        group = np.zeros(device.config.neurons, np.int64)
        group[digits.OUTPUTS] = 1
        device.write(Region.GROUP, group)


def evaluate(device: Device, images: int | None = None, progress: Wanted = None, *, stored: bool = False) -> OnChip:
    """Classify test images on a device that `load` has prepared.

    Parameters
    ----------
    device : Device
        The device; its state and counters are cleared first.
    images : int, optional
        Number of test images, from the first on; by default all 594.
    progress : callable or bool, optional
        Called with (steps done, all steps).
    stored : bool
        Put the rates onto the chip as patterns before, and play these by number; the link then counts the run only.

    Raises
    ------
    InputError
        If `images` is out of range, or the device is too small for the network or for so many patterns.
    MissingToolError
        If scikit-learn, which brings the images, is not installed.
    """
    _, _, test_x, test_y = digits.load_data()
    count = len(test_x) if images is None else images
    if not 1 <= count <= len(test_x):
        raise InputError(f"images must be from 1 to {len(test_x)}, got {images!r}")
    chip = device.config
    given = rates(test_x[:count], chip.rate_bits)
    device.prepare()
    device.clear(state=True, counters=True)
    if stored:
        device.store_patterns(given)
    source: dict[str, Any] = {"patterns": np.arange(count)} if stored else {"rates": given}
    outputs = list(range(digits.HIDDEN, digits.NEURONS))
    started = time.perf_counter()
    result = device.run(
        steps=digits.STEPS, even=True, record={"winner": outputs}, counters=False, progress=progress, **source
    )
    seconds = time.perf_counter() - started
    # Without any spike the first output is the answer, as in `digits.classify`.
    predictions = np.maximum(result.winners - digits.HIDDEN, 0)
    reports = result.link is not None and chip.reports and chip.tallies >= TALLIES and chip.groups > 0
    return OnChip(
        predictions=predictions, labels=test_y[:count], counters=device.counters(), seconds=seconds, result=result,
        input="patterns" if stored else "rates" if chip.patterns else "spikes",
        output="winner" if reports else "spikes", link=result.link, rate_bits=chip.rate_bits,
    )  # fmt: skip


def by_spikes(images: int | None = None) -> NDArray[np.int64]:
    """Return the answers of the emulator to the spike trains of `digits`, by all spikes of the outputs."""
    from ..device.open import EMULATOR, open_device

    _, _, test_x, _ = digits.load_data()
    with open_device(EMULATOR.name, config=digits.image().config) as device:
        device.load(digits.image())
        result = device.run(spikes=digits.encode(test_x[:images]), counters=False, progress=False)
    return digits.classify(result.spikes[:, :, digits.OUTPUTS])
