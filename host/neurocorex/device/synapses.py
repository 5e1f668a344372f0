"""Synapses that a caller names, as a matrix, a block or a list, with their rows, columns and new weights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..network.population import Population
from ..network.selection import indices_of, rows_of
from ..spec import CoreConfig

Ints = npt.NDArray[np.int64]
#: What names several axons or neurons.
_SEVERAL = (Population, list, slice, np.ndarray)


@dataclass(frozen=True)
class WeightsSet:
    """Report of `Device.set_weights`: what rounding to the integers of the chip changed.

    Attributes
    ----------
    synapses : int
        Weights that were written.
    rounded : int
        How many of them the chip does not hold exactly.
    vanished : int
        How many of these became 0.
    max_error : float
        Largest difference, in the units in which the weights were given.
    relative_error : float
        Root mean square of the differences, as a part of that of the weights.
    """

    synapses: int
    rounded: int = 0
    vanished: int = 0
    max_error: float = 0.0
    relative_error: float = 0.0

    def __str__(self) -> str:
        if not self.rounded:
            return f"{self.synapses} weights set, all exactly"
        vanished = f", {self.vanished} became 0" if self.vanished else ""
        return (
            f"{self.synapses} weights set, {self.rounded} rounded: error {self.relative_error:.2%} rms, "
            f"at most {self.max_error:.3g}{vanished}"
        )


@dataclass(frozen=True)
class Synapses:
    """Synapses of a network, none twice.

    Attributes
    ----------
    rows, columns : int64 array [S]
        Axon and neuron of each.
    values : array [S]
        Its new weight.
    """

    rows: Ints
    columns: Ints
    values: npt.NDArray[Any]

    @classmethod
    def of(cls, weights: Any, source: Any, target: Any, own: CoreConfig) -> Synapses:
        """Check and convert the arguments of `Device.set_weights` for a network of geometry `own`.

        Raises
        ------
        InputError
            For a wrong shape, a place that does not exist or that is named twice, or a weight that is not finite.
        """
        rows = np.arange(own.axons) if source is None else _rows("source", source, own)
        columns = np.arange(own.neurons) if target is None else indices_of(target, own.neurons, "target")
        for name, index in (("source", rows), ("target", columns)):
            if np.unique(index).size != index.size:
                raise InputError(f"{name} names {np.sort(index)[:-1][np.diff(np.sort(index)) == 0][0]} twice")
        if hasattr(weights, "tocoo"):
            sparse = weights.tocoo()
            if sparse.shape != (rows.size, columns.size):
                raise _bad_shape(sparse.shape, rows.size, columns.size)
            found = cls(rows[sparse.row], columns[sparse.col], _numbers(sparse.data))
        elif isinstance(weights, list) and (not weights or isinstance(weights[0], tuple)):
            found = _listed(weights, rows, columns, own)
        else:
            array = _numbers(weights)
            if array.ndim and array.shape != (rows.size, columns.size):
                raise _bad_shape(array.shape, rows.size, columns.size)
            values = np.broadcast_to(array, (rows.size, columns.size)).reshape(-1)
            found = cls(np.repeat(rows, columns.size), np.tile(columns, rows.size), values)
        found._check(own)
        return found

    def _check(self, own: CoreConfig) -> None:
        """Raise InputError for a weight that is not finite, or a synapse that is named twice."""
        wrong = np.flatnonzero(~np.isfinite(self.values))
        if wrong.size:
            at = [int(self.rows[wrong[0]]), int(self.columns[wrong[0]])]
            raise InputError(f"weights must be finite, got {self.values[wrong[0]]} at {at} (axon, neuron)")
        place = self.rows * own.neurons + self.columns
        ordered = np.sort(place)
        twice = ordered[:-1][np.diff(ordered) == 0]
        if twice.size:
            pair = tuple(int(each) for each in divmod(int(twice[0]), own.neurons))
            raise InputError(f"the synapse {pair} (axon, neuron) is given twice; give each once")

    def digest(self) -> bytes:
        """Return a digest of which synapses these are, in their order."""
        return hashlib.blake2b(np.stack([self.rows, self.columns]).tobytes()).digest()

    def pieces(self, items: Ints, axons: Ints, width: int) -> list[tuple[int, Ints]]:
        """Return runs of neighbours in the memory of a chip: first item, and the items.

        Parameters
        ----------
        items : int64 array [S]
            Weights as integers of the chip.
        axons : int64 array [A]
            Rows that the axons of the network have there.
        width : int
            Neurons of the chip.
        """
        place = axons[self.rows] * width + self.columns
        order = np.argsort(place, kind="stable")
        place, items = place[order], items[order]
        cuts = np.flatnonzero(np.diff(place) != 1) + 1
        runs = zip(np.split(place, cuts), np.split(items, cuts), strict=True)
        return [(int(at[0]), run) for at, run in runs if at.size]


def _rows(name: str, given: Any, own: CoreConfig) -> Ints:
    return rows_of(given, own.inputs, own.neurons, own.axons, name)


def _listed(entries: list[Any], rows: Ints, columns: Ints, own: CoreConfig) -> Synapses:
    """Take a list of (pre, post, weight): positions among the rows and columns, or blocks of the whole matrix."""
    if any(not isinstance(entry, tuple) or len(entry) != 3 for entry in entries):
        raise InputError("a list of weights needs tuples (pre, post, weight), for example [(0, 3, 0.5)]")
    if any(isinstance(end, _SEVERAL) for pre, post, _ in entries for end in (pre, post)):
        return _of_blocks(entries, own)
    pre, post, values = zip(*entries, strict=True) if entries else ((), (), ())
    axons = rows[indices_of(list(pre), rows.size, "pre")]
    neurons = columns[indices_of(list(post), columns.size, "post")]
    return Synapses(axons, neurons, _numbers(values))


def _of_blocks(entries: list[Any], own: CoreConfig) -> Synapses:
    """Take entries of which some name several; each connects all axons of `pre` to all neurons of `post`."""
    parts = [Synapses.of(value, pre, post, own) for pre, post, value in entries]
    return Synapses(
        np.concatenate([part.rows for part in parts]), np.concatenate([part.columns for part in parts]),
        np.concatenate([part.values for part in parts]),
    )  # fmt: skip


def _numbers(values: Any) -> npt.NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError("weights have rows of different lengths") from None
    if array.size and array.dtype.kind not in "iufb":
        raise InputError(f"weights must be numbers, got {array.dtype}; for example 0.5")
    return array if array.dtype.kind in "iuf" else array.astype(np.int64)


def _bad_shape(got: tuple[int, ...], axons: int, neurons: int) -> InputError:
    return InputError(
        f"weights have shape {got}, expected {(axons, neurons)} (axons, neurons), as Device.weights returns them; for "
        "a part give source and target; the whole memory of the chip takes device.write(Region.WEIGHTS, ...)"
    )
