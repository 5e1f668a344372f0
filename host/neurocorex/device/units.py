"""Units of a loaded network: integers of the chip to numbers in the network's units, and back."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..image import Image
from ..quantiser.extent import extent_of
from ..quantiser.populations import scales_of
from ..spec import Control, CoreConfig
from ..wire.regions import Items

Floats = npt.NDArray[np.float64]
UnitName = Literal["network", "chip"]
#: Part of what is injected into a neuron that rounding may change without a warning.
COARSE = 0.02
#: Neurons that get less than this part of what the neuron gets that gets most cause no warning.
HEARD = 0.1


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
    it ``(integer << gain) / scales[j]``. Each is one rounding of a float64 from the exact value, and rounding it back
    gives the same integer.

    Attributes
    ----------
    scales : float64 array [N]
        Units of the chip's state per unit of the network, for each neuron.
    inputs : int
        Rows of a weight matrix that belong to inputs.
    """

    scales: Floats
    inputs: int

    @classmethod
    def of(cls, image: Image) -> Units:
        """Return those of the network in an image."""
        own = extent_of(image)
        return cls(scales_of(image)[: own.neurons], own.inputs)

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
        return np.asarray(np.ldexp(items.astype(np.float64), self._shifts(items.shape[-2], gains)) / self.scales)

    def weight_items(self, weights: Floats, rows: npt.NDArray[Any], columns: npt.NDArray[Any], gains: Gains) -> Floats:
        """Return weights, each with its row and column, in units of the chip; not yet rounded."""
        return np.asarray(weights * self.scales[columns] / (1 << self._shifts(None, gains, rows).reshape(rows.shape)))

    def weight_values(self, items: Floats, rows: npt.NDArray[Any], columns: npt.NDArray[Any], gains: Gains) -> Floats:
        """Return weights, each with its row and column, in units of the network."""
        return np.asarray(items * (1 << self._shifts(None, gains, rows).reshape(rows.shape)) / self.scales[columns])

    def _shifts(self, axons: int | None, gains: Gains, rows: npt.NDArray[Any] | None = None) -> npt.NDArray[np.int64]:
        """Return the gain of each row, [A, 1]."""
        number = np.arange(axons or 0) if rows is None else rows
        return np.where(number < self.inputs, gains.inputs, gains.recurrent).astype(np.int64).reshape(-1, 1)

    # Currents ----------------------------------------------------------------------------------

    def currents(self, table: npt.NDArray[Any], units: Any, limits: tuple[int, int]) -> npt.NDArray[Any]:
        """Return injected currents [..., n] as integers of the chip.

        Parameters
        ----------
        table : array
            Numbers; n may be larger than N, where neurons that are not the network's have a scale of 1.
        units : "network", "chip" or None
            None: floats are in units of the network. So are integers if that is the same; other integers are in units
            of the chip, as in earlier versions, with a FutureWarning.
        limits : (int, int)
            Lowest and highest current.

        Raises
        ------
        InputError
            For a current that is not finite or beyond the limits, or floats in units of the chip.
        """
        whole = table.dtype.kind in "iub"
        chip = units is not None and is_chip(units)
        if chip and not whole:
            raise InputError(f"inject in units='chip' holds integers, got {table.dtype}; round it, or leave out units")
        if units is None and whole and not self.same and table.any():
            chip = True
            warnings.warn(_AMBIGUOUS, FutureWarning, stacklevel=4)
        scales = np.ones(table.shape[-1])
        if not chip:
            scales[: len(self.scales)] = self.scales[: table.shape[-1]]
        if chip or (whole and self.same):
            return _within(table, table, scales, limits)
        if not np.isfinite(table).all():
            at = tuple(np.argwhere(~np.isfinite(table))[0].tolist())
            raise InputError(f"inject must be finite, got {table[at]} at {list(at)}")
        exact = table * scales
        rounded = np.rint(exact)
        _within(rounded, table, scales, limits)
        _warn_if_coarse(exact, rounded)
        return rounded.astype(np.int32)


_AMBIGUOUS = (
    "inject holds integers, which are taken as units of the chip, as in earlier versions. To keep that, say "
    "units='chip'; for units of the network give floats, inject.astype(float), or say units='network'. A later version "
    "will refuse integers without units"
)


def _within(
    items: npt.NDArray[Any], given: npt.NDArray[Any], scales: Floats, limits: tuple[int, int]
) -> npt.NDArray[Any]:
    low, high = limits
    if items.size and not low <= items.min() <= items.max() <= high:
        at = tuple(np.argwhere((items < low) | (items > high))[0].tolist())
        scale = scales[at[-1]]
        unit = "" if scale == 1 else f" ({low} to {high} units of the chip)"
        shown = (low, high) if scale == 1 else (f"{low / scale:.6g}", f"{high / scale:.6g}")
        raise InputError(
            f"injected currents are {shown[0]} to {shown[1]} on this chip{unit}, got {given[at]} at {list(at)}"
        )
    return items


def _warn_if_coarse(exact: Floats, rounded: Floats) -> None:
    """Warn if rounding changes what some neuron gets in total, and the changes do not cancel; uses `exact` up."""
    steps = tuple(range(exact.ndim - 1))
    total = np.abs(exact).sum(axis=steps)
    exact -= rounded
    moved = np.abs(exact.sum(axis=steps))
    heard = total > HEARD * total.max(initial=0)
    share = np.divide(moved, total, out=np.zeros_like(moved), where=heard)
    worst = int(share.argmax()) if share.size else 0
    if share.size and share[worst] > COARSE:
        warnings.warn(
            f"inject is rounded to whole units of the chip, which changes what neuron {worst} gets by "
            f"{share[worst]:.1%}; take a larger scale: quantise(net, scale=...)",
            UserWarning, stacklevel=5,
        )  # fmt: skip
