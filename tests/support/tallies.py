"""Tallies of docs/model.md, read aloud, beside the reference of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


class Counted(Protocol):
    """A neuron as tallies see it."""

    count: int
    first_step: int

    def __getattr__(self, name: str) -> int: ...


class ReferenceTallies:
    """Counts of spikes in so many bits, and which neuron of each group has most; 0 bits: there are none."""

    def __init__(self, bits: int = 0, now: int = 0, most: Iterable[int] = (), most_count: Iterable[int] = ()) -> None:
        self.bits, self.now, self.most, self.most_count = bits, now, list(most), list(most_count)

    def step(self, neurons: Sequence[Counted], fired: Iterable[int]) -> None:
        if not self.bits:
            return
        for j in sorted(fired):
            if neurons[j].first_step == 0xFFFF:
                neurons[j].first_step = self.now
            if neurons[j].count == 2**self.bits - 1:
                continue
            neurons[j].count += 1
            group = neurons[j].group
            for item in {0, group} if 1 <= group < len(self.most) else ():
                if neurons[j].count > self.most_count[item]:
                    self.most[item], self.most_count[item] = j, neurons[j].count
        self.now += self.now < 0xFFFE

    def clear(self, neurons: Sequence[Counted]) -> None:
        for neuron in neurons:
            neuron.count, neuron.first_step = 0, 0xFFFF
        self.now, self.most, self.most_count = 0, [0xFFFF] * len(self.most), [0] * len(self.most)
