"""Rules of a network: by which of them each pair of a source and a neuron learns, if it is plastic."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..learning import Rule

Indices = NDArray[np.intp]


class Projection(NamedTuple):
    """Plastic synapses that learn by one rule, bool [inputs + neurons + extra axons, neurons]."""

    rule: Rule
    synapses: NDArray[np.bool_]


@dataclass
class Projections:
    """Which rule was given to which pairs of a source and a neuron.

    Attributes
    ----------
    shape : (int, int)
        Numbers of sources, inputs first, and of neurons.
    stated : Rule or None
        Rule of the last call without `between`, for all pairs that were given none since.
    named : list of Rule
        Rules that pairs were given, the oldest first.
    number : int16 array [sources, neurons]
        Position in `named` of the rule that a pair was given by ``learn(..., between=...)``; -1: none. Without rows as
        long as `named` is empty.
    """

    shape: tuple[int, int]
    stated: Rule | None = None
    named: list[Rule] = field(default_factory=list)
    number: NDArray[np.int16] = field(default_factory=lambda: np.empty((0, 0), np.int16))

    def give(self, rule: Rule, pairs: Iterable[tuple[Indices, Indices]]) -> None:
        """Give a rule to pairs: numbers of sources, and neurons. Equal rules are one."""
        if not self.named:
            self.number = np.full(self.shape, -1, np.int16)
        if rule not in self.named:
            self.named.append(rule)
        for sources, targets in pairs:
            self.number[np.ix_(sources, targets)] = self.named.index(rule)
        kept = np.isin(np.arange(len(self.named)), self.number)
        places = np.where(kept, np.cumsum(kept) - 1, -1)
        self.number = np.where(self.number < 0, -1, places[self.number]).astype(np.int16)
        self.named = [each for each, keep in zip(self.named, kept, strict=True) if keep]

    def split(
        self, plastic: NDArray[np.bool_], input_source: Sequence[int], extra_source: Sequence[int]
    ) -> list[Projection]:
        """Return the plastic synapses by rule; all axons of an input, or of a neuron, have its rules."""
        default = self.stated or (self.named[0] if self.named else None)
        if not self.named:
            return [] if default is None or not plastic.any() else [Projection(default, plastic)]
        sources, neurons = self.shape
        carried = np.concatenate([np.arange(neurons), np.array(extra_source, np.intp)])
        number = self.number[np.concatenate([np.array(input_source, np.intp), sources - neurons + carried])]
        found: list[Projection] = []
        for place, rule in [(-1, default), *enumerate(self.named)]:
            synapses = plastic & (number == place)
            if rule is None or not synapses.any():
                continue
            same = next((each for each in found if each.rule == rule), None)
            if same is None:
                found.append(Projection(rule, synapses))
            else:
                same.synapses[:] |= synapses
        return found

    @property
    def digest(self) -> int:
        """Number that differs if something else was given to something."""
        return hash((repr(self.stated), repr(self.named), zlib.crc32(np.ascontiguousarray(self.number).data)))
