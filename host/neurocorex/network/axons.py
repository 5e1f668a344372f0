"""Axons of a network as rows of its tables: copies of rows, and the extra axons behind those of the neurons."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


class Tables(Protocol):
    """What the axons read and change of a network; see `NetworkData`."""

    input_count: int
    input_source: list[int]
    input_delay_ms: list[float]
    neuron_count: int
    dt_ms: float
    weights: NDArray[Any]
    connected: NDArray[np.bool_]
    plastic: NDArray[np.bool_]
    extra_source: list[int]
    extra_delay_ms: list[float]
    is_feedback: NDArray[np.bool_]
    follows: list[bool]
    parameters: dict[str, NDArray[Any]]


@dataclass
class Row:
    """Connections of one kind on an axon: weights [N], and which pairs are connected and plastic, bool [N]."""

    weights: NDArray[Any]
    connected: NDArray[np.bool_]
    plastic: NDArray[np.bool_]

    @classmethod
    def of(cls, net: Tables, row: int) -> Row:
        """Copy a row of a network."""
        return cls(net.weights[row].copy(), net.connected[row].copy(), net.plastic[row].copy())

    def put(self, net: Tables, row: int) -> None:
        """Write it to a row of a network."""
        net.weights[row], net.connected[row], net.plastic[row] = self.weights, self.connected, self.plastic

    def empty(self) -> Row:
        """Return as many targets without a connection."""
        return Row(*(np.zeros_like(table) for table in (self.weights, self.connected, self.plastic)))

    def add(self, targets: Indices, weights: NDArray[Any], pairs: NDArray[np.bool_], plastic: bool) -> None:
        """Add connections to some targets."""
        self.weights = self.weights.astype(np.result_type(self.weights, weights), copy=False)
        self.weights[targets] += weights
        self.connected[targets] |= pairs
        self.plastic[targets] |= pairs & plastic


@dataclass(frozen=True)
class Extra:
    """One extra axon: its row, delay and kind; `follows` one whose delay is the default of its neuron."""

    row: int
    delay_ms: float
    feedback: bool
    follows: bool

    def carries(self, delay_ms: float | None, *, feedback: bool) -> bool:
        """Whether connections of a kind with a delay, or the default (None), go here."""
        if self.feedback is not feedback or self.follows is not (delay_ms is None):
            return False
        return delay_ms is None or same(self.delay_ms, delay_ms)


def same(delay_ms: float, other_ms: float) -> bool:
    """Tell whether two delays differ by no more than the last bits of a division."""
    return math.isclose(delay_ms, other_ms, rel_tol=1e-9)


class ExtraAxons:
    """Extra axons of a network while some are added.

    Attributes
    ----------
    moves : list of (int, int)
        Neurons whose connections leave the own axon, and the rows that they go to.
    """

    def __init__(self) -> None:
        self._of: defaultdict[int, list[Extra]] = defaultdict(list)
        self.moves: list[tuple[int, int]] = []

    @classmethod
    def of(cls, net: Tables) -> ExtraAxons:
        """Read those of a network."""
        extra = cls()
        first = net.input_count + net.neuron_count
        lists = zip(net.extra_source, net.extra_delay_ms, net.follows, strict=True)
        for row, (source, delay_ms, follows) in enumerate(lists, first):
            extra._of[source].append(Extra(row, delay_ms, bool(net.is_feedback[row]), follows))
        return extra

    def find(self, neuron: int, delay_ms: float | None, *, feedback: bool = False) -> int | None:
        """Return the row of the axon of a neuron with a delay, or the default (None), if there is one."""
        axons = self._of.get(neuron, ())
        return next((axon.row for axon in axons if axon.carries(delay_ms, feedback=feedback)), None)

    def row(self, net: Tables, neuron: int, delay_ms: float) -> int:
        """Return the same; an axon that is missing is added, and its row comes with `grow`."""
        row = self.find(neuron, delay_ms)
        return self._added(net, neuron, delay_ms, feedback=False, follows=False) if row is None else row

    def feedback_row(self, net: Tables, neuron: int, delay_ms: float | None, default_ms: float) -> int:
        """Return the row of the feedback axon of a neuron with a delay, or the default (None), as `row`."""
        row, follows = self.find(neuron, delay_ms, feedback=True), delay_ms is None
        if row is not None:
            return row
        return self._added(net, neuron, default_ms if delay_ms is None else delay_ms, feedback=True, follows=follows)

    def _added(self, net: Tables, neuron: int, delay_ms: float, *, feedback: bool, follows: bool) -> int:
        row = net.input_count + net.neuron_count + len(net.extra_source)
        net.extra_source.append(neuron)
        net.extra_delay_ms.append(delay_ms)
        net.follows.append(follows)
        self._of[neuron].append(Extra(row, delay_ms, feedback, follows))
        net.is_feedback = np.append(net.is_feedback, feedback)
        return row

    def grow(self, net: Tables) -> None:
        """Add the rows that are missing."""
        missing = net.input_count + net.neuron_count + len(net.extra_source) - len(net.weights)
        if missing:
            net.weights, net.connected, net.plastic = (
                np.concatenate([table, np.zeros((missing, net.neuron_count), table.dtype)])
                for table in (net.weights, net.connected, net.plastic)
            )

    def remove(self, net: Tables, rows: list[int]) -> None:
        """Remove axons that carry nothing any more."""
        if not rows:
            return
        first = net.input_count + net.neuron_count
        gone = {row - first for row in rows}
        net.weights, net.connected, net.plastic, net.is_feedback = (
            np.delete(table, rows, axis=0) for table in (net.weights, net.connected, net.plastic, net.is_feedback)
        )
        kept = [number for number in range(len(net.extra_source)) if number not in gone]
        net.extra_source[:] = [net.extra_source[number] for number in kept]
        net.extra_delay_ms[:] = [net.extra_delay_ms[number] for number in kept]
        net.follows[:] = [net.follows[number] for number in kept]
