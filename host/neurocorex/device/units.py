"""Units of a loaded network: integers of the chip to numbers in the network's units, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..image import Image
from ..quantiser.extent import extent_of
from ..quantiser.feedback import error_scale_of
from ..quantiser.populations import scales_of
from ..spec import Control, CoreConfig, Region
from ..wire.regions import Items

Floats = npt.NDArray[np.float64]
UnitName = Literal["network", "chip"]


class Gains(NamedTuple):
    """Left shifts of the weights from inputs, and of those from neurons and extra axons."""

    inputs: int
    recurrent: int

    @classmethod
    def of(cls, control: Items) -> Gains:
        """Read them from the items of `Region.CONTROL`."""
        return cls(int(control[Control.GAIN_INPUT]), int(control[Control.GAIN_RECURRENT]))


def is_chip(units: Any) -> bool:
    """Tell whether `units` is "chip", not "network"; raises InputError for anything else."""
    if units not in ("network", "chip"):
        raise InputError(f"units must be 'network' or 'chip' (the integers that the chip holds), got {units!r}")
    return bool(units == "chip")


@dataclass(frozen=True)
class Units:
    """Units of one network on a chip.

    A membrane, threshold or current of neuron j is an integer of the chip divided by ``scales[j]``, and a weight onto
    it ``(integer << gain) / scales[j]``; a weight of a feedback axon, and an error, ``integer / error_scale``. Each is
    one rounding of a float64 from the exact value, and rounding it back gives the same integer.

    Attributes
    ----------
    scales : float64 array [N]
        Units of the chip's state per unit of the network, for each neuron.
    inputs : int
        Rows of a weight matrix that belong to inputs.
    error_scale : float
        Units of the chip per unit of the feedback weights.
    feedback : int64 array
        Rows of a weight matrix that belong to feedback axons.
    """

    scales: Floats
    inputs: int
    error_scale: float = 1.0
    feedback: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def of(cls, image: Image) -> Units:
        """Return those of the network in an image."""
        own, chip = extent_of(image), image.config
        flags = image.regions.get(Region.FEEDBACK, np.zeros(chip.axons, np.int64))
        kinds = np.split(flags, [chip.inputs, chip.inputs + chip.neurons])
        counts = (own.inputs, own.neurons, own.extra_axons)
        rows = np.concatenate([kind[:count] for kind, count in zip(kinds, counts, strict=True)])
        return cls(scales_of(image)[: own.neurons], own.inputs, error_scale_of(image), np.flatnonzero(rows))

    @classmethod
    def of_chip(cls, config: CoreConfig) -> Units:
        """Return those of a chip whose network is not known: its own."""
        return cls(np.ones(config.neurons), config.inputs)

    @property
    def same(self) -> bool:
        """Whether membranes and currents are the same numbers in both units."""
        return bool((self.scales == 1).all())

    def states(self, items: npt.NDArray[Any], neurons: npt.NDArray[Any] | slice = slice(None)) -> Floats:
        """Return membranes, thresholds or currents [..., K] of some neurons in units of the network."""
        return np.asarray(items / self.scales[neurons])

    def weights(self, items: npt.NDArray[Any], gains: Gains) -> Floats:
        """Return weights [..., A, N] in units of the network."""
        return np.asarray(items / self._scales(np.arange(items.shape[-2])[:, None], np.arange(items.shape[-1]), gains))

    def weight_items(self, weights: Floats, rows: npt.NDArray[Any], columns: npt.NDArray[Any], gains: Gains) -> Floats:
        """Return weights, each with its row and column, in units of the chip; not yet rounded."""
        return np.asarray(weights * self._scales(rows, columns, gains))

    def weight_values(self, items: Floats, rows: npt.NDArray[Any], columns: npt.NDArray[Any], gains: Gains) -> Floats:
        """Return weights, each with its row and column, in units of the network."""
        return np.asarray(items / self._scales(rows, columns, gains))

    def _scales(self, rows: npt.NDArray[Any], columns: npt.NDArray[Any], gains: Gains) -> Floats:
        """Return units of the chip per unit of the network for weights, each with its row and column."""
        shifts = np.where(rows < self.inputs, gains.inputs, gains.recurrent)
        scales = np.ldexp(self.scales[columns], -shifts)
        return np.where(np.isin(rows, self.feedback), self.error_scale, scales) if self.feedback.size else scales
