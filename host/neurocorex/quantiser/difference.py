"""Differences between numbers as wanted and as a chip holds them: the largest of a kind, and the loss of weights."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
#: Part of a number up to which a difference is the last bits of a division, such as 3 * 0.1 and 0.3.
LAST_BITS = 2.0**-50


def finite(value: float) -> float | None:
    """Return a number, or None for infinity and NaN, which JSON does not have."""
    return value if math.isfinite(value) else None


def percent(part: float) -> str:
    """Two digits of a part in percent: 0.29 is ``29``, and 1 is ``100``, not ``1e+02``."""
    return f"{float(f'{100 * part:.2g}'):g}"


@dataclass(frozen=True)
class Difference:
    """Largest difference of one kind of numbers.

    Attributes
    ----------
    name : str
        Name of the kind.
    unit : str
        Unit of `absolute`; empty for the unit of the weights.
    numbers, differing : int
        How many were compared, and how many differ by more than their last bits.
    absolute : float
        Largest difference of two.
    relative : float
        Largest difference as a part of the number that was wanted; infinite where that is 0.
    at : int
        Where the number with the largest relative difference is among its kind; -1 if none differs.
    """

    name: str
    unit: str
    numbers: int
    differing: int
    absolute: float
    relative: float
    at: int

    @classmethod
    def of(
        cls, name: str, wanted: NDArray[Any], held: NDArray[Any], unit: str = "", tolerance: float = LAST_BITS
    ) -> Difference:
        """Compare arrays of equal shape. NaN, which is not set, and equal infinities do not differ."""
        if not wanted.size:
            return cls(name, unit, 0, 0, 0.0, 0.0, -1)
        errors = _errors(wanted, held, tolerance)
        differing = int(np.count_nonzero(errors))
        if not differing:
            return cls(name, unit, wanted.size, 0, 0.0, 0.0, -1)
        ratio = ratios(errors, wanted)
        return cls(name, unit, wanted.size, differing, float(errors.max()), float(ratio.max()), int(ratio.argmax()))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold; what is infinite is None."""
        return {
            "unit": self.unit, "numbers": self.numbers, "differing": self.differing,
            "absolute": finite(self.absolute), "relative": finite(self.relative), "at": self.at,
        }  # fmt: skip

    def __str__(self) -> str:
        part = f" ({percent(self.relative)} %)" if math.isfinite(self.relative) else ""
        return f"{self.name} {self.absolute:.2g}{' ' if self.unit else ''}{self.unit}{part}"


@dataclass(frozen=True)
class WeightLoss:
    """Loss of one kind of weights, in the units of the network.

    Attributes
    ----------
    synapses : int
        Weights other than zero, before.
    vanished : int
        How many of them became zero.
    clipped : int
        Weights beyond the largest that the chip holds.
    clipped_at : list of (int, int)
        The first few of them: row (input, or neuron) and neuron.
    max_error, rms_error : float
        Largest and root mean square difference over the synapses.
    relative_error : float
        `rms_error` as a part of the root mean square weight.
    worst : float
        Largest difference as a part of the weight that was wanted; 1 if one became zero.
    worst_at : (int, int) or None
        Where that is, as `clipped_at`; None if no weight differs.
    """

    synapses: int
    vanished: int
    clipped: int
    clipped_at: list[tuple[int, int]]
    max_error: float
    rms_error: float
    relative_error: float
    worst: float = 0.0
    worst_at: tuple[int, int] | None = None

    @classmethod
    def of(cls, wanted: NDArray[Any], held: Floats, beyond: Bools) -> WeightLoss:
        """Compare weights, [axons, N], and tell which of them are beyond the range."""
        errors = _errors(wanted, held, LAST_BITS)
        given = wanted != 0
        synapses, energy = int(np.count_nonzero(given)), _energy(wanted)
        squares = float(np.vdot(errors, errors))
        worst, worst_at = 0.0, None
        if squares:
            ratio = ratios(errors, wanted)
            row, column = divmod(int(ratio.argmax()), wanted.shape[1])
            worst, worst_at = float(ratio[row, column]), (row, column)
        return cls(
            synapses=synapses,
            vanished=int(np.count_nonzero(given & (held == 0))),
            clipped=int(np.count_nonzero(beyond)),
            clipped_at=[(int(row), int(column)) for row, column in np.argwhere(beyond)[:8]],
            max_error=float(errors.max(initial=0)),
            rms_error=math.sqrt(squares / max(synapses, 1)),
            relative_error=math.sqrt(squares / energy) if energy else 0.0,
            worst=worst,
            worst_at=worst_at,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return vars(self) | {"worst": finite(self.worst)}

    def __str__(self) -> str:
        if not self.max_error:
            return f"{self.synapses} weights, all exact"
        text = f"{self.synapses} weights, error {self.relative_error:.2%} rms, at most {self.max_error:.3g}"
        if self.worst_at is not None and math.isfinite(self.worst):
            text += f", the worst weight by {percent(self.worst)} %"
        return text + "".join(
            f", {count} {what}" for count, what in ((self.vanished, "became 0"), (self.clipped, "clipped")) if count
        )


@dataclass(frozen=True)
class Loss:
    """Loss of all weights onto each neuron.

    Attributes
    ----------
    given, vanished : int64 array [N]
        Weights other than zero, and how many of them became zero.
    relative : float64 array [N]
        Root mean square difference as a part of the root mean square weight; 0 without weights.
    spread : float64 array [N]
        Largest weight as a part of the root mean square weight; 0 without weights.
    """

    given: NDArray[np.int64]
    vanished: NDArray[np.int64]
    relative: Floats
    spread: Floats

    @classmethod
    def of(cls, blocks: Iterable[tuple[NDArray[Any], Floats]]) -> Loss:
        """Add up the weights of all kinds, each (wanted, held), [axons, N]."""
        parts = list(blocks)
        given, vanished = (np.zeros(parts[0][0].shape[1], np.int64) for _ in range(2))
        squares, energy, top = (np.zeros(len(given)) for _ in range(3))
        for wanted, held in parts:
            nonzero = wanted != 0
            sizes = wanted.astype(np.float64)
            errors = held - sizes
            given += np.count_nonzero(nonzero, axis=0)
            vanished += np.count_nonzero(nonzero & (held == 0), axis=0)
            squares += np.einsum("ij,ij->j", errors, errors)
            energy += np.einsum("ij,ij->j", sizes, sizes)
            np.maximum(top, np.abs(sizes).max(axis=0, initial=0), out=top)
        some = energy > 0
        scale = np.sqrt(np.where(some, energy, 1))
        typical = scale / np.sqrt(np.maximum(given, 1))
        return cls(given, vanished, np.sqrt(squares) / scale * some, top / typical * some)


def ratios(errors: Floats, wanted: NDArray[Any]) -> Floats:
    """Return differences as parts of the numbers that were wanted: 0 where none is, infinite of a number of 0."""
    sizes = np.abs(wanted.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(errors > 0, np.where(np.isfinite(sizes), errors / sizes, np.inf), 0.0)


def _errors(wanted: NDArray[Any], held: NDArray[Any], tolerance: float) -> Floats:
    """Return the sizes of differences; 0 where only the last bits differ, or a number is not set."""
    sizes = wanted.astype(np.float64)
    with np.errstate(invalid="ignore"):
        errors = np.abs(held - sizes)
    errors = np.where(np.isnan(sizes) | (sizes == held), 0.0, errors)
    bound = np.where(np.isfinite(sizes), np.abs(sizes), 0.0) * tolerance
    return np.where(errors <= bound, 0.0, errors)


def _energy(values: NDArray[Any]) -> float:
    floats = values.astype(np.float64)
    return float(np.vdot(floats, floats))
